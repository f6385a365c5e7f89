#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// linux/sched.h: SCHED_FLAG_KEEP_POLICY, whatever it is.
enum { keep_policy = 0x08 };

static int limit(int resource, uint64_t value) {
    struct rlimit both = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(resource, &both) < 0 ? -errno : 0;
}

int csandbox_limit(uint64_t address_space, uint64_t descriptors, uint64_t cpu_seconds) {
    // RLIMIT_FSIZE is not among them: it counts for memory files as well (write and ftruncate fail with EFBIG), and a
    // result is one. That no file is written is Landlock's and seccomp's to see to.
    // Nor is RLIMIT_NPROC: it counts the threads of all processes of the user, the service's own among them, and not at
    // all for root. That no process is started is seccomp's.
    int error = limit(RLIMIT_CORE, 0);
    if (!error) error = limit(RLIMIT_NOFILE, descriptors);
    if (!error && cpu_seconds > 0) error = limit(RLIMIT_CPU, cpu_seconds);
    if (!error && address_space > 0) error = limit(RLIMIT_AS, address_space);
    return error;
}

int csandbox_keep_memory_private(void) {
    int error = limit(RLIMIT_CORE, 0);
    if (error) return error;
    // Swift's backtracer, where there is one, writes what lies at each register's address into the log, and lets the
    // process go on after a signal from outside.
    const int crashes[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) signal(crashes[i], SIG_DFL);
    return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

int csandbox_give_way(int nice_level) {
    // -1 is a level, too. Whoever was started at a higher one may not lower it.
    errno = 0;
    int now = getpriority(PRIO_PROCESS, 0);
    if (now == -1 && errno) return -errno;
    if (now >= nice_level) return 0;
    return setpriority(PRIO_PROCESS, 0, nice_level) < 0 ? -errno : 0;
}

void csandbox_run_in_slices(uint64_t nanoseconds) {
    // Of the C library's struct sched_attr (glibc 2.41 has it, Debian 12 not) the first edition, sched_setattr(2).
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {.size = sizeof attributes, .flags = keep_policy, .runtime = nanoseconds};
    attributes.nice = getpriority(PRIO_PROCESS, 0);
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void csandbox_ignore_stop_signals(void) {
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

int csandbox_give_up_privileges(pid_t parent) {
    if (prctl(PR_SET_DUMPABLE, 0) < 0) return -errno;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
    // A codec that hangs never sees the end of its socket; without this it would outlive a parent that was killed.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return -errno;
    // A parent that was gone before sends no signal any more.
    if (getppid() != parent) return -ESRCH;
    return 0;
}

void csandbox_give_memory_back(void) { malloc_trim(0); }
