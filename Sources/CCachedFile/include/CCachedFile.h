#pragma once

// Reading a file without waiting for its medium, as far as Linux can tell: Swift cannot call syscall(2).

#include <stddef.h>
#include <stdbool.h>

/// Reads a whole file where its name, its inode and its pages are in the kernel's caches (openat2(2), RESOLVE_CACHED;
/// preadv2(2), RWF_NOWAIT).
///
/// @param bytes how long the file is to be, exactly.
/// @param room of that many bytes; what is in them is of no use where the result is false.
/// @return false where the medium would have to be asked, where the kernel or the file system knows no such calls,
///         where there is no such file, or where it is of another length.
bool ccachedfile_read(const char *path, void *room, size_t bytes);
