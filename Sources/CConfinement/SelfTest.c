#define _GNU_SOURCE
#include "CConfinement.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// A file that every system has and everybody may read.
static int error_of_open(void) {
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno;
    close(file);
    return 0;
}

int cconfinement_test_landlock(void) {
    return error_of_open() == EACCES ? 0 : -EBADE;
}

static int error_of_code_memory(void) {
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return 0;
    int error = mprotect(page, size, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
    munmap(page, size);
    return error;
}

int cconfinement_test_seccomp(void) {
    if (error_of_open() != EPERM || error_of_code_memory() != EPERM) return -EBADE;
    // No arguments that could start anything, should it come through: EINVAL then.
    return syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS ? 0 : -EBADE;
}
