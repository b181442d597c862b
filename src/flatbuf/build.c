/* SPDX-License-Identifier: Apache-2.0 */
#include "flatbuf/build.h"

#define LARGEST 0x7fffffffu /* bytes: offsets between a table and its vtable are signed */

static const struct scalar {
    uint8_t size;
    bool real;
    int64_t low, high;
} scalars[] = {
    [FB_BOOL] = {1, false, 0, 1},
    [FB_U8] = {1, false, 0, UINT8_MAX},
    [FB_I8] = {1, false, INT8_MIN, INT8_MAX},
    [FB_U16] = {2, false, 0, UINT16_MAX},
    [FB_I16] = {2, false, INT16_MIN, INT16_MAX},
    [FB_U32] = {4, false, 0, UINT32_MAX},
    [FB_I32] = {4, false, INT32_MIN, INT32_MAX},
    [FB_U64] = {8, false, INT64_MIN, INT64_MAX},
    [FB_I64] = {8, false, INT64_MIN, INT64_MAX},
    [FB_F32] = {4, true, 0, 0},
    [FB_F64] = {8, true, 0, 0},
};

static bool failed(const struct fb_builder *builder) { return builder->failure.status != MICA_OK; }

static bool is_scalar(const fb_field *field) { return field->kind <= FB_F64 && !field->vector; }

void fb_builder_init(struct fb_builder *builder, const mica_allocator *allocator) {
    *builder = (struct fb_builder){.allocator = allocator, .align = sizeof(uint32_t)};
}

void fb_builder_free(struct fb_builder *builder) {
    const mica_allocator *allocator = builder->allocator;
    if (builder->memory) allocator->release(allocator->user, builder->memory, builder->capacity);
    if (builder->vtables)
        allocator->release(allocator->user, builder->vtables, builder->vtable_capacity * sizeof(fb_ref));
    fb_builder_init(builder, allocator);
}

/* ---- bytes, from the end ---- */

static uint8_t *at(struct fb_builder *builder, size_t ref) { return builder->memory + builder->capacity - ref; }

/* Room for `size` more bytes. */
static bool reserve(struct fb_builder *builder, size_t size) {
    if (failed(builder)) return false;
    if (size > LARGEST - builder->used) {
        error_set(&builder->failure, MICA_ERROR_LIMIT, "the buffer would be larger than 2 GiB");
        return false;
    }
    if (size <= builder->capacity - builder->used) return true;
    const size_t capacity = max_size(max_size(1024, 2 * builder->capacity), builder->used + size);
    const mica_allocator *allocator = builder->allocator;
    uint8_t *memory = allocator->allocate(allocator->user, capacity, MEMORY_ALIGNMENT);
    if (!memory) {
        error_set(&builder->failure, MICA_ERROR_MEMORY, "no memory for %zu bytes of a buffer", capacity);
        return false;
    }
    if (builder->memory) {
        memcpy(memory + capacity - builder->used, at(builder, builder->used), builder->used);
        allocator->release(allocator->user, builder->memory, builder->capacity);
    }
    builder->memory = memory;
    builder->capacity = capacity;
    return true;
}

/* Zeroes, so many that the buffer's size is a multiple of `align` once `size` more bytes have followed. */
static bool pad(struct fb_builder *builder, size_t size, size_t align) {
    builder->align = max_size(builder->align, align);
    if (!reserve(builder, size > LARGEST ? size : size + align)) return false;
    const size_t zeroes = round_up(builder->used + size, align) - builder->used - size;
    builder->used += zeroes;
    memset(at(builder, builder->used), 0, zeroes);
    return true;
}

static void push(struct fb_builder *builder, const void *bytes, size_t size) {
    if (!reserve(builder, size)) return;
    builder->used += size;
    if (size) memcpy(at(builder, builder->used), bytes, size);
}

static void push_u32(struct fb_builder *builder, uint32_t value) { push(builder, &value, sizeof value); }

