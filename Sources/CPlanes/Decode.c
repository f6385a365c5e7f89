#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "CPlanes.h"
#include "Resizer.h"

/// Y, Cb and Cr.
#define PLANES_MAX 3
/// A picture whose file has more scans is none that a camera or an encoder made; libvips draws the line there as well.
#define SCANS_MAX 100

struct cplanes_jpeg {
    struct jpeg_decompress_struct decoder;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_source_mgr source;
    /// Of the file, what the decoder has not been given yet.
    const uint8_t *next_byte;
    size_t bytes_left;
    jmp_buf broken;
    int status;
    int (*is_overdue)(void);
    char words[JMSG_LENGTH_MAX];
    /// What the rows of one turn are read into: pointers into the rings.
    JSAMPROW *turns[PLANES_MAX];
    row_ring rings[PLANES_MAX];
    /// Two a rendition: of luma and of chroma.
    reduction *reductions;
    /// One a plane of a rendition.
    resizer *resizers;
    int orders;
};

// How the decoder speaks to us. It is left by `longjmp` alone, to where the call of this module began: between there
// and here are frames of libjpeg only.

static void leave(struct cplanes_jpeg *jpeg, int status) {
    jpeg->status = status;
    longjmp(jpeg->broken, 1);
}

static void on_error(j_common_ptr decoder) {
    struct cplanes_jpeg *jpeg = decoder->client_data;
    if (jpeg->words[0] == 0) (*decoder->err->format_message)(decoder, jpeg->words);
    leave(jpeg, decoder->err->msg_code == JERR_OUT_OF_MEMORY || decoder->err->msg_code == JERR_NO_BACKING_STORE
        ? CPLANES_MEMORY : CPLANES_BROKEN);
}

/// `level` is -1 for a warning, and more for what is nobody's business.
static void on_message(j_common_ptr decoder, int level) {
    if (level >= 0) return;
    // What the decoder mends is not what was uploaded: a warning ends it as an error does.
    on_error(decoder);
}

static void on_output(j_common_ptr decoder) { (void)decoder; }

static void on_progress(j_common_ptr decoder) {
    struct cplanes_jpeg *jpeg = decoder->client_data;
    if (jpeg->is_overdue != NULL && jpeg->is_overdue()) leave(jpeg, CPLANES_OVERDUE);
    if (jpeg->decoder.input_scan_number > SCANS_MAX) leave(jpeg, CPLANES_BROKEN);
}

// All bytes are there from the start, and are handed out by the piece all the same: libjpeg-turbo takes a bad code for
// a good one where it has enough bytes to hurry (`decode_mcu_fast`), and notices it only near the end of what it was
// given. libvips reads pieces of this size, so either way finds the same fault with a picture.
#define PIECE_BYTES 4096

static void source_begins(j_decompress_ptr decoder) { (void)decoder; }
static void source_ends(j_decompress_ptr decoder) { (void)decoder; }

static boolean next_piece(j_decompress_ptr decoder) {
    struct cplanes_jpeg *jpeg = decoder->client_data;
    // Who wants more than there is has come to the end of a picture that is cut off.
    if (jpeg->bytes_left == 0) ERREXIT(decoder, JERR_INPUT_EOF);
    size_t count = jpeg->bytes_left < PIECE_BYTES ? jpeg->bytes_left : PIECE_BYTES;
    decoder->src->next_input_byte = jpeg->next_byte;
    decoder->src->bytes_in_buffer = count;
    jpeg->next_byte += count;
    jpeg->bytes_left -= count;
    return TRUE;
}

static void skip_bytes(j_decompress_ptr decoder, long count) {
    if (count <= 0) return;
    size_t left = (size_t)count;
    while (left > decoder->src->bytes_in_buffer) {
        left -= decoder->src->bytes_in_buffer;
        next_piece(decoder);
    }
    decoder->src->next_input_byte += left;
    decoder->src->bytes_in_buffer -= left;
}

/// Whether the planes are what this way is for: Y alone, or Y with two alike that have at most as many samples.
static int has_known_planes(const struct jpeg_decompress_struct *decoder) {
    const jpeg_component_info *components = decoder->comp_info;
    if (decoder->data_precision != 8) return 0;
    if (decoder->num_components == 1) return decoder->jpeg_color_space == JCS_GRAYSCALE;
    if (decoder->num_components != PLANES_MAX || decoder->jpeg_color_space != JCS_YCbCr) return 0;
    const jpeg_component_info *y = components, *u = components + 1, *v = components + 2;
    return y->h_samp_factor == decoder->max_h_samp_factor && y->v_samp_factor == decoder->max_v_samp_factor
        && u->h_samp_factor == v->h_samp_factor && u->v_samp_factor == v->v_samp_factor
        && y->h_samp_factor % u->h_samp_factor == 0 && y->v_samp_factor % u->v_samp_factor == 0;
}

