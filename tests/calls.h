/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of portable kernels as text, for tests: "aten::add.out | f32[2]{1 2} f32[2]{3 4} 1 -> f32[2]{4 6}", as
 * tests/data/portable/calls.py describes it. A call is parsed into a value table of its own, run, and compared.
 */
#ifndef TESTS_CALLS_H
#define TESTS_CALLS_H

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "runtime/kernel_call.h"

#define CALL_VALUES 256
#define CALL_ARGS 32

/* A parsed call. Values 0 … are arguments and what their lists hold; what is expected lies beside them. */
typedef struct call_text {
    struct value values[CALL_VALUES], expected[CALL_VALUES];
    bool compared[CALL_VALUES]; /* expected[i] says what values[i] must be */
    size_t count;
    int32_t args[CALL_ARGS];
    size_t arg_count;
    bool reversed; /* tensors have the opposite dim order */
    void *memory[4 * CALL_VALUES];
    size_t memory_count;
    const char *at;
} call_text;

static inline void *call_memory(call_text *text, size_t size) {
    void *const memory = calloc(1, size ? size : 1);
    return text->memory[text->memory_count++] = memory;
}

static inline void call_clear(call_text *text) {
    for (size_t i = 0; i < text->memory_count; i++) free(text->memory[i]);
}

/* ---- elements ---- */

static inline void element_set(mica_type type, void *at, const char *text) {
    const double real = strtod(text, NULL);
    const int64_t integer = strtoll(text, NULL, 10);
    switch (type) {
    case MICA_F32: *(float *)at = (float)real; break;
    case MICA_F64: *(double *)at = real; break;
    case MICA_F16: *(uint16_t *)at = f16_of_float((float)real); break;
    case MICA_BF16: *(uint16_t *)at = bf16_of_float((float)real); break;
    default: memcpy(at, &integer, mica_type_size(type));
    }
}

static inline double element_get(mica_type type, const void *at) {
    switch (type) {
    case MICA_F32: return (double)*(const float *)at;
    case MICA_F64: return *(const double *)at;
    case MICA_F16: return (double)float_of_f16(*(const uint16_t *)at);
    case MICA_BF16: return (double)float_of_bf16(*(const uint16_t *)at);
    case MICA_I8: return *(const int8_t *)at;
    case MICA_I16: return *(const int16_t *)at;
    case MICA_I32: return *(const int32_t *)at;
    case MICA_I64: return (double)*(const int64_t *)at;
    default: return *(const uint8_t *)at;
    }
}

/* Byte offset of element `index` in C order. */
static inline size_t element_offset(const mica_tensor *tensor, size_t index) {
    size_t strides[MICA_MAX_RANK], offset = 0;
    tensor_strides(tensor, strides);
    for (size_t d = tensor->rank; d-- > 0; index /= tensor->sizes[d]) offset += index % tensor->sizes[d] * strides[d];
    return offset * mica_type_size(tensor->type);
}

/* Room for rounding of another order of operations, relative and absolute. */
static inline bool element_close(mica_type type, double got, double expected) {
    if (got == expected || (isnan(got) && isnan(expected))) return true;
    double room = 0;
    switch (type) {
    case MICA_F32: room = 1e-5; break;
    case MICA_F64: room = 1e-7; break; /* the text has nine digits */
    case MICA_F16: room = 2e-3; break;
    case MICA_BF16: room = 1e-2; break;
    default: return false;
    }
    return fabs(got - expected) <= room * fabs(expected) + room / 4;
}

/* Complex elements are two numbers each. */
static inline bool is_complex(mica_type type) { return type == MICA_C64 || type == MICA_C128; }
static inline size_t number_count(const mica_tensor *tensor) {
    return mica_tensor_count(tensor) * (is_complex(tensor->type) ? 2 : 1);
}
static inline mica_type number_type(mica_type type) {
    return type == MICA_C64 ? MICA_F32 : type == MICA_C128 ? MICA_F64 : type;
}

/* Where number `index` of the elements in C order lies. */
static inline char *number_at(const mica_tensor *tensor, size_t index) {
    const size_t per_element = is_complex(tensor->type) ? 2 : 1;
    return (char *)tensor->data + element_offset(tensor, index / per_element) +
           index % per_element * mica_type_size(number_type(tensor->type));
}

/* ---- parsing ---- */

static inline void skip_spaces(call_text *text) {
    while (*text->at == ' ') text->at++;
}

static inline bool take(call_text *text, const char *word) {
    const size_t length = strlen(word);
    if (strncmp(text->at, word, length) != 0) return false;
    text->at += length;
    return true;
}

static inline mica_type take_type(call_text *text) {
    for (int type = 0; type <= MICA_BF16; type++) {
        const char *const name = mica_type_name((mica_type)type);
        const size_t length = strlen(name);
        if (strncmp(text->at, name, length) == 0 && text->at[length] == '[') {
            text->at += length;
            return (mica_type)type;
        }
    }
    return (mica_type)-1;
}

