/* SPDX-License-Identifier: Apache-2.0
 *
 * Making models: small networks described layer by layer, quantized, and written as the .pte that ExecuTorch's
 * exporter would write: one delegate call, weights as named data. Both runtimes run them.
 *
 *   mica_author_create(context, &author);
 *   mica_author_input(author, MICA_F32, 2, (size_t[]){1, 256}, false, &x);
 *   mica_author_linear(author, x, 256, &(mica_layer){.size = sizeof(mica_layer), .seed = 1}, &y);
 *   mica_author_output(author, y);
 *   mica_author_write(author, "linear.pte", "linear.etrecord");
 *
 * Images are NCHW, weights in PyTorch's layouts. Weights and scales are rounded as PyTorch's and torchao's
 * quantizers round them, to the last bit. Texts of errors begin with the name of what is wrong: "kernel: …",
 * "group_size: …".
 */
#ifndef MICA_AUTHOR_H
#define MICA_AUTHOR_H

#include "mica/operator.h"
#include "mica/program.h"
#include "mica/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mica_author mica_author;
typedef uint32_t mica_author_value; /* what an input or a layer gives */

/* Weights, and what they are multiplied with. Everything but NONE takes f32 inputs. */
typedef enum mica_quantization {
    MICA_QUANTIZE_NONE = 0,       /* all in the input's type, f32 or f16 */
    MICA_QUANTIZE_STATIC = 1,     /* int8 activations, calibrated; int8 weights, a scale per output channel */
    MICA_QUANTIZE_PER_TENSOR = 2, /* the same with one scale for all weights */
    MICA_QUANTIZE_DYNAMIC = 3, /* int8 rows, or images, quantized at run time; int8 weights, a scale per channel; not
                                     for depthwise convolutions */
    MICA_QUANTIZE_BLOCKS = 4,  /* linear: the same rows; int4 weights, a bf16 scale per `group_size` of them */
    MICA_QUANTIZE_INT4 = 5     /* linear: the same rows; int4 weights, a scale per channel */
} mica_quantization;

/* Set `size` to sizeof(mica_layer) and the rest to zero for f32 with a bias from seed 0 and no activation. */
typedef struct mica_layer {
    size_t size;
    mica_quantization quantization;
    size_t group_size;    /* BLOCKS: a multiple of 32 that divides the input's last size; 0: all of it */
    const float *weights; /* linear [n, k]; convolution [out, in / groups, height, width]; NULL: drawn. Copied. */
    const float *bias;    /* one per output channel; NULL: drawn. Copied. */
    bool no_bias;
    bool clamps; /* results are limited to the next two */
    float output_min, output_max;
    uint64_t seed; /* of what is drawn: uniform in ±1/√(inputs of a sum), as PyTorch draws */
} mica_layer;

/* Height, then width. Strides and dilations of zero mean 1. */
typedef struct mica_window {
    size_t kernel[2], stride[2], padding[2], dilation[2];
    size_t groups; /* convolutions; 0: 1 */
} mica_window;

/* The context outlives the author. Errors: ARGUMENT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_author_create(mica_context *context, mica_author **author);
MICA_API void mica_author_destroy(mica_author *author); /* NULL is fine */

/* ---- describing: each call adds a value. Errors: ARGUMENT, SHAPE, TYPE, LIMIT, MEMORY ---- */

/* An input of f32 or f16, of rank 1 to 6, no size 0. `dynamic_batch`: sizes[0] is an upper bound. */
MICA_API MICA_MUST_USE mica_status mica_author_input(mica_author *author, mica_type type, size_t rank,
                                                     const size_t *sizes, bool dynamic_batch,
                                                     mica_author_value *value);
/* [..., k] → [..., n]. `layer` may be NULL. */
MICA_API MICA_MUST_USE mica_status mica_author_linear(mica_author *author, mica_author_value input, size_t n,
                                                      const mica_layer *layer, mica_author_value *value);
/* [batch, in, height, width] → [batch, channels, …]; depthwise where `groups` is the number of input channels. */
MICA_API MICA_MUST_USE mica_status mica_author_conv2d(mica_author *author, mica_author_value input, size_t channels,
                                                      const mica_window *window, const mica_layer *layer,
                                                      mica_author_value *value);
/* [..., m, k] × [..., k, n] */
MICA_API MICA_MUST_USE mica_status mica_author_matmul(mica_author *author, mica_author_value left,
                                                      mica_author_value right, mica_author_value *value);
