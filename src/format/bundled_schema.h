/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of a bundled program: field ids and the schema that verifies and writes them, under the names of
 * ExecuTorch's bundled_program_schema.fbs.
 */
#ifndef FORMAT_BUNDLED_SCHEMA_H
#define FORMAT_BUNDLED_SCHEMA_H

#include "flatbuf/flatbuf.h"

#define BUNDLED_IDENTIFIER "BP08"

enum { BUNDLED_VERSION, BUNDLED_METHOD_TEST_SUITES, BUNDLED_PROGRAM };
enum { SUITE_METHOD_NAME, SUITE_TEST_CASES };
enum { CASE_INPUTS, CASE_EXPECTED_OUTPUTS };
enum { BUNDLED_VALUE_TYPE, BUNDLED_VALUE };
enum { BUNDLED_TENSOR = 1, BUNDLED_INT, BUNDLED_BOOL, BUNDLED_DOUBLE }; /* the union ValueUnion */
enum { BUNDLED_TENSOR_SCALAR_TYPE, BUNDLED_TENSOR_SIZES, BUNDLED_TENSOR_DATA, BUNDLED_TENSOR_DIM_ORDER };

/* bundled_schema is the root, a BundledProgram. Scalars are tables of one field, as in programs. */
extern const fb_schema bundled_schema, bundled_suite_schema, bundled_case_schema, bundled_value_schema,
    bundled_tensor_schema;

#endif
