/* SPDX-License-Identifier: Apache-2.0
 *
 * mica make: benchmark models without Python, one layer or a small network, and the tutorial's nine.
 */
#include "make.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grow.h"
#include "values.h"

enum { LINEAR, CONV2D, MATMUL, OPS };
static const char *const op_names[OPS] = {"linear", "conv2d", "matmul"};

static const char *const variant_names[] = {
    "pf32_gemm", "pf16_gemm", "qp8_f32_qc8w_gemm", "pqs8_qc8w_gemm", "qp8_f32_qb4w_gemm", "qp8_f32_qc4w_gemm", NULL};
/* What a variant asks of a layer, and which operators have it. */
static const struct variant {
    mica_type type;
    mica_quantization quantization;
    bool ops[OPS];
} variants[] = {
    {MICA_F32, MICA_QUANTIZE_NONE, {true, true, true}},      {MICA_F16, MICA_QUANTIZE_NONE, {true, true, true}},
    {MICA_F32, MICA_QUANTIZE_DYNAMIC, {true, false, false}}, {MICA_F32, MICA_QUANTIZE_STATIC, {true, true, false}},
    {MICA_F32, MICA_QUANTIZE_BLOCKS, {true, false, false}},  {MICA_F32, MICA_QUANTIZE_INT4, {true, false, false}},
};
enum { PF32, PF16, QP8_QC8W, PQS8, QP8_QB4W };

#define MAX_FILES 64 /* of samples */

struct make {
    struct settings settings;
    option_list arguments, calibration;
    const char *path, *weights_path, *bias_path;      /* bias_path: "" for --bias alone */
    const char *kernel, *stride, *padding, *dilation; /* "3" or "3x5" */
    size_t op, variant, m, k, n, batch, in_channels, out_channels, height, width, groups, group_size, dynamic_batch,
        seed;
    size_t bundle;
    bool no_bias, per_tensor, all, external;
    held_value weights_file, bias_file, files[MAX_FILES];
    size_t file_count;
};

static void set_defaults(struct make *make) {
    make->m = make->batch = make->groups = 1;
    make->k = make->n = 256;
    make->in_channels = 3;
    make->out_channels = 6;
    make->height = make->width = 16;
    make->group_size = 32;
    make->kernel = "3";
    make->stride = make->dilation = "1";
    make->padding = "0";
}

bool make_accepted(struct fault *fault, const mica_context *context, mica_status status) {
    static const char *const no_options[] = {"shape", "type", "clamp", "kind"};
    if (status == MICA_OK) return true;
    const char *const text = mica_context_error(context), *const colon = strchr(text, ':');
    if (status == MICA_ERROR_IO || status == MICA_ERROR_MEMORY || !colon) return fail(fault, "%s", text);
    char name[64];
    const size_t length = (size_t)(colon - text);
    if (length >= sizeof name) return usage(fault, "%s", text);
    memcpy(name, text, length);
    name[length] = 0;
    if (strcmp(name, "quantization") == 0) strcpy(name, "variant");
    for (char *at = name; *at; at++) *at = *at == '_' ? '-' : *at;
    for (size_t i = 0; i < sizeof no_options / sizeof *no_options; i++)
        if (strcmp(name, no_options[i]) == 0) return usage(fault, "%s", text);
    return usage(fault, "--%s%s", name, colon);
}

/* ---- what the command line says ---- */

/* "3" or "3x5": height and width. */
static bool parse_pair(const char *option, const char *text, size_t least, size_t pair[2], struct fault *fault) {
    size_t rank = 0;
    if (!parse_shape(text, 2, pair, &rank) || rank == 0)
        return usage(fault, "--%s: '%s' is neither a size nor HEIGHTxWIDTH", option, text);
    if (rank == 1) pair[1] = pair[0];
    if (pair[0] < least || pair[1] < least) return usage(fault, "--%s: must be at least %zu", option, least);
    return true;
}

