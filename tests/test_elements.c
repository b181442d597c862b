/* SPDX-License-Identifier: Apache-2.0
 *
 * Element-wise operators, converts and the nodes that move elements, against their definitions in double.
 *
 * Bounds: 3 ulp of f32 for functions, 8 for gelu (the worst over all floats are 2 and 7), 1 for what is one operation; a
 * rounding more into f16; half a step into int8, where bits agree between all versions.
 */
#include "trial.h"

/* ---- unary ---- */

static double unary(const mica_operation *operation, double a) {
    const double slope = operation->as.slope;
    switch (operation->kind) {
    case MICA_ABS: return fabs(a);
    case MICA_CEILING: return ceil(a);
    case MICA_CLAMP: return fmin(fmax(a, operation->output_min), operation->output_max);
    case MICA_COS: return cos(a);
    case MICA_ELU: return a < 0 ? slope * expm1(a) : a;
    case MICA_EXP: return exp(a);
    case MICA_FLOOR: return floor(a);
    case MICA_GELU: return a * 0.5 * erfc(-a * sqrt(0.5));
    case MICA_HARDSWISH: return a / 6 * fmin(fmax(a + 3, 0), 6);
    case MICA_LEAKY_RELU: return a < 0 ? slope * a : a;
    case MICA_LOG: return log(a);
    case MICA_NEGATE: return -a;
    case MICA_RECIPROCAL_SQUARE_ROOT: return 1 / sqrt(a);
    case MICA_SIGMOID: return 1 / (1 + exp(-a));
    case MICA_SIN: return sin(a);
    case MICA_SQUARE: return a * a;
    case MICA_SQUARE_ROOT: return sqrt(a);
    case MICA_TANH: return tanh(a);
    default: return a;
    }
}

static const mica_operation_kind unaries[] = {MICA_ABS,
                                              MICA_CEILING,
                                              MICA_CLAMP,
                                              MICA_COS,
                                              MICA_ELU,
                                              MICA_EXP,
                                              MICA_FLOOR,
                                              MICA_GELU,
                                              MICA_HARDSWISH,
                                              MICA_LEAKY_RELU,
                                              MICA_LOG,
                                              MICA_NEGATE,
                                              MICA_RECIPROCAL_SQUARE_ROOT,
                                              MICA_SIGMOID,
                                              MICA_SIN,
                                              MICA_SQUARE,
                                              MICA_SQUARE_ROOT,
                                              MICA_TANH};

static bool wants_positive(mica_operation_kind kind) {
    return kind == MICA_LOG || kind == MICA_SQUARE_ROOT || kind == MICA_RECIPROCAL_SQUARE_ROOT;
}

static double ulps_of(mica_operation_kind kind) { return kind == MICA_GELU ? 8 : 3; }

static void try_unary(mica_operation_kind kind, mica_operand_type type, const size_t *dims) {
    trial t = trial_new(kind);
    mica_operand *const in = trial_input(&t, type, 3, dims, wants_positive(kind) ? 0.01f : -8, 8);
    if (wants_positive(kind)) in->zero_point = -128;
    trial_output(&t, type, 3, dims);
    if (kind == MICA_CLAMP) t.operation.output_min = -0.7f, t.operation.output_max = 1.9f;
    if (kind == MICA_ELU || kind == MICA_LEAKY_RELU) t.operation.as.slope = 0.3f;
    if (kind == MICA_CLAMP && dims[1] % 2) t.output.scale = in->scale, t.output.zero_point = in->zero_point;
    for (size_t i = 0; i < t.count; i++)
        trial_expect(&t, i, unary(&t.operation, trial_value(&t, 0, i)), ulps_of(kind));
    snprintf(t.what, sizeof t.what, "type %d, %zux%zux%zu", type, dims[0], dims[1], dims[2]);
    trial_check(&t);
}

static void unary_operators_compute_their_functions(void **state) {
    (void)state;
    static const size_t shapes[][3] = {{1, 1, 1}, {2, 3, 5}, {1, 16, 1}, {3, 7, 11}, {1, 0, 4}, {5, 97, 113}};
    for (size_t k = 0; k < sizeof unaries / sizeof *unaries; k++) {
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            try_unary(unaries[k], MICA_OPERAND_F32, shapes[s]);
            try_unary(unaries[k], MICA_OPERAND_F16, shapes[s]);
            if (!wants_positive(unaries[k])) try_unary(unaries[k], MICA_OPERAND_QINT8, shapes[s]);
        }
    }
}

