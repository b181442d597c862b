/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of x86-64, best first within a variant: symbol (which is the name), variant, needs, mr, nr, kr. This list
 * exists in every build; the kernels behind it only where they can run.
 */
#ifndef KERNEL_GEMM_X86_H
#define KERNEL_GEMM_X86_H

#define GEMM_ROWS_X86(ROW)

#endif
