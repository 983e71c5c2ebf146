// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/row_tasks.hpp -- many rows worked on by several threads, with progress, which may end it.
//
// Room:      coding_options, for_row_tasks.
// Depends:   core.
// Threads:   for_row_tasks uses as many as it is told.
#ifndef ATLAS_QUANTIZE_ROW_TASKS_HPP
#define ATLAS_QUANTIZE_ROW_TASKS_HPP

#include <atlas/core/atomic.hpp>       // atomic
#include <atlas/core/mutex.hpp>        // mutex, lock_guard
#include <atlas/core/progress.hpp>     // progress
#include <atlas/core/result.hpp>       // status
#include <atlas/core/thread_pool.hpp>  // thread_pool

namespace atlas { inline namespace ATLAS_ABI {

/// How calls on many rows work.
struct coding_options {
  unsigned threads = 1;       ///< 0: all that the process may use; the answer is the same for any number
  progress on_progress = {};  ///< called on the calling thread now and then, with rows done
};

namespace detail {

/// @param task_rows    of a task
/// @param report_rows  of each thread between two reports, about
/// @param work         status(std::size_t first, std::size_t count): some rows, on any thread; what fails ends the rest
/// @return             the first failure, errc::cancelled
template <class Work>
[[nodiscard]] status for_row_tasks(std::size_t rows, std::size_t task_rows, std::size_t report_rows, const coding_options& options,
                                   const Work& work) noexcept {
  thread_pool pool(options.threads);
  const std::size_t tasks = rows / task_rows + (rows % task_rows != 0 ? 1 : 0);
  const std::size_t of_report = (report_rows / task_rows + (report_rows < task_rows ? 1 : 0)) * pool.thread_count();
  atomic<bool> has_failed{false};
  mutex lock;
  status failure;
  for (std::size_t begin = 0; begin < tasks; begin += of_report) {
    const std::size_t count = tasks - begin < of_report ? tasks - begin : of_report;
    const status ran = pool.run(count, [&](std::size_t task, unsigned) noexcept {
      if (has_failed.load_acquire()) return;
      const std::size_t first = (begin + task) * task_rows;
      const status done = work(first, rows - first < task_rows ? rows - first : task_rows);
      if (done.ok()) return;
      const lock_guard<mutex> holding(lock);
      if (failure.ok()) failure = done;
      has_failed.store_release(true);
    });
    if (!ran.ok()) return ran;
    if (!failure.ok()) return failure;
    const std::size_t end = (begin + count) * task_rows;
    if (options.on_progress && !options.on_progress(end < rows ? end : rows, rows)) return errc::cancelled;
  }
  return {};
}

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_ROW_TASKS_HPP
