/* SPDX-License-Identifier: Apache-2.0
 *
 * Verifying a buffer: one walk over everything that is reachable from the root, as the schema describes it. Offsets only
 * lead forwards, so the walk ends; a budget keeps it linear where many offsets lead to one place.
 */
#include "flatbuf/flatbuf.h"

#include "base/memory.h"

struct walk {
    const uint8_t *data;
    size_t size;
    size_t budget; /* bytes that may still be visited */
    size_t origin; /* of the buffer, in error texts */
    mica_error *error;
};

/* Bytes of a field inside its table, and of an element of a vector. */
static size_t kind_size(fb_kind kind) {
    static const uint8_t sizes[] = {
        [FB_BOOL] = 1, [FB_U8] = 1,  [FB_I8] = 1,  [FB_U16] = 2, [FB_I16] = 2,    [FB_U32] = 4,   [FB_I32] = 4,
        [FB_U64] = 8,  [FB_I64] = 8, [FB_F32] = 4, [FB_F64] = 8, [FB_STRING] = 4, [FB_TABLE] = 4, [FB_UNION] = 4,
    };
    return sizes[kind];
}

static bool inside(const struct walk *walk, size_t at, size_t count) {
    return at <= walk->size && count <= walk->size - at;
}

/* A leaf of an error text; fb_in puts the path before it. */
#define BAD(walk, at, sentence, ...)                                                                                 \
    error_set((walk)->error, MICA_ERROR_FORMAT, ": " sentence ", at byte %zu", __VA_ARGS__,                          \
              (walk)->origin + (size_t)(at))

static mica_status spend(struct walk *walk, size_t at, size_t cost) {
    if (cost > walk->budget) {
        return BAD(walk, at, "the shared parts of a buffer of %zu bytes are visited too often", walk->size);
    }
    walk->budget -= cost;
    return MICA_OK;
}

/* The place that the offset at byte `at` leads to; four bytes are there. */
static mica_status follow(const struct walk *walk, size_t at, size_t *target) {
    const uint32_t offset = bytes_u32(walk->data + at);
    if (offset == 0) return BAD(walk, at, "%s", "the offset is zero");
    if (!size_add(at, offset, target) || !inside(walk, *target, 4)) {
        return BAD(walk, at, "the offset %u leads outside the buffer of %zu bytes", offset, walk->size);
    }
    return MICA_OK;
}

static mica_status check_table(struct walk *walk, const fb_schema *schema, size_t at, size_t depth);

static mica_status check_string(struct walk *walk, size_t at) {
    const size_t length = bytes_u32(walk->data + at);
    if (!inside(walk, at + 4, length) || !inside(walk, at + 4 + length, 1)) {
        return BAD(walk, at, "a string of %zu bytes ends outside the buffer", length);
    }
    if (walk->data[at + 4 + length] != 0) return BAD(walk, at, "a string of %zu bytes is not terminated", length);
    return spend(walk, at, length);
}

/* What an offset leads to: a string or a table. */
static mica_status check_target(struct walk *walk, const fb_field *field, const fb_schema *table, size_t at,
                                size_t depth) {
    size_t target = 0;
    TRY(follow(walk, at, &target));
    return field->kind == FB_STRING ? check_string(walk, target) : check_table(walk, table, target, depth);
}

static mica_status check_vector(struct walk *walk, const fb_field *field, size_t at, size_t depth) {
    size_t start = 0;
    TRY(follow(walk, at, &start));
    const size_t count = bytes_u32(walk->data + start);
    size_t size = 0;
    if (!size_mul(count, kind_size(field->kind), &size) || !inside(walk, start + 4, size)) {
        return BAD(walk, start, "a vector of %zu elements ends outside the buffer", count);
    }
    TRY(spend(walk, start, size));
    if (field->kind < FB_STRING) return MICA_OK;
    for (size_t i = 0; i < count; i++) {
        const mica_status status = check_target(walk, field, field->table, start + 4 + 4 * i, depth);
        if (status) return fb_in(walk->error, status, "[%zu]", i);
    }
    return MICA_OK;
}

