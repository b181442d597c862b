/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes docs/operators.md to standard output, from the tables and from what the code accepts: the classes of nodes are
 * asked which kernel they would choose on every CPU, and portable kernels are called, as tests/data/portable has it, with
 * each element type. What is accepted is listed, so the page cannot promise more.
 */
#include "calls.h"

#include "operator/dispatch.h"
#include "operator/operator.h"

#define LIST 4096

/* Adds a word to a list that lacks it. */
static void add_word(char list[LIST], const char *word) {
    const size_t length = strlen(word), used = strlen(list);
    for (const char *at = list; (at = strstr(at, word)); at += length) {
        if ((at == list || at[-1] == ' ') && (!at[length] || at[length] == ',')) return;
    }
    snprintf(list + used, LIST - used, "%s%s", used ? ", " : "", word);
}

/* ---- an operation of every kind and type ---- */

/* How the operands of a kind are laid out; most take one image. */
enum form { ONE, TWO, THREE, FOUR, FIVE, SLOPE, ROWS, MATRICES, POINTWISE, SQUARE, FILTER, DEPTHWISE, TRANSPOSED };

static const enum form forms[MICA_OPERATION_KINDS] = {
    [MICA_FULLY_CONNECTED] = ROWS,
    [MICA_BATCH_MATRIX_MULTIPLY] = MATRICES,
    [MICA_DEPTHWISE_CONV_2D] = DEPTHWISE,
    [MICA_CONV_2D] = FILTER,
    [MICA_CONV_TRANSPOSE_2D] = TRANSPOSED,
    [MICA_PRELU] = SLOPE,
    [MICA_ADD] = TWO,
    [MICA_SUBTRACT] = TWO,
    [MICA_MULTIPLY] = TWO,
    [MICA_DIV] = TWO,
    [MICA_MINIMUM] = TWO,
    [MICA_MAXIMUM] = TWO,
    [MICA_CONCATENATE_2] = TWO,
    [MICA_CONCATENATE_3] = THREE,
    [MICA_CONCATENATE_4] = FOUR,
    [MICA_CONCATENATE_5] = FIVE,
};

/* Dims of the data, of weights or other inputs; a filter's height and width. */
static const struct layout {
    size_t inputs, rank, dims[4], other_rank, other[4];
    uint32_t window, groups;
    bool weights;
    const char *note;
} layouts[] = {
    [ONE] = {1, 4, {1, 8, 8, 32}, 0, {0}, 2, 1, false, ""},
    [TWO] = {2, 4, {1, 8, 8, 32}, 4, {1, 8, 8, 32}, 0, 1, false, ""},
    [THREE] = {3, 4, {1, 8, 8, 32}, 4, {1, 8, 8, 32}, 0, 1, false, ""},
    [FOUR] = {4, 4, {1, 8, 8, 32}, 4, {1, 8, 8, 32}, 0, 1, false, ""},
    [FIVE] = {5, 4, {1, 8, 8, 32}, 4, {1, 8, 8, 32}, 0, 1, false, ""},
    [SLOPE] = {2, 4, {1, 8, 8, 32}, 1, {32}, 0, 1, false, ""},
    [ROWS] = {3, 2, {64, 64}, 2, {32, 64}, 0, 1, true, ""},
    [MATRICES] = {2, 3, {2, 64, 64}, 3, {2, 64, 32}, 0, 1, false, ""},
    [POINTWISE] = {3, 4, {1, 8, 8, 32}, 4, {32, 1, 1, 32}, 1, 1, true, " 1×1"},
    [SQUARE] = {3, 4, {1, 16, 16, 32}, 4, {32, 3, 3, 32}, 3, 1, true, " 3×3, stride 1, from 16 channels to 16"},
    [FILTER] = {3, 4, {1, 8, 8, 32}, 4, {32, 2, 2, 32}, 2, 1, true, " k×k"},
    [DEPTHWISE] = {3, 4, {1, 8, 8, 32}, 4, {1, 3, 3, 32}, 3, 32, true, ""},
    [TRANSPOSED] = {3, 4, {1, 8, 8, 32}, 4, {32, 2, 2, 32}, 2, 1, true, ""},
};

