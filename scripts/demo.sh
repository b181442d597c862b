#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The benchmark models are made and one is explained; then the main job: a real model of each row of the operator table is run and measured. For each node: which kernel, how fast,
# how much faster than the standard path, and how far the outputs are from those of the real ExecuTorch runtime.
set -e
mica=${1:-build/mica}
models=$(dirname "$mica")/models
"$mica" make --all -o "$models"
"$mica" explain "$models/qint8_conv2d_pqs8_qc8w_gemm.pte" --columns index,node_type,shapes,types,variant,kernel
cases=$(dirname "$0")/../tests/data/cases/cases.tsv
"$mica" run --cases "$cases" --match tutorial --match '!v1.0/*'
"$mica" bench --cases "$cases" --match tutorial --match '!v1.0/*' --per-node --compare standard --cpu-threads 1 \
    --min-seconds 0.1 --columns name,variant,kernel,p50_us,gops,standard_us,ratio,difference
