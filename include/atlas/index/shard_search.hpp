// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/shard_search.hpp -- a search of many indexes at once.
//
// Room:      shard_search: queries and shards shared out over threads, and what they found merged; shard_scratch.
// Not here:  the order of what is merged (index/shard_merge.hpp), checks of arguments (index/shards.hpp).
// Depends:   core, index/{idle_list,shard_files,shard_merge}.hpp.
// Threads:   const over the shards; a scratch belongs to one search at a time.
#ifndef ATLAS_INDEX_SHARD_SEARCH_HPP
#define ATLAS_INDEX_SHARD_SEARCH_HPP

#include <atlas/core/atomic.hpp>        // atomic
#include <atlas/core/thread_pool.hpp>   // thread_pool
#include <atlas/index/idle_list.hpp>    // idle_list
#include <atlas/index/shard_files.hpp>  // shard_files
#include <atlas/index/shard_merge.hpp>  // merge_hits

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What one shard found, of some queries.
struct shard_room {
  buffer<std::uint64_t> keys;      // [queries, k]
  buffer<float> distances;         // [queries, k]
  buffer<std::uint32_t> counts;    // [queries]
  std::size_t within = 0;          // answers of a range

  [[nodiscard]] status resize(std::size_t queries, std::size_t k) noexcept {
    if (queries > ~std::size_t{0} / k) return error{errc::no_memory, "queries * k", "below 2^64", queries};
    if (status made = keys.resize(queries * k); !made.ok()) return made;
    if (status made = distances.resize(queries * k); !made.ok()) return made;
    return counts.resize(queries);
  }
};

/// A failure, or none.
struct shard_outcome {
  bool has_failed = false;
  error why = {};
};

/// The memory of one search, kept for the next.
class shard_scratch {
 public:
  shard_scratch() noexcept = default;
  shard_scratch(const shard_scratch&) = delete;
  shard_scratch& operator=(const shard_scratch&) = delete;
  ~shard_scratch() { delete[] rooms_; }

  /// @param files  the same at every call
  /// @return       errc::no_memory
  [[nodiscard]] status start(const shard_files& files) noexcept {
    if (rooms_ == nullptr) rooms_ = new (std::nothrow) shard_room[files.size()];
    if (rooms_ == nullptr) return error{errc::no_memory, "shard rooms"};
    room_count_ = files.size();
    if (status made = resize_cleared(failures, room_count_); !made.ok()) return made;
    for (const shard_failure& missing : files.missing()) failures[missing.shard] = {true, missing.why};
    return {};
  }
  [[nodiscard]] shard_room& room(std::size_t shard) noexcept { return rooms_[shard]; }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    std::uint64_t sum = hits.capacity() * sizeof(shard_hit) + seen.capacity() * sizeof(std::uint64_t) +
                        (outcomes.capacity() + failures.capacity()) * sizeof(shard_outcome) + room_count_ * sizeof(shard_room);
    for (std::size_t i = 0; i < room_count_; ++i) {
      sum += rooms_[i].keys.capacity() * sizeof(std::uint64_t) + rooms_[i].distances.capacity() * sizeof(float) +
             rooms_[i].counts.capacity() * sizeof(std::uint32_t);
    }
    return sum;
  }
  [[nodiscard]] static status resize_cleared(buffer<shard_outcome>& list, std::size_t size) noexcept {
    if (status made = list.resize(size); !made.ok()) return made;
    for (shard_outcome& one : list) one = {};
    return {};
  }

  buffer<shard_outcome> outcomes;  ///< [shards, pieces] of one round
  buffer<shard_outcome> failures;  ///< [shards]: the first of each
  buffer<shard_hit> hits;          ///< of a merge, for each thread
  buffer<std::uint64_t> seen;      ///< its keys

 private:
  shard_room* rooms_ = nullptr;
  std::size_t room_count_ = 0;
};

/// One search, in pieces: one shard and some queries, on one thread, as if there were nothing else. So answers do not depend
/// on how many threads there are.
class shard_search {
 public:
  /// @param may_fail  whether the answers of a shard whose file fails are done without
  shard_search(const shard_files& files, thread_pool& pool, shard_scratch& scratch, bool may_fail, unsigned threads) noexcept
      : files_(files), pool_(pool), scratch_(scratch), may_fail_(may_fail),
        lanes_(threads == 0 || threads > pool.thread_count() ? pool.thread_count() : threads) {}

