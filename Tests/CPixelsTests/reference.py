"""The figures that PixelsTests.swift expects: SSIM and PSNR as the papers define them, in double precision.

With two files, the figures of these: opaque pictures in sRGB of one size, decoded by libvips, their luma by BT.601.
"""

import sys

import numpy


def plane(width, height, noisy):
    """What SyntheticPlane.swift draws."""
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.int64)
    slope = ((x * 7 + y * 13 + (x * y) // 5) // 3) % 200 + 20
    if not noisy:
        return slope.astype(float)
    mixed = ((x * 2654435761) & 0xFFFFFFFF) ^ ((y * 2246822519) & 0xFFFFFFFF)
    mixed ^= mixed >> 15
    mixed = (mixed * 2246822519) & 0xFFFFFFFF
    return (slope + (mixed ^ mixed >> 13) % 31 - 10).astype(float)


def window(samples):
    """A Gaussian of sigma 1.5 over 11 samples, or over all where there are fewer."""
    taps = min(samples, 11)
    weights = numpy.exp(-((numpy.arange(taps) - (taps - 1) / 2) ** 2) / (2 * 1.5**2))
    return weights / weights.sum()


def ssim(a, b):
    weights = numpy.outer(window(a.shape[0]), window(a.shape[1]))

    def mean(values):
        return (numpy.lib.stride_tricks.sliding_window_view(values, weights.shape) * weights).sum((2, 3))

    mean_a, mean_b = mean(a), mean(b)
    variances = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return (likeness / ((mean_a**2 + mean_b**2 + c1) * (variances + c2))).mean()


def psnr(a, b):
    return 10 * numpy.log10(255**2 / ((a - b) ** 2).mean())


def luma(path):
    import pyvips

    pixels = pyvips.Image.new_from_file(path).numpy()[:, :, :3].astype(float)
    return numpy.floor(pixels @ [0.299, 0.587, 0.114] + 0.5)


def main():
    if len(sys.argv) == 3:
        a, b = luma(sys.argv[1]), luma(sys.argv[2])
        print(f"ssim {ssim(a, b):.9f} psnr {psnr(a, b):.9f}")
        return
    sizes = (300, 40), (267, 11), (266, 12), (64, 48), (11, 11), (10, 30), (30, 7), (5, 4), (2, 1), (1, 1)
    for width, height in sizes:
        a, b = plane(width, height, False), plane(width, height, True)
        print(f"Figures(width: {width}, height: {height}, ssim: {ssim(a, b):.9f}, psnr: {psnr(a, b):.9f}),")


if __name__ == "__main__":
    main()
