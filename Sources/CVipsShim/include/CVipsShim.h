#ifndef CVIPSSHIM_H
#define CVIPSSHIM_H

// One typed C function a libvips call: the compiler does not check the types of variable arguments (an `int` where a
// `double` is due is undefined behaviour), so libvips' own functions are called in CVipsShim.c only.
//
// Every function that returns `int` answers 0 for success; otherwise `cvips_take_error` has the words. Images that come
// out through `out` carry one reference, which `cvips_unref` gives back. libvips is lazy: an image may refer to the
// bytes it was loaded from and to its inputs (of which it keeps references) until its pixels are wanted.

#include <stddef.h>
#include <stdint.h>

typedef struct _VipsImage VipsImage;

// Process.
/// Initialises libvips: one thread a picture, no operation cache, no loader but those below, silence on stderr.
int cvips_start(const char *program);
/// Makes and drops `kernels` resizers of the largest kind that libvips compiles, so that memory for their code is there
/// already when there can be no more executable memory.
int cvips_reserve_code(int kernels);
/// The library's version at run time: part 0 major, 1 minor, 2 micro.
int cvips_version(int part);
/// Whether the loader (`jpegload_buffer`, ...) exists and is not blocked.
int cvips_has_loader(const char *nickname);
/// The error text so far, which is then forgotten. Free it with `cvips_free`.
char *cvips_take_error(void);
void cvips_free(void *pointer);
/// Bytes that libvips has allocated for pixels and not freed.
size_t cvips_memory_in_use(void);

// Time. One picture is rendered at a time in a process.
/// From now on evaluations and encodings give up, and fail, once that much time has passed; 0 takes that back. A call
/// of a codec that asks nobody (the decoders of WebP and HEIF take a picture whole) ends when it ends.
void cvips_set_deadline(int64_t nanoseconds);
/// 1 once the time has passed; whoever is told so gives up. May be asked by any thread.
int cvips_is_overdue(void);
/// Nanoseconds until the time has passed, 0 from then on; INT64_MAX without a deadline. Asking gives nothing up.
int64_t cvips_time_left(void);
/// Whether something has given up since `cvips_set_deadline`.
int cvips_gave_up(void);

// Loading. The bytes must outlive the image and everything lazily made from it.
int cvips_load_jpeg(const void *bytes, size_t count, int shrink, VipsImage **out);
int cvips_load_png(const void *bytes, size_t count, VipsImage **out);
int cvips_load_gif(const void *bytes, size_t count, int pages, VipsImage **out);
int cvips_load_webp(const void *bytes, size_t count, int pages, VipsImage **out);
int cvips_load_heif(const void *bytes, size_t count, VipsImage **out);

// Reading a header.
/// One more reference to the image.
void cvips_ref(VipsImage *image);
void cvips_unref(VipsImage *image);
int cvips_width(const VipsImage *image);
int cvips_height(const VipsImage *image);
int cvips_bands(const VipsImage *image);
int cvips_pages(const VipsImage *image);
int cvips_page_height(const VipsImage *image);
/// The EXIF orientation, 1 ... 8; anything else reads as 1.
int cvips_orientation(const VipsImage *image);
int cvips_has_alpha(const VipsImage *image);
int cvips_is_cmyk(const VipsImage *image);
/// 8-bit sRGB with or without alpha.
int cvips_is_srgb8(const VipsImage *image);
/// Whether its samples are red, green, blue and perhaps alpha, of 8 or 16 bits.
int cvips_is_rgb(const VipsImage *image);
/// Frame delays in milliseconds, owned by the image; `*count` is 0 when it has none.
const int *cvips_delays(VipsImage *image, int *count);
/// How often an animation is played, 0 for ever; -1 when the image does not say.
int cvips_loop(VipsImage *image);
/// The embedded ICC profile, owned by the image; null when it has none.
const void *cvips_profile(VipsImage *image, size_t *count);

