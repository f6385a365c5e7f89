#include "CWebP.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/encode.h>

struct cwebp_picture {
    // What was handed in.
    const uint8_t *pixels;  // NULL where it is planes
    int stride;
    int bands;
    int width, height;
    // What is made of it when it is first wanted: for encodings with loss, and without.
    WebPPicture planes;
    int has_planes;
    WebPPicture argb;
    int has_argb;
};

static cwebp_picture *new_picture(int width, int height) {
    if (width < 1 || height < 1 || width > WEBP_MAX_DIMENSION || height > WEBP_MAX_DIMENSION) return NULL;
    cwebp_picture *picture = calloc(1, sizeof *picture);
    if (picture == NULL) return NULL;
    picture->width = width;
    picture->height = height;
    if (WebPPictureInit(&picture->planes) && WebPPictureInit(&picture->argb)) return picture;
    free(picture);
    return NULL;
}

cwebp_picture *cwebp_import_yuv(
    const uint8_t *y, size_t y_stride, const uint8_t *u, const uint8_t *v, size_t uv_stride, int width, int height) {
    if (y_stride > INT_MAX || uv_stride > INT_MAX) return NULL;
    cwebp_picture *picture = new_picture(width, height);
    if (picture == NULL) return NULL;
    if (y_stride < (size_t)width || uv_stride < ((size_t)width + 1) / 2) {
        cwebp_free_picture(picture);
        return NULL;
    }
    WebPPicture *planes = &picture->planes;
    planes->width = width;
    planes->height = height;
    planes->colorspace = WEBP_YUV420;
    // libwebp writes to planes only where there is alpha (WebPCleanupTransparentArea), and frees only its own.
    planes->y = (uint8_t *)y;
    planes->u = (uint8_t *)u;
    planes->v = (uint8_t *)v;
    planes->y_stride = (int)y_stride;
    planes->uv_stride = (int)uv_stride;
    picture->has_planes = 1;
    return picture;
}

// Fills one of the two: `use_argb` decides what libwebp makes of the samples.
static int import(cwebp_picture *picture, WebPPicture *target, int use_argb) {
    target->width = picture->width;
    target->height = picture->height;
    target->use_argb = use_argb;
    return picture->bands == 4 ? WebPPictureImportRGBA(target, picture->pixels, picture->stride)
                               : WebPPictureImportRGB(target, picture->pixels, picture->stride);
}

static int ensure_planes(cwebp_picture *picture) {
    if (!picture->has_planes) picture->has_planes = import(picture, &picture->planes, 0);
    return picture->has_planes;
}

static int ensure_argb(cwebp_picture *picture) {
    if (!picture->has_argb) picture->has_argb = import(picture, &picture->argb, 1);
    return picture->has_argb;
}

cwebp_picture *cwebp_import_pixels(const uint8_t *pixels, size_t stride, int bands, int width, int height) {
    if (stride > INT_MAX || (bands != 3 && bands != 4)) return NULL;
    cwebp_picture *picture = new_picture(width, height);
    if (picture == NULL) return NULL;
    if (stride < (size_t)width * (size_t)bands) {
        cwebp_free_picture(picture);
        return NULL;
    }
    picture->pixels = pixels;
    picture->stride = (int)stride;
    picture->bands = bands;
    return picture;
}

void cwebp_free_picture(cwebp_picture *picture) {
    if (picture == NULL) return;
    WebPPictureFree(&picture->planes);
    WebPPictureFree(&picture->argb);
    free(picture);
}

static WebPConfig defaults(void) {
    WebPConfig config;
    // Fails only where the library's ABI is another than the header's, which shows at the first encoding.
    if (!WebPConfigInit(&config)) memset(&config, 0, sizeof config);
    return config;
}

cwebp_settings cwebp_default_settings(void) {
    WebPConfig config = defaults();
    return (cwebp_settings){
        .quality = config.quality,
        .effort = config.method,
        .lossless = config.lossless,
        .near_lossless = config.near_lossless,
        .sns_strength = config.sns_strength,
    };
}

static WebPConfig config_of(const cwebp_settings *settings) {
    WebPConfig config = defaults();
    config.quality = settings->quality;
    config.method = settings->effort;
    config.lossless = settings->lossless;
    config.near_lossless = settings->near_lossless;
    config.sns_strength = settings->sns_strength;
    return config;
}

// Bytes that a file of so many pixels seldom exceeds: a photograph has 0.1 to 0.4 a pixel, and what is never written to
// takes no memory. Larger files grow from there.
static size_t expected_bytes(const cwebp_picture *picture) {
    return (size_t)picture->width * (size_t)picture->height / 2 + 4096;
}

