/* SPDX-License-Identifier: Apache-2.0
 *
 * How PyTorch describes the values that a model takes and gives: a tree of containers, as JSON in a string.
 */
#include "author/author.h"

#define LEAF "{\"type\": null, \"context\": null, \"children_spec\": []}"
#define TUPLE "{\"type\": \"builtins.tuple\", \"context\": \"null\", \"children_spec\": ["
#define KEYWORDS "{\"type\": \"builtins.dict\", \"context\": \"[]\", \"children_spec\": []}"

/* `count` leaves between `begin` and `end`. */
static mica_status tree(struct arena *arena, const char *begin, size_t count, const char *end, const char **text,
                        mica_error *error) {
    size_t size = 0;
    void *memory = NULL;
    if (!size_mul(count, sizeof LEAF + 1, &size)) size = SIZE_MAX / 2;
    TRY(arena_allocate(arena, size + strlen(begin) + strlen(end) + 1, &memory, error));
    char *at = stpcpy(memory, begin);
    for (size_t i = 0; i < count; i++) at = stpcpy(at, i ? ", " LEAF : LEAF);
    strcpy(at, end);
    *text = memory;
    return MICA_OK;
}

mica_status author_input_tree(size_t count, struct arena *arena, const char **text, mica_error *error) {
    return tree(arena, "[1, " TUPLE TUPLE, count, "]}, " KEYWORDS "]}]", text, error);
}

mica_status author_output_tree(size_t count, struct arena *arena, const char **text, mica_error *error) {
    return count == 1 ? tree(arena, "[1, ", 1, "]", text, error)
                      : tree(arena, "[1, " TUPLE, count, "]}]", text, error);
}
