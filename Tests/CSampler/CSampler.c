#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "CSampler.h"

uint8_t *csampler_jpeg(
    const uint8_t *samples, int bands, int width, int height, int horizontal, int vertical, int quality,
    int progressive, size_t *count) {
    struct jpeg_compress_struct encoder;
    struct jpeg_error_mgr errors;
    encoder.err = jpeg_std_error(&errors);
    jpeg_create_compress(&encoder);
    unsigned char *file = NULL;
    unsigned long length = 0;
    jpeg_mem_dest(&encoder, &file, &length);
    encoder.image_width = (JDIMENSION)width;
    encoder.image_height = (JDIMENSION)height;
    encoder.input_components = bands;
    encoder.in_color_space = bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&encoder);
    jpeg_set_quality(&encoder, quality, TRUE);
    encoder.comp_info[0].h_samp_factor = horizontal;
    encoder.comp_info[0].v_samp_factor = vertical;
    if (progressive) jpeg_simple_progression(&encoder);
    jpeg_start_compress(&encoder, TRUE);
    while (encoder.next_scanline < encoder.image_height) {
        JSAMPROW row = (JSAMPROW)samples + (size_t)encoder.next_scanline * (size_t)width * (size_t)bands;
        jpeg_write_scanlines(&encoder, &row, 1);
    }
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    *count = length;
    return file;
}

static double luma(const double *rgb) { return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]; }

static int least(int one, int other) { return one < other ? one : other; }

void csampler_planes(const uint8_t *rgb, int bands, int width, int height, uint8_t *y, uint8_t *u, uint8_t *v) {
    for (int at = 0; at < width * height; at++) {
        double pixel[3] = {rgb[at * bands], rgb[at * bands + 1], rgb[at * bands + 2]};
        y[at] = (uint8_t)(16.5 + luma(pixel) * 219 / 255);
    }
    for (int top = 0; top < height; top += 2) {
        for (int left = 0; left < width; left += 2) {
            double mean[3] = {0, 0, 0};
            for (int part = 0; part < 4; part++) {
                int at = least(top + part / 2, height - 1) * width + least(left + part % 2, width - 1);
                for (int band = 0; band < 3; band++) mean[band] += rgb[at * bands + band] / 4.0;
            }
            *u++ = (uint8_t)(128.5 + (mean[2] - luma(mean)) / 1.772 * 224 / 255);
            *v++ = (uint8_t)(128.5 + (mean[0] - luma(mean)) / 1.402 * 224 / 255);
        }
    }
}
