// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/search_scratch.hpp -- the memory of one running search, kept for the next.
//
// Room:      search_scratch, and the list of idle ones that an index keeps.
// Depends:   core, index/{visited_set,candidate_pool,candidate_heap,idle_list}.hpp.
// Threads:   a scratch belongs to one search at a time; the list is safe for all.
#ifndef ATLAS_INDEX_SEARCH_SCRATCH_HPP
#define ATLAS_INDEX_SEARCH_SCRATCH_HPP

#include <atlas/core/atomic.hpp>           // atomic
#include <atlas/index/candidate_heap.hpp>  // candidate_heap
#include <atlas/index/candidate_pool.hpp>  // candidate_pool
#include <atlas/index/idle_list.hpp>       // idle_list
#include <atlas/index/ivf_scratch.hpp>     // ivf_scratch
#include <atlas/index/row_distance.hpp>    // checked_inverse_norm
#include <atlas/index/row_store.hpp>       // row_store
#include <atlas/index/visited_set.hpp>     // visited_set

namespace atlas { inline namespace ATLAS_ABI {

struct search_scratch {
  unsigned place = 0;                                  ///< of its user among readers (core/reader_epochs.hpp)
  visited_set visited;
  candidate_pool pool;
  candidate_pool found;                                ///< of a walk by estimates: what it expanded, by codes
  candidate_heap<heap_order::nearest_first> frontier;  ///< of walks that no width bounds
  candidate_heap<heap_order::farthest_first> answers;  ///< allowed rows of such a walk
  buffer<std::uint32_t> ids;                           ///< rows about to be scored
  buffer<std::uint32_t> second_ids;                    ///< rows that are gone over, not scored
  buffer<float> distances;                             ///< their distances
  buffer<std::byte> vectors;                           ///< of rows that are left in their file, a few at a time
  status read_error;                                   ///< why vectors could not be read, of a walk that goes over them
  buffer<float> query;                                 ///< the query, of unit length under cosine
  buffer<std::int8_t> components;                      ///< the same as codes want it
  buffer<float> rotated;                               ///< the query as bits of neighbours want it
  buffer<std::uint8_t> bit_tables;                     ///< its tables
  detail::ivf_scratch ivf;                             ///< of inverted files
  buffer<candidate> starts;                            ///< where a walk on the lowest level begins
  buffer<candidate> chosen;                            ///< of an insertion: the new row's neighbours, level by level
  buffer<candidate> pruned;                            ///< of an insertion: what may become a neighbour, sorted
  buffer<candidate> relinked;                          ///< of an insertion: one full list, sorted

  /// Room to score `batch` rows at once.
  [[nodiscard]] status start(std::size_t batch) noexcept {
    if (status made = ids.resize(batch); !made.ok()) return made;
    return distances.resize(batch);
  }
  /// Checks a query and copies it, of unit length under cosine.
  [[nodiscard]] status take_query(const float* vector, const row_layout& layout) noexcept {
    const auto inverse = detail::checked_inverse_norm(vector, layout.dimension, layout.metric);
    if (!inverse.ok()) return inverse.error();
    if (status made = query.resize(layout.dimension); !made.ok()) return made;
    for (std::size_t i = 0; i < layout.dimension; ++i) query.data()[i] = vector[i] * *inverse;
    return {};
  }
  /// Copies a stored row as the query, of unit length under cosine.
  [[nodiscard]] status take_row(const row_store& rows, std::uint32_t row) noexcept {
    if (status made = query.resize(rows.layout().dimension); !made.ok()) return made;
    const auto stored = rows.vector(row, vectors);
    if (!stored.ok()) return stored.error();
    rows.layout().read_unit(*stored, query.data());
    return {};
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return visited.bytes() + pool.bytes() + found.bytes() + frontier.bytes() + answers.bytes() + (ids.capacity() + second_ids.capacity()) * sizeof(std::uint32_t) +
           (distances.capacity() + query.capacity() + rotated.capacity()) * sizeof(float) + components.capacity() + bit_tables.capacity() + vectors.capacity() +
           (chosen.capacity() + pruned.capacity() + relinked.capacity() + starts.capacity()) * sizeof(candidate) + ivf.bytes();
  }
};

/// Idle scratches of one index: as many as ever searched it at the same time, up to most_idle.
class scratch_list {
 public:
  static constexpr std::size_t most_idle = detail::idle_list<search_scratch>::most_idle;

  /// An idle scratch, else a new one, else null: out of memory.
  [[nodiscard]] search_scratch* take() noexcept {
    if (search_scratch* one = idle_.take(); one != nullptr) return one;
    auto* made = new (std::nothrow) search_scratch;
    if (made != nullptr) made->place = next_place_.fetch_add(1);
    return made;
  }
  void give_back(search_scratch* one) noexcept { idle_.give_back(one); }
  /// Of the idle ones, each taken out while it is looked at. Beside searches the sum is of no one moment.
  [[nodiscard]] std::uint64_t bytes() noexcept { return idle_.bytes(); }

 private:
  detail::idle_list<search_scratch> idle_;
  atomic<unsigned> next_place_{0};
};

/// A scratch of a list for the length of a scope; false if there was no memory for one.
class borrowed_scratch {
 public:
  explicit borrowed_scratch(scratch_list& list) noexcept : list_(list), scratch_(list.take()) {}
  borrowed_scratch(const borrowed_scratch&) = delete;
  borrowed_scratch& operator=(const borrowed_scratch&) = delete;
  ~borrowed_scratch() {
    if (scratch_ != nullptr) list_.give_back(scratch_);
  }
  [[nodiscard]] explicit operator bool() const noexcept { return scratch_ != nullptr; }
  [[nodiscard]] search_scratch& operator*() const noexcept { return *scratch_; }
  [[nodiscard]] search_scratch* operator->() const noexcept { return scratch_; }

 private:
  scratch_list& list_;
  search_scratch* scratch_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_SEARCH_SCRATCH_HPP
