// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/nearest_rows.hpp -- the nearest rows by comparing each query with each row, one at a time.
//
// Room:      the search for few queries, and for scalars and metrics that have no panels.
// Not here:  many float32 queries at once (distance/nearest_panels.hpp).
// Depends:   core, distance/nearest_call.hpp.
#ifndef ATLAS_DISTANCE_NEAREST_ROWS_HPP
#define ATLAS_DISTANCE_NEAREST_ROWS_HPP

#include <atlas/core/memory.hpp>            // buffer
#include <atlas/distance/nearest_call.hpp>  // nearest_call

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Bytes of rows that all queries of a batch meet while they lie in the second-level cache.
inline constexpr std::size_t rows_block_bytes = std::size_t{256} << 10;

/// Rows of a block.
[[nodiscard]] inline std::size_t rows_of_block(const nearest_request& request) noexcept {
  const std::size_t stride = request.row_stride_bytes == 0 ? 1 : request.row_stride_bytes;
  const std::size_t rows = rows_block_bytes / stride;
  return rows < 16 ? 16 : rows > 4096 ? 4096 : rows;
}

/// Searches for the queries [first_query, first_query + query_count).
/// Memory: 8 * k bytes for each query and thread.
[[nodiscard]] inline errc nearest_by_rows(nearest_call& call, std::size_t first_query, std::size_t query_count) noexcept {
  struct lane {
    buffer<neighbour> memory;
    buffer<top_k> best;
    buffer<std::uint32_t> ids;
    buffer<float> distances;
  };
  const nearest_request& request = call.request;
  const std::size_t block = rows_of_block(request);
  const std::size_t blocks = (request.row_count + block - 1) / block;
  const std::size_t lane_count = call.lanes(blocks);
  lane* const lanes = new (std::nothrow) lane[lane_count];
  if (lanes == nullptr) return errc::no_memory;
  struct owner {
    lane* held;
    ~owner() { delete[] held; }
  } const owned{lanes};
  for (std::size_t i = 0; i < lane_count; ++i) {
    if (!lanes[i].memory.resize(query_count * call.k).ok() || !lanes[i].best.reserve(query_count).ok() ||
        !lanes[i].ids.resize(block).ok() || !lanes[i].distances.resize(block).ok()) {
      return errc::no_memory;
    }
    for (std::size_t query = 0; query < query_count; ++query) {
      static_cast<void>(lanes[i].best.push_back(top_k({lanes[i].memory.data() + query * call.k, call.k})));
    }
  }

  atomic<std::size_t> next{0};
  const auto work = [&](std::size_t task, unsigned worker) noexcept {
    lane& mine = lanes[task];
    for (std::size_t which; (which = next.fetch_add(1)) < blocks;) {
      const auto first = static_cast<std::uint32_t>(which * block);
      std::size_t count = request.row_count - first < block ? request.row_count - first : block;
      const std::uint32_t* ids = nullptr;
      const std::size_t looked_at = count;
      if (request.skip != nullptr) {
        std::size_t kept = 0;
        for (std::uint32_t row = first; row < first + looked_at; ++row) {
          mine.ids[kept] = row;
          kept += call.skips(row) ? 0U : 1U;
        }
        if (kept != count) ids = mine.ids.data();
        count = kept;
      }
      for (std::size_t query = 0; count != 0 && query < query_count; ++query) {
        call.measure(first_query + query, first, ids, count, mine.distances.data());
        top_k& best = mine.best[query];
        if (ids == nullptr) {
          best.offer_rows(mine.distances.data(), count, first);
        } else {
          for (std::size_t i = 0; i < count; ++i) best.offer(mine.distances[i], ids[i]);
        }
      }
      if (call.stop(looked_at, worker)) return;
    }
  };
  call.run(lane_count, work);
  if (call.is_stopped()) return errc::cancelled;

  for (std::size_t query = 0; query < query_count; ++query) {
    top_k& best = lanes[0].best[query];
    for (std::size_t i = 1; i < lane_count; ++i) {
      for (const neighbour& other : lanes[i].best[query].take_sorted()) best.offer(other.distance, other.id);
    }
    const span<neighbour> sorted = best.take_sorted();
    call.write(first_query + query, {sorted.data(), sorted.size()});
  }
  return errc{};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_DISTANCE_NEAREST_ROWS_HPP
