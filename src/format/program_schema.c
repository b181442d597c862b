/* SPDX-License-Identifier: Apache-2.0 */
#include "format/program_schema.h"

#define REQUIRED_TEXT(name_) {.name = (name_), .kind = FB_STRING, .required = true}

/* ---- values ---- */

const fb_schema pte_null_schema = {.name = "Null"};

static const fb_field int_fields[] = {FB_SCALAR("int_val", FB_I64)};
const fb_schema pte_int_schema = FB_SCHEMA("Int", int_fields);
static const fb_field bool_fields[] = {FB_SCALAR("bool_val", FB_BOOL)};
const fb_schema pte_bool_schema = FB_SCHEMA("Bool", bool_fields);
static const fb_field double_fields[] = {FB_SCALAR("double_val", FB_F64)};
const fb_schema pte_double_schema = FB_SCHEMA("Double", double_fields);
static const fb_field string_fields[] = {REQUIRED_TEXT("string_val")};
const fb_schema pte_string_schema = FB_SCHEMA("String", string_fields);
static const fb_field int_list_fields[] = {FB_SCALARS("items", FB_I64)};
const fb_schema pte_int_list_schema = FB_SCHEMA("IntList", int_list_fields);
static const fb_field double_list_fields[] = {FB_SCALARS("items", FB_F64)};
const fb_schema pte_double_list_schema = FB_SCHEMA("DoubleList", double_list_fields);
static const fb_field bool_list_fields[] = {FB_SCALARS("items", FB_BOOL)};
const fb_schema pte_bool_list_schema = FB_SCHEMA("BoolList", bool_list_fields);
static const fb_field tensor_list_fields[] = {FB_SCALARS("items", FB_I32)};
const fb_schema pte_tensor_list_schema = FB_SCHEMA("TensorList", tensor_list_fields);

static const fb_field allocation_fields[] = {
    [ALLOCATION_MEMORY_ID] = FB_SCALAR("memory_id", FB_U32),
    [ALLOCATION_MEMORY_OFFSET_LOW] = FB_SCALAR("memory_offset_low", FB_U32),
    [ALLOCATION_MEMORY_OFFSET_HIGH] = FB_SCALAR("memory_offset_high", FB_U32),
};
const fb_schema pte_allocation_schema = FB_SCHEMA("AllocationDetails", allocation_fields);

static const fb_field extra_fields[] = {
    [EXTRA_MUTABLE_DATA_SEGMENTS_IDX] = FB_SCALAR("mutable_data_segments_idx", FB_U64),
    [EXTRA_FULLY_QUALIFIED_NAME] = FB_TEXT("fully_qualified_name"),
    [EXTRA_LOCATION] = FB_SCALAR("location", FB_I8),
    [EXTRA_DEVICE_TYPE] = FB_SCALAR("device_type", FB_I8),
    [EXTRA_DEVICE_INDEX] = FB_SCALAR("device_index", FB_I8),
};
const fb_schema pte_extra_schema = FB_SCHEMA("ExtraTensorInfo", extra_fields);

static const fb_field tensor_fields[] = {
    [TENSOR_SCALAR_TYPE] = FB_SCALAR("scalar_type", FB_I8),
    [TENSOR_STORAGE_OFFSET] = FB_SCALAR("storage_offset", FB_I32),
    [TENSOR_SIZES] = FB_SCALARS("sizes", FB_I32),
    [TENSOR_DIM_ORDER] = FB_SCALARS("dim_order", FB_U8),
    [TENSOR_REQUIRES_GRAD] = FB_SCALAR("requires_grad", FB_BOOL),
    [TENSOR_DATA_BUFFER_IDX] = FB_SCALAR("data_buffer_idx", FB_U32),
    [TENSOR_ALLOCATION_INFO] = FB_CHILD("allocation_info", &pte_allocation_schema),
    [TENSOR_LAYOUT] = FB_SCALAR("layout", FB_I8),
    [TENSOR_SHAPE_DYNAMISM] = FB_SCALAR("shape_dynamism", FB_I8),
    [TENSOR_EXTRA_TENSOR_INFO] = FB_CHILD("extra_tensor_info", &pte_extra_schema),
};
const fb_schema pte_tensor_schema = FB_SCHEMA("Tensor", tensor_fields);

