#include <math.h>

#include "CPixels.h"
#include "Versions.h"

#pragma STDC FP_CONTRACT OFF

// The window is separable, so that a place costs 22 products a map and not 121. Four maps do: of either plane, of their
// squares' sum and of their product. They go down the plane in stripes, a few rows in a ring, that the nearest cache
// holds.

enum {
    taps = 11,
    /// Places beside each other that a stripe gives.
    stripe_places = 256,
    /// Samples beside each other that they take, and some more for whole vectors.
    stripe_samples = stripe_places + taps - 1 + 6,
    /// Sums that go on beside each other.
    lanes = 8,
};

static const double sigma = 1.5;
/// (K1 · 255)² and (K2 · 255)².
static const float c1 = 6.5025F;
static const float c2 = 58.5225F;
/// Samples are taken from their middle: a variance does not change, and the squares, of which it is the difference,
/// lose two bits less of a float.
static const float middle = 128;

/// One row of every map.
typedef struct {
    float a[stripe_samples], b[stripe_samples], squares[stripe_samples], product[stripe_samples];
} maps;

/// Of so many samples the window; what it has less than `taps` is 0 at the end.
static void make_window(float window[taps], int samples) {
    const int count = samples < taps ? samples : taps;
    double weights[taps] = {0};
    double sum = 0;
    for (int tap = 0; tap < count; tap++) {
        const double distance = tap - (count - 1) / 2.0;
        weights[tap] = exp(-distance * distance / (2 * sigma * sigma));
        sum += weights[tap];
    }
    for (int tap = 0; tap < taps; tap++) window[tap] = (float)(weights[tap] / sum);
}

static inline __attribute__((always_inline)) void read_row(
    maps *restrict row, const uint8_t *restrict a, const uint8_t *restrict b, int samples) {
    for (int x = 0; x < samples; x++) {
        const float from_a = (float)a[x] - middle, from_b = (float)b[x] - middle;
        row->a[x] = from_a;
        row->b[x] = from_b;
        row->squares[x] = from_a * from_a + from_b * from_b;
        row->product[x] = from_a * from_b;
    }
}

/// Sums over rows, the first of the window at `first` of the ring.
static inline __attribute__((always_inline)) void sum_down(
    float *restrict sums, const float *restrict ring, int first, const float window[taps], int samples) {
    const float *row[taps];
    for (int tap = 0; tap < taps; tap++)
        row[tap] = ring + (size_t)((first + tap) % taps) * (sizeof(maps) / sizeof(float));
    for (int x = 0; x < samples; x++) {
        float sum = 0;
        for (int tap = 0; tap < taps; tap++) sum += row[tap][x] * window[tap];
        sums[x] = sum;
    }
}

static inline __attribute__((always_inline)) void sum_across(
    float *restrict sums, const float *restrict row, const float window[taps], int places) {
    for (int x = 0; x < places; x++) {
        float sum = 0;
        for (int tap = 0; tap < taps; tap++) sum += row[x + tap] * window[tap];
        sums[x] = sum;
    }
}

/// Equation 13 of the paper at each place.
static inline __attribute__((always_inline)) void compare(float *restrict ssim, const maps *restrict mean, int places) {
    for (int x = 0; x < places; x++) {
        const float both = mean->a[x] * mean->b[x], squares = mean->a[x] * mean->a[x] + mean->b[x] * mean->b[x];
        const float from_a = mean->a[x] + middle, from_b = mean->b[x] + middle;
        const float covariance = mean->product[x] - both, variances = mean->squares[x] - squares;
        ssim[x] = (2 * (from_a * from_b) + c1) * (2 * covariance + c2) /
                  ((from_a * from_a + from_b * from_b + c1) * (variances + c2));
    }
}

/// The sum over all places of a stripe.
CPIXELS_VERSIONS
static double stripe_sum(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride, int samples, int places,
    int height, const float across[taps], const float down[taps]) {
    maps ring[taps] = {0};
    maps rows = {0};
    maps mean;
    float ssim[stripe_places];
    double sums[lanes] = {0};
    for (int y = 0; y < height; y++) {
        read_row(&ring[y % taps], a + (size_t)y * a_stride, b + (size_t)y * b_stride, samples);
        // A plane with fewer rows than the window has what is missing of 0 in the ring, and nothing of it counts.
        if (y + 1 < taps && y + 1 < height) continue;
        const int first = height < taps ? 0 : (y + 1) % taps;
        sum_down(rows.a, ring->a, first, down, samples);
        sum_down(rows.b, ring->b, first, down, samples);
        sum_down(rows.squares, ring->squares, first, down, samples);
        sum_down(rows.product, ring->product, first, down, samples);
        sum_across(mean.a, rows.a, across, places);
        sum_across(mean.b, rows.b, across, places);
        sum_across(mean.squares, rows.squares, across, places);
        sum_across(mean.product, rows.product, across, places);
        compare(ssim, &mean, places);
        int x = 0;
        for (; x + lanes <= places; x += lanes)
            for (int lane = 0; lane < lanes; lane++) sums[lane] += ssim[x + lane];
        for (; x < places; x++) sums[0] += ssim[x];
    }
    double sum = 0;
    for (int lane = 0; lane < lanes; lane++) sum += sums[lane];
    return sum;
}

double cpixels_ssim(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride, int width, int height) {
    float across[taps], down[taps];
    make_window(across, width);
    make_window(down, height);
    const int columns = width < taps ? 1 : width - taps + 1;
    const int rows = height < taps ? 1 : height - taps + 1;
    double sum = 0;
    for (int x = 0; x < columns; x += stripe_places) {
        const int places = columns - x < stripe_places ? columns - x : stripe_places;
        const int samples = width < taps ? width : places + taps - 1;
        sum += stripe_sum(a + x, a_stride, b + x, b_stride, samples, places, height, across, down);
    }
    // Of planes that are all but equal, what was rounded may have been rounded up.
    return fmax(-1, fmin(1, sum / ((double)columns * rows)));
}
