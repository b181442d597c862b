/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention over a cache against plain loops: few queries and many, shared keys, causal and masked, on every level of
 * kernels; threads change no bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/portable/attend.h"

typedef struct sizes {
    size_t batch, key_heads, shared, queries, keys, width, start;
    bool causal, masked;
} sizes;

static const sizes cases[] = {
    {1, 3, 1, 1, 129, 64, 128, true, false},  /* one token */
    {2, 2, 4, 1, 33, 40, 32, true, false},    /* … of heads that share keys */
    {1, 1, 9, 1, 17, 16, 0, false, true},     /* … more of them than a tile has rows */
    {1, 2, 2, 5, 70, 64, 65, true, false},    /* a few */
    {1, 2, 1, 11, 20, 20, 0, false, true},    /* … with a mask */
    {1, 2, 3, 29, 61, 64, 32, true, false},   /* many, the last of which see more keys than the first */
    {2, 1, 2, 128, 128, 33, 0, true, false},  /* … and heads that fill no panel */
    {1, 4, 1, 40, 75, 80, 0, false, true},    /* … with a mask */
    {1, 1, 1, 13, 600, 128, 0, false, false}, /* … with neither */
};

static struct pool *pool;

static float *random_floats(size_t count, uint32_t seed) {
    float *const data = malloc(count * sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (float)(int32_t)seed * 0x1p-30f;
    }
    return data;
}

/* [batch, position, head, element], as caches are. */
static head_view heads_over(float *data, size_t positions, size_t heads, size_t width) {
    return (head_view){.data = data, .strides = {positions * heads * width, width, heads * width}};
}

static const float *at(const head_view *v, size_t image, size_t head, size_t position) {
    return v->data + image * v->strides[0] + head * v->strides[1] + position * v->strides[2];
}

/* One row of the result in doubles. */
static void attend_plainly(const attention *a, size_t image, size_t head, size_t position, double *out) {
    const float *const q = at(&a->q, image, head, position);
    const size_t seen = a->causal ? a->start + position + 1 : a->keys;
    double sum = 0;
    for (size_t i = 0; i < a->width; i++) out[i] = 0;
    for (size_t t = 0; t < seen; t++) {
        const float *const k = at(&a->k, image, head / a->shared, t), *const v =
                                                                          at(&a->v, image, head / a->shared, t);
        double score = 0;
        for (size_t i = 0; i < a->width; i++) score += (double)q[i] * (double)k[i];
        const double weight = exp(score * (double)a->scale + (a->mask ? (double)a->mask[position * a->keys + t] : 0));
        for (size_t i = 0; i < a->width; i++) out[i] += weight * (double)v[i];
        sum += weight;
    }
    for (size_t i = 0; i < a->width; i++) out[i] /= sum;
}

static void compare(const attention *a) {
    double expected[256];
    for (size_t row = 0; row < a->batch * a->heads * a->queries; row++) {
        const size_t image = row / a->queries / a->heads, head = row / a->queries % a->heads;
        attend_plainly(a, image, head, row % a->queries, expected);
        const float *const out = at(&a->out, image, head, row % a->queries);
        /* Values are below 2. A score rounds once for each element, its exponential once more, and the weighted sum once
         * for each key; both relative to sums of sizes that stay below 2. */
        const double bound = 0x1p-23 * (double)(4 * a->width + a->keys);
        for (size_t i = 0; i < a->width; i++) assert_true(fabs((double)out[i] - expected[i]) <= bound);
    }
}

static void run(attention a, cpu_features features, mica_kernels kernels, size_t threads) {
    struct scratch scratch;
    mica_error error = {0};
    scratch_init(&scratch, &memory_default, 0);
    kernel_call call = {.pool = pool,
                        .threads = threads,
                        .scratch = &scratch,
                        .features = features,
                        .kernels = kernels,
                        .error = &error};
    assert_int_equal(attention_plan(&call, &a), MICA_OK);
    attention_run(pool, threads, &a);
    scratch_free(&scratch);
}

static void attention_agrees_with_plain_loops(void **state) {
    (void)state;
    static const mica_kernels levels[] = {MICA_KERNELS_AUTO, MICA_KERNELS_STANDARD, MICA_KERNELS_REFERENCE};
    const cpu_features isas[] = {cpu_detect(), cpu_detect() & (CPU_AVX2 | CPU_NEON)};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sizes *const s = &cases[i];
        const size_t heads = s->key_heads * s->shared, out_count = s->batch * heads * s->queries * s->width;
        float *const q = random_floats(out_count, 1), *const mask = random_floats(s->queries * s->keys, 4);
        float *const k = random_floats(s->batch * s->keys * s->key_heads * s->width, 2);
        float *const v = random_floats(s->batch * s->keys * s->key_heads * s->width, 3);
        float *const out = random_floats(out_count, 5), *const first = random_floats(out_count, 6);
        const attention a = {.batch = s->batch,
                             .heads = heads,
                             .shared = s->shared,
                             .queries = s->queries,
                             .keys = s->keys,
                             .width = s->width,
                             .start = s->start,
                             .causal = s->causal,
                             .scale = 0.25f,
                             .mask = s->masked ? mask : NULL,
                             .q = heads_over(q, s->queries, heads, s->width),
                             .k = heads_over(k, s->keys, s->key_heads, s->width),
                             .v = heads_over(v, s->keys, s->key_heads, s->width),
                             .out = heads_over(out, s->queries, heads, s->width)};
        for (size_t isa = 0; isa < 2; isa++) {
            for (size_t level = 0; level < 3; level++) {
                run(a, isas[isa], levels[level], 1);
                compare(&a);
                memcpy(first, out, out_count * sizeof *out);
                run(a, isas[isa], levels[level], 3);
                assert_memory_equal(first, out, out_count * sizeof *out);
            }
        }
        float *const all[] = {q, k, v, mask, out, first};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++) free(all[j]);
    }
}

static int set_up(void **state) {
    (void)state;
    return pool_create(&memory_default, NULL, 3, &pool, NULL) != MICA_OK;
}

static int tear_down(void **state) {
    (void)state;
    pool_destroy(pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(attention_agrees_with_plain_loops)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