static void unary_operators_keep_special_values(void **state) {
    (void)state;
    static const float special[] = {0.0f,    -0.0f,    1e-42f,   -1e-42f,  88.8f,      -88.8f, 104.0f,
                                    -104.0f, 1e30f,    -1e30f,   INFINITY, -INFINITY,  NAN,    0x1p-126f,
                                    3.4e38f, -3.4e38f, 16384.5f, -1e6f,    8388609.0f, 0.5f,   -0.5f};
    const size_t dims[3] = {1, 1, sizeof special / sizeof *special};
    for (size_t k = 0; k < sizeof unaries / sizeof *unaries; k++) {
        trial t = trial_new(unaries[k]);
        trial_input(&t, MICA_OPERAND_F32, 3, dims, 0, 1);
        memcpy(t.memory[0], special, sizeof special);
        trial_output(&t, MICA_OPERAND_F32, 3, dims);
        t.operation.as.slope = 0.3f;
        if (unaries[k] == MICA_CLAMP) t.operation.output_min = -2, t.operation.output_max = 3;
        for (size_t i = 0; i < t.count; i++) {
            double wanted = (float)unary(&t.operation, special[i]);
            if (unaries[k] == MICA_CLAMP && isnan(special[i])) wanted = NAN;
            trial_expect(&t, i, wanted, ulps_of(unaries[k]));
        }
        trial_check(&t);
    }
}

/* ---- binary ---- */

static double binary(const mica_operation *operation, double a, double b) {
    double y = a;
    switch (operation->kind) {
    case MICA_MINIMUM: return fmin(a, b);
    case MICA_MAXIMUM: return fmax(a, b);
    case MICA_PRELU: return a < 0 ? a * b : a;
    case MICA_ADD: y = a + b; break;
    case MICA_SUBTRACT: y = a - b; break;
    case MICA_MULTIPLY: y = a * b; break;
    case MICA_DIV: y = a / b; break;
    default: break;
    }
    return fmin(fmax(y, operation->output_min), operation->output_max);
}

/* Index of output element `i` in an operand that is broadcast to the output's shape. */
static size_t broadcast_index(const mica_operand *operand, const mica_operand *output, size_t i) {
    size_t index = 0, stride = 1;
    for (size_t d = 0; d < output->rank; d++) {
        const size_t dim = output->rank - 1 - d, at = i % output->dims[dim];
        i /= output->dims[dim];
        if (d >= operand->rank) continue;
        const size_t size = operand->dims[operand->rank - 1 - d];
        if (size != 1) index += at * stride;
        stride *= size;
    }
    return index;
}

static void try_binary(mica_operation_kind kind, mica_operand_type type, mica_operand_type second) {
    static const size_t sizes[] = {1, 2, 3, 4, 5, 8, 17, 33};
    size_t dims[6], a_dims[6], b_dims[6];
    const size_t rank = 1 + random_below(6);
    size_t total = 1;
    for (size_t d = 0; d < rank; d++) {
        do dims[d] = sizes[random_below(sizeof sizes / sizeof *sizes)];
        while (total * dims[d] > 40000);
        total *= dims[d];
        const size_t which = random_below(4);
        a_dims[d] = which == 0 && kind != MICA_PRELU ? 1 : dims[d];
        b_dims[d] = which == 1 ? 1 : dims[d];
    }
    const size_t drop = random_below(rank + 1); /* leading dims that the second operand does not have */
    for (size_t d = 0; d < drop; d++) {
        if (a_dims[d] == 1) dims[d] = 1;
    }
    trial t = trial_new(kind);
    const float low = kind == MICA_DIV ? 0.5f : -4;
    trial_input(&t, type, rank, a_dims, -4, 4);
    trial_input(&t, second, rank - drop, b_dims + drop, low, 4);
    if (kind == MICA_DIV) t.inputs[1].zero_point = -128 - 1 - (int32_t)random_below(100);
    trial_output(&t, type, rank, dims);
    if (random_below(2)) t.operation.output_min = -0.5f, t.operation.output_max = 1.5f;
    if (type == MICA_OPERAND_QINT8 && random_below(4) == 0)
        t.inputs[0].scale = 25.0f; /* beyond the integer formula */
    for (size_t i = 0; i < t.count; i++) {
        const double a = trial_value(&t, 0, broadcast_index(&t.inputs[0], &t.output, i));
        const double b = trial_value(&t, 1, broadcast_index(&t.inputs[1], &t.output, i));
        trial_expect(&t, i, binary(&t.operation, a, b), 1);
        if (type == MICA_OPERAND_QINT8) { /* multipliers of 21 bits; the clamp's bounds are rounded to steps */
            t.bound[i] += 0.5 * (double)t.output.scale + 0.001 * (fabs(a) + fabs(b));
        } else {
            t.bound[i] += 0x1p-22 * (fabs(a) + fabs(b)); /* the sum's operands were rounded, if halves */
        }
    }
    snprintf(t.what, sizeof t.what, "types %d %d, rank %zu, %zu elements, seed %llu", type, second, rank, t.count,
             (unsigned long long)trial_seed);
    trial_check(&t);
}

