# SPDX-License-Identifier: Apache-2.0
# Every case with every choice of kernels and every instruction set that this CPU has: the real runtime's answers.
# MICA_FIXTURES names a larger collection, which is then run as well.
. "$(dirname "$0")/harness.sh"

isas=$("$mica" cpu --format json | awk '/"name"/ { gsub(/[",]/, ""); name = $2 }
    /"available"/ { if (name && $2 == "true") print name; name = "" }')
run_all() { # INDEX
    for kernels in auto standard reference; do
        expect 0 ' 0 failed' run --cases "$1" --kernels $kernels --cpu-threads 2
    done
    expect 0 ' 0 failed' run --cases "$1" --fuse off
    for isa in $isas; do
        expect 0 ' 0 failed' run --cases "$1" --isa "$isa" --cpu-threads 1
    done
}

check 'this CPU has an instruction set' test -n "$isas"
run_all "$cases/cases.tsv"
run_all "${cases%/*}/own/dynamic/cases.tsv"
expect 0 " 0 failed" run --cases "${cases%/*}/own/methods/cases.tsv"
[ -z "$MICA_FIXTURES" ] || run_all "$MICA_FIXTURES/cases.tsv"
finish
