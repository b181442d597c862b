# SPDX-License-Identifier: Apache-2.0
# headers.sh CC SOURCES: each public header compiles alone, as C11 and as C++11, without a warning.
cc=$1
warnings='-Wall -Wextra -Wpedantic -Werror -fsyntax-only'
failed=0
for header in "$2"/include/mica/*.h; do
    name=mica/$(basename "$header")
    echo "#include <$name>" | "$cc" -x c -std=c11 -Wstrict-prototypes $warnings -I"$2/include" - || failed=1
    echo "#include <$name>" | c++ -x c++ -std=c++11 $warnings -I"$2/include" - || failed=1
done
exit $failed
