/* SPDX-License-Identifier: Apache-2.0
 *
 * Values between the command line and a method: read from .npy and .bin files and literals, drawn from a seed, written.
 *
 * A .bin is raw, little-endian, in C order; its type comes from the program, its shape too unless "FILE:2x3x4" says it.
 */
#ifndef TOOL_VALUES_H
#define TOOL_VALUES_H

#include "mica/program.h"
#include "tensor.h"

/* The value for an input that `info` describes, in its layout. `text` is a file, or a literal for a number. */
bool value_read(const char *text, const mica_value_info *info, held_value *held, struct fault *fault);

/* A random tensor of the upper bound's shape; for other kinds the value traced at export. */
bool value_generate(const mica_value_info *info, uint64_t *seed, held_value *held, struct fault *fault);

/* A stored tensor to compare with `got`, whose type it must have and whose shape a .bin takes over. In C order. */
bool value_read_expected(const char *text, const mica_tensor *got, held_value *held, struct fault *fault);

/* Writes a tensor in C order to directory/name.npy or .bin. */
bool value_write(const char *directory, const char *name, bool raw, const mica_tensor *tensor, struct fault *fault);

#endif
