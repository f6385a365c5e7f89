#include <stdatomic.h>
#include <time.h>

#include "CVipsShim.h"
#include "Deadline.h"

// One picture is rendered at a time in a process, by libvips' threads and the caller's: all of them look here.
static _Atomic int64_t deadline_ns = 0;
static _Atomic int gave_up = 0;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void cvips_set_deadline(int64_t nanoseconds) {
    int64_t now = now_ns();
    int64_t moment = nanoseconds > INT64_MAX - now ? INT64_MAX : now + nanoseconds;
    atomic_store(&gave_up, 0);
    atomic_store(&deadline_ns, nanoseconds > 0 ? moment : 0);
}

int cvips_gave_up(void) { return atomic_load(&gave_up); }

int64_t cvips_time_left(void) {
    int64_t moment = atomic_load(&deadline_ns);
    if (moment == 0) return INT64_MAX;
    int64_t now = now_ns();
    return now < moment ? moment - now : 0;
}

int cvips_is_overdue(void) {
    int64_t moment = atomic_load(&deadline_ns);
    if (moment == 0 || now_ns() < moment) return 0;
    atomic_store(&gave_up, 1);
    return 1;
}

// Called by libvips for each strip or tile of an evaluation. `watched` is the image that the signal was asked of; the
// one that is evaluated may be made from it, and asks it for pixels.
static void on_progress(VipsImage *watched, VipsProgress *progress, gpointer data) {
    (void)progress; (void)data;
    if (cvips_is_overdue()) vips_image_set_kill(watched, TRUE);
}

void cvips_watch(VipsImage *image) {
    vips_image_set_progress(image, TRUE);
    g_signal_connect(image, "eval", G_CALLBACK(on_progress), NULL);
}
