/* SPDX-License-Identifier: Apache-2.0 */
#include "base/context.h"

#include "base/memory.h"

#include <string.h>

/* The caller's options, whose struct may be an older and shorter one. */
static mica_status read_options(const mica_context_options *given, mica_context_options *options) {
    *options = (mica_context_options){.size = sizeof *options};
    if (!given) return MICA_OK;
    if (given->size < sizeof given->size || given->size > sizeof *options) return MICA_ERROR_ARGUMENT;
    memcpy(options, given, given->size);
    if (options->kernels > MICA_KERNELS_REFERENCE) return MICA_ERROR_ARGUMENT;
    return MICA_OK;
}

/* The features of this CPU that the cap lets through. */
static mica_status capped_features(const char *isa, cpu_features *features) {
    *features = cpu_detect();
    if (!isa || strcmp(isa, "auto") == 0) return MICA_OK;
    const cpu_level *const level = cpu_level_find(isa);
    if (!level) return MICA_ERROR_NOT_FOUND;
    if (!mica_isa_available(isa)) return MICA_ERROR_UNSUPPORTED;
    *features &= level->features;
    return MICA_OK;
}

mica_status mica_context_create(const mica_context_options *given, mica_context **context) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_context_options options;
    TRY(read_options(given, &options));
    cpu_features features = 0;
    TRY(capped_features(options.isa, &features));

    const mica_allocator allocator = options.allocator ? *options.allocator : memory_default;
    mica_context *const made = allocator.allocate(allocator.user, sizeof *made, MEMORY_ALIGNMENT);
    if (!made) return MICA_ERROR_MEMORY;
    *made = (mica_context){
        .allocator = allocator,
        .memory_limit = options.memory_limit,
        .features = features,
        .level = cpu_level_of(features),
        .kernels = options.kernels,
        .fuse = !options.no_fusion,
        .threads = options.threads ? options.threads : cpu_physical_cores(),
    };
    const mica_status status =
        pool_create(&made->allocator, options.executor, made->threads, &made->pool, &made->error);
    if (status != MICA_OK) {
        allocator.release(allocator.user, made, sizeof *made);
        return status;
    }
    *context = made;
    return MICA_OK;
}

void mica_context_destroy(mica_context *context) {
    if (!context) return;
    pool_destroy(context->pool);
    const mica_allocator allocator = context->allocator;
    allocator.release(allocator.user, context, sizeof *context);
}

const char *mica_context_error(const mica_context *context) { return context->error.text; }

mica_status mica_context_set_threads(mica_context *context, size_t threads) {
    if (!context) return MICA_ERROR_ARGUMENT;
    if (threads == 0) return error_set(&context->error, MICA_ERROR_ARGUMENT, "at least one thread must compute");
    TRY(pool_resize(context->pool, threads, &context->error));
    context->threads = threads;
    return MICA_OK;
}

size_t mica_context_threads(const mica_context *context) { return context->threads; }
const char *mica_context_isa(const mica_context *context) { return context->level->name; }
void mica_context_set_trace(mica_context *context, mica_trace *trace) { context->trace = trace; }
