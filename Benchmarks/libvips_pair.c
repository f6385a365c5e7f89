// The default pair of a picture as a program on plain libvips makes it: what Benchmarks/imaging.py measures beside us.
//
// Each line of stdin is `WAY TIMES PICTURE FOLDER`, and is answered by a line: milliseconds of CPU for a pair (user and
// system, all threads). Unless FOLDER is `-`, a pair that is not measured comes first, and goes there as thumbnail.webp
// and preview.webp. The ways: `thumbnail`, which is vips_thumbnail_buffer for either size, as all the image servers have it;
// and `shrink`, which decodes a JPEG smaller by hand, by the largest power of two that leaves 1.5 times what is wanted,
// and resizes that. One libvips thread and no cache of operations: as a server works, and so that no call has something
// of the one before.

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <vips/vips.h>

static const struct {
    int side;
    const char *name;
} sizes[] = {{320, "thumbnail"}, {1280, "preview"}};
static const int quality = 80;
static const int effort = 4;
static const double margin = 1.5;

static double cpu_milliseconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
}

static VipsImage *thumbnail(void *bytes, size_t count, int side) {
    VipsImage *image = NULL;
    if (vips_thumbnail_buffer(bytes, count, &image, side, "height", side, "size", VIPS_SIZE_DOWN, NULL))
        vips_error_exit(NULL);
    return image;
}

static VipsImage *shrunk(void *bytes, size_t count, int side) {
    VipsImage *opened = vips_image_new_from_buffer(bytes, count, "", "access", VIPS_ACCESS_SEQUENTIAL, NULL);
    if (opened == NULL) vips_error_exit(NULL);
    const int width = opened->Xsize, height = opened->Ysize;
    const int longer = width > height ? width : height;
    const double scale = longer > side ? (double)side / longer : 1;
    int shrink = 8;
    while (shrink > 1 && longer < shrink * side * margin) shrink /= 2;
    if (shrink > 1 && ((const unsigned char *)bytes)[0] == 0xFF) {
        g_object_unref(opened);
        if (vips_jpegload_buffer(bytes, count, &opened, "shrink", shrink, "access", VIPS_ACCESS_SEQUENTIAL, NULL))
            vips_error_exit(NULL);
    }
    VipsImage *image = NULL;
    const double across = VIPS_RINT(width * scale) / opened->Xsize, down = VIPS_RINT(height * scale) / opened->Ysize;
    if (vips_resize(opened, &image, across, "vscale", down, NULL)) vips_error_exit(NULL);
    g_object_unref(opened);
    return image;
}

static void make_pair(int by_hand, void *bytes, size_t count, const char *folder) {
    for (size_t size = 0; size < G_N_ELEMENTS(sizes); size++) {
        VipsImage *image = (by_hand ? shrunk : thumbnail)(bytes, count, sizes[size].side);
        void *webp = NULL;
        size_t webp_bytes = 0;
        if (vips_webpsave_buffer(image, &webp, &webp_bytes, "Q", quality, "effort", effort, NULL))
            vips_error_exit(NULL);
        g_object_unref(image);
        if (folder != NULL) {
            char path[PATH_MAX];
            snprintf(path, sizeof path, "%s/%s.webp", folder, sizes[size].name);
            if (!g_file_set_contents(path, webp, (gssize)webp_bytes, NULL)) vips_error_exit("%s", path);
        }
        g_free(webp);
    }
}

int main(int count, char **arguments) {
    (void)count;
    if (VIPS_INIT(arguments[0])) vips_error_exit(NULL);
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    char way[16], picture[PATH_MAX], folder[PATH_MAX];
    int times;
    while (scanf("%15s %d %4095s %4095s", way, &times, picture, folder) == 4) {
        const int by_hand = strcmp(way, "shrink") == 0;
        char *bytes = NULL;
        gsize length = 0;
        if (!g_file_get_contents(picture, &bytes, &length, NULL)) vips_error_exit("%s", picture);
        if (strcmp(folder, "-") != 0) make_pair(by_hand, bytes, length, folder);
        const double before = cpu_milliseconds();
        for (int pair = 0; pair < times; pair++) make_pair(by_hand, bytes, length, NULL);
        printf("%f\n", (cpu_milliseconds() - before) / times);
        fflush(stdout);
        g_free(bytes);
    }
    vips_shutdown();
    return 0;
}
