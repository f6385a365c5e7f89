#include "Resizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/// 16 ... 235 for luma, 16 ... 240 for chroma (BT.601), in place of 0 ... 255.
static const double luma_range = 219.0 / 255.0;
static const double chroma_range = 224.0 / 255.0;

/// What is added to a sample after it was scaled to its range, in fixed point. 128 is no colour and must stay 128: the
/// nearest whole number, 16, would be a green cast.
static int32_t bias(plane_kind kind) {
    double offset = kind == LUMA ? 16.0 : 128.0 - 128.0 * chroma_range;
    // A half more, for shifting cuts off.
    return (int32_t)lround((offset + 0.5) * (1 << (LINE_BITS + WEIGHT_BITS)));
}

int reduction_make(
    reduction *out, plane_kind kind, const cplanes_order *order, const plane_side *width, const plane_side *height) {
    const int halved = kind == CHROMA;
    const int unit = 1 << WEIGHT_BITS;
    // Mapping to the rendition's range costs nothing where it is in the weights.
    const int ranged = (int)lround(unit * (kind == LUMA ? luma_range : chroma_range));
    memset(out, 0, sizeof *out);
    out->kind = kind;
    out->is_upside_down = order->vertical.reversed;
    if (axis_make(&out->vertical, &order->vertical, height, halved, unit, 1, 1) != 0) return -1;
    return axis_make(&out->horizontal, &order->horizontal, width, halved, ranged, TAPS_STEP, 0);
}

void reduction_free(reduction *reduction) {
    axis_free(&reduction->vertical);
    axis_free(&reduction->horizontal);
}

int resizer_make(resizer *out, const reduction *by, int width, uint8_t *rows, size_t stride) {
    memset(out, 0, sizeof *out);
    out->by = by;
    out->kernels = kernels_for_this_processor();
    out->line = calloc((size_t)width + (size_t)by->horizontal.taps + ROW_SLACK, sizeof *out->line);
    out->window = calloc((size_t)by->vertical.taps, sizeof *out->window);
    if (out->line == NULL || out->window == NULL) return -1;
    out->step = by->is_upside_down ? -(ptrdiff_t)stride : (ptrdiff_t)stride;
    out->next = by->is_upside_down ? rows + stride * (size_t)(by->vertical.count - 1) : rows;
    return 0;
}

void resizer_continue(resizer *resizer, const row_ring *rows, int width) {
    const axis *vertical = &resizer->by->vertical;
    const axis *horizontal = &resizer->by->horizontal;
    const line_weights across = {
        .firsts = horizontal->firsts, .weights = horizontal->weights, .taps = horizontal->taps,
        .count = horizontal->count, .bias = bias(resizer->by->kind), .low = 16,
        .high = resizer->by->kind == LUMA ? 235 : 240,
    };
    while (resizer->made < vertical->count && vertical->ends[resizer->made] <= rows->filled) {
        int first = vertical->firsts[resizer->made];
        int taps = vertical->ends[resizer->made] - first;
        for (int tap = 0; tap < taps; tap++)
            resizer->window[tap] = rows->memory + (size_t)((first + tap) % rows->slots) * rows->stride;
        const int16_t *weights = vertical->weights + (size_t)resizer->made * (size_t)vertical->taps;
        resizer->kernels.rows(resizer->window, weights, taps, resizer->line, (size_t)width);
        resizer->kernels.line(resizer->line, &across, resizer->next);
        resizer->next += resizer->step;
        resizer->made++;
    }
}

void resizer_free(resizer *resizer) {
    free(resizer->line);
    free(resizer->window);
    memset(resizer, 0, sizeof *resizer);
}
