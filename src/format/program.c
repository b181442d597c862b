/* SPDX-License-Identifier: Apache-2.0 */
#include "format/program.h"

#include "format/program_parts.h"
#include "format/text.h"

/* The optional header that stands behind the identifier; positions in the file, in bytes. */
enum {
    HEADER_MAGIC = 8,
    HEADER_LENGTH = 12,
    HEADER_PROGRAM_SIZE = 16,
    HEADER_SEGMENT_BASE = 24,
    HEADER_SEGMENT_SIZE = 32, /* only where the header is at least 32 bytes long: not before ExecuTorch 1.0 */
    HEADER_SHORT_END = 32,
    HEADER_LONG_END = 40
};

/* Where the flatbuffer ends and where segments are. Without header all of the file is flatbuffer. */
static mica_status read_header(const uint8_t *file, size_t size, size_t *program_size, struct segments *segments,
                               mica_error *error) {
    *program_size = size;
    *segments = (struct segments){.area = file};
    if (size < HEADER_SHORT_END || memcmp(file + HEADER_MAGIC, "eh00", 4) != 0) return MICA_OK;
    const uint32_t length = bytes_u32(file + HEADER_LENGTH);
    const uint64_t flatbuffer = bytes_u64(file + HEADER_PROGRAM_SIZE);
    const uint64_t base = bytes_u64(file + HEADER_SEGMENT_BASE);
    if (length < HEADER_SHORT_END - HEADER_MAGIC || length > size - HEADER_MAGIC) {
        return error_set(error, MICA_ERROR_FORMAT, "header: its length is %u bytes, at byte %d", length,
                         HEADER_LENGTH);
    }
    if (flatbuffer > size) {
        return error_set(error, MICA_ERROR_FORMAT, "header: a program of %llu bytes in a file of %zu, at byte %d",
                         (unsigned long long)flatbuffer, size, HEADER_PROGRAM_SIZE);
    }
    *program_size = flatbuffer;
    if (base == 0) return MICA_OK;
    if (base < flatbuffer || base > size) {
        return error_set(
            error, MICA_ERROR_FORMAT,
            "header: segments from byte %llu on, with a program of %llu bytes in a file of %zu, at byte %d",
            (unsigned long long)base, (unsigned long long)flatbuffer, size, HEADER_SEGMENT_BASE);
    }
    const bool sized = length >= HEADER_LONG_END - HEADER_MAGIC;
    const uint64_t area = sized ? bytes_u64(file + HEADER_SEGMENT_SIZE) : size - base;
    if (area > size - base) {
        return error_set(error, MICA_ERROR_FORMAT,
                         "header: segments of %llu bytes, of which %llu are there, at byte %d",
                         (unsigned long long)area, (unsigned long long)(size - base), HEADER_SEGMENT_SIZE);
    }
    segments->area = file + base;
    segments->area_size = area;
    return MICA_OK;
}

bytes_span pte_claim_segment(pte_parts *parts, size_t index, size_t *counter) {
    const bytes_span bytes = segments_at(&parts->segments, index);
    if (!parts->claimed[index]) *counter += bytes.count;
    parts->claimed[index] = true;
    return bytes;
}

/* A table SubsegmentOffsets; an absent one, or one without offsets, has no parts. */
static mica_status read_subsegments(pte_parts *parts, fb_table table, size_t *counter, pte_subsegments *out) {
    const bytes_span offsets = fb_vector(table, SUBSEGMENT_OFFSETS);
    if (offsets.count == 0) return MICA_OK;
    const uint32_t index = fb_u32(table, SUBSEGMENT_SEGMENT_INDEX, 0);
    if (index >= parts->segments.list.count) {
        return PTE_BAD(parts, table, pte_subsegment_schema, SUBSEGMENT_SEGMENT_INDEX, "segment %u of %zu", index,
                       parts->segments.list.count);
    }
    *out = (pte_subsegments){pte_claim_segment(parts, index, counter), offsets};
    return MICA_OK;
}

static mica_status read_data(pte_parts *parts) {
    pte_program *const program = parts->program;
    const fb_table constants = fb_child(parts->root, PROGRAM_CONSTANT_SEGMENT);
    mica_status status = read_subsegments(parts, constants, &program->constant_bytes, &parts->constants);
    if (status) return fb_in(parts->error, status, "constant_segment");
    const bytes_span inlined = fb_vector(parts->root, PROGRAM_CONSTANT_BUFFER);
    for (size_t i = 0; i < inlined.count; i++) {
        program->constant_bytes += fb_vector(fb_at(inlined, i), BUFFER_STORAGE).count;
    }
    /* Only the first is ever used, whatever a tensor's mutable_data_segments_idx says. */
    const bytes_span state = fb_vector(parts->root, PROGRAM_MUTABLE_DATA_SEGMENTS);
    if (state.count == 0) return MICA_OK;
    status = read_subsegments(parts, fb_at(state, 0), &program->mutable_bytes, &parts->state);
    return status ? fb_in(parts->error, status, "mutable_data_segments[0]") : MICA_OK;
}

