// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/nearest_panels.hpp -- the nearest rows of many float32 queries; panels rule most pairs out.
//
// Room:      the search: panels of queries against blocks of rows, bounds, and distances of what they leave.
// Not here:  how sure the bounds are (distance/nearest_bounds.hpp), few queries (distance/nearest_rows.hpp).
// Depends:   core, simd, distance/{nearest_blocks,nearest_candidates,query_panels}.hpp.
//
// The answer is exact whatever the panels hold: a row is left out only if k others are nearer for sure. Where bounds
// are too wide to leave rows out (vectors far from the origin and close together, rows that are all alike), a smaller
// first pass gives way to float32, and a query whose bounds are still too wide is compared with each row.
#ifndef ATLAS_DISTANCE_NEAREST_PANELS_HPP
#define ATLAS_DISTANCE_NEAREST_PANELS_HPP

#include <atlas/core/mutex.hpp>                   // mutex
#include <atlas/distance/nearest_blocks.hpp>      // row_block
#include <atlas/distance/nearest_candidates.hpp>  // candidate_rows, shared_limit
#include <atlas/distance/query_panels.hpp>        // query_panels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// One thread's part of a search by panels.
struct panel_lane {
  buffer<candidate_row> memory;     ///< of the lists
  buffer<candidate_rows> lists;     ///< [queries]
  buffer<bool> is_measured;         ///< [queries]: compared with each row
  row_block block;
  buffer<float> products;           ///< [rows of a block, queries of a panel]
  buffer<std::uint32_t> selected;   ///< likewise
  buffer<std::uint32_t> ids;        ///< rows to be measured
  buffer<float> distances;          ///< of them
  buffer<float> row_distances;      ///< of a run of rows
  buffer<candidate_row> merged;     ///< one query's candidates of all threads
  buffer<neighbour> nearest;        ///< one query's answer
  std::size_t rows_seen = 0;
  std::size_t rows_of_pass = 0;     ///< met in the pass that is in use
  std::uint64_t measured = 0;       ///< distances that loose bounds made necessary in it
  bool is_reduced = false;          ///< whether the smaller first pass is in use
  bool has_begun = false;
};

/// The search for one batch of queries.
class panel_search {
 public:
  /// @param reduced  panels of smaller numbers to rule rows out first; null: float32 alone
  panel_search(nearest_call& call, std::size_t first_query, std::size_t query_count,
               const kernels_v1::panel_kernels* reduced) noexcept
      : call_(call),
        first_query_(first_query),
        query_count_(query_count),
        capacity_(candidate_capacity(call.k)),
        by_(call.request.dimension),
        full_(call, query_count <= call.table.panel_16.queries ? call.table.panel_16 : call.table.panel, first_query,
              query_count),
        reduced_(call, reduced == nullptr ? call.table.panel : *reduced, first_query, query_count),
        uses_reduced_(reduced != nullptr) {}
  panel_search(const panel_search&) = delete;
  panel_search& operator=(const panel_search&) = delete;
  ~panel_search() { delete[] lanes_; }

  /// Answers the queries of the batch. @return 0, no_memory or cancelled
  [[nodiscard]] errc run() noexcept {
    block_rows_ = rows_of_panel_block(call_.request.dimension);
    block_count_ = (call_.request.row_count + block_rows_ - 1) / block_rows_;
    lane_count_ = call_.lanes(block_count_);
    if (!create()) return errc::no_memory;
    (uses_reduced_ ? reduced_ : full_).pack();
    call_.run(lane_count_, [this](std::size_t task, unsigned worker) noexcept { scan(lanes_[task], worker); });
    if (call_.is_stopped()) return errc::cancelled;
    call_.run(lane_count_, [this](std::size_t task, unsigned) noexcept {
      for (std::size_t query = task; query < query_count_; query += lane_count_) answer(lanes_[task], query);
    });
    return errc{};
  }

