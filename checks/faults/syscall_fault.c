// Kills a running process before its N-th system call of some kinds, or makes that call fail.
//
// Usage: syscall_fault PID FOLDER CALLS N kill|ERROR once|on quiet|now
//
// Attaches to all threads of PID and counts those of CALLS (`write,fsync,linkat`, or `all` of the table below) that
// change a file or folder below FOLDER, over all threads and names together, from 1. Call N does not happen: the
// process gets SIGKILL instead (`kill`), or the call returns an error (`EIO`, `ENOSPC`), once or from then `on`. N = 0
// only counts. An open for reading changes nothing, and is not counted.
//
// With `quiet`, counting begins once the process has made no such call for QUIET_MS: what it still did on its own
// account is not the operation that comes now. On standard output: `attached` when it counts, then a line a call, `N name file`, with ` !`
// at its end where it was acted on, and at last `gone` when the process has ended or `detached` after SIGTERM, which
// leaves the process running as if nothing had been.
//
// strace(1) can inject, too, but its `when=N` counts each thread and each name apart: in a process with a thread pool,
// the N-th call of a thread is another one in every run, and no sweep over N meets every call.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __x86_64__
#error "how a call's number and result are changed is written for x86-64 only"
#endif

enum { THREADS_MAX = 1024, QUIET_MS = 50, NONE = -1 };

// How a call says which file it is about: by the number of an argument that is a descriptor, or that is a path, with
// that of the folder's descriptor where a relative path has one. Where it opens, which argument has the flags.
typedef struct {
    const char *name;
    long number;
    int descriptor;
    int path;
    int folder;
    int flags;
} Call;

#define BY_DESCRIPTOR(name, argument) {#name, SYS_##name, argument, NONE, NONE, NONE}
#define BY_PATH(name, path) {#name, SYS_##name, NONE, path, NONE, NONE}
#define BY_PATH_IN(name, folder, path) {#name, SYS_##name, NONE, path, folder, NONE}

static const Call calls[] = {
    BY_DESCRIPTOR(write, 0),
    BY_DESCRIPTOR(writev, 0),
    BY_DESCRIPTOR(pwrite64, 0),
    BY_DESCRIPTOR(pwritev, 0),
    BY_DESCRIPTOR(pwritev2, 0),
    BY_DESCRIPTOR(copy_file_range, 2),
    BY_DESCRIPTOR(sendfile, 0),
    BY_DESCRIPTOR(fsync, 0),
    BY_DESCRIPTOR(fdatasync, 0),
    BY_DESCRIPTOR(sync_file_range, 0),
    BY_DESCRIPTOR(syncfs, 0),
    BY_DESCRIPTOR(ftruncate, 0),
    BY_DESCRIPTOR(fallocate, 0),
    BY_DESCRIPTOR(fchmod, 0),
    BY_PATH(truncate, 0),
    {"open", SYS_open, NONE, 0, NONE, 1},
    {"openat", SYS_openat, NONE, 1, 0, 2},
    BY_PATH(creat, 0),
    BY_PATH(link, 1),
    BY_PATH_IN(linkat, 2, 3),
    BY_PATH(rename, 1),
    BY_PATH_IN(renameat, 2, 3),
    BY_PATH_IN(renameat2, 2, 3),
    BY_PATH(unlink, 0),
    BY_PATH_IN(unlinkat, 0, 1),
    BY_PATH(mkdir, 0),
    BY_PATH_IN(mkdirat, 0, 1),
    BY_PATH(rmdir, 0),
    BY_PATH(chmod, 0),
    BY_PATH_IN(fchmodat, 0, 1),
};
enum { CALLS = sizeof calls / sizeof calls[0] };

static const struct {
    const char *name;
    int number;
} errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}};

// What was asked for.
static pid_t process;
static char folder[PATH_MAX];
static bool wanted[CALLS];
static long fault_at;
// 0: kill.
static int fault_error;
static bool fault_stays;
static bool waits_for_quiet;

typedef struct {
    pid_t id;
    // It has stopped once, and since then stops at every call.
    bool held;
    // The call under way is to fail when it returns.
    bool fails;
} Thread;

static Thread threads[THREADS_MAX];
static int thread_count;
static bool counting;
static long count;
// When there was such a call last, or when this began.
static struct timespec busy_at;
// Asked to let go of the process.
static bool leave;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int thread_index(pid_t id) {
    for (int at = 0; at < thread_count; at++)
        if (threads[at].id == id) return at;
    if (thread_count == THREADS_MAX) {
        fprintf(stderr, "syscall_fault: more than %d threads\n", THREADS_MAX);
        exit(1);
    }
    threads[thread_count] = (Thread){.id = id};
    return thread_count++;
}

