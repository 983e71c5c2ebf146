#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds everything and runs all the tests; the last line is 'N passed, N failed'.
#
#   sh cmake/test.sh [CTEST-OPTION...]        for example: sh cmake/test.sh -R atlas_test_index
#
# ATLAS_TEST_DATA  a folder with the conformance data; tests that need it are skipped, and say so, when it is unset
# ATLAS_PRESET     the CMake preset to build, default dev (CMakePresets.json); goes to build/<preset>
# Exit code: 0 if all passed, 1 if any failed or the build failed, 69 if packages are missing (see cmake/setup.sh).
set -eu

if [ -n "${ATLAS_TEST_DATA:-}" ]; then
  # Tests run elsewhere: a relative path is the caller's.
  ATLAS_TEST_DATA=$(cd "$ATLAS_TEST_DATA" && pwd) || { echo "ATLAS_TEST_DATA is no folder" >&2; exit 1; }
  export ATLAS_TEST_DATA
fi
cd "$(dirname "$0")/.."
preset=${ATLAS_PRESET:-dev}
folder=build/$preset
jobs=$(nproc 2>/dev/null || echo 2)

sh cmake/setup.sh build cli tests
mkdir -p "$folder"
if ! cmake --preset "$preset" >"$folder/configure.log" 2>&1; then
  cat "$folder/configure.log" >&2
  exit 1
fi
cmake --build "$folder" --parallel "$jobs" || exit 1

status=0
ctest --test-dir "$folder" --output-on-failure --no-tests=error --parallel "$jobs" "$@" || status=1
awk -f cmake/count_tests.awk "$folder/Testing/Temporary/LastTest.log" || status=1
exit "$status"
