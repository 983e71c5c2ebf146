#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes sure that what the build needs is there.
#
#   sh cmake/setup.sh [GROUP...]      groups: build cli tests checks bench; without one: build
#
# What is present, from wherever, is left alone. What is missing is installed from Debian's or Ubuntu's packages if
# this user may (root, or sudo without a password), after at most two minutes of waiting for another apt-get. Otherwise
# the exact command is printed and the exit code is 69 (EX_UNAVAILABLE); so it is when the packages could not be had.
set -eu

missing=

# need PACKAGE PROBE...: PACKAGE is missing when the probe fails.
need() {
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}
have_header() { # NAME
  printf '#if !__has_include(<%s>)\n#error missing\n#endif\n' "$1" | c++ -std=c++20 -x c++ -E -
}
have_module() { # NAME: for the python3 on PATH, or for the system's
  python3 -c "import $1" || /usr/bin/python3 -c "import $1"
}
have_cxx20() { printf 'int main() {}\n' | c++ -std=c++20 -x c++ -fsyntax-only -; }

for group in ${*:-build}; do
  case $group in
    build)
      need g++ have_cxx20
      need cmake command -v cmake
      need ninja-build command -v ninja
      need pkg-config command -v pkg-config
      need libhwy-dev have_header hwy/highway.h
      need libxxhash-dev have_header xxhash.h
      need libutf8proc-dev have_header utf8proc.h
      ;;
    cli)
      need libcli11-dev have_header CLI/CLI.hpp
      need nlohmann-json3-dev have_header nlohmann/json.hpp
      ;;
    tests)
      need doctest-dev have_header doctest/doctest.h
      need relacy-dev have_header relacy/relacy.hpp
      need python3-numpy have_module numpy
      need python3-pytest have_module pytest
      ;;
    checks)
      need clang command -v clang++
      need libclang-rt-dev sh -c 'test -e "$(clang++ -print-runtime-dir)/libclang_rt.fuzzer-x86_64.a" ||
        test -e "$(clang++ -print-runtime-dir)/libclang_rt.fuzzer-aarch64.a"'
      need meson command -v meson
      need python3-cffi have_module cffi
      ;;
    bench)
      need libfaiss-dev have_header faiss/Index.h
      need libhnswlib-dev have_header hnswlib/hnswlib.h
      need libopenblas-dev sh -c 'pkg-config --exists openblas'
      need libzstd-dev have_header zstd.h
      need libicu-dev have_header unicode/ubrk.h
      need libuchardet-dev have_header uchardet/uchardet.h
      need libreaderwriterqueue-dev have_header readerwriterqueue.h
      need libconcurrentqueue-dev have_header concurrentqueue/concurrentqueue.h
      need libatomic-queue-dev have_header atomic_queue/atomic_queue.h
      need libboost-dev have_header boost/lockfree/spsc_queue.hpp
      need libtbb-dev have_header tbb/concurrent_queue.h
      need nlohmann-json3-dev have_header nlohmann/json.hpp
      ;;
    *)
      echo "cmake/setup.sh: expected build, cli, tests, checks or bench, found '$group'" >&2
      exit 64
      ;;
  esac
done
[ -n "$missing" ] || exit 0

install="install --yes --no-install-recommends$missing"
if ! command -v apt-get >/dev/null 2>&1; then
  echo "ATLAS needs what these Debian packages hold:$missing" >&2
  echo "There is no apt-get here; install their counterparts and run this again." >&2
  exit 69
fi
if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root="sudo -n"
else
  echo "ATLAS needs a few packages that this user may not install. Run this, then try again:" >&2
  if command -v sudo >/dev/null 2>&1; then
    echo "  sudo apt-get update && sudo apt-get $install" >&2
  else
    echo "  as root: apt-get update && apt-get $install" >&2
  fi
  exit 69
fi

echo "Installing:$missing"
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086  # words, on purpose
if ! apt $install; then
  # A fresh machine has no package lists yet.
  apt update || true
  if ! apt $install; then
    tail -n 20 "$log" >&2
    echo "This failed: apt-get $install" >&2
    exit 69
  fi
fi
