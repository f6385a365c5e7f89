// The floor of the CPU comparison: the default pair by two plain libvips calls, each with its own decode.
//
// Usage: plain_vips FILE, then a number N on each line of stdin. Makes the pair N times over and prints the
// microseconds of CPU (user + system, of all threads) and the bytes of the two pictures. One libvips thread and no
// operation cache: as the service works, and so that no call profits from the one before.

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <vips/vips.h>

static const int widths[] = {320, 1280};
static const int quality = 80;
static const int effort = 4;

static long long cpu_microseconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

// Returns the bytes of the WebP, which is freed again: only its cost is of interest.
static size_t make(void *source, size_t source_bytes, int width) {
    VipsImage *image = NULL;
    void *webp = NULL;
    size_t webp_bytes = 0;
    if (vips_thumbnail_buffer(source, source_bytes, &image, width, "height", width, "size", VIPS_SIZE_DOWN, NULL) ||
        vips_webpsave_buffer(image, &webp, &webp_bytes, "Q", quality, "effort", effort, NULL))
        vips_error_exit(NULL);
    g_object_unref(image);
    g_free(webp);
    return webp_bytes;
}

int main(int count, char **arguments) {
    if (count != 2 || VIPS_INIT(arguments[0])) {
        fprintf(stderr, "usage: plain_vips FILE\n");
        return 2;
    }
    vips_concurrency_set(1);
    vips_cache_set_max(0);

    char *source = NULL;
    gsize source_bytes = 0;
    GError *error = NULL;
    if (!g_file_get_contents(arguments[1], &source, &source_bytes, &error)) {
        fprintf(stderr, "plain_vips: %s\n", error->message);
        return 1;
    }

    int pairs;
    while (scanf("%d", &pairs) == 1) {
        size_t made[2] = {0, 0};
        const long long before = cpu_microseconds();
        for (int pair = 0; pair < pairs; pair++)
            for (int size = 0; size < 2; size++) made[size] = make(source, source_bytes, widths[size]);
        printf("%lld %zu %zu\n", cpu_microseconds() - before, made[0], made[1]);
        fflush(stdout);
    }
    g_free(source);
    vips_shutdown();
    return 0;
}
