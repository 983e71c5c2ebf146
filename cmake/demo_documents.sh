#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copies what the demo searches, this repository's documents, headers and examples, to the folder $1.
set -eu
mkdir -p "$1"
target=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
rm -rf "$target"
mkdir -p "$target/c_api" "$target/bench"
cp ./*.md "$target"
cp -R include examples "$target"
cp c_api/*.h "$target/c_api"
cp bench/*.md "$target/bench" 2>/dev/null || true
