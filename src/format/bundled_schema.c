/* SPDX-License-Identifier: Apache-2.0 */
#include "format/bundled_schema.h"

#include "format/program_schema.h"

static const fb_field tensor_fields[] = {
    [BUNDLED_TENSOR_SCALAR_TYPE] = FB_SCALAR("scalar_type", FB_I8),
    [BUNDLED_TENSOR_SIZES] = FB_SCALARS("sizes", FB_I32),
    [BUNDLED_TENSOR_DATA] = {.name = "data", .kind = FB_U8, .vector = true, .align = 16},
    [BUNDLED_TENSOR_DIM_ORDER] = FB_SCALARS("dim_order", FB_U8),
};
const fb_schema bundled_tensor_schema = FB_SCHEMA("Tensor", tensor_fields);

static const fb_schema *const value_types[] = {
    [BUNDLED_TENSOR] = &bundled_tensor_schema,
    [BUNDLED_INT] = &pte_int_schema,
    [BUNDLED_BOOL] = &pte_bool_schema,
    [BUNDLED_DOUBLE] = &pte_double_schema,
};
static const fb_field value_fields[] = {
    [BUNDLED_VALUE_TYPE] = FB_SCALAR("val_type", FB_U8),
    [BUNDLED_VALUE] = FB_CHOICE("val", value_types),
};
const fb_schema bundled_value_schema = FB_SCHEMA("Value", value_fields);

static const fb_field case_fields[] = {
    [CASE_INPUTS] = FB_CHILDREN("inputs", &bundled_value_schema),
    [CASE_EXPECTED_OUTPUTS] = FB_CHILDREN("expected_outputs", &bundled_value_schema),
};
const fb_schema bundled_case_schema = FB_SCHEMA("BundledMethodTestCase", case_fields);

static const fb_field suite_fields[] = {
    [SUITE_METHOD_NAME] = {.name = "method_name", .kind = FB_STRING, .required = true},
    [SUITE_TEST_CASES] = FB_CHILDREN("test_cases", &bundled_case_schema),
};
const fb_schema bundled_suite_schema = FB_SCHEMA("BundledMethodTestSuite", suite_fields);

static const fb_field bundled_fields[] = {
    [BUNDLED_VERSION] = FB_SCALAR("version", FB_U32),
    [BUNDLED_METHOD_TEST_SUITES] = FB_CHILDREN("method_test_suites", &bundled_suite_schema),
    [BUNDLED_PROGRAM] = {.name = "program", .kind = FB_U8, .vector = true, .required = true, .align = 32},
};
const fb_schema bundled_schema = FB_SCHEMA("BundledProgram", bundled_fields);
