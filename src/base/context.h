/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a context: what every room above needs of its caller.
 */
#ifndef BASE_CONTEXT_H
#define BASE_CONTEXT_H

#include "base/cpu.h"
#include "base/error.h"
#include "base/pool.h"
#include "mica/trace.h"

struct mica_context {
    mica_allocator allocator;
    struct weights_block *weights; /* packed weights that its methods may share */
    size_t memory_limit;           /* bytes for one program or method; 0: none */
    cpu_features features;         /* of this CPU, under the cap */
    const cpu_level *level;        /* the strongest level that they make */
    mica_kernels kernels;
    bool fuse;
    struct pool *pool; /* its threads start at the first run that needs them */
    size_t threads;
    mica_trace *trace; /* of loads; NULL: nobody listens */
    mica_error error;  /* of the last failed call */
};

#endif