static void binary_operators_broadcast(void **state) {
    (void)state;
    static const mica_operation_kind kinds[] = {MICA_ADD,     MICA_SUBTRACT, MICA_MULTIPLY, MICA_DIV,
                                                MICA_MINIMUM, MICA_MAXIMUM,  MICA_PRELU};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (size_t i = 0; i < 30; i++) {
            try_binary(kinds[k], MICA_OPERAND_F32, MICA_OPERAND_F32);
            try_binary(kinds[k], MICA_OPERAND_F16, i % 3 ? MICA_OPERAND_F16 : MICA_OPERAND_F32);
            try_binary(kinds[k], MICA_OPERAND_QINT8, MICA_OPERAND_QINT8);
        }
    }
}

/* The integer formulas, bit for bit. */
static void int8_sums_and_products_are_exact(void **state) {
    (void)state;
    const size_t dims[2] = {256, 256};
    for (size_t n = 0; n < 12; n++) {
        const mica_operation_kind kind = n % 3 == 0 ? MICA_ADD : n % 3 == 1 ? MICA_SUBTRACT : MICA_MULTIPLY;
        trial t = trial_new(kind);
        mica_operand *const a = trial_input(&t, MICA_OPERAND_QINT8, 2, dims, 0, 0);
        mica_operand *const b = trial_input(&t, MICA_OPERAND_QINT8, 2, dims, 0, 0);
        mica_operand *const y = trial_output(&t, MICA_OPERAND_QINT8, 2, dims);
        for (size_t i = 0; i < t.count; i++) {
            ((int8_t *)t.memory[0])[i] = (int8_t)(i / 256);
            ((int8_t *)t.memory[1])[i] = (int8_t)(i % 256);
        }
        a->scale = random_float(0.001f, 0.1f), b->scale = random_float(0.001f, 0.1f),
        y->scale = random_float(0.001f, 0.1f);
        const float ra = a->scale / y->scale, rb = b->scale / y->scale;
        int exponent;
        frexpf(fmaxf(ra, rb), &exponent);
        const int shift = 20 - (exponent - 1);
        const int64_t ma = llrint(ldexp(ra, shift)), mb = llrint(ldexp(rb, shift)) * (kind == MICA_SUBTRACT ? -1 : 1);
        const float scale = a->scale * b->scale / y->scale;
        for (size_t i = 0; i < t.count; i++) {
            const int64_t qa = ((int8_t *)t.memory[0])[i] - a->zero_point,
                          qb = ((int8_t *)t.memory[1])[i] - b->zero_point;
            const int64_t sum = (int64_t)floor(ldexp((double)(qa * ma + qb * mb), -shift) + 0.5);
            const int64_t product = llrintf((float)(qa * qb) * scale);
            int64_t q = (kind == MICA_MULTIPLY ? product : sum) + y->zero_point;
            q = q < -128 ? -128 : q > 127 ? 127 : q;
            t.expected[i] = (float)(q - y->zero_point) * y->scale;
        }
        trial_check(&t);
    }
}