int cwebp_encode(cwebp_picture *picture, const cwebp_settings *settings, uint8_t **out, size_t *count) {
    *out = NULL;
    *count = 0;
    WebPConfig config = config_of(settings);
    // Its comparisons let what is no number pass.
    if (!WebPValidateConfig(&config) || config.quality != config.quality) return VP8_ENC_ERROR_INVALID_CONFIGURATION;
    if (config.lossless && picture->pixels == NULL) return VP8_ENC_ERROR_INVALID_CONFIGURATION;
    if (config.lossless ? !ensure_argb(picture) : !ensure_planes(picture)) return VP8_ENC_ERROR_OUT_OF_MEMORY;
    WebPPicture *chosen = config.lossless ? &picture->argb : &picture->planes;

    WebPMemoryWriter writer;
    WebPMemoryWriterInit(&writer);
    // Sized beforehand: a file that doubles its way up is copied as often. Without it the writer begins by itself.
    writer.mem = WebPMalloc(expected_bytes(picture));
    if (writer.mem != NULL) writer.max_size = expected_bytes(picture);
    chosen->writer = WebPMemoryWrite;
    chosen->custom_ptr = &writer;
    chosen->error_code = VP8_ENC_OK;
    int encoded = WebPEncode(&config, chosen);
    chosen->custom_ptr = NULL;
    if (!encoded) {
        WebPMemoryWriterClear(&writer);
        return chosen->error_code != VP8_ENC_OK ? (int)chosen->error_code : VP8_ENC_ERROR_LAST;
    }
    *out = writer.mem;
    *count = writer.size;
    return 0;
}

void cwebp_free(void *pointer) { WebPFree(pointer); }

const char *cwebp_error_text(int error) {
    switch (error) {
    case VP8_ENC_OK: return "encoded";
    case VP8_ENC_ERROR_OUT_OF_MEMORY:
    case VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY: return "out of memory";
    case VP8_ENC_ERROR_INVALID_CONFIGURATION: return "settings that libwebp does not have";
    case VP8_ENC_ERROR_BAD_DIMENSION: return "a side that is not 1 ... 16383 pixels";
    case VP8_ENC_ERROR_PARTITION0_OVERFLOW:
    case VP8_ENC_ERROR_PARTITION_OVERFLOW: return "more bits than a partition can have";
    case VP8_ENC_ERROR_FILE_TOO_BIG: return "more bytes than a file can have";
    case VP8_ENC_ERROR_USER_ABORT: return "told to stop";
    default: return "failed";
    }
}

// Y of limited range in full range: 16 is 0, 235 is 255; rounded, and what is outside is cut (BT.601).
static void stretch(const uint8_t *from, size_t stride, uint8_t *to, int width, int height) {
    uint8_t full[256];
    for (int y = 0; y < 256; y++) {
        int value = ((y - 16) * 510 + 219) / 438;
        full[y] = (uint8_t)(y <= 16 ? 0 : value > 255 ? 255 : value);
    }
    for (int row = 0; row < height; row++, from += stride, to += width)
        for (int column = 0; column < width; column++) to[column] = full[from[column]];
}

int cwebp_luma(cwebp_picture *picture, uint8_t *y) {
    if (!ensure_planes(picture)) return -1;
    stretch(picture->planes.y, (size_t)picture->planes.y_stride, y, picture->width, picture->height);
    return 0;
}

int cwebp_decode_luma(const uint8_t *file, size_t count, uint8_t *y, int width, int height) {
    WebPDecoderConfig config;
    if (width < 1 || height < 1 || !WebPInitDecoderConfig(&config)) return -1;
    if (WebPGetFeatures(file, count, &config.input) != VP8_STATUS_OK) return -1;
    if (config.input.width != width || config.input.height != height) return -1;
    size_t half = ((size_t)width + 1) / 2, luma = (size_t)width * (size_t)height;
    size_t chroma = half * (((size_t)height + 1) / 2);
    // The colours are decoded as well: libwebp has no mode without them.
    uint8_t *colours = malloc(2 * chroma);
    if (colours == NULL) return -1;
    config.output.colorspace = MODE_YUV;
    config.output.is_external_memory = 1;
    config.output.u.YUVA = (WebPYUVABuffer){
        .y = y, .y_stride = width, .y_size = luma,
        .u = colours, .u_stride = (int)half, .u_size = chroma,
        .v = colours + chroma, .v_stride = (int)half, .v_size = chroma,
    };
    VP8StatusCode status = WebPDecode(file, count, &config);
    free(colours);
    if (status != VP8_STATUS_OK) return -1;
    stretch(y, (size_t)width, y, width, height);
    return 0;
}
