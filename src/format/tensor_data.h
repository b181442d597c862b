/* SPDX-License-Identifier: Apache-2.0
 *
 * External tensor data (.ptd, "flat tensor"): named tensors and opaque blobs beside a program.
 */
#ifndef FORMAT_TENSOR_DATA_H
#define FORMAT_TENSOR_DATA_H

#include "base/memory.h"
#include "mica/tensor.h"

typedef struct ptd_entry {
    const char *key;
    const uint8_t *data;
    size_t size;
    bool has_layout; /* false: an opaque blob */
    mica_type type;
    uint8_t rank;
    uint32_t sizes[MICA_MAX_RANK];
    uint8_t dim_order[MICA_MAX_RANK];
} ptd_entry;

typedef struct ptd_file {
    const uint8_t *file;
    size_t file_size;
    const ptd_entry *entries; /* sorted by key */
    size_t entry_count;
} ptd_file;

mica_status ptd_open(const uint8_t *file, size_t size, struct arena *arena, ptd_file *out, mica_error *error);
const ptd_entry *ptd_find(const ptd_file *file, const char *key, size_t key_length); /* NULL when there is none */

#endif
