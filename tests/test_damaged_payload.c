/* SPDX-License-Identifier: Apache-2.0
 *
 * Payloads that the door refuses: what each check is for, by name; then damage of every field, of a hand-made payload and
 * of small real ones.
 */
#include "places.h"
#include "sample.h"
#include "whole_payload.h"
#include "whole_program.h"

#define STRING_OF(x) #x
#define VALUE(i) "xvalues[" STRING_OF(i) "].xvalue_union."
#define NODE(i) "xnodes[" STRING_OF(i) "].xnode_union."

/* Bits of floats that are no scales. */
#define NAN_BITS 0x7fc00000
#define INFINITY_BITS 0x7f800000
#define MINUS_ONE_BITS 0xbf800000
#define MINUS_TWO_BITS 0xc0000000

static const struct damage {
    const char *name;
    struct edit edits[2];
    const char *text;   /* the error begins with it */
    mica_status status; /* 0: FORMAT */
    constant_form form;
    bool marked;
} damages[] = {
    /* 1: dims */
    {"dims_overflow",
     {{VALUE(22) "dims[0]", UINT32_MAX}, {VALUE(22) "dims[1]", UINT32_MAX}},
     .text = VALUE(22) "dims: more bytes than can be addressed"},
    /* 3: ids and indices */
    {"unknown_id", {{NODE(0) "input_id", 5}}, .text = NODE(0) "input_id: no value has the id 5"},
    {"invalid_id_where_a_value_must_be",
     {{NODE(1) "filter_id", UINT32_MAX}},
     .text = NODE(1) "filter_id: no value has the id 4294967295"},
    {"duplicate_id", {{VALUE(1) "tensor_value.id_out", ID(0)}}, .text = "xvalues: two values have the id 1000"},
    {"duplicate_external", {{VALUE(8) "external_id", 3}}, .text = "xvalues: two values are argument 3"},
    {"constant_index",
     {{VALUE(3) "constant_buffer_idx", 6}},
     .text = VALUE(3) "constant_buffer_idx: constant 6 of 6"},
    {"scale_index",
     {{VALUE(2) "quant_params.scale_buffer_idx", 6}},
     .text = VALUE(2) "quant_params.scale_buffer_idx: constant 6 of 6"},
    {"external_id_out_of_range", {{VALUE(0) "external_id", 7}}, .text = VALUE(0) "external_id: argument 7 of 7"},
    {"external_id_missing",
     {{VALUE(0) "external_id", UINT32_MAX}},
     .text = VALUE(0) "external_id: argument 4294967295 of 7"},
    {"concatenation_axis", {{NODE(16) "axis", 2}}, .text = NODE(16) "axis: 2 of 2 dimensions"},
    /* order */
    {"read_before_written",
     {{NODE(1) "input1_id", ID(FIXED)}},
     .text = "xnodes[1].xnode_union: it reads a value before it is written"},
    {"written_twice",
     {{NODE(4) "output_id", ID(ROWS)}},
     .text = "xnodes[4].xnode_union: it writes a value that was written before"},
    {"input_written", {{NODE(4) "output_id", ID(IMAGE)}}, .text = "xnodes[4].xnode_union: it writes an input"},
    {"constant_written",
     {{NODE(19) "output_id", ID(SLOPES)}},
     .text = "xnodes[19].xnode_union: it writes a constant"},
    {"output_never_written", {{NODE(20) "output_id", ID(SPARE)}}, .text = "xnodes: none of them writes argument 2"},
    /* 4: absent things */
    {"absent_value", {{VALUE(0) "slot", 0}}, .text = "xvalues[0].xvalue_union: absent"},
    {"absent_dims", {{VALUE(3) "dims.slot", 0}}, .text = VALUE(0) "dims: 0 dimensions, num_dims says 2"},
    {"absent_parameters", {{VALUE(2) "quant_params.slot", 0}}, .text = VALUE(1) "quant_params: parameters of type 0"},
    {"absent_tensor", {{VALUE(2) "tensor_value.slot", 0}}, .text = VALUE(1) "tensor_value: the field is required"},
    /* 5: counts that disagree */
    {"num_dims_disagrees", {{VALUE(3) "num_dims", 2}}, .text = VALUE(3) "dims: 1 dimensions, num_dims says 2"},
    {"num_scales_disagrees",
     {{VALUE(2) "quant_params.num_scales", 7}},
     .text = VALUE(2) "quant_params.num_scales: 7 scales where 8 are needed"},
    {"transpose_num_dims_disagrees", {{NODE(11) "num_dims", 3}}, .text = NODE(11) "num_dims: 3, the input has 4"},
    {"transpose_perm_shorter", {{NODE(11) "perm.count", 3}}, .text = NODE(11) "perm: 3 entries for 4 dimensions"},
    {"slice_sizes_shorter", {{NODE(13) "sizes.count", 1}}, .text = NODE(13) "sizes: 1 entries for 2 dimensions"},
    {"reshape_num_dims_disagrees", {{NODE(12) "num_dims", 3}}, .text = NODE(12) "new_shape: 2 entries for 3"},
    {"pad_shorter", {{NODE(14) "pre_paddings.count", 1}}, .text = NODE(14) "pre_paddings: 1 entries for 2"},
    {"constant_size_disagrees",
     {{"constant_data[1].size", 36}},
     .text = VALUE(3) "constant_buffer_idx: 36 bytes, of which the named data has 32"},
    /* 6: counts that would size an allocation */
    {"num_externs", {{"num_externs", 4097}}, .text = "num_externs: 4097, at most 4096"},
    {"rank",
     {{VALUE(3) "num_dims", 7}, {VALUE(3) "dims.count", 7}},
     .text = VALUE(3) "dims: 7 dimensions, num_dims says 7, at most 6"},
    {"reshape_rank", {{NODE(12) "num_dims", 7}}, .text = NODE(12) "num_dims: 7, at most 6"},
    /* 7: lengths larger than what is there */
    {"constant_longer_than_its_data",
     {{VALUE(3) "dims[0]", 9}},
     .text = VALUE(3) "constant_buffer_idx: constant of 32 bytes, its type and dims say 36"},
    {"constant_shorter_than_its_data",
     {{VALUE(3) "dims[0]", 7}},
     .text = VALUE(3) "constant_buffer_idx: constant of 32 bytes, its type and dims say 28"},
    {"nibbles_longer_than_their_data",
     {{VALUE(7) "tensor_value.dims[1]", 129}},
     .text = VALUE(7) "tensor_value.constant_buffer_idx: constant of 512 bytes, its type and dims say 520"},
    /* 8: scales */
    {"scales_for_fewer_channels",
     {{VALUE(2) "tensor_value.dims[0]", 16}, {VALUE(2) "tensor_value.dims[1]", 32}},
     .text = VALUE(2) "quant_params.num_scales: 8 scales where 16 are needed"},
    {"scales_of_blocks_shorter",
     {{VALUE(5) "quant_params.group_size", 32}},
     .text = VALUE(5) "quant_params.num_scales: 16 scales where 32 are needed"},
    {"scales_of_another_size",
     {{VALUE(2) "quant_params.scale_buffer_idx", C_BYTES}},
     .text = VALUE(2) "quant_params.scale_buffer_idx: 512 bytes for 8 scales"},
    {"inline_scales_shorter",
     {{VALUE(7) "quant_params.scale.count", 7}},
     .text = VALUE(7) "quant_params.scale: 7 scales where 8 are needed"},
    {"channel_dim_out_of_range",
     {{VALUE(2) "quant_params.channel_dim", 2}},
     .text = VALUE(2) "quant_params.channel_dim: dimension 2 of 2"},
    {"channel_dim_negative",
     {{VALUE(2) "quant_params.channel_dim", UINT32_MAX}},
     .text = VALUE(2) "quant_params.channel_dim: dimension -1 of 2"},
    {"group_size_zero",
     {{VALUE(5) "quant_params.group_size", 0}},
     .text = VALUE(5) "quant_params.group_size: 0: must be a multiple of 32 that divides 128"},
    {"group_size_no_multiple_of_32",
     {{VALUE(5) "quant_params.group_size", 16}},
     .text = VALUE(5) "quant_params.group_size: 16: must be a multiple of 32 that divides 128"},
    {"group_size_does_not_divide",
     {{VALUE(5) "quant_params.group_size", 96}},
     .text = VALUE(5) "quant_params.group_size: 96: must be a multiple of 32 that divides 128"},
    {"groups_of_the_other_dimension",
     {{VALUE(5) "quant_params.channel_dim", 1}},
     .text = VALUE(5) "quant_params.channel_dim: groups of dimension 1 of 2: must be the first of two"},
    {"row_dims_zero",
     {{VALUE(1) "quant_params.num_nonbatch_dims", 0}},
     .text = VALUE(1) "quant_params.num_nonbatch_dims: 0 of 2 dimensions"},
    {"row_dims_too_many",
     {{VALUE(1) "quant_params.num_nonbatch_dims", 3}},
     .text = VALUE(1) "quant_params.num_nonbatch_dims: 3 of 2 dimensions"},
    {"rows_of_two_dims",
     {{VALUE(1) "quant_params.num_nonbatch_dims", 2}},
     .text = "xnodes[1].xnode_union: it reads rows that are quantized over other dims than its own"},
    {"zero_point_out_of_range",
     {{VALUE(9) "quant_params.zero_point", 128}},
     .text = VALUE(9) "quant_params.zero_point: 128 is out of range"},
    /* 10: enums */
    {"datatype", {{VALUE(3) "datatype", 15}}, .text = VALUE(3) "datatype: 15 is no type of a plain value"},
    {"datatype_invalid", {{VALUE(3) "datatype", 0}}, .text = VALUE(3) "datatype: 0 is no type of a plain value"},
    {"datatype_negative", {{VALUE(3) "datatype", UINT16_MAX}}, .text = VALUE(3) "datatype: -1 is no type of a p"},
    {"datatype_without_parameters",
     {{VALUE(3) "datatype", MICA_OPERAND_QINT8}},
     .text = VALUE(3) "datatype: 3 is no type of a plain value"},
    {"datatype_with_other_parameters",
     {{VALUE(2) "tensor_value.datatype", MICA_OPERAND_QINT8}},
     .text = VALUE(2) "quant_params: parameters of type 1 do not belong to data of type 3"},
    {"node_type", {{"xnodes[0].xnode_union_type", 48}}, .text = "xnodes[0].xnode_union: the type 48 is unknown"},
    {"node_type_none", {{"xnodes[0].xnode_union_type", 0}}, .text = "xnodes[0].xnode_union: a value without a type"},
    {"attention",
     {{"xnodes[1].xnode_union_type", MICA_SCALED_DOT_PRODUCT_ATTENTION}},
     .text = "xnodes[1].xnode_union_type: nodes of type 36 are not supported",
     .status = MICA_ERROR_UNSUPPORTED},
    {"flags_of_a_value", {{VALUE(0) "flags", 4}}, .text = VALUE(0) "flags: 4: must be 1 for an input"},
    {"flags_of_a_constant", {{VALUE(3) "flags", 1}}, .text = VALUE(3) "flags: 1: must be 1 for an input"},
    {"input_and_output", {{VALUE(0) "flags", 3}}, .text = VALUE(0) "flags: 3: must be 1 for an input"},
    {"flags_of_a_node",
     {{NODE(0) "flags", 2}},
     .text = NODE(0) "flags: 2, only 0 is known",
     .status = MICA_ERROR_UNSUPPORTED},
    {"weights_that_are_not_constant",
     {{VALUE(2) "tensor_value.constant_buffer_idx", 0}},
     .text = VALUE(2) "tensor_value.datatype: 6 is a type of constants only"},
    {"rows_that_are_constant",
     {{VALUE(1) "tensor_value.constant_buffer_idx", C_BYTES}, {VALUE(1) "tensor_value.dims[0]", 8}},
     .text = VALUE(1) "tensor_value.datatype: 9 is a type of intermediate values only"},
    {"filter_where_a_value_must_be",
     {{NODE(4) "input_id", ID(BYTE_FILTER)}},
     .text = NODE(4) "input_id: id 986 is of a value of type 6, which cannot stand here"},
    {"rows_as_filter",
     {{NODE(1) "filter_id", ID(ROWS)}},
     .text = NODE(1) "filter_id: id 993 is of a value of type 9"},
    {"filter_as_bias",
     {{NODE(1) "bias_id", ID(BYTE_FILTER)}},
     .text = NODE(1) "bias_id: id 986 is of a value of type 6"},
    {"rows_where_only_convert_writes_them",
     {{NODE(17) "output_id", ID(ROWS)}},
     .text = NODE(17) "output_id: id 993 is of a value of type 9, which cannot stand here"},
    {"rows_that_are_read_by_others",
     {{NODE(17) "input_id", ID(ROWS)}},
     .text = NODE(17) "input_id: id 993 is of a value of type 9, which cannot stand here"},
    {"indices_that_are_no_integers",
     {{NODE(10) "output_index_id", ID(TURNED)}},
     .text = NODE(10) "output_index_id: id 846 is of a value of type 1"},
    /* 11 and attributes */
    {"perm_repeats", {{NODE(11) "perm[1]", 0}}, .text = NODE(11) "perm: no permutation of dimensions"},
    {"perm_out_of_range", {{NODE(11) "perm[1]", UINT32_MAX}}, .text = NODE(11) "perm: no permutation of dimensions"},
    {"two_inferred_dimensions",
     {{NODE(12) "new_shape[0]", 0}},
     .text = NODE(12) "new_shape: 2 dimensions are to be inferred"},
    {"slice_size_out_of_range", {{NODE(13) "sizes[1]", UINT32_MAX}}, .text = NODE(13) "sizes: [1] is out of range"},
    {"padding_out_of_range",
     {{NODE(14) "post_paddings[1]", UINT32_MAX}},
     .text = NODE(14) "post_paddings: 4294967295, must be 0 to 16777216"},
    {"resize_to_nothing", {{NODE(15) "new_width", 0}}, .text = NODE(15) "new_width: 0, must be 1 to 16777216"},
    {"kernel_of_nothing", {{NODE(6) "kernel_height", 0}}, .text = NODE(6) "kernel_height: 0, must be 1"},
    {"stride_zero", {{NODE(6) "subsampling_width", 0}}, .text = NODE(6) "subsampling_width: 0, must be 1"},
    {"dilation_zero", {{NODE(9) "dilation_width", 0}}, .text = NODE(9) "dilation_width: 0, must be 1"},
    {"pooling_stride_zero", {{NODE(9) "stride_height", 0}}, .text = NODE(9) "stride_height: 0, must be 1"},
    {"groups_zero", {{NODE(6) "groups", 0}}, .text = NODE(6) "groups: 0, must be 1"},
    {"window_padding_out_of_range", {{NODE(6) "padding_left", UINT32_MAX}}, .text = NODE(6) "padding_left: 42949"},
    {"kernel_is_not_the_filter's",
     {{NODE(6) "kernel_height", 3}},
     .text = NODE(6) "filter_id: the filter's dims are not the 8 x 3 x 8 x 2 of the attributes"},
    {"groups_are_not_the_filter's",
     {{NODE(6) "groups", 2}},
     .text = NODE(6) "filter_id: the filter's dims are not the 16 x 4 x 8 x 2 of the attributes"},
    {"group_channels_are_not_the_filter's",
     {{NODE(6) "group_input_channels", 1}},
     .text = NODE(6) "filter_id: the filter's dims are not the 8 x 4 x 8 x 1 of the attributes"},
    {"depthwise_with_more_input_channels",
     {{NODE(7) "group_input_channels", 2}},
     .text = NODE(7) "group_input_channels: 2, must be 1 in a depthwise convolution"},
    {"depthwise_groups_are_not_the_filter's",
     {{NODE(7) "groups", 4}},
     .text = NODE(7) "filter_id: the filter's dims are not the 1 x 8 x 8 x 4 of the attributes"},
    {"filter_of_another_rank",
     {{NODE(6) "filter_id", ID(BYTE_FILTER)}},
     .text = NODE(6) "filter_id: the filter's dims are not"},
    {"linear_filter_of_another_rank",
     {{NODE(1) "filter_id", ID(KERNEL)}},
     .text = NODE(1) "filter_id: a filter of rank 4, must be 2"},
    {"transposed_filter_quantized_along_inputs",
     {{NODE(1) "flags", 1}},
     .text = NODE(1) "filter_id: a filter quantized along dimension 0, its output channels are dimension 1"},
    {"bias_of_fewer_channels",
     {{NODE(5) "flags", 1}},
     .text = NODE(5) "bias_id: a bias of rank 1 and size 8 where the filter has 64 output channels"},
    {"filter_quantized_along_inputs",
     {{VALUE(14) "quant_params.channel_dim", 2}},
     .text = NODE(6) "filter_id: a filter quantized along dimension 2, its output channels are dimension 0"},
    {"clamp_upside_down",
     {{"xnodes[1].output_min_max.output_max", MINUS_TWO_BITS}},
     .text = "xnodes[1].output_min_max.output_min: clamp from -1 to -2"},
    {"clamp_to_nothing",
     {{"xnodes[1].output_min_max.output_max", NAN_BITS}},
     .text = "xnodes[1].output_min_max.output_min: clamp from -1 to nan"},
    /* 13: the frame */
    {"flatbuffer_offset", {{"@10:4", UINT32_MAX}}, .text = "header: a flatbuffer of"},
    {"flatbuffer_size", {{"@14:4", UINT32_MAX}}, .text = "header: a flatbuffer of 4294967295 bytes from 32 on"},
    {"flatbuffer_size_of_nothing", {{"@14:4", 7}}, .text = "root: 7 bytes are too few, at byte 32"},
    {"constants_begin_inside_the_flatbuffer", {{"@18:4", 40}}, .text = "header: constants of 0 bytes from 40 on"},
    {"constants_begin_outside", {{"@18:4", UINT32_MAX}}, .text = "header: constants of 0 bytes from 4294967295 on"},
    {"constants_size", {{"@22:8", UINT64_MAX}}, .text = "header: constants of 18446744073709551615 bytes"},
    {"identifier", {{"@36:1", 'Y'}}, .text = "root: the identifier is not XN01, at byte 36"},
    /* 15: scales that are no scales */
    {"scale_zero",
     {{VALUE(9) "quant_params.scale", 0}},
     .text = VALUE(9) "quant_params.scale: scale 0 is 0, must be finite and positive"},
    {"scale_nan", {{VALUE(9) "quant_params.scale", NAN_BITS}}, .text = VALUE(9) "quant_params.scale: scale 0 is nan"},
    {"scale_infinite",
     {{VALUE(9) "quant_params.scale", INFINITY_BITS}},
     .text = VALUE(9) "quant_params.scale: scale 0 is inf"},
    {"scale_negative",
     {{VALUE(9) "quant_params.scale", MINUS_ONE_BITS}},
     .text = VALUE(9) "quant_params.scale: scale 0 is -1"},
    {"inline_scale_nan",
     {{VALUE(7) "quant_params.scale[3]", NAN_BITS}},
     .text = VALUE(7) "quant_params.scale: scale 3 is nan"},
    /* constants behind the flatbuffer, and marks: what older exporters wrote */
    {"constant_offset_plus_size_overflow",
     {{"constant_data[1].offset", UINT64_MAX - 15}},
     .text = VALUE(3) "constant_buffer_idx: 32 bytes from 18446744073709551600 on end outside of 6144",
     .form = REGION},
    {"constant_beyond_its_region",
     {{"constant_data[1].offset", 6113}},
     .text = VALUE(3) "constant_buffer_idx: 32 bytes from 6113 on end outside of 6144",
     .form = REGION},
    {"constant_misaligned",
     {{"constant_data[1].offset", 1026}},
     .text = VALUE(3) "constant_buffer_idx: the data is not aligned for its type",
     .form = REGION},
    {"inlined_constant_shorter",
     {{"constant_buffer[1].storage.count", 31}},
     .text = VALUE(3) "constant_buffer_idx: constant of 31 bytes, its type and dims say 32",
     .form = INLINED},
    {"mark_of_another_type",
     {{VALUE(0) "dq_datatype", MICA_OPERAND_QUINT8}},
     .text = VALUE(0) "dq_datatype: 4: only float inputs are quantized at run time",
     .marked = true},
    {"mark_of_no_input",
     {{VALUE(0) "dq_datatype", MICA_OPERAND_QINT8}, {VALUE(0) "flags", 0}},
     .text = VALUE(0) "dq_datatype: 3: only float inputs are quantized at run time",
     .marked = true},
};

