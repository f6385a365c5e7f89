#pragma once

// How alike two pictures are: of planes of 8-bit samples, the same size, in whatever these stand for (luma, of most).

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The mean structural similarity of two planes (Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli: Image Quality
/// Assessment: From Error Visibility to Structural Similarity, IEEE TIP 13(4), 2004): a Gaussian window of 11 × 11 and
/// sigma 1.5, K1 = 0.01, K2 = 0.03, the mean over all places where the window lies wholly inside, and no reduction
/// beforehand, as the authors' ssim_index.m has it.
///
/// Symmetric; exactly 1 for equal planes; the same bits on every processor. A side of fewer than 11 samples takes a
/// window of just that side (the same Gaussian about its middle, its sum 1): a 1 × 1 plane compares two samples.
///
/// Takes some 50 KB of stack and nothing else.
///
/// @param a_stride, b_stride bytes from a row to the next; at least `width`.
/// @param width, height at least 1.
/// @return -1 to 1.
double cpixels_ssim(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride, int width, int height);

/// The peak signal-to-noise ratio of two planes in decibels: 10 · log10(255² / the mean squared difference).
///
/// @param a_stride, b_stride, width, height as for cpixels_ssim.
/// @return at least 0; INFINITY for equal planes.
double cpixels_psnr(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride, int width, int height);

/// The luma of 8-bit RGB pixels: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601, full range, as in a JPEG), rounded.
///
/// @param rgb, luma `count` pixels of 3 bytes, and room for as many bytes.
void cpixels_luma(const uint8_t *rgb, size_t count, uint8_t *luma);

/// How far samples are apart, `factor` times over, and at most 255.
///
/// @param factor 1 to 255.
void cpixels_difference(const uint8_t *a, const uint8_t *b, size_t count, int factor, uint8_t *difference);

#ifdef __cplusplus
}
#endif
