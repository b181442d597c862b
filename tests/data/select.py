#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Copies the chosen subset of the fixtures that MICA_FIXTURES names into tests/data/cases (see README.md there)."""
import os
import pathlib
import shutil

CORE = ("linear", "conv2d", "bmm", "v1.0")  # groups taken whole, but for large cases
CORE_LIMIT = 17 * 1024  # bytes of program, weights, inputs and outputs of one case
MORE = """
graph/bool_uint8_int8_in graph/cond_on_data graph/dynamic_batch_mlp_dyn8 graph/dynamic_batch_mlp_f32
graph/dynamic_batch_mlp_qb4w graph/dynamic_batch_mlp_static8 graph/dynamic_bmm graph/dynamic_cat_two_inputs
graph/empty_tensor graph/external_data_delegate_linear graph/external_data_portable_linear
graph/methods_forward_encode_decode graph/mixed_many_delegates graph/mixed_two_delegates graph/nested_inputs_outputs
graph/output_is_input_and_constant graph/per_op_delegates graph/repeated_output graph/scalar_inputs_int_float_bool
graph/shared_weights_two_linears graph/state_counter_portable graph/state_recurrent_copy_initialised
graph/zero_dim_tensors ops/add_f32 ops/mul_qs8 ops/max_pool_k3_s2_p1_f32 ops/softmax_f32
""".split()
RECORDS = """
linear/pf32_3x37x19 linear/pf16_3x37x19 linear/pqs8_qc8w_3x37x19 linear/qp8_f32_qc8w_3x37x19
linear/qp8_f32_qb4w_g32_5x96x33 conv2d/pf32_pointwise_3to2_16x16 conv2d/pqs8_3to6_k3_16x16_pertensor
conv2d/f32_conv1d_k3_s2 bmm/pf32_broadcast_2x3_by_1 v1.0/conv2d_pf32_pointwise graph/mixed_two_delegates
""".split()  # an ETRecord weighs more than its program: these few

source = pathlib.Path(os.environ["MICA_FIXTURES"])
here = pathlib.Path(__file__).parent
lines = (source / "cases.tsv").read_text().splitlines(keepends=True)


def size(files):
    return sum(file.stat().st_size for file in files)


def needed(folder):
    return [file for file in sorted(folder.iterdir()) if file.suffix in (".pte", ".ptd", ".bin")]


def traces(path):
    names = ["runtime.etdump", "inspector.tsv"] + ["model.etrecord"] * (path in RECORDS)
    return [source / path / name for name in names if (source / path / name).exists()]


def chosen(path, tags):
    group = path.split("/")[0]
    tutorial = "tutorial" in tags and group != "v1.0"
    return path in MORE or tutorial or group in CORE and size(needed(source / path)) <= CORE_LIMIT


shutil.rmtree(here / "cases", ignore_errors=True)
index = [lines[0]]
for line in lines[1:]:
    path, tags = line.split("\t")[1], line.rstrip("\n").split("\t")[11].split(",")
    if not chosen(path, tags):
        continue
    index.append(line)
    target = here / "cases" / path
    target.mkdir(parents=True, exist_ok=True)
    for file in needed(source / path) + traces(path):
        shutil.copyfile(file, target / file.name)
(here / "cases/cases.tsv").write_text("".join(index))
everything = [file for file in (here / "cases").rglob("*") if file.is_file()]
print(f"{len(index) - 1} calls, {len(everything)} files, {size(everything)} bytes")