static bool parse_window(const struct make *make, mica_window *window, struct fault *fault) {
    window->groups = make->groups;
    return parse_pair("kernel", make->kernel, 1, window->kernel, fault) &&
           parse_pair("stride", make->stride, 1, window->stride, fault) &&
           parse_pair("padding", make->padding, 0, window->padding, fault) &&
           parse_pair("dilation", make->dilation, 1, window->dilation, fault);
}

/* A file of f32 of one shape. */
static bool read_floats(const char *option, const char *path, size_t rank, const size_t *sizes, bool dynamic,
                        held_value *held, struct fault *fault) {
    mica_value_info info = {.kind = MICA_TENSOR, .type = MICA_F32, .rank = rank, .dynamic = dynamic};
    for (size_t i = 0; i < rank; i++) {
        info.sizes[i] = sizes[i];
        info.dim_order[i] = (uint8_t)i;
    }
    char shapes[2][SHAPE_TEXT], name[64];
    bool good = value_read(path, &info, held, fault);
    const mica_tensor *const got = &held->value.as.tensor;
    const size_t first = dynamic ? 1 : 0; /* its bound is looked at by the author */
    if (good && memcmp(got->sizes + first, sizes + first, (rank - first) * sizeof *sizes) != 0)
        good = fail(fault, "%s is %s, it must be %s", path, shape_text(got->sizes, rank, shapes[0]),
                    shape_text(sizes, rank, shapes[1]));
    if (good) return true;
    snprintf(name, sizeof name, "--%s", option);
    fail_in(fault, name);
    fault->exit = EXIT_USAGE;
    return false;
}

static bool read_weights(struct make *make, size_t rank, const size_t *sizes, mica_layer *layer,
                         struct fault *fault) {
    if (make->weights_path) {
        if (!read_floats("weights", make->weights_path, rank, sizes, false, &make->weights_file, fault)) return false;
        layer->weights = make->weights_file.value.as.tensor.data;
    }
    if (make->bias_path && make->no_bias) return usage(fault, "--bias: together with --no-bias");
    if (make->bias_path && *make->bias_path) {
        if (!read_floats("bias", make->bias_path, 1, sizes, false, &make->bias_file, fault)) return false;
        layer->bias = make->bias_file.value.as.tensor.data;
    }
    return true;
}

static mica_layer layer_of(const struct make *make) {
    mica_layer layer = {.size = sizeof layer,
                        .quantization = variants[make->variant].quantization,
                        .group_size = make->group_size,
                        .no_bias = make->no_bias,
                        .seed = make->seed};
    if (make->per_tensor) layer.quantization = MICA_QUANTIZE_PER_TENSOR;
    return layer;
}

/* ---- layers ---- */

static bool add_linear(struct make *make, mica_author *author, const mica_context *context, struct fault *fault) {
    const bool dynamic = make->dynamic_batch > 0;
    const size_t sizes[] = {dynamic ? make->dynamic_batch : make->m, make->k}, filter[] = {make->n, make->k};
    mica_layer layer = layer_of(make);
    mica_author_value x, y;
    return read_weights(make, 2, filter, &layer, fault) &&
           make_accepted(fault, context,
                         mica_author_input(author, variants[make->variant].type, 2, sizes, dynamic, &x)) &&
           make_accepted(fault, context, mica_author_linear(author, x, make->n, &layer, &y)) &&
           make_accepted(fault, context, mica_author_output(author, y));
}

static bool add_conv2d(struct make *make, mica_author *author, const mica_context *context, struct fault *fault) {
    const bool dynamic = make->dynamic_batch > 0;
    const size_t sizes[] = {dynamic ? make->dynamic_batch : make->batch, make->in_channels, make->height,
                            make->width};
    mica_window window = {0};
    if (!parse_window(make, &window, fault)) return false;
    const size_t filter[] = {make->out_channels, make->in_channels / make->groups, window.kernel[0],
                             window.kernel[1]};
    mica_layer layer = layer_of(make);
    mica_author_value x, y;
    return read_weights(make, 4, filter, &layer, fault) &&
           make_accepted(fault, context,
                         mica_author_input(author, variants[make->variant].type, 4, sizes, dynamic, &x)) &&
           make_accepted(fault, context, mica_author_conv2d(author, x, make->out_channels, &window, &layer, &y)) &&
           make_accepted(fault, context, mica_author_output(author, y));
}

