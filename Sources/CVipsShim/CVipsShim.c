#include <malloc.h>
#include <vips/vips.h>
#include "CVipsShim.h"
#include "Deadline.h"

static void discard(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
    (void)domain; (void)level; (void)message; (void)data;
}

int cvips_start(const char *program) {
    static const char *const loaders[] = {
        "VipsForeignLoadJpegBuffer", "VipsForeignLoadPngBuffer", "VipsForeignLoadNsgifBuffer",
        "VipsForeignLoadWebpBuffer", "VipsForeignLoadHeifBuffer",
    };
    // Decoders warn on stderr about hostile bytes, as often as an attacker likes; what matters comes as an error.
    g_log_set_default_handler(discard, NULL);
    // One heap for all threads: each of their own keeps what the others could use, and a picture is made by one at a
    // time. Without this the service has 200 MB at its peak in `make hostile-memory`, with it 130.
    mallopt(M_ARENA_MAX, 1);
    if (vips_init(program) != 0) return -1;
    // Every picture is new: a cache would only keep the last one's pixels alive.
    vips_cache_set_max(0);
    vips_cache_set_max_mem(0);
    vips_cache_set_max_files(0);
    // One thread a picture and as many pictures as cores beats the reverse (PERFORMANCE.md).
    vips_concurrency_set(1);
    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeignLoad", TRUE);
    for (size_t index = 0; index < G_N_ELEMENTS(loaders); index++) vips_operation_block_set(loaders[index], FALSE);
    return 0;
}

int cvips_reserve_code(int kernels) {
    VipsImage *in = NULL;
    if (vips_black(&in, 64, 1024, "bands", 3, NULL) != 0) return -1;
    VipsImage **reduced = g_new0(VipsImage *, kernels);
    int failed = 0;
    // At this reduction a Lanczos kernel has 49 lines, as many as libvips compiles; a larger one it computes in C.
    for (int index = 0; index < kernels && !failed; index++) failed = vips_reducev(in, &reduced[index], 8.0, NULL);
    for (int index = 0; index < kernels; index++)
        if (reduced[index] != NULL) g_object_unref(reduced[index]);
    g_free(reduced);
    g_object_unref(in);
    return failed;
}

int cvips_version(int part) { return vips_version(part); }

int cvips_has_loader(const char *nickname) {
    GType type = vips_type_find("VipsForeignLoad", nickname);
    if (type == 0) return 0;
    VipsOperationClass *class = VIPS_OPERATION_CLASS(g_type_class_ref(type));
    int open = !(class->flags & VIPS_OPERATION_BLOCKED);
    g_type_class_unref(class);
    return open;
}

char *cvips_take_error(void) { return vips_error_buffer_copy(); }
void cvips_free(void *pointer) { g_free(pointer); }
size_t cvips_memory_in_use(void) { return vips_tracked_get_mem(); }

int cvips_load_jpeg(const void *bytes, size_t count, int shrink, VipsImage **out) {
    return vips_jpegload_buffer(
        (void *)bytes, count, out, "shrink", shrink, "access", VIPS_ACCESS_SEQUENTIAL,
        "fail_on", VIPS_FAIL_ON_WARNING, NULL);
}

