// SPDX-License-Identifier: Apache-2.0
// include/atlas/hnsw.hpp -- facade: approximate nearest neighbours in memory and in mapped files.
//
//   auto index = atlas::hnsw<float>::create({.dimension = 384, .metric = atlas::metric::cosine}).value();
//   index.add(keys, atlas::dense(vectors, rows, 384)).value();
//   index.search(atlas::dense(query, 1, 384), {.k = 10}, {found_keys, found_distances}).value();
//   index.save("docs.atlas").value();
#ifndef ATLAS_HNSW_HPP
#define ATLAS_HNSW_HPP

#include <atlas/index/hnsw_index.hpp>  // hnsw

#endif  // ATLAS_HNSW_HPP
