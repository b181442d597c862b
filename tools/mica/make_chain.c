/* SPDX-License-Identifier: Apache-2.0
 *
 * The description of a small network: one line per operator, each taking what the line before gave.
 *
 *   # words: [NAME =] OPERATOR [VALUE …] [key=value …]
 *   x = input 1x3x32x32
 *   conv2d channels=16 kernel=3 padding=1 act=relu
 *   …
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "make.h"

const char make_chain_help[] =
    "A network's description has one operator per line, each on what the line before gave:\n"
    "\n"
    "  x = input 1x3x32x32                  # a name for later; type=f16, dynamic=yes\n"
    "  conv2d channels=32 kernel=3 padding=1 act=relu quant=static\n"
    "  depthwise kernel=3 padding=1 stride=2\n"
    "  y = maxpool kernel=2 stride=2\n"
    "  sigmoid\n"
    "  add y                                # the line before, and y\n"
    "  globalavgpool\n"
    "  flatten\n"
    "  linear n=10 quant=int4 group-size=32\n"
    "  softmax\n"
    "\n"
    "Lines:       input SHAPE, from NAME, output\n"
    "Weights:     linear n=, conv2d channels=, depthwise\n"
    "             act=none|relu|relu6|hardtanh bias=yes|no\n"
    "             quant=none|static|per-tensor|dynamic|int4|int4-channels\n"
    "Windows:     kernel= stride= padding= dilation=, each N or HEIGHTxWIDTH; groups=\n"
    "Two values:  matmul, add, sub, mul, div, minimum, maximum NAME\n"
    "Pooling:     maxpool, avgpool, globalavgpool\n"
    "Elements:    relu, relu6, hardtanh, sigmoid, tanh, gelu, hardswish, exp, abs, square, neg, floor, ceil\n"
    "Others:      flatten, softmax\n";

#define MAX_WORDS 16
#define MAX_NAMES 256
#define NAME_SIZE 32

struct chain {
    mica_author *author;
    const mica_context *context;
    struct name {
        char text[NAME_SIZE];
        mica_author_value value;
    } names[MAX_NAMES];
    size_t name_count;
    mica_author_value last; /* what the line before gave */
    bool started, has_output;
    uint64_t seed;
    char *words[MAX_WORDS];  /* of the line, from its operator on */
    size_t word_count, read; /* `read`: words that were understood */
};

/* ---- words ---- */

/* The value of "key=…", or NULL. */
static const char *find_key(struct chain *chain, const char *key) {
    const size_t length = strlen(key);
    for (size_t i = 1; i < chain->word_count; i++) {
        if (strncmp(chain->words[i], key, length) != 0 || chain->words[i][length] != '=') continue;
        chain->read++;
        return chain->words[i] + length + 1;
    }
    return NULL;
}

static bool read_size(struct chain *chain, const char *key, size_t *size, struct fault *fault) {
    const char *const text = find_key(chain, key);
    return !text || parse_size(text, size) || usage(fault, "%s: '%s' is no whole number", key, text);
}

static bool read_pair(struct chain *chain, const char *key, size_t pair[2], struct fault *fault) {
    const char *const text = find_key(chain, key);
    size_t rank = 0;
    if (!text) return true;
    if (!parse_shape(text, 2, pair, &rank) || rank == 0)
        return usage(fault, "%s: '%s' is neither a size nor HEIGHTxWIDTH", key, text);
    if (rank == 1) pair[1] = pair[0];
    return true;
}

/* Word `index` names a value. */
static bool read_value(struct chain *chain, size_t index, mica_author_value *value, struct fault *fault) {
    if (index >= chain->word_count || strchr(chain->words[index], '='))
        return usage(fault, "%s takes the name of another value", chain->words[0]);
    for (size_t i = 0; i < chain->name_count; i++) {
        if (strcmp(chain->names[i].text, chain->words[index]) != 0) continue;
        *value = chain->names[i].value;
        chain->read++;
        return true;
    }
    return usage(fault, "no value is called '%s'", chain->words[index]);
}

/* ---- options that layers share ---- */

static bool choose(struct chain *chain, const char *key, const char *const *names, size_t count, size_t *index,
                   struct fault *fault) {
    const char *const text = find_key(chain, key);
    if (!text) return true;
    for (*index = 0; *index < count; ++*index)
        if (strcmp(text, names[*index]) == 0) return true;
    return usage(fault, "%s: '%s' is unknown", key, text);
}

static const struct activation {
    const char *name;
    float low, high;
} activations[] = {{"none", -INFINITY, INFINITY}, {"relu", 0, INFINITY}, {"relu6", 0, 6}, {"hardtanh", -1, 1}};