static bool is_traced(pid_t id) {
    for (int at = 0; at < thread_count; at++)
        if (threads[at].id == id) return true;
    return false;
}

static bool all_are_held(void) {
    for (int at = 0; at < thread_count; at++)
        if (!threads[at].held) return false;
    return true;
}

static void forget(pid_t id) {
    const int at = thread_index(id);
    threads[at] = threads[--thread_count];
}

static void interrupt(pid_t id) {
    if (ptrace(PTRACE_INTERRUPT, id, 0, 0) && errno != ESRCH) die("PTRACE_INTERRUPT");
}

// A thread that ends between two of these calls is no error: its end is reported by waitpid.
static void resume(pid_t id, int signal_number) {
    if (ptrace(PTRACE_SYSCALL, id, 0, signal_number) && errno != ESRCH) die("PTRACE_SYSCALL");
}

// Takes hold of every thread. One that a thread already held starts is held from its birth; one that a thread not yet
// held starts is found by looking again.
static void attach(void) {
    char tasks[64];
    snprintf(tasks, sizeof tasks, "/proc/%d/task", process);
    for (bool found = true; found;) {
        found = false;
        DIR *listing = opendir(tasks);
        if (!listing) die(tasks);
        for (struct dirent *entry; (entry = readdir(listing));) {
            const pid_t id = atoi(entry->d_name);
            if (id <= 0 || is_traced(id)) continue;
            if (ptrace(PTRACE_SEIZE, id, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE)) {
                if (errno == ESRCH) continue;
                if (errno == EPERM && thread_count) continue;  // Held already, by the clone event of its parent.
                die("PTRACE_SEIZE");
            }
            found = true;
            thread_index(id);
            interrupt(id);
        }
        closedir(listing);
    }
}

static bool read_text(unsigned long address, char *text, size_t size) {
    // Up to the end of a page at a time: the next page may not be there.
    size_t have = 0;
    while (have < size) {
        size_t part = 4096 - (address + have) % 4096;
        if (part > size - have) part = size - have;
        struct iovec here = {text + have, part}, there = {(void *)(address + have), part};
        const ssize_t got = process_vm_readv(process, &here, 1, &there, 1, 0);
        if (got <= 0) return false;
        if (memchr(text + have, 0, (size_t)got)) return true;
        have += (size_t)got;
    }
    return false;
}

static bool descriptor_path(int descriptor, char *path) {
    char link[64];
    if (descriptor == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/%d/cwd", process);
    else
        snprintf(link, sizeof link, "/proc/%d/fd/%d", process, descriptor);
    const ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return false;
    path[length] = 0;
    return true;
}

// The file that a call is about, as the process named it; false where there is none, or it cannot be read.
static bool file_of(const Call *call, const __u64 *arguments, char *file) {
    if (call->descriptor != NONE) return descriptor_path((int)arguments[call->descriptor], file);
    char path[PATH_MAX];
    if (!read_text(arguments[call->path], path, sizeof path)) return false;
    if (path[0] == '/') return strcpy(file, path);
    const int base = call->folder == NONE ? AT_FDCWD : (int)arguments[call->folder];
    if (!descriptor_path(base, file)) return false;
    const size_t length = strlen(file);
    return snprintf(file + length, PATH_MAX - length, "/%s", path) < (int)(PATH_MAX - length);
}

static bool is_below(const char *file) {
    const size_t length = strlen(folder);
    return !strncmp(file, folder, length) && (file[length] == '/' || !file[length]);
}

static bool changes(const Call *call, const __u64 *arguments) {
    if (call->flags == NONE) return true;
    const int flags = (int)arguments[call->flags];
    return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
}

// Decides on a call that a thread is about to make. Returns whether the process was killed.
static bool enter(int at, const struct ptrace_syscall_info *info) {
    char file[PATH_MAX];
    for (int kind = 0; kind < CALLS; kind++) {
        if (!wanted[kind] || calls[kind].number != (long)info->entry.nr) continue;
        if (!changes(&calls[kind], info->entry.args)) return false;
        if (!file_of(&calls[kind], info->entry.args, file) || !is_below(file)) return false;
        clock_gettime(CLOCK_MONOTONIC, &busy_at);
        if (!counting) return false;
        count++;
        const bool acts = fault_at && (count == fault_at || (fault_stays && count > fault_at));
        printf("%ld %s %s%s\n", count, calls[kind].name, file + strlen(folder), acts ? " !" : "");
        if (!acts) return false;
        fflush(stdout);
        // No call has this number: whatever comes next, the file stays as it is.
        if (ptrace(PTRACE_POKEUSER, threads[at].id, offsetof(struct user_regs_struct, orig_rax), -1L) && errno != ESRCH)
            die("PTRACE_POKEUSER");
        threads[at].fails = true;
        if (fault_error) return false;
        if (kill(process, SIGKILL)) die("kill");
        return true;
    }
    return false;
}

static void leave_call(int at) {
    if (!threads[at].fails) return;
    threads[at].fails = false;
    const long result = -fault_error;
    if (ptrace(PTRACE_POKEUSER, threads[at].id, offsetof(struct user_regs_struct, rax), result) && errno != ESRCH)
        die("PTRACE_POKEUSER");
}

// One stop of one thread; afterwards it runs again, or is let go of.
static void handle(pid_t id, int status) {
    const int at = thread_index(id);
    threads[at].held = true;
    int signal_number = 0;
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
        struct ptrace_syscall_info info;
        if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) <= 0) return;
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY && !leave && enter(at, &info)) return;
        if (info.op == PTRACE_SYSCALL_INFO_EXIT) leave_call(at);
    } else if (!(status >> 16)) {
        signal_number = WSTOPSIG(status);
    }
    if (!leave || threads[at].fails) {
        resume(id, signal_number);
        return;
    }
    if (ptrace(PTRACE_DETACH, id, 0, signal_number) && errno != ESRCH) die("PTRACE_DETACH");
    forget(id);
}

