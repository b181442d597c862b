/* SPDX-License-Identifier: Apache-2.0
 *
 * External tensor data (.ptd, "flat tensor"): named tensors and opaque blobs beside a program.
 */
#ifndef FORMAT_TENSOR_DATA_H
#define FORMAT_TENSOR_DATA_H

#include "base/memory.h"
#include "format/tensor_layout.h"

typedef struct ptd_entry {
    const char *key;
    const uint8_t *data;
    size_t size;
    bool has_layout;      /* false: an opaque blob */
    tensor_layout layout; /* `size` bytes suffice for it, aligned for its type */
} ptd_entry;

typedef struct ptd_file {
    const uint8_t *file;
    size_t file_size;
    const ptd_entry *entries; /* sorted by key */
    size_t entry_count;
} ptd_file;

/* Verifies and decodes `size` bytes at `file` (aligned to 16), borrowed for the life of `out`; `arena` takes the decoded
 * tables. Errors: FORMAT, LIMIT, MEMORY. */
mica_status ptd_open(const uint8_t *file, size_t size, struct arena *arena, ptd_file *out, mica_error *error);
const ptd_entry *ptd_find(const ptd_file *file, const char *key, size_t key_length); /* NULL when there is none */

#endif
