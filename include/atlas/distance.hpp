// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance.hpp -- how far apart vectors are, and which rows are nearest.
//
// Room:      everything of distance/ that a caller asks for: one to one, one to many, many to many, by row ids, the
//            nearest; conversions of rows, their lengths and means; rows that are codes.
// Not here:  the SIMD loops (distance/*_kernels-inl.hpp), indexes (hnsw.hpp, flat.hpp).
// Depends:   core, simd. In link mode no Highway, no std container.
// Threads:   every function is pure; any number of threads may call it.
#ifndef ATLAS_DISTANCE_HPP
#define ATLAS_DISTANCE_HPP

#include <atlas/distance/batch.hpp>          // norms, normalise_rows, mean_of_rows, consecutive_cosine
#include <atlas/distance/code_distance.hpp>  // pq_distances, pq4_distances
#include <atlas/distance/convert.hpp>        // convert, i8_scales
#include <atlas/distance/distances.hpp>      // distances
#include <atlas/distance/matrix_view.hpp>    // matrix_view, dense
#include <atlas/distance/metric.hpp>         // metric
#include <atlas/distance/nearest.hpp>        // nearest
#include <atlas/distance/pair_distance.hpp>  // l2sq, inner_product, cosine, hamming, jaccard
#include <atlas/distance/scalar.hpp>         // scalar, f16, bf16, b1x8
#include <atlas/distance/top_k.hpp>          // neighbour, top_k

#endif  // ATLAS_DISTANCE_HPP
