# SPDX-License-Identifier: Apache-2.0
# mica run on real programs with the real runtime's answers.
. "$(dirname "$0")/harness.sh"
linear=$cases/linear/pf32_1x256x256

# Whatever the kernels, the thread count and the fusion, the answers are the real runtime's.
for how in '--kernels auto' '--kernels standard' '--kernels reference' '--cpu-threads 1' '--fuse off' '--isa reference'; do
    expect 0 ' 0 failed' run --cases "$cases/cases.tsv" --match 'linear/*' --match '!*extreme*' $how
done
expect 0 ' 0 failed' run --cases "$cases/cases.tsv" --match tutorial --match '!v1.0/*' --verbose
check 'a line for each case with --verbose' sh -c "[ \$(grep -c ^pass '$tmp/out') -ge 9 ]"
expect 1 'no case matches' run --cases "$cases/cases.tsv" --match nothing

# An index whose answers are wrong: a line for each call that fails, a count, and status 1.
sed -n '/^pf32_1x256x256\tlinear/s/output_0.bin/input_0.bin/p' "$cases/cases.tsv" >"$tmp/wrong.tsv"
ln -s "$cases/linear" "$tmp/linear"
expect 1 '1 of 1 calls failed' run --cases "$tmp/wrong.tsv"
check 'the failing case is named' grep -q 'FAIL *linear/pf32_1x256x256' "$tmp/out"
check 'the count is printed' grep -q '1 calls, 0 passed, 1 failed' "$tmp/out"

# One model: inputs from files, outputs to files, compared.
expect 0 'f32 *1x256' run "$linear/model.pte" --input "$linear/input_0.bin" --output-dir "$tmp/out_npy"
expect 0 'yes' run "$linear/model.pte" --input "$linear/input_0.bin" --expect "$tmp/out_npy/output_0.npy" --atol 0 --rtol 0
expect 0 'yes' run "$linear/model.pte" --input "$linear/input_0.bin:1x256" --expect "$linear/output_0.bin"
expect 1 'differs from' run "$linear/model.pte" --input "$linear/input_0.bin" --expect "$linear/input_0.bin"
check 'the table comes before the failure' grep -q 'no$' "$tmp/out"
expect 0 'f32' run "$linear/model.pte" --input "$linear/input_0.bin" --output-dir "$tmp/out_bin" --output-format bin
check 'a .bin has only the values' sh -c "[ \$(wc -c <'$tmp/out_bin/output_0.bin') -eq 1024 ]"
check '.npy and .bin hold the same' sh -c "tail -c 1024 '$tmp/out_npy/output_0.npy' | cmp - '$tmp/out_bin/output_0.bin'"
expect 0 '"values": \[' run "$linear/model.pte" --print-outputs --format json
expect 0 '^0,0,f32,1x256,' run "$linear/model.pte" --format csv

# Several calls of one loaded method; drawn inputs depend on the seed and on nothing else.
expect 0 '^ *1 ' run "$linear/model.pte" --input "$linear/input_0.bin" --expect "$linear/output_0.bin" \
    --call --input "$linear/input_0.bin" --expect "$linear/output_0.bin" --output-dir "$tmp/calls"
check 'outputs of further calls' cmp "$tmp/calls/output_0.npy" "$tmp/calls/call1_output_0.npy"
expect 0 f32 run "$linear/model.pte" --seed 7 --output-dir "$tmp/seed_a"
expect 0 f32 run "$linear/model.pte" --seed 7 --output-dir "$tmp/seed_b" --num-executions 5 --warmup 2
expect 0 f32 run "$linear/model.pte" --seed 8 --output-dir "$tmp/seed_c"
check 'the same seed' cmp "$tmp/seed_a/output_0.npy" "$tmp/seed_b/output_0.npy"
cmp -s "$tmp/seed_a/output_0.npy" "$tmp/seed_c/output_0.npy" && wrong 'run (another seed, the same output)'

