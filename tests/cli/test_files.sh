# SPDX-License-Identifier: Apache-2.0
# Programs with company: weights in a file beside them, test cases in the same file.
. "$(dirname "$0")/harness.sh"
bundled=$2/tests/data/own/bundled.bpte

# Without its .ptd a program can be looked at, and says what it lacks; with it, it runs.
for kind in delegate portable; do
    folder=$cases/graph/external_data_${kind}_linear
    data=$(echo "$folder"/*.ptd)
    expect 0 '^missing data of forward' info "$folder/model.pte"
    check 'what is missing is noted' grep -q 'cannot run, for want of external data [^,]*, ' "$tmp/err"
    expect 0 2x16 explain "$folder/model.pte"
    cp "$tmp/out" "$tmp/without"
    expect 0 2x16 explain "$folder/model.pte" --data-path "$data"
    check 'the same is explained' cmp "$tmp/out" "$tmp/without"
    expect 1 "external data is missing: '[^']*', '.* (of 0 .ptd files" run "$folder/model.pte"
    expect 1 'external data is missing' bench "$folder/model.pte"
    expect 0 yes run "$folder/model.pte" --data-path "$data" --input "$folder/input_0.bin" --expect "$folder/output_0.bin"
done
other=$(echo "$cases/graph/external_data_delegate_linear"/*.ptd)
expect 0 yes run "$folder/model.pte" --data-path "$data" --data-path "$other" --input "$folder/input_0.bin" --expect "$folder/output_0.bin"
expect 1 "of 1 .ptd files" run "$folder/model.pte" --data-path "$other"
expect 0 '"missing_data": \[$' info "$folder/model.pte" --format json
expect 0 '^forward.missing data.*2.bias' info "$folder/model.pte" --format tsv
expect 1 'no data file has the weights' extract "$cases/graph/external_data_delegate_linear/model.pte" --node 0 -o "$tmp/one.pte"

# All that Mica lacks is told at once: by info, and when the model is loaded.
LC_ALL=C sed -e 's/XnnpackBackend/AnotherBackend/g' -e 's/aten::cumsum/aten::cumsux/g' \
    "$cases/graph/mixed_many_delegates/model.pte" >"$tmp/lacking.pte"
expect 1 "Mica has no kernel for 'aten::cumsux.out'; Mica has no backend 'AnotherBackend'$" run "$tmp/lacking.pte"
expect 0 "AnotherBackend .* no .*Mica has no backend 'AnotherBackend'" info "$tmp/lacking.pte"
check 'what is missing is noted' grep -q 'for want of aten::cumsux.out, AnotherBackend$' "$tmp/err"
expect 1 "no backend 'AnotherBackend'" explain "$tmp/lacking.pte"

# A bundled program is a model, and verifies itself.
expect 0 '^4 cases, 4 passed, 0 failed' run "$bundled" --bundled
expect 0 '^forward,2,1,f32,5x6,0,yes,$' run "$bundled" --bundled --format csv
expect 0 '^1 cases' run "$bundled" --bundled --method best
cp "$bundled" "$tmp/wrong.bpte"
printf '\001' | dd of="$tmp/wrong.bpte" bs=1 seek=5632 conv=notrunc 2>/dev/null # an index that is expected of best
expect 1 '1 of 4 test cases failed' run "$tmp/wrong.bpte" --bundled
check 'the table comes before the failure' grep -q '^best .* 2  *no' "$tmp/out"
expect 1 'no test cases' run "$cases/linear/pf32_1x256x256/model.pte" --bundled
expect 0 5x4 run "$bundled"
expect 0 5x4 explain "$bundled"
expect 0 'output of best' info "$bundled"
expect 0 '^test cases of forward: 3' info "$bundled"
expect 0 "^file  *$(wc -c <"$bundled")$" info "$bundled"
expect 0 '^ *1  int  *3 ' info "$bundled"
expect 0 5x4 run "$bundled" --check

# The memory plan, in all formats.
# Two workspaces of 128 bytes are one: delegates share it.
expect 0 "^in all  *480 " info "$cases/graph/mixed_two_delegates/model.pte" --memory
expect 0 '^planned 0: values by offset' info "$bundled" --memory
expect 0 '^forward,delegate 0,[0-9]*,f32,5x4,0,80,0,' info "$bundled" --memory --format csv
expect 0 '"residents": \[' info "$bundled" --memory --format json
expect 1 'external data is missing' info "$folder/model.pte" --memory
finish
