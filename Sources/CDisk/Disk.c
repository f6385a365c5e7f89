#define _GNU_SOURCE
#include "CDisk.h"

#include <unistd.h>

int cdisk_sync(int descriptor) { return syncfs(descriptor); }
