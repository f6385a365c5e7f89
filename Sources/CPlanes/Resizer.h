#ifndef CPLANES_RESIZER_H
#define CPLANES_RESIZER_H

#include <stddef.h>
#include <stdint.h>
#include "Axis.h"
#include "Kernels.h"

// Makes a plane of a rendition from a plane's rows while they come from the decoder.

/// The last rows of a plane, as many as any window needs and one more turn of the decoder.
typedef struct {
    uint8_t *memory;
    size_t stride;
    /// Row `i` of the plane lies in slot `i % slots`.
    int slots;
    /// Rows that have come so far.
    int filled;
} row_ring;

/// What the samples of a plane are: it decides on their range in the rendition, and whether there are half as many.
typedef enum { LUMA, CHROMA } plane_kind;

/// How planes of a kind become planes of a rendition: the same for both planes of chroma.
typedef struct {
    plane_kind kind;
    axis vertical;
    axis horizontal;
    /// Whether the rows that are made come last row first.
    int is_upside_down;
} reduction;

/// - `width`, `height`: of the planes that come.
/// - Returns 0, or -1 without memory.
int reduction_make(
    reduction *out, plane_kind kind, const cplanes_order *order, const plane_side *width, const plane_side *height);
void reduction_free(reduction *reduction);

/// One plane on its way.
typedef struct {
    const reduction *by;
    kernels kernels;
    /// A row that is resized vertically, with room for what the kernels read behind it.
    int16_t *line;
    const uint8_t **window;
    /// Where the next row that is made goes; `step` is negative for a plane that is upside down.
    uint8_t *next;
    ptrdiff_t step;
    int made;
} resizer;

/// - `by`: outlives the resizer.
/// - `width`: samples in a row that comes.
/// - `rows`: the first row of the plane that is to be made, `stride` from row to row.
/// - Returns 0, or -1 without memory.
int resizer_make(resizer *out, const reduction *by, int width, uint8_t *rows, size_t stride);

/// Makes what rows can be made from those that have come, each `width` samples wide.
void resizer_continue(resizer *resizer, const row_ring *rows, int width);

void resizer_free(resizer *resizer);

#endif
