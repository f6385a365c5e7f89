#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// What the child may know of our environment: how a sanitizer or GLib reports, and where libraries lie. Everything else
// stays here, because secrets are handed over in environments.
static const char *const kept_variables[] = {"ASAN_OPTIONS=", "TSAN_OPTIONS=", "LD_LIBRARY_PATH=", "G_DEBUG="};
enum { kept_count = sizeof kept_variables / sizeof kept_variables[0] };

// Swift's runtime answers a crash by starting another program to write a backtrace: a process that hostile bytes have
// just broken must start nothing, and its parent waits for its end.
static char no_backtrace[] = "SWIFT_BACKTRACE=enable=no";

static void copy_environment(char *kept[kept_count + 2]) {
    size_t count = 0;
    kept[count++] = no_backtrace;
    for (size_t index = 0; index < kept_count; index++) {
        size_t length = strlen(kept_variables[index]);
        for (char **variable = environ; variable && *variable; variable++) {
            if (strncmp(*variable, kept_variables[index], length) != 0) continue;
            kept[count++] = *variable;
            break;
        }
    }
    kept[count] = NULL;
}

// The first thing that failed, as a negated errno value: the posix_spawn family returns errors and does not set errno.
static int add_actions(posix_spawn_file_actions_t *actions, int socket) {
    int error = posix_spawn_file_actions_adddup2(actions, socket, csandbox_child_socket);
    if (!error) error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(actions, csandbox_child_socket + 1);
    return -error;
}

// A process group of its own keeps a terminal's Ctrl-C from killing a job that its parent still wants to end in order;
// dispositions and mask are reset because an ignored SIGTERM would be inherited.
static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_setpgroup(attributes, 0);
    if (!error) error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(attributes, &all);
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (!error) error = posix_spawnattr_setflags(attributes, flags);
    return -error;
}

int csandbox_spawn(const char *path, char *const arguments[], int socket, pid_t *child) {
    // A socket among the standard descriptors would be overwritten by /dev/null, or be the child's standard error.
    if (socket <= STDERR_FILENO) return -EINVAL;
    char *environment[kept_count + 2];
    copy_environment(environment);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = -posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = -posix_spawnattr_init(&attributes);
    if (!error) {
        error = add_actions(&actions, socket);
        if (!error) error = set_attributes(&attributes);
        if (!error) error = -posix_spawn(child, path, &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int reap(pid_t child, int *status, int options) {
    pid_t ended;
    do ended = waitpid(child, status, options);
    while (ended < 0 && errno == EINTR);
    return ended < 0 ? -errno : ended == child;
}

int csandbox_wait_for_end(pid_t child, int milliseconds) {
    const useconds_t millisecond = 1000;
    for (int waited = 0;; waited++) {
        siginfo_t ended = {0};
        // WNOWAIT leaves it in the table of processes, so that its group can still be killed by its number.
        if (waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT | WNOHANG) < 0 && errno != EINTR) return -errno;
        if (ended.si_pid == child) return 1;
        if (waited >= milliseconds) return 0;
        usleep(millisecond);
    }
}

int csandbox_kill_and_reap(pid_t child, int *status) {
    // The child is not reaped yet, so neither its number nor its group's can have been given to anybody else.
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
    return reap(child, status, 0);
}

int csandbox_reap(pid_t child, int *status) {
    int ended = csandbox_wait_for_end(child, 0);
    return ended == 1 ? csandbox_kill_and_reap(child, status) : ended;
}

int csandbox_exit_code(int status) {
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