 private:
  [[nodiscard]] bool create() noexcept {
    if (!limits_.resize(query_count_).ok() || !full_.create() || (uses_reduced_ && !reduced_.create())) return false;
    for (shared_limit& each : limits_) each = shared_limit();
    lanes_ = new (std::nothrow) panel_lane[lane_count_];
    if (lanes_ == nullptr) return false;
    const std::size_t width = full_.width() > reduced_.width() ? full_.width() : reduced_.width();
    const std::size_t stride =
        full_.prepared_stride() > reduced_.prepared_stride() ? full_.prepared_stride() : reduced_.prepared_stride();
    const std::size_t at_once = 2 * block_rows_;
    const std::size_t measured_at_once = 2 * capacity_ > at_once ? 2 * capacity_ : at_once;
    for (std::size_t i = 0; i < lane_count_; ++i) {
      panel_lane& lane = lanes_[i];
      const bool made = lane.memory.resize(query_count_ * capacity_).ok() && lane.lists.resize(query_count_).ok() &&
                        lane.is_measured.resize_zeroed(query_count_).ok() &&
                        lane.block.create(call_, at_once, stride) && lane.products.resize(at_once * width).ok() &&
                        lane.selected.resize(at_once * width).ok() && lane.ids.resize(measured_at_once).ok() &&
                        lane.distances.resize(measured_at_once).ok() &&
                        lane.row_distances.resize(at_once).ok() && lane.merged.resize(2 * capacity_).ok() &&
                        lane.nearest.resize(call_.k).ok();
      if (!made) return false;
      for (std::size_t query = 0; query < query_count_; ++query) {
        lane.lists[query] = candidate_rows{.rows = lane.memory.data() + query * capacity_};
      }
    }
    return true;
  }

  /// One thread's share of the rows: blocks, as long as there are any.
  void scan(panel_lane& lane, unsigned worker) noexcept {
    use_pass(lane, uses_reduced_ && !is_reduced_given_up_.load_acquire());
    for (std::size_t block; (block = next_block_.fetch_add(1)) < block_count_;) {
      const std::size_t first = block * block_rows_;
      const std::size_t left = call_.request.row_count - first;
      const std::size_t looked_at = left < block_rows_ ? left : block_rows_;
      lane.block.take(call_, static_cast<std::uint32_t>(first), looked_at);
      // What a filter leaves of several runs goes through the panels together.
      if (lane.block.count > block_rows_ / 2) compare(lane);
      if (call_.stop(looked_at, worker)) break;
    }
    if (!call_.is_stopped()) compare(lane);
    end(lane);
  }

  /// @param reduced  whether the smaller first pass is wanted
  void use_pass(panel_lane& lane, bool reduced) noexcept {
    end(lane);
    lane.is_reduced = reduced;
    if (!reduced) {
      const lock_guard<mutex> packing(packing_);
      if (!full_.is_packed()) full_.pack();
    }
    for (std::size_t query = 0; query < query_count_; ++query) {
      lane.is_measured[query] = !panels_of(lane).fits[query];
      lane.lists[query].measured = 0;
    }
    lane.measured = lane.rows_of_pass = 0;
  }
  /// Makes ready for products, in float32 if the smaller first pass was given up or the system refuses it.
  void begin(panel_lane& lane) noexcept {
    if (lane.is_reduced && is_reduced_given_up_.load_acquire()) use_pass(lane, false);
    const auto begin_pass = panels_of(lane).kernels.begin;
    if (begin_pass == nullptr || lane.has_begun) return;
    lane.has_begun = begin_pass();
    if (!lane.has_begun) use_pass(lane, false);
  }
  void end(panel_lane& lane) const noexcept {
    if (lane.has_begun) panels_of(lane).kernels.end();
    lane.has_begun = false;
  }
  [[nodiscard]] const query_panels& panels_of(const panel_lane& lane) const noexcept {
    return lane.is_reduced ? reduced_ : full_;
  }

