/* SPDX-License-Identifier: Apache-2.0
 *
 * The writers of an inspection, one per format. They write to a stream that the caller checks for errors.
 */
#ifndef DEVTOOLS_WRITE_H
#define DEVTOOLS_WRITE_H

#include "devtools/inspection.h"

void write_tsv(const mica_inspection *inspection, const mica_inspect_style *style, FILE *out);
void write_csv(const mica_inspection *inspection, FILE *out);
void write_json(const mica_inspection *inspection, size_t limit, FILE *out); /* at most so many samples of a row */
void write_html(const mica_inspection *inspection, FILE *out);
mica_status write_trace(const mica_inspection *inspection, FILE *out, mica_error *error); /* MEMORY */

#endif
