/* SPDX-License-Identifier: Apache-2.0
 *
 * What .pte and .ptd share: a list of segments, ranges of one data area behind the flatbuffer.
 */
#ifndef FORMAT_SEGMENTS_H
#define FORMAT_SEGMENTS_H

#include "flatbuf/flatbuf.h"

enum { DATA_SEGMENT_OFFSET, DATA_SEGMENT_SIZE };
extern const fb_schema data_segment_schema;

struct segments {
    const uint8_t *area; /* never NULL; of no bytes when the file has none */
    size_t area_size;
    bytes_span list; /* DataSegment tables */
};

/* Checks that each segment of `list` is inside the area. `file` holds the tables, for error texts. */
mica_status segments_check(const struct segments *segments, const uint8_t *file, mica_error *error);

/* Bytes of segment `index`, which is below list.count. */
bytes_span segments_at(const struct segments *segments, size_t index);

#endif