static int is_within(const struct jpeg_decompress_struct *decoder, const cplanes_limits *limits) {
    return decoder->image_width >= 1 && decoder->image_height >= 1
        && decoder->image_width <= (JDIMENSION)limits->side_max
        && decoder->image_height <= (JDIMENSION)limits->side_max
        && (int64_t)decoder->image_width * decoder->image_height <= limits->pixels_max;
}

int cplanes_open(const void *bytes, size_t count, const cplanes_limits *limits, cplanes_jpeg **out) {
    struct cplanes_jpeg *jpeg = calloc(1, sizeof *jpeg);
    *out = jpeg;
    if (jpeg == NULL) return CPLANES_MEMORY;
    j_decompress_ptr decoder = &jpeg->decoder;
    decoder->err = jpeg_std_error(&jpeg->errors);
    jpeg->errors.error_exit = on_error;
    jpeg->errors.emit_message = on_message;
    jpeg->errors.output_message = on_output;
    decoder->client_data = jpeg;
    if (setjmp(jpeg->broken) != 0) return jpeg->status;
    jpeg_create_decompress(decoder);
    decoder->mem->max_memory_to_use = (long)limits->memory_max;
    jpeg->progress.progress_monitor = on_progress;
    decoder->progress = &jpeg->progress;
    jpeg->next_byte = bytes;
    jpeg->bytes_left = count;
    jpeg->source = (struct jpeg_source_mgr){
        .init_source = source_begins, .fill_input_buffer = next_piece, .skip_input_data = skip_bytes,
        .resync_to_restart = jpeg_resync_to_restart, .term_source = source_ends,
    };
    decoder->src = &jpeg->source;
    jpeg_read_header(decoder, TRUE);
    return has_known_planes(decoder) && is_within(decoder, limits) ? CPLANES_DONE : CPLANES_OTHER;
}

void cplanes_close(cplanes_jpeg *jpeg) {
    if (jpeg == NULL) return;
    // A decoder that was never created has no memory manager; destroying it is nothing then.
    jpeg_destroy_decompress(&jpeg->decoder);
    for (int plane = 0; plane < PLANES_MAX; plane++) {
        free(jpeg->turns[plane]);
        free(jpeg->rings[plane].memory);
    }
    for (int index = 0; index < jpeg->orders * PLANES_MAX; index++) resizer_free(jpeg->resizers + index);
    for (int index = 0; index < jpeg->orders * 2; index++) reduction_free(jpeg->reductions + index);
    free(jpeg->resizers);
    free(jpeg->reductions);
    free(jpeg);
}

int cplanes_width(const cplanes_jpeg *jpeg) { return (int)jpeg->decoder.image_width; }
int cplanes_height(const cplanes_jpeg *jpeg) { return (int)jpeg->decoder.image_height; }
const char *cplanes_words(const cplanes_jpeg *jpeg) { return jpeg == NULL ? "" : jpeg->words; }

// Decoding.

/// Chroma at the size that its plane has.
///
/// Where the picture is decoded at less than its size, libjpeg lets a chroma plane of half the size catch up with luma
/// by a larger transform (`jpeg_calc_output_dimensions`), which is dear, and three quarters of the samples would be
/// thrown away again. TurboJPEG undoes that in the same way, for `tjDecompressToYUVPlanes`. The transforms are chosen
/// by `start_pass`, the first member of a structure that has no public name.
static void keep_chroma_small(j_decompress_ptr decoder) {
    struct public_part_of_inverse_dct { void (*start_pass)(j_decompress_ptr); };
    int changed = 0;
    for (int plane = 0; plane < decoder->num_components; plane++) {
        jpeg_component_info *component = decoder->comp_info + plane;
        if (component->DCT_scaled_size == decoder->min_DCT_scaled_size) continue;
        component->DCT_scaled_size = decoder->min_DCT_scaled_size;
        component->MCU_sample_width = component->MCU_width * decoder->min_DCT_scaled_size;
        changed = 1;
    }
    if (changed) ((struct public_part_of_inverse_dct *)decoder->idct)->start_pass(decoder);
}

/// A component's plane along one side. `factor` of `factors` samples a pixel, `scaled` of 8 of these.
static plane_side side_of_plane(JDIMENSION side, int factor, int factors, int scaled) {
    int64_t whole = (int64_t)factors * DCTSIZE;
    return (plane_side){
        .samples = (int)(((int64_t)side * factor * scaled + whole - 1) / whole),
        .density = (double)(factor * scaled) / (double)whole,
        .side = (int)side,
    };
}