static struct places places_of(const struct payload *payload) {
    return places_find(payload->data, payload->data + payload->flatbuffer, &xnn_graph_schema);
}

static void refused(struct payload *payload, const char *text, mica_status expected) {
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    xnn_graph *graph = NULL;
    mica_error error = {0};
    assert_int_equal(open_payload(payload, payload->data, payload->size, &arena, &graph, &error), expected);
    static const char prefix[] = "payload: ";
    assert_memory_equal(error.text, prefix, sizeof prefix - 1);
    const char *const found = error.text + sizeof prefix - 1;
    if (strncmp(found, text, strlen(text)) != 0) fail_msg("%s\nwhere this was expected: %s", found, text);
    assert_non_null(strstr(error.text, ", at byte "));
    arena_free(&arena);
}

static void a_damage_is_refused(void **state) {
    const struct damage *const damage = *state;
    struct payload payload = whole_payload(damage->form, damage->marked);
    const struct places places = places_of(&payload);
    for (size_t i = 0; i < 2 && damage->edits[i].path; i++) places_edit(&places, payload.data, damage->edits[i]);
    refused(&payload, damage->text, damage->status ? damage->status : MICA_ERROR_FORMAT);
    free(places.list);
    free(payload.data);
}

static void scales_in_constants_are_checked(void **state) {
    (void)state;
    static const float bad[] = {0, -0.0f, -1, INFINITY, NAN};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct payload payload = whole_payload(NAMED, false);
        constant_scales[7] = bad[i];
        refused(&payload, VALUE(2) "quant_params.scale: scale 7 is ", MICA_ERROR_FORMAT);
        fill_constants();
        constant_block_scales[15] = bf16_of_float(bad[i]);
        refused(&payload, VALUE(5) "quant_params.scale: scale 15 is ", MICA_ERROR_FORMAT);
        free(payload.data);
    }
}

