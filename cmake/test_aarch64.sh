#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the tests of some rooms for arm64 and runs them under qemu: the NEON kernels, on any x86-64 machine.
#
#   sh cmake/test_aarch64.sh [ROOM...]      default: simd distance quantize
#
# Needs aarch64-linux-gnu-g++ and qemu-aarch64 (Debian: g++-aarch64-linux-gnu, qemu-user); without them it says so
# and exits with 77 (skipped). The dependencies of these rooms are headers, the same for every CPU; the programs are
# static. BUILD_DIR: where to build, default build/aarch64.
set -eu
cd "$(dirname "$0")/.."

for tool in aarch64-linux-gnu-g++ qemu-aarch64; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "skipped: $tool is missing; on Debian and Ubuntu: apt-get install g++-aarch64-linux-gnu qemu-user"
    exit 77
  fi
done

build=${BUILD_DIR:-build/aarch64}
mkdir -p "$build/include"
# Only these: /usr/include itself would bring the build machine's system headers.
for header in hwy doctest xxhash.h xxh3.h; do
  if [ -e "/usr/include/$header" ]; then ln -sfn "/usr/include/$header" "$build/include/$header"; fi
done

compile() {
  aarch64-linux-gnu-g++ -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wsign-conversion -Werror \
    -DATLAS_LINK_KERNELS=1 -DATLAS_CHECKED=1 -Iinclude -Itests -isystem "$build/include" "$@"
}
compile -c c_api/kernels.cpp -o "$build/kernels.o"
compile -c tests/main.cpp -o "$build/main.o"

for room in ${*:-simd distance quantize}; do
  sources=$(ls tests/"$room"/*_test.cpp)
  if [ -e "tests/${room}_test.cpp" ]; then sources="$sources tests/${room}_test.cpp"; fi
  # shellcheck disable=SC2086 # a list of paths without spaces
  compile -static -pthread $sources "$build/kernels.o" "$build/main.o" -o "$build/test_$room"
  echo "arm64: $room"
  qemu-aarch64 "$build/test_$room"
done
