// SPDX-License-Identifier: Apache-2.0
// c_api/text_blocks.hpp -- a batch of a caller's texts, worked on by several threads.
//
// Room:      checking the texts, and runs of them as tasks of a pool.
// Depends:   core, c_api/arguments.hpp.
// Threads:   the calling one and those of the pool.
#ifndef ATLAS_C_API_TEXT_BLOCKS_HPP
#define ATLAS_C_API_TEXT_BLOCKS_HPP

#include "arguments.hpp"

#include <atlas/core/atomic.hpp>       // atomic
#include <atlas/core/mutex.hpp>        // mutex
#include <atlas/core/thread_pool.hpp>  // thread_pool

namespace atlas::c_api {

[[nodiscard]] inline status require_texts(const atlas_text* texts, std::size_t count) noexcept {
  ATLAS_C_TRY(require(texts, "texts", count));
  for (std::size_t i = 0; i < count; ++i) {
    if (const status given = require(texts[i].data, "texts.data", texts[i].size_bytes); !given.ok()) {
      return given.error().at_row(i);
    }
  }
  return {};
}

/// Texts that one task converts and works on: small enough to share a batch out evenly, large enough that
/// starting a task costs nothing beside it.
inline constexpr std::size_t block_texts = 32;

/// Calls work(views, first) for runs of texts, on several threads; the first failure, its row counted from
/// the batch's start, ends the rest. Progress is reported on the calling thread, which is worker 0.
template <class Work>
[[nodiscard]] status for_each_block(thread_pool& pool, const atlas_text* texts, std::size_t count,
                                    const atlas_work_options& how, Work work) noexcept {
  atomic<std::size_t> done{0};
  atomic<bool> stop{false};
  mutex failure_lock;
  status failure;
  const auto fail = [&](const status& why) {
    const lock_guard<mutex> writing(failure_lock);
    if (failure.ok()) failure = why;
    stop.store_release(true);
  };
  const progress_call report(how.progress, how.progress_context);
  const auto block = [&](std::size_t task, unsigned worker) {
    if (stop.load_acquire()) return;
    if (worker == 0 && report.view() && !report(done.load_relaxed(), count)) return fail(errc::cancelled);
    const std::size_t first = task * block_texts;
    const std::size_t size = count - first < block_texts ? count - first : block_texts;
    text_view views[block_texts];
    for (std::size_t i = 0; i < size; ++i) views[i] = text_view(texts[first + i].data, texts[first + i].size_bytes);
    if (const status worked = work(span<const text_view>(views, size), first); !worked.ok()) {
      error why = worked.error();
      if (why.row != error::no_row) why.row += first;
      return fail(why);
    }
    done.fetch_add(size);
  };
  if (const status ran = pool.run((count + block_texts - 1) / block_texts, block, how.threads); !ran.ok()) return ran;
  if (failure.ok() && report.view() && !report(count, count)) return errc::cancelled;
  return failure;
}

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_TEXT_BLOCKS_HPP
