#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Since glibc 2.36 these are in <sys/mount.h>; by number they are in every one.
static int open_file_system(const char *name) { return (int)syscall(SYS_fsopen, name, FSOPEN_CLOEXEC); }
static int mount_file_system(int context) {
    const unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
}
static int set_option(int context, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0);
}
static int create_file_system(int context) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

static int write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    ssize_t count = write(file, text, strlen(text));
    int error = count < 0 ? -errno : 0;
    close(file);
    return error;
}

// The one user and the one group of a new user namespace are those that it was made by (user_namespaces(7)).
static int map_identity(uid_t user, gid_t group) {
    char line[64];
    int error = write_text("/proc/self/setgroups", "deny");
    if (error) return error;
    snprintf(line, sizeof line, "%u %u 1\n", user, user);
    if ((error = write_text("/proc/self/uid_map", line))) return error;
    snprintf(line, sizeof line, "%u %u 1\n", group, group);
    return write_text("/proc/self/gid_map", line);
}

// In a child that has one thread and ends after it: a file of a tmpfs that nobody else has.
static int open_large_page_file(void) {
    const uid_t user = geteuid();
    const gid_t group = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) return -errno;
    int error = map_identity(user, group);
    if (error) return error;
    int context = open_file_system("tmpfs");
    if (context < 0) return -errno;
    // Not "always", which gives the first byte two megabytes. No limit of size but the memory's: what may be in the
    // file is for whoever writes it to say, as with memfd_create(2).
    if (set_option(context, "huge", "within_size") < 0 || set_option(context, "size", "0") < 0) return -errno;
    if (create_file_system(context) < 0) return -errno;
    int root = mount_file_system(context);
    if (root < 0) return -errno;
    int file = openat(root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return file < 0 ? -errno : file;
}

// A child takes well under one.
enum { patience_milliseconds = 2000 };

int csandbox_memory_create_large(void) {
    int ends[2];
    int error = csandbox_socket_pair(ends);
    if (error) return error;
    pid_t child = fork();
    if (child == 0) {
        int file = open_large_page_file();
        int answer = file < 0 ? file : 0;
        _exit(csandbox_send(ends[1], &answer, sizeof answer, file < 0 ? -1 : file) < 0);
    }
    int answer = child < 0 ? -errno : -EIO, file = -1;
    close(ends[1]);
    if (child > 0) {
        int ready;
        do ready = csandbox_wait_readable(ends[0], patience_milliseconds);
        while (ready == -EINTR);
        if (ready != 1) {
            answer = ready ? ready : -ETIMEDOUT;
        } else if (csandbox_receive(ends[0], &answer, sizeof answer, &file) != (ssize_t)sizeof answer) {
            answer = -EIO;
        }
        // It has no more to do, or will not come to it.
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
    close(ends[0]);
    return file >= 0 ? file : (answer ? answer : -EIO);
}
