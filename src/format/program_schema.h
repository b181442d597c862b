/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of a .pte program: field ids and the schema that verifies and writes them. Fields keep the names of
 * ExecuTorch's program.fbs, so that error texts speak its language.
 */
#ifndef FORMAT_PROGRAM_SCHEMA_H
#define FORMAT_PROGRAM_SCHEMA_H

#include "flatbuf/flatbuf.h"
#include "format/segments.h"

/* clang-format off */
enum {
    PROGRAM_VERSION, PROGRAM_EXECUTION_PLAN, PROGRAM_CONSTANT_BUFFER, PROGRAM_BACKEND_DELEGATE_DATA, PROGRAM_SEGMENTS,
    PROGRAM_CONSTANT_SEGMENT, PROGRAM_MUTABLE_DATA_SEGMENTS, PROGRAM_NAMED_DATA
};
enum {
    PLAN_NAME, PLAN_CONTAINER_META_TYPE, PLAN_VALUES, PLAN_INPUTS, PLAN_OUTPUTS, PLAN_CHAINS, PLAN_OPERATORS,
    PLAN_DELEGATES, PLAN_NON_CONST_BUFFER_SIZES, PLAN_NON_CONST_BUFFER_DEVICE
};
enum { CONTAINER_ENCODED_INP_STR, CONTAINER_ENCODED_OUT_STR };
enum { EVALUE_VAL_TYPE, EVALUE_VAL };
enum { VALUE_CONTENT }; /* Int, Bool, Double, String and the lists have one field */
enum {
    TENSOR_SCALAR_TYPE, TENSOR_STORAGE_OFFSET, TENSOR_SIZES, TENSOR_DIM_ORDER, TENSOR_REQUIRES_GRAD,
    TENSOR_DATA_BUFFER_IDX, TENSOR_ALLOCATION_INFO, TENSOR_LAYOUT, TENSOR_SHAPE_DYNAMISM, TENSOR_EXTRA_TENSOR_INFO
};
enum { ALLOCATION_MEMORY_ID, ALLOCATION_MEMORY_OFFSET_LOW, ALLOCATION_MEMORY_OFFSET_HIGH };
enum {
    EXTRA_MUTABLE_DATA_SEGMENTS_IDX, EXTRA_FULLY_QUALIFIED_NAME, EXTRA_LOCATION, EXTRA_DEVICE_TYPE, EXTRA_DEVICE_INDEX
};
enum { OPERATOR_NAME, OPERATOR_OVERLOAD };
enum { CHAIN_INPUTS, CHAIN_OUTPUTS, CHAIN_INSTRUCTIONS, CHAIN_STACKTRACE };
enum { INSTRUCTION_ARGS_TYPE, INSTRUCTION_ARGS };
enum { KERNEL_CALL_OP_INDEX, KERNEL_CALL_ARGS };
enum { DELEGATE_CALL_DELEGATE_INDEX, DELEGATE_CALL_ARGS };
enum { MOVE_CALL_MOVE_FROM, MOVE_CALL_MOVE_TO };
enum { JUMP_FALSE_CALL_COND_VALUE_INDEX, JUMP_FALSE_CALL_DESTINATION_INSTRUCTION };
enum { FREE_CALL_VALUE_INDEX };
enum { DELEGATE_ID, DELEGATE_PROCESSED, DELEGATE_COMPILE_SPECS };
enum { PROCESSED_LOCATION, PROCESSED_INDEX };
enum { COMPILE_SPEC_KEY, COMPILE_SPEC_VALUE };
enum { BUFFER_DEVICE_BUFFER_IDX, BUFFER_DEVICE_DEVICE_TYPE, BUFFER_DEVICE_DEVICE_INDEX };
enum { BUFFER_STORAGE }; /* Buffer, and BackendDelegateInlineData's data */
enum { SUBSEGMENT_SEGMENT_INDEX, SUBSEGMENT_OFFSETS };
enum { NAMED_DATA_KEY, NAMED_DATA_SEGMENT_INDEX };

/* clang-format on */

enum { LOCATION_HERE = 0, LOCATION_ELSEWHERE = 1 }; /* data: inline, a segment; tensors: a segment, another file */
enum { SHAPE_STATIC = 0, SHAPE_DYNAMIC_BOUND = 1 };
enum { DEVICE_CPU = 0 };

/* Every table; pte_program_schema is the root. */
extern const fb_schema pte_program_schema, pte_plan_schema, pte_container_schema, pte_evalue_schema, pte_null_schema,
    pte_int_schema, pte_bool_schema, pte_double_schema, pte_string_schema, pte_int_list_schema,
    pte_double_list_schema, pte_bool_list_schema, pte_tensor_list_schema, pte_tensor_schema, pte_allocation_schema,
    pte_extra_schema, pte_operator_schema, pte_chain_schema, pte_instruction_schema, pte_kernel_call_schema,
    pte_delegate_call_schema, pte_move_call_schema, pte_jump_false_call_schema, pte_free_call_schema,
    pte_delegate_schema, pte_processed_schema, pte_compile_spec_schema, pte_buffer_device_schema, pte_buffer_schema,
    pte_inline_data_schema, pte_subsegment_schema, pte_named_data_schema;

#endif
