/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/portable/elementwise.h"

#include "kernel/elementwise/elementwise.h"
#include "runtime/portable/complex.h"
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <string.h>
#include <tgmath.h>

/* ---- what the expressions call ---- */

static inline int64_t add64(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static inline int64_t sub64(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }
static inline int64_t mul64(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }
/* Divisors were checked not to be zero. */
static inline int64_t div64(int64_t a, int64_t b) { return b == -1 ? sub64(0, a) : a / b; }
static inline int64_t floor_div64(int64_t a, int64_t b) {
    const int64_t quotient = div64(a, b);
    return mul64(quotient, b) != a && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

static int64_t pow64(int64_t base, int64_t exponent) {
    if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
    int64_t power = 1;
    for (; exponent; exponent >>= 1, base = mul64(base, base)) {
        if (exponent & 1) power = mul64(power, base);
    }
    return power;
}

/* NaN wins: in two steps, which compilers take as vectors. */
#define EXTREME(name, type, better)                                                                                  \
    static inline type name(type a, type b) {                                                                        \
        const type number = b better a ? b : a; /* `a` if that is NaN */                                             \
        return b != b ? b : number;                                                                                  \
    }
EXTREME(larger_f32, float, >)
EXTREME(larger_f64, double, >)
EXTREME(smaller_f32, float, <)
EXTREME(smaller_f64, double, <)
#undef EXTREME
#define larger(a, b) _Generic((a), float: larger_f32, default: larger_f64)(a, b)
#define smaller(a, b) _Generic((a), float: smaller_f32, default: smaller_f64)(a, b)

/* The remainder with the divisor's sign. */
static double remainder_of(double a, double b) {
    const double rest = fmod(a, b);
    return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;
}

static double floor_divide(double a, double b) {
    if (b == 0) return copysign((double)INFINITY, a);
    const double rest = fmod(a, b);
    const double quotient = (a - rest) / b; /* nearly whole */
    return rint(rest != 0 && (b < 0) != (rest < 0) ? quotient - 1 : quotient);
}

static double logit(double a, double margin) {
    const double inside = a < margin ? margin : a > 1 - margin ? 1 - margin : a;
    return log(inside / (1 - inside));
}

/* ---- the operations on a block of dense values ---- */

#define LOOP(name, expression)                                                                                       \
    case name:                                                                                                       \
        for (size_t i = 0; i < count; i++) {                                                                         \
            const number a = in[0][i], b = in[1][i], c = in[2][i], d = in[3][i];                                     \
            (void)a, (void)b, (void)c, (void)d;                                                                      \
            out[i] = RESULT(expression);                                                                             \
        }                                                                                                            \
        break;
#define FLOATS_OF_BOTH(name, operands, promote, kind, floats, integers) LOOP(name, floats)
#define INTEGERS_OF_BOTH(name, operands, promote, kind, floats, integers) LOOP(name, integers)
#define ONLY(name, operands, promote, kind, expression) LOOP(name, expression)
#define FLAGS_OF_BOTH(name, operands, promote, kind, floats, integers) FLAGS_OF_##kind(name, floats)
#define FLAGS_OF_TRUTH(name, floats) LOOP(name, floats)
#define FLAGS_OF_SAME(name, floats)
#define RESULT(expression) (number)(expression)

typedef float f32;
typedef double f64;

static void run_f32(int op, size_t count, f32 *out, const f32 *const *in) {
    typedef f32 number;
    switch (op) { ELEMENTWISE_BOTH(FLOATS_OF_BOTH) ELEMENTWISE_REAL(ONLY) }
}

static void run_f64(int op, size_t count, f64 *out, const f64 *const *in) {
    typedef f64 number;
    switch (op) { ELEMENTWISE_BOTH(FLOATS_OF_BOTH) ELEMENTWISE_REAL(ONLY) }
}

static void run_i64(int op, size_t count, int64_t *out, const int64_t *const *in) {
    typedef int64_t number;
    switch (op) { ELEMENTWISE_BOTH(INTEGERS_OF_BOTH) ELEMENTWISE_INTEGER(ONLY) }
}

/* Truth of bytes that are 0 or 1. */
static void run_bool(int op, size_t count, int8_t *out, const int8_t *const *in) {
    typedef int8_t number;
    switch (op) { ELEMENTWISE_BOTH(INTEGERS_OF_BOTH) }
}

#undef RESULT
#define RESULT(expression) (uint8_t)((expression) != 0)

/* Truth of floats, straight to bool. */
static void run_flags(int op, size_t count, uint8_t *out, const f32 *const *in) {
    typedef f32 number;
    switch (op) { ELEMENTWISE_BOTH(FLAGS_OF_BOTH) }
}

static bool is_number(kernel_call *call, size_t arg, double wanted) {
    const struct value *const value = call_value(call, arg);
    return (value->tag == VALUE_INT && (double)value->as.integer == wanted) ||
           (value->tag == VALUE_DOUBLE && value->as.real == wanted);
}

/* What the kernels of delegates do for f32: the costly functions, and arithmetic of two operands. */
static elementwise_function *vector_kernel(kernel_call *call, elementwise_op op) {
    static const struct {
        elementwise_op op;
        elementwise_operation kernel;
    } known[] = {{EW_EXP, ELEMENTWISE_EXP},
                 {EW_LOG, ELEMENTWISE_LOG},
                 {EW_SIN, ELEMENTWISE_SIN},
                 {EW_COS, ELEMENTWISE_COS},
                 {EW_TANH, ELEMENTWISE_TANH},
                 {EW_SQRT, ELEMENTWISE_SQUARE_ROOT},
                 {EW_SIGMOID, ELEMENTWISE_SIGMOID},
                 {EW_GELU, ELEMENTWISE_GELU},
                 {EW_ADD, ELEMENTWISE_ADD},
                 {EW_SUB, ELEMENTWISE_SUBTRACT},
                 {EW_MUL, ELEMENTWISE_MULTIPLY},
                 {EW_DIV, ELEMENTWISE_DIVIDE},
                 {EW_MAXIMUM, ELEMENTWISE_MAXIMUM},
                 {EW_MINIMUM, ELEMENTWISE_MINIMUM},
                 {EW_RSQRT, ELEMENTWISE_RECIPROCAL_SQUARE_ROOT},
                 {EW_POW, ELEMENTWISE_SQUARE}};
    if (call->kernels == MICA_KERNELS_REFERENCE) return NULL;
    if ((op == EW_ADD || op == EW_SUB) && !is_number(call, 2, 1)) return NULL; /* a + 1 · b */
    if (op == EW_POW && !is_number(call, 1, 2)) return NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].op != op) continue;
        const kernel_version version =
            kernel_version_select(elementwise_names[known[i].kernel], call->features, call->kernels);
        return elementwise_kernels[version][known[i].kernel];
    }
    return NULL;
}

