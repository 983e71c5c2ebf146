// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_scratch.hpp -- the memory of searches of an inverted file.
//
// Room:      a query among centroids, its tables, and the rows it may be near to; the same of several queries.
// Not here:  what is done with it (index/ivf_query.hpp, index/ivf_group.hpp), who keeps it (index/search_scratch.hpp).
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
  buffer<std::uint64_t> seen;  ///< a bit a list
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return (keys.capacity() + seen.capacity()) * sizeof(std::uint64_t) + distances.capacity() * sizeof(float);
  }
};

/// A query among centroids.
struct centred_query {
  buffer<float> vector;       ///< with zeros to a multiple of 16: relative to the centre; under inner_product as it is
  float squares = 0.0F;       ///< its squared length
  float of_centre = 0.0F;     ///< under inner_product its product with the centre
  buffer<std::int8_t> code;   ///< the vector as codes of centroids are, with its step
  float step = 0.0F;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return vector.capacity() * sizeof(float) + code.capacity(); }
};
/// The lists that are near to a query, and what finding them works in.
struct near_lists {
  candidate_heap<heap_order::farthest_first> nearest;  ///< in the order of ivf_model::nearest_lists, with the distances of their centroids
  buffer<float> products;                              ///< with each centroid that is looked at
  estimated_rows lists;
  near_memory near;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return nearest.bytes() + products.capacity() * sizeof(float) + lists.bytes() + near.bytes(); }
};

/// A query as the codes want it. Its tables are an ivf_query's.
struct prepared_query {
  kernels_v1::bit_query nibbles{};            ///< pq4, rabitq
  const float* tables = nullptr;              ///< pq8
  const std::int8_t* components = nullptr;    ///< sq8
  float factor = 0.0F;                        ///< sq8: of a product with codes
};
/// One query from its first list to its last.
struct ivf_query {
  const float* vector = nullptr;   ///< shape [dimension], under cosine of unit length
  prepared_query prepared;
  buffer<float> tables;            ///< of pq8
  buffer<std::uint8_t> bytes;      ///< tables or components of the other codes
  estimated_rows found;
  std::uint64_t blocks_seen = 0;
  std::uint64_t brought = 0;       ///< rows that lists added to `found`

  void start(const float* query) noexcept {
    vector = query;
    found.clear();
    blocks_seen = brought = 0;
  }
  [[nodiscard]] std::uint64_t bytes_held() const noexcept { return tables.capacity() * sizeof(float) + bytes.capacity() + found.bytes(); }
};
/// What preparing a query works in.
struct preparing_memory {
  buffer<float> rotated;
  buffer<float> tables;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return (rotated.capacity() + tables.capacity()) * sizeof(float); }
};

/// That a query looks at a list.
struct list_visit {
  std::uint32_t list;
  std::uint32_t query;  ///< its number in a group
  float distance;       ///< to the list's centroid
};
/// Queries that look at lists together.
class ivf_query_group {
 public:
  ivf_query_group() noexcept = default;
  ivf_query_group(const ivf_query_group&) = delete;
  ivf_query_group& operator=(const ivf_query_group&) = delete;
  ~ivf_query_group() { delete[] queries_; }

  /// Room for `count` queries of so many components; what there was of others is gone.
  [[nodiscard]] status start(std::size_t count, std::size_t dimension) noexcept {
    nearest.clear();
    others.clear();
    if (status made = vectors.resize(count * dimension); !made.ok()) return made;
    if (count <= count_) return {};
    auto* const made = new (std::nothrow) ivf_query[count];
    if (made == nullptr) return error{errc::no_memory, "queries of a batch"};
    delete[] queries_;
    queries_ = made;
    count_ = count;
    return {};
  }
  [[nodiscard]] ivf_query& operator[](std::size_t i) noexcept { return queries_[i]; }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    std::uint64_t sum = (vectors.capacity() + products.capacity()) * sizeof(float) + firsts.capacity() * sizeof(std::uint32_t) +
                        (nearest.capacity() + others.capacity() + in_order.capacity()) * sizeof(list_visit);
    for (const centred_query& one : centred) sum += one.bytes();
    for (std::size_t i = 0; i < count_; ++i) sum += sizeof(ivf_query) + queries_[i].bytes_held();
    return sum;
  }

  static constexpr std::size_t centred_at_once = 32;
  centred_query centred[centred_at_once];  ///< of some queries, while their lists are found
  buffer<float> products;                  ///< of these with centroids
  buffer<float> vectors;        ///< shape [queries, dimension]
  buffer<list_visit> nearest;   ///< of each query the first
  buffer<list_visit> others;
  buffer<list_visit> in_order;  ///< of lists
  buffer<std::uint32_t> firsts; ///< of each list's, in that order

 private:
  ivf_query* queries_ = nullptr;
  std::size_t count_ = 0;
};

struct ivf_scratch {
  centred_query centred;
  near_lists near;
  buffer<std::uint64_t> seen_lists;  ///< a bit for each list, of a search that goes on to further ones
  preparing_memory preparing;
  ivf_query alone;
  ivf_query_group group;

  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return centred.bytes() + near.bytes() + seen_lists.capacity() * sizeof(std::uint64_t) + preparing.bytes() + alone.bytes_held() + group.bytes();
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_SCRATCH_HPP
