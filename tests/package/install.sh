# SPDX-License-Identifier: Apache-2.0
# install.sh CC CMAKE BUILD SOURCES: installs into an empty folder and builds the README's example with what is there: by
# hand, through pkg-config and through find_package; every one runs a real model.
set -e
cc=$1 cmake=$2 build=$3 sources=$4
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

"$cmake" --install "$build" --prefix "$tmp/first" >/dev/null
mv first moved # an installed tree may be moved
lib=$(dirname "$(find "$tmp/moved" -name libmica.a)")
awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$sources/README.md" >app.c

model=$sources/tests/data/cases/linear/pf32_3x37x19
runs() { # PROGRAM: prints the first outputs for an input of ones
    "$1" "$model/model.pte" >"$1.out"
    cmp "$1.out" "$tmp/by_hand.out"
}
flags='-std=c11 -Wall -Wextra -Werror'
"$cc" $flags app.c -Imoved/include "$lib/libmica.a" -lm -lpthread -o by_hand
./by_hand "$model/model.pte" >by_hand.out
grep -q . by_hand.out
if nm by_hand | grep -E ' [TDBRVW] ' | awk '{ print $3 }' | grep -E '^(pte|xnn|gemm|graph|arena|pool|op|error)_'; then
    echo "FAIL: names of the inside are global"
    exit 1
fi

export PKG_CONFIG_PATH="$lib/pkgconfig"
"$cc" $flags app.c $(pkg-config --cflags --libs mica) -Wl,-rpath,"$lib" -o by_pkg_config
runs ./by_pkg_config
ldd by_pkg_config | grep -q "moved.*libmica.so"

cat >CMakeLists.txt <<'EOF'
cmake_minimum_required(VERSION 3.25)
project(app C)
find_package(mica 0.1 REQUIRED)
add_executable(with_static app.c)
target_link_libraries(with_static mica::mica)
add_executable(with_shared app.c)
target_link_libraries(with_shared mica::shared)
EOF
"$cmake" -B app -DCMAKE_PREFIX_PATH="$tmp/moved" -DCMAKE_C_COMPILER="$cc" >/dev/null
"$cmake" --build app >/dev/null
cp app/with_static app/with_shared .
runs ./with_static
runs ./with_shared

[ "$(moved/bin/mica --version)" = "mica $(pkg-config --modversion mica)" ]
