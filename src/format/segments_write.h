/* SPDX-License-Identifier: Apache-2.0
 *
 * Files with segments: a flatbuffer with an extended header inside, and data behind it.
 */
#ifndef FORMAT_SEGMENTS_WRITE_H
#define FORMAT_SEGMENTS_WRITE_H

#include "flatbuf/build.h"

#define SEGMENT_ALIGNMENT 128 /* bytes, in the file */

/* The list of segments for the flatbuffer: their offsets follow from their sizes. */
mica_status segments_list(struct fb_builder *builder, struct arena *arena, const bytes_span *segments, size_t count,
                          fb_ref *list, mica_error *error);

/* How the two kinds of file begin. */
typedef enum segments_kind { SEGMENTS_PROGRAM, SEGMENTS_TENSORS } segments_kind;

/* Ends the flatbuffer with `root` and makes the file of it, in `arena`. */
mica_status segments_write(struct fb_builder *builder, fb_ref root, segments_kind kind, const bytes_span *segments,
                           size_t count, struct arena *arena, bytes_span *file, mica_error *error);

#endif
