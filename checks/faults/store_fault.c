// Makes the store slow, or fail, while a file says so. To be preloaded: LD_PRELOAD=…/store_fault.so STORE_FAULT=FILE.
//
// What opens a stored blob for reading (a path with /blobs/ in it) is delayed or refused by what FILE says at that moment:
// nothing, `slow MILLISECONDS`, or `EIO`. An openat2(2) that must not wait, which asks the page cache alone, is refused
// while the fault lasts, as a kernel without the file in its caches would: whoever asks then takes the way that may wait.
//
// syscall_fault.c fails calls that change something and stops every thread at every call; this one costs nothing while
// there is no fault, so that what is measured besides stays true.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FAULT_MAX = 64 };

// The next of that name after this library. Looked up at each use, for other libraries' constructors call both before
// this one's would run.
static int next_open(const char *path, int flags, mode_t mode) {
    int (*const next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    return next(path, flags, mode);
}

static long next_syscall(long number, const long *argument) {
    long (*const next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return next(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}

// What the file says; false where there is no fault.
static bool read_fault(char *fault) {
    const char *const fault_file = getenv("STORE_FAULT");
    const int file = fault_file ? next_open(fault_file, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (file < 0) return false;
    const ssize_t bytes = read(file, fault, FAULT_MAX - 1);
    close(file);
    if (bytes <= 0) return false;
    fault[bytes] = 0;
    return true;
}

static bool is_read_of_blob(const char *path, int flags) {
    return (flags & O_ACCMODE) == O_RDONLY && !(flags & O_DIRECTORY) && strstr(path, "/blobs/");
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    char fault[FAULT_MAX];
    if (is_read_of_blob(path, flags) && read_fault(fault)) {
        int milliseconds;
        if (!strncmp(fault, "EIO", 3)) return errno = EIO, -1;
        if (sscanf(fault, "slow %d", &milliseconds) == 1) usleep((useconds_t)milliseconds * 1000);
    }
    return next_open(path, flags, mode);
}

long syscall(long number, ...) {
    va_list rest;
    va_start(rest, number);
    long argument[6];
    // More than were given are rubbish that no call looks at, as in the C library's own.
    for (int at = 0; at < 6; at++) argument[at] = va_arg(rest, long);
    va_end(rest);
    char fault[FAULT_MAX];
    if (number == SYS_openat2 && strstr((const char *)argument[1], "/blobs/") && read_fault(fault))
        return errno = EAGAIN, -1;
    return next_syscall(number, argument);
}
