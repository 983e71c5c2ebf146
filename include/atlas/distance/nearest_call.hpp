// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/nearest_call.hpp -- what every way of searching the nearest rows needs of its request.
//
// Room:      exact distances, threads, progress, and writing answers.
// Not here:  the ways of searching (distance/nearest_panels.hpp, distance/nearest_rows.hpp).
// Depends:   core, simd, distance/{nearest_request,pair_distance,top_k}.hpp.
// Threads:   measure, skips and stop are called by all threads of a search.
#ifndef ATLAS_DISTANCE_NEAREST_CALL_HPP
#define ATLAS_DISTANCE_NEAREST_CALL_HPP

#include <atlas/core/atomic.hpp>               // atomic
#include <atlas/core/result.hpp>               // errc
#include <atlas/core/thread_pool.hpp>          // thread_pool
#include <atlas/distance/nearest_request.hpp>  // nearest_request
#include <atlas/distance/pair_distance.hpp>    // kernel_of
#include <atlas/distance/top_k.hpp>            // neighbour

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

using kernels_v1::nearest_request;

/// One request while it is worked on.
class nearest_call {
 public:
  explicit nearest_call(const nearest_request& wanted) noexcept
      : request(wanted),
        table(kernels()),
        which(static_cast<metric>(wanted.metric)),
        k(wanted.k < wanted.row_count ? wanted.k : wanted.row_count),
        kernel_(kernel_of(table, which, static_cast<scalar>(wanted.query_scalar), static_cast<scalar>(wanted.row_scalar))),
        pool_(wanted.run == nullptr ? wanted.threads : 1) {}

  const nearest_request& request;
  const kernel_table& table;
  const metric which;
  const std::size_t k;  ///< of the request, but no more than there are rows

  [[nodiscard]] const std::byte* query(std::size_t index) const noexcept {
    return static_cast<const std::byte*>(request.queries) + index * request.query_stride_bytes;
  }
  [[nodiscard]] const std::byte* row(std::size_t index) const noexcept {
    return static_cast<const std::byte*>(request.rows) + index * request.row_stride_bytes;
  }
  [[nodiscard]] bool skips(std::uint32_t index) const noexcept {
    return request.skip != nullptr && request.skip(request.context, index);
  }

  /// Whether functions of the caller's run between one block of rows and the next.
  [[nodiscard]] bool calls_back() const noexcept { return request.skip != nullptr || request.on_progress != nullptr; }

  /// The distances that count: to the rows ids[0 .. count), or without ids to `count` rows from `first` on.
  void measure(std::size_t query_index, std::uint32_t first, const std::uint32_t* ids, std::size_t count,
               float* out) const noexcept {
    if (request.distances != nullptr) return request.distances(request.context, query_index, first, ids, count, out);
    kernel_(query(query_index), ids == nullptr ? row(first) : row(0), request.row_stride_bytes, ids, count,
            request.dimension, out);
    if (which != metric::inner_product) return;
    for (std::size_t i = 0; i < count; ++i) out[i] = 1.0F - out[i];
  }

  /// At most so many threads work: no more than there is work for.
  [[nodiscard]] std::size_t lanes(std::size_t tasks) const noexcept {
    const unsigned threads = request.threads != 0 ? request.threads : hardware_threads();
    const std::size_t most = threads < most_lanes ? threads : most_lanes;
    return tasks == 0 ? 1 : most < tasks ? most : tasks;
  }
  /// Calls work(task, worker) for each task, on several threads; the caller is worker 0.
  void run(std::size_t tasks, function_ref<void(std::size_t task, unsigned worker)> work) noexcept {
    if (tasks == 1) return work(0, 0);
    if (request.run == nullptr) {
      static_cast<void>(pool_.run(tasks, work));
      return;
    }
    request.run(request.context, tasks, static_cast<unsigned>(tasks),
                [](void* of_work, std::size_t task, unsigned worker) {
                  (*static_cast<function_ref<void(std::size_t, unsigned)>*>(of_work))(task, worker);
                },
                &work);
  }

  /// Reports `rows` more rows, if this is the caller's thread, and says whether to stop.
  bool stop(std::size_t rows, unsigned worker) noexcept {
    if (request.on_progress == nullptr) return false;
    const std::uint64_t done = done_.fetch_add(rows) + rows;
    if (worker == 0 && !request.on_progress(request.context, done, total_rows)) is_stopped_.store_release(true);
    return is_stopped_.load_acquire();
  }
  /// At the end: whether the last report was not answered by a stop.
  [[nodiscard]] errc finish() noexcept {
    if (request.on_progress == nullptr) return errc{};
    const bool is_stopped = is_stopped_.load_acquire() || !request.on_progress(request.context, total_rows, total_rows);
    return is_stopped ? errc::cancelled : errc{};
  }
  [[nodiscard]] bool is_stopped() const noexcept { return is_stopped_.load_acquire(); }

  /// Writes one query's slots. @param nearest  sorted, at most k
  void write(std::size_t query_index, span<const neighbour> nearest) const noexcept {
    auto* to = static_cast<std::byte*>(request.found) + query_index * request.k * sizeof(neighbour);
    if (!nearest.empty()) std::memcpy(to, nearest.data(), nearest.size() * sizeof(neighbour));
    const neighbour nobody{__builtin_inff(), ~std::uint32_t{0}};
    for (std::size_t slot = nearest.size(); slot < request.k; ++slot) {
      std::memcpy(to + slot * sizeof(neighbour), &nobody, sizeof nobody);
    }
    if (request.counts != nullptr) request.counts[query_index] = static_cast<std::uint32_t>(nearest.size());
  }

  std::uint64_t total_rows = 0;  ///< rows to go through, once for each batch of queries

 private:
  static constexpr std::size_t most_lanes = 1024;

  kernels_v1::row_kernel kernel_;
  thread_pool pool_;
  atomic<std::uint64_t> done_;
  atomic<bool> is_stopped_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_DISTANCE_NEAREST_CALL_HPP