/* Weights that are in no file given are no damage: the graph opens, and names them. */
static void missing_named_data_is_named(void **state) {
    (void)state;
    struct payload payload = whole_payload(NAMED, false);
    for (size_t i = 0; i < C_COUNT - 1; i++) payload.named[i].key = "other";
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    xnn_graph *graph = NULL;
    mica_error error = {0};
    assert_int_equal(open_payload(&payload, payload.data, payload.size, &arena, &graph, &error), MICA_OK);
    size_t seen[C_COUNT] = {0};
    for (const xnn_missing *missing = graph->missing; missing; missing = missing->next) {
        for (size_t i = C_FLOATS; i < C_COUNT; i++) seen[i] += strcmp(missing->key, constant_table[i].key) == 0;
    }
    for (size_t i = C_FLOATS; i < C_COUNT; i++) assert_true(seen[i] > 0);
    arena_free(&arena);
    free(payload.data);
}

/* A payload that stands one byte off: its own lists are no longer aligned. */
static void misaligned_lists_are_refused(void **state) {
    (void)state;
    struct payload payload = whole_payload(NAMED, false);
    uint8_t *const aligned = payload.data;
    payload.data = malloc(payload.size + 1);
    memcpy(++payload.data, aligned, payload.size);
    refused(&payload, VALUE(7) "quant_params.scale: not aligned for its type", MICA_ERROR_FORMAT);
    free(payload.data - 1);
    free(aligned);
}

