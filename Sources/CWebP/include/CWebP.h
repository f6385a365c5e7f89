#ifndef CWEBP_H
#define CWEBP_H

// libwebp's encoder, called directly: one import of the pixels serves as many encodings as a search for the quality
// takes, and the picture that an encoding is measured against is the very one that was encoded.
//
// A file made here holds pixels, and transparency where there is any, and nothing else. All of this is for one thread
// at a time a picture.

#include <stddef.h>
#include <stdint.h>

/// Lets every encoding of this process ask, many times a picture and on whichever thread it runs, whether to go on. It
/// fails when the answer is 0. Call it before the first.
void cwebp_ask(int (*go_on)(void));

/// Pixels as the encoder wants them.
typedef struct cwebp_picture cwebp_picture;

/// Takes planes as they are: Y, U and V of BT.601 in limited range (Y 16 ... 235), U and V at half the width and
/// height, rounded up. They are borrowed and never written to: they must outlive the picture.
///
/// NULL where a side is not 1 ... 16383, a stride is too short, or memory is short.
cwebp_picture *cwebp_import_yuv(
    const uint8_t *y, size_t y_stride, const uint8_t *u, const uint8_t *v, size_t uv_stride, int width, int height);

/// Takes 8-bit sRGB samples, interleaved: `bands` is 3, or 4 with alpha, which is not multiplied into the colours. They
/// are borrowed, and read again by the first encoding of another kind (with loss, without): they must outlive the
/// picture.
///
/// NULL where a side is not 1 ... 16383, `bands` is another, the stride is too short, or memory is short.
cwebp_picture *cwebp_import_pixels(const uint8_t *pixels, size_t stride, int bands, int width, int height);

void cwebp_free_picture(cwebp_picture *picture);

typedef struct {
    /// 0 ... 100; fractions count. Lossless: how much time is taken.
    float quality;
    /// The method: 0 (fast) ... 6 (small).
    int effort;
    /// 1: every visible pixel is kept; only for a picture of samples, not of planes.
    int lossless;
    /// With `lossless`: how much of the lowest bits is kept, 0 ... 100 (all).
    int near_lossless;
    /// How much more is taken from where it is seen least, 0 ... 100.
    int sns_strength;
} cwebp_settings;

/// libwebp's own, which are also webpsave's.
cwebp_settings cwebp_default_settings(void);

/// 0, or one of libwebp's errors (`cwebp_error_text`). Free `*out` with `cwebp_free`.
///
/// The same picture and settings give the same bytes, whatever was encoded before.
int cwebp_encode(cwebp_picture *picture, const cwebp_settings *settings, uint8_t **out, size_t *count);
void cwebp_free(void *pointer);
/// For logs: what became of an encoding.
const char *cwebp_error_text(int error);

/// Copies the luma that encodings with loss are made of, stretched to full range (0 ... 255), into `y`: `width` ×
/// `height` samples without gaps. Colours below full transparency are what the last encoding with loss has made of
/// them. 0, or -1 where memory is short.
int cwebp_luma(cwebp_picture *picture, uint8_t *y);
/// The same of a file that `cwebp_encode` has made, decoded (and of no other: this is no decoder for what strangers
/// send). 0, or -1 where it is no such file of that size.
int cwebp_decode_luma(const uint8_t *file, size_t count, uint8_t *y, int width, int height);

#endif
