// SPDX-License-Identifier: Apache-2.0
// include/atlas/atlas.hpp -- every facade of a room at once. Programs that count compile time include the ones they use.
//
// Not here:  the main job, which is made of all of them: atlas/folder.hpp.
#ifndef ATLAS_ATLAS_HPP
#define ATLAS_ATLAS_HPP

#include <atlas/any_index.hpp>  // any_index, flat, hnsw
#include <atlas/chunk.hpp>      // chunk_text
#include <atlas/distance.hpp>   // distances, nearest
#include <atlas/embed.hpp>      // embedder, hashing_embedder; programs that use it link utf8proc
#include <atlas/flat.hpp>       // flat
#include <atlas/hnsw.hpp>       // hnsw
#include <atlas/ivf_pq.hpp>     // ivf_pq, ivf_pq_builder
#include <atlas/quantize.hpp>   // quantisers, k-means
#include <atlas/queue.hpp>      // mpmc_queue, spsc_queue
#include <atlas/shards.hpp>     // shards, shard_manifest
#include <atlas/text.hpp>       // encodings, UTF-8

#endif  // ATLAS_ATLAS_HPP
