#define _GNU_SOURCE
#include "CProbe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *no_strings[] = {NULL};


// Raw calls, so that what is tried is what its name says, whatever the C library would make of it.
static long open_file(void) { return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }
static long open_for_writing(void) { return syscall(SYS_openat, AT_FDCWD, "/tmp/probe", O_WRONLY | O_CREAT, 0600); }
static long open_path(void) { return syscall(SYS_openat, AT_FDCWD, "/etc", O_PATH); }
static long list(void) { return syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY); }
static long look_at_file(void) {
    struct stat facts;
    return syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &facts, 0);
}
static long read_link(void) {
    char path[64];
    return syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path);
}
static long remove_file(void) { return syscall(SYS_unlinkat, AT_FDCWD, "/tmp/probe", 0); }
static long make_folder(void) {
    // A name of this process' own: a folder that is there already would be another error.
    char path[64];
    snprintf(path, sizeof path, "/tmp/probe-folder-%d", getpid());
    return syscall(SYS_mkdirat, AT_FDCWD, path, 0700);
}
static long change_root(void) { return syscall(SYS_chroot, "/"); }
static long mount_something(void) { return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL); }
static long code_memory(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? -1 : 0;
}
static long code_of_data(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}
static long dumpable(void) { return syscall(SYS_prctl, PR_SET_DUMPABLE, 1); }
static long outlive_parent(void) { return syscall(SYS_prctl, PR_SET_PDEATHSIG, 0); }
static long control_device(void) { int value; return syscall(SYS_ioctl, 2, 0x5413, &value); }
static long raise_limit(void) { return syscall(SYS_prlimit64, 0, 9, NULL, NULL); }
static long connect_tcp(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int end = socket(AF_INET, SOCK_STREAM, 0);
    return end < 0 ? -1 : connect(end, (struct sockaddr *)&address, sizeof address);
}
static long make_socket(void) { return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }
static long make_unix_socket(void) { return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }
static long make_socket_pair(void) { int ends[2]; return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends); }
static long connect_socket(void) { struct sockaddr_in to = {0}; return syscall(SYS_connect, 3, &to, sizeof to); }
static long send_elsewhere(void) { struct msghdr nothing = {0}; return syscall(SYS_sendmsg, 4, &nothing, 0); }
static long write_elsewhere(void) { return syscall(SYS_write, 1, "", 0); }
static long copy_descriptor(void) { return syscall(SYS_dup, 3); }
static long start_process(void) {
    long result = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (result == 0) _exit(0);
    return result;
}
static long start_process_by_clone3(void) {
    struct clone_args how = {.exit_signal = SIGCHLD};
    long result = syscall(SYS_clone3, &how, sizeof how);
    if (result == 0) _exit(0);
    return result;
}
static long new_namespace_by_clone(void) { return syscall(SYS_clone, 0x3d0f00 | CLONE_NEWUSER, 0, 0, 0, 0); }
static long run_program(void) { return syscall(SYS_execve, "/bin/true", no_strings, no_strings); }
static long run_memory(void) { return syscall(SYS_execveat, 3, "", no_strings, no_strings, AT_EMPTY_PATH); }
static long trace(void) { return syscall(SYS_ptrace, 0, 0, 0, 0); }
static long read_process(void) { return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0); }
static long write_process(void) { return syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0); }
static long take_descriptor(void) { return syscall(SYS_pidfd_open, 1, 0); }
static long signal_process(void) { return syscall(SYS_kill, 1, 0); }
static long kill_itself(void) { return syscall(SYS_kill, getpid(), SIGKILL); }
static long kill_own_thread(void) { return syscall(SYS_tgkill, getpid(), gettid(), SIGKILL); }
static long signal_other_process(void) { return syscall(SYS_tgkill, 1, 1, SIGABRT); }
static long load_bpf(void) { return syscall(SYS_bpf, 0, NULL, 0); }
static long io_ring(void) { return syscall(SYS_io_uring_setup, 1, NULL); }
static long read_keys(void) { return syscall(SYS_keyctl, 0, 0); }
static long new_namespace(void) { return syscall(SYS_unshare, CLONE_NEWUSER); }
static long enter_namespace(void) { return syscall(SYS_setns, 0, 0); }
static long fault_handler(void) { return syscall(SYS_userfaultfd, 0); }
static long count_events(void) { return syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0); }
static long other_user(void) { return syscall(SYS_setuid, 65534); }
static long shared_memory(void) { return syscall(SYS_shmget, 0, 4096, 0600); }
static long persona(void) { return syscall(SYS_personality, 0x0400000); }
static long other_filter(void) { return syscall(SYS_seccomp, 0, 0, NULL); }
static long set_clock(void) { return syscall(SYS_settimeofday, NULL, NULL); }
static long unknown_call(void) { return syscall(9999); }
static long abort_itself(void) { return syscall(SYS_tgkill, getpid(), gettid(), SIGABRT); }