static plane_side width_of(const struct jpeg_decompress_struct *decoder, int plane) {
    const jpeg_component_info *component = decoder->comp_info + plane;
    return side_of_plane(
        decoder->image_width, component->h_samp_factor, decoder->max_h_samp_factor, component->DCT_scaled_size);
}

static plane_side height_of(const struct jpeg_decompress_struct *decoder, int plane) {
    const jpeg_component_info *component = decoder->comp_info + plane;
    return side_of_plane(
        decoder->image_height, component->v_samp_factor, decoder->max_v_samp_factor, component->DCT_scaled_size);
}

/// Rows of a component that come at a time.
static int rows_at_a_time(const struct jpeg_decompress_struct *decoder, int plane) {
    const jpeg_component_info *component = decoder->comp_info + plane;
    return component->v_samp_factor * component->DCT_scaled_size;
}

static int make_ring(struct cplanes_jpeg *jpeg, int plane) {
    j_decompress_ptr decoder = &jpeg->decoder;
    row_ring *ring = jpeg->rings + plane;
    int taps = 1;
    for (int order = 0; order < jpeg->orders; order++) {
        int wanted = jpeg->resizers[order * PLANES_MAX + plane].by->vertical.taps;
        if (wanted > taps) taps = wanted;
    }
    int rows = rows_at_a_time(decoder, plane);
    // Whole blocks are written, whatever the width is, and whole vectors are read.
    size_t width =
        (size_t)decoder->comp_info[plane].width_in_blocks * (size_t)decoder->comp_info[plane].DCT_scaled_size;
    ring->stride = (width + 2 * ROW_SLACK - 1) / ROW_SLACK * ROW_SLACK;
    // The next row that is made wants `taps` rows at the most, of which the last has not come yet.
    ring->slots = taps + rows;
    ring->memory = calloc((size_t)ring->slots, ring->stride);
    jpeg->turns[plane] = calloc((size_t)rows, sizeof(JSAMPROW));
    return ring->memory == NULL || jpeg->turns[plane] == NULL ? -1 : 0;
}

static int make_resizers(struct cplanes_jpeg *jpeg, const cplanes_order *orders, int count, cplanes_picture *pictures) {
    const struct jpeg_decompress_struct *decoder = &jpeg->decoder;
    jpeg->reductions = calloc((size_t)count * 2, sizeof *jpeg->reductions);
    jpeg->resizers = calloc((size_t)count * PLANES_MAX, sizeof *jpeg->resizers);
    if (jpeg->reductions == NULL || jpeg->resizers == NULL) return -1;
    jpeg->orders = count;
    for (int order = 0; order < count; order++) {
        cplanes_picture *picture = pictures + order;
        uint8_t *rows[PLANES_MAX] = {picture->y, picture->u, picture->v};
        for (int plane = 0; plane < decoder->num_components; plane++) {
            plane_kind kind = plane == 0 ? LUMA : CHROMA;
            reduction *by = jpeg->reductions + 2 * order + (kind == CHROMA);
            plane_side width = width_of(decoder, plane);
            plane_side height = height_of(decoder, plane);
            // The planes of chroma are alike.
            if (plane <= 1 && reduction_make(by, kind, orders + order, &width, &height) != 0) return -1;
            size_t stride = kind == LUMA ? picture->y_stride : picture->uv_stride;
            resizer *resizer = jpeg->resizers + order * PLANES_MAX + plane;
            if (resizer_make(resizer, by, width.samples, rows[plane], stride) != 0) return -1;
        }
    }
    return 0;
}

/// One row of blocks: decoded into the rings, then what can be made of it.
static void take_turn(struct cplanes_jpeg *jpeg) {
    j_decompress_ptr decoder = &jpeg->decoder;
    int planes = decoder->num_components;
    for (int plane = 0; plane < planes; plane++) {
        row_ring *ring = jpeg->rings + plane;
        for (int row = 0; row < rows_at_a_time(decoder, plane); row++)
            jpeg->turns[plane][row] = ring->memory + (size_t)((ring->filled + row) % ring->slots) * ring->stride;
    }
    JDIMENSION most = (JDIMENSION)(decoder->max_v_samp_factor * decoder->min_DCT_scaled_size);
    if (jpeg_read_raw_data(decoder, jpeg->turns, most) == 0) leave(jpeg, CPLANES_BROKEN);
    for (int plane = 0; plane < planes; plane++) {
        row_ring *ring = jpeg->rings + plane;
        plane_side width = width_of(decoder, plane);
        plane_side height = height_of(decoder, plane);
        ring->filled += rows_at_a_time(decoder, plane);
        // The decoder fills its last blocks up; what is beyond the picture does not count.
        if (ring->filled > height.samples) ring->filled = height.samples;
        for (int order = 0; order < jpeg->orders; order++)
            resizer_continue(jpeg->resizers + order * PLANES_MAX + plane, ring, width.samples);
    }
}

