/* SPDX-License-Identifier: Apache-2.0
 *
 * A .pte program and a .ptd of external data, written as current exporters do: the way back from what pte_open
 * and ptd_open give.
 */
#ifndef FORMAT_PROGRAM_WRITE_H
#define FORMAT_PROGRAM_WRITE_H

#include "format/program.h"

/* Writes `program`'s methods and named data into `arena`; its `file` and sizes are not looked at. Tensors whose data
 * stood in another file become constants of this one. Errors: LIMIT, MEMORY. */
mica_status pte_write(const pte_program *program, struct arena *arena, bytes_span *file, mica_error *error);

/* Writes `count` entries. Errors: LIMIT, MEMORY. */
mica_status ptd_write(const ptd_entry *entries, size_t count, struct arena *arena, bytes_span *file,
                      mica_error *error);

#endif