static bool read_layer(struct chain *chain, mica_layer *layer, struct fault *fault) {
    static const char *const quantizations[] = {"none", "static", "per-tensor", "dynamic", "int4", "int4-channels"};
    static const char *const acts[] = {"none", "relu", "relu6", "hardtanh"};
    static const char *const truths[] = {"no", "yes"};
    size_t quantization = 0, act = 0, bias = 1;
    *layer = (mica_layer){.size = sizeof *layer, .seed = chain->seed++};
    if (!choose(chain, "quant", quantizations, 6, &quantization, fault) ||
        !choose(chain, "act", acts, 4, &act, fault) || !choose(chain, "bias", truths, 2, &bias, fault) ||
        !read_size(chain, "group-size", &layer->group_size, fault))
        return false;
    layer->quantization = (mica_quantization)quantization;
    layer->no_bias = bias == 0;
    layer->clamps = act != 0;
    layer->output_min = activations[act].low;
    layer->output_max = activations[act].high;
    return true;
}

static bool read_window(struct chain *chain, mica_window *window, struct fault *fault) {
    return read_pair(chain, "kernel", window->kernel, fault) && read_pair(chain, "stride", window->stride, fault) &&
           read_pair(chain, "padding", window->padding, fault) &&
           read_pair(chain, "dilation", window->dilation, fault);
}

static bool accepted(const struct chain *chain, mica_status status, struct fault *fault) {
    return status == MICA_OK || usage(fault, "%s", mica_context_error(chain->context));
}

/* ---- operators ---- */

typedef struct verb {
    const char *name;
    bool (*add)(struct chain *chain, const struct verb *word, mica_author_value *value, struct fault *fault);
    mica_operation_kind kind;
    float low, high; /* clamps */
} verb;

static bool add_input(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    static const char *const types[] = {"f32", "f16"}, *const truths[] = {"no", "yes"};
    size_t sizes[MICA_OPERAND_MAX_RANK], rank = 0, type = 0, dynamic = 0;
    if (chain->word_count < 2 || !parse_shape(chain->words[1], MICA_OPERAND_MAX_RANK, sizes, &rank))
        return usage(fault, "%s takes a shape, such as 1x3x32x32", word->name);
    chain->read++;
    return choose(chain, "type", types, 2, &type, fault) && choose(chain, "dynamic", truths, 2, &dynamic, fault) &&
           accepted(chain, mica_author_input(chain->author, type ? MICA_F16 : MICA_F32, rank, sizes, dynamic, value),
                    fault);
}

static bool add_linear(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    (void)word;
    size_t n = 0;
    mica_layer layer;
    return read_size(chain, "n", &n, fault) && read_layer(chain, &layer, fault) &&
           accepted(chain, mica_author_linear(chain->author, chain->last, n, &layer, value), fault);
}

static bool add_conv2d(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    size_t channels = 0, sizes[MICA_OPERAND_MAX_RANK];
    mica_layer layer;
    mica_window window = {.kernel = {1, 1}};
    if (word->kind == MICA_DEPTHWISE_CONV_2D && mica_author_shape(chain->author, chain->last, sizes) == 4)
        channels = window.groups = sizes[1];
    return read_size(chain, "channels", &channels, fault) && read_size(chain, "groups", &window.groups, fault) &&
           read_window(chain, &window, fault) && read_layer(chain, &layer, fault) &&
           accepted(chain, mica_author_conv2d(chain->author, chain->last, channels, &window, &layer, value), fault);
}

static bool add_matmul(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    (void)word;
    mica_author_value right = 0;
    return read_value(chain, 1, &right, fault) &&
           accepted(chain, mica_author_matmul(chain->author, chain->last, right, value), fault);
}

static bool add_binary(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    mica_author_value right = 0;
    return read_value(chain, 1, &right, fault) &&
           accepted(chain, mica_author_binary(chain->author, word->kind, chain->last, right, value), fault);
}

static bool add_unary(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    return accepted(chain, mica_author_unary(chain->author, word->kind, chain->last, value), fault);
}

static bool add_clamp(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    return accepted(chain, mica_author_clamp(chain->author, chain->last, word->low, word->high, value), fault);
}

static bool add_pool(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    mica_window window = {.kernel = {2, 2}, .stride = {2, 2}};
    const bool global = word->kind == MICA_GLOBAL_AVG_POOLING_2D;
    return (global || read_window(chain, &window, fault)) &&
           accepted(chain, mica_author_pool(chain->author, word->kind, chain->last, global ? NULL : &window, value),
                    fault);
}

static bool add_flatten(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    (void)word;
    return accepted(chain, mica_author_flatten(chain->author, chain->last, value), fault);
}

/* Goes on from a value that has a name. */
static bool go_on(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    (void)word;
    return read_value(chain, 1, value, fault);
}

static bool add_output(struct chain *chain, const verb *word, mica_author_value *value, struct fault *fault) {
    (void)word;
    *value = chain->last;
    chain->has_output = true;
    return accepted(chain, mica_author_output(chain->author, chain->last), fault);
}