/* ---- types and shapes ---- */

typedef enum elementwise_kind { SAME, TRUTH, REAL, INTEGER } elementwise_kind;

#define OPERANDS 4

typedef struct elementwise_row {
    uint8_t operands, promote;
    elementwise_kind kind;
} elementwise_row;

#define ROW(name, operands, promote, kind, ...) [name] = {operands, promote, kind},
static const elementwise_row rows[] = {ELEMENTWISE_BOTH(ROW) ELEMENTWISE_REAL(ROW) ELEMENTWISE_INTEGER(ROW)};

typedef struct elementwise_job {
    elementwise_op op;
    size_t operands;
    mica_type work, out;
    mica_type types[OPERANDS];
    elementwise_function *vector; /* of one or two operands, f32; NULL: the loops above */
} elementwise_job;

enum { BLOCK = 512 }; /* values of one step, so that all of a step stays in the nearest cache */

static void elementwise_row_run(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides) {
    const elementwise_job *const job = argument;
    const ptrdiff_t size = (ptrdiff_t)mica_type_size(job->work);
    int64_t loaded[OPERANDS][BLOCK], result[BLOCK];
    const bool flags =
        job->work == MICA_F32 && job->out == MICA_BOOL && strides[0] == 1 && rows[job->op].kind == TRUTH;
    const bool direct_out = flags || (job->out == job->work && strides[0] == size);
    /* One value for the whole row: the vector kernels take it as it is, the loops a block of it. */
    bool is_one[OPERANDS], is_scalar[OPERANDS] = {false};
    for (size_t k = 0; k < job->operands; k++) is_one[k] = strides[k + 1] == 0 && count > 1;
    if (job->vector && job->operands > 1 && is_one[0] != is_one[1]) memcpy(is_scalar, is_one, 2 * sizeof *is_one);
    for (size_t done = 0; done < count; done += BLOCK) {
        const size_t block = min_size(BLOCK, count - done);
        const void *in[OPERANDS];
        for (size_t k = 0; k < OPERANDS; k++) {
            if (k >= job->operands) {
                in[k] = in[0];
                continue;
            }
            const ptrdiff_t stride = strides[k + 1];
            const uint8_t *const from = data[k + 1] + (ptrdiff_t)done * stride;
            if (job->types[k] == job->work && (stride == size || count == 1 || is_scalar[k])) {
                in[k] = from;
                continue;
            }
            in[k] = loaded[k];
            if (!is_one[k]) {
                element_convert(block, job->work, loaded[k], size, job->types[k], from, stride);
            } else if (done == 0) {
                element_convert(1, job->work, loaded[k], size, job->types[k], from, 0);
                if (!is_scalar[k]) element_convert(block, job->work, loaded[k], size, job->work, loaded[k], 0);
            }
        }
        uint8_t *const to = data[0] + (ptrdiff_t)done * strides[0];
        void *const out = direct_out ? to : (void *)result;
        switch (job->work) {
        case MICA_BOOL: run_bool((int)job->op, block, out, (const int8_t *const *)in); break;
        case MICA_F32:
            if (job->vector) {
                job->vector(&(elementwise_call){.count = block,
                                                .a = in[0],
                                                .b = in[1],
                                                .a_scalar = is_scalar[0],
                                                .b_scalar = is_scalar[1],
                                                .out = out,
                                                .min = -INFINITY,
                                                .max = INFINITY});
                break;
            }
            if (flags) {
                run_flags((int)job->op, block, out, (const f32 *const *)in);
                break;
            }
            run_f32((int)job->op, block, out, (const f32 *const *)in);
            break;
        case MICA_F64: run_f64((int)job->op, block, out, (const f64 *const *)in); break;
        default: run_i64((int)job->op, block, out, (const int64_t *const *)in); break;
        }
        if (!direct_out) element_convert(block, job->out, to, strides[0], job->work, result, size);
    }
}

