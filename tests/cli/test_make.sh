# SPDX-License-Identifier: Apache-2.0
# Models made and nodes extracted from outside: they run, and what is impossible leaves nothing behind.
. "$(dirname "$0")/harness.sh"

check 'make --all' "$mica" make --all -o "$tmp/all"
check 'nine models and their records' sh -c "[ \$(ls '$tmp/all' | wc -l) -eq 18 ]"
for model in "$tmp"/all/*.pte; do
    expect 0 'executed 1 times' run "$model"
    check "explain $model" "$mica" explain "$model" --require-accelerated --isa avx512vnni
done

cat >"$tmp/net.txt" <<'END'
x = input 1x3x16x16 dynamic=yes # a comment
conv2d channels=8 kernel=3 padding=1 act=relu quant=static
y = depthwise kernel=3 padding=1 quant=static
conv2d channels=8 quant=per-tensor
add y
maxpool
flatten
linear n=32 quant=dynamic
output
linear n=10 quant=int4
softmax
output
END
check 'make chain' "$mica" make chain "$tmp/net.txt" -o "$tmp/net.pte"
expect 0 '1  *f32  *1x10' run "$tmp/net.pte"
for node in 1 2 4; do
    check "extract $node" "$mica" extract "$tmp/net.pte" --node "$node" -o "$tmp/one.pte"
    expect 0 'executed 1 times' run "$tmp/one.pte" --etdump-path "$tmp/one.etdump"
    expect 0 'aten\.' inspect "$tmp/one.etdump" --etrecord "$tmp/one.etrecord"
done
cat >"$tmp/two.txt" <<'END'
a = input 2x8
b = input 2x8 dynamic=yes
linear n=8 quant=static
add a
END
npy() { # SHAPE BYTES: a file of zeros
    { printf '\223NUMPY\001\000v\000'; printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': ($1), }"; head -c "$2" /dev/zero; }
}
npy '2, 8' 64 >"$tmp/a.npy"
npy '1, 8' 32 >"$tmp/b.npy"
check 'samples' "$mica" make chain "$tmp/two.txt" -o "$tmp/two.pte" --calibration "$tmp/a.npy,$tmp/b.npy" \
    --calibration "$tmp/a.npy,$tmp/a.npy"
expect 2 '\-\-calibration: 1 tensors for 2 inputs' make chain "$tmp/two.txt" -o "$tmp/one.pte" --calibration "$tmp/a.npy"
expect 2 'more than one file for each' make chain "$tmp/two.txt" -o "$tmp/one.pte" \
    --calibration "$tmp/a.npy,$tmp/a.npy,$tmp/a.npy"
expect 2 'another shape' make chain "$tmp/two.txt" -o "$tmp/one.pte" --calibration "$tmp/b.npy,$tmp/b.npy"
expect 2 'pqs8_qc8w_gemm' make linear --calibration "$tmp/a.npy" -o "$tmp/one.pte"
rm -f "$tmp"/one.*
expect 1 '999 of' extract "$tmp/net.pte" --node 999 -o "$tmp/one.pte"
expect 1 'exists only inside of its delegate' extract "$cases/linear/qp8_f32_qc8w_3x37x19/model.pte" --node 0 -o "$tmp/one.pte"
expect 1 'nowhere/one.pte: cannot be written' extract "$tmp/net.pte" --node 2 -o "$tmp/nowhere/one.pte"
expect 2 'which node' extract "$tmp/net.pte" -o "$tmp/one.pte"

# The language: every operator stands in --help and in the documents; all lines of the example there are run.
"$mica" make --help >"$tmp/help"
for word in $(sed -n 's/^    {"\([a-z0-9]*\)", \(add\|go\)_.*/\1/p' "$2/tools/mica/make_chain.c"); do
    check "$word in --help" grep -qw "$word" "$tmp/help"
    check "$word in docs/make.md" grep -qw "$word" "$2/docs/make.md"
done
sed -n '/^  x = input/,/^  softmax/p' "$tmp/help" >"$tmp/example.txt"
check 'the example of --help' "$mica" make chain "$tmp/example.txt" -o "$tmp/example.pte"
expect 0 '1x10' run "$tmp/example.pte"
sed -n '/^x = input/,/^softmax/p' "$2/docs/make.md" >"$tmp/example.txt"
check 'the example of docs/make.md' "$mica" make chain "$tmp/example.txt" -o "$tmp/example.pte"
expect 0 '1x10' run "$tmp/example.pte"

echo 'linear n=3' >"$tmp/bad.txt"
expect 2 'bad.txt: line 1: the first line must be an input' make chain "$tmp/bad.txt" -o "$tmp/one.pte"
printf 'input 1x3\nlinear n=3 colour=red\n' >"$tmp/bad.txt"
expect 2 'line 2: linear does not take all' make chain "$tmp/bad.txt" -o "$tmp/one.pte"
printf 'input 1x3\nadd z\n' >"$tmp/bad.txt"
expect 2 "line 2: no value is called 'z'" make chain "$tmp/bad.txt" -o "$tmp/one.pte"

