// What Glibc shows to C programs that ask for GNU's additions, and not to Swift.
#pragma once

// Waits until all that was written to the file system of that file is on its disk (syncfs(2)). 0, or -1 with errno.
int cdisk_sync(int descriptor);
