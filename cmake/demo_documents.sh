#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copies what the demo searches, this repository's documents, headers and examples, to the folder $1, which is made
# anew. An existing folder is replaced only if it is empty or was made here, which the file .made-for-the-demo in it says.
set -eu
if [ $# -ne 1 ] || [ -z "$1" ]; then
  echo "cmake/demo_documents.sh: expected one folder" >&2
  exit 64
fi
mark=.made-for-the-demo
mkdir -p "$1"
target=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
if [ ! -e "$target/$mark" ] && [ -n "$(ls -A "$target")" ]; then
  echo "cmake/demo_documents.sh: '$target' holds something that was not made here; remove it, or name another" >&2
  exit 1
fi
rm -rf "$target"
mkdir -p "$target"
: >"$target/$mark"
mkdir "$target/c_api" "$target/bench"
cp ./*.md "$target"
cp -R include examples "$target"
cp c_api/*.h "$target/c_api"
cp bench/*.md "$target/bench" 2>/dev/null || true
