// SPDX-License-Identifier: Apache-2.0
// include/atlas/embed/document_frequencies.hpp -- in how many texts a feature occurs, in bounded memory.
//
// Room:      one counter for each bucket of feature hashes, and the number of texts.
// Not here:  what a feature is (embed/text_features.hpp), what a count weighs (embed/hashing_embedder.hpp).
// Depends:   core only.
// Threads:   learn() from any number of threads at once: counters are atomic and sums commute, so the
//            outcome is the same whatever the order. Reading beside learning gives some state in between.
#ifndef ATLAS_EMBED_DOCUMENT_FREQUENCIES_HPP
#define ATLAS_EMBED_DOCUMENT_FREQUENCIES_HPP

#include <atlas/core/atomic.hpp>  // add_relaxed, load_relaxed
#include <atlas/core/bits.hpp>    // mix64, is_power_of_two
#include <atlas/core/memory.hpp>  // buffer

namespace atlas { inline namespace ATLAS_ABI {

/// A table of 2^n counters of 4 bytes. Features that share a bucket are counted together, so a count is
/// never too low and on average too high by (sum of all true counts) / buckets: with a million texts
/// of 100 different words and 2^18 buckets by 380, which leaves a rare word rare.
class document_frequencies {
 public:
  document_frequencies() noexcept = default;

  /// All counts zero. @pre buckets is a power of two
  [[nodiscard]] static result<document_frequencies> create(std::size_t buckets) noexcept {
    ATLAS_ASSERT(is_power_of_two(buckets));
    document_frequencies made;
    if (status s = made.counts_.resize_zeroed(buckets); !s.ok()) return s.error();
    return made;
  }

  [[nodiscard]] std::size_t buckets() const noexcept { return counts_.size(); }
  [[nodiscard]] std::size_t bucket_of(std::uint64_t feature_hash) const noexcept {
    return static_cast<std::size_t>(mix64(feature_hash) >> 32) & (counts_.size() - 1);
  }
  /// Texts learned.
  [[nodiscard]] std::uint64_t texts() const noexcept { return load_relaxed(&texts_); }
  /// Texts with a feature of this bucket. @pre bucket < buckets()
  [[nodiscard]] std::uint32_t count(std::size_t bucket) const noexcept { return load_relaxed(&counts_[bucket]); }

  void add_text() noexcept { add_relaxed(&texts_, std::uint64_t{1}); }
  /// One more text has a feature of this bucket; call it once for each different feature of a text.
  void add(std::size_t bucket) noexcept { add_relaxed(&counts_[bucket], std::uint32_t{1}); }

  /// For reading back what was saved. @pre no other thread uses the table
  void set_texts(std::uint64_t texts) noexcept { texts_ = texts; }
  void set_count(std::size_t bucket, std::uint32_t count) noexcept { counts_[bucket] = count; }

 private:
  buffer<std::uint32_t> counts_;
  std::uint64_t texts_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_EMBED_DOCUMENT_FREQUENCIES_HPP
