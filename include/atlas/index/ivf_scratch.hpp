// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_scratch.hpp -- the memory of one search of an inverted file.
//
// Room:      a query among centroids, its tables, and the rows it may be near to.
// Not here:  what is done with it (index/ivf_query.hpp), who keeps it (index/search_scratch.hpp).
// Depends:   core, simd, index/candidate_heap.hpp.
#ifndef ATLAS_INDEX_IVF_SCRATCH_HPP
#define ATLAS_INDEX_IVF_SCRATCH_HPP

#include <atlas/index/candidate_heap.hpp>  // candidate_heap
#include <atlas/simd/kernel_table.hpp>     // kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Numbered things that may be near, and about how far they are.
struct estimated_rows {
  buffer<float> distances;
  buffer<std::uint32_t> rows;
  std::size_t count = 0;
  float bound = __builtin_inff();  ///< what is farther is not worth keeping

  void clear() noexcept {
    count = 0;
    bound = __builtin_inff();
  }
  /// Room for `more` besides those there are.
  [[nodiscard]] status make_room(std::size_t more) noexcept {
    constexpr std::size_t written_behind = 16;  // by kernels that write whole vectors
    if (status made = distances.resize(count + more + written_behind); !made.ok()) return made;
    return rows.resize(count + more + written_behind);
  }
  /// Leaves the `most` nearest, of equally near ones the lower numbers.
  void keep_nearest(std::size_t most) noexcept {
    if (count <= most) return;
    count = kernels().keep_nearest(distances.data(), rows.data(), count, most, &bound);
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return distances.capacity() * sizeof(float) + rows.capacity() * sizeof(std::uint32_t); }
};

/// What a graph over centroids answers into.
struct near_memory {
  buffer<std::uint64_t> keys;
  buffer<float> distances;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return keys.capacity() * sizeof(std::uint64_t) + distances.capacity() * sizeof(float); }
};

/// A query among centroids.
struct centred_query {
  buffer<float> vector;    ///< with zeros to a multiple of 16: relative to the centre; under inner_product as it is
  float squares = 0.0F;    ///< its squared length
  float of_centre = 0.0F;  ///< under inner_product its product with the centre
  buffer<std::int8_t> code;
  buffer<float> products;  ///< with each centroid that is looked at
  near_memory near;
  estimated_rows lists;
  candidate_heap<heap_order::farthest_first> nearest;  ///< lists, sorted by the distance to their centroids
};

/// A query as the codes want it.
struct query_memory {
  buffer<float> rotated;
  buffer<float> tables;
  buffer<std::uint8_t> bytes;
};

struct ivf_scratch {
  centred_query centred;
  query_memory query;
  estimated_rows found;

  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return (centred.vector.capacity() + centred.products.capacity() + query.rotated.capacity() + query.tables.capacity()) * sizeof(float) +
           query.bytes.capacity() + centred.code.capacity() + centred.near.bytes() + centred.lists.bytes() + centred.nearest.bytes() + found.bytes();
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_SCRATCH_HPP
