/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of an author: values and layers as they were described, all in NCHW and f32, before any is quantized.
 */
#ifndef AUTHOR_AUTHOR_H
#define AUTHOR_AUTHOR_H

#include "author/quantize.h"
#include "base/context.h"
#include "base/memory.h"
#include "format/xnnpack.h"
#include "mica/author.h"

struct author_value {
    size_t rank, dims[MICA_OPERAND_MAX_RANK];
    bool half, dynamic, is_input, is_output;
    quantize_range range; /* found by calibrating */
};

/* Where a layer finds an image's channels: where NCHW has them, last, or wherever they are. */
typedef enum author_layout { LAYOUT_PLAIN, LAYOUT_IMAGE, LAYOUT_ANY } author_layout;

#define AUTHOR_MAX_INPUTS 2

struct author_layer {
    mica_operation operation; /* kind, clamp and attributes; its operands come when it is built */
    author_layout layout;
    mica_author_value inputs[AUTHOR_MAX_INPUTS], output;
    size_t input_count;
    mica_quantization quantization;
    size_t block;         /* BLOCKS */
    size_t channels;      /* of the output; 0: the layer has no weights */
    size_t depth;         /* weights of one channel */
    const float *weights; /* [channel][depth], as PyTorch has them */
    const float *bias;    /* NULL: none */
};

struct mica_author {
    mica_context *context;
    struct arena arena;
    struct author_value *values;
    size_t value_count;
    struct author_layer *layers;
    size_t layer_count;
    const mica_tensor *samples; /* [sample][input] */
    size_t sample_count;
    size_t input_count, output_count;
};

/* The graph of all layers, its tables in `arena`: inputs are its first externals, then outputs. Without `quantized`
 * every layer is as if it were NONE, and the values that quantized layers read and write are outputs too. */
mica_status author_build(const mica_author *author, bool quantized, struct arena *arena, xnn_graph *graph,
                         mica_error *error);
/* True where activations are int8 by calibrated ranges. */
bool author_is_static(mica_quantization quantization);
/* True for a value that author_build gives out. */
bool author_gives(const mica_author *author, mica_author_value value, bool quantized);

/* Finds the range of every value that is quantized before the run. */
mica_status author_observe(mica_author *author, mica_error *error);

/* The graph as a program: one method, one delegate call. With `weights` constants go to that external data
 * instead. */
mica_status author_encode(const xnn_graph *graph, bool dynamic, struct arena *arena, bytes_span *file,
                          bytes_span *weights, mica_error *error);

/* The trees of so many tensors. */
mica_status author_input_tree(size_t count, struct arena *arena, const char **text, mica_error *error);
mica_status author_output_tree(size_t count, struct arena *arena, const char **text, mica_error *error);

/* Writes what belongs together: a model, and beside it what is not empty. Every file is whole on disk before the
 * first gets its name, and no record is left that is not the model's. */
mica_status author_publish(const mica_author_files *files, bytes_span model, bytes_span record, bytes_span weights,
                           mica_error *error);

/* The ETRecord of a graph that is all of its program. */
mica_status author_record(const xnn_graph *graph, struct arena *arena, bytes_span *file, mica_error *error);

/* Numbers from a seed (splitmix64), the same on every machine: uniform in [0, 1), and normal. */
double author_uniform(uint64_t *seed);
double author_normal(uint64_t *seed);

#endif
