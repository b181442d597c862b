/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/image.h"

#include <string.h>

#include "operator/common.h"
#include "operator/gemm.h"

void image_shape(struct image *image, const mica_operand *input, const op_shape *shape) {
    image->input = input;
    image->images = shape->dims[0];
    image->height = shape->dims[image->turn ? 2 : 1];
    image->width = shape->dims[image->turn ? 3 : 2];
    image->channels = shape->dims[image->turn ? 1 : 3];
    image->element = op_element_size(input->type);
    image->step = 1;
}

mica_status image_lay_out(struct image *image, size_t past, mica_error *error) {
    const bool copies =
        image->top || image->left || image->bottom || image->right || image->store || image->turn || past;
    const size_t height = divide_up(image->height, image->step);
    size_t width = image->width, bytes;
    image->pixel = image->channels * image->element;
    if (!size_add(width, image->left, &width) || !size_add(width, image->right, &width) ||
        !size_add(height, image->top, &image->rows) || !size_add(image->rows, image->bottom, &image->rows) ||
        !size_mul(width, image->pixel, &image->row) || !size_mul(image->row, image->rows, &bytes) ||
        !size_mul(bytes, image->images, &bytes) || bytes > SIZE_MAX / 4) {
        return error_set(error, MICA_ERROR_LIMIT, "the padded image is too large");
    }
    image->copy_bytes = copies ? round_up(bytes + past * image->element, MEMORY_ALIGNMENT) : 0;
    return MICA_OK;
}

typedef struct copy_job {
    const struct image *image;
    const uint8_t *from;
    uint8_t *to;
    const gemm_row *parameters;
} copy_job;

/* Repeats an element from `to` up to `end`. */
static void fill(uint8_t *to, const uint8_t *end, const uint8_t zero[4], size_t element) {
    const size_t total = (size_t)(end - to);
    if (element == 1 || !memcmp(zero, (uint8_t[4]){0}, 4)) {
        memset(to, *zero, total);
        return;
    }
    if (total > 0) memcpy(to, zero, element);
    for (size_t done = element; done < total; done += done) memcpy(to + done, to, min_size(done, total - done));
}

/* A row of all planes, as pixels. */
static void turn_row(const copy_job *job, size_t n, size_t y, void *to) {
    const struct image *const image = job->image;
    const size_t row = image->width * image->element;
    const transpose_call call = {.rows = image->channels,
                                 .columns = image->width,
                                 .size = image->element,
                                 .in = job->from + (n * image->channels * image->height + y) * row,
                                 .in_stride = image->height * row,
                                 .out = to,
                                 .out_stride = image->pixel};
    image->turn(&call);
}

/* Rows of the copy: rows of the image, and padding in what is between them. */
static void copy_rows(void *argument, size_t first, size_t count) {
    const copy_job *const job = argument;
    const struct image *const image = job->image;
    const size_t elements = image->width * image->channels, source = op_element_size(image->input->type);
    uint8_t zero[4] = {0}; /* an element */
    uint8_t *done = job->to + first * image->row, *to = done;
    for (size_t index = first; index < first + count; index++, to += image->row) {
        const size_t n = index / image->rows;
        const size_t y = index % image->rows * image->step - image->top; /* wraps above the image */
        if (index == first || index % image->rows == 0) {
            const int32_t zero_point = job->parameters                            ? job->parameters[n].zero_point
                                       : image->input->type == MICA_OPERAND_QINT8 ? image->input->zero_point
                                                                                  : 0;
            fill(done, to, zero, image->element);
            done = to;
            zero[0] = (uint8_t)zero_point;
            if (image->store) image->store((uint8_t[4]){(uint8_t)zero_point}, 1, zero);
        }
        if (y >= image->height) continue;
        const uint8_t *const from = job->from + (n * image->height + y) * elements * source;
        uint8_t *const inside = to + image->left * image->pixel;
        fill(done, inside, zero, image->element);
        if (image->turn) {
            turn_row(job, n, y, inside);
        } else if (image->store) {
            image->store(from, elements, inside);
        } else {
            memcpy(inside, from, elements * source);
        }
        done = inside + image->width * image->pixel;
    }
    fill(done, to, zero, image->element);
}

image_source image_ready(const struct image *image, const op_run *run) {
    image_source source = {.pixels = run->inputs[0]};
    if (image->input->type == MICA_OPERAND_QDINT8) {
        source.parameters =
            op_row_parameters(run->inputs[0], image->images * image->height * image->width * image->channels);
    }
    if (!image->copy_bytes) return source;
    source.pixels = run->workspace;
    copy_job job = {image, run->inputs[0], run->workspace, source.parameters};
    op_split(run, image->images * image->rows, (double)image->row * OP_BYTE_NS, copy_rows, &job);
    return source;
}

void image_rows(const struct image *image, const image_windows *windows, const image_source *source, bool in_place,
                size_t first, size_t count, gemm_lhs *lhs, const void **taps, gemm_row *room) {
    const size_t per_image = windows->height * windows->width, image_bytes = image->rows * image->row;
    const size_t n = image->images > 1 ? first / per_image : 0, at = first - n * per_image;
    size_t y = at / windows->width, x = at - y * windows->width;
    const uint8_t *line = source->pixels + n * image_bytes + y * windows->down;
    *lhs = (gemm_lhs){.type = gemm_type_of(image->input->type),
                      .row_stride = windows->width == 1 ? windows->down : windows->right,
                      .data = line + x * windows->right,
                      .tap_count = windows->pieces,
                      .tap_length = windows->length};
    if (source->parameters && image->input->row_dims == 1) {
        lhs->rows = source->parameters + first; /* windows are pixels, too */
    } else if (source->parameters) {
        const gemm_row *parameters = source->parameters + n;
        for (size_t i = 0, left = per_image - at; i < count; i++, left--) {
            if (left == 0) left = per_image, parameters++;
            room[i] = *parameters;
        }
        lhs->rows = room;
    }
    if (in_place || !windows->offsets) return;
    lhs->taps = taps;
    for (size_t i = 0; i < count; i++) {
        for (size_t t = 0; t < windows->pieces; t++) *taps++ = line + x * windows->right + windows->offsets[t];
        if (++x < windows->width) continue;
        x = 0;
        line += windows->down;
        if (++y < windows->height) continue;
        y = 0;
        line += image_bytes - windows->height * windows->down;
    }
}
