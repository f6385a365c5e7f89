#define _GNU_SOURCE
#include "CConfinement.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// What no rule names ends the process: no codec has any business with it, so whoever calls it is no codec any more.

// Harmless with any arguments. Found by strace over all pictures of the corpus, then read one by one.
static const int allowed[] = {
    // Memory; what could make it executable is below.
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // Threads that wait for each other, and end.
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(gettid), SCMP_SYS(getpid),
    SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(exit), SCMP_SYS(exit_group),
    // Signals that the process has raised itself: an assertion, a fault.
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    // Time and randomness; the first two are calls only where the vDSO has no clock.
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall),
    SCMP_SYS(getrandom),
    // Memory files: pictures and results.
    SCMP_SYS(memfd_create), SCMP_SYS(ftruncate), SCMP_SYS(lseek), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
    SCMP_SYS(close),
    // Waiting for a descriptor, by the names that processor families have for it.
    SCMP_SYS(poll), SCMP_SYS(ppoll),
    // How much memory there is: qsort(3) asks before it takes some.
    SCMP_SYS(sysinfo),
};

// What libraries try without needing it: a codec that looks for a file goes on without.
static const int refused[] = {
    // Files by name. Landlock refuses to open them as well, but would let their existence be seen.
    SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(newfstatat), SCMP_SYS(fstat), SCMP_SYS(statx), SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(getdents64),
    // The same on x86-64 alone, from before there were the calls with `at`.
    SCMP_SYS(open), SCMP_SYS(creat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(access), SCMP_SYS(readlink),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat),
    // What the C library and GLib ask of their surroundings.
    SCMP_SYS(ioctl), SCMP_SYS(uname), SCMP_SYS(prlimit64), SCMP_SYS(getrusage), SCMP_SYS(getpriority),
    SCMP_SYS(sched_getattr), SCMP_SYS(sched_setattr), SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler),
};

// pthread_create of glibc passes these and no others (sysdeps/unix/sysv/linux/createthread.c).
static const scmp_datum_t thread_flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD
    | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

static int add_list(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count) {
    for (size_t index = 0; index < count; index++) {
        // The same action as by default, or a call that this architecture never had, needs no rule.
        int error = seccomp_rule_add(filter, action, calls[index], 0);
        if (error && error != -EDOM) return error;
    }
    return 0;
}

// Memory is never made executable. What libvips compiles for its resizers goes into memory that warm-up has reserved.
static int add_memory(scmp_filter_ctx filter) {
    const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
    for (size_t index = 0; index < sizeof calls / sizeof calls[0]; index++) {
        int error = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, calls[index], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        if (!error)
            error = seccomp_rule_add(
                filter, SCMP_ACT_ERRNO(EPERM), calls[index], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
        if (error) return error;
    }
    return 0;
}

static int add_threads(scmp_filter_ctx filter) {
    // A filter cannot look at clone3's arguments, which are in memory; without it glibc calls clone.
    int error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (!error)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_EQ, thread_flags));
    // abort(3) sends itself its signal. No other signal: SIGKILL would pass for one of the kernel's, sent for want of
    // memory, and the picture that sent it for innocent.
    if (!error)
        error = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()),
            SCMP_A2(SCMP_CMP_EQ, SIGABRT));
    return error;
}

static int add_descriptors(scmp_filter_ctx filter, int socket) {
    const int messages[] = {SCMP_SYS(sendmsg), SCMP_SYS(recvmsg)}, lines[] = {SCMP_SYS(write), SCMP_SYS(writev)};
    const int commands[] = {F_GETFD, F_GET_SEALS, F_ADD_SEALS};
    int error = 0;
    for (size_t index = 0; !error && index < 2; index++)
        error = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, messages[index], 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)socket));
    // The last words of a process that dies of an assertion.
    for (size_t index = 0; !error && index < 2; index++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, lines[index], 1, SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
    for (size_t index = 0; !error && index < 3; index++)
        error = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[index]));
    return error;
}

// A thread may give itself a name. All other options fail: PR_SET_DUMPABLE, PR_SET_PDEATHSIG and PR_SET_MM would undo
// what was done, and glibc names its heaps (PR_SET_VMA) without caring whether it can.
static int add_names(scmp_filter_ctx filter) {
    int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    if (!error)
        error = seccomp_rule_add(
            filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_NE, PR_SET_NAME));
    return error;
}

static int set_attributes(scmp_filter_ctx filter) {
    // The kernel's own errors, which say what it lacks.
    int error = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
    // In all threads at once, or not at all.
    if (!error) error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    // Another architecture's calls (x32, i386) have other numbers.
    if (!error) error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    // A tree instead of a list: three comparisons a call instead of some fifty.
    if (!error) error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    // Kernels before 5.16 switch a speculation of the processor off in whoever has a filter, which makes decoding
    // slower; later ones do not, because it protects a process from code that it runs itself (commit 2f46993d83ff).
    if (!error) error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    return error;
}

#if __has_feature(address_sanitizer)
// LeakSanitizer looks at a process that ends from another one, which it starts; here it could not.
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) { return 1; }
#endif

// Asked of the kernel itself: libseccomp says that memory is short where there is no seccomp.
static int ask_kernel(void) {
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? -errno : 0;
}

int cconfinement_enter_seccomp(int socket) {
    int missing = ask_kernel();
    if (missing) return missing;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter) return -ENOMEM;
    int error = set_attributes(filter);
    if (!error) error = add_list(filter, SCMP_ACT_ALLOW, allowed, sizeof allowed / sizeof allowed[0]);
    if (!error) error = add_list(filter, SCMP_ACT_ERRNO(EPERM), refused, sizeof refused / sizeof refused[0]);
    if (!error) error = add_memory(filter);
    if (!error) error = add_threads(filter);
    if (!error) error = add_descriptors(filter, socket);
    if (!error) error = add_names(filter);
    if (!error) error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}