/* Scales are read once for each value that names them: that must stay linear in what the file holds. */
static void shared_scales_are_limited(void **state) {
    (void)state;
    struct payload payload = whole_payload(NAMED, false);
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    xnn_graph *graph = NULL;
    mica_error error = {0};
    payload.program = (pte_program){.file_size = 3, .named_data = payload.named, .named_data_count = C_COUNT - 1};
    assert_int_equal(xnn_open(&payload.program, payload.data, payload.size, &arena, &graph, &error),
                     MICA_ERROR_FORMAT);
    assert_non_null(strstr(error.text, "too many values share scales"));
    arena_free(&arena);
    free(payload.data);
}

/* ---- damage of all kinds: an error with a place, or a graph that is sound ---- */

static size_t sound, refusals;

static void count(mica_status status, const mica_error *error) {
    if (status == MICA_OK) {
        sound++;
    } else {
        if (!strstr(error->text, "at byte ")) fail_msg("no place in: %s", error->text);
        refusals++;
    }
}

static void open_damaged(uint8_t *bytes, size_t size, void *user) {
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    xnn_graph *graph = NULL;
    mica_error error = {0};
    const mica_status status = open_payload(user, bytes, size, &arena, &graph, &error);
    if (status == MICA_OK) check_graph(graph);
    count(status, &error);
    arena_free(&arena);
}

