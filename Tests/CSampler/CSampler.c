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
