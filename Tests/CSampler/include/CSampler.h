#ifndef CSAMPLER_H
#define CSAMPLER_H

#include <stddef.h>
#include <stdint.h>

/// Writes a JPEG in a sampling that libvips does not write: `horizontal` × `vertical` of Y to one of Cb and Cr. For the
/// tests' own pictures only: what fails ends the process.
///
/// - `samples`: RGB, without gaps; or grey where `bands` is 1.
/// - `count`: of the bytes that are answered; free them with `free`.
uint8_t *csampler_jpeg(
    const uint8_t *samples, int bands, int width, int height, int horizontal, int vertical, int quality,
    int progressive, size_t *count);

/// What a picture of pixels looks like as planes (BT.601, limited range): Y of each pixel, U and V of the mean of each
/// four. `rgb` has `bands` (3 or 4) samples a pixel; `u` and `v` have half the width and height, rounded up.
void csampler_planes(const uint8_t *rgb, int bands, int width, int height, uint8_t *y, uint8_t *u, uint8_t *v);

#endif
