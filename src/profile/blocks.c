/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/blocks.h"

#include <stdio.h>

/* ---- numbering equal things in order of appearance ---- */

/* What makes two events the same one: of an instruction (chain counts, names do not), or in a run (the reverse). */
typedef struct signature {
    int64_t chain;
    int32_t instruction, delegate_int, debug_int;
    bool profile, debug;
    const char *name, *delegate_string, *debug_name, *debug_string; /* NULL: none, which is not the empty one */
} signature;

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size) { /* FNV-1a */
    for (size_t i = 0; i < size; i++) hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return hash;
}
#define HASH_START 0xcbf29ce484222325u

static uint64_t hash_text(uint64_t hash, const char *text) {
    return text ? hash_bytes(hash, text, strlen(text) + 1) : hash_bytes(hash, "\1", 1);
}

static uint64_t hash_signature(const signature *s) {
    uint64_t hash = hash_bytes(HASH_START, &s->chain, sizeof s->chain);
    hash = hash_bytes(hash, &s->instruction, sizeof s->instruction);
    hash = hash_bytes(hash, &s->delegate_int, sizeof s->delegate_int);
    hash = hash_text(hash_text(hash, s->name), s->delegate_string);
    return hash_text(hash, s->debug_name);
}

static bool same_text(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

static bool same_signature(const signature *a, const signature *b) {
    return a->chain == b->chain && a->instruction == b->instruction && a->delegate_int == b->delegate_int &&
           a->debug_int == b->debug_int && a->profile == b->profile && a->debug == b->debug &&
           same_text(a->name, b->name) && same_text(a->delegate_string, b->delegate_string) &&
           same_text(a->debug_name, b->debug_name) && same_text(a->debug_string, b->debug_string);
}

/* An open-addressed table of item numbers; the items stay with the caller. */
struct index {
    size_t *slots; /* number + 1; 0: free */
    uint64_t *hashes;
    size_t mask;
};

static mica_status index_init(struct index *index, size_t items, struct arena *arena, mica_error *error) {
    size_t capacity = 8;
    while (capacity / 2 < items) capacity *= 2;
    void *slots = NULL, *hashes = NULL;
    TRY(arena_array(arena, capacity, sizeof *index->slots, &slots, error));
    TRY(arena_array(arena, capacity, sizeof *index->hashes, &hashes, error));
    *index = (struct index){slots, hashes, capacity - 1};
    return MICA_OK;
}

/* The slot of the item for which same(item) holds, or a free one. */
static size_t *index_find(struct index *index, uint64_t hash, bool (*same)(const void *, size_t),
                          const void *context) {
    size_t at = (size_t)(hash ^ hash >> 32) & index->mask;
    while (index->slots[at] && (index->hashes[at] != hash || !same(context, index->slots[at] - 1)))
        at = (at + 1) & index->mask;
    index->hashes[at] = hash;
    return &index->slots[at];
}

/* ---- one run: events to signatures, in the Inspector's order ---- */

typedef struct member {
    signature signature;
    const etdump_event *event; /* NULL: only values */
    int64_t chain;
} member;

typedef struct run {
    const etdump_run *source;
    const member *members;
    size_t count;
    uint64_t hash;
    size_t next; /* run of the same block; SIZE_MAX: none */
} run;

typedef struct group { /* the events of one instruction and delegate id */
    signature key;
    const etdump_event *debug; /* its first value */
    size_t first, profiles;    /* its profile events in the sorted list */
} group;

struct search {
    const void *items;
    const void *wanted;
};

static bool same_group(const void *context, size_t i) {
    const struct search *search = context;
    return same_signature(&((const group *)search->items)[i].key, search->wanted);
}

static bool same_member(const void *context, size_t i) {
    const struct search *search = context;
    return same_signature(&((const member *)search->items)[i].signature, search->wanted);
}

static const char *id_or_null(const char *id) { return id && *id ? id : NULL; }

static signature member_signature(const etdump_event *event, const etdump_event *debug) {
    signature s = {.instruction = event->instruction, .delegate_int = -1, .debug_int = -1};
    if (event->kind == ETDUMP_PROFILE) {
        s.profile = true;
        s.name = event->name ? event->name : "";
        s.delegate_int = event->delegate_int;
        s.delegate_string = id_or_null(event->delegate_string);
    }
    if (debug) {
        s.debug = true;
        s.debug_name = debug->name ? debug->name : "";
        s.debug_int = debug->delegate_int;
        s.debug_string = id_or_null(debug->delegate_string);
    }
    return s;
}

/* `scratch` is emptied by the caller; what lasts goes to `arena`. */
static mica_status fold_run(const etdump_run *source, struct arena *arena, struct arena *scratch, run *out,
                            mica_error *error) {
    struct index index;
    void *memory = NULL;
    TRY(arena_array(scratch, source->count, sizeof(group), &memory, error));
    group *const groups = memory;
    TRY(arena_array(scratch, source->count, sizeof(size_t), &memory, error));
    size_t *const group_of = memory;
    TRY(arena_array(scratch, source->count, sizeof(etdump_event *), &memory, error));
    const etdump_event **const sorted = memory;
    TRY(index_init(&index, source->count, scratch, error));

    size_t group_count = 0;
    for (size_t i = 0; i < source->count; i++) {
        const etdump_event *const event = &source->events[i];
        const signature key = {.chain = event->chain,
                               .instruction = event->instruction,
                               .delegate_int = event->delegate_int,
                               .delegate_string = event->delegate_string};
        size_t *const slot = index_find(&index, hash_signature(&key), same_group, &(struct search){groups, &key});
        if (!*slot) {
            groups[group_count] = (group){.key = key};
            *slot = ++group_count;
        }
        group_of[i] = *slot - 1;
        group *const g = &groups[group_of[i]];
        if (event->kind == ETDUMP_PROFILE) g->profiles++;
        if (event->kind == ETDUMP_DEBUG && !g->debug) g->debug = event;
    }
    size_t member_limit = 0;
    for (size_t i = 0, next = 0; i < group_count; i++) {
        groups[i].first = next;
        next += groups[i].profiles;
        member_limit += max_size(groups[i].profiles, groups[i].debug ? 1 : 0);
        groups[i].profiles = 0;
    }
    for (size_t i = 0; i < source->count; i++) {
        group *const g = &groups[group_of[i]];
        if (source->events[i].kind == ETDUMP_PROFILE) sorted[g->first + g->profiles++] = &source->events[i];
    }

    TRY(index_init(&index, member_limit, scratch, error));
    TRY(arena_array(arena, member_limit, sizeof(member), &memory, error));
    member *const members = memory;
    size_t member_count = 0;
    uint64_t run_hash =
        hash_bytes(hash_text(HASH_START, source->name), &source->bundled_input, sizeof source->bundled_input);
    for (size_t i = 0; i < group_count; i++) {
        const group *const g = &groups[i];
        for (size_t k = 0; k < max_size(g->profiles, g->debug ? 1 : 0); k++) {
            const etdump_event *const event = g->profiles ? sorted[g->first + k] : NULL;
            const signature wanted = member_signature(event ? event : g->debug, g->debug);
            const uint64_t hash = hash_signature(&wanted);
            size_t *const slot = index_find(&index, hash, same_member, &(struct search){members, &wanted});
            if (!*slot) {
                members[member_count] = (member){.signature = wanted, .chain = g->key.chain};
                *slot = ++member_count;
                run_hash = hash_bytes(run_hash, &hash, sizeof hash);
            }
            members[*slot - 1].event = event;
        }
    }
    *out = (run){.source = source, .members = members, .count = member_count, .hash = run_hash, .next = SIZE_MAX};
    return MICA_OK;
}

/* ---- runs to blocks ---- */

typedef struct chain_of_runs {
    size_t first, last, count;
} chain_of_runs;

struct run_search {
    const run *runs;
    const chain_of_runs *blocks;
    const run *wanted;
};

static bool same_run(const void *context, size_t block) {
    const struct run_search *const search = context;
    const run *const a = &search->runs[search->blocks[block].first], *const b = search->wanted;
    if (a->count != b->count || a->source->bundled_input != b->source->bundled_input ||
        strcmp(a->source->name, b->source->name) != 0)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_signature(&a->members[i].signature, &b->members[i].signature)) return false;
    return true;
}

