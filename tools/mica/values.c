/* SPDX-License-Identifier: Apache-2.0 */
#include "values.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "grow.h"
#include "npy.h"
#include "options.h"

#define NPY_HEADER 8192 /* more than any header that npy_parse takes */

/* ---- reading ---- */

/* Reads a file of at most `limit` bytes; memory grows with what is really there. */
static bool read_file(const char *path, size_t limit, uint8_t **data, size_t *size, struct fault *fault) {
    FILE *const file = fopen(path, "rb");
    if (!file) return fail(fault, "%s: %s", path, strerror(errno));
    uint8_t *bytes = NULL;
    size_t used = 0, room = 0;
    do {
        room = room ? room * 2 : 65536;
        bytes = grow(bytes, room, 1);
        used += fread(bytes + used, 1, room - used, file);
    } while (used == room && used <= limit);
    const bool broken = ferror(file);
    const int reason = errno;
    fclose(file);
    if (broken || used > limit) {
        free(bytes);
        return broken ? fail(fault, "%s: %s", path, strerror(reason))
                      : fail(fault, "%s: more than the %zu bytes that fit here", path, limit);
    }
    *data = bytes;
    *size = used;
    return true;
}

static bool has_suffix(const char *text, const char *suffix) {
    const size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

/* Reads a tensor file in the layout of `want`, whose type and rank it must have and whose sizes a .bin takes over. */
static bool read_tensor(const char *path, const mica_tensor *want, held_value *held, struct fault *fault) {
    const bool npy = has_suffix(path, ".npy");
    char shape[SHAPE_TEXT];
    size_t bytes, size;
    if (!tensor_bytes(want, &bytes) || bytes > SIZE_MAX / 4) {
        return fail(fault, "%s: a tensor of %s %s cannot be read", path, mica_type_name(want->type),
                    shape_text(want->sizes, want->rank, shape));
    }
    uint8_t *data;
    if (!read_file(path, npy ? bytes + NPY_HEADER : bytes, &data, &size, fault)) return false;
    mica_tensor found = *want;
    tensor_c_order(&found);
    found.data = data;
    bool good = true;
    if (npy) {
        good = npy_parse(data, size, &found, fault) || fail_in(fault, path);
    } else if (size != bytes) {
        good = fail(fault, "%s: %zu bytes, where %s %s takes %zu", path, size, mica_type_name(want->type),
                    shape_text(want->sizes, want->rank, shape), bytes);
    }
    if (good && (found.type != want->type || found.rank != want->rank)) {
        good = fail(fault, "%s: it holds %s of rank %zu, where %s of rank %zu is expected", path,
                    mica_type_name(found.type), found.rank, mica_type_name(want->type), want->rank);
    }
    if (good) {
        mica_tensor *const tensor = &held->value.as.tensor;
        held->value.kind = MICA_TENSOR;
        *tensor = found;
        memcpy(tensor->dim_order, want->dim_order, sizeof tensor->dim_order);
        tensor->data = held->memory = grow(NULL, mica_tensor_bytes(tensor), 1);
        tensor_reorder(tensor, &found);
    }
    free(data);
    return good;
}

static mica_tensor declared(const mica_value_info *info) {
    mica_tensor tensor = {.type = info->type, .rank = info->rank};
    memcpy(tensor.sizes, info->sizes, sizeof tensor.sizes);
    memcpy(tensor.dim_order, info->dim_order, sizeof tensor.dim_order);
    return tensor;
}

/* "FILE:2x3x4": cuts the shape off the path. */
static bool split_shape(const char *text, char *path, size_t size, mica_tensor *tensor, struct fault *fault) {
    if (strlen(text) >= size) return fail(fault, "%s: %s", text, strerror(ENAMETOOLONG));
    strcpy(path, text);
    char *const colon = strrchr(path, ':');
    size_t sizes[MICA_MAX_RANK], rank;
    if (!colon || !colon[1] || !parse_shape(colon + 1, MICA_MAX_RANK, sizes, &rank)) return true;
    if (rank != tensor->rank) return fail(fault, "%s: a tensor of rank %zu is expected", text, tensor->rank);
    memcpy(tensor->sizes, sizes, sizeof sizes[0] * rank);
    *colon = 0;
    return true;
}

/* "FILE" or "FILE:2x3x4". */
static bool read_shaped(const char *text, mica_tensor want, held_value *held, struct fault *fault) {
    char path[PATH_MAX];
    return split_shape(text, path, sizeof path, &want, fault) && read_tensor(path, &want, held, fault);
}

/* A .bin of a scalar: as many bytes as the value has. */
static bool read_raw(const char *path, void *value, size_t size, struct fault *fault) {
    uint8_t *data;
    size_t found;
    if (!read_file(path, size, &data, &found, fault)) return false;
    if (found == size) memcpy(value, data, size);
    free(data);
    return found == size || fail(fault, "%s: %zu bytes, where the value takes %zu", path, found, size);
}

static bool read_integer(const char *text, int64_t *value, struct fault *fault) {
    if (has_suffix(text, ".bin")) return read_raw(text, value, sizeof *value, fault);
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return (*text && !*end && !errno) || usage(fault, "'%s' is no whole number", text);
}

static bool read_double(const char *text, double *value, struct fault *fault) {
    if (has_suffix(text, ".bin")) return read_raw(text, value, sizeof *value, fault);
    return parse_real(text, value) || usage(fault, "'%s' is no number", text);
}

static bool read_boolean(const char *text, bool *value, struct fault *fault) {
    uint8_t byte = 0;
    if (has_suffix(text, ".bin")) {
        if (!read_raw(text, &byte, 1, fault)) return false;
        *value = byte != 0;
        return true;
    }
    *value = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    return *value || strcmp(text, "false") == 0 || strcmp(text, "0") == 0 ||
           usage(fault, "'%s' is neither true nor false", text);
}

bool value_read(const char *text, const mica_value_info *info, held_value *held, struct fault *fault) {
    mica_value *const value = &held->value;
    value->kind = info->kind;
    switch (info->kind) {
    case MICA_TENSOR: return read_shaped(text, declared(info), held, fault);
    case MICA_INT: return read_integer(text, &value->as.integer, fault);
    case MICA_DOUBLE: return read_double(text, &value->as.real, fault);
    case MICA_BOOLEAN: return read_boolean(text, &value->as.boolean, fault);
    case MICA_STRING: value->as.string = text; return true;
    case MICA_NONE: return strcmp(text, "none") == 0 || usage(fault, "'%s': the only value here is none", text);
    case MICA_TENSOR_LIST: break;
    }
    return fail(fault, "%s: a list of tensors cannot be given", text);
}

bool value_generate(const mica_value_info *info, uint64_t *seed, held_value *held, struct fault *fault) {
    if (info->kind == MICA_TENSOR_LIST) return fail(fault, "a list of tensors cannot be given");
    if (info->kind != MICA_TENSOR) {
        held->value = info->constant;
        held->value.kind = info->kind;
        return true;
    }
    mica_tensor tensor = declared(info);
    size_t bytes;
    if (!tensor_bytes(&tensor, &bytes)) return fail(fault, "its shape is too large");
    tensor.data = held->memory = grow(NULL, bytes, 1);
    tensor_fill(&tensor, seed);
    held->value.kind = MICA_TENSOR;
    held->value.as.tensor = tensor;
    return true;
}

bool value_read_expected(const char *text, const mica_tensor *got, held_value *held, struct fault *fault) {
    return read_shaped(text, *got, held, fault);
}

/* ---- writing ---- */

bool value_write(const char *directory, const char *name, bool raw, const mica_tensor *tensor, struct fault *fault) {
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s.%s", directory, name, raw ? "bin" : "npy") >= sizeof path) {
        return fail(fault, "%s: %s", directory, strerror(ENAMETOOLONG));
    }
    if (!raw) return npy_write(path, tensor, fault);
    return file_write(path, "", 0, tensor->data, mica_tensor_bytes(tensor), fault);
}