static mica_status read_named_data(pte_parts *parts, fb_table table, pte_named_data *out) {
    size_t length = 0;
    out->key = fb_string(table, NAMED_DATA_KEY, &length);
    if (!text_is_name(out->key, length)) {
        return PTE_BAD(parts, table, pte_named_data_schema, NAMED_DATA_KEY, "not a name");
    }
    const uint32_t index = fb_u32(table, NAMED_DATA_SEGMENT_INDEX, 0);
    if (index >= parts->segments.list.count) {
        return PTE_BAD(parts, table, pte_named_data_schema, NAMED_DATA_SEGMENT_INDEX, "segment %u of %zu", index,
                       parts->segments.list.count);
    }
    const bytes_span bytes = pte_claim_segment(parts, index, &parts->program->named_bytes);
    out->data = bytes.data;
    out->size = bytes.count;
    return MICA_OK;
}

static mica_status read_all_named_data(pte_parts *parts) {
    const bytes_span named = fb_vector(parts->root, PROGRAM_NAMED_DATA);
    void *memory = NULL;
    TRY(arena_array(parts->arena, named.count, sizeof(pte_named_data), &memory, parts->error));
    pte_named_data *const entries = memory;
    for (size_t i = 0; i < named.count; i++) {
        const mica_status status = read_named_data(parts, fb_at(named, i), &entries[i]);
        if (status) return fb_in(parts->error, status, "named_data[%zu]", i);
    }
    text_sort(entries, named.count, sizeof *entries);
    parts->program->named_data = entries;
    parts->program->named_data_count = named.count;
    return MICA_OK;
}

static mica_status read_methods(pte_parts *parts) {
    const bytes_span plans = fb_vector(parts->root, PROGRAM_EXECUTION_PLAN);
    if (plans.count == 0) {
        return PTE_BAD(parts, parts->root, pte_program_schema, PROGRAM_EXECUTION_PLAN, "a program without methods");
    }
    void *memory = NULL;
    TRY(arena_array(parts->arena, plans.count, sizeof(pte_method), &memory, parts->error));
    pte_method *const methods = memory;
    for (size_t i = 0; i < plans.count; i++) {
        const mica_status status = pte_read_method(parts, fb_at(plans, i), &methods[i]);
        if (status) return fb_in(parts->error, status, "execution_plan[%zu]", i);
    }
    parts->program->methods = methods;
    parts->program->method_count = plans.count;
    return MICA_OK;
}

static mica_status read_program(const uint8_t *file, size_t size, const ptd_file *external, size_t external_count,
                                struct arena *arena, pte_program **out, mica_error *error) {
    void *memory = NULL;
    TRY(arena_allocate(arena, sizeof(pte_program), &memory, error));
    pte_program *const program = memory;
    pte_parts parts = {.file = file,
                       .external = external,
                       .external_count = external_count,
                       .program = program,
                       .arena = arena,
                       .error = error};
    *program = (pte_program){.file = file, .file_size = size, .external = external, .external_count = external_count};
    TRY(read_header(file, size, &program->program_size, &parts.segments, error));
    TRY(fb_verify(file, program->program_size, &(fb_options){.identifier = "ET12"}, &pte_program_schema, error));
    parts.root = fb_root(file, false);
    parts.segments.list = fb_vector(parts.root, PROGRAM_SEGMENTS);
    TRY(segments_check(&parts.segments, file, error));
    TRY(arena_array(arena, parts.segments.list.count, sizeof(bool), &memory, error));
    parts.claimed = memory;
    TRY(read_data(&parts));
    TRY(read_methods(&parts));
    TRY(read_all_named_data(&parts));
    *out = program;
    return MICA_OK;
}

mica_status pte_open(const uint8_t *file, size_t size, const ptd_file *external, size_t external_count,
                     struct arena *arena, pte_program **out, mica_error *error) {
    if (!bundled_is(file, size)) return read_program(file, size, external, external_count, arena, out, error);
    bundled_file bundle = {0};
    pte_program *program = NULL;
    TRY(bundled_open(file, size, &bundle, error));
    const bytes_span inner = bundle.program;
    const mica_status status =
        read_program(inner.data, inner.count, external, external_count, arena, &program, error);
    if (status) return error_in(error, status, "the bundled program at byte %zu", (size_t)(inner.data - file));
    program->bundle = bundle;
    TRY(bundled_check(&bundle, program, error));
    *out = program;
    return MICA_OK;
}

const uint8_t *pte_find_data(const pte_program *program, const char *key, size_t key_length, size_t *size) {
    const pte_named_data *const own =
        text_find(key, key_length, program->named_data, program->named_data_count, sizeof *own);
    if (own) {
        *size = own->size;
        return own->data;
    }
    for (size_t i = 0; i < program->external_count; i++) {
        const ptd_entry *const entry = ptd_find(&program->external[i], key, key_length);
        if (entry) {
            *size = entry->size;
            return entry->data;
        }
    }
    return NULL;
}