static void every_field_may_be_anything(void **state) {
    (void)state;
    for (constant_form form = NAMED; form <= INLINED; form++) {
        struct payload payload = whole_payload(form, false);
        const struct places places = places_of(&payload);
        sound = refusals = 0;
        assert_true(places_damage(&places, payload.size, form, open_damaged, &payload) > 5000);
        assert_true(refusals > 1000 && sound > 100);
        free(places.list);
        free(payload.data);
    }
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    struct payload payload = whole_payload(REGION, false);
    sound = 0;
    for (size_t size = 0; size < payload.size; size += 7) {
        uint8_t *const cut = malloc(size + !size);
        memcpy(cut, payload.data, size);
        open_damaged(cut, size, &payload);
        free(cut);
    }
    assert_int_equal(sound, 0);
    free(payload.data);
}

/* A whole real file: its program, then each payload that it still has. */
static void open_damaged_file(uint8_t *bytes, size_t size, void *user) {
    (void)user;
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    mica_error error = {0};
    pte_program *program = NULL;
    mica_status status = pte_open(bytes, size, NULL, 0, &arena, &program, &error);
    if (status == MICA_OK) check_program(program);
    const size_t delegates = status == MICA_OK ? program->methods[0].delegate_count : 0;
    for (size_t d = 0; d < delegates && status == MICA_OK; d++) {
        const pte_delegate *const delegate = &program->methods[0].delegates[d];
        xnn_graph *graph = NULL;
        status = xnn_open(program, delegate->payload, delegate->payload_size, &arena, &graph, &error);
        if (status == MICA_OK) check_graph(graph);
    }
    count(status, &error);
    arena_free(&arena);
}