static const fb_schema *const kernel_types[] = {
    [1] = &pte_null_schema,         [2] = &pte_int_schema,          [3] = &pte_bool_schema,
    [4] = &pte_double_schema,       [5] = &pte_tensor_schema,       [6] = &pte_string_schema,
    [7] = &pte_int_list_schema,     [8] = &pte_double_list_schema,  [9] = &pte_bool_list_schema,
    [10] = &pte_tensor_list_schema, [11] = &pte_tensor_list_schema, /* of optional tensors */
};
static const fb_field evalue_fields[] = {
    [EVALUE_VAL_TYPE] = FB_SCALAR("val_type", FB_U8),
    [EVALUE_VAL] = FB_CHOICE("val", kernel_types),
};
const fb_schema pte_evalue_schema = FB_SCHEMA("EValue", evalue_fields);

/* ---- instructions ---- */

static const fb_field kernel_call_fields[] = {
    [KERNEL_CALL_OP_INDEX] = FB_SCALAR("op_index", FB_I32),
    [KERNEL_CALL_ARGS] = FB_SCALARS("args", FB_I32),
};
const fb_schema pte_kernel_call_schema = FB_SCHEMA("KernelCall", kernel_call_fields);

static const fb_field delegate_call_fields[] = {
    [DELEGATE_CALL_DELEGATE_INDEX] = FB_SCALAR("delegate_index", FB_I32),
    [DELEGATE_CALL_ARGS] = FB_SCALARS("args", FB_I32),
};
const fb_schema pte_delegate_call_schema = FB_SCHEMA("DelegateCall", delegate_call_fields);

static const fb_field move_call_fields[] = {
    [MOVE_CALL_MOVE_FROM] = FB_SCALAR("move_from", FB_I32),
    [MOVE_CALL_MOVE_TO] = FB_SCALAR("move_to", FB_I32),
};
const fb_schema pte_move_call_schema = FB_SCHEMA("MoveCall", move_call_fields);

static const fb_field jump_false_call_fields[] = {
    [JUMP_FALSE_CALL_COND_VALUE_INDEX] = FB_SCALAR("cond_value_index", FB_I32),
    [JUMP_FALSE_CALL_DESTINATION_INSTRUCTION] = FB_SCALAR("destination_instruction", FB_I32),
};
const fb_schema pte_jump_false_call_schema = FB_SCHEMA("JumpFalseCall", jump_false_call_fields);

static const fb_field free_call_fields[] = {FB_SCALAR("value_index", FB_I32)};
const fb_schema pte_free_call_schema = FB_SCHEMA("FreeCall", free_call_fields);

static const fb_schema *const instruction_arguments[] = {
    [1] = &pte_kernel_call_schema,     [2] = &pte_delegate_call_schema, [3] = &pte_move_call_schema,
    [4] = &pte_jump_false_call_schema, [5] = &pte_free_call_schema,
};
static const fb_field instruction_fields[] = {
    [INSTRUCTION_ARGS_TYPE] = FB_SCALAR("instr_args_type", FB_U8),
    [INSTRUCTION_ARGS] = FB_CHOICE("instr_args", instruction_arguments),
};
const fb_schema pte_instruction_schema = FB_SCHEMA("Instruction", instruction_fields);

static const fb_field chain_fields[] = {
    [CHAIN_INPUTS] = FB_SCALARS("inputs", FB_I32),
    [CHAIN_OUTPUTS] = FB_SCALARS("outputs", FB_I32),
    [CHAIN_INSTRUCTIONS] = FB_CHILDREN("instructions", &pte_instruction_schema),
    [CHAIN_STACKTRACE] = FB_UNREAD,
};
const fb_schema pte_chain_schema = FB_SCHEMA("Chain", chain_fields);

/* ---- execution plan ---- */

static const fb_field container_fields[] = {
    [CONTAINER_ENCODED_INP_STR] = FB_TEXT("encoded_inp_str"),
    [CONTAINER_ENCODED_OUT_STR] = FB_TEXT("encoded_out_str"),
};
const fb_schema pte_container_schema = FB_SCHEMA("ContainerMetadata", container_fields);

static const fb_field operator_fields[] = {
    [OPERATOR_NAME] = REQUIRED_TEXT("name"),
    [OPERATOR_OVERLOAD] = FB_TEXT("overload"),
};
const fb_schema pte_operator_schema = FB_SCHEMA("Operator", operator_fields);

static const fb_field processed_fields[] = {
    [PROCESSED_LOCATION] = FB_SCALAR("location", FB_I8),
    [PROCESSED_INDEX] = FB_SCALAR("index", FB_U32),
};
const fb_schema pte_processed_schema = FB_SCHEMA("BackendDelegateDataReference", processed_fields);

static const fb_field compile_spec_fields[] = {
    [COMPILE_SPEC_KEY] = REQUIRED_TEXT("key"),
    [COMPILE_SPEC_VALUE] = FB_SCALARS("value", FB_U8),
};
const fb_schema pte_compile_spec_schema = FB_SCHEMA("CompileSpec", compile_spec_fields);

