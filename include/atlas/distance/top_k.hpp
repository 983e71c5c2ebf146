// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/top_k.hpp -- the k nearest of all that were offered, in the caller's memory.
//
// Room:      one bounded heap over (distance, id).
// Not here:  distances (distance.hpp), merging several lists.
// Depends:   core only.
// Threads:   one thread at a time for each top_k.
#ifndef ATLAS_DISTANCE_TOP_K_HPP
#define ATLAS_DISTANCE_TOP_K_HPP

#include <atlas/core/assert.hpp>  // ATLAS_ASSERT
#include <atlas/core/span.hpp>    // span

namespace atlas { inline namespace ATLAS_ABI {

/// One candidate: how far, and which.
struct neighbour {
  float distance;
  std::uint32_t id;

  /// Nearer first; of two equally near, the lower id. A total order as long as no distance is NaN.
  friend constexpr bool operator<(const neighbour& left, const neighbour& right) noexcept {
    return left.distance < right.distance || (left.distance == right.distance && left.id < right.id);
  }
  friend constexpr bool operator==(const neighbour& left, const neighbour& right) noexcept {
    return left.distance == right.distance && left.id == right.id;
  }
};
static_assert(sizeof(neighbour) == 8);

/// Keeps the k least candidates. The answer depends on what was offered, not on the order: of equal
/// distances the lower ids stay. NaN never enters; infinity does. An id offered twice counts twice.
/// Cost: offer: one comparison for what is too far, else O(log k); no allocation, nothing throws.
class top_k {
 public:
  /// @param memory  room for k = memory.size() candidates; used until the last call, its content is lost
  explicit top_k(span<neighbour> memory) noexcept
      : heap_(memory.data()), capacity_(memory.size()), worst_(capacity_ == 0 ? -infinity : infinity) {}

  /// @return  whether the candidate is among the nearest so far
  bool offer(float distance, std::uint32_t id) noexcept {
    if (!(distance <= worst_)) return false;
    return place({distance, id});
  }

  /// Offers distances[i] as id first_id + i. shape [count]
  void offer_rows(const float* distances, std::size_t count, std::uint32_t first_id) noexcept {
    for (std::size_t i = 0; i < count; ++i) offer(distances[i], first_id + static_cast<std::uint32_t>(i));
  }

  /// No candidate further than this can enter any more: the k-th distance, or +infinity while there
  /// are fewer than k (-infinity for k = 0).
  [[nodiscard]] float worst() const noexcept { return worst_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool is_full() const noexcept { return size_ == capacity_; }

  /// Sorts in place and gives the candidates, nearest first. The top_k is empty afterwards.
  /// Cost: O(k log k).
  span<neighbour> take_sorted() noexcept {
    const std::size_t found = size_;
    while (size_ > 1) {
      const neighbour furthest = heap_[0];
      --size_;
      sift_down(heap_[size_]);
      heap_[size_] = furthest;
    }
    size_ = 0;
    worst_ = capacity_ == 0 ? -infinity : infinity;
    return {heap_, found};
  }

 private:
  static constexpr float infinity = __builtin_inff();

  // Out of line: nearly every candidate of a scan ends at the comparison in offer.
  [[gnu::noinline]] bool place(neighbour candidate) noexcept {
    if (size_ < capacity_) {
      sift_up(candidate);
      if (size_ == capacity_) worst_ = heap_[0].distance;
      return true;
    }
    if (capacity_ == 0 || !(candidate < heap_[0])) return false;
    sift_down(candidate);
    worst_ = heap_[0].distance;
    return true;
  }

  /// Appends and restores the heap: each parent is further than its children.
  void sift_up(neighbour candidate) noexcept {
    std::size_t hole = size_++;
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 2;
      if (!(heap_[parent] < candidate)) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = candidate;
  }
  /// Replaces the furthest and restores the heap. @pre size_ > 0
  void sift_down(neighbour candidate) noexcept {
    ATLAS_ASSERT(size_ > 0);
    std::size_t hole = 0;
    for (std::size_t child = 1; child < size_; child = 2 * hole + 1) {
      if (child + 1 < size_ && heap_[child] < heap_[child + 1]) ++child;
      if (!(candidate < heap_[child])) break;
      heap_[hole] = heap_[child];
      hole = child;
    }
    heap_[hole] = candidate;
  }

  neighbour* heap_;
  std::size_t size_ = 0;
  std::size_t capacity_;
  float worst_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_TOP_K_HPP