// Operations.
/// The same pixels without the embedded ICC profile.
int cvips_without_profile(VipsImage *in, VipsImage **out);
int cvips_resize(VipsImage *in, double horizontal, double vertical, VipsImage **out);
int cvips_crop(VipsImage *in, int left, int top, int width, int height, VipsImage **out);
/// Multiplies the colours by alpha, in floating point.
int cvips_premultiply(VipsImage *in, VipsImage **out);
/// Undoes `cvips_premultiply` and goes back to the sample format that `like` has.
int cvips_unpremultiply(VipsImage *in, const VipsImage *like, VipsImage **out);
/// To 8-bit sRGB by the embedded profile; CMYK without one by the built-in profile.
int cvips_icc_to_srgb(VipsImage *in, VipsImage **out);
/// To 8-bit sRGB by the colour space that the image says it is in.
int cvips_to_srgb(VipsImage *in, VipsImage **out);
int cvips_keep_bands(VipsImage *in, int bands, VipsImage **out);
int cvips_add_alpha(VipsImage *in, VipsImage **out);
int cvips_flip_horizontal(VipsImage *in, VipsImage **out);
int cvips_rotate(VipsImage *in, int quarters, VipsImage **out);
/// Puts the image on a canvas of `rgba` (as many components as the image has bands).
int cvips_embed(
    VipsImage *in, int left, int top, int width, int height, const uint8_t *rgba, VipsImage **out);

// Evaluation.
/// Computes all pixels, top to bottom, and keeps none.
int cvips_decode(VipsImage *in);
/// Computes all pixels into memory of the new image.
int cvips_materialise(VipsImage *in, VipsImage **out);
/// The samples of an image whose pixels are in memory (8-bit), top row first and without gaps; owned by the image. NULL
/// where they are not, or cannot be had.
const uint8_t *cvips_pixels(VipsImage *image);
/// An 8-bit sRGB image in memory, to be filled by `cvips_paste`; no pixel is defined before.
int cvips_new_strip(int width, int height, int bands, VipsImage **out);
/// Computes all pixels of `in` (8-bit, as wide and with as many bands as `strip`) into the strip's rows from `top`.
int cvips_paste(VipsImage *in, VipsImage *strip, int top);

// Saving.
/// A copy of the image without any metadata: EXIF, XMP, IPTC, ICC, comments, everything that is no pixel.
int cvips_without_metadata(VipsImage *in, VipsImage **out);
/// A copy that says: this strip is an animation. `loop` below 0 leaves the count to the encoder.
int cvips_animate(
    VipsImage *in, int page_height, const int *delays, int count, int loop, VipsImage **out);
/// Free `*out` with `cvips_free`.
int cvips_save_webp(
    VipsImage *in, int quality, int effort, int lossless, void **out, size_t *count);
/// Without alpha; what was transparent shows the colour.
int cvips_flatten(VipsImage *in, const uint8_t *rgb, VipsImage **out);
/// A progressive JPEG of an image without alpha. Free `*out` with `cvips_free`.
int cvips_save_jpeg(VipsImage *in, int quality, void **out, size_t *count);
/// An AVIF of 8 bits a sample, with the image's ICC profile where it has one. The encoder takes the picture whole and
/// asks nobody for the time. Free `*out` with `cvips_free`.
int cvips_save_avif(VipsImage *in, int quality, int effort, void **out, size_t *count);
/// Puts images of one size and one form side by side.
int cvips_beside(VipsImage **images, int count, VipsImage **out);
/// A PNG without metadata, made quickly. Free `*out` with `cvips_free`.
int cvips_save_png(VipsImage *in, void **out, size_t *count);
/// Writes in the format that `suffix` names (`.jpg`, `.png`, `.gif`): samples for start-up and for tests.
int cvips_save_sample(VipsImage *in, const char *suffix, void **out, size_t *count);
/// A picture of the given samples: 8-bit, or 16-bit in the machine's byte order. `space` is `srgb`, `b-w`, `cmyk`,
/// `rgb16` or `grey16`. The bytes are copied.
int cvips_from_samples(
    const void *samples, size_t count, int width, int height, int bands, const char *space, VipsImage **out);
void cvips_set_orientation(VipsImage *image, int orientation);
void cvips_set_blob(VipsImage *image, const char *name, const void *bytes, size_t count);
/// Computes all pixels into `*out` (free it with `cvips_free`).
int cvips_samples(VipsImage *in, void **out, size_t *count);

#endif