/* ---- converts ---- */

static void converts_round_to_even(void **state) {
    (void)state;
    static const mica_operand_type types[] = {MICA_OPERAND_F32, MICA_OPERAND_F16, MICA_OPERAND_QINT8};
    static const size_t shapes[][2] = {{1, 1}, {3, 5}, {7, 31}, {1, 40000}};
    for (size_t i = 0; i < 9; i++) {
        for (size_t s = 0; s < 4; s++) {
            trial t = trial_new(MICA_CONVERT);
            mica_operand *const in = trial_input(&t, types[i / 3], 2, shapes[s], -5, 5);
            mica_operand *const out = trial_output(&t, types[i % 3], 2, shapes[s]);
            for (size_t e = 0; e < t.count; e++) trial_expect(&t, e, trial_value(&t, 0, e), 2);
            if (types[i / 3] == MICA_OPERAND_QINT8 && types[i % 3] == MICA_OPERAND_QINT8) {
                for (size_t e = 0; e < t.count; e++) { /* a factor with 8 bits of fraction */
                    const int32_t factor = (int32_t)lrintf(256 * (in->scale / out->scale));
                    int32_t q = (((int8_t *)t.memory[0])[e] - in->zero_point) * factor + out->zero_point * 256 + 128;
                    q = q >> 8 < -128 ? -128 : q >> 8 > 127 ? 127 : q >> 8;
                    t.expected[e] = (float)(q - out->zero_point) * out->scale;
                    t.bound[e] = 0;
                }
            }
            snprintf(t.what, sizeof t.what, "%d to %d", types[i / 3], types[i % 3]);
            trial_check(&t);
        }
    }
    /* Ties, the ends of the range, and beyond. */
    const float values[] = {0.5f,    1.5f,    -0.5f,   -1.5f, 2.5f,  126.5f,   127.5f,
                            -127.5f, -128.5f, -129.5f, 1e9f,  -1e9f, INFINITY, -INFINITY};
    const int8_t wanted[] = {0, 2, 0, -2, 2, 126, 127, -128, -128, -128, 127, -128, 127, -128};
    const size_t dims[1] = {sizeof wanted};
    trial t = trial_new(MICA_CONVERT);
    trial_input(&t, MICA_OPERAND_F32, 1, dims, 0, 0);
    memcpy(t.memory[0], values, sizeof values);
    trial_output(&t, MICA_OPERAND_QINT8, 1, dims);
    t.output.scale = 1, t.output.zero_point = 0;
    for (size_t e = 0; e < t.count; e++) t.expected[e] = wanted[e];
    trial_check(&t);
}

/* ---- moving ---- */

static void random_shape(size_t rank, size_t limit, size_t *dims) {
    static const size_t sizes[] = {1, 2, 3, 4, 7, 16, 19, 64};
    size_t total = 1;
    for (size_t d = 0; d < rank; d++) {
        do dims[d] = sizes[random_below(sizeof sizes / sizeof *sizes)];
        while (total * dims[d] > limit);
        total *= dims[d];
    }
}

static mica_operand_type random_type(void) {
    static const mica_operand_type types[] = {MICA_OPERAND_F32, MICA_OPERAND_F16, MICA_OPERAND_QINT8};
    return types[random_below(3)];
}

/* Output keeps the input's quantization; element i comes from input `from`'s element `index`. */
static void expect_moved(trial *t, size_t i, size_t input, size_t index) {
    t->expected[i] = trial_value(t, input, index);
}
static void same_quantization(trial *t) {
    for (size_t i = 1; i < t->operation.input_count; i++) {
        t->inputs[i].scale = t->inputs[0].scale, t->inputs[i].zero_point = t->inputs[0].zero_point;
    }
    t->output.scale = t->inputs[0].scale, t->output.zero_point = t->inputs[0].zero_point;
}

/* Position of element i along each dim, and back. */
static void position_of(const mica_operand *operand, size_t i, size_t *at) {
    for (size_t d = operand->rank; d-- > 0; i /= operand->dims[d]) at[d] = i % operand->dims[d];
}
static size_t index_of(const mica_operand *operand, const size_t *at) {
    size_t index = 0;
    for (size_t d = 0; d < operand->rank; d++) index = index * operand->dims[d] + at[d];
    return index;
}