/* Name and delegate as the Inspector shows them: a value's name wins where it has one. */
static mica_status describe(const signature *s, struct arena *arena, profile_event *event, mica_error *error) {
    const struct {
        bool present;
        int32_t id;
        const char *string, *name;
    } sides[] = {{s->profile, s->delegate_int, s->delegate_string, s->name},
                 {s->debug, s->debug_int, s->debug_string, s->debug_name}};
    event->name = "";
    for (size_t i = 0; i < 2; i++) {
        if (!sides[i].present) continue;
        const char *name = sides[i].string ? sides[i].string : sides[i].name;
        if (sides[i].id != -1) {
            char text[16];
            const int length = snprintf(text, sizeof text, "%d", sides[i].id);
            TRY(arena_string(arena, text, (size_t)length, &name, error));
        }
        if (*name) event->name = name;
        event->delegated = sides[i].id != -1 || sides[i].string;
    }
    return MICA_OK;
}

static mica_status make_block(const run *runs, size_t first, size_t sample_count, struct arena *arena,
                              profile_block *block, mica_error *error) {
    const run *const model = &runs[first];
    void *memory = NULL;
    TRY(arena_array(arena, model->count, sizeof(profile_event), &memory, error));
    profile_event *const events = memory;
    for (size_t i = 0; i < model->count; i++) {
        const member *const m = &model->members[i];
        TRY(describe(&m->signature, arena, &events[i], error));
        events[i].instruction = m->signature.instruction;
        events[i].chain = m->chain;
        if (!m->signature.profile) continue;
        TRY(arena_array(arena, sample_count, sizeof(etdump_event *), &memory, error));
        const etdump_event **const samples = memory;
        for (size_t r = first; r != SIZE_MAX; r = runs[r].next) samples[events[i].count++] = runs[r].members[i].event;
        events[i].samples = samples;
    }
    *block = (profile_block){
        .name = model->source->name,
        .bundled_input = model->source->bundled_input,
        .runs = sample_count,
        .events = events,
        .count = model->count,
    };
    return MICA_OK;
}

