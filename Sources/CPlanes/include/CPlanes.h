#ifndef CPLANES_H
#define CPLANES_H

// A JPEG's planes (Y, Cb, Cr as they are stored, ITU-T T.871), decoded at a fraction of their size, resized one by one
// and given out as WebP's encoder takes them: 4:2:0, limited range (ITU-R BT.601), upright. No pixel is ever made RGB,
// and no chroma sample is made that would be thrown away again.
//
// What is decoded comes from strangers. Nothing here writes to standard error or ends the process; what is wrong with a
// picture is an answer, and so is that it is none for this way.

#include <stddef.h>
#include <stdint.h>

typedef struct cplanes_jpeg cplanes_jpeg;

/// How a call ended.
enum {
    CPLANES_DONE = 0,
    /// A picture of another kind than this way is for: inks, RGB, unusual sampling. Nothing is wrong with it.
    CPLANES_OTHER = 1,
    /// The decoder has an error or a warning for it; `cplanes_words` has the text.
    CPLANES_BROKEN = 2,
    /// `is_overdue` said so.
    CPLANES_OVERDUE = 3,
    /// No memory, or more wanted than `memory_max`.
    CPLANES_MEMORY = 4,
    /// An order that cannot be: the caller's fault.
    CPLANES_ORDER = 5,
};

/// What a picture may cost.
typedef struct {
    /// Of the picture as stored.
    int64_t pixels_max;
    int side_max;
    /// Bytes that the decoder may take for itself: a progressive picture's coefficients.
    int64_t memory_max;
} cplanes_limits;

/// One side of a rendition, in terms of the picture as stored (before it is turned upright).
typedef struct {
    /// The length to which the whole side is scaled; not more than the side has.
    int scaled;
    /// What is kept of that, counted in the rendition's direction.
    int first;
    int count;
    /// Whether the rendition's direction is from the stored picture's end to its begin.
    int reversed;
} cplanes_side;

/// One rendition.
typedef struct {
    cplanes_side horizontal;
    cplanes_side vertical;
    /// Whether rows become columns at last.
    int transposed;
} cplanes_order;

/// A rendition's planes. Chroma has half as many samples either way, rounded up, which lie in the middle of four of
/// luma's.
typedef struct {
    int width;
    int height;
    uint8_t *y;
    uint8_t *u;
    uint8_t *v;
    size_t y_stride;
    size_t uv_stride;
} cplanes_picture;

/// Reads the header. The bytes must outlive what `*out` is set to, which `cplanes_close` takes back whatever the answer
/// is.
int cplanes_open(const void *bytes, size_t count, const cplanes_limits *limits, cplanes_jpeg **out);
void cplanes_close(cplanes_jpeg *jpeg);

/// As stored.
int cplanes_width(const cplanes_jpeg *jpeg);
int cplanes_height(const cplanes_jpeg *jpeg);
/// What the decoder said of a broken picture; of the handle, and never null.
const char *cplanes_words(const cplanes_jpeg *jpeg);

/// Decodes once and makes every order of it; once a handle.
///
/// Each is resized from the decoded rows while they come, by a Lanczos-3 window as wide as the reduction asks for. The
/// answer is `CPLANES_DONE` only where the decoder had nothing at all to say against the picture, to its last row.
///
/// - `eighths`: 1 ... 8: the fraction of its size at which the picture is decoded.
/// - `is_overdue`: asked for every row of blocks; other than 0 ends it. May be null.
/// - `out`: as many as orders; those are filled that `CPLANES_DONE` answers, and each is freed by `cplanes_free`.
int cplanes_decode(
    cplanes_jpeg *jpeg, int eighths, const cplanes_order *orders, int count, int (*is_overdue)(void),
    cplanes_picture *out);

void cplanes_free(cplanes_picture *picture);

#endif
