#define _GNU_SOURCE
#include "CConfinement.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Debian 12's <linux/landlock.h> is that of Linux 6.1, version 2 of Landlock's interface. These are the rights of
// include/uapi/linux/landlock.h of Linux 6.12; Documentation/userspace-api/landlock.rst says which version has which.
// The numbers of the system calls are the same on all architectures (Linux 5.13).
enum { sys_create_ruleset = 444, sys_restrict_self = 446 };

enum { create_ruleset_version = 1 << 0 };

struct ruleset {
    uint64_t files;    // handled_access_fs
    uint64_t network;  // handled_access_net, from version 4
    uint64_t scoped;   // from version 6
};

// EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK,
// MAKE_FIFO, MAKE_BLOCK, MAKE_SYM
static const uint64_t files_1 = (1ULL << 13) - 1;
static const uint64_t files_2_refer = 1ULL << 13;
static const uint64_t files_3_truncate = 1ULL << 14;
static const uint64_t files_5_ioctl_dev = 1ULL << 15;
static const uint64_t network_4_bind_tcp = 1ULL << 0;
static const uint64_t network_4_connect_tcp = 1ULL << 1;
static const uint64_t scoped_6_abstract_unix_socket = 1ULL << 0;
static const uint64_t scoped_6_signal = 1ULL << 1;

// Set before the threads are asked to restrict themselves.
static int ruleset_descriptor;

static int restrict_this_thread(void) {
    // Per thread as well; without it only root may restrict itself.
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
    return syscall(sys_restrict_self, ruleset_descriptor, 0) < 0 ? -errno : 0;
}

int cconfinement_landlock_version(void) {
    long version = syscall(sys_create_ruleset, NULL, 0, create_ruleset_version);
    return version < 0 ? -errno : (int)version;
}

int cconfinement_enter_landlock(void) {
    int version = cconfinement_landlock_version();
    if (version < 0) return version;
    // Handled and without a rule that grants it: denied everywhere.
    struct ruleset all = {.files = files_1};
    size_t size = offsetof(struct ruleset, network);
    if (version >= 2) all.files |= files_2_refer;
    if (version >= 3) all.files |= files_3_truncate;
    if (version >= 4) {
        all.network = network_4_bind_tcp | network_4_connect_tcp;
        size = offsetof(struct ruleset, scoped);
    }
    if (version >= 5) all.files |= files_5_ioctl_dev;
    if (version >= 6) {
        all.scoped = scoped_6_abstract_unix_socket | scoped_6_signal;
        size = sizeof all;
    }
    ruleset_descriptor = (int)syscall(sys_create_ruleset, &all, size, 0);
    if (ruleset_descriptor < 0) return -errno;
    int error = cconfinement_in_every_thread(restrict_this_thread);
    close(ruleset_descriptor);
    return error;
}