static void transposes_permute(void **state) {
    (void)state;
    for (size_t n = 0; n < 300; n++) {
        const size_t rank = 1 + random_below(6);
        size_t dims[6], out[6];
        random_shape(rank, n % 10 ? 5000 : 100000, dims);
        trial t = trial_new(MICA_STATIC_TRANSPOSE);
        uint32_t *const perm = t.operation.as.transpose.perm;
        for (size_t d = 0; d < rank; d++) perm[d] = (uint32_t)d;
        for (size_t d = rank; d-- > 1;) {
            const size_t other = random_below(d + 1);
            const uint32_t kept = perm[d];
            perm[d] = perm[other], perm[other] = kept;
        }
        for (size_t d = 0; d < rank; d++) out[d] = dims[perm[d]];
        const mica_operand_type type = random_type();
        trial_input(&t, type, rank, dims, -5, 5);
        trial_output(&t, type, rank, out);
        same_quantization(&t);
        for (size_t i = 0; i < t.count; i++) {
            size_t at[6], from[6];
            position_of(&t.output, i, at);
            for (size_t d = 0; d < rank; d++) from[perm[d]] = at[d];
            expect_moved(&t, i, 0, index_of(&t.inputs[0], from));
        }
        trial_check(&t);
    }
}

static void pads_and_slices_are_boxes(void **state) {
    (void)state;
    for (size_t n = 0; n < 200; n++) {
        const bool pads = n % 2;
        const size_t rank = 1 + random_below(6);
        size_t small[6], large[6], before[6];
        random_shape(rank, n % 10 ? 3000 : 40000, small);
        trial t = trial_new(pads ? MICA_STATIC_CONSTANT_PAD : MICA_STATIC_SLICE);
        for (size_t d = 0; d < rank; d++) {
            before[d] = random_below(3);
            const size_t after = random_below(3);
            large[d] = small[d] + before[d] + after;
            if (pads) {
                t.operation.as.pad.before[d] = (uint32_t)before[d], t.operation.as.pad.after[d] = (uint32_t)after;
            } else {
                t.operation.as.slice.offsets[d] = (int32_t)before[d],
                t.operation.as.slice.sizes[d] = (uint32_t)small[d];
                if (before[d] + after == 0) t.operation.as.slice.sizes[d] = 0; /* all of it */
            }
        }
        if (pads) t.operation.as.pad.value = 0.37f;
        const mica_operand_type type = random_type();
        trial_input(&t, type, rank, pads ? small : large, -5, 5);
        trial_output(&t, type, rank, pads ? large : small);
        same_quantization(&t);
        for (size_t i = 0; i < t.count; i++) {
            size_t at[6];
            position_of(&t.output, i, at);
            bool inside = true;
            for (size_t d = 0; d < rank; d++) {
                at[d] = pads ? at[d] - before[d] : at[d] + before[d];
                inside &= at[d] < t.inputs[0].dims[d];
            }
            if (inside) {
                expect_moved(&t, i, 0, index_of(&t.inputs[0], at));
            } else {
                trial_expect(&t, i, 0.37f, 1);
            }
        }
        trial_check(&t);
    }
}

static void concatenations_join(void **state) {
    (void)state;
    static const mica_operation_kind kinds[] = {MICA_CONCATENATE_2, MICA_CONCATENATE_3, MICA_CONCATENATE_4,
                                                MICA_CONCATENATE_5};
    for (size_t n = 0; n < 100; n++) {
        const size_t rank = 1 + random_below(6), axis = random_below(rank), inputs = 2 + n % 4;
        size_t dims[6], total = 0;
        random_shape(rank, n % 10 ? 2000 : 40000, dims);
        trial t = trial_new(kinds[n % 4]);
        t.operation.as.axis = (uint32_t)axis;
        const mica_operand_type type = random_type();
        for (size_t i = 0; i < inputs; i++) {
            dims[axis] = random_below(6);
            total += dims[axis];
            trial_input(&t, type, rank, dims, -5, 5);
        }
        dims[axis] = total;
        trial_output(&t, type, rank, dims);
        same_quantization(&t);
        for (size_t i = 0; i < t.count; i++) {
            size_t at[6], input = 0;
            position_of(&t.output, i, at);
            while (at[axis] >= t.inputs[input].dims[axis]) at[axis] -= t.inputs[input++].dims[axis];
            expect_moved(&t, i, input, index_of(&t.inputs[input], at));
        }
        trial_check(&t);
    }
}