static bool add_matmul(struct make *make, mica_author *author, const mica_context *context, struct fault *fault) {
    const bool dynamic = make->dynamic_batch > 0;
    const size_t batch = dynamic ? make->dynamic_batch : make->batch;
    const size_t left[] = {batch, make->m, make->k}, right[] = {batch, make->k, make->n};
    const mica_type type = variants[make->variant].type;
    mica_author_value a, b, y;
    if (make->weights_path || make->bias_path)
        return usage(fault, "--%s: a matmul has none", make->weights_path ? "weights" : "bias");
    return make_accepted(fault, context, mica_author_input(author, type, 3, left, dynamic, &a)) &&
           make_accepted(fault, context, mica_author_input(author, type, 3, right, dynamic, &b)) &&
           make_accepted(fault, context, mica_author_matmul(author, a, b, &y)) &&
           make_accepted(fault, context, mica_author_output(author, y));
}

/* ---- files ---- */

/* One sample: a file for each input, with commas between their paths. */
static bool read_sample(struct make *make, mica_author *author, const mica_context *context, const char *paths,
                        struct fault *fault) {
    mica_tensor tensors[MAX_FILES];
    mica_author_value input;
    size_t count = 0, sizes[MICA_OPERAND_MAX_RANK];
    char *const list = text_of("%s", paths);
    bool good = true;
    for (char *rest = list, *path; good && (path = strtok_r(rest, ",", &rest)); count++) {
        if (make->file_count == MAX_FILES) {
            good = usage(fault, "--calibration: more than %d files", MAX_FILES);
        } else if (!mica_author_input_at(author, count, &input)) {
            good = usage(fault, "--calibration: '%s' is more than one file for each input", paths);
        } else {
            held_value *const held = &make->files[make->file_count++];
            const size_t rank = mica_author_shape(author, input, sizes);
            good = read_floats("calibration", path, rank, sizes, true, held, fault);
            if (good) tensors[count] = held->value.as.tensor;
        }
    }
    free(list);
    return good && make_accepted(fault, context, mica_author_calibrate(author, tensors, count));
}

static bool calibrate(struct make *make, mica_author *author, const mica_context *context, struct fault *fault) {
    if (make->calibration.count && make->op != OPS && variants[make->variant].quantization != MICA_QUANTIZE_STATIC)
        return usage(fault, "--calibration: only pqs8_qc8w_gemm quantizes activations beforehand");
    for (size_t i = 0; i < make->calibration.count; i++)
        if (!read_sample(make, author, context, make->calibration.items[i].text, fault)) return false;
    return true;
}

static bool make_one(struct make *make, mica_context *context, const char *path, struct fault *fault) {
    static bool (*const adders[OPS])(struct make *make, mica_author *author, const mica_context *context,
                                     struct fault *fault) = {add_linear, add_conv2d, add_matmul};
    mica_author *author;
    if (make->op < OPS && !variants[make->variant].ops[make->op])
        return usage(fault, "--variant: %s has no %s", op_names[make->op], variant_names[make->variant]);
    if (make->per_tensor && make->variant != PQS8)
        return usage(fault, "--per-tensor: only with --variant pqs8_qc8w_gemm");
    if (!make_accepted(fault, context, mica_author_create(context, &author))) return false;
    const bool described = make->op < OPS
                               ? adders[make->op](make, author, context, fault)
                               : make_chain(author, context, make->arguments.items[1].text, make->seed, fault);
    const bool good = described && calibrate(make, author, context, fault) &&
                      make_write(&make->settings, author, context, path, make->external, make->bundle, fault);
    mica_author_destroy(author);
    return good;
}

