/* SPDX-License-Identifier: Apache-2.0 */
#include "format/segments.h"

static const fb_field data_segment_fields[] = {
    [DATA_SEGMENT_OFFSET] = FB_SCALAR("offset", FB_U64),
    [DATA_SEGMENT_SIZE] = FB_SCALAR("size", FB_U64),
};
const fb_schema data_segment_schema = FB_SCHEMA("DataSegment", data_segment_fields);

mica_status segments_check(const struct segments *segments, const uint8_t *file, mica_error *error) {
    for (size_t i = 0; i < segments->list.count; i++) {
        const fb_table segment = fb_at(segments->list, i);
        const uint64_t offset = fb_u64(segment, DATA_SEGMENT_OFFSET, 0);
        const uint64_t size = fb_u64(segment, DATA_SEGMENT_SIZE, 0);
        if (offset > segments->area_size || size > segments->area_size - offset) {
            const mica_status status =
                fb_bad(error, MICA_ERROR_FORMAT, file, segment, &data_segment_schema, DATA_SEGMENT_OFFSET,
                       "%llu bytes from %llu on end outside the data area of %zu bytes", (unsigned long long)size,
                       (unsigned long long)offset, segments->area_size);
            return fb_in(error, status, "segments[%zu]", i);
        }
    }
    return MICA_OK;
}

bytes_span segments_at(const struct segments *segments, size_t index) {
    const fb_table segment = fb_at(segments->list, index);
    return (bytes_span){segments->area + fb_u64(segment, DATA_SEGMENT_OFFSET, 0),
                        fb_u64(segment, DATA_SEGMENT_SIZE, 0)};
}
