/* SPDX-License-Identifier: Apache-2.0
 *
 * Mica runs ExecuTorch programs (.pte) on CPUs. This is the one header to include; the parts are
 *
 *   status.h   what a call returns              context.h   allocator, threads, CPU features
 *   tensor.h   types, tensors, values           program.h   open, load, run
 *   explain.h  which kernel a node takes, why   trace.h     times
 *   operator.h one operator without any model   etdump.h    profiles written
 *   measure.h  statistics, the machine's limits   author.h   models made
 *   memory.h   the memory plan of a method
 */
#ifndef MICA_MICA_H
#define MICA_MICA_H

#include "mica/author.h"
#include "mica/context.h"
#include "mica/etdump.h"
#include "mica/explain.h"
#include "mica/measure.h"
#include "mica/memory.h"
#include "mica/operator.h"
#include "mica/program.h"
#include "mica/status.h"
#include "mica/tensor.h"
#include "mica/trace.h"

#endif
