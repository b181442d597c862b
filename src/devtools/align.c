/* SPDX-License-Identifier: Apache-2.0 */
#include "devtools/align.h"

#include <string.h>

#define CELLS ((size_t)1 << 26) /* of the table: what is left of two lists when their equal ends are cut off */

bool align_same_but_count(const char *a, const char *b) {
    const size_t length = strcspn(a, "#");
    return length == strcspn(b, "#") && strncmp(a, b, length) == 0;
}

static size_t stem(const char *name) {
    const char *const bracket = strstr(name, " (");
    return bracket ? (size_t)(bracket - name) : strlen(name);
}

static bool has_stem(const char *name, const char *text) {
    return stem(name) == strlen(text) && strncmp(name, text, strlen(text)) == 0;
}

unsigned align_names(const char *a, const char *b) {
    static const char dense[] = "Fully Connected", convolution[] = "Convolution"; /* 1×1, and one for the other */
    const size_t length = stem(a);
    if (strcmp(a, b) == 0) return ALIGN_SAME;
    if (align_same_but_count(a, b)) return ALIGN_SAME * 3 / 4;
    if (length == stem(b) && strncmp(a, b, length) == 0) return ALIGN_SAME / 2;
    if ((has_stem(a, dense) && has_stem(b, convolution)) || (has_stem(a, convolution) && has_stem(b, dense)))
        return ALIGN_SAME / 4;
    return 0;
}

enum { SKIP_A, SKIP_B, PAIR };

/* best[i][j] is the worth of pairing the first i of a with the first j of b; two rows of it are enough, and of all
 * cells the step that led there. */
static mica_status align_middle(size_t offset, size_t n, size_t m, align_worth worth, const void *context,
                                size_t *partner, struct arena *arena, mica_error *error) {
    size_t cells;
    void *memory = NULL;
    if (!size_mul(n + 1, m + 1, &cells) || cells > CELLS)
        return error_set(error, MICA_ERROR_LIMIT, "lists of %zu and %zu items have too little in common", n, m);
    TRY(arena_array(arena, cells, sizeof(uint8_t), &memory, error));
    uint8_t *const step = memory;
    TRY(arena_array(arena, m + 1, sizeof(uint64_t), &memory, error));
    uint64_t *before = memory;
    TRY(arena_array(arena, m + 1, sizeof(uint64_t), &memory, error));
    uint64_t *best = memory;
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            const unsigned value = worth(context, offset + i - 1, offset + j - 1);
            uint8_t *const at = &step[i * (m + 1) + j];
            best[j] = before[j];
            *at = SKIP_A;
            if (best[j - 1] > best[j]) {
                best[j] = best[j - 1];
                *at = SKIP_B;
            }
            if (value && before[j - 1] + value > best[j]) {
                best[j] = before[j - 1] + value;
                *at = PAIR;
            }
        }
        uint64_t *const swap = before;
        before = best;
        best = swap;
    }
    for (size_t i = n, j = m; i > 0 && j > 0;) {
        const uint8_t at = step[i * (m + 1) + j];
        if (at == PAIR) partner[offset + i - 1] = offset + j - 1;
        i -= at != SKIP_B;
        j -= at != SKIP_A;
    }
    return MICA_OK;
}

mica_status align_lists(size_t a_count, size_t b_count, align_worth worth, const void *context, size_t *partner,
                        const mica_allocator *allocator, mica_error *error) {
    struct arena arena;
    size_t head = 0, tail = 0;
    const size_t shorter = min_size(a_count, b_count);
    for (size_t i = 0; i < a_count; i++) partner[i] = ALIGN_NONE;
    for (; head < shorter && worth(context, head, head) >= ALIGN_SAME; head++) partner[head] = head;
    for (; tail < shorter - head && worth(context, a_count - 1 - tail, b_count - 1 - tail) >= ALIGN_SAME; tail++)
        partner[a_count - 1 - tail] = b_count - 1 - tail;
    arena_init(&arena, allocator, 0);
    const mica_status status =
        align_middle(head, a_count - head - tail, b_count - head - tail, worth, context, partner, &arena, error);
    arena_free(&arena);
    return status;
}