static const verb words[] = {
    {"input", add_input, 0, 0, 0},
    {"from", go_on, 0, 0, 0},
    {"output", add_output, 0, 0, 0},
    {"linear", add_linear, MICA_FULLY_CONNECTED, 0, 0},
    {"conv2d", add_conv2d, MICA_CONV_2D, 0, 0},
    {"depthwise", add_conv2d, MICA_DEPTHWISE_CONV_2D, 0, 0},
    {"matmul", add_matmul, MICA_BATCH_MATRIX_MULTIPLY, 0, 0},
    {"add", add_binary, MICA_ADD, 0, 0},
    {"sub", add_binary, MICA_SUBTRACT, 0, 0},
    {"mul", add_binary, MICA_MULTIPLY, 0, 0},
    {"div", add_binary, MICA_DIV, 0, 0},
    {"minimum", add_binary, MICA_MINIMUM, 0, 0},
    {"maximum", add_binary, MICA_MAXIMUM, 0, 0},
    {"relu", add_clamp, MICA_CLAMP, 0, INFINITY},
    {"relu6", add_clamp, MICA_CLAMP, 0, 6},
    {"hardtanh", add_clamp, MICA_CLAMP, -1, 1},
    {"softmax", add_unary, MICA_SOFTMAX, 0, 0},
    {"sigmoid", add_unary, MICA_SIGMOID, 0, 0},
    {"tanh", add_unary, MICA_TANH, 0, 0},
    {"gelu", add_unary, MICA_GELU, 0, 0},
    {"hardswish", add_unary, MICA_HARDSWISH, 0, 0},
    {"exp", add_unary, MICA_EXP, 0, 0},
    {"abs", add_unary, MICA_ABS, 0, 0},
    {"square", add_unary, MICA_SQUARE, 0, 0},
    {"neg", add_unary, MICA_NEGATE, 0, 0},
    {"floor", add_unary, MICA_FLOOR, 0, 0},
    {"ceil", add_unary, MICA_CEILING, 0, 0},
    {"maxpool", add_pool, MICA_MAX_POOLING_2D, 0, 0},
    {"avgpool", add_pool, MICA_AVG_POOLING_2D, 0, 0},
    {"globalavgpool", add_pool, MICA_GLOBAL_AVG_POOLING_2D, 0, 0},
    {"flatten", add_flatten, MICA_STATIC_RESHAPE, 0, 0},
};

/* ---- lines ---- */

static bool add_name(struct chain *chain, const char *name, mica_author_value value, struct fault *fault) {
    if (strlen(name) >= NAME_SIZE) return usage(fault, "the name '%s' is longer than %d", name, NAME_SIZE - 1);
    for (size_t i = 0; i < chain->name_count; i++)
        if (strcmp(chain->names[i].text, name) == 0) return usage(fault, "'%s' is the name of another value", name);
    if (chain->name_count == MAX_NAMES) return usage(fault, "more than %d names", MAX_NAMES);
    struct name *const added = &chain->names[chain->name_count++];
    strcpy(added->text, name);
    added->value = value;
    return true;
}

static bool run_words(struct chain *chain, const char *name, struct fault *fault) {
    const verb *found = NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words && !found; i++)
        if (strcmp(words[i].name, chain->words[0]) == 0) found = &words[i];
    if (!found) return usage(fault, "no operator is called '%s'", chain->words[0]);
    if (!chain->started && found->add != add_input) return usage(fault, "the first line must be an input");
    chain->read = 1;
    mica_author_value value = 0;
    if (!found->add(chain, found, &value, fault)) return false;
    if (chain->read != chain->word_count) return usage(fault, "%s does not take all of these words", found->name);
    chain->started = true;
    chain->last = value;
    return !name || add_name(chain, name, value, fault);
}

static bool run_line(struct chain *chain, char *line, struct fault *fault) {
    line[strcspn(line, "#\r\n")] = 0;
    chain->word_count = 0;
    for (char *rest = line, *one; (one = strtok_r(rest, " \t", &rest));) {
        if (chain->word_count == MAX_WORDS) return usage(fault, "more than %d words", MAX_WORDS);
        chain->words[chain->word_count++] = one;
    }
    if (chain->word_count == 0) return true;
    const bool named = chain->word_count > 1 && strcmp(chain->words[1], "=") == 0;
    const char *const name = named ? chain->words[0] : NULL;
    if (named) {
        if (chain->word_count == 2) return usage(fault, "'%s =' what?", name);
        chain->word_count -= 2;
        memmove(chain->words, chain->words + 2, chain->word_count * sizeof *chain->words);
    }
    return run_words(chain, name, fault);
}

bool make_chain(mica_author *author, const mica_context *context, const char *path, size_t seed,
                struct fault *fault) {
    struct chain chain = {.author = author, .context = context, .seed = seed};
    FILE *const file = fopen(path, "r");
    if (!file) return fail(fault, "%s: %s", path, strerror(errno));
    char *line = NULL, where[32];
    size_t capacity = 0, number = 0;
    bool good = true;
    while (good && getline(&line, &capacity, file) >= 0) {
        number++;
        good = run_line(&chain, line, fault);
    }
    free(line);
    fclose(file);
    snprintf(where, sizeof where, "line %zu", number);
    if (!good) return fail_in(fault, where), fail_in(fault, path);
    if (!chain.started) return usage(fault, "%s: it describes nothing", path);
    return chain.has_output || make_accepted(fault, context, mica_author_output(author, chain.last));
}
