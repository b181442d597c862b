/* SPDX-License-Identifier: Apache-2.0
 *
 * Element types, and sizes of tensors.
 */
#include "mica/tensor.h"

typedef struct type_row {
    const char *name;
    size_t size;
} type_row;

static const type_row types[] = {
    [MICA_U8] = {"u8", 1},     [MICA_I8] = {"i8", 1},     [MICA_I16] = {"i16", 2},       [MICA_I32] = {"i32", 4},
    [MICA_I64] = {"i64", 8},   [MICA_F16] = {"f16", 2},   [MICA_F32] = {"f32", 4},       [MICA_F64] = {"f64", 8},
    [MICA_BOOL] = {"bool", 1}, [MICA_BF16] = {"bf16", 2}, [MICA_BITS16] = {"bits16", 2}, [MICA_U16] = {"u16", 2},
    [MICA_U32] = {"u32", 4},   [MICA_U64] = {"u64", 8},   [MICA_C64] = {"c64", 8},       [MICA_C128] = {"c128", 16},
};

static const type_row *find(mica_type type) {
    const size_t index = (size_t)type;
    return index < sizeof types / sizeof *types && types[index].name ? &types[index] : NULL;
}

size_t mica_type_size(mica_type type) {
    const type_row *const row = find(type);
    return row ? row->size : 0;
}

const char *mica_type_name(mica_type type) {
    const type_row *const row = find(type);
    return row ? row->name : "?";
}

size_t mica_tensor_count(const mica_tensor *tensor) {
    size_t count = 1;
    for (size_t i = 0; i < tensor->rank; i++) count *= tensor->sizes[i];
    return count;
}

size_t mica_tensor_bytes(const mica_tensor *tensor) {
    return mica_tensor_count(tensor) * mica_type_size(tensor->type);
}
