/* SPDX-License-Identifier: Apache-2.0
 *
 * The image that a convolution's products read: its input as it stands, or a copy with its padding written out, so that
 * the pieces of a row of the product, a window of pixels, are the same distances from its first everywhere. Kernels that
 * read other types than f32 in place have the copy stored as they want it. An input of planes (NCHW) is turned while it is
 * copied.
 */
#ifndef OPERATOR_IMAGE_H
#define OPERATOR_IMAGE_H

#include "kernel/gemm/gemm.h"
#include "kernel/transpose/transpose.h"
#include "operator/operator.h"

struct image {
    const mica_operand *input;
    size_t images, height, width, channels; /* of the input */
    size_t top, left, bottom, right;        /* padding, in pixels */
    size_t step; /* rows of the input that make one of the copy, without padding; 1 but with `turn` */
    void (*store)(const void *from, size_t count, void *to); /* how the copy is stored; NULL: as it is */
    size_t element;                                          /* bytes, where it is read */
    transpose_function *turn; /* of planes, `store` being NULL; NULL: the input is pixels (NHWC) */

    /* found by image_lay_out: what is read */
    size_t pixel, row, rows; /* bytes of a pixel and of a row of pixels; rows of an image */
    size_t copy_bytes;       /* workspace: the copy; 0: the input itself is read */
};

/* Takes the shape of an input, pixels or, with `turn`, planes. */
void image_shape(struct image *image, const mica_operand *input, const op_shape *shape);

/* `past`: elements that may be read past the last, which there then is a copy for. */
mica_status image_lay_out(struct image *image, size_t past, mica_error *error);

/* Where rows are read while an operator runs. */
typedef struct image_source {
    const uint8_t *pixels;
    const gemm_row *parameters; /* quantization of each image, or of each pixel; NULL when static */
} image_source;

/* Makes the copy, at the beginning of the workspace. */
image_source image_ready(const struct image *image, const op_run *run);

/* The windows of an image: one for each of height × width output pixels. */
typedef struct image_windows {
    size_t height, width;
    size_t down, right;    /* bytes from one to the next below and beside it */
    size_t pieces, length; /* of a window; elements of a piece */
    const size_t *offsets; /* bytes from a window's first pixel to its pieces; NULL where it is one whole piece */
} image_windows;

/* Windows [first, first + count) of the images from `source` on, as gemm_source.rows gives rows. With `in_place` only the
 * first is said, and how far apart they are: they are then of one line. */
void image_rows(const struct image *image, const image_windows *windows, const image_source *source, bool in_place,
                size_t first, size_t count, gemm_lhs *lhs, const void **taps, gemm_row *room);

#endif