static void reshapes_infer_one_dim(void **state) {
    (void)state;
    trial t = trial_new(MICA_STATIC_RESHAPE);
    trial_input(&t, MICA_OPERAND_F16, 3, (size_t[]){4, 3, 10}, -5, 5);
    trial_output(&t, MICA_OPERAND_F16, 2, (size_t[]){6, 20});
    t.operation.as.reshape.rank = 2;
    t.operation.as.reshape.dims[0] = 6;
    t.operation.as.reshape.dims[1] = 0;
    for (size_t i = 0; i < t.count; i++) expect_moved(&t, i, 0, i);
    trial_check(&t);
}

/* ---- what does not fit ---- */

static void expect_failure(trial *t, mica_status status, const char *part) {
    const setting how = {NULL, MICA_KERNELS_AUTO, 1};
    mica_context *const context = trial_context(&how);
    mica_operator *op = NULL;
    assert_int_equal(mica_operator_create(context, &t->operation, &op), status);
    if (!strstr(mica_context_error(context), part))
        fail_msg("\"%s\" lacks \"%s\"", mica_context_error(context), part);
    mica_context_destroy(context);
    trial_free(t);
}

static void misfits_are_refused(void **state) {
    (void)state;
    trial t = trial_new(MICA_ADD);
    trial_input(&t, MICA_OPERAND_F32, 2, (size_t[]){3, 4}, 0, 1);
    trial_input(&t, MICA_OPERAND_F32, 1, (size_t[]){3}, 0, 1);
    trial_output(&t, MICA_OPERAND_F32, 2, (size_t[]){3, 4});
    expect_failure(&t, MICA_ERROR_SHAPE, "broadcast");

    t = trial_new(MICA_STATIC_TRANSPOSE);
    trial_input(&t, MICA_OPERAND_F32, 2, (size_t[]){3, 4}, 0, 1);
    trial_output(&t, MICA_OPERAND_F32, 2, (size_t[]){3, 4});
    t.operation.as.transpose.perm[0] = t.operation.as.transpose.perm[1] = 1;
    expect_failure(&t, MICA_ERROR_SHAPE, "permutation");

    t = trial_new(MICA_STATIC_RESHAPE);
    trial_input(&t, MICA_OPERAND_F32, 2, (size_t[]){3, 4}, 0, 1);
    trial_output(&t, MICA_OPERAND_F32, 2, (size_t[]){5, 2});
    t.operation.as.reshape.rank = 2, t.operation.as.reshape.dims[0] = 5;
    expect_failure(&t, MICA_ERROR_SHAPE, "12 elements");

    t = trial_new(MICA_CONCATENATE_2);
    trial_input(&t, MICA_OPERAND_F32, 2, (size_t[]){3, 4}, 0, 1);
    trial_input(&t, MICA_OPERAND_F32, 2, (size_t[]){3, 5}, 0, 1);
    trial_output(&t, MICA_OPERAND_F32, 2, (size_t[]){6, 4});
    expect_failure(&t, MICA_ERROR_SHAPE, "axis 0");

    t = trial_new(MICA_SIGMOID);
    trial_input(&t, MICA_OPERAND_INT32, 1, (size_t[]){3}, 0, 1);
    trial_output(&t, MICA_OPERAND_F32, 1, (size_t[]){3});
    expect_failure(&t, MICA_ERROR_UNSUPPORTED, "Sigmoid of int32");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unary_operators_compute_their_functions),
        cmocka_unit_test(unary_operators_keep_special_values),
        cmocka_unit_test(binary_operators_broadcast),
        cmocka_unit_test(int8_sums_and_products_are_exact),
        cmocka_unit_test(converts_round_to_even),
        cmocka_unit_test(transposes_permute),
        cmocka_unit_test(pads_and_slices_are_boxes),
        cmocka_unit_test(concatenations_join),
        cmocka_unit_test(reshapes_infer_one_dim),
        cmocka_unit_test(misfits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