expect 2 '\-\-group-size: 32 is no multiple' make linear --variant qp8_f32_qb4w_gemm --k 100 -o "$tmp/one.pte"
expect 2 '\-\-k: 33 is odd' make linear --variant qp8_f32_qb4w_gemm --k 33 -o "$tmp/one.pte"
expect 2 '\-\-k: 33 is odd' make linear --variant qp8_f32_qc4w_gemm --k 33 -o "$tmp/one.pte"
expect 2 '\-\-k takes' make linear --k 0 -o "$tmp/one.pte"
expect 2 'more than' make linear --m 99999999999 -o "$tmp/one.pte"
expect 2 '\-\-kernel: it reaches over 17' make conv2d --kernel 17 -o "$tmp/one.pte"
expect 2 '\-\-groups: 2 does not divide 3' make conv2d --groups 2 -o "$tmp/one.pte"
expect 2 '\-\-variant: conv2d has no' make conv2d --variant qp8_f32_qb4w_gemm -o "$tmp/one.pte"
expect 2 '\-\-weights: ' make linear --weights "$tmp/net.txt" -o "$tmp/one.pte"
expect 2 '\-\-k: 33 is odd' make linear --variant qp8_f32_qb4w_gemm --k 33 --group-size 33 -o "$tmp/one.pte"
for option in batch in-channels out-channels height width kernel stride dilation groups; do
    expect 2 "\-\-$option" make conv2d --$option 0 -o "$tmp/one.pte"
done
expect 2 '\-\-kernel: it reaches over 31' make conv2d --kernel 16 --dilation 2 -o "$tmp/one.pte"
expect 2 '\-\-padding: 70000, at most' make conv2d --padding 70000 -o "$tmp/one.pte"
expect 2 '\-\-stride: 70000, at most' make conv2d --stride 70000 -o "$tmp/one.pte"
expect 2 '\-\-groups: 3 does not divide 4' make conv2d --groups 3 --out-channels 4 -o "$tmp/one.pte"
expect 2 'more than' make conv2d --height 99999999999 --width 99999999999 -o "$tmp/one.pte"
expect 2 '\-\-weights: more than' make linear --k 100000 --n 99999999999 -o "$tmp/one.pte"
expect 2 '\-\-m takes' make matmul --m 0 -o "$tmp/one.pte"
expect 2 '\-\-n takes' make matmul --n 99999999999999999999 -o "$tmp/one.pte"
expect 2 '\-\-dynamic-batch takes' make linear --dynamic-batch 0 -o "$tmp/one.pte"
expect 2 '\-\-per-tensor: only' make linear --per-tensor -o "$tmp/one.pte"
expect 2 '\-\-variant' make matmul --variant pqs8_qc8w_gemm -o "$tmp/one.pte"
expect 1 "nowhere/one.pte: cannot be written: No such file" make linear -o "$tmp/nowhere/one.pte"
expect 1 'cannot be written: No space left' make linear -o /dev/full

check 'a pipe' sh -c "'$mica' make linear -o /dev/stdout | cmp - '$tmp/all/linear_model_pf32_gemm.pte' && [ ! -e /dev/stdout.etrecord ]"

# Where the disk is full, or the run is killed, there is what was there.
check 'make linear' "$mica" make linear -o "$tmp/kept.pte"
cp "$tmp/kept.pte" "$tmp/kept"
cp "$tmp/kept.etrecord" "$tmp/record"
(ulimit -f 8 && trap '' XFSZ && exec "$mica" make linear --k 512 -o "$tmp/kept.pte" 2>"$tmp/err")
check 'a full disk is an error' grep -q '^mica: .*kept.pte: cannot be written: File too large$' "$tmp/err"
check 'a full disk leaves the old model' cmp "$tmp/kept.pte" "$tmp/kept"
check 'and the old record' cmp "$tmp/kept.etrecord" "$tmp/record"
{ (ulimit -f 8 && exec "$mica" make linear --k 512 -o "$tmp/kept.pte"); } 2>/dev/null # dies of SIGXFSZ while it writes
check 'a killed run leaves the old model' cmp "$tmp/kept.pte" "$tmp/kept"
check 'and the old record, too' cmp "$tmp/kept.etrecord" "$tmp/record"
check 'no draft is left' sh -c "[ \$(ls '$tmp'/kept.* | wc -l) -eq 2 ]"
ln -s kept.pte "$tmp/link.pte"
check 'a link stays one' sh -c "'$mica' make linear --k 8 -o '$tmp/link.pte' && [ -L '$tmp/link.pte' ] && ! cmp -s '$tmp/kept.pte' '$tmp/kept'"
check 'files are for all whom umask allows' sh -c "umask 027 && '$mica' make linear -o '$tmp/mode.pte' && [ \$(stat -c %a '$tmp/mode.pte') = 640 ]"

# Weights apart, and test cases.
check 'external weights' "$mica" make linear --external-weights --bundle 2 -o "$tmp/apart.pte"
check 'four files' sh -c "[ \$(ls '$tmp'/apart.* | wc -l) -eq 4 ]"
expect 1 'external data is missing' run "$tmp/apart.pte"
expect 0 'executed 1 times' run "$tmp/apart.pte" --data-path "$tmp/apart.ptd"
expect 0 'executed 1 times' run "$tmp/apart.bpte" --data-path "$tmp/apart.ptd"
check 'nothing is left behind' sh -c "[ ! -e '$tmp/one.pte' ] && [ ! -e '$tmp/one.etrecord' ] && ! ls '$tmp' | grep -q '^one'"
finish