  /// Every query with every row of the block.
  void compare(panel_lane& lane) noexcept {
    begin(lane);
    row_block& block = lane.block;
    const query_panels& panels = panels_of(lane);
    if (block.count != 0) block.prepare(call_, panels.kernels, panels.prepared_stride());
    // As long as little is known of the limits, they are found anew after every few rows.
    for (std::size_t first = 0; first < block.count;) {
      std::size_t count = block.count - first;
      const bool is_early = lane.rows_seen < block_rows_;
      if (is_early) {
        const std::size_t few = lane.rows_seen < 32 ? 32 : lane.rows_seen;
        count = few < count ? few : count;
      }
      // The first products come before the bounds: they fetch the rows from memory while they compute.
      row_bound largest{};
      for (std::size_t panel = 0; panel < panels.panel_count(); ++panel) {
        const bool is_needed = is_any_open(lane, panels, panel);
        if (is_needed) {
          panels.kernels.products(panels.panel(panel), block.operand(first), block.operand_stride(), count,
                                  call_.request.dimension, lane.products.data());
        }
        if (panel == 0) {
          block.find_bounds(call_, by_, first, first + count);
          largest = block.largest(first, first + count);
        }
        if (is_needed) choose(lane, panels, panel, first, count, largest);
      }
      lane.rows_seen += count;
      lane.rows_of_pass += count;
      for (std::size_t query = 0; is_early && query < query_count_; ++query) {
        lane.lists[query].prune(call_.k, limits_[query]);
      }
      first += count;
    }
    for (std::size_t query = 0; query < query_count_; ++query) {
      if (lane.is_measured[query] && block.count != 0) measure_rows(lane, query, block.ids.data(), block.count);
      if (!lane.is_measured[query] && block.aside_count != 0) {
        measure_rows(lane, query, block.aside.data(), block.aside_count);
      }
    }
    block.clear();
    // Beyond a quarter of the rows, measuring all of them in order costs less. Not before the block's end, so that no
    // row is met twice.
    for (std::size_t query = 0; !lane.is_reduced && query < query_count_; ++query) {
      if (lane.lists[query].measured > 2 * capacity_ + lane.rows_of_pass / 4) lane.is_measured[query] = true;
    }
    // One distance costs about as much as thirty products.
    if (lane.is_reduced && lane.measured > lane.rows_of_pass * query_count_ / 16 + 64 * query_count_) {
      is_reduced_given_up_.store_release(true);
    }
    // The caller's functions may search by themselves, which would end what has begun here.
    if (call_.calls_back()) end(lane);
  }

  /// Whether any query of a panel is still compared by products.
  [[nodiscard]] static bool is_any_open(const panel_lane& lane, const query_panels& panels, std::size_t panel) noexcept {
    const std::size_t first = panel * panels.width();
    for (std::size_t i = 0; i < panels.queries_of(panel); ++i) {
      if (!lane.is_measured[first + i]) return true;
    }
    return false;
  }

  /// Makes candidates of the products of one panel with rows [first, first + count) of the block.
  void choose(panel_lane& lane, const query_panels& panels, std::size_t panel, std::size_t first, std::size_t count,
              const row_bound& largest) noexcept {
    const std::size_t width = panels.width();
    const std::size_t first_query = panel * width;
    const std::size_t queries = panels.queries_of(panel);
    const row_block& block = lane.block;
    alignas(cache_line) float limits[64];
    for (std::size_t i = 0; i < width; ++i) {
      limits[i] = -__builtin_inff();
      if (i >= queries || lane.is_measured[first_query + i]) continue;
      limits[i] = panels.bounds[first_query + i].score_limit(
          limits_[first_query + i].get(), static_cast<double>(largest.length), static_cast<double>(largest.residual),
          static_cast<double>(largest.fixed));
    }
    const std::size_t passed = call_.table.select(lane.products.data(), count, width, block.factors.data() + first,
                                                  block.terms.data() + first, limits, lane.selected.data());
    std::size_t row = 0;
    std::size_t row_start = 0;
    for (std::size_t i = 0; i < passed; ++i) {
      const std::size_t at = lane.selected[i];
      for (; at >= row_start + width; row_start += width) ++row;
      const std::size_t query = first_query + at - row_start;
      if (query - first_query >= queries || lane.is_measured[query]) continue;
      const row_bound& bound = block.bounds[first + row];
      const double score = static_cast<double>(lane.products[at]) * static_cast<double>(bound.factor) +
                           static_cast<double>(bound.term);
      const interval where = panels.bounds[query].around(score, bound);
      candidate_rows& list = lane.lists[query];
      list.add(where.lower, where.upper, block.ids[first + row], limits_[query].get());
      if (list.count == capacity_) make_room(lane, query);
    }
  }