/* `tag` is the value of the field before, 0 when absent. */
static mica_status check_union(struct walk *walk, const fb_field *field, uint8_t tag, size_t table, size_t at,
                               size_t depth) {
    const bool known = tag < field->member_count && field->members[tag];
    if (tag && !known) return BAD(walk, table, "the type %u is unknown", tag);
    if (!at) return MICA_OK;
    if (!tag) return BAD(walk, at, "%s", "a value without a type");
    return check_target(walk, field, field->members[tag], at, depth);
}

static mica_status check_table(struct walk *walk, const fb_schema *schema, size_t at, size_t depth) {
    if (depth > FB_MAX_DEPTH) return BAD(walk, at, "tables are nested more than %d deep", FB_MAX_DEPTH);
    TRY(spend(walk, at, FB_TABLE_COST));
    const int64_t start = (int64_t)at - bytes_i32(walk->data + at);
    if (start < 0 || !inside(walk, (size_t)start, 4))
        return BAD(walk, at, "the vtable of %s is outside", schema->name);
    const size_t vtable = (size_t)start;
    const size_t slots_end = bytes_u16(walk->data + vtable);
    const size_t size = bytes_u16(walk->data + vtable + 2);
    if (slots_end < 4 || slots_end % 2 || !inside(walk, vtable, slots_end)) {
        return BAD(walk, vtable, "the vtable of %s has an impossible size of %zu bytes", schema->name, slots_end);
    }
    if (size < 4 || !inside(walk, at, size)) {
        return BAD(walk, at, "the table %s has an impossible size of %zu bytes", schema->name, size);
    }
    uint8_t tag = 0; /* the field before when that was a byte: a union's type */
    for (size_t id = 0; id < schema->field_count; id++) {
        const fb_field *const field = &schema->fields[id];
        const size_t slot = 4 + 2 * id;
        const size_t distance = slot + 2 <= slots_end ? bytes_u16(walk->data + vtable + slot) : 0;
        const size_t place = distance ? at + distance : 0;
        const size_t width = field->vector ? 4 : kind_size(field->kind);
        mica_status status = MICA_OK;
        if (!field->name) {
            tag = 0;
            continue;
        }
        if (distance && (distance < 4 || distance + width > size)) {
            status = BAD(walk, at, "the field is outside its table of %zu bytes", size);
        } else if (!distance && field->required) {
            status = BAD(walk, at, "%s", "the field is required and absent");
        } else if (field->kind == FB_UNION) {
            status = check_union(walk, field, tag, at, place, depth + 1);
        } else if (distance && field->vector) {
            status = check_vector(walk, field, place, depth + 1);
        } else if (distance && field->kind >= FB_STRING) {
            status = check_target(walk, field, field->table, place, depth + 1);
        }
        if (status) return fb_in(walk->error, status, "%s", field->name);
        tag = place && width == 1 ? walk->data[place] : 0;
    }
    return MICA_OK;
}

static mica_status check_buffer(struct walk *walk, const fb_options *options, const fb_schema *root) {
    const size_t prefix = options->size_prefixed ? 4 : 0;
    if (walk->size < prefix + 8) return BAD(walk, 0, "%zu bytes are too few", walk->size);
    if (options->size_prefixed) {
        const size_t stated = bytes_u32(walk->data);
        if (stated < 8 || stated > walk->size - 4) return BAD(walk, 0, "the size prefix says %zu bytes", stated);
        walk->size = stated + 4;
    }
    if (options->identifier && memcmp(walk->data + prefix + 4, options->identifier, 4) != 0) {
        return BAD(walk, prefix + 4, "the identifier is not %s", options->identifier);
    }
    if (!size_mul(walk->size, FB_SHARING, &walk->budget)) walk->budget = SIZE_MAX;
    size_t at = 0;
    TRY(follow(walk, prefix, &at));
    return check_table(walk, root, at, 1);
}

mica_status fb_verify(const uint8_t *data, size_t size, const fb_options *options, const fb_schema *root,
                      mica_error *error) {
    struct walk walk = {.data = data, .size = size, .origin = options->origin, .error = error};
    const mica_status status = check_buffer(&walk, options, root);
    return status && error && error->text[0] == ':' ? fb_in(error, status, "root") : status;
}
