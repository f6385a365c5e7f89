#ifndef CPLANES_AXIS_H
#define CPLANES_AXIS_H

#include <stdint.h>
#include "CPlanes.h"

// Which samples of a plane a sample of the rendition is made of, along one side.

/// What a plane is to the picture, along one side.
typedef struct {
    /// Samples that there are, without the decoder's padding.
    int samples;
    /// Samples a pixel of the picture as stored: 0.375 at three eighths, half of it where chroma has half.
    double density;
    /// Of the picture as stored, in pixels.
    int side;
} plane_side;

typedef struct {
    /// Samples of the rendition.
    int count;
    /// Weights of each.
    int taps;
    /// The first sample of the plane that counts for each; in stored order of the rendition's samples, so it never
    /// falls. `firsts[i] + taps` can reach beyond the plane, where the weights are 0.
    int32_t *firsts;
    int16_t *weights;
    /// One past the last sample of the plane that has weight, for each.
    int32_t *ends;
} axis;

/// - `halved`: whether it is a chroma plane's, of which the rendition has half the samples.
/// - `total`: what weights sum up to.
/// - `taps_step`: `taps` is a multiple of it.
/// - `ascending`: samples of the rendition from the stored picture's begin to its end, whatever the order's direction;
///   otherwise in the rendition's direction.
/// - Returns 0, or -1 without memory.
int axis_make(
    axis *out, const cplanes_side *order, const plane_side *plane, int halved, int total, int taps_step,
    int ascending);
void axis_free(axis *axis);

#endif
