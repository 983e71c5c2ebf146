// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/idle_list.hpp -- what one call has made and the next may use again.
//
// Room:      idle_list: as many objects as were ever in use at the same time, up to most_idle.
// Depends:   core/atomic.hpp.
// Threads:   safe for all; an object belongs to whoever took it.
#ifndef ATLAS_INDEX_IDLE_LIST_HPP
#define ATLAS_INDEX_IDLE_LIST_HPP

#include <atlas/core/atomic.hpp>  // atomic

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Objects made with new. Slots instead of a lock, because the child of a fork() would inherit a lock held if another
/// thread was inside it just then.
template <class T>
class idle_list {
 public:
  static constexpr std::size_t most_idle = 256;

  idle_list() noexcept = default;
  idle_list(const idle_list&) = delete;
  idle_list& operator=(const idle_list&) = delete;
  ~idle_list() {
    for (atomic<T*>& place : idle_) delete place.load_acquire();
  }
  /// An idle one, or null. The caller gives it back, or ends it with delete.
  [[nodiscard]] T* take() noexcept {
    for (atomic<T*>& place : idle_) {
      if (place.load_relaxed() == nullptr) continue;
      if (T* one = place.exchange(nullptr); one != nullptr) return one;
    }
    return nullptr;
  }
  void give_back(T* one) noexcept {
    for (atomic<T*>& place : idle_) {
      T* nobody = nullptr;
      if (place.load_relaxed() == nullptr && place.compare_exchange(nobody, one)) return;
    }
    delete one;
  }
  /// The sum of bytes() of the idle ones, each taken out while it is looked at. Beside calls it is of no one moment.
  [[nodiscard]] std::uint64_t bytes() noexcept {
    std::uint64_t sum = 0;
    for (atomic<T*>& place : idle_) {
      T* one = place.exchange(nullptr);
      if (one == nullptr) continue;
      sum += one->bytes();
      give_back(one);
    }
    return sum;
  }

 private:
  atomic<T*> idle_[most_idle];
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IDLE_LIST_HPP