int cvips_load_png(const void *bytes, size_t count, VipsImage **out) {
    return vips_pngload_buffer(
        (void *)bytes, count, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}

int cvips_load_gif(const void *bytes, size_t count, int pages, VipsImage **out) {
    return vips_gifload_buffer(
        (void *)bytes, count, out, "n", pages, "access", VIPS_ACCESS_SEQUENTIAL,
        "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}

int cvips_load_webp(const void *bytes, size_t count, int pages, VipsImage **out) {
    return vips_webpload_buffer(
        (void *)bytes, count, out, "n", pages, "access", VIPS_ACCESS_SEQUENTIAL,
        "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}

int cvips_load_heif(const void *bytes, size_t count, VipsImage **out) {
    return vips_heifload_buffer(
        (void *)bytes, count, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}

void cvips_ref(VipsImage *image) { g_object_ref(image); }
void cvips_unref(VipsImage *image) { g_object_unref(image); }
int cvips_width(const VipsImage *image) { return vips_image_get_width(image); }
int cvips_height(const VipsImage *image) { return vips_image_get_height(image); }
int cvips_bands(const VipsImage *image) { return vips_image_get_bands(image); }
int cvips_pages(const VipsImage *image) { return vips_image_get_n_pages((VipsImage *)image); }
int cvips_page_height(const VipsImage *image) { return vips_image_get_page_height((VipsImage *)image); }

int cvips_orientation(const VipsImage *image) { return vips_image_get_orientation((VipsImage *)image); }
int cvips_has_alpha(const VipsImage *image) { return vips_image_hasalpha((VipsImage *)image); }
int cvips_is_cmyk(const VipsImage *image) {
    return vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK;
}

int cvips_is_srgb8(const VipsImage *image) {
    int bands = vips_image_get_bands(image);
    return vips_image_get_interpretation(image) == VIPS_INTERPRETATION_sRGB
        && vips_image_get_format(image) == VIPS_FORMAT_UCHAR && (bands == 3 || bands == 4);
}

int cvips_is_rgb(const VipsImage *image) {
    int space = vips_image_get_interpretation(image);
    int bands = vips_image_get_bands(image);
    return (space == VIPS_INTERPRETATION_sRGB || space == VIPS_INTERPRETATION_RGB16) && (bands == 3 || bands == 4);
}

const int *cvips_delays(VipsImage *image, int *count) {
    int *delays = NULL;
    *count = 0;
    if (vips_image_get_typeof(image, "delay") == 0) return NULL;
    if (vips_image_get_array_int(image, "delay", &delays, count) != 0) {
        vips_error_clear();
        *count = 0;
        return NULL;
    }
    return delays;
}

int cvips_loop(VipsImage *image) {
    int loop = -1;
    if (vips_image_get_typeof(image, "loop") == 0) return -1;
    if (vips_image_get_int(image, "loop", &loop) != 0) {
        vips_error_clear();
        return -1;
    }
    return loop;
}

const void *cvips_profile(VipsImage *image, size_t *count) {
    const void *bytes = NULL;
    *count = 0;
    if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) == 0) return NULL;
    if (vips_image_get_blob(image, VIPS_META_ICC_NAME, &bytes, count) != 0) {
        vips_error_clear();
        *count = 0;
        return NULL;
    }
    return bytes;
}

int cvips_without_profile(VipsImage *in, VipsImage **out) {
    if (vips_copy(in, out, NULL) != 0) return -1;
    vips_image_remove(*out, VIPS_META_ICC_NAME);
    return 0;
}

int cvips_resize(VipsImage *in, double horizontal, double vertical, VipsImage **out) {
    return vips_resize(in, out, horizontal, "vscale", vertical, "kernel", VIPS_KERNEL_LANCZOS3, NULL);
}

int cvips_crop(VipsImage *in, int left, int top, int width, int height, VipsImage **out) {
    return vips_crop(in, out, left, top, width, height, NULL);
}

int cvips_premultiply(VipsImage *in, VipsImage **out) { return vips_premultiply(in, out, NULL); }

int cvips_unpremultiply(VipsImage *in, const VipsImage *like, VipsImage **out) {
    VipsImage *plain = NULL;
    VipsImage *whole = NULL;
    VipsImage *cast = NULL;
    if (vips_unpremultiply(in, &plain, NULL) != 0) return -1;
    // A cast cuts fractions off: without rounding, a picture gets darker by half a level at each resize.
    int failed = vips_rint(plain, &whole, NULL);
    g_object_unref(plain);
    if (failed) return failed;
    failed = vips_cast(whole, &cast, vips_image_get_format(like), NULL);
    g_object_unref(whole);
    if (failed) return failed;
    // The float pipeline leaves `multiband` or `scrgb` ideas behind in some versions; say what it is.
    failed = vips_copy(cast, out, "interpretation", vips_image_get_interpretation(like), NULL);
    g_object_unref(cast);
    return failed;
}

int cvips_icc_to_srgb(VipsImage *in, VipsImage **out) {
    if (cvips_is_cmyk(in)) {
        return vips_icc_transform(in, out, "srgb", "embedded", TRUE, "input_profile", "cmyk", "depth", 8, NULL);
    }
    if (vips_image_get_format(in) != VIPS_FORMAT_USHORT || !vips_image_hasalpha(in)) {
        return vips_icc_transform(in, out, "srgb", "embedded", TRUE, "depth", 8, NULL);
    }
    // vips_icc_transform 8.14 makes 8 bits of the colours and clips a 16-bit alpha to opaque: 8 bits of all come first.
    VipsImage *cast = NULL;
    VipsImage *narrow = NULL;
    if (vips_cast(in, &cast, VIPS_FORMAT_UCHAR, "shift", TRUE, NULL) != 0) return -1;
    int space = vips_image_get_bands(in) == 2 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    int failed = vips_copy(cast, &narrow, "interpretation", space, NULL);
    g_object_unref(cast);
    if (failed) return failed;
    failed = vips_icc_transform(narrow, out, "srgb", "embedded", TRUE, "depth", 8, NULL);
    g_object_unref(narrow);
    return failed;
}

int cvips_to_srgb(VipsImage *in, VipsImage **out) {
    VipsImage *converted = NULL;
    if (vips_colourspace(in, &converted, VIPS_INTERPRETATION_sRGB, NULL) != 0) return -1;
    int failed = vips_cast_uchar(converted, out, NULL);
    g_object_unref(converted);
    return failed;
}

int cvips_keep_bands(VipsImage *in, int bands, VipsImage **out) {
    return vips_extract_band(in, out, 0, "n", bands, NULL);
}

int cvips_add_alpha(VipsImage *in, VipsImage **out) { return vips_addalpha(in, out, NULL); }

int cvips_flip_horizontal(VipsImage *in, VipsImage **out) {
    return vips_flip(in, out, VIPS_DIRECTION_HORIZONTAL, NULL);
}

int cvips_rotate(VipsImage *in, int quarters, VipsImage **out) {
    return vips_rot(in, out, (VipsAngle)(quarters & 3), NULL);
}

int cvips_embed(
    VipsImage *in, int left, int top, int width, int height, const uint8_t *rgba, VipsImage **out) {
    double values[4] = {rgba[0], rgba[1], rgba[2], rgba[3]};
    int bands = vips_image_get_bands(in);
    VipsArrayDouble *background = vips_array_double_new(values, bands < 4 ? bands : 4);
    int failed = vips_embed(
        in, out, left, top, width, height, "extend", VIPS_EXTEND_BACKGROUND, "background", background, NULL);
    vips_area_unref(VIPS_AREA(background));
    return failed;
}

int cvips_decode(VipsImage *in) {
    double average;
    cvips_watch(in);
    return vips_avg(in, &average, NULL);
}

int cvips_materialise(VipsImage *in, VipsImage **out) {
    *out = vips_image_new_memory();
    cvips_watch(*out);
    if (vips_image_write(in, *out) == 0) return 0;
    g_object_unref(*out);
    *out = NULL;
    return -1;
}

const uint8_t *cvips_pixels(VipsImage *image) {
    if (vips_image_get_format(image) != VIPS_FORMAT_UCHAR || vips_image_wio_input(image) != 0) return NULL;
    return VIPS_IMAGE_ADDR(image, 0, 0);
}

int cvips_new_strip(int width, int height, int bands, VipsImage **out) {
    VipsImage *strip = vips_image_new_memory();
    vips_image_init_fields(
        strip, width, height, bands, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE, VIPS_INTERPRETATION_sRGB, 1.0, 1.0);
    if (vips_image_pipelinev(strip, VIPS_DEMAND_STYLE_ANY, NULL) != 0 || vips_image_write_prepare(strip) != 0) {
        g_object_unref(strip);
        return -1;
    }
    *out = strip;
    return 0;
}

int cvips_paste(VipsImage *in, VipsImage *strip, int top) {
    size_t line = VIPS_IMAGE_SIZEOF_LINE(strip);
    int height = vips_image_get_height(in);
    if (VIPS_IMAGE_SIZEOF_LINE(in) != line || top < 0 || top > vips_image_get_height(strip) - height) {
        vips_error("cvips_paste", "a frame of another shape");
        return -1;
    }
    size_t count = 0;
    cvips_watch(in);
    void *pixels = vips_image_write_to_memory(in, &count);
    if (pixels == NULL) return -1;
    memcpy(VIPS_IMAGE_ADDR(strip, 0, top), pixels, line * (size_t)height);
    g_free(pixels);
    return 0;
}

int cvips_without_metadata(VipsImage *in, VipsImage **out) {
    if (vips_copy(in, out, "xres", 1.0, "yres", 1.0, NULL) != 0) return -1;
    gchar **names = vips_image_get_fields(*out);
    // Width, height and the like are fields too; those `vips_image_remove` leaves alone.
    for (gchar **name = names; name != NULL && *name != NULL; name++) vips_image_remove(*out, *name);
    g_strfreev(names);
    return 0;
}

int cvips_animate(
    VipsImage *in, int page_height, const int *delays, int count, int loop, VipsImage **out) {
    if (vips_copy(in, out, NULL) != 0) return -1;
    vips_image_set_int(*out, VIPS_META_PAGE_HEIGHT, page_height);
    if (count > 0) vips_image_set_array_int(*out, "delay", delays, count);
    if (loop >= 0) vips_image_set_int(*out, "loop", loop);
    return 0;
}

int cvips_save_webp(
    VipsImage *in, int quality, int effort, int lossless, void **out, size_t *count) {
    cvips_watch(in);
    return vips_webpsave_buffer(
        in, out, count, "Q", quality, "effort", effort, "lossless", lossless ? TRUE : FALSE, "strip", TRUE, NULL);
}

int cvips_flatten(VipsImage *in, const uint8_t *rgb, VipsImage **out) {
    double values[3] = {rgb[0], rgb[1], rgb[2]};
    VipsArrayDouble *background = vips_array_double_new(values, 3);
    int failed = vips_flatten(in, out, "background", background, NULL);
    vips_area_unref(VIPS_AREA(background));
    return failed;
}

int cvips_save_jpeg(VipsImage *in, int quality, void **out, size_t *count) {
    cvips_watch(in);
    return vips_jpegsave_buffer(
        in, out, count, "Q", quality, "optimize_coding", TRUE, "interlace", TRUE, "strip", TRUE, NULL);
}

int cvips_save_avif(VipsImage *in, int quality, int effort, void **out, size_t *count) {
    cvips_watch(in);
    return vips_heifsave_buffer(
        in, out, count, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "Q", quality, "effort", effort,
        "bitdepth", 8,
        "strip", vips_image_get_typeof(in, VIPS_META_ICC_NAME) == 0, NULL);
}

int cvips_beside(VipsImage **images, int count, VipsImage **out) {
    return vips_arrayjoin(images, out, count, "across", count, NULL);
}

int cvips_save_png(VipsImage *in, void **out, size_t *count) {
    cvips_watch(in);
    // Of bench12.jpg 0.5 s and 14 MB; zlib's usual level takes 2.9 s for 12 MB.
    return vips_pngsave_buffer(
        in, out, count, "compression", 1, "filter", VIPS_FOREIGN_PNG_FILTER_UP, "strip", TRUE, NULL);
}

int cvips_save_sample(VipsImage *in, const char *suffix, void **out, size_t *count) {
    return vips_image_write_to_buffer(in, suffix, out, count, NULL);
}

int cvips_from_samples(
    const void *samples, size_t count, int width, int height, int bands, const char *space, VipsImage **out) {
    int interpretation = vips_enum_from_nick("cvips", VIPS_TYPE_INTERPRETATION, space);
    if (interpretation < 0) return -1;
    gboolean wide = interpretation == VIPS_INTERPRETATION_RGB16 || interpretation == VIPS_INTERPRETATION_GREY16;
    VipsImage *plain = vips_image_new_from_memory_copy(
        samples, count, width, height, bands, wide ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
    if (plain == NULL) return -1;
    int failed = vips_copy(plain, out, "interpretation", interpretation, NULL);
    g_object_unref(plain);
    return failed;
}

void cvips_set_orientation(VipsImage *image, int orientation) {
    vips_image_set_int(image, VIPS_META_ORIENTATION, orientation);
}

void cvips_set_blob(VipsImage *image, const char *name, const void *bytes, size_t count) {
    vips_image_set_blob_copy(image, name, bytes, count);
}

int cvips_samples(VipsImage *in, void **out, size_t *count) {
    *out = vips_image_write_to_memory(in, count);
    return *out == NULL ? -1 : 0;
}