  /// Leaves room in a full list.
  void make_room(panel_lane& lane, std::size_t query) noexcept {
    candidate_rows& list = lane.lists[query];
    list.prune(call_.k, limits_[query]);
    if (list.count <= capacity_ - capacity_ / 4) return;
    const std::uint32_t before = list.measured;
    settle(lane, query, list);
    lane.measured += list.measured - before;
  }
  void settle(panel_lane& lane, std::size_t query, candidate_rows& list) noexcept {
    list.settle(
        call_.k, limits_[query],
        [&](const std::uint32_t* ids, std::size_t count, float* out) noexcept {
          call_.measure(first_query_ + query, 0, ids, count, out);
        },
        lane.ids.data(), lane.distances.data());
  }

  /// The distances of a query to all of some rows. @param rows  rising
  void measure_rows(panel_lane& lane, std::size_t query, const std::uint32_t* rows, std::size_t count) noexcept {
    const bool is_run = rows[count - 1] - rows[0] == count - 1;
    call_.measure(first_query_ + query, rows[0], is_run ? nullptr : rows, count, lane.row_distances.data());
    candidate_rows& list = lane.lists[query];
    for (std::size_t i = 0; i < count; ++i) {
      list.add_measured(lane.row_distances[i], rows[i], limits_[query].get());
      if (list.count == capacity_) settle(lane, query, list);
    }
  }

  /// Brings together what the threads found for one query.
  void answer(panel_lane& lane, std::size_t query) noexcept {
    candidate_rows all{.rows = lane.merged.data()};
    for (std::size_t i = 0; i < lane_count_; ++i) {
      const candidate_rows& part = lanes_[i].lists[query];
      for (std::uint32_t j = 0; j < part.count; ++j) {
        all.add(part.rows[j].lower, part.rows[j].upper, part.rows[j].row, limits_[query].get());
      }
      all.prune(call_.k, limits_[query]);
      if (all.count > capacity_) settle(lane, query, all);
    }
    settle(lane, query, all);
    top_k nearest({lane.nearest.data(), call_.k});
    for (std::uint32_t i = 0; i < all.count; ++i) nearest.offer(all.rows[i].lower, all.rows[i].row);
    const span<neighbour> sorted = nearest.take_sorted();
    call_.write(first_query_ + query, {sorted.data(), sorted.size()});
  }

  nearest_call& call_;
  const std::size_t first_query_;
  const std::size_t query_count_;
  const std::size_t capacity_;  ///< of a list of candidates
  const rounding by_;
  query_panels full_;
  query_panels reduced_;
  const bool uses_reduced_;
  mutex packing_;  ///< of full_
  atomic<bool> is_reduced_given_up_;
  atomic<std::size_t> next_block_;
  std::size_t block_rows_ = 0;
  std::size_t block_count_ = 0;
  std::size_t lane_count_ = 0;
  panel_lane* lanes_ = nullptr;
  buffer<shared_limit> limits_;  ///< [queries]
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_DISTANCE_NEAREST_PANELS_HPP