static const fb_field delegate_fields[] = {
    [DELEGATE_ID] = REQUIRED_TEXT("id"),
    [DELEGATE_PROCESSED] = {.name = "processed", .kind = FB_TABLE, .table = &pte_processed_schema, .required = true},
    [DELEGATE_COMPILE_SPECS] = FB_CHILDREN("compile_specs", &pte_compile_spec_schema),
};
const fb_schema pte_delegate_schema = FB_SCHEMA("BackendDelegate", delegate_fields);

static const fb_field buffer_device_fields[] = {
    [BUFFER_DEVICE_BUFFER_IDX] = FB_SCALAR("buffer_idx", FB_I32),
    [BUFFER_DEVICE_DEVICE_TYPE] = FB_SCALAR("device_type", FB_I8),
    [BUFFER_DEVICE_DEVICE_INDEX] = FB_SCALAR("device_index", FB_I8),
};
const fb_schema pte_buffer_device_schema = FB_SCHEMA("NonConstBufferDevice", buffer_device_fields);

static const fb_field plan_fields[] = {
    [PLAN_NAME] = REQUIRED_TEXT("name"),
    [PLAN_CONTAINER_META_TYPE] = FB_CHILD("container_meta_type", &pte_container_schema),
    [PLAN_VALUES] = FB_CHILDREN("values", &pte_evalue_schema),
    [PLAN_INPUTS] = FB_SCALARS("inputs", FB_I32),
    [PLAN_OUTPUTS] = FB_SCALARS("outputs", FB_I32),
    [PLAN_CHAINS] = FB_CHILDREN("chains", &pte_chain_schema),
    [PLAN_OPERATORS] = FB_CHILDREN("operators", &pte_operator_schema),
    [PLAN_DELEGATES] = FB_CHILDREN("delegates", &pte_delegate_schema),
    [PLAN_NON_CONST_BUFFER_SIZES] = FB_SCALARS("non_const_buffer_sizes", FB_I64),
    [PLAN_NON_CONST_BUFFER_DEVICE] = FB_CHILDREN("non_const_buffer_device", &pte_buffer_device_schema),
};
const fb_schema pte_plan_schema = FB_SCHEMA("ExecutionPlan", plan_fields);

/* ---- program ---- */

static const fb_field buffer_fields[] = {
    [BUFFER_STORAGE] = {.name = "storage", .kind = FB_U8, .vector = true, .align = 16},
};
const fb_schema pte_buffer_schema = FB_SCHEMA("Buffer", buffer_fields);

static const fb_field inline_data_fields[] = {
    [BUFFER_STORAGE] = {.name = "data", .kind = FB_U8, .vector = true, .align = 16},
};
const fb_schema pte_inline_data_schema = FB_SCHEMA("BackendDelegateInlineData", inline_data_fields);

static const fb_field subsegment_fields[] = {
    [SUBSEGMENT_SEGMENT_INDEX] = FB_SCALAR("segment_index", FB_U32),
    [SUBSEGMENT_OFFSETS] = FB_SCALARS("offsets", FB_U64),
};
const fb_schema pte_subsegment_schema = FB_SCHEMA("SubsegmentOffsets", subsegment_fields);

static const fb_field named_data_fields[] = {
    [NAMED_DATA_KEY] = REQUIRED_TEXT("key"),
    [NAMED_DATA_SEGMENT_INDEX] = FB_SCALAR("segment_index", FB_U32),
};
const fb_schema pte_named_data_schema = FB_SCHEMA("NamedData", named_data_fields);

static const fb_field program_fields[] = {
    [PROGRAM_VERSION] = FB_SCALAR("version", FB_U32),
    [PROGRAM_EXECUTION_PLAN] = FB_CHILDREN("execution_plan", &pte_plan_schema),
    [PROGRAM_CONSTANT_BUFFER] = FB_CHILDREN("constant_buffer", &pte_buffer_schema),
    [PROGRAM_BACKEND_DELEGATE_DATA] = FB_CHILDREN("backend_delegate_data", &pte_inline_data_schema),
    [PROGRAM_SEGMENTS] = FB_CHILDREN("segments", &data_segment_schema),
    [PROGRAM_CONSTANT_SEGMENT] = FB_CHILD("constant_segment", &pte_subsegment_schema),
    [PROGRAM_MUTABLE_DATA_SEGMENTS] = FB_CHILDREN("mutable_data_segments", &pte_subsegment_schema),
    [PROGRAM_NAMED_DATA] = FB_CHILDREN("named_data", &pte_named_data_schema),
};
const fb_schema pte_program_schema = FB_SCHEMA("Program", program_fields);
