#include "CPixels.h"
#include "Versions.h"

/// The weights in 65536ths; their sum is 65536, so that white stays white.
static const uint32_t red = 19595, green = 38470, blue = 7471, half = 32768;

CPIXELS_VERSIONS
void cpixels_luma(const uint8_t *restrict rgb, size_t count, uint8_t *restrict luma) {
    for (size_t pixel = 0; pixel < count; pixel++) {
        const uint8_t *from = rgb + 3 * pixel;
        luma[pixel] = (uint8_t)((red * from[0] + green * from[1] + blue * from[2] + half) >> 16);
    }
}

CPIXELS_VERSIONS
void cpixels_difference(
    const uint8_t *restrict a, const uint8_t *restrict b, size_t count, int factor, uint8_t *restrict difference) {
    for (size_t sample = 0; sample < count; sample++) {
        const int apart = a[sample] < b[sample] ? b[sample] - a[sample] : a[sample] - b[sample];
        difference[sample] = (uint8_t)(apart * factor < 255 ? apart * factor : 255);
    }
}
