// SPDX-License-Identifier: Apache-2.0
// include/atlas/shards.hpp -- facade: several index files opened as one, and searched at once.
//
//   const char* files[] = {"2023.atlas", "2024.atlas"};  // relative to the manifest's folder
//   atlas::shard_manifest::write("all.shards", files).value();
//   auto all = atlas::shards::open("all.shards").value();
//   const auto answer = all.search(queries, {.k = 10, .threads = 0}, hits).value();
#ifndef ATLAS_SHARDS_HPP
#define ATLAS_SHARDS_HPP

#include <atlas/index/shards.hpp>  // shards, shard_manifest

#endif  // ATLAS_SHARDS_HPP
