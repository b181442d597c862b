# SPDX-License-Identifier: Apache-2.0
# mica explain, info and cpu: what they say about real programs.
. "$(dirname "$0")/harness.sh"

# The nine rows of the operator table, predicted for a CPU that has every variant, on any machine.
variant_of() { # FOLDER VARIANT NODE_TYPE
    expect 0 "$(printf '%s\t%s' "$3" "$2")" explain "$cases/$1/model.pte" --isa sme2 --format tsv --columns node_type,variant
    expect 0 "$2" explain "$cases/$1/model.pte" --isa sme2 --require-accelerated
    expect 0 '"accelerated": true' explain "$cases/$1/model.pte" --isa sme2 --format json
}
variant_of linear/pf32_1x256x256 pf32_gemm FullyConnected
variant_of linear/pf16_1x256x256 pf16_gemm FullyConnected
variant_of linear/pqs8_qc8w_1x256x256 pqs8_qc8w_gemm FullyConnected
variant_of linear/qp8_f32_qc8w_1x256x256 qp8_f32_qc8w_gemm FullyConnected
variant_of linear/qp8_f32_qb4w_g32_1x256x256 qp8_f32_qb4w_gemm FullyConnected
variant_of conv2d/pf32_pointwise_3to2_16x16 pf32_gemm Conv2d
variant_of conv2d/pqs8_3to6_k3_16x16_pertensor pqs8_qc8w_gemm Conv2d
variant_of bmm/pf32_1x256x256x256 pf32_gemm BatchMatrixMultiply
variant_of bmm/pf16_1x256x256x256 pf16_gemm BatchMatrixMultiply

# Where there is no accelerated variant: why, and what would help.
expect 0 'not .*: .*\[.*\]' explain "$cases/conv2d/f32_k3_groups2/model.pte"
expect 0 '"remedy": "' explain "$cases/conv2d/f32_k3_groups2/model.pte" --format json
expect 1 'not accelerated' explain "$cases/conv2d/f32_k3_groups2/model.pte" --require-accelerated
expect 1 'not accelerated' explain "$cases/conv2d/f32_k3_groups2/model.pte" --require-accelerated='conv*'
expect 1 'no node matches' explain "$cases/conv2d/f32_k3_groups2/model.pte" --require-accelerated=Softmax
expect 1 'not accelerated' explain "$cases/linear/pf32_1x256x256/model.pte" --kernels standard --require-accelerated=FullyConnected

# info
expect 0 'XnnpackBackend' info "$cases/linear/pf32_1x256x256/model.pte"
expect 0 'input of forward' info "$cases/linear/pf32_1x256x256/model.pte"
expect 0 '"missing_operators": \[\]' info "$cases/linear/pf32_1x256x256/model.pte" --format json
expect 0 "$(printf 'forward\tinput\t0\t\tf32\t1x256')" info "$cases/linear/pf32_1x256x256/model.pte" --format tsv
expect 0 'encode' info "$cases/graph/methods_forward_encode_decode/model.pte"

# cpu
expect 0 'pf32_gemm_1x1_reference' cpu
expect 0 '^variant,kernel,isa,' cpu --format csv
expect 0 '"name": "DRAM"' cpu --measure --format json --cpu-threads 1
check 'every kernel is in the table once' sh -c "'$mica' cpu --format tsv | cut -f 2 | sort | uniq -d | grep . && exit 1 || exit 0"
finish
