#include "Axis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/// Half the width of the window, in samples of the rendition.
static const double lobes = 3.0;

/// sinc(x) * sinc(x / 3) within three lobes; the one sine from the other, for sin(3a) is 3 sin(a) - 4 sin(a)^3.
static double lanczos(double x) {
    if (fabs(x) >= lobes) return 0.0;
    if (fabs(x) < 1e-6) return 1.0;
    double angle = M_PI * x / lobes;
    double sine = sin(angle);
    return sine * sine * (3.0 - 4.0 * sine * sine) / (lobes * angle * angle);
}

/// Where a sample of the rendition lies in the plane, in samples from the plane's begin.
static double centre(int index, const cplanes_side *order, const plane_side *plane, int halved) {
    // Chroma lies between its pixels (T.871 §9 for JPEG, and as libwebp decodes it).
    double pixels = order->first + (halved ? 2.0 * index + 1.0 : index + 0.5);
    double stored = pixels * plane->side / order->scaled;
    if (order->reversed) stored = plane->side - stored;
    return stored * plane->density;
}

/// What lies beyond the plane counts for its last sample.
static int clamped(int sample, int samples) { return sample < 0 ? 0 : sample >= samples ? samples - 1 : sample; }

/// The weights of one sample, whole numbers whose sum is `total` exactly.
static void weigh(
    double middle, double support, double ratio, int samples, int total, int taps, double *exact, int32_t *first,
    int32_t *end, int16_t *weights) {
    // Those whose own middle lies within the window: at most `floor(2 * support) + 1`, but for what computing in
    // fractions adds at its edge, where the weight is nothing.
    int from = (int)ceil(middle - support - 0.5);
    int to = (int)floor(middle + support - 0.5);
    if (to - from > taps - 1) to = from + taps - 1;
    int begin = clamped(from, samples);
    memset(exact, 0, sizeof(double) * (size_t)taps);
    double sum = 0;
    for (int sample = from; sample <= to; sample++) {
        double weight = lanczos((sample + 0.5 - middle) / ratio);
        exact[clamped(sample, samples) - begin] += weight;
        sum += weight;
    }
    // Rounded as they add up, so that all of them are `total` together and none takes the errors of the others.
    double together = 0;
    int given = 0;
    int last = 0;
    for (int tap = 0; tap < taps; tap++) {
        together += exact[tap] / sum * total;
        int weight = (int)lround(together) - given;
        weights[tap] = (int16_t)weight;
        given += weight;
        if (weight != 0) last = tap;
    }
    *first = begin;
    *end = begin + last + 1;
}

int axis_make(
    axis *out, const cplanes_side *order, const plane_side *plane, int halved, int total, int taps_step,
    int ascending) {
    int count = halved ? (order->count + 1) / 2 : order->count;
    // Samples of the plane a sample of the rendition; the window never is narrower than the plane's own grid.
    double step = (halved ? 2.0 : 1.0) * plane->side / order->scaled * plane->density;
    double ratio = step > 1.0 ? step : 1.0;
    double support = lobes * ratio;
    // No window is wider than the plane.
    double widest = floor(2.0 * support) + 1.0;
    int taps = widest < plane->samples ? (int)widest : plane->samples;
    taps = (taps + taps_step - 1) / taps_step * taps_step;
    *out = (axis){.count = count, .taps = taps};
    out->firsts = calloc((size_t)count, sizeof *out->firsts);
    out->ends = calloc((size_t)count, sizeof *out->ends);
    out->weights = calloc((size_t)count * (size_t)taps, sizeof *out->weights);
    double *exact = calloc((size_t)taps, sizeof *exact);
    int failed = out->firsts == NULL || out->ends == NULL || out->weights == NULL || exact == NULL;
    for (int index = 0; index < count && !failed; index++) {
        int at = order->reversed && ascending ? count - 1 - index : index;
        weigh(
            centre(at, order, plane, halved), support, ratio, plane->samples, total, taps, exact, out->firsts + index,
            out->ends + index, out->weights + (size_t)index * (size_t)taps);
    }
    free(exact);
    if (failed) axis_free(out);
    return failed ? -1 : 0;
}

void axis_free(axis *axis) {
    free(axis->firsts);
    free(axis->ends);
    free(axis->weights);
    memset(axis, 0, sizeof *axis);
}
