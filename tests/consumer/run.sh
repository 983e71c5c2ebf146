#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs ATLAS into a fresh prefix and consumes it in every way that the README names.
#
#   sh tests/consumer/run.sh FOLDER        FOLDER is made anew; everything happens inside it
#
# ATLAS_RELEASE_BUILD  a build folder of the preset release, to install from in place of a new one
# An existing FOLDER is replaced only if it is empty or was made here, which the file .made-for-consumers in it says.
# Ends with the plain line 'N passed, N failed'; exits with 1 if anything failed.
set -u
if [ $# -ne 1 ] || [ -z "$1" ]; then
  echo "tests/consumer/run.sh: expected one folder" >&2
  exit 64
fi
mark=.made-for-consumers
mkdir -p "$1" && work=$(cd "$1" && pwd) || exit 1
if [ ! -e "$work/$mark" ] && [ -n "$(ls -A "$work")" ]; then
  echo "tests/consumer/run.sh: '$work' holds something that was not made here; remove it, or name another" >&2
  exit 1
fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
rm -rf "$work"
mkdir -p "$work" && : >"$work/$mark" || exit 1
prefix=$work/prefix
CXX=${CXX:-c++}
CC=${CC:-cc}
export CXX CC

# A line in the pipe for each core: who takes it may run, and puts it back.
mkfifo "$work/slots" && exec 3<>"$work/slots" || exit 1
for core in $(seq "$(nproc 2>/dev/null || echo 2)"); do echo "$core" >&3; done

# consume NAME COMMAND: runs COMMAND in a shell that stops at the first failure, in a folder of its own, beside others:
# each is one long compilation. Its exit code is in NAME.status once `wait` has returned.
names=
consume() {
  names="$names $1"
  mkdir -p "$work/$1"
  read -r core <&3
  {
    (cd "$work/$1" && sh -euc "$2") >"$work/$1.log" 2>&1 3>&-
    echo $? >"$work/$1.status"
    echo "$core" >&3
  } &
}
release=${ATLAS_RELEASE_BUILD:-}
if [ -n "$release" ] && ! release=$(cd "$release" && pwd); then exit 1; fi
export work here root prefix release

# --- the package ---------------------------------------------------------------------------------------
# The C library is compiled as few units here and below; that each of its files stands alone, cmake/check_sources.py proves.
consume install '
  if [ -z "$release" ]; then
    release=build
    cmake -G Ninja -S "$root" -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON \
      -DATLAS_BUILD_TESTS=OFF -DATLAS_BUILD_EXAMPLES=OFF -DATLAS_BUILD_BENCH=OFF
  fi
  cmake --build "$release" --target atlas_kernels atlas_c
  cmake --install "$release" --prefix "$prefix"'
wait
library=$(find "$prefix" -name 'libatlas.so.0' 2>/dev/null | head -n 1)
libdir=$(dirname "${library:-$prefix/lib/libatlas.so.0}")
PKG_CONFIG_PATH=$libdir/pkgconfig
LD_LIBRARY_PATH=$libdir
export library libdir PKG_CONFIG_PATH LD_LIBRARY_PATH

# The library says its name, shows nothing but the C ABI, and needs neither libhwy nor libxxhash.
consume shared_library '
  test -n "$library"
  readelf -d "$library" | grep -q "SONAME.*\[libatlas\.so\.0\]"
  if readelf -d "$library" | grep -E "NEEDED.*(libhwy|libxxhash|libstdc\+\+.*atlas)"; then exit 1; fi
  if nm -D --defined-only "$library" | grep -vE " (atlas_[a-z0-9_]+(@@?ATLAS_[0-9]+)?|ATLAS_[0-9.]+)$"; then exit 1; fi'
# No folder of the build machine and no flag of ours reaches a consumer.
consume exported_targets '
  if grep -rnE -- "[ ;\"](-W|-O|-m[a-z0-9])|$root" "$libdir/cmake/atlas" "$libdir/pkgconfig"; then exit 1; fi'

# --- CMake ---------------------------------------------------------------------------------------------
consume cmake_find_package '
  cmake -G Ninja -S "$here/find_package" -B . -DCMAKE_PREFIX_PATH="$prefix"
  cmake --build .
  ./linked
  ./header_only'
consume cmake_find_package_c '
  cmake -G Ninja -S "$here/find_package_c" -B . -DCMAKE_PREFIX_PATH="$prefix"
  cmake --build .
  ./consumer'
consume cmake_add_subdirectory '
  cmake -G Ninja -S "$here/add_subdirectory" -B . -DATLAS_FOLDER="$root" -DCMAKE_UNITY_BUILD=ON
  cmake --build .
  ./linked
  ./in_c'

# --- pkg-config, and the compiler alone ------------------------------------------------------------------
consume pkg_config '
  $CXX -std=c++20 -DEXPECT_LINK_KERNELS=1 "$here/consumer.cpp" $(pkg-config --cflags --libs atlas) -o linked
  ./linked'
consume pkg_config_header_only '
  $CXX -std=c++20 -DEXPECT_LINK_KERNELS=0 "$here/consumer.cpp" $(pkg-config --cflags --libs atlas-headers) -o header_only
  ./header_only'
consume pkg_config_c '
  $CC -std=c99 -pedantic -Wall -Werror "$here/consumer.c" $(pkg-config --cflags --libs atlas-c) -o in_c
  ./in_c'
consume pkg_config_moved_prefix '
  cp -R "$prefix" moved
  found=$(find moved -name atlas-c.pc)
  PKG_CONFIG_PATH=$(dirname "$found") pkg-config --cflags atlas-c | grep -q "moved/"'
# Alone, and beside another unit that includes the same headers.
consume bare_include '
  $CXX -std=c++20 -I"$root/include" -c "$here/consumer.cpp" -o consumer.o
  $CXX consumer.o -o header_only
  ./header_only
  printf "#include <atlas/hnsw.hpp>\n#include <atlas/distance.hpp>\n" >second.cpp
  $CXX -std=c++20 -I"$root/include" consumer.o second.cpp -o two_units
  ./two_units'
consume bare_include_with_kernels_unit '
  $CXX -std=c++20 -DATLAS_LINK_KERNELS=1 -I"$root/include" "$here/consumer.cpp" "$root/c_api/kernels.cpp" -o linked
  ./linked'

# --- Meson ---------------------------------------------------------------------------------------------
consume meson_dependency '
  meson setup . "$here/meson_dependency"
  meson test'
consume meson_subproject '
  cp -R "$here" source
  mkdir -p source/meson_subproject/subprojects
  ln -s "$root" source/meson_subproject/subprojects/atlas
  meson setup build source/meson_subproject -Dunity=on -Dunity_size=16
  meson test -C build --no-suite atlas'

# --- Python ----------------------------------------------------------------------------------------------
python=python3
$python -c 'import cffi' 2>/dev/null || python=/usr/bin/python3
export python
consume python_ctypes '$python "$here/consumer_ctypes.py" "$library"'
consume python_cffi '$python "$here/consumer_cffi.py" "$prefix/include/atlas.h" "$library"'

wait
passed=0
failed=0
for name in $names; do
  if [ "$(cat "$work/$name.status")" = 0 ]; then
    passed=$((passed + 1))
    echo "passed: $name"
  else
    failed=$((failed + 1))
    echo "FAILED: $name"
    sed 's/^/    /' "$work/$name.log"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
