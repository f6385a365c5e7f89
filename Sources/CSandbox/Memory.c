#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

// F_SEAL_SEAL as well: otherwise a holder could still add F_SEAL_FUTURE_WRITE or F_SEAL_EXEC behind our back.
static const int all_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

int csandbox_memory_create(const char *name) {
    int memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return memory < 0 ? -errno : memory;
}

int csandbox_memory_seal(int memory) {
    return fcntl(memory, F_ADD_SEALS, all_seals) < 0 ? -errno : 0;
}

int csandbox_memory_drop(int memory, uint64_t offset, uint64_t count) {
    const int hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    return fallocate(memory, hole, (off_t)offset, (off_t)count) < 0 ? -errno : 0;
}

int csandbox_memory_is_sealed(int memory) {
    int seals = fcntl(memory, F_GET_SEALS);
    if (seals < 0) return -errno;
    return (seals & all_seals) == all_seals;
}

int64_t csandbox_memory_size(int memory) {
    // Not fstat, which glibc makes by newfstatat: the same call would look at any path, so the sandbox refuses it.
    // Nobody goes by the offset that this moves: pictures and results are read and written at offsets of their own.
    off_t size = lseek(memory, 0, SEEK_END);
    return size < 0 ? -errno : size;
}
