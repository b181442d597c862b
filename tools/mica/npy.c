/* SPDX-License-Identifier: Apache-2.0 */
#include "npy.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    mica_type type;
    const char *descr;
} types[] = {
    {MICA_U8, "|u1"},  {MICA_I8, "|i1"},  {MICA_I16, "<i2"}, {MICA_I32, "<i4"},    {MICA_I64, "<i8"},
    {MICA_F16, "<f2"}, {MICA_F32, "<f4"}, {MICA_F64, "<f8"}, {MICA_BOOL, "|b1"},   {MICA_BF16, "<V2"},
    {MICA_U16, "<u2"}, {MICA_U32, "<u4"}, {MICA_U64, "<u8"}, {MICA_BITS16, "<u2"},
};
#define TYPES (sizeof types / sizeof *types)
#define HEADER_MAX 4096 /* bytes; NumPy's own headers for these types stay below 512 */

/* ---- reading ---- */

/* The header is one Python dictionary; `at` walks through it. */
static void skip_space(const char **at) { *at += strspn(*at, " \t\n"); }

static bool take(const char **at, char wanted) {
    skip_space(at);
    if (**at != wanted) return false;
    ++*at;
    return true;
}

static bool take_word(const char **at, const char *word) {
    skip_space(at);
    if (strncmp(*at, word, strlen(word)) != 0) return false;
    *at += strlen(word);
    return true;
}

static bool take_string(const char **at, char *text, size_t size) {
    skip_space(at);
    const char quote = **at;
    if (quote != '\'' && quote != '"') return false;
    const char *const end = strchr(*at + 1, quote);
    if (!end || (size_t)(end - *at) > size) return false;
    memcpy(text, *at + 1, (size_t)(end - *at) - 1);
    text[end - *at - 1] = 0;
    *at = end + 1;
    return true;
}

static bool take_shape(const char **at, mica_tensor *tensor) {
    if (!take(at, '(')) return false;
    for (tensor->rank = 0; !take(at, ')'); tensor->rank++) {
        if (tensor->rank == MICA_MAX_RANK) return false;
        size_t size = 0;
        skip_space(at);
        if (!isdigit((unsigned char)**at)) return false;
        for (; isdigit((unsigned char)**at); ++*at) {
            if (__builtin_mul_overflow(size, 10, &size) ||
                __builtin_add_overflow(size, (size_t)(**at - '0'), &size)) {
                return false;
            }
        }
        tensor->sizes[tensor->rank] = size;
        if (!take(at, ',') && (skip_space(at), **at != ')')) return false;
    }
    return true;
}

static bool type_of(const char *descr, mica_type *type, struct fault *fault) {
    for (size_t i = 0; i < TYPES; i++) {
        const bool narrow = types[i].descr[0] == '|'; /* one byte has no order: '<' and '=' say the same */
        if (strcmp(descr + 1, types[i].descr + 1) != 0 || !(narrow || strchr("<=", descr[0]))) continue;
        *type = types[i].type;
        return true;
    }
    return fail(fault, "its type '%s' is not one that Mica reads%s", descr, descr[0] == '>' ? ": big-endian" : "");
}

/* {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } */
static bool parse_header(const char *at, mica_tensor *tensor, bool *columns, struct fault *fault) {
    char key[16], descr[16] = "";
    unsigned seen = 0;
    if (!take(&at, '{')) return fail(fault, "its header is no dictionary");
    while (!take(&at, '}')) {
        if (!take_string(&at, key, sizeof key) || !take(&at, ':')) return fail(fault, "its header is malformed");
        bool good = false;
        if (strcmp(key, "descr") == 0) {
            good = take_string(&at, descr, sizeof descr) && descr[0];
            seen |= 1;
        } else if (strcmp(key, "fortran_order") == 0) {
            *columns = take_word(&at, "True");
            good = *columns || take_word(&at, "False");
            seen |= 2;
        } else if (strcmp(key, "shape") == 0) {
            good = take_shape(&at, tensor);
            seen |= 4;
        }
        if (!good) return fail(fault, "its header says nothing usable for '%s'", key);
        if (!take(&at, ',') && (skip_space(&at), *at != '}')) return fail(fault, "its header is malformed");
    }
    if (seen != 7) return fail(fault, "its header lacks descr, fortran_order or shape");
    return type_of(descr, &tensor->type, fault);
}

