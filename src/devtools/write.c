/* SPDX-License-Identifier: Apache-2.0 */
#include "devtools/write.h"

#include "base/context.h"
#include "devtools/page.h"

#define PAGE_SAMPLES 1000 /* of a row: more cannot be seen */

/* The page has its data in the middle. */
void write_html(const mica_inspection *inspection, FILE *out) {
    fwrite(page_head, 1, page_head_size, out);
    write_json(inspection, PAGE_SAMPLES, out);
    fwrite(page_tail, 1, page_tail_size, out);
}

mica_status mica_inspection_write(const mica_inspection *inspection, mica_inspect_format format,
                                  const mica_inspect_style *style, FILE *out) {
    mica_error *const error = &inspection->context->error;
    const mica_inspect_style plain = {0};
    switch (format) {
    case MICA_INSPECT_TSV: write_tsv(inspection, style ? style : &plain, out); break;
    case MICA_INSPECT_CSV: write_csv(inspection, out); break;
    case MICA_INSPECT_JSON: write_json(inspection, SIZE_MAX, out); break;
    case MICA_INSPECT_TRACE: TRY(write_trace(inspection, out, error)); break;
    case MICA_INSPECT_HTML: write_html(inspection, out); break;
    default: return error_set(error, MICA_ERROR_ARGUMENT, "no such format");
    }
    if (fflush(out) != 0 || ferror(out)) return error_set(error, MICA_ERROR_IO, "the result could not be written");
    return MICA_OK;
}