static const struct {
    mica_operand_type type;
    const char *name;
} types[] = {
    {MICA_OPERAND_F32, "f32"},
    {MICA_OPERAND_F16, "f16"},
    {MICA_OPERAND_QINT8, "int8"},
    {MICA_OPERAND_QUINT8, "uint8"},
    {MICA_OPERAND_QDINT8, "int8 per row"},
    {MICA_OPERAND_QCINT8, "int8 per channel"},
    {MICA_OPERAND_QCINT4, "int4 per channel"},
    {MICA_OPERAND_QBINT4, "int4 in blocks"},
};
enum { TYPES = sizeof types / sizeof *types, ACTIVATIONS = 5 };

static uint16_t zeros[32 * 9 * 32 * 2]; /* of all constants, and scales */

static mica_operand operand_of(mica_operand_type type, size_t rank, const size_t *dims, bool constant) {
    mica_operand operand = {.type = type, .rank = rank, .scale = 1, .row_dims = rank == 4 ? 3 : 1, .block = 32};
    operand.data = constant ? zeros : NULL;
    operand.scales = (const float *)(const void *)zeros;
    operand.block_scales = zeros;
    operand.zero_point = type == MICA_OPERAND_QCINT4 || type == MICA_OPERAND_QBINT4 ? 8 : 0;
    for (size_t d = 0; d < rank; d++) operand.dims[d] = dims[d];
    return operand;
}

static mica_operand_type bias_type(mica_operand_type data, mica_operand_type weights) {
    if (data == MICA_OPERAND_F16 && weights == MICA_OPERAND_F16) return MICA_OPERAND_F16;
    if (data != MICA_OPERAND_QINT8 && data != MICA_OPERAND_QUINT8) return MICA_OPERAND_F32;
    return weights == MICA_OPERAND_QCINT8 ? MICA_OPERAND_QCINT32 : MICA_OPERAND_QINT32;
}

/* An operation with its operands. */
typedef struct sample {
    mica_operation operation;
    mica_operand data, other, bias, output;
} sample;

static void make_sample(sample *s, mica_operation_kind kind, enum form form, mica_operand_type data,
                        mica_operand_type other, mica_operand_type output) {
    const struct layout *const layout = &layouts[form];
    *s = (sample){.operation = {.kind = kind, .output_min = -INFINITY, .output_max = INFINITY}};
    mica_operation *const operation = &s->operation;
    s->data = operand_of(data, layout->rank, layout->dims, false);
    s->other = operand_of(other, layout->other_rank, layout->other, layout->weights || form == SLOPE);
    s->other.channel_dim = form == DEPTHWISE ? 3 : 0;
    s->bias = operand_of(bias_type(data, other), 1, &(size_t){32}, true);
    s->output = operand_of(output, layout->rank, layout->dims, false);
    operation->input_count = layout->inputs;
    operation->inputs[0] = &s->data;
    for (size_t i = 1; i < layout->inputs; i++)
        operation->inputs[i] = layout->weights && i == 2 ? &s->bias : &s->other;
    operation->output = &s->output;
    if (kind == MICA_STATIC_TRANSPOSE) {
        const uint32_t perm[] = {0, 3, 1, 2};
        memcpy(operation->as.transpose.perm, perm, sizeof perm);
    } else if (layout->weights || kind == MICA_AVG_POOLING_2D || kind == MICA_MAX_POOLING_2D ||
               kind == MICA_ARG_MAX_POOLING_2D) {
        operation->as.window.kernel_height = operation->as.window.kernel_width = layout->window;
        operation->as.window.stride_height = operation->as.window.stride_width = form == TRANSPOSED ? 2 : 1;
        operation->as.window.dilation_height = operation->as.window.dilation_width = 1;
        operation->as.window.groups = layout->groups;
        operation->as.window.group_input_channels = operation->as.window.group_output_channels = 32 / layout->groups;
    }
}

/* ---- node types ---- */