/* ---- the tutorial ---- */

static const struct lesson {
    const char *name;
    size_t op, variant;
    size_t out_channels;
    const char *kernel;
    bool per_tensor;
} lessons[] = {
    {"linear_model_pf32_gemm", LINEAR, PF32, 0, NULL, false},
    {"linear_model_pf16_gemm", LINEAR, PF16, 0, NULL, false},
    {"linear_model_qp8_f32_qc8w_gemm", LINEAR, QP8_QC8W, 0, NULL, false},
    {"linear_model_pqs8_qc8w_gemm", LINEAR, PQS8, 0, NULL, false},
    {"linear_model_qp8_f32_qb4w_gemm", LINEAR, QP8_QB4W, 0, NULL, false},
    {"qint8_conv2d_pqs8_qc8w_gemm", CONV2D, PQS8, 6, "3", true},
    {"pointwise_conv2d_pf32_gemm", CONV2D, PF32, 2, "1", false},
    {"matrix_mul_pf32_gemm", MATMUL, PF32, 0, NULL, false},
    {"matrix_mul_pf16_gemm", MATMUL, PF16, 0, NULL, false},
};

static bool make_lessons(const struct make *asked, mica_context *context, struct fault *fault) {
    if (mkdir(asked->path, 0777) != 0 && errno != EEXIST) return fail(fault, "%s: %s", asked->path, strerror(errno));
    for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++) {
        const struct lesson *const lesson = &lessons[i];
        struct make make = {
            .settings = asked->settings, .seed = asked->seed, .external = asked->external, .bundle = asked->bundle};
        set_defaults(&make);
        make.op = lesson->op;
        make.variant = lesson->variant;
        make.per_tensor = lesson->per_tensor;
        if (lesson->kernel) make.kernel = lesson->kernel;
        if (lesson->out_channels) make.out_channels = lesson->out_channels;
        if (lesson->op == MATMUL) make.m = 256;
        char *const path = text_of("%s/%s.pte", asked->path, lesson->name);
        const bool good = make_one(&make, context, path, fault);
        free(path);
        if (!good) return false;
    }
    return true;
}

/* ---- the command line ---- */

/* "--bias FILE.npy" without a '=': the file came as an argument. */
static void take_bias(struct make *make) {
    option_list *const arguments = &make->arguments;
    if (!make->bias_path || *make->bias_path || arguments->count < 2) return;
    const char *const last = arguments->items[arguments->count - 1].text;
    const size_t length = strlen(last);
    if (length < 4 || strcmp(last + length - 4, ".npy") != 0) return;
    make->bias_path = last;
    arguments->count--;
}

static bool choose_op(struct make *make, struct fault *fault) {
    const option_list *const arguments = &make->arguments;
    if (!make->path) return usage(fault, "where to? Give a path with -o");
    if (make->all) {
        if (arguments->count)
            return usage(fault, "--all makes a set of its own, without '%s'", arguments->items[0].text);
        return true;
    }
    if (arguments->count == 0) return usage(fault, "what? linear, conv2d, matmul or chain");
    take_bias(make);
    const char *const name = arguments->items[0].text;
    const bool chain = strcmp(name, "chain") == 0;
    for (make->op = 0; make->op < OPS && strcmp(name, op_names[make->op]) != 0;) make->op++;
    if (make->op == OPS && !chain) return usage(fault, "'%s' is none of linear, conv2d, matmul and chain", name);
    if (chain && arguments->count < 2) return usage(fault, "which chain? Give the path of its description");
    if (arguments->count > (chain ? 2u : 1u))
        return usage(fault, "one model at a time, not also '%s'", arguments->items[arguments->count - 1].text);
    return true;
}