static const struct { const char *name; long (*attempt)(void); } attempts[] = {
#define ATTEMPT(function) {#function, function}
    ATTEMPT(open_file), ATTEMPT(open_for_writing), ATTEMPT(open_path), ATTEMPT(list), ATTEMPT(look_at_file),
    ATTEMPT(read_link), ATTEMPT(remove_file), ATTEMPT(make_folder), ATTEMPT(change_root), ATTEMPT(mount_something),
    ATTEMPT(code_memory), ATTEMPT(code_of_data), ATTEMPT(dumpable), ATTEMPT(outlive_parent), ATTEMPT(control_device),
    ATTEMPT(raise_limit), ATTEMPT(connect_tcp), ATTEMPT(make_socket), ATTEMPT(make_unix_socket),
    ATTEMPT(make_socket_pair), ATTEMPT(connect_socket), ATTEMPT(send_elsewhere), ATTEMPT(write_elsewhere),
    ATTEMPT(copy_descriptor), ATTEMPT(start_process), ATTEMPT(start_process_by_clone3),
    ATTEMPT(new_namespace_by_clone), ATTEMPT(run_program), ATTEMPT(run_memory), ATTEMPT(trace), ATTEMPT(read_process),
    ATTEMPT(write_process), ATTEMPT(take_descriptor), ATTEMPT(signal_process), ATTEMPT(kill_itself),
    ATTEMPT(kill_own_thread), ATTEMPT(signal_other_process), ATTEMPT(load_bpf), ATTEMPT(io_ring), ATTEMPT(read_keys),
    ATTEMPT(new_namespace), ATTEMPT(enter_namespace), ATTEMPT(fault_handler), ATTEMPT(count_events),
    ATTEMPT(other_user), ATTEMPT(shared_memory), ATTEMPT(persona), ATTEMPT(other_filter), ATTEMPT(set_clock),
    ATTEMPT(unknown_call), ATTEMPT(abort_itself),
};

int cprobe_attempt(const char *name) {
    for (size_t index = 0; index < sizeof attempts / sizeof attempts[0]; index++)
        if (strcmp(attempts[index].name, name) == 0) return attempts[index].attempt() < 0 ? errno : 0;
    return -1;
}

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static const char *wanted;
static int answer;

static void *serve(void *nothing) {
    pthread_mutex_lock(&turn);
    for (;;) {
        while (!wanted) pthread_cond_wait(&changed, &turn);
        answer = cprobe_attempt(wanted);
        wanted = NULL;
        pthread_cond_broadcast(&changed);
    }
    return nothing;
}

void cprobe_start_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, serve, NULL);
}

int cprobe_attempt_in_thread(const char *name) {
    pthread_mutex_lock(&turn);
    wanted = name;
    pthread_cond_broadcast(&changed);
    while (wanted) pthread_cond_wait(&changed, &turn);
    int result = answer;
    pthread_mutex_unlock(&turn);
    return result;
}

const int cprobe_landlock_call = 444;
const int cprobe_seccomp_call = SYS_seccomp;

int cprobe_hide_call(int number) {
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof steps / sizeof steps[0], .filter = steps};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return errno;
    // In all threads: any of them may be the one that starts the process.
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0 ? 0 : errno;
}
