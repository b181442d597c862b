/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/turn.h"

#include <string.h>

#include "kernel/turn/turn.h"
#include "operator/classes.h"
#include "operator/common.h"

#define ELEMENT_NS 0.055
#define PARTS 4               /* of an image, at least */
#define STRIP ((size_t)16384) /* elements, about: enough for the planes to be read in runs */

typedef struct turn_op {
    struct op op;
    const turn_kernels *kernels;
    bool quantizes;
    turn_call call; /* what is the same for all runs */
    size_t images;
    size_t strip, strips; /* pixels taken together, of the last one more, and how many times per image */
    size_t group, groups; /* of channels, likewise, where strips are few */
} turn_op;

static bool permutes(const mica_operation *operation, const uint32_t perm[4]) {
    return operation->kind == MICA_STATIC_TRANSPOSE && operation->inputs[0]->rank == 4 &&
           !memcmp(operation->as.transpose.perm, perm, 4 * sizeof *perm);
}

bool turns_to_pixels(const mica_operation *operation) { return permutes(operation, (const uint32_t[]){0, 2, 3, 1}); }
bool turns_to_planes(const mica_operation *operation) { return permutes(operation, (const uint32_t[]){0, 3, 1, 2}); }

bool turn_suits(const mica_operation *transpose, bool quantizes, const op_target *target) {
    if (!(quantizes ? turns_to_pixels : turns_to_planes)(transpose)) return false;
    const size_t *const image = (quantizes ? transpose->output : transpose->inputs[0])->dims;
    return image[1] * image[2] >= TURN_LEAST && image[3] >= TURN_LEAST &&
           kernel_version_select(turn_quantize_names, target->features, target->kernels) < KERNEL_C;
}

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    return op_transpose.infer(operation, inputs, output, error);
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    (void)error;
    const bool quantizes = operation->output->type == MICA_OPERAND_QINT8;
    op_choose_version(target, quantizes ? turn_quantize_names : turn_dequantize_names, choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)weights;
    struct op *op = NULL;
    TRY(op_new(&op_turn, operation, choice, arena, sizeof(turn_op), &op, error));
    turn_op *const self = (turn_op *)op;
    self->kernels = turn_versions[kernel_version_select(turn_quantize_names, target->features, target->kernels)];
    self->quantizes = operation->output->type == MICA_OPERAND_QINT8;
    const mica_operand *const quantized = self->quantizes ? operation->output : operation->inputs[0];
    self->call.factor = self->quantizes ? 1 / quantized->scale : quantized->scale;
    self->call.zero_point = quantized->zero_point;
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    turn_op *const self = (turn_op *)op;
    const op_shape *const planes = self->quantizes ? &inputs[0] : output;
    self->images = planes->dims[0];
    self->call.channels = self->call.pixel = planes->dims[1];
    self->call.plane = planes->dims[2] * planes->dims[3];
    self->strip = max_size(64, round_up(STRIP / max_size(1, self->call.channels), 64));
    self->strips = self->call.channels && self->call.plane ? max_size(1, self->call.plane / self->strip) : 0;
    const size_t few = divide_up(PARTS, max_size(1, self->strips));
    self->group = max_size(64, round_up(self->call.channels / few, 64));
    self->groups = max_size(1, self->call.channels / self->group);
    return MICA_OK;
}

typedef struct job {
    const turn_op *self;
    const op_run *run;
} job;

static void turn_strips(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const turn_op *const self = j->self;
    const void *const in = j->run->inputs[0];
    turn_call call = self->call;
    for (size_t i = first; i < first + count; i++) {
        const size_t strip = i / self->groups % self->strips, group = i % self->groups;
        const size_t channel = group * self->group;
        const size_t image = i / self->groups / self->strips * call.pixel * call.plane, pixel = strip * self->strip;
        call.pixels = strip + 1 < self->strips ? self->strip : call.plane - pixel;
        call.channels = group + 1 < self->groups ? self->group : call.pixel - channel;
        call.planes = (float *)(self->quantizes ? (void *)(uintptr_t)in : j->run->output) + image +
                      channel * call.plane + pixel;
        call.image = (int8_t *)(self->quantizes ? j->run->output : (void *)(uintptr_t)in) + image +
                     pixel * call.pixel + channel;
        (self->quantizes ? self->kernels->quantize : self->kernels->dequantize)(&call);
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const turn_op *)op, run};
    const size_t all = j.self->call.plane * j.self->call.channels, parts = j.self->strips * j.self->groups;
    if (all) op_split(run, j.self->images * parts, (double)(all / parts) * ELEMENT_NS, turn_strips, &j);
}

const op_class op_turn = {"layout and type conversion", infer, choose, create, reshape, run};
