/* SPDX-License-Identifier: Apache-2.0 */
#include "format/program_write.h"
#include "format/segments_write.h"
#include "format/tensor_data_schema.h"

static fb_ref write_layout(struct fb_builder *b, const tensor_layout *layout) {
    const fb_ref lists[] = {
        fb_build_scalars(b, &ptd_layout_schema, LAYOUT_SIZES, layout->sizes, layout->rank),
        fb_build_scalars(b, &ptd_layout_schema, LAYOUT_DIM_ORDER, layout->dim_order, layout->rank),
    };
    fb_begin(b, &ptd_layout_schema);
    fb_set_int(b, LAYOUT_SCALAR_TYPE, layout->type);
    fb_set_ref(b, LAYOUT_SIZES, lists[0]);
    fb_set_ref(b, LAYOUT_DIM_ORDER, lists[1]);
    return fb_end(b);
}

static mica_status write_file(struct fb_builder *b, const ptd_entry *entries, size_t count, struct arena *arena,
                              bytes_span *file, mica_error *error) {
    void *segments = NULL, *refs = NULL;
    fb_ref list = 0;
    TRY(arena_array(arena, count, sizeof(bytes_span), &segments, error));
    TRY(arena_array(arena, count, sizeof(fb_ref), &refs, error));
    for (size_t i = 0; i < count; i++) {
        ((bytes_span *)segments)[i] = (bytes_span){entries[i].data, entries[i].size};
        const fb_ref layout = entries[i].has_layout ? write_layout(b, &entries[i].layout) : 0;
        const fb_ref key = fb_build_string(b, entries[i].key);
        fb_begin(b, &ptd_entry_schema);
        fb_set_ref(b, ENTRY_KEY, key);
        fb_set_int(b, ENTRY_SEGMENT_INDEX, (int64_t)i);
        fb_set_ref(b, ENTRY_TENSOR_LAYOUT, layout);
        ((fb_ref *)refs)[i] = fb_end(b);
    }
    TRY(segments_list(b, arena, segments, count, &list, error));
    const fb_ref named = fb_build_refs(b, refs, count);
    fb_begin(b, &ptd_schema);
    fb_set_ref(b, FLAT_TENSOR_SEGMENTS, list);
    fb_set_ref(b, FLAT_TENSOR_NAMED_DATA, named);
    return segments_write(b, fb_end(b), SEGMENTS_TENSORS, segments, count, arena, file, error);
}

mica_status ptd_write(const ptd_entry *entries, size_t count, struct arena *arena, bytes_span *file,
                      mica_error *error) {
    struct fb_builder b;
    fb_builder_init(&b, arena->allocator);
    const mica_status status = write_file(&b, entries, count, arena, file, error);
    fb_builder_free(&b);
    return status;
}