/* Elements chosen by a flag: out, flag, then what is taken where it is set and where it is not. */
#define CHOOSE(size, item)                                                                                           \
    case size:                                                                                                       \
        if (flag_stride == 1 && to_stride == size && set_stride == size && clear_stride == size) {                   \
            for (size_t i = 0; i < count; i++) {                                                                     \
                const item x = ((const item *)set)[i], y = ((const item *)clear)[i];                                 \
                ((item *)to)[i] = flag[i] ? x : y;                                                                   \
            }                                                                                                        \
            return;                                                                                                  \
        }                                                                                                            \
        for (size_t i = 0; i < count; i++) {                                                                         \
            const item mask = (item) - (item)(*flag != 0); /* no branch: flags are hard to foresee */                \
            *(item *)to = (item)((*(const item *)set & mask) | (*(const item *)clear & (item)~mask));                \
            to += to_stride, flag += flag_stride, set += set_stride, clear += clear_stride;                          \
        }                                                                                                            \
        return;

static void choose_row(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides) {
    const elementwise_job *const job = argument;
    const ptrdiff_t to_stride = strides[0], flag_stride = strides[1], set_stride = strides[2],
                    clear_stride = strides[3];
    uint8_t *to = data[0];
    const uint8_t *flag = data[1], *set = data[2], *clear = data[3];
    if (flag_stride == 0) {
        if (!*flag && to == clear) return; /* they share memory: share.h */
        element_convert(count, job->out, to, to_stride, job->out, *flag ? set : clear,
                        *flag ? set_stride : clear_stride);
        return;
    }
    switch (mica_type_size(job->out)) {
        CHOOSE(1, uint8_t)
        CHOOSE(2, uint16_t)
        CHOOSE(4, uint32_t)
        CHOOSE(8, uint64_t)
    }
}
#undef CHOOSE

/* Bounds that are absent: operand 1 is a lower one, operand 2 an upper one. */
static const double no_real_bound[OPERANDS] = {0, -(double)INFINITY, (double)INFINITY, 0};
static const int64_t no_integer_bound[OPERANDS] = {0, INT64_MIN, INT64_MAX, 0};

