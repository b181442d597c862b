/* SPDX-License-Identifier: Apache-2.0
 *
 * Work summed up by what it has in common.
 */
#include <math.h>
#include <stdlib.h>

#include "base/context.h"
#include "devtools/inspection.h"

/* "Add (ND) #12" counts as "Add (ND)". */
static mica_status key_name(mica_inspection *inspection, const mica_inspect_row *row, const char **key,
                            mica_error *error) {
    const char *const number = strrchr(row->name, '#');
    const bool numbered =
        number && number > row->name && number[-1] == ' ' && number[1 + strspn(number + 1, "0123456789")] == 0;
    const size_t length = numbered ? (size_t)(number - 1 - row->name) : strlen(row->name);
    return arena_string(&inspection->arena, row->name, length, key, error);
}

static mica_status key_op(mica_inspection *inspection, const mica_inspect_row *row, const char **key,
                          mica_error *error) {
    *key = *row->operators ? row->operators : row->node_type;
    return **key ? MICA_OK : key_name(inspection, row, key, error);
}

static mica_status key_kernel(mica_inspection *inspection, const mica_inspect_row *row, const char **key,
                              mica_error *error) {
    *key = row->kernel;
    return **key ? MICA_OK : key_name(inspection, row, key, error);
}

static mica_status key_module(mica_inspection *inspection, const mica_inspect_row *row, const char **key,
                              mica_error *error) {
    (void)inspection;
    (void)error;
    *key = *row->module ? row->module : *row->module_type ? row->module_type : "(unknown)";
    return MICA_OK;
}

static const struct {
    const char *name;
    mica_status (*key)(mica_inspection *inspection, const mica_inspect_row *row, const char **key, mica_error *error);
} keys[] = {{"name", key_name}, {"op", key_op}, {"kernel", key_kernel}, {"module", key_module}};

static int by_key(const void *a, const void *b) {
    return strcmp(((const mica_inspect_group *)a)->key, ((const mica_inspect_group *)b)->key);
}

static int by_time(const void *a, const void *b) {
    const mica_inspect_group *const x = a, *const y = b;
    if (x->time != y->time) return x->time < y->time ? 1 : -1;
    return strcmp(x->key, y->key);
}

static void add(mica_inspect_group *group, const mica_inspect_group *row) {
    group->rows += row->rows;
    group->time += row->time;
    group->share += row->share;
    group->operations += row->operations;
    group->accelerated += row->accelerated;
}

mica_status mica_inspection_group(mica_inspection *inspection, const char *by, const mica_inspect_group **groups,
                                  size_t *count) {
    mica_error *const error = &inspection->context->error;
    void *memory = NULL;
    size_t used = 0, kind = 0, last = 0;
    while (kind < sizeof keys / sizeof *keys && strcmp(keys[kind].name, by) != 0) kind++;
    if (kind == sizeof keys / sizeof *keys)
        return error_set(error, MICA_ERROR_ARGUMENT, "rows cannot be grouped by '%s'", by);
    TRY(arena_array(&inspection->arena, inspection->selected_count, sizeof(mica_inspect_group), &memory, error));
    mica_inspect_group *const list = memory;
    for (size_t i = 0; i < inspection->selected_count; i++) {
        const mica_inspect_row *const row = inspection->selected[i];
        if (row->role != MICA_ROW_WORK) continue;
        list[used] =
            (mica_inspect_group){.rows = 1,
                                 .time = row->time.p50,
                                 .share = row->share > 0 ? row->share : 0,
                                 .operations = row->operations,
                                 .accelerated = row->accelerated < 0 ? NAN : row->accelerated * row->time.p50};
        TRY(keys[kind].key(inspection, row, &list[used++].key, error));
    }
    qsort(list, used, sizeof *list, by_key);
    for (size_t i = 1; i < used; i++)
        if (strcmp(list[i].key, list[last].key) == 0)
            add(&list[last], &list[i]);
        else
            list[++last] = list[i];
    used = used ? last + 1 : 0;
    for (size_t i = 0; i < used; i++) {
        list[i].gops = inspection_rate(inspection, list[i].operations, list[i].time);
        list[i].accelerated = list[i].time > 0 ? list[i].accelerated / list[i].time : NAN;
    }
    qsort(list, used, sizeof *list, by_time);
    *groups = list;
    *count = used;
    return MICA_OK;
}
