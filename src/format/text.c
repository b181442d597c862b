/* SPDX-License-Identifier: Apache-2.0 */
#include "format/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the UTF-8 character at `at`, 0 when it is none; `code` is what it stands for. */
static size_t character(const uint8_t *at, size_t room, uint32_t *code) {
    static const struct {
        uint8_t mask, lead;
        uint32_t least; /* shorter forms exist for what is below */
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t more = 0; more < 4 && more < room; more++) {
        if ((at[0] & forms[more].mask) != forms[more].lead) continue;
        uint32_t value = at[0] & (uint32_t)~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if ((at[i] & 0xc0) != 0x80) return 0;
            value = value << 6 | (at[i] & 0x3fu);
        }
        const bool surrogate = value >= 0xd800 && value <= 0xdfff;
        if (value < forms[more].least || value > 0x10ffff || surrogate) return 0;
        *code = value;
        return more + 1;
    }
    return 0;
}

bool text_is_name(const char *text, size_t length) {
    if (length > TEXT_MAX_NAME) return false;
    size_t at = 0;
    while (at < length) {
        uint32_t code = 0;
        const size_t size = character((const uint8_t *)text + at, length - at, &code);
        if (size == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
        at += size;
    }
    return true;
}

struct sought {
    const char *name;
    size_t length;
};

static const char *name_of(const void *item) { return *(const char *const *)item; }

static int by_name(const void *a, const void *b) { return strcmp(name_of(a), name_of(b)); }

static int against_name(const void *key, const void *item) {
    const struct sought *const sought = key;
    const char *const name = name_of(item);
    const int order = strncmp(sought->name, name, sought->length);
    return order != 0 ? order : -(name[sought->length] != 0);
}

void text_sort(void *items, size_t count, size_t size) {
    if (count > 0) qsort(items, count, size, by_name);
}

const void *text_find(const char *name, size_t length, const void *items, size_t count, size_t size) {
    const struct sought sought = {name, length};
    return count > 0 ? bsearch(&sought, items, count, size, against_name) : NULL;
}
