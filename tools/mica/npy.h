/* SPDX-License-Identifier: Apache-2.0
 *
 * NumPy's file format, versions 1 to 3, for the types that Mica has. A file may say anything: nothing is believed
 * before it was compared with the bytes present.
 */
#ifndef TOOL_NPY_H
#define TOOL_NPY_H

#include "tensor.h"

/* A view of the file's `size` bytes at `data`, which need not be aligned: reorder before use. Column-major files
 * (fortran_order) get a reversed dim_order. bfloat16 is what NumPy knows as a void of two bytes, '<V2'. */
bool npy_parse(const uint8_t *data, size_t size, mica_tensor *tensor, struct fault *fault);

/* Writes a tensor in C order. */
bool npy_write(const char *path, const mica_tensor *tensor, struct fault *fault);

/* Writes `size` bytes as a file, whole or not at all. */
bool file_write(const char *path, const void *head, size_t head_size, const void *data, size_t size,
                struct fault *fault);

#endif
