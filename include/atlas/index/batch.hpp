// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/batch.hpp -- the same work for every row of a batch, on one thread or on many.
//
// Room:      run_batch: order, first error, progress and cancelling.
// Depends:   core/thread_pool.hpp, index/search_scratch.hpp.
#ifndef ATLAS_INDEX_BATCH_HPP
#define ATLAS_INDEX_BATCH_HPP

#include <atlas/core/progress.hpp>         // progress
#include <atlas/core/thread_pool.hpp>      // thread_pool
#include <atlas/index/search_scratch.hpp>  // borrowed_scratch

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Calls `work(scratch, i)`, which gives a status, for every i in [0, count).
/// One thread works in order on the calling thread. More threads take the next i that is free; the first
/// failure stops the others.
/// @param threads      0: all of the pool's
/// @param on_progress  called on the calling thread only, at the start and then about 1,000 times; false
///                     ends the batch with errc::cancelled
template <class Work>
[[nodiscard]] inline status run_batch(thread_pool& pool, scratch_list& scratches, std::size_t count, unsigned threads,
                                      progress on_progress, Work work) noexcept {
  const std::size_t report_every = count / 1000 + 1;
  if (threads == 1 || count <= 1) {
    borrowed_scratch scratch(scratches);
    if (!scratch) return error{errc::no_memory, "search scratch"};
    for (std::size_t i = 0; i < count; ++i) {
      if (on_progress && i % report_every == 0 && !on_progress(i, count)) return errc::cancelled;
      if (status done = work(*scratch, i); !done.ok()) return done;
    }
    if (on_progress && !on_progress(count, count)) return errc::cancelled;
    return {};
  }

  atomic<std::size_t> next{0};
  atomic<bool> stop{false};
  mutex failure_lock;
  status failure;
  const auto fail = [&](const status& why) noexcept {
    lock_guard<mutex> writing(failure_lock);
    if (failure.ok()) failure = why;
    stop.store_release(true);
  };
  const auto lane = [&](std::size_t, unsigned worker) noexcept {
    borrowed_scratch scratch(scratches);
    if (!scratch) return fail(error{errc::no_memory, "search scratch"});
    std::size_t report_at = 0;
    while (!stop.load_acquire()) {
      const std::size_t i = next.fetch_add(1);
      if (i >= count) return;
      if (worker == 0 && on_progress && i >= report_at) {
        report_at = i + report_every;
        if (!on_progress(i, count)) return fail(errc::cancelled);
      }
      if (status done = work(*scratch, i); !done.ok()) return fail(done);
    }
  };
  const unsigned wanted = threads == 0 || threads > pool.thread_count() ? pool.thread_count() : threads;
  const std::size_t lanes = wanted < count ? wanted : count;
  if (status ran = pool.run(lanes, lane, wanted); !ran.ok()) return ran;
  if (failure.ok() && on_progress && !on_progress(count, count)) return errc::cancelled;
  return failure;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_BATCH_HPP
