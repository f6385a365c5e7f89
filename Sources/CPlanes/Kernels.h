#ifndef CPLANES_KERNELS_H
#define CPLANES_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// The two inner loops of resizing, in fixed point, for the processor that is there.

/// Bits after the point of a weight: weights of one sample sum up to `1 << WEIGHT_BITS`.
#define WEIGHT_BITS 14
/// Bits after the point of a sample that has been resized in one direction.
#define LINE_BITS 6
/// Weights come in multiples of this many; what is too many is 0.
#define TAPS_STEP 8
/// How many samples further than its last one a row may be read.
#define ROW_SLACK 64

/// One row of `width` samples from `taps` rows.
typedef void (*weigh_rows)(const uint8_t *const *rows, const int16_t *weights, int taps, int16_t *line, size_t width);

/// `count` samples from a row: sample `i` from `taps` samples from `firsts[i]` on, by the weights from `i * taps` on.
/// `bias` is in units of a final sample shifted by `LINE_BITS + WEIGHT_BITS`; results stay within `low` ... `high`.
typedef struct {
    const int32_t *firsts;
    const int16_t *weights;
    int taps;
    int count;
    int32_t bias;
    int low;
    int high;
} line_weights;
typedef void (*weigh_line)(const int16_t *line, const line_weights *weights, uint8_t *out);

typedef struct {
    weigh_rows rows;
    weigh_line line;
} kernels;

/// Those for this processor.
kernels kernels_for_this_processor(void);

#endif