static fb_ref here(const struct fb_builder *builder) { return failed(builder) ? 0 : (fb_ref)builder->used; }

/* ---- strings and vectors ---- */

fb_ref fb_build_string(struct fb_builder *builder, const char *text) {
    if (!text) return 0;
    const size_t length = strlen(text);
    if (!pad(builder, length + 1, sizeof(uint32_t))) return 0;
    push(builder, text, length + 1);
    push_u32(builder, (uint32_t)length);
    return here(builder);
}

fb_ref fb_build_scalars(struct fb_builder *builder, const fb_schema *schema, size_t field, const void *items,
                        size_t count) {
    const size_t item = scalars[schema->fields[field].kind].size;
    size_t size;
    if (!size_mul(count, item, &size)) size = SIZE_MAX;
    const size_t align = max_size(item, schema->fields[field].align);
    if (!pad(builder, size, max_size(align, sizeof(uint32_t)))) return 0;
    push(builder, items, size);
    push_u32(builder, (uint32_t)count);
    return here(builder);
}

fb_ref fb_build_refs(struct fb_builder *builder, const fb_ref *refs, size_t count) {
    size_t size;
    if (!size_mul(count, sizeof(uint32_t), &size)) size = SIZE_MAX;
    if (!pad(builder, size, sizeof(uint32_t))) return 0;
    for (size_t i = count; i-- > 0;) push_u32(builder, (uint32_t)(builder->used + sizeof(uint32_t)) - refs[i]);
    push_u32(builder, (uint32_t)count);
    return here(builder);
}

/* ---- tables ---- */

void fb_begin(struct fb_builder *builder, const fb_schema *schema) {
    builder->schema = schema;
    memset(builder->slots, 0, sizeof builder->slots);
    if (schema->field_count > FB_MAX_FIELDS && !failed(builder))
        error_set(&builder->failure, MICA_ERROR_UNSUPPORTED, "%s: more than %d fields", schema->name, FB_MAX_FIELDS);
}

static void set(struct fb_builder *builder, size_t field, uint64_t bits, fb_ref ref, size_t size) {
    if (!failed(builder)) builder->slots[field] = (struct fb_slot){bits, ref, (uint8_t)size};
}

static void misfit(struct fb_builder *builder, const char *field, const char *what) {
    if (!failed(builder))
        error_set(&builder->failure, MICA_ERROR_ARGUMENT, "%s.%s %s", builder->schema->name, field, what);
}

void fb_set_int(struct fb_builder *builder, size_t field, int64_t value) {
    const fb_field *f = &builder->schema->fields[field];
    if (!is_scalar(f) || scalars[f->kind].real)
        misfit(builder, f->name, "is no integer");
    else if (value < scalars[f->kind].low || value > scalars[f->kind].high)
        misfit(builder, f->name, "cannot hold its value");
    else
        set(builder, field, (uint64_t)value, 0, scalars[f->kind].size);
}

void fb_set_real(struct fb_builder *builder, size_t field, double value) {
    const fb_field *f = &builder->schema->fields[field];
    uint64_t bits = 0;
    if (!is_scalar(f) || !scalars[f->kind].real) {
        misfit(builder, f->name, "is no floating-point number");
    } else if (f->kind == FB_F32) {
        const float narrow = (float)value;
        memcpy(&bits, &narrow, sizeof narrow);
        set(builder, field, bits, 0, sizeof narrow);
    } else {
        memcpy(&bits, &value, sizeof value);
        set(builder, field, bits, 0, sizeof value);
    }
}

void fb_set_ref(struct fb_builder *builder, size_t field, fb_ref ref) {
    const fb_field *f = &builder->schema->fields[field];
    if (is_scalar(f))
        misfit(builder, f->name, "holds a number");
    else if (ref)
        set(builder, field, 0, ref, sizeof(uint32_t));
}