/* An absent bound as a view, once it is known what computes. */
static view absent(size_t k, mica_type work) {
    return work == MICA_I64 ? (view){.type = MICA_I64, .data = (uint8_t *)(uintptr_t)&no_integer_bound[k]}
                            : (view){.type = MICA_F64, .data = (uint8_t *)(uintptr_t)&no_real_bound[k]};
}

/* A tensor, or a number where it lies in its value. */
static mica_status read_operand(kernel_call *call, size_t arg, view *v) {
    struct value *const value = call_value(call, arg);
    v->rank = 0;
    v->data = (uint8_t *)&value->as;
    switch (value->tag) {
    case VALUE_NONE:
    case VALUE_INT: v->type = MICA_I64; return MICA_OK;
    case VALUE_DOUBLE: v->type = MICA_F64; return MICA_OK;
    case VALUE_BOOL: v->type = MICA_BOOL; return MICA_OK;
    default: {
        struct tensor *tensor = NULL;
        TRY(call_tensor(call, arg, &tensor));
        view_of(tensor, v);
        return MICA_OK;
    }
    }
}

/* Tensors promote each other. Numbers promote only to another kind of number: an int makes bool an integer, a double
 * makes integers f32. */
static mica_type common_type(const kernel_call *call, const elementwise_row *row, const view *views) {
    mica_type common = MICA_BOOL;
    bool number_int = false, number_double = false;
    for (size_t k = 0; k < row->operands; k++) {
        if (!(row->promote >> k & 1)) continue;
        const value_tag tag = call_value(call, k)->tag;
        if (tag == VALUE_TENSOR) common = type_promote(common, views[k].type);
        number_int |= tag == VALUE_INT;
        number_double |= tag == VALUE_DOUBLE;
    }
    if (number_double && !type_is_float(common)) return MICA_F32;
    return number_int && common == MICA_BOOL ? MICA_I64 : common;
}

mica_status call_broadcast(kernel_call *call, const view *views, size_t operands, size_t *rank, size_t *sizes) {
    *rank = 0;
    for (size_t k = 0; k < operands; k++) *rank = max_size(*rank, views[k].rank);
    for (size_t i = 0; i < *rank; i++) {
        sizes[i] = 1;
        for (size_t k = 0; k < operands; k++) {
            if (views[k].rank + i < *rank) continue;
            const size_t size = views[k].sizes[views[k].rank + i - *rank];
            if (size == 1 || size == sizes[i]) continue;
            if (sizes[i] != 1) {
                return call_fail(call, MICA_ERROR_SHAPE, "sizes %zu and %zu in dim %zu do not broadcast", sizes[i],
                                 size, i);
            }
            sizes[i] = size;
        }
    }
    return MICA_OK;
}

static mica_status choose_types(kernel_call *call, const elementwise_row *row, const view *views, mica_type out,
                                elementwise_job *job) {
    mica_type common = common_type(call, row, views);
    if (row->kind == REAL && !type_is_float(common)) common = out == MICA_F64 ? MICA_F64 : MICA_F32;
    if (row->kind == INTEGER && type_is_float(common)) {
        return call_fail(call, MICA_ERROR_TYPE, "takes integers, not %s", mica_type_name(common));
    }
    if (row->kind != TRUTH && !type_can_cast(common, out)) {
        return call_fail(call, MICA_ERROR_TYPE, "a result of %s cannot be stored as %s", mica_type_name(common),
                         mica_type_name(out));
    }
    if (job->op == EW_BITWISE_NOT && common == MICA_BOOL) job->op = EW_LOGICAL_NOT;
    const bool truth = rows[job->op].kind == TRUTH && common == MICA_BOOL && out == MICA_BOOL;
    job->work = truth ? MICA_BOOL : work_of(common);
    job->out = out;
    if (job->work == MICA_F32) job->vector = vector_kernel(call, job->op);
    if (job->vector) job->operands = min_size(job->operands, 2); /* without the factor of one */
    return MICA_OK;
}

typedef struct zero_search {
    mica_type type;
    bool *found;
} zero_search;

static void find_zero(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides) {
    const zero_search *const search = argument;
    for (size_t i = 0; i < count; i++) {
        int64_t value;
        element_convert(1, MICA_I64, &value, 0, search->type, data[0] + (ptrdiff_t)i * strides[0], 0);
        if (value == 0) *search->found = true;
    }
}

