// SPDX-License-Identifier: Apache-2.0
// include/atlas/embed/feature_counts.hpp -- how often each feature occurs in one text.
//
// Room:      a hash table of 64-bit feature hashes, kept in the order of first sight.
// Not here:  what a feature is (embed/text_features.hpp), what it weighs (embed/hashing_embedder.hpp).
// Depends:   core only.
// Threads:   one at a time.
#ifndef ATLAS_EMBED_FEATURE_COUNTS_HPP
#define ATLAS_EMBED_FEATURE_COUNTS_HPP

#include <atlas/core/bits.hpp>    // mix64
#include <atlas/core/memory.hpp>  // buffer

namespace atlas { inline namespace ATLAS_ABI {

/// What sort of feature it is; each sort has its own weight.
enum class feature_kind : std::uint32_t { word = 0, pair = 1, gram = 2 };

/// A feature of a text and how often it occurs there.
struct feature_count {
  std::uint64_t hash = 0;
  std::uint32_t count = 0;
  feature_kind kind = feature_kind::word;
};

/// Counts the features of one text after the other, in memory that is kept for the next.
/// The order of features is that of their first occurrence, whatever was counted before: sums over them
/// round alike, so a text's vector does not depend on the batch it came in.
class feature_counts {
 public:
  /// Forgets all features; keeps the memory.
  void clear() noexcept {
    if (features_.size() > slots_.size() / 8) {
      if (!slots_.empty()) std::memset(slots_.data(), 0, slots_.size() * sizeof(std::uint32_t));
    } else {
      // Last in, first out: so each probe still finds its way over the slots that were taken before.
      for (std::size_t i = features_.size(); i-- > 0;) slots_[slot_of(features_[i].hash)] = 0;
    }
    features_.clear();
  }
  /// Counts one occurrence. Two features are the same if their hashes are.
  [[nodiscard]] status add(std::uint64_t hash, feature_kind kind) noexcept {
    if (features_.size() * 2 >= slots_.size()) {
      if (status grown = grow(); !grown.ok()) return grown;
    }
    const std::size_t slot = slot_of(hash);
    if (slots_[slot] != 0) {
      feature_count& feature = features_[slots_[slot] - 1];
      feature.count += feature.count != ~std::uint32_t{0} ? 1 : 0;
      return {};
    }
    if (features_.size() >= most_features) {
      return error{errc::limit_exceeded, "text features", most_features, features_.size() + std::uint64_t{1}};
    }
    if (status pushed = features_.push_back({hash, 1, kind}); !pushed.ok()) return pushed;
    slots_[slot] = static_cast<std::uint32_t>(features_.size());
    return {};
  }
  [[nodiscard]] const feature_count* begin() const noexcept { return features_.begin(); }
  [[nodiscard]] const feature_count* end() const noexcept { return features_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return features_.size(); }

 private:
  static constexpr std::size_t most_features = std::size_t{1} << 31;

  /// The slot that holds the hash, or the free one where it belongs. The table is never full.
  [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = static_cast<std::size_t>(mix64(hash ^ salt_)) & mask;
    while (slots_[slot] != 0 && features_[slots_[slot] - 1].hash != hash) slot = (slot + 1) & mask;
    return slot;
  }
  [[nodiscard]] status grow() noexcept {
    const std::size_t size = slots_.empty() ? 1024 : slots_.size() * 2;
    slots_.clear();
    if (status grown = slots_.resize_zeroed(size); !grown.ok()) return grown;
    for (std::size_t i = 0; i < features_.size(); ++i) {
      slots_[slot_of(features_[i].hash)] = static_cast<std::uint32_t>(i + 1);
    }
    return {};
  }

  // Another for each object, where addresses are random: nobody can write a text whose features all want
  // the same slot. The slots do not show in any answer.
  std::uint64_t salt_ = mix64(reinterpret_cast<std::uintptr_t>(this));
  buffer<feature_count> features_;
  buffer<std::uint32_t> slots_;  // 1 + index into features_; 0 is free; a power of two
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_EMBED_FEATURE_COUNTS_HPP