static bool is_quiet(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - busy_at.tv_sec) * 1000 + (now.tv_nsec - busy_at.tv_nsec) / 1000000 >= QUIET_MS;
}

// Until the process has ended or all its threads were let go of.
static void trace(const sigset_t *signals) {
    const struct timespec a_moment = {.tv_nsec = QUIET_MS * 1000000L / 5};
    clock_gettime(CLOCK_MONOTONIC, &busy_at);
    while (thread_count) {
        const int number = counting ? sigwaitinfo(signals, NULL) : sigtimedwait(signals, NULL, &a_moment);
        if (number == SIGTERM && !leave) {
            leave = true;
            for (int at = 0; at < thread_count; at++) interrupt(threads[at].id);
        }
        if (!counting && all_are_held() && (!waits_for_quiet || is_quiet())) {
            counting = true;
            printf("attached\n");
            fflush(stdout);
        }
        // Signals of one kind that wait are one; the stops they stand for may be many.
        int status;
        for (pid_t id; (id = waitpid(-1, &status, __WALL | WNOHANG)) > 0;) {
            if (WIFSTOPPED(status))
                handle(id, status);
            else if (is_traced(id))
                forget(id);
        }
    }
}

static bool parse(int argument_count, char **arguments) {
    if (argument_count != 8) return false;
    process = atoi(arguments[1]);
    if (process <= 0 || !realpath(arguments[2], folder)) return false;
    for (int kind = 0; kind < CALLS; kind++) wanted[kind] = !strcmp(arguments[3], "all");
    for (char *rest = arguments[3], *name; strcmp(arguments[3], "all") && (name = strsep(&rest, ","));) {
        int kind = 0;
        while (kind < CALLS && strcmp(calls[kind].name, name)) kind++;
        if (kind == CALLS) return false;
        wanted[kind] = true;
    }
    fault_at = atol(arguments[4]);
    bool known = !strcmp(arguments[5], "kill");
    for (size_t at = 0; at < sizeof errors / sizeof errors[0]; at++)
        if (!strcmp(arguments[5], errors[at].name)) known = true, fault_error = errors[at].number;
    fault_stays = !strcmp(arguments[6], "on");
    waits_for_quiet = !strcmp(arguments[7], "quiet");
    known = known && (fault_stays || !strcmp(arguments[6], "once"));
    return known && (waits_for_quiet || !strcmp(arguments[7], "now")) && fault_at >= 0;
}

int main(int argument_count, char **arguments) {
    if (!parse(argument_count, arguments)) {
        fprintf(stderr, "usage: syscall_fault PID FOLDER CALLS N kill|EIO|ENOSPC|EDQUOT|EROFS once|on quiet|now\n");
        return 2;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    attach();
    trace(&signals);
    printf("%s\n", leave ? "detached" : "gone");
    return 0;
}