/* The kernels that would run on each CPU, strongest first, then those of the other two levels; "": none does. */
static void list_kernels(const mica_operation *operation, char list[LIST]) {
    const op_class *const class = op_class_of(operation->kind);
    *list = 0;
    op_choice choice = {0};
    for (size_t i = cpu_level_count; class && i-- > 0;) {
        const op_target target = {cpu_levels[i].features, MICA_KERNELS_AUTO};
        if (class->choose(operation, &target, &choice, NULL) == MICA_OK) add_word(list, choice.kernel);
    }
    for (mica_kernels level = MICA_KERNELS_STANDARD; class && level <= MICA_KERNELS_REFERENCE; level++) {
        if (class->choose(operation, &(op_target){0, level}, &choice, NULL) == MICA_OK) add_word(list, choice.kernel);
    }
}

typedef struct row {
    char types[LIST], kernels[LIST];
} row;

/* Types of the same kernels stand in one row. */
static void add_types(row *rows, size_t *count, const char *text, const char *kernels) {
    size_t r = 0;
    while (r < *count && strcmp(rows[r].kernels, kernels) != 0) r++;
    if (r == *count) {
        rows[r].types[0] = 0;
        snprintf(rows[r].kernels, LIST, "%s", kernels);
        ++*count;
    }
    add_word(rows[r].types, text);
}

static void list_form(mica_operation_kind kind, enum form form) {
    static row rows[TYPES * TYPES * TYPES];
    const bool weights = layouts[form].weights;
    size_t count = 0;
    for (size_t a = 0; a < ACTIVATIONS; a++) {
        for (size_t b = 0; b < (weights ? TYPES : 1); b++) {
            for (size_t c = 0; c < ACTIVATIONS; c++) {
                sample s;
                char kernels[LIST], text[128];
                make_sample(&s, kind, form, types[a].type, types[weights ? b : a].type, types[c].type);
                list_kernels(&s.operation, kernels);
                if (!*kernels) continue;
                snprintf(text, sizeof text, weights ? "%s × %s → %s" : "%s%s → %s", types[a].name,
                         weights ? types[b].name : "", types[c].name);
                add_types(rows, &count, !weights && a == c ? types[a].name : text, kernels);
            }
        }
    }
    for (size_t r = 0; r < count; r++) {
        printf("| %s%s | %s | %s |\n", r ? "" : mica_operation_name(kind), r ? "" : layouts[form].note, rows[r].types,
               rows[r].kernels);
    }
    if (!count) printf("| %s | none | |\n", mica_operation_name(kind));
}

static void list_nodes(void) {
    puts("## Node types of XNNPACK delegates\n\n| node | types | kernels |\n| --- | --- | --- |");
    for (mica_operation_kind kind = MICA_ADD; kind < MICA_OPERATION_KINDS; kind++) {
        if (strcmp(mica_operation_name(kind), "?") == 0) continue;
        if (kind == MICA_CONV_2D) list_form(kind, POINTWISE);
        if (kind == MICA_CONV_2D) list_form(kind, SQUARE);
        list_form(kind, forms[kind]);
    }
}

/* ---- packed micro-kernels ---- */

static void list_packed(void) {
    puts("\n## Packed micro-kernels\n\n| variant | kernel | instruction set | rows × columns × depth of a tile |\n"
         "| --- | --- | --- | --- |");
    static const char *const architectures[] = {"aarch64", "x86-64", "any"}; /* not this machine's first */
    for (size_t a = 0; a < sizeof architectures / sizeof *architectures; a++) {
        mica_kernel_info info;
        for (size_t i = 0; mica_kernel_query(i, &info); i++) {
            if (strcmp(info.architecture, architectures[a]) != 0) continue;
            printf("| %s | %s | %s | %zu × %zu × %zu |\n", info.variant, info.name, info.isa, info.mr, info.nr,
                   info.kr);
        }
    }
}

/* ---- portable kernels ---- */

static bool call_succeeds(const char *line) {
    static call_text text;
    static struct scratch scratch;
    const portable_kernel *kernel;
    char expected[16];
    mica_error error;
    uint64_t random = 1;
    if (!scratch.overflow.allocator) scratch_init(&scratch, &memory_default, 0);
    parse_call(&text, line, false, &kernel, expected);
    kernel_call call = {.kernel = kernel,
                        .values = text.values,
                        .args = {(const uint8_t *)text.args, text.arg_count},
                        .threads = 1,
                        .scratch = &scratch,
                        .random = &random,
                        .error = &error};
    const bool good = text.arg_count == kernel->arg_count && kernel->run(&call) == MICA_OK;
    scratch_reset(&scratch);
    call_clear(&text);
    return good;
}

