// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/candidate_heap.hpp -- a binary heap of candidates that grows, nearest or farthest first.
//
// Room:      the two queues of a filtered or range walk, whose length no width bounds.
// Depends:   index/candidate_pool.hpp (candidate).
#ifndef ATLAS_INDEX_CANDIDATE_HEAP_HPP
#define ATLAS_INDEX_CANDIDATE_HEAP_HPP

#include <atlas/index/candidate_pool.hpp>  // candidate

namespace atlas { inline namespace ATLAS_ABI {

enum class heap_order : std::uint8_t { nearest_first, farthest_first };

template <heap_order Order>
class candidate_heap {
 public:
  void clear() noexcept { items_.clear(); }
  /// Room for `count` candidates, so that as many pushes cannot fail.
  [[nodiscard]] status reserve(std::size_t count) noexcept { return items_.reserve(count); }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] const candidate& top() const noexcept { return items_[0]; }
  [[nodiscard]] candidate* data() noexcept { return items_.data(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return items_.capacity() * sizeof(candidate); }

  [[nodiscard]] status push(candidate one) noexcept {
    if (status added = items_.push_back(one); !added.ok()) return added;
    std::size_t at = items_.size() - 1;
    while (at > 0 && before(one, items_[(at - 1) / 2])) {
      items_[at] = items_[(at - 1) / 2];
      at = (at - 1) / 2;
    }
    items_[at] = one;
    return {};
  }
  /// Removes and gives the top. @pre size() > 0
  candidate pop() noexcept {
    const candidate first = items_[0];
    const candidate last = items_[items_.size() - 1];
    (void)items_.resize(items_.size() - 1);  // shrinking cannot fail
    if (!items_.empty()) sink(last, items_.size());
    return first;
  }
  /// Keeps the `most` nearest of all that are offered. @pre reserve(most) succeeded; `one` is not NaN
  void offer(candidate one, std::size_t most) noexcept
    requires(Order == heap_order::farthest_first)
  {
    if (items_.size() < most) {
      (void)push(one);  // there is room
    } else if (most != 0 && one < items_[0]) {
      sink(one, items_.size());
    }
  }
  /// Sorts data()[0, size()) nearest first; the heap must be cleared before its next use.
  void sort() noexcept
    requires(Order == heap_order::farthest_first)
  {
    for (std::size_t size = items_.size(); size > 1; --size) {
      const candidate farthest = items_[0];
      sink(items_[size - 1], size - 1);
      items_[size - 1] = farthest;
    }
  }

 private:
  static bool before(const candidate& left, const candidate& right) noexcept {
    return Order == heap_order::nearest_first ? left < right : right < left;
  }
  /// Puts `one` where it belongs, starting at the top, in the first `size` items.
  void sink(candidate one, std::size_t size) noexcept {
    std::size_t at = 0;
    for (std::size_t child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(items_[child + 1], items_[child])) ++child;
      if (!before(items_[child], one)) break;
      items_[at] = items_[child];
      at = child;
    }
    items_[at] = one;
  }

  buffer<candidate> items_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_CANDIDATE_HEAP_HPP
