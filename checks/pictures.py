"""What the checks ask of pictures: their likeness to a reference, and what a WebP file carries beside pixels."""

import numpy
import pyvips

# SSIM's constants K1 = 0.01 and K2 = 0.03 (Wang et al. 2004).
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2

# The mean over 8×8 windows is the ruler of PERFORMANCE.md and so of every bound: it gives that table's seven figures,
# from .9777 at effort 0 to .9801 at effort 6, to the last digit.
BOX = numpy.full(8, 1 / 8)
# The 11×11 Gaussian of the paper, sigma 1.5, says about .0035 less for the same two pictures.
GAUSSIAN = numpy.exp(-((numpy.arange(11) - 5) ** 2) / (2 * 1.5**2))
GAUSSIAN /= GAUSSIAN.sum()


def decoded(picture):
    """The RGB of a file's bytes as an array of height × width × 3, in floats of 0...255."""
    return pyvips.Image.new_from_buffer(picture, "").numpy()[..., :3].astype(numpy.float64)


def plain_preview(path, side):
    """What two plain libvips calls make of a photograph: the rendition that the bounds were taken from."""
    return pyvips.Image.thumbnail(str(path), side, height=side, size="down").webpsave_buffer(Q=80, effort=4)


def resized_in_full(path, width):
    """The reference: every pixel decoded (no shrink on load), then one lanczos3 resize."""
    source = pyvips.Image.new_from_file(str(path), access="sequential")
    return source.resize(width / source.width, kernel="lanczos3").numpy().astype(numpy.float64)


def luma(pixels):
    """BT.601 luma in full range, as floats of 0...255."""
    return pixels @ numpy.array([0.299, 0.587, 0.114])


def ssim(one, other, window=BOX):
    """The mean SSIM of two planes over the windows that lie inside the picture, at every pixel."""

    def blur(plane):
        for axis in (0, 1):
            length = plane.shape[axis] - len(window) + 1
            plane = sum(weight * plane.take(range(at, at + length), axis=axis) for at, weight in enumerate(window))
        return plane

    mean1, mean2 = blur(one), blur(other)
    variance1 = blur(one * one) - mean1**2
    variance2 = blur(other * other) - mean2**2
    covariance = blur(one * other) - mean1 * mean2
    top = (2 * mean1 * mean2 + C1) * (2 * covariance + C2)
    bottom = (mean1**2 + mean2**2 + C1) * (variance1 + variance2 + C2)
    return float((top / bottom).mean())


def psnr(one, other):
    """Over all samples of both arrays, in dB. PERFORMANCE.md's figures are of RGB."""
    return float(10 * numpy.log10(255**2 / ((one - other) ** 2).mean()))


def riff_chunks(webp):
    """The names of a WebP file's chunks, those of its frames included; raises ValueError where the file is torn."""
    if webp[:4] != b"RIFF" or webp[8:12] != b"WEBP":
        raise ValueError("no RIFF/WEBP header")
    if int.from_bytes(webp[4:8], "little") + 8 != len(webp):
        raise ValueError("the RIFF length is not the file's")
    return list(_chunks(webp, 12, len(webp)))


def _chunks(webp, at, end):
    while at < end:
        name, size = webp[at : at + 4], int.from_bytes(webp[at + 4 : at + 8], "little")
        if at + 8 + size > end:
            raise ValueError(f"chunk {name} is longer than the file")
        yield name.decode("latin-1")
        if name == b"ANMF":
            # 16 bytes of frame header, then the frame's own chunks (RFC 9649 §2.7.1.1).
            yield from _chunks(webp, at + 8 + 16, at + 8 + size)
        at += 8 + size + size % 2


METADATA_CHUNKS = {"EXIF", "XMP ", "ICCP"}
