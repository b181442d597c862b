/* SPDX-License-Identifier: Apache-2.0
 *
 * The runs of an ETDump folded into blocks, by the rules of ExecuTorch's Inspector: runs with the same name, the same
 * events in the same order and the same bundled input are one block, and each of its events has one sample per run.
 *
 * Rules that one may trip over: events of one instruction and delegate id stand together, at the place of the first;
 * of two events in a run with the same name, instruction and delegate id only the last counts.
 */
#ifndef PROFILE_BLOCKS_H
#define PROFILE_BLOCKS_H

#include "format/etdump.h"

typedef struct profile_event {
    const char *name; /* a delegate's id where there is one, else the event's name; never NULL */
    bool delegated;
    int32_t instruction; /* -1: none */
    int64_t chain;       /* of the first run */
    size_t count;        /* samples: the block's runs; 0 for events that only hold values */
    const etdump_event *const *samples;
} profile_event;

typedef struct profile_block {
    const char *name;
    int32_t bundled_input; /* -1: none */
    size_t runs;
    const profile_event *events;
    size_t count;
} profile_block;

/* Borrows the file; everything lives in `arena`. Errors: LIMIT, MEMORY. */
mica_status profile_fold(const etdump_file *file, struct arena *arena, const profile_block **blocks, size_t *count,
                         mica_error *error);

/* What an event took, in ticks divided by `factor`. Of a delegate's events the Inspector scales start and end
 * before it subtracts, which rounds otherwise. A clock of 32 bits may have wrapped in between; else an end before
 * the start is FORMAT. */
mica_status profile_time(const etdump_event *event, bool delegated, double factor, double *time, mica_error *error);

#endif
