/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundled program (.bpte): a program, and for its methods test cases: inputs, and the outputs that they should give.
 *
 * Values are decoded when asked for: a bundle takes no memory beside the file.
 */
#ifndef FORMAT_BUNDLED_H
#define FORMAT_BUNDLED_H

#include "base/bytes.h"
#include "base/memory.h"
#include "mica/tensor.h"

typedef struct bundled_file {
    const uint8_t *file;
    bytes_span program; /* aligned to 16 */
    bytes_span suites;  /* tables: the cases of one method each */
} bundled_file;

bool bundled_is(const uint8_t *file, size_t size);

/* Verifies `size` bytes at `file` (aligned to 16), borrowed for the life of `out`: every value has a known type
 * and all its bytes. What is inside the program is not looked at. Errors: FORMAT. */
mica_status bundled_open(const uint8_t *file, size_t size, bundled_file *out, mica_error *error);

typedef enum bundled_side { BUNDLED_INPUTS, BUNDLED_OUTPUTS } bundled_side;

/* Cases of a method, each index below the count before: values live as long as the file. */
bytes_span bundled_cases(const bundled_file *bundle, const char *method); /* of no elements: none */
size_t bundled_count(bytes_span cases, size_t index, bundled_side side);
mica_value bundled_value(bytes_span cases, size_t index, bundled_side side, size_t item);

/* That each suite is of one method of `program`, which takes and gives as many values as its cases have; a case
 * may expect nothing. Errors: FORMAT. */
struct pte_program;
mica_status bundled_check(const bundled_file *bundle, const struct pte_program *program, mica_error *error);

/* ---- writing ---- */

typedef struct bundled_case {
    const mica_value *inputs, *outputs; /* tensors, dense in their dim_order; integers, booleans, reals */
    size_t input_count, output_count;
} bundled_case;

typedef struct bundled_suite {
    const char *method;
    const bundled_case *cases;
    size_t case_count;
} bundled_suite;

/* Errors: LIMIT (2 GiB), MEMORY. */
mica_status bundled_write(bytes_span program, const bundled_suite *suites, size_t count, struct arena *arena,
                          bytes_span *file, mica_error *error);

#endif