/* "[2,3/4]{…}" after the type; the elements may be missing. */
static inline struct tensor *parse_tensor(call_text *text, mica_type type) {
    struct tensor *const tensor = call_memory(text, sizeof *tensor);
    mica_tensor *const view = &tensor->view;
    view->type = type;
    size_t room = 1;
    for (text->at++; *text->at != ']';) {
        char *end;
        view->sizes[view->rank] = strtoul(text->at, &end, 10);
        tensor->bounds[view->rank] = (uint32_t)view->sizes[view->rank];
        if (*end == '/') {
            tensor->dynamic = true;
            tensor->bounds[view->rank] = (uint32_t)strtoul(end + 1, &end, 10);
        }
        room *= tensor->bounds[view->rank++];
        text->at = end + (*end == ',');
    }
    text->at++;
    for (size_t i = 0; i < view->rank; i++) {
        view->dim_order[i] = (uint8_t)(text->reversed ? view->rank - 1 - i : i);
    }
    tensor->capacity = room * mica_type_size(type);
    view->data = call_memory(text, tensor->capacity);
    if (!take(text, "{")) return tensor;
    for (size_t i = 0; *text->at != '}'; i++) {
        element_set(number_type(type), number_at(view, i), text->at);
        text->at += strcspn(text->at, " }");
        skip_spaces(text);
    }
    text->at++;
    return tensor;
}

static inline size_t new_value(call_text *text) { return text->count++; }

static inline size_t parse_value(call_text *text);

/* Numbers up to `)`: ints become values of their own, as in a program. */
static inline bytes_span parse_numbers(call_text *text, bool doubles) {
    int64_t *const items = call_memory(text, 64 * sizeof(int64_t));
    size_t count = 0;
    for (skip_spaces(text); *text->at != ')'; skip_spaces(text), count++) {
        char *end;
        if (doubles) {
            const double real = strtod(text->at, &end);
            memcpy(&items[count], &real, sizeof real);
        } else {
            const size_t index = new_value(text);
            text->values[index] = (struct value){.tag = VALUE_INT, .as.integer = strtoll(text->at, &end, 10)};
            items[count] = (int64_t)index;
        }
        text->at = end;
    }
    text->at++;
    return (bytes_span){(const uint8_t *)items, count};
}

static inline bytes_span parse_tensors(call_text *text) {
    int32_t *const items = call_memory(text, 64 * sizeof(int32_t));
    size_t count = 0;
    for (skip_spaces(text); *text->at != '>'; skip_spaces(text)) {
        items[count++] = take(text, "none") ? -1 : (int32_t)parse_value(text);
    }
    text->at++;
    return (bytes_span){(const uint8_t *)items, count};
}

static inline struct value parse_word(call_text *text) {
    if (take(text, "none")) return (struct value){.tag = VALUE_NONE};
    if (take(text, "true")) return (struct value){.tag = VALUE_BOOL, .as.boolean = true};
    if (take(text, "false")) return (struct value){.tag = VALUE_BOOL, .as.boolean = false};
    const size_t length = strcspn(text->at, " \n");
    const bool is_double = strpbrk(text->at, ".einf") && strcspn(text->at, ".einf") < length;
    const struct value value = is_double
                                   ? (struct value){.tag = VALUE_DOUBLE, .as.real = strtod(text->at, NULL)}
                                   : (struct value){.tag = VALUE_INT, .as.integer = strtoll(text->at, NULL, 10)};
    text->at += length;
    return value;
}

/* The next value; its index. */
static inline size_t parse_value(call_text *text) {
    const size_t index = new_value(text);
    struct value *const value = &text->values[index];
    const mica_type type = take_type(text);
    if ((int)type >= 0) {
        *value = (struct value){.tag = VALUE_TENSOR, .as.tensor = parse_tensor(text, type)};
    } else if (take(text, "d(")) {
        *value = (struct value){.tag = VALUE_DOUBLE_LIST, .as.list = parse_numbers(text, true)};
    } else if (take(text, "(")) {
        *value = (struct value){.tag = VALUE_INT_LIST, .as.list = parse_numbers(text, false)};
    } else if (take(text, "<")) {
        *value = (struct value){.tag = VALUE_TENSOR_LIST, .as.list = parse_tensors(text)};
    } else if (take(text, "\"")) {
        const size_t length = strcspn(text->at, "\"");
        char *const string = call_memory(text, length + 1);
        memcpy(string, text->at, length);
        text->at += length + 1;
        *value = (struct value){.tag = VALUE_STRING, .as.string = string};
    } else {
        *value = parse_word(text);
    }
    return index;
}

/* ---- results ---- */