/* A vtable of the same content that stands already, else 0. */
static fb_ref find_vtable(struct fb_builder *builder, const uint16_t *vtable) {
    for (size_t i = 0; i < builder->vtable_count; i++) {
        const uint8_t *known = at(builder, builder->vtables[i]);
        if (bytes_u16(known) == vtable[0] && memcmp(known, vtable, vtable[0]) == 0) return builder->vtables[i];
    }
    return 0;
}

static void remember_vtable(struct fb_builder *builder, fb_ref ref) {
    if (builder->vtable_count == builder->vtable_capacity) {
        struct buffer grown = {0};
        const size_t capacity = max_size(16, 2 * builder->vtable_capacity),
                     old = builder->vtable_capacity * sizeof ref;
        const mica_allocator *allocator = builder->allocator;
        if (buffer_reserve(&grown, allocator, capacity * sizeof ref, 0, &builder->failure) != MICA_OK) return;
        if (builder->vtables) {
            memcpy(grown.data, builder->vtables, old);
            allocator->release(allocator->user, builder->vtables, old);
        }
        builder->vtables = grown.data;
        builder->vtable_capacity = capacity;
    }
    builder->vtables[builder->vtable_count++] = ref;
}

/* Fields stand behind the offset to the vtable, largest first, so that only the table's end needs padding. */
fb_ref fb_end(struct fb_builder *builder) {
    const fb_schema *schema = builder->schema;
    uint16_t vtable[2 + FB_MAX_FIELDS] = {0};
    size_t order[FB_MAX_FIELDS], ordered = 0, last = 0, size = 0, align = sizeof(uint32_t);
    if (failed(builder)) return 0;
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].required && !builder->slots[i].size) {
            misfit(builder, schema->fields[i].name, "is required");
            return 0;
        }
    for (size_t bytes = 8; bytes > 0; bytes /= 2)
        for (size_t i = 0; i < schema->field_count; i++) {
            if (builder->slots[i].size != bytes) continue;
            align = max_size(align, bytes);
            vtable[2 + i] = (uint16_t)(sizeof(int32_t) + size);
            last = max_size(last, i + 1);
            order[ordered++] = i;
            size += bytes;
        }
    vtable[0] = (uint16_t)((2 + last) * sizeof *vtable);
    vtable[1] = (uint16_t)(sizeof(int32_t) + size);

    if (!pad(builder, size, align)) return 0;
    while (ordered-- > 0) {
        const struct fb_slot *slot = &builder->slots[order[ordered]];
        if (slot->ref)
            push_u32(builder, (uint32_t)(builder->used + sizeof(uint32_t)) - slot->ref);
        else
            push(builder, &slot->bits, slot->size);
    }
    push_u32(builder, 0);
    const fb_ref table = here(builder);
    fb_ref found = find_vtable(builder, vtable);
    if (!found) {
        push(builder, vtable, vtable[0]);
        found = here(builder);
        remember_vtable(builder, found);
    }
    if (failed(builder)) return 0;
    const uint32_t back = found - table;
    memcpy(at(builder, table), &back, sizeof back);
    return table;
}

mica_status fb_finish(struct fb_builder *builder, fb_ref root, const fb_options *options, const uint8_t **data,
                      size_t *size, mica_error *error) {
    const size_t prefix = options->size_prefixed ? sizeof(uint32_t) : 0, identifier = options->identifier ? 4 : 0;
    if (pad(builder, prefix + sizeof root + identifier, builder->align)) {
        push(builder, options->identifier, identifier);
        push_u32(builder, (uint32_t)(builder->used + sizeof root) - root);
        if (prefix) push_u32(builder, (uint32_t)builder->used);
    }
    if (failed(builder)) return error_set(error, builder->failure.status, "%s", builder->failure.text);
    *data = at(builder, builder->used);
    *size = builder->used;
    return MICA_OK;
}