static bool start(struct make *make, struct fault *fault) {
    mica_context *context;
    if (!choose_op(make, fault) ||
        !context_open(&make->settings, (mica_kernels)make->settings.kernels, make->settings.isa, &context, fault))
        return false;
    const bool good = make->all ? make_lessons(make, context, fault) : make_one(make, context, make->path, fault);
    mica_context_destroy(context);
    return good;
}

bool command_make(int argc, char **argv, struct fault *fault) {
    struct make make = {0};
    set_defaults(&make);
    const struct option options[] = {
        {.name = "output",
         .alias = "o",
         .kind = KIND_TEXT,
         .target = &make.path,
         .value = "OUT.pte",
         .help = "the model; OUT.etrecord is written beside it. With --all the folder"},
        CHOICE("variant", variant_names, make.variant, "types and quantization (default pf32_gemm)"),
        SIZE("m", "N", 1, make.m, "rows (default 1)"),
        SIZE("k", "N", 1, make.k, "inputs of a sum (default 256)"),
        SIZE("n", "N", 1, make.n, "columns, output features (default 256)"),
        SIZE("batch", "N", 1, make.batch, "images or matrices (default 1)"),
        SIZE("in-channels", "N", 1, make.in_channels, "of the image (default 3)"),
        SIZE("out-channels", "N", 1, make.out_channels, "of the result (default 6)"),
        SIZE("height", "N", 1, make.height, "of the image (default 16)"),
        SIZE("width", "N", 1, make.width, "of the image (default 16)"),
        TEXT("kernel", "N", make.kernel, "N or HEIGHTxWIDTH (default 3)"),
        TEXT("stride", "N", make.stride, "the same (default 1)"),
        TEXT("padding", "N", make.padding, "the same (default 0)"),
        TEXT("dilation", "N", make.dilation, "the same (default 1)"),
        SIZE("groups", "N", 1, make.groups, "of channels; as many as input channels: depthwise (default 1)"),
        SIZE("group-size", "N", 1, make.group_size,
             "int4: weights that share a scale, a multiple of 32 (default 32); k: a scale per channel"),
        FLAG("per-tensor", make.per_tensor, "int8 convolution: one scale for all weights"),
        SIZE("dynamic-batch", "MAX", 1, make.dynamic_batch, "the first size is free at run time, up to MAX"),
        TEXT("weights", "FILE.npy", make.weights_path, "f32 [n, k] or [out, in / groups, height, width]"),
        MAYBE("bias", "FILE.npy", make.bias_path, "the layer has a bias (default), of f32, one per output"),
        FLAG("no-bias", make.no_bias, "the layer has none"),
        LIST("calibration", "FILE.npy,...", make.calibration,
             "a sample to take ranges from, f32, a file for each input; may be repeated (default: one drawn from a "
             "normal distribution)"),
        SIZE("seed", "N", 0, make.seed, "of weights that no file gives (default 0)"),
        FLAG("external-weights", make.external, "weights go to OUT.ptd, which the model needs as --data-path"),
        SIZE("bundle", "N", 1, make.bundle,
             "writes OUT.bpte, too: the model with N drawn inputs, and what the reference kernels give for them"),
        FLAG("all", make.all, "the nine models of the tutorial, under its names"),
    };
    const command_line line = {
        .name = "make",
        .synopsis = "linear|conv2d|matmul -o OUT.pte [options]\nchain NETWORK.txt -o OUT.pte [options]\n--all -o DIR",
        .summary = "Makes benchmark models, quantized as their variant asks, with an ETRecord beside each.",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .notes = make_chain_help,
        .arguments = &make.arguments,
    };
    bool go;
    const bool good = command_parse(&line, NULL, 0, &make.settings, argc, argv, &go, fault) &&
                      (!go || start(&make, fault) || fail_in(fault, "make"));
    option_list_free(&make.arguments);
    option_list_free(&make.calibration);
    held_free(&make.weights_file);
    held_free(&make.bias_file);
    for (size_t i = 0; i < make.file_count; i++) held_free(&make.files[i]);
    return good;
}