mica_status profile_fold(const etdump_file *file, struct arena *arena, const profile_block **blocks, size_t *count,
                         mica_error *error) {
    struct arena scratch;
    struct index index;
    size_t block_count = 0;
    void *memory = NULL;
    TRY(arena_array(arena, file->count, sizeof(run), &memory, error));
    run *const runs = memory;
    TRY(arena_array(arena, file->count, sizeof(chain_of_runs), &memory, error));
    chain_of_runs *const chains = memory;
    TRY(index_init(&index, file->count, arena, error));
    arena_init(&scratch, arena->allocator, arena->limit);
    for (size_t i = 0; i < file->count; i++) {
        if (file->runs[i].count == 0) continue;
        const mica_status status = fold_run(&file->runs[i], arena, &scratch, &runs[i], error);
        arena_free(&scratch);
        TRY(status);
        size_t *const slot = index_find(&index, runs[i].hash, same_run, &(struct run_search){runs, chains, &runs[i]});
        if (!*slot) {
            chains[block_count].first = i;
            *slot = ++block_count;
        } else {
            runs[chains[*slot - 1].last].next = i;
        }
        chain_of_runs *const chain = &chains[*slot - 1];
        chain->last = i;
        chain->count++;
    }
    TRY(arena_array(arena, block_count, sizeof(profile_block), &memory, error));
    profile_block *const list = memory;
    for (size_t i = 0; i < block_count; i++)
        TRY(make_block(runs, chains[i].first, chains[i].count, arena, &list[i], error));
    *blocks = list;
    *count = block_count;
    return MICA_OK;
}

#define CLOCK_MAX 4294967295.0 /* of a clock of 32 bits; the Inspector takes it for the clock's period too */

static mica_status elapsed(double start, double end, double *ticks, mica_error *error) {
    if (start > CLOCK_MAX)
        return error_set(error, MICA_ERROR_FORMAT, "an event ends at %.17g, before its start at %.17g", end, start);
    *ticks = (CLOCK_MAX - start) + end;
    return MICA_OK;
}

mica_status profile_time(const etdump_event *event, bool delegated, double factor, double *time, mica_error *error) {
    if (delegated) {
        const double start = (double)event->start / factor, end = (double)event->end / factor;
        if (start > end) return elapsed(start, end, time, error);
        *time = end - start;
    } else if (event->start > event->end) {
        TRY(elapsed((double)event->start, (double)event->end, time, error));
        *time /= factor;
    } else {
        *time = (double)(event->end - event->start) / factor;
    }
    return MICA_OK;
}