/* A copy of a line in which tensors of the first tensor's type are of another; false: it has no tensor. */
static bool change_type(const char *line, const char *type, char *changed, size_t size) {
    const size_t length = strcspn(line, "\n");
    const char *const bar = strstr(line, " | "), *const bracket = strchr(bar, '[');
    if (!bracket || bracket > line + length) return false;
    const char *first = bracket;
    while (first[-1] != ' ' && first[-1] != '<' && first[-1] != '!') first--;
    const size_t old = (size_t)(bracket - first);
    char name[8];
    snprintf(name, sizeof name, "%.*s", (int)old, first);
    size_t used = 0;
    for (const char *at = line; at < line + length && used + 16 < size;) {
        const bool begins = at > bar && strchr(" <!", at[-1]) && strncmp(at, name, old) == 0 && at[old] == '[';
        if (begins) {
            used += (size_t)snprintf(changed + used, size - used, "%s", type);
            at += old;
        } else {
            changed[used++] = *at++;
        }
    }
    changed[used] = 0;
    return true;
}

/* The element types with which any of the kernel's lines runs; "numbers" where they have no tensor. */
static void list_accepted(const char *name, const char *calls, char list[LIST]) {
    static const mica_type all[] = {MICA_F32, MICA_F16, MICA_BF16, MICA_F64,  MICA_I8,  MICA_U8,
                                    MICA_I16, MICA_I32, MICA_I64,  MICA_BOOL, MICA_C64, MICA_C128};
    const size_t length = strlen(name);
    static char changed[1 << 16];
    *list = 0;
    for (const char *line = calls; *line; line += strcspn(line, "\n") + 1) {
        if (strncmp(line, name, length) != 0 || line[length] != ' ') continue;
        if (!memchr(line, '[', strcspn(line, "\n"))) add_word(list, "numbers");
        for (size_t t = 0; t < sizeof all / sizeof *all; t++) {
            const char *const type = mica_type_name(all[t]);
            if (change_type(line, type, changed, sizeof changed) && call_succeeds(changed)) add_word(list, type);
        }
    }
}

static void list_portable(const char *calls) {
    puts("\n## Kernels for calls outside of delegates\n\n| kernel | types of the first tensor |\n| --- | --- |");
    const portable_kernel *kernel;
    for (size_t i = 0; (kernel = portable_kernel_at(i)); i++) {
        char list[LIST];
        list_accepted(kernel->name, calls, list);
        printf("| %s | %s |\n", kernel->name, *list ? list : "floats");
    }
}

/* ---- the page ---- */

static const char *const head =
    "# Operators\n\n"
    "This page is written by a program from the library's own tables: do not edit it, but run\n\n"
    "    cmake --build build --target list_operators && build/list_operators >docs/operators.md\n\n"
    "A valid program always runs. A node of a delegate takes the strongest kernel that the CPU has, and `mica "
    "explain`\n"
    "says which, and why not a better one. Kernels are listed for AArch64, then for x86-64, strongest first, then "
    "portable\n"
    "C and the reference. The last part of a kernel's name is its instruction set: neon, dotprod, i8mm, sme, sme2; "
    "avx2,\n"
    "avxvnni, avx512, avx512vnni, avx512fp16; c for plain C; none where nothing is computed.\n\n"
    "Limits: tensors have at most 16 dimensions, values of a delegate at most 6; sizes are bounded at export, and a "
    "larger\n"
    "one is an error before anything is written. Types are those of activations × weights → result where there are\n"
    "weights. A program that calls anything else is refused when it is loaded, with the names of all that is "
    "missing;\n"
    "`mica info` lists them as well.\n";

int main(void) {
    FILE *const file = fopen(MICA_TEST_DATA "/portable/calls.txt", "rb");
    if (!file) return 1;
    char *calls = NULL;
    size_t room = 0;
    const bool read = getdelim(&calls, &room, 0, file) > 0;
    fclose(file);
    if (!read) return 1;
    puts(head);
    list_nodes();
    list_packed();
    list_portable(calls);
    free(calls);
    return fflush(stdout) != 0;
}