/* A tensor to be written: as the expected one, but zeros, or for what is written in place what is there. */
static inline void expect_tensor(call_text *text, size_t index, struct tensor *expected) {
    struct value *const value = &text->values[index];
    text->expected[index] = (struct value){.tag = VALUE_TENSOR, .as.tensor = expected};
    text->compared[index] = true;
    if (value->tag == VALUE_TENSOR) return;
    struct tensor *const out = call_memory(text, sizeof *out);
    *out = *expected;
    out->view.data = call_memory(text, out->capacity);
    *value = (struct value){.tag = VALUE_TENSOR, .as.tensor = out};
}

/* "a | b -> c" into text->args; the name is before. False when the results are an error's name, which is then at text->at. */
static inline void parse_call(call_text *text, const char *line, bool reversed, const portable_kernel **kernel,
                              char error[16]) {
    char name[96];
    *text = (call_text){.reversed = reversed};
    const char *const bar = strstr(line, " | ");
    snprintf(name, sizeof name, "%.*s", (int)(bar - line), line);
    *kernel = portable_find(name);
    text->at = bar + 3;
    error[0] = 0;
    int32_t written[4];
    size_t written_count = 0;
    for (skip_spaces(text); !take(text, "->"); skip_spaces(text)) {
        const bool in_place = take(text, "!");
        const int32_t index = (int32_t)parse_value(text);
        if (in_place) written[written_count++] = index;
        text->args[text->arg_count++] = index;
    }
    skip_spaces(text);
    for (size_t i = 0; isupper((unsigned char)*text->at) && i < 15; text->at++) {
        error[i++] = *text->at;
        error[i] = 0;
    }
    size_t taken = 0;
    int32_t last = written_count ? written[0] : -1;
    for (skip_spaces(text); *text->at && *text->at != '\n'; skip_spaces(text)) {
        const size_t parsed = parse_value(text);
        const struct value result = text->values[parsed];
        text->values[parsed] = (struct value){.tag = VALUE_NONE};
        last = (int32_t)parsed;
        if (result.tag == VALUE_TENSOR && taken < written_count) {
            expect_tensor(text, (size_t)written[taken++], result.as.tensor);
            last = written[taken - 1];
            continue;
        }
        if (result.tag == VALUE_TENSOR) {
            expect_tensor(text, parsed, result.as.tensor);
        } else if (result.tag == VALUE_TENSOR_LIST) {
            text->values[parsed] = result;
            for (size_t i = 0; i < result.as.list.count; i++) {
                const size_t item = (size_t)span_i32(result.as.list, i);
                struct tensor *const expected = text->values[item].as.tensor;
                text->values[item] = (struct value){.tag = VALUE_NONE};
                expect_tensor(text, item, expected);
            }
        } else {
            text->expected[parsed] = result;
            text->compared[parsed] = true;
        }
        text->args[text->arg_count++] = (int32_t)parsed;
    }
    /* The return slot repeats the last result. */
    if (*kernel && text->arg_count + 1 == (*kernel)->arg_count) {
        text->args[text->arg_count++] = last >= 0 ? last : (int32_t)new_value(text);
    }
}

static inline bool same_value(const struct value *got, const struct value *expected) {
    if (got->tag != expected->tag) return false;
    switch (got->tag) {
    case VALUE_INT: return got->as.integer == expected->as.integer;
    case VALUE_BOOL: return got->as.boolean == expected->as.boolean;
    case VALUE_DOUBLE: return fabs(got->as.real - expected->as.real) <= 1e-12 * fabs(expected->as.real);
    default: return false;
    }
}

static inline bool same_tensor(const mica_tensor *got, const mica_tensor *expected, char *why, size_t size) {
    for (size_t i = 0; i < expected->rank; i++) {
        if (got->sizes[i] == expected->sizes[i]) continue;
        snprintf(why, size, "size %zu in dim %zu, not %zu", got->sizes[i], i, expected->sizes[i]);
        return false;
    }
    const mica_type type = number_type(expected->type);
    for (size_t i = 0; i < number_count(expected); i++) {
        const double a = element_get(type, number_at(got, i)), b = element_get(type, number_at(expected, i));
        if (element_close(type, a, b)) continue;
        snprintf(why, size, "element %zu is %.9g, not %.9g", i, a, b);
        return false;
    }
    return true;
}

static inline bool call_agrees(const call_text *text, char *why, size_t size) {
    for (size_t i = 0; i < text->count; i++) {
        if (!text->compared[i]) continue;
        const struct value *const got = &text->values[i], *const expected = &text->expected[i];
        if (expected->tag == VALUE_TENSOR) {
            if (!same_tensor(&got->as.tensor->view, &expected->as.tensor->view, why, size)) return false;
        } else if (!same_value(got, expected)) {
            snprintf(why, size, "another value");
            return false;
        }
    }
    return true;
}

#endif