bool npy_parse(const uint8_t *data, size_t size, mica_tensor *tensor, struct fault *fault) {
    if (size < 10 || memcmp(data, "\x93NUMPY", 6) != 0) return fail(fault, "it is not an .npy file (byte 0)");
    if (data[6] < 1 || data[6] > 3) return fail(fault, "it is .npy of version %u, not 1 to 3 (byte 6)", data[6]);
    const size_t prefix = data[6] == 1 ? 10 : 12;
    if (size < prefix) return fail(fault, "it ends inside its header (byte %zu)", size);
    size_t length = data[8] + ((size_t)data[9] << 8);
    if (prefix == 12) length += ((size_t)data[10] << 16) + ((size_t)data[11] << 24);
    if (length > size - prefix) return fail(fault, "it ends inside its header (byte %zu)", size);
    char header[HEADER_MAX + 1];
    if (length > HEADER_MAX)
        return fail(fault, "its header has %zu bytes, more than %d (byte 8)", length, HEADER_MAX);
    memcpy(header, data + prefix, length);
    header[length] = 0;

    mica_tensor found = {.data = (void *)(data + prefix + length)};
    bool columns = false;
    if (!parse_header(header, &found, &columns, fault)) return false;
    size_t bytes;
    const size_t present = size - prefix - length;
    if (!tensor_bytes(&found, &bytes)) return fail(fault, "its shape is too large");
    if (bytes != present) {
        char shape[SHAPE_TEXT];
        return fail(fault, "%s %s takes %zu bytes, the file has %zu (byte %zu)", mica_type_name(found.type),
                    shape_text(found.sizes, found.rank, shape), bytes, present, prefix + length);
    }
    for (size_t d = 0; d < found.rank; d++) found.dim_order[d] = (uint8_t)(columns ? found.rank - 1 - d : d);
    *tensor = found;
    return true;
}

/* ---- writing ---- */

bool file_write(const char *path, const void *head, size_t head_size, const void *data, size_t size,
                struct fault *fault) {
    FILE *const file = fopen(path, "wb");
    if (!file) return fail(fault, "%s: %s", path, strerror(errno));
    const bool written = fwrite(head, 1, head_size, file) == head_size && fwrite(data, 1, size, file) == size;
    if (fclose(file) == 0 && written) return true;
    fail(fault, "%s: %s", path, strerror(errno));
    unlink(path);
    return false;
}

bool npy_write(const char *path, const mica_tensor *tensor, struct fault *fault) {
    const char *descr = NULL;
    for (size_t i = 0; i < TYPES && !descr; i++) {
        if (types[i].type == tensor->type) descr = types[i].descr;
    }
    if (!descr) return fail(fault, "%s: a tensor of type %s has no .npy form", path, mica_type_name(tensor->type));
    char header[1024];
    int length = snprintf(header, sizeof header,
                          "\x93NUMPY\x01%c%c%c{'descr': '%s', 'fortran_order': False, 'shape': (", 0, 0, 0, descr);
    for (size_t d = 0; d < tensor->rank; d++) {
        length += sprintf(header + length, d ? ", %zu" : "%zu", tensor->sizes[d]);
    }
    length += sprintf(header + length, "%s), }", tensor->rank == 1 ? "," : "");
    while (length % 64 != 63) header[length++] = ' '; /* data start on a multiple of 64 */
    header[length++] = '\n';
    header[8] = (char)((length - 10) & 0xff);
    header[9] = (char)((length - 10) >> 8);
    return file_write(path, header, (size_t)length, tensor->data, mica_tensor_bytes(tensor), fault);
}
