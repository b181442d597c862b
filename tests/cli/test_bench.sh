# SPDX-License-Identifier: Apache-2.0
# mica bench: the rows that it prints. No time is judged.
. "$(dirname "$0")/harness.sh"
short='--num-executions 20 --warmup 0 --cpu-threads 1'
linear=$cases/linear/pf32_1x256x256

for key in name variant kernel threads p50_us min_us p90_us gops load_ms first_ms added_rss_mb; do
    expect 0 "\"$key\": " bench "$linear/model.pte" $short --format json
done
expect 0 '"ratio": ' bench "$linear/model.pte" $short --compare standard --format json
expect 0 '^node' bench "$linear/model.pte" $short --per-node --columns node,name,p50_us
expect 0 'Fully Connected' bench "$linear/model.pte" $short --per-node
expect 0 "$(printf '20\t2')" bench "$linear/model.pte" --num-executions 20 --cpu-threads 1,2 --format tsv --columns executions,threads
expect 0 'pf32' bench "$linear/model.pte" "$cases/linear/pf16_1x256x256/model.pte" $short
expect 0 '' bench "$linear/model.pte" $short --input "$linear/input_0.bin" --expect "$linear/output_0.bin"
expect 1 'differs' bench "$linear/model.pte" $short --input "$linear/input_0.bin" --expect "$linear/input_0.bin"
expect 1 'not accelerated' bench "$linear/model.pte" $short --kernels standard --require-accelerated
expect 1 'No such file' bench "$linear/model.pte" "$tmp/none.pte" $short
check 'what was measured before a failure is printed' grep -q model.pte "$tmp/out"
expect 0 'linear/pf32_1x256x256' bench --cases "$cases/cases.tsv" --match 'linear/pf32_1x*' $short --compare reference --per-node

# One operator of every kind and variant.
for variant in pf32 pf16 qp8_f32_qc8w qp8_f32_qc4w qp8_f32_qb4w pqs8_qc8w; do
    expect 0 'linear 3x64x17' bench --op linear --variant ${variant}_gemm --shape 3x64x17 $short
done
for variant in pf32 pf16; do expect 0 'matmul 2x3x20x5' bench --op matmul --variant ${variant}_gemm --shape 2x3x20x5 $short; done
for variant in pf32 pqs8_qc8w; do
    expect 0 'conv2d 1x4x9x9x6' bench --op conv2d --variant ${variant}_gemm --shape 1x4x9x9x6 --kernel 3 --stride 2 --padding 1 \
        --dilation 2 --groups 2 $short
done
expect 0 '^linear 1x8x8$' bench --op linear --shape 1x8x8 --shape 2x8x8 $short --format csv --columns name
finish