  /// @pre the arguments were checked
  [[nodiscard]] result<shard_answer> nearest(const matrix_view& queries, const search_options& options, const hits_view& hits) noexcept {
    if (status made = scratch_.start(files_); !made.ok()) return made.error();
    search_options each = options;
    each.k = options.k < files_.most_rows() ? options.k : files_.most_rows();
    each.threads = 1;
    // So many queries at once that what the shards find of them stays in the caches nearer than memory.
    constexpr std::size_t most_held = std::size_t{1} << 18;
    const std::size_t held = most_held / (files_.size() * each.k);
    const std::size_t at_once = held == 0 ? 1 : held < queries.rows ? held : queries.rows;
    std::size_t answers = 0;
    for (std::size_t first = 0; first < queries.rows; first += at_once) {
      const std::size_t count = queries.rows - first < at_once ? queries.rows - first : at_once;
      if (status asked = ask(queries.subrows(first, count), each); !asked.ok()) return asked.error();
      const hits_view part{hits.keys + first * options.k, hits.distances + first * options.k,
                           hits.counts != nullptr ? hits.counts + first : nullptr};
      const auto found = merge(count, each.k, options.k, part);
      if (!found.ok()) return found.error();
      answers += *found;
    }
    return answer(answers);
  }

  /// @pre the arguments were checked
  [[nodiscard]] result<shard_answer> within(span<const float> query, float radius, const shard_range_options& options,
                                            span<std::uint64_t> keys, span<float> distances) noexcept {
    if (status made = scratch_.start(files_); !made.ok()) return made.error();
    if (status made = shard_scratch::resize_cleared(scratch_.outcomes, files_.size()); !made.ok()) return made.error();
    run(files_.size(), [&](std::size_t shard, unsigned) noexcept {
      scratch_.room(shard).within = 0;
      if (files_.index(shard) == nullptr) return;
      const status asked = ask_within(shard, query, radius, options);
      if (asked.ok()) return;
      scratch_.outcomes[shard] = {true, asked.error()};
      scratch_.room(shard).within = 0;  // it may have answered once, with too little room
    });
    if (status fine = collect_failures(1); !fine.ok()) return fine.error();

    std::size_t total = 0;
    for (std::size_t shard = 0; shard < files_.size(); ++shard) total += scratch_.room(shard).within;
    if (status made = scratch_.hits.resize(total); !made.ok()) return made.error();
    if (status made = scratch_.seen.resize(merge_slots(total)); !made.ok()) return made.error();
    std::size_t gathered = 0;
    for (std::size_t shard = 0; shard < files_.size(); ++shard) {
      const shard_room& room = scratch_.room(shard);
      for (std::size_t i = 0; i < room.within; ++i) scratch_.hits[gathered++] = {room.keys[i], room.distances[i]};
    }
    std::size_t written = 0;
    return answer(merge_hits({scratch_.hits.data(), total}, total, scratch_.seen, [&](const shard_hit& hit) noexcept {
      if (written == keys.size()) return;
      keys[written] = hit.key;
      distances[written++] = hit.distance;
    }));
  }

 private:
  template <class Work>
  void run(std::size_t tasks, Work work) noexcept {
    if (lanes_ == 1) {
      for (std::size_t task = 0; task < tasks; ++task) work(task, 0U);
    } else {
      static_cast<void>(pool_.run(tasks, work, lanes_));  // it always does the work
    }
  }

  /// Whether an error of a search is one of a shard's file, and not of the query or of memory.
  [[nodiscard]] static bool is_of_file(const error& why) noexcept { return why == errc::io || why == errc::corrupt_file; }

  /// Asks every shard some queries, in pieces that suit the threads.
  [[nodiscard]] status ask(const matrix_view& queries, const search_options& each) noexcept {
    const std::size_t shards = files_.size();
    // A shard's pieces go over its rows each for itself: no more of them than keep the threads busy to the end.
    const std::size_t wanted = lanes_ == 1 ? 1 : (2 * std::size_t{lanes_} + shards - 1) / shards;
    const std::size_t pieces = wanted < queries.rows ? wanted : queries.rows;
    for (std::size_t shard = 0; shard < shards; ++shard) {
      if (files_.index(shard) == nullptr) continue;
      if (status made = scratch_.room(shard).resize(queries.rows, each.k); !made.ok()) return made;
    }
    if (status made = shard_scratch::resize_cleared(scratch_.outcomes, shards * pieces); !made.ok()) return made;
    run(shards * pieces, [&](std::size_t task, unsigned) noexcept {
      const std::size_t shard = task / pieces;
      const any_index* const index = files_.index(shard);
      if (index == nullptr) return;
      const std::size_t begin = queries.rows * (task % pieces) / pieces;
      const std::size_t end = queries.rows * (task % pieces + 1) / pieces;
      shard_room& room = scratch_.room(shard);
      const hits_view into{room.keys.data() + begin * each.k, room.distances.data() + begin * each.k, room.counts.data() + begin};
      const status asked = index->search(queries.subrows(begin, end - begin), each, into);
      if (asked.ok()) return;
      if (!may_fail_ || !is_of_file(asked.error())) {
        scratch_.outcomes[task] = {true, asked.error()};
        return;
      }
      // What failed may be what one query alone wanted of the file.
      for (std::size_t query = begin; query < end; ++query) {
        const hits_view alone{room.keys.data() + query * each.k, room.distances.data() + query * each.k, room.counts.data() + query};
        const status again = index->search(queries.subrows(query, 1), each, alone);
        if (again.ok()) continue;
        room.counts[query] = 0;
        if (!scratch_.outcomes[task].has_failed || !is_of_file(again.error())) scratch_.outcomes[task] = {true, again.error()};
      }
    });
    return collect_failures(pieces);
  }

