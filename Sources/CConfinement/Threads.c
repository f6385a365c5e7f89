#define _GNU_SOURCE
#include "CConfinement.h"

#include <dirent.h>
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Landlock's restriction is a thread's, inherited by the threads that it starts; those that libraries started before go
// free. Nothing but the thread itself can restrict it (before Linux 7.0), so each is made to, by a signal, as glibc
// does for setuid(2) and libpsx for capabilities.

enum { threads_max = 256, wait_seconds = 2 };

static int (*current_action)(void);
static atomic_int first_error;
static sem_t finished;

static void on_signal(int number) {
    (void)number;
    int saved = errno;
    int none = 0;
    int error = current_action();
    if (error) atomic_compare_exchange_strong(&first_error, &none, error);
    sem_post(&finished);
    errno = saved;
}

static int wait_for_one(void) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += wait_seconds;
    int waited;
    do waited = sem_timedwait(&finished, &end);
    while (waited < 0 && errno == EINTR);
    return waited < 0 ? -errno : 0;
}

static int act_in(pid_t thread, int signal_number) {
    if (syscall(SYS_tgkill, getpid(), thread, signal_number) < 0) return errno == ESRCH ? 0 : -errno;
    int error = wait_for_one();
    // It may have ended with the signal still pending.
    if (error && syscall(SYS_tgkill, getpid(), thread, 0) < 0 && errno == ESRCH) return 0;
    return error;
}

static int is_among(pid_t thread, const pid_t *threads, int count) {
    for (int index = 0; index < count; index++)
        if (threads[index] == thread) return 1;
    return 0;
}

// One look at all threads: acts in those that are not among `done`, and adds them. Returns how many there were.
static int act_in_new(DIR *tasks, pid_t *done, int *count, int signal_number) {
    int found = 0;
    rewinddir(tasks);
    for (struct dirent *entry; (entry = readdir(tasks));) {
        pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
        if (thread <= 0 || is_among(thread, done, *count)) continue;
        if (*count == threads_max) return -EAGAIN;
        int error = act_in(thread, signal_number);
        if (error) return error;
        done[(*count)++] = thread;
        found++;
    }
    return found;
}

int cconfinement_in_every_thread(int (*action)(void)) {
    const int signal_number = SIGRTMAX;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks) return -errno;
    struct sigaction ours = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
    sigfillset(&ours.sa_mask);
    sem_init(&finished, 0, 0);
    current_action = action;
    atomic_store(&first_error, 0);
    sigaction(signal_number, &ours, &before);

    // This thread first: those that it starts are then restricted from their birth. A thread that another one starts
    // before its own turn is found by the next look; when a look finds none, all have had their turn.
    pid_t done[threads_max] = {(pid_t)syscall(SYS_gettid)};
    int count = 1;
    int result = action();
    if (!result) do result = act_in_new(tasks, done, &count, signal_number);
        while (result > 0);

    sigaction(signal_number, &before, NULL);
    closedir(tasks);
    return result ? result : atomic_load(&first_error);
}
