/* SPDX-License-Identifier: Apache-2.0
 *
 * What Mica's own dumps say of nodes and machine, as docs/etdump.md has it: JSON in the metadata of events.
 * Metadata of other runtimes is left alone.
 */
#include "devtools/inspection.h"

/* The first metadata of an event that are an object of Mica's; the caller's to release. NULL: none. */
static json_t *parse_metadata(const profile_event *event) {
    for (size_t i = 0; i < event->count; i++) {
        const bytes_span bytes = event->samples[i]->metadata;
        if (bytes.count == 0) continue;
        json_t *const value = json_loadb((const char *)bytes.data, bytes.count, 0, NULL);
        if (json_is_integer(json_object_get(value, "mica"))) return value;
        json_decref(value);
        return NULL;
    }
    return NULL;
}

static mica_status text_of(mica_inspection *inspection, const json_t *object, const char *key, const char **text,
                           mica_error *error) {
    const char *const value = json_string_value(json_object_get(object, key));
    return value ? arena_string(&inspection->arena, value, strlen(value), text, error) : MICA_OK;
}

static double number_of(const json_t *object, const char *key) {
    const double value = json_number_value(json_object_get(object, key));
    return value > 0 ? value : 0;
}

static mica_status read_reasons(mica_inspection *inspection, const json_t *list, mica_inspect_row *row,
                                mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(&inspection->arena, json_array_size(list), sizeof(mica_reason), &memory, error));
    mica_reason *const reasons = memory;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *const item = json_array_get(list, i);
        reasons[i] = (mica_reason){"", "", "", ""};
        TRY(text_of(inspection, item, "variant", &reasons[i].variant, error));
        TRY(text_of(inspection, item, "code", &reasons[i].code, error));
        TRY(text_of(inspection, item, "message", &reasons[i].message, error));
        TRY(text_of(inspection, item, "remedy", &reasons[i].remedy, error));
    }
    row->reasons = reasons;
    row->reason_count = json_array_size(list);
    return MICA_OK;
}

static mica_status read_node(mica_inspection *inspection, const json_t *object, mica_inspect_row *row,
                             int64_t *handle, mica_error *error) {
    const struct {
        const char *key;
        const char **text;
    } texts[] = {{"node_type", &row->node_type}, {"shapes", &row->shapes}, {"types", &row->types},
                 {"variant", &row->variant},     {"kernel", &row->kernel}, {"isa", &row->isa}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        TRY(text_of(inspection, object, texts[i].key, texts[i].text, error));
    const json_t *const accelerated = json_object_get(object, "accelerated"), *const number = json_object_get(
                                                                                  object, "debug_handle");
    if (json_is_boolean(accelerated)) row->accelerated = json_is_true(accelerated);
    row->eligible_kind = json_is_true(json_object_get(object, "eligible_kind"));
    row->threads = (size_t)number_of(object, "threads");
    row->operations = number_of(object, "operations");
    row->bytes = number_of(object, "bytes");
    if (json_is_integer(number) && json_integer_value(number) != INSERTED_HANDLE)
        *handle = json_integer_value(number);
    return read_reasons(inspection, json_object_get(object, "reasons"), row, error);
}

/* "AMD EPYC 9B45, avx512vnni, 2 threads" */
static mica_status read_machine(mica_inspection *inspection, const json_t *object, mica_error *error) {
    const json_t *const machine = json_object_get(object, "machine"), *const limits =
                                                                          json_object_get(machine, "limits");
    const char *const cpu = json_string_value(json_object_get(machine, "cpu"));
    const char *const isa = json_string_value(json_object_get(machine, "isa"));
    const size_t threads = (size_t)number_of(machine, "threads");
    mica_inspect_summary *const summary = &inspection->summary;
    static const char *const caches[] = {"cache_l1d", "cache_l2", "cache_l3"};
    char line[256];
    if (!json_is_object(machine) || inspection->machine) return MICA_OK;
    inspection->machine = json_deep_copy(machine);
    snprintf(line, sizeof line, "%s, %s, %zu thread%s", cpu ? cpu : "?", isa ? isa : "?", threads,
             threads == 1 ? "" : "s");
    for (size_t i = 0; i < MICA_LIMITS; i++)
        if (!(summary->limits[i] > 0)) summary->limits[i] = number_of(limits, inspection_limits[i]);
    for (size_t i = 0; i < 3; i++) inspection->caches[i] = number_of(machine, caches[i]);
    return inspection_text(inspection, line, &summary->machine, error);
}

mica_status inspection_metadata(mica_inspection *inspection, mica_error *error) {
    for (size_t i = 0; i < inspection->row_count; i++) {
        mica_inspect_row *const row = &inspection->rows[i];
        row_source *const source = &inspection->sources[i];
        json_t *const object = parse_metadata(source->event);
        if (!object) continue;
        const mica_status status = row->role == MICA_ROW_FRAME
                                       ? read_machine(inspection, object, error)
                                       : read_node(inspection, object, row, &source->handle, error);
        json_decref(object);
        TRY(status);
    }
    return MICA_OK;
}
