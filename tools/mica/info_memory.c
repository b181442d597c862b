/* SPDX-License-Identifier: Apache-2.0 */
#include "info_memory.h"

#include <string.h>

#include "grow.h"
#include "mica/memory.h"
#include "tensor.h"

#define MAP_WIDTH 48 /* characters of a region's steps */

static const column region_columns[] = {
    {"method", NULL, 0, 0},          {"region", "region", 0, 0},         {"bytes", "bytes", 0, 0},
    {"peak", "alive at once", 0, 0}, {"scratch", "of it scratch", 0, 0}, {"packed", "packed weights", 0, 0},
    {"values", "values", 0, 0},      {"steps", "steps", 0, 0},
};
static const column value_columns[] = {
    {"method", NULL, 0, 0},   {"region", NULL, 0, 0},        {"value", "value", 0, 0}, {"type", "type", 0, 0},
    {"shape", "shape", 0, 0}, {"offset", "offset", 0, 0},    {"bytes", "bytes", 0, 0}, {"first", "from", 0, 0},
    {"last", "to", 0, 0},     {"map", "step by step", 0, 0},
};

/* A line of MAP_WIDTH characters: those filled that the steps from first to last, of `steps`, fall on. */
static void draw(char map[MAP_WIDTH + 1], size_t first, size_t last, size_t steps) {
    const size_t width = steps + 1 < MAP_WIDTH ? steps + 1 : MAP_WIDTH;
    for (size_t i = 0; i < width; i++) {
        const size_t from = i * (steps + 1) / width, to = (i + 1) * (steps + 1) / width;
        map[i] = first < to && last >= from ? '#' : '.';
    }
    map[width] = 0;
}

static json_t *region_row(const mica_memory_region *region, const char *method) {
    json_t *const row = json_object();
    char *const name =
        region->delegate < 0 ? text_of("planned %zu", region->buffer) : text_of("delegate %d", region->delegate);
    row_text(row, "method", method);
    row_text(row, "region", name);
    row_count(row, "bytes", region->bytes);
    row_count(row, "peak", region->peak);
    if (region->delegate >= 0) {
        row_count(row, "scratch", region->scratch);
        row_count(row, "packed", region->packed);
    }
    row_count(row, "steps", region->steps);
    row_count(row, "values", region->resident_count);
    free(name);
    return row;
}

static json_t *value_row(const mica_memory_resident *value, const json_t *region, size_t steps) {
    json_t *const row = json_object();
    char text[SHAPE_TEXT], map[MAP_WIDTH + 1];
    draw(map, value->first, value->last, steps);
    json_object_set(row, "method", json_object_get(region, "method"));
    json_object_set(row, "region", json_object_get(region, "region"));
    row_count(row, "value", value->value);
    row_text(row, "type", value->type);
    row_text(row, "shape", shape_text(value->sizes, value->rank, text));
    row_count(row, "offset", value->offset);
    row_count(row, "bytes", value->bytes);
    row_count(row, "first", value->first);
    row_count(row, "last", value->last);
    row_text(row, "map", map);
    return row;
}

/* Rows of all regions of a method, and for each of them, in the same order, a list of its values. */
static void add_regions(const mica_memory_plan *plan, const char *method, json_t *regions, json_t *values) {
    const mica_memory_region *region;
    for (size_t r = 0; (region = mica_memory_plan_region(plan, r)); r++) {
        json_t *const row = region_row(region, method), *const list = json_array();
        for (size_t i = 0; i < region->resident_count; i++) {
            const mica_memory_resident *const value = mica_memory_plan_resident(plan, region->first_resident + i);
            json_array_append_new(list, value_row(value, row, region->steps));
        }
        json_array_append_new(regions, row);
        json_array_append_new(values, list);
    }
}

