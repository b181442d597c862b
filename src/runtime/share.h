/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies that the program makes only because its language has no views: where nothing could tell the difference, the
 * result of a kernel gets the memory of the tensor that it repeats, and the kernel, finding both the same, moves nothing.
 *
 *   renamed   view_copy, unsqueeze_copy, expand_copy to the same shape, …: all elements, in their order
 *   chosen    where(…) of a tensor that nothing reads afterwards: only the other elements are written
 *   updated   index_put of a cache that `copy_` later stores back: the elements are put into the cache itself
 */
#ifndef RUNTIME_SHARE_H
#define RUNTIME_SHARE_H

#include "runtime/method.h"

/* Moves results to where they repeat memory. After the delegates are there, before anything keeps addresses. */
mica_status values_share(mica_method *method, mica_error *error);

/* ---- who reads and writes what ---- */

/* Whether the instruction writes argument `arg`: a kernel's last one, what its row names besides, a delegate's outputs. */
bool instruction_writes(const mica_method *method, const pte_instruction *instruction, const method_instruction *own,
                        size_t arg);

#endif
