/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory plan of a loaded method: its regions, and which value lives where in them and for how long.
 *
 * Regions are the buffers that the program plans, for values between kernel calls and delegates, and for values inside of
 * a delegate its workspace. Values that are never alive together may share bytes; so do workspaces, of which the method
 * has as much as its largest: one delegate runs at a time.
 */
#ifndef MICA_MEMORY_H
#define MICA_MEMORY_H

#include "mica/program.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mica_memory_plan mica_memory_plan;

typedef struct mica_memory_region {
    int delegate;   /* index of the delegate in the method; -1: a buffer that the program plans */
    size_t buffer;  /* then its number */
    size_t bytes;   /* all of it */
    size_t peak;    /* most bytes of values that are alive at the same step */
    size_t scratch; /* workspaces: of `bytes`, what operators need while they run */
    size_t packed;  /* workspaces: bytes of packed weights, which are not part of `bytes` */
    size_t steps;   /* instructions of the method, counted through its chains; nodes of the delegate */
    size_t first_resident, resident_count;
} mica_memory_region;

/* A value in a region, at the upper bound of its shape. */
typedef struct mica_memory_resident {
    size_t value;     /* index in the method, or in the delegate's payload */
    const char *type; /* "f32"; lives as long as the plan */
    size_t rank, sizes[MICA_MAX_RANK];
    size_t offset, bytes;
    size_t first, last; /* the steps between which its bytes are its own, both included */
} mica_memory_resident;

/* Works out the plan. Errors: ARGUMENT, LIMIT, MEMORY. Destroy before the method. */
MICA_API MICA_MUST_USE mica_status mica_method_plan(const mica_method *method, mica_memory_plan **plan);
MICA_API void mica_memory_plan_destroy(mica_memory_plan *plan); /* NULL is fine */

/* NULL past the end. Residents stand by region, in order of their offsets. */
MICA_API const mica_memory_region *mica_memory_plan_region(const mica_memory_plan *plan, size_t index);
MICA_API const mica_memory_resident *mica_memory_plan_resident(const mica_memory_plan *plan, size_t index);

#ifdef __cplusplus
}
#endif
#endif
