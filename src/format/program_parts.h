/* SPDX-License-Identifier: Apache-2.0
 *
 * What decoding a program's methods needs of its container: segments, constants, initial state.
 */
#ifndef FORMAT_PROGRAM_PARTS_H
#define FORMAT_PROGRAM_PARTS_H

#include "format/program.h"
#include "format/program_schema.h"

/* Parts of one segment, by a list of offsets. */
typedef struct pte_subsegments {
    bytes_span bytes;
    bytes_span offsets; /* u64 */
} pte_subsegments;

typedef struct pte_parts {
    const uint8_t *file;
    fb_table root;
    struct segments segments;
    bool *claimed; /* per segment: its bytes were counted */
    pte_subsegments constants, state;
    const ptd_file *external;
    size_t external_count;
    pte_program *program;
    struct arena *arena;
    mica_error *error;
} pte_parts;

/* Fails about a field of a verified table. */
#define PTE_BAD(parts, table, schema, field, ...)                                                                    \
    fb_bad((parts)->error, MICA_ERROR_FORMAT, (parts)->file, (table), &(schema), (field), __VA_ARGS__)

/* Bytes of segment `index`, in range; adds them to `counter` unless some claim counted them before. */
bytes_span pte_claim_segment(pte_parts *parts, size_t index, size_t *counter);

/* Decodes one Tensor, of a method whose buffer_sizes are known. */
mica_status pte_read_tensor(const pte_parts *parts, const pte_method *method, fb_table table, pte_tensor *tensor);

/* Decodes one ExecutionPlan. */
mica_status pte_read_method(pte_parts *parts, fb_table plan, pte_method *method);

#endif
