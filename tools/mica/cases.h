/* SPDX-License-Identifier: Apache-2.0
 *
 * An index of cases: real programs with the outputs that they must give. One line per call, fields separated by tabs:
 *
 *   case  folder  method  call  inputs  outputs  atol  rtol  variant  delegate_calls  external_data  tags
 *
 * The first eight are needed. Inputs and outputs are "file:type:2x3x4" joined by ';'; "-" means none. The program is
 * folder/model.pte; folders are relative to the index. Lines of one case and method follow each other and are calls of
 * one loaded method.
 */
#ifndef TOOL_CASES_H
#define TOOL_CASES_H

#include "model.h"

typedef struct model_case {
    const char *name, *folder, *method, *tags;
    size_t call;
    char *model;            /* path of the program */
    option_list data_paths; /* its external weights */
    option_list inputs, expected;
    double atol, rtol;
} model_case;

typedef struct case_index {
    char *text; /* the file, cut into strings */
    model_case *items;
    size_t count;
} case_index;

/* Reads the lines that all patterns hold for: a shell pattern holds when it matches the case, the folder or one of the
 * tags; "!pattern" when it matches none of them. No line at all is a fault. */
bool cases_read(const char *path, const option_list *patterns, case_index *index, struct fault *fault);
void cases_free(case_index *index);

model_call case_call(const model_case *item);

#endif
