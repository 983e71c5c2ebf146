// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/free_blocks.hpp -- runs of blocks that wait to be used again.
//
// Room:      which runs are free, one of at least a wanted length, runs that touch joined to one.
// Not here:  the blocks, and when they may be used again (index/inverted_lists.hpp).
// Depends:   core.
// Threads:   one at a time.
#ifndef ATLAS_INDEX_FREE_BLOCKS_HPP
#define ATLAS_INDEX_FREE_BLOCKS_HPP

#include <atlas/core/memory.hpp>  // buffer

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Free runs, in a bucket for each power of two of their lengths. Runs are not joined as they come, which would take a look
/// at all of them, but all together where none is long enough and many came since the last time.
/// Cost: of give and take a few nanoseconds; the passes that join runs look at 64 words of a bitmap for each run given.
class free_blocks {
 public:
  static constexpr std::uint32_t none = 0xFFFFFFFFU;

  /// Notes a run as free; without memory for the note it is lost. @pre it is not free already
  void give(std::uint32_t first, std::uint32_t count) noexcept {
    if (count == 0 || !buckets_[bucket_of(count)].push_back({first, count}).ok()) return;
    ++runs_;
    blocks_ += count;
  }
  /// The first of `count` blocks in a row that are no longer free, or none.
  /// @param block_count  of all blocks, free or not
  [[nodiscard]] std::uint32_t take(std::size_t count, std::uint32_t block_count) noexcept {
    if (count == 0 || count > blocks_) return none;
    const auto wanted = static_cast<std::uint32_t>(count);
    if (const std::uint32_t first = take_run(wanted); first != none) return first;
    if (!is_joining_due(block_count) || !join(block_count)) return none;
    return take_run(wanted);
  }
  [[nodiscard]] std::size_t run_count() const noexcept { return runs_; }
  [[nodiscard]] std::uint64_t block_count() const noexcept { return blocks_; }

 private:
  struct run {
    std::uint32_t first;
    std::uint32_t count;
  };
  static constexpr std::size_t bucket_count = 32;

  [[nodiscard]] static std::size_t bucket_of(std::uint32_t count) noexcept { return static_cast<std::size_t>(31 - __builtin_clz(count)); }

  [[nodiscard]] std::uint32_t take_run(std::uint32_t count) noexcept {
    // Of the bucket whose runs may be too short some; in those behind it all are long enough.
    constexpr std::size_t most_looked_at = 16;
    const std::size_t lowest = bucket_of(count);
    buffer<run>& near = buckets_[lowest];
    for (std::size_t i = near.size(), looked_at = 0; i-- > 0 && looked_at < most_looked_at; ++looked_at) {
      if (near[i].count >= count) return cut(near, i, count);
    }
    for (std::size_t bucket = lowest + 1; bucket < bucket_count; ++bucket) {
      if (!buckets_[bucket].empty()) return cut(buckets_[bucket], buckets_[bucket].size() - 1, count);
    }
    return none;
  }
  /// The first `count` blocks of a run of a bucket; what is left of it stays free.
  [[nodiscard]] std::uint32_t cut(buffer<run>& bucket, std::size_t place, std::uint32_t count) noexcept {
    const run found = bucket[place];
    bucket[place] = bucket[bucket.size() - 1];
    (void)bucket.resize(bucket.size() - 1);  // shrinking cannot fail
    --runs_;
    blocks_ -= found.count;
    give(found.first + count, found.count - count);
    return found.first;
  }
  /// Whether as many runs came since the last time as there were then, and as make up for a pass over all blocks.
  [[nodiscard]] bool is_joining_due(std::uint32_t block_count) const noexcept {
    constexpr std::size_t fewest = 64;
    return runs_ >= 2 * joined_runs_ + fewest + block_count / 4096;
  }
  /// Makes runs that touch each other one. Gives false for want of memory; then they are as they were.
  [[nodiscard]] bool join(std::uint32_t block_count) noexcept {
    const std::size_t words = std::size_t{block_count} / 64 + 1;
    is_free_.clear();
    if (!is_free_.resize_zeroed(words).ok()) return false;
    for (buffer<run>& bucket : buckets_) {
      for (const run& one : bucket) mark(one);
      bucket.clear();
    }
    runs_ = 0;
    blocks_ = 0;
    for (std::uint64_t at = next_marked(0, true, block_count); at < block_count;) {
      const std::uint64_t end = next_marked(at, false, block_count);
      give(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end - at));
      at = next_marked(end, true, block_count);
    }
    joined_runs_ = runs_;
    is_free_ = {};
    return true;
  }
  void mark(const run& one) noexcept {
    const std::uint64_t end = std::uint64_t{one.first} + one.count;
    for (std::uint64_t at = one.first; at < end;) {
      const std::uint64_t in_word = at % 64;
      const std::uint64_t size = end - at < 64 - in_word ? end - at : 64 - in_word;
      is_free_[static_cast<std::size_t>(at / 64)] |= (size == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << size) - 1) << in_word;
      at += size;
    }
  }
  /// The first block from `at` on that is marked or not, or block_count.
  [[nodiscard]] std::uint64_t next_marked(std::uint64_t at, bool is_marked, std::uint64_t block_count) const noexcept {
    while (at < block_count) {
      const std::uint64_t word = is_free_[static_cast<std::size_t>(at / 64)];
      const std::uint64_t left = (is_marked ? word : ~word) >> (at % 64);
      if (left != 0) {
        at += static_cast<std::uint64_t>(__builtin_ctzll(left));
        return at < block_count ? at : block_count;
      }
      at = (at / 64 + 1) * 64;
    }
    return block_count;
  }

  buffer<run> buckets_[bucket_count];
  buffer<std::uint64_t> is_free_;  ///< a bit for each block, while runs are joined
  std::size_t runs_ = 0;
  std::size_t joined_runs_ = 0;    ///< how many there were when they were joined
  std::uint64_t blocks_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_FREE_BLOCKS_HPP