/* Delegates share one workspace, which is as large as the one that needs most. */
static void add_total(json_t *regions, const char *method) {
    static const struct {
        const char *key;
        bool shared;
    } sums[] = {{"bytes", true}, {"peak", true}, {"scratch", true}, {"packed", false}, {"values", false}};
    json_t *const total = json_object();
    row_text(total, "method", method);
    row_text(total, "region", "in all");
    for (size_t k = 0; k < COUNT(sums); k++) {
        json_int_t sum = 0, most = 0;
        size_t i;
        const json_t *row;
        json_array_foreach(regions, i, row) {
            const json_int_t number = json_integer_value(json_object_get(row, sums[k].key));
            if (sums[k].shared && json_object_get(row, "scratch"))
                most = number > most ? number : most;
            else
                sum += number;
        }
        json_object_set_new(total, sums[k].key, json_integer(sum + most));
    }
    json_array_append_new(regions, total);
}

/* ---- the formats ---- */

static void print_tables(const char *method, const json_t *regions, const json_t *values) {
    printf("memory of %s\n", method);
    table_print(regions, region_columns, COUNT(region_columns), OUTPUT_TABLE, NULL, stdout);
    size_t i;
    const json_t *list;
    json_array_foreach(values, i, list) {
        if (!json_array_size(list)) continue;
        const json_t *const region = json_array_get(regions, i);
        printf("\n%s: values by offset; steps are %s\n", json_string_value(json_object_get(region, "region")),
               json_object_get(region, "scratch") ? "nodes of the delegate" : "instructions of the method");
        table_print(list, value_columns, COUNT(value_columns), OUTPUT_TABLE, NULL, stdout);
    }
    putchar('\n');
}

/* {"name", "regions": [{…, "residents": []}]}; what is the same in all rows, and the map, are left out. */
static json_t *document(const char *method, const json_t *regions, const json_t *values) {
    json_t *const list = json_array();
    size_t i, v;
    json_t *row, *value;
    json_array_foreach(regions, i, row) {
        json_t *const entry = json_copy(row), *const residents = json_array();
        json_object_del(entry, "method");
        json_array_foreach(json_array_get(values, i), v, value) {
            json_t *const resident = json_copy(value);
            json_object_del(resident, "method");
            json_object_del(resident, "region");
            json_object_del(resident, "map");
            json_array_append_new(residents, resident);
        }
        json_object_set_new(entry, "residents", residents);
        json_array_append_new(list, entry);
    }
    return json_pack("{s:o, s:o}", "name", json_text(method), "regions", list);
}

static void add_method(const mica_memory_plan *plan, const char *method, output_format format, json_t *document_list,
                       json_t *all_values) {
    json_t *const regions = json_array(), *const values = json_array();
    add_regions(plan, method, regions, values);
    if (format == OUTPUT_TABLE) {
        add_total(regions, method);
        print_tables(method, regions, values);
    }
    json_array_append_new(document_list, document(method, regions, values));
    size_t i;
    json_t *list;
    json_array_foreach(values, i, list) json_array_extend(all_values, list);
    json_decref(regions);
    json_decref(values);
}

bool info_memory(mica_context *context, const mica_program *program, const char *path,
                 const struct settings *settings, struct fault *fault) {
    const output_format format = (output_format)settings->format;
    json_t *const methods = json_array(), *const values = json_array();
    bool good = true;
    for (size_t m = 0; good && m < mica_program_method_count(program); m++) {
        const char *const name = mica_program_method_name(program, m);
        mica_method *method = NULL;
        mica_memory_plan *plan = NULL;
        good = succeeded(fault, path, context, mica_method_load(context, program, name, &method)) &&
               succeeded(fault, path, context, mica_method_plan(method, &plan));
        if (good) add_method(plan, name, format, methods, values);
        mica_memory_plan_destroy(plan);
        mica_method_destroy(method);
    }
    if (good && format == OUTPUT_JSON) {
        json_t *const whole = json_pack("{s:o, s:O}", "file", json_text(path), "methods", methods);
        json_print(whole, stdout);
        json_decref(whole);
    } else if (good && format != OUTPUT_TABLE) {
        table_print(values, value_columns, COUNT(value_columns) - 1, format, NULL, stdout); /* without the map */
    }
    json_decref(methods);
    json_decref(values);
    return good;
}
