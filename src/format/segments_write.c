/* SPDX-License-Identifier: Apache-2.0 */
#include "format/segments_write.h"

#include "format/segments.h"

#define PLACE 8 /* where the header stands: behind root offset and identifier */
#define HEADER_ALIGNMENT 16

mica_status segments_list(struct fb_builder *builder, struct arena *arena, const bytes_span *segments, size_t count,
                          fb_ref *list, mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(arena, count, sizeof(fb_ref), &memory, error));
    fb_ref *const refs = memory;
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        fb_begin(builder, &data_segment_schema);
        fb_set_int(builder, DATA_SEGMENT_OFFSET, (int64_t)offset);
        fb_set_int(builder, DATA_SEGMENT_SIZE, (int64_t)segments[i].count);
        refs[i] = fb_end(builder);
        offset += round_up(segments[i].count, SEGMENT_ALIGNMENT);
    }
    *list = fb_build_refs(builder, refs, count);
    return MICA_OK;
}

/* Bytes from the first segment's start to the last one's end. */
static size_t area_size(const bytes_span *segments, size_t count) {
    size_t offset = 0, end = 0;
    for (size_t i = 0; i < count; i++) {
        end = offset + segments[i].count;
        offset += round_up(segments[i].count, SEGMENT_ALIGNMENT);
    }
    return end;
}

static const struct {
    const char *identifier, *magic;
    uint32_t size;
} kinds[] = {[SEGMENTS_PROGRAM] = {"ET12", "eh00", 32}, [SEGMENTS_TENSORS] = {"FT01", "FH01", 40}};

mica_status segments_write(struct fb_builder *builder, fb_ref root, segments_kind kind, const bytes_span *segments,
                           size_t count, struct arena *arena, bytes_span *file, mica_error *error) {
    const uint8_t *data = NULL;
    size_t size = 0;
    void *memory = NULL;
    TRY(fb_finish(builder, root, &(fb_options){.identifier = kinds[kind].identifier}, &data, &size, error));
    const uint32_t header = kinds[kind].size, gap = (uint32_t)round_up(header, HEADER_ALIGNMENT);
    const size_t end = size + gap, base = round_up(end, SEGMENT_ALIGNMENT), area = area_size(segments, count);
    TRY(arena_allocate(arena, base + area, &memory, error));
    uint8_t *const bytes = memory;
    const uint32_t moved = bytes_u32(data) + gap; /* all other offsets are relative */
    memcpy(bytes, &moved, sizeof moved);
    memcpy(bytes + 4, data + 4, 4);
    memcpy(bytes + PLACE + gap, data + PLACE, size - PLACE);
    memcpy(bytes + PLACE, kinds[kind].magic, 4);
    memcpy(bytes + PLACE + 4, &header, sizeof header);
    const uint64_t program[] = {end, base, area}, tensors[] = {gap, size, base, area};
    if (kind == SEGMENTS_PROGRAM) memcpy(bytes + PLACE + 8, program, sizeof program);
    if (kind == SEGMENTS_TENSORS) memcpy(bytes + PLACE + 8, tensors, sizeof tensors);
    size_t offset = base;
    for (size_t i = 0; i < count; i++) {
        if (segments[i].count) memcpy(bytes + offset, segments[i].data, segments[i].count);
        offset += round_up(segments[i].count, SEGMENT_ALIGNMENT);
    }
    *file = (bytes_span){bytes, base + area};
    return MICA_OK;
}
