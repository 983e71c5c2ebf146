// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize.hpp -- vectors in fewer bytes, and what is learned for that.
//
// Room:      quantisers, each of which trains, encodes, decodes, states its error, and is saved as bytes; rotations; k-means.
// Not here:  distances of rows that are codes (distance.hpp), indexes, which choose and train codes themselves (hnsw.hpp,
//            ivf_pq.hpp).
// Depends:   core, simd, distance.
// Threads:   as each header says; every const function may be called from any number.
#ifndef ATLAS_QUANTIZE_HPP
#define ATLAS_QUANTIZE_HPP

#include <atlas/quantize/additive_quantizer.hpp>   // additive_quantizer: sums of whole-vector centroids
#include <atlas/quantize/any_quantizer.hpp>        // any_quantizer: of a kind chosen at run time
#include <atlas/quantize/assign_to_centroids.hpp>  // assign_to_centroids
#include <atlas/quantize/bit_quantizer.hpp>        // bit_quantizer: a bit a component, with errors (RaBitQ)
#include <atlas/quantize/corrected_quantizer.hpp>  // corrected_quantizer: the most of a few bytes
#include <atlas/quantize/kmeans.hpp>               // kmeans
#include <atlas/quantize/learned_rotation.hpp>     // learned_rotation (OPQ)
#include <atlas/quantize/product_quantizer.hpp>    // product_quantizer (PQ)
#include <atlas/quantize/rotation.hpp>             // rotation
#include <atlas/quantize/scalar_quantizer.hpp>     // scalar_quantizer: 8 or 4 bits a component

#endif  // ATLAS_QUANTIZE_HPP
