// Makes a server slower on purpose, without another build of it: preloaded, it burns SLOW_DOWN_STEPS steps of CPU before
// each answer in HTTP/1.1 is sent (xorshift64: each step needs the one before).
//
// An answer is a write that begins with its status line; the rest of a large one goes unhindered.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static long steps = -1;
static volatile uint64_t sink;

static void burn(const void *bytes, size_t count) {
    if (count < 9 || memcmp(bytes, "HTTP/1.1 ", 9) != 0) return;
    if (steps < 0) {
        const char *text = getenv("SLOW_DOWN_STEPS");
        steps = text ? atol(text) : 0;
    }
    uint64_t value = 1;
    for (long step = 0; step < steps; step++) {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
    }
    sink = value;
}

static void burn_vector(const struct iovec *pieces, size_t count) {
    if (count > 0) burn(pieces[0].iov_base, pieces[0].iov_len);
}

#define NEXT(name) \
    static __typeof__(name) *next; \
    if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t write(int file, const void *bytes, size_t count) {
    NEXT(write);
    burn(bytes, count);
    return next(file, bytes, count);
}

ssize_t send(int file, const void *bytes, size_t count, int flags) {
    NEXT(send);
    burn(bytes, count);
    return next(file, bytes, count, flags);
}

ssize_t writev(int file, const struct iovec *pieces, int count) {
    NEXT(writev);
    burn_vector(pieces, count > 0 ? (size_t)count : 0);
    return next(file, pieces, count);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    NEXT(sendmsg);
    burn_vector(message->msg_iov, message->msg_iovlen);
    return next(file, message, flags);
}