static mica_status refuse_zero(kernel_call *call, const view *divisor) {
    bool found = false;
    walk w;
    walk_init(&w, &divisor, 1);
    walk_run(&w, find_zero, &(zero_search){divisor->type, &found});
    return found ? call_fail(call, MICA_ERROR_VALUE, "an integer is divided by zero") : MICA_OK;
}

/* ---- the kernels ---- */

/* Whether a flag chooses one of two elements of the result's type, so that nothing is computed: then the order is that of
 * choose_row. `filling` has room for the element that a number fills in. */
static bool chooses(const elementwise_job *job, view *operands, const view **order, uint8_t *filling) {
    const mica_type *const types = job->types;
    if (job->op == EW_WHERE) return types[0] == MICA_BOOL && types[1] == job->out && types[2] == job->out;
    if (job->op != EW_MASKED_FILL || types[1] != MICA_BOOL || types[0] != job->out) return false;
    element_convert(1, job->out, filling, 0, types[2], operands[2].data, 0);
    operands[2].data = filling;
    order[1] = &operands[1];
    order[2] = &operands[2];
    order[3] = &operands[0]; /* self, mask, value: where(mask, value, self) */
    return true;
}

/* Operands are the first arguments, the out is the last but one. */
static mica_status elementwise_of(kernel_call *call, elementwise_op op) {
    const elementwise_row *const row = &rows[op];
    elementwise_job job = {.op = op, .operands = row->operands};
    view views[1 + OPERANDS], *const operands = views + 1;
    for (size_t k = 0; k < row->operands; k++) TRY(read_operand(call, k, &operands[k]));
    struct tensor *out = NULL;
    for (size_t k = 0; k < row->operands; k++) {
        if (type_is_complex(operands[k].type)) return complex_elementwise(call, op);
    }
    TRY(call_out(call, (size_t)call->kernel->arg_count - 2, &out));
    TRY(choose_types(call, row, operands, out->view.type, &job));

    size_t rank, sizes[MICA_MAX_RANK];
    TRY(call_broadcast(call, operands, row->operands, &rank, sizes));
    const bool divides = op == EW_DIV_TRUNC || op == EW_DIV_FLOOR || op == EW_FMOD || op == EW_REMAINDER;
    if (divides && job.work == MICA_I64) TRY(refuse_zero(call, &operands[1]));
    TRY(call_resize(call, out, rank, sizes));

    view_of(out, &views[0]);
    const view *order[1 + OPERANDS] = {&views[0]};
    for (size_t k = 0; k < row->operands; k++) {
        if (call_is_none(call, k)) operands[k] = absent(k, job.work);
        (void)view_broadcast(&operands[k], rank, sizes);
        job.types[k] = operands[k].type;
        order[k + 1] = &operands[k];
    }
    uint8_t filling[16];
    const bool only_chosen = chooses(&job, operands, order, filling);
    walk w;
    walk_init(&w, order, 1 + row->operands);
    walk_parallel(call, &w, only_chosen ? choose_row : elementwise_row_run, &job);
    return MICA_OK;
}

mica_status elementwise(kernel_call *call) { return elementwise_of(call, (elementwise_op)call->kernel->op); }

/* self, other, rounding_mode, out */
mica_status div_mode(kernel_call *call) {
    if (call_is_none(call, 2)) return elementwise_of(call, EW_DIV);
    const char *mode = "";
    TRY(call_string(call, 2, &mode));
    if (strcmp(mode, "trunc") == 0) return elementwise_of(call, EW_DIV_TRUNC);
    if (strcmp(mode, "floor") == 0) return elementwise_of(call, EW_DIV_FLOOR);
    return call_fail(call, MICA_ERROR_VALUE, "rounding mode \"%s\" is neither trunc nor floor", mode);
}

/* self, approximate, out */
mica_status gelu(kernel_call *call) {
    const char *approximate = "";
    TRY(call_string(call, 1, &approximate));
    if (strcmp(approximate, "none") == 0) return elementwise_of(call, EW_GELU);
    if (strcmp(approximate, "tanh") == 0) return elementwise_of(call, EW_GELU_TANH);
    return call_fail(call, MICA_ERROR_VALUE, "approximation \"%s\" is neither none nor tanh", approximate);
}