static void damage_sample(const char *folder) {
    struct sample sample;
    char path[512];
    snprintf(path, sizeof path, MICA_TEST_DATA "/cases/%s", folder);
    sample_open(&sample, path);
    const uint8_t *const file = sample.model.data;
    struct places places = places_find(file, file, &pte_program_schema);
    sound = refusals = 0;
    places_damage(&places, sample.model.size, 3, open_damaged_file, NULL);
    free(places.list);
    for (size_t d = 0; d < sample.program->methods[0].delegate_count; d++) {
        const uint8_t *const payload = sample.program->methods[0].delegates[d].payload;
        places = places_find(file, payload + bytes_u32(payload + 10), &xnn_graph_schema);
        for (size_t at = 0; at < 32; at++) places_add(&places, path_of("header"), payload + at, 1);
        places_damage(&places, sample.model.size, 4, open_damaged_file, NULL);
        free(places.list);
    }
    assert_true(refusals > 500 && sound > 100);
    for (size_t size = 0; size < sample.model.size; size += 64) {
        uint8_t *const cut = malloc(size + !size);
        memcpy(cut, file, size);
        open_damaged_file(cut, size, NULL);
        free(cut);
    }
    sample_close(&sample);
}

static void real_files_may_hold_anything(void **state) {
    (void)state;
    damage_sample("linear/qp8_f32_qb4w_g32_5x96x33");
    damage_sample("linear/pqs8_qc8w_3x37x19");
    damage_sample("conv2d/qs8_pc_dw3_stride2_c9");
    damage_sample("bmm/pf32_transposed_b_2x6x24x10");
    damage_sample("graph/cond_on_data");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_in_constants_are_checked), cmocka_unit_test(missing_named_data_is_named),
        cmocka_unit_test(misaligned_lists_are_refused),    cmocka_unit_test(shared_scales_are_limited),
        cmocka_unit_test(every_field_may_be_anything),     cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(real_files_may_hold_anything),
    };
    struct CMUnitTest checklist[sizeof damages / sizeof *damages];
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        checklist[i] = (struct CMUnitTest){damages[i].name, a_damage_is_refused, NULL, NULL, (void *)&damages[i]};
    }
    const int failures = cmocka_run_group_tests(checklist, NULL, NULL);
    return failures + cmocka_run_group_tests(tests, NULL, NULL);
}