/* MICA_ADD, SUBTRACT, MULTIPLY, DIV, MINIMUM, MAXIMUM of equal shapes. */
MICA_API MICA_MUST_USE mica_status mica_author_binary(mica_author *author, mica_operation_kind kind,
                                                      mica_author_value left, mica_author_value right,
                                                      mica_author_value *value);
/* Functions of one element, and MICA_SOFTMAX over the last dimension. */
MICA_API MICA_MUST_USE mica_status mica_author_unary(mica_author *author, mica_operation_kind kind,
                                                     mica_author_value input, mica_author_value *value);
MICA_API MICA_MUST_USE mica_status mica_author_clamp(mica_author *author, mica_author_value input, float low,
                                                     float high, mica_author_value *value);
/* MICA_MAX_POOLING_2D, MICA_AVG_POOLING_2D (without padding: no dilation), MICA_GLOBAL_AVG_POOLING_2D (window NULL). */
MICA_API MICA_MUST_USE mica_status mica_author_pool(mica_author *author, mica_operation_kind kind,
                                                    mica_author_value input, const mica_window *window,
                                                    mica_author_value *value);
/* The same elements; [batch, …] → [batch, rest] where `dynamic_batch` was asked for. */
MICA_API MICA_MUST_USE mica_status mica_author_flatten(mica_author *author, mica_author_value input,
                                                       mica_author_value *value);
/* The model gives `value`, which no input is. */
MICA_API MICA_MUST_USE mica_status mica_author_output(mica_author *author, mica_author_value value);

/* Sizes of a value; gives its rank. */
MICA_API size_t mica_author_shape(const mica_author *author, mica_author_value value,
                                  size_t sizes[MICA_OPERAND_MAX_RANK]);

/* Input `index`, in the order of description; false past the last. */
MICA_API bool mica_author_input_at(const mica_author *author, size_t index, mica_author_value *value);

/* One sample for STATIC layers: a tensor per input, f32, dense, in C order; borrowed until the model is written.
 * Without any sample, one is drawn from a normal distribution. Errors: ARGUMENT, SHAPE, TYPE, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_author_calibrate(mica_author *author, const mica_tensor *inputs,
                                                         size_t count);

/* ---- writing ---- */

/* Paths of what is written. Set `size` to sizeof(mica_author_files); only `model` must not be NULL. */
typedef struct mica_author_files {
    size_t size;
    const char *model;   /* .pte */
    const char *record;  /* .etrecord, which leads an Inspector from events to layers */
    const char *weights; /* .ptd: constants go there, and the model needs it at run time */
} mica_author_files;

/* Files appear whole or not at all, and never a record beside another model (nothing at all beside a pipe). Texts
 * of IO errors begin with the path. Errors: STATE (no output), IO, LIMIT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_author_write_files(mica_author *author, const mica_author_files *files);
/* The same without external weights; `record` may be NULL. */
MICA_API MICA_MUST_USE mica_status mica_author_write(mica_author *author, const char *path, const char *record);

/* Inputs of a method, and what it should give for them. */
typedef struct mica_case {
    const mica_value *inputs, *outputs; /* as many as the method has; `outputs` NULL: nothing is expected */
} mica_case;

/* A bundled program (.bpte): `program`, and `count` cases of a method of it (NULL: as mica_method_load). Tensors
 * are dense in their dim_order. Errors: ARGUMENT (other kinds than tensors, integers, booleans, reals), NOT_FOUND,
 * IO, LIMIT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_bundle_write(mica_context *context, const mica_program *program,
                                                     const char *method, const mica_case *cases, size_t count,
                                                     const char *path);

/* One node or kernel call of a program's method (NULL: as mica_method_load), which `index` numbers as mica_explain
 * does, written as a model of its own: weights and numbers stay, tensors that others computed become inputs, int8
 * values become f32 outside. With `record` not NULL its ETRecord, too, which kernel calls do not have. Errors:
 * NOT_FOUND, UNSUPPORTED (values that only a delegate can hold; a call that gives no tensor, writes into what it
 * is given, or takes a number computed at run time), MISSING_OPERATOR, IO, LIMIT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_extract_node(mica_context *context, const mica_program *program,
                                                     const char *method, size_t index, const char *path,
                                                     const char *record);

#ifdef __cplusplus
}
#endif
#endif
