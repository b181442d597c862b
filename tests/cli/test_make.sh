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
    expect 0 'executed 1 times' run "$tmp/one.pte"
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
rm -f "$tmp/one.pte"
expect 1 '999 of' extract "$tmp/net.pte" --node 999 -o "$tmp/one.pte"
expect 2 'which node' extract "$tmp/net.pte" -o "$tmp/one.pte"

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
expect 1 'No such file' make linear -o "$tmp/nowhere/one.pte"
check 'nothing is left behind' sh -c "[ ! -e '$tmp/one.pte' ] && [ ! -e '$tmp/one.etrecord' ] && ! ls '$tmp' | grep -q '^one'"
finish