static int is_possible(const cplanes_side *side, int of) {
    return side->scaled >= 1 && side->scaled <= of && side->count >= 1 && side->first >= 0
        && side->count <= side->scaled - side->first;
}

/// A picture of the order's size before it is transposed. Without colour unless chroma is written.
static int make_picture(cplanes_picture *out, int width, int height) {
    size_t chroma_width = ((size_t)width + 1) / 2;
    size_t chroma_height = ((size_t)height + 1) / 2;
    *out = (cplanes_picture){.width = width, .height = height, .y_stride = (size_t)width, .uv_stride = chroma_width};
    size_t luma = (size_t)width * (size_t)height;
    size_t chroma = chroma_width * chroma_height;
    out->y = malloc(luma + 2 * chroma);
    if (out->y == NULL) return -1;
    out->u = out->y + luma;
    out->v = out->u + chroma;
    memset(out->u, 128, 2 * chroma);
    return 0;
}

static void transpose_plane(
    const uint8_t *in, size_t in_stride, uint8_t *out, size_t out_stride, int width, int height) {
    // In tiles, so that neither side's lines are fetched for one sample each.
    enum { tile = 32 };
    for (int top = 0; top < height; top += tile)
        for (int left = 0; left < width; left += tile)
            for (int x = left; x < width && x < left + tile; x++)
                for (int y = top; y < height && y < top + tile; y++)
                    out[(size_t)x * out_stride + (size_t)y] = in[(size_t)y * in_stride + (size_t)x];
}

static int transpose(cplanes_picture *picture) {
    cplanes_picture turned;
    if (make_picture(&turned, picture->height, picture->width) != 0) return -1;
    int chroma_width = (picture->width + 1) / 2;
    int chroma_height = (picture->height + 1) / 2;
    transpose_plane(picture->y, picture->y_stride, turned.y, turned.y_stride, picture->width, picture->height);
    transpose_plane(picture->u, picture->uv_stride, turned.u, turned.uv_stride, chroma_width, chroma_height);
    transpose_plane(picture->v, picture->uv_stride, turned.v, turned.uv_stride, chroma_width, chroma_height);
    cplanes_free(picture);
    *picture = turned;
    return 0;
}

/// The part that libjpeg can leave at any call.
static int decode(
    struct cplanes_jpeg *jpeg, int eighths, const cplanes_order *orders, int count, cplanes_picture *pictures) {
    j_decompress_ptr decoder = &jpeg->decoder;
    if (setjmp(jpeg->broken) != 0) return jpeg->status;
    decoder->scale_num = (unsigned int)eighths;
    decoder->scale_denom = DCTSIZE;
    decoder->raw_data_out = TRUE;
    if (!jpeg_start_decompress(decoder)) return CPLANES_BROKEN;
    keep_chroma_small(decoder);
    if (make_resizers(jpeg, orders, count, pictures) != 0) return CPLANES_MEMORY;
    for (int plane = 0; plane < decoder->num_components; plane++)
        if (make_ring(jpeg, plane) != 0) return CPLANES_MEMORY;
    while (decoder->output_scanline < decoder->output_height) take_turn(jpeg);
    return CPLANES_DONE;
}

int cplanes_decode(
    cplanes_jpeg *jpeg, int eighths, const cplanes_order *orders, int count, int (*is_overdue)(void),
    cplanes_picture *out) {
    if (eighths < 1 || eighths > DCTSIZE || count < 1 || jpeg->resizers != NULL) return CPLANES_ORDER;
    for (int order = 0; order < count; order++) {
        if (!is_possible(&orders[order].horizontal, cplanes_width(jpeg))) return CPLANES_ORDER;
        if (!is_possible(&orders[order].vertical, cplanes_height(jpeg))) return CPLANES_ORDER;
    }
    memset(out, 0, sizeof *out * (size_t)count);
    jpeg->is_overdue = is_overdue;
    int status = CPLANES_DONE;
    for (int order = 0; order < count && status == CPLANES_DONE; order++)
        if (make_picture(out + order, orders[order].horizontal.count, orders[order].vertical.count) != 0)
            status = CPLANES_MEMORY;
    if (status == CPLANES_DONE) status = decode(jpeg, eighths, orders, count, out);
    for (int order = 0; order < count && status == CPLANES_DONE; order++)
        if (orders[order].transposed && transpose(out + order) != 0) status = CPLANES_MEMORY;
    if (status != CPLANES_DONE)
        for (int order = 0; order < count; order++) cplanes_free(out + order);
    return status;
}

void cplanes_free(cplanes_picture *picture) {
    free(picture->y);
    memset(picture, 0, sizeof *picture);
}