# Scalar inputs as literals and as files.
scalars=$cases/graph/scalar_inputs_int_float_bool
if [ -d "$scalars" ]; then
    expect 0 yes run "$scalars/model.pte" --input "$scalars/input_0.bin" --input "$scalars/input_1.bin" \
        --input "$scalars/input_2.bin" --input "$scalars/input_3.bin" --expect "$scalars/output_0.bin"
    expect 2 "'x' is no whole number" run "$scalars/model.pte" --input "$scalars/input_0.bin" --input x --input 1 --input 1
fi

# The reference runner's spellings, with and without the word run.
expect 0 f32 run -model_path "$linear/model.pte" -num_executions 10 -cpu_threads 1
expect 0 f32 run --model_path="$linear/model.pte" --num_executions=2
expect 0 f32 -num_executions=2 -model_path "$linear/model.pte" -cpu_threads=2

# Wrong files and wrong counts.
printf 'short' >"$tmp/short.bin"
printf '\223NUMPY' >"$tmp/cut.npy"
expect 1 'short.bin: 5 bytes, where f32 1x256 takes 1024' run "$linear/model.pte" --input "$tmp/short.bin"
expect 1 'cut.npy: it is not an .npy file' run "$linear/model.pte" --input "$tmp/cut.npy"
expect 1 'none.npy: No such file' run "$linear/model.pte" --input "$tmp/none.npy"
expect 1 'more than' run "$linear/model.pte" --input /dev/zero
expect 2 'takes 1 inputs, not 2' run "$linear/model.pte" --input a --input b
expect 2 'gives 1 outputs' run "$linear/model.pte" --expect a --expect b
expect 1 "no method 'backward'" run "$linear/model.pte" --method backward
expect 1 'cases.tsv: ' run "$cases/cases.tsv"
head -c 500 "$linear/model.pte" >"$tmp/cut.pte"
expect 1 'cut.pte: ' run "$tmp/cut.pte"
expect 1 'cut.pte: ' info "$tmp/cut.pte"

# --check: a row per node in every format, for all methods, several calls and executions.
methods=$cases/graph/methods_forward_encode_decode
expect 0 'FullyConnected.*yes$' run "$linear/model.pte" --check --input "$linear/input_0.bin"
expect 0 '"inside": true' run "$linear/model.pte" --check --format json --num-executions 3 --warmup 1
expect 0 '^forward,1,0,FullyConnected,' run "$linear/model.pte" --check --format csv --seed 3 --call
expect 0 '^decode.0' run "$methods/model.pte" --check --format tsv
check 'all methods are checked' sh -c "[ \$(cut -f1 '$tmp/out' | sort -u | wc -l) -eq 4 ]"
expect 0 '^encode$' run "$methods/model.pte" --check --method encode --format tsv --columns method
expect 2 '--check compares' run "$linear/model.pte" --check --expect "$linear/output_0.bin"

# Packed weights in a file: written, found, and when damaged neither used nor an error.
answer="--input $linear/input_0.bin --expect $linear/output_0.bin --weights-cache $tmp/weights --verbose"
expect 0 'yes' run "$linear/model.pte" $answer
check 'the cache is written' grep -q 'weights: written' "$tmp/err"
expect 0 'yes' run "$linear/model.pte" $answer
check 'nothing is packed' grep -q ' 0.00 MB packed' "$tmp/err"
printf 'damage' | dd of="$tmp/weights" bs=1 seek=20000 conv=notrunc 2>/dev/null
expect 0 'yes' run "$linear/model.pte" $answer
check 'damage is told' grep -q 'weights: is damaged' "$tmp/err"
expect 0 'added' bench "$linear/model.pte" --num-executions 1 --weights-cache "$tmp/weights" --quiet

# --quiet leaves nothing on standard error.
"$mica" run "$linear/model.pte" --quiet >"$tmp/out" 2>"$tmp/err"
check 'quiet' test ! -s "$tmp/err"
# Means that are what rounding left are judged by what was added up.
expect 0 ' yes$' run "$2/tests/data/own/norms.pte" --check
finish
