#include <math.h>

#include "CPixels.h"
#include "Versions.h"

/// Samples whose squared differences 32 bits hold: 255² · 65536 is less than 2³².
static const int piece_samples = 65536;

/// The sum of the squared differences; `count` at most `piece_samples`.
CPIXELS_VERSIONS
static uint32_t squared_differences(const uint8_t *restrict a, const uint8_t *restrict b, int count) {
    uint32_t sum = 0;
    for (int x = 0; x < count; x++) {
        const int difference = a[x] - b[x];
        sum += (uint32_t)(difference * difference);
    }
    return sum;
}

double cpixels_psnr(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride, int width, int height) {
    uint64_t sum = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x += piece_samples) {
            const int count = width - x < piece_samples ? width - x : piece_samples;
            sum += squared_differences(a + (size_t)y * a_stride + x, b + (size_t)y * b_stride + x, count);
        }
    if (sum == 0) return INFINITY;
    return 10 * log10(255.0 * 255.0 * width * height / (double)sum);
}
