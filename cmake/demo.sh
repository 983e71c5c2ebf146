#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The main job: indexes a folder of documents and answers questions about it.
#
#   sh cmake/demo.sh [FOLDER] [QUERY]
#
# FOLDER  default: this repository's own documents, headers and examples
# QUERY   default: the questions of cmake/demo_questions.txt
# The index is build/demo/docs.atlas, the command line build/release/bin/atlas.
# Exit code: 0, 1 if something failed, 69 if packages are missing (see cmake/setup.sh).
set -eu

folder=${1:-}
query=${2:-}
if [ -n "$folder" ]; then
  [ -d "$folder" ] || { echo "cmake/demo.sh: '$folder' is no folder" >&2; exit 1; }
  folder=$(cd "$folder" && pwd)
fi
cd "$(dirname "$0")/.."

sh cmake/setup.sh build cli
mkdir -p build/release build/demo
if ! cmake --preset release >build/release/configure.log 2>&1; then
  cat build/release/configure.log >&2
  exit 1
fi
[ -x build/release/bin/atlas ] || echo "Building the command line 'atlas': a minute or two, this once."
cmake --build build/release --target atlas_cli --parallel "$(nproc 2>/dev/null || echo 2)" >build/release/build.log 2>&1 || {
  tail -n 40 build/release/build.log >&2
  exit 1
}
atlas=build/release/bin/atlas

if [ -z "$folder" ]; then
  folder=build/demo/documents
  sh cmake/demo_documents.sh "$folder"
fi
"$atlas" index "$folder" -o build/demo/docs.atlas
ask() {
  printf '\n? %s\n' "$1"
  "$atlas" search build/demo/docs.atlas "$1" -k 3
}
if [ -n "$query" ]; then
  ask "$query"
else
  # Each line: the question, a tab, the files that answer it.
  while IFS='	' read -r question answers; do
    case $question in '' | '#'*) ;; *) ask "$question" ;; esac
  done <cmake/demo_questions.txt
fi
