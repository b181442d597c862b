/* SPDX-License-Identifier: Apache-2.0 */
#include "devtools/inspection.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/emit.h"

mica_status inspection_note(mica_inspection *inspection, bool warning, mica_error *error, const char *format, ...) {
    char line[1024];
    const char *text = NULL;
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    TRY(inspection_text(inspection, line, &text, error));
    if (inspection->note_count == inspection->note_capacity) {
        void *memory = NULL;
        const size_t capacity = max_size(8, 2 * inspection->note_capacity);
        TRY(arena_array(&inspection->arena, capacity, sizeof(mica_note), &memory, error));
        if (inspection->note_count) memcpy(memory, inspection->notes, inspection->note_count * sizeof(mica_note));
        inspection->notes = memory;
        inspection->note_capacity = capacity;
    }
    inspection->notes[inspection->note_count++] = (mica_note){warning, text};
    return MICA_OK;
}

const mica_note *mica_inspection_note(const mica_inspection *inspection, size_t index) {
    return index < inspection->note_count ? &inspection->notes[index] : NULL;
}

mica_status inspection_text(mica_inspection *inspection, const char *text, const char **copy, mica_error *error) {
    TRY(arena_string(&inspection->arena, text, strlen(text), copy, error));
    for (char *at = (char *)*copy; *at;) {
        const size_t length = utf8_length(at);
        if (!length) *at = '?';
        at += length ? length : 1;
    }
    return MICA_OK;
}

void mica_inspection_close(mica_inspection *inspection) {
    if (!inspection) return;
    etrecord_close(&inspection->record);
    json_decref(inspection->machine);
    arena_free(&inspection->arena);
    file_unmap(&inspection->file);
    free(inspection);
}