  /// All that one shard has within the radius, into its room.
  [[nodiscard]] status ask_within(std::size_t shard, span<const float> query, float radius, const shard_range_options& options) noexcept {
    constexpr std::size_t least_room = 64;
    const any_index& index = *files_.index(shard);
    const range_options each{index.kind() == file_kind::ivf_pq ? options.probes : options.width, options.allowed};
    shard_room& room = scratch_.room(shard);
    std::size_t capacity = room.keys.size() < least_room ? least_room : room.keys.size();
    for (int times = 0; times < 2; ++times) {  // at the second time there is room for what the first found
      if (status made = room.resize(1, capacity); !made.ok()) return made;
      const auto found = index.range(query, radius, each, room.keys, room.distances);
      if (!found.ok()) return found.error();
      room.within = *found < capacity ? *found : capacity;
      if (*found <= capacity) break;
      capacity = *found;
    }
    return {};
  }

  /// Keeps each shard's first failure; the error, if one may not be done without.
  [[nodiscard]] status collect_failures(std::size_t pieces) noexcept {
    for (std::size_t task = 0; task < scratch_.outcomes.size(); ++task) {
      const shard_outcome& outcome = scratch_.outcomes[task];
      if (!outcome.has_failed) continue;
      const std::size_t shard = task / pieces;
      const error why = is_of_file(outcome.why) ? outcome.why.at_row(shard) : outcome.why;
      if (!is_of_file(why) || !may_fail_) return why;
      if (!scratch_.failures[shard].has_failed) scratch_.failures[shard] = {true, why};
    }
    return {};
  }

  /// The nearest of what all shards found, of `count` queries.
  /// @return  answers written
  [[nodiscard]] result<std::size_t> merge(std::size_t count, std::size_t found_k, std::size_t k, const hits_view& into) noexcept {
    const std::size_t shards = files_.size();
    const std::size_t most = shards * found_k;
    const std::size_t slots = merge_slots(most < k ? most : k);
    if (status made = scratch_.hits.resize(lanes_ * most); !made.ok()) return made.error();
    if (status made = scratch_.seen.resize(lanes_ * slots); !made.ok()) return made.error();
    atomic<std::size_t> answers{0};
    run(count, [&](std::size_t query, unsigned lane) noexcept {
      shard_hit* const hits = scratch_.hits.data() + lane * most;
      std::size_t gathered = 0;
      for (std::size_t shard = 0; shard < shards; ++shard) {
        if (files_.index(shard) == nullptr) continue;
        const shard_room& room = scratch_.room(shard);
        const std::size_t begin = query * found_k;
        for (std::size_t i = begin; i < begin + room.counts[query]; ++i) hits[gathered++] = {room.keys[i], room.distances[i]};
      }
      std::uint64_t* const keys = into.keys + query * k;
      float* const distances = into.distances + query * k;
      std::size_t written = 0;
      merge_hits({hits, gathered}, k, {scratch_.seen.data() + lane * slots, slots}, [&](const shard_hit& hit) noexcept {
        keys[written] = hit.key;
        distances[written++] = hit.distance;
      });
      answers.fetch_add(written);
      if (into.counts != nullptr) into.counts[query] = static_cast<std::uint32_t>(written);
      for (; written < k; ++written) {
        keys[written] = reserved_key;
        distances[written] = __builtin_inff();
      }
    });
    return answers.load_acquire();
  }

  [[nodiscard]] shard_answer answer(std::size_t found) const noexcept {
    shard_answer made;
    made.found = found;
    made.listed = made.answered = files_.size();
    for (std::size_t shard = files_.size(); shard-- > 0;) {
      if (!scratch_.failures[shard].has_failed) continue;
      --made.answered;
      made.failed_shard = shard;
      made.why = scratch_.failures[shard].why;
    }
    return made;
  }

  const shard_files& files_;
  thread_pool& pool_;
  shard_scratch& scratch_;
  const bool may_fail_;
  const unsigned lanes_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_SHARD_SEARCH_HPP
