// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/growing_array.hpp -- elements that never move, lying in a mapped file or in memory.
//
// Room:      growing_array: append by one thread beside readers of what is there.
// Depends:   core, storage/region.hpp.
// Threads:   append by one thread at a time; size and data by any number beside it.
#ifndef ATLAS_FOLDER_GROWING_ARRAY_HPP
#define ATLAS_FOLDER_GROWING_ARRAY_HPP

#include <atlas/core/atomic.hpp>     // atomic
#include <atlas/core/result.hpp>     // status
#include <atlas/core/span.hpp>       // span
#include <atlas/storage/region.hpp>  // region

namespace atlas { inline namespace ATLAS_ABI {

/// Either borrows elements (borrow), or has its own and can append (own). Pointers stay valid either way until the
/// array goes, or the lender of borrowed elements does.
template <class T>
class growing_array {
 public:
  static_assert(__is_trivially_copyable(T));

  growing_array() noexcept = default;
  growing_array(const growing_array&) = delete;
  growing_array& operator=(const growing_array&) = delete;

  void borrow(const T* elements, std::size_t count) noexcept {
    data_ = elements;
    size_.store_release(count);
  }
  /// Makes the array able to append, beginning with a copy of these elements.
  /// @return errc::no_memory. Cost: one copy of the elements; address space of reserve_bytes, no memory for it
  [[nodiscard]] status own(const T* elements, std::size_t count) noexcept {
    const std::uint64_t needed = static_cast<std::uint64_t>(count) * sizeof(T);
    result<region> reserved = region::reserve(reserve_bytes, needed + least_room_bytes);
    if (!reserved.ok()) return reserved.error();
    region_ = static_cast<region&&>(*reserved);
    data_ = reinterpret_cast<const T*>(region_.data());
    size_.store_release(0);
    return append(elements, count);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_.load_acquire(); }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  /// A copy of the element, so that what is checked is what is used. @pre index < size()
  [[nodiscard]] T at(std::size_t index) const noexcept {
    ATLAS_ASSERT(index < size());
    T copy;
    std::memcpy(&copy, data_ + index, sizeof copy);
    return copy;
  }

  /// Makes room for `count` more elements: appending them cannot fail then.
  /// @return errc::no_memory, errc::limit_exceeded for more than the reserved addresses; nothing has changed then
  /// @pre own() was called
  [[nodiscard]] status reserve(std::size_t count) noexcept {
    ATLAS_ASSERT(region_.data() != nullptr);
    const std::size_t before = size_.load_relaxed();
    if (count > region_.reserved_bytes() / sizeof(T) - before) {
      return error{errc::limit_exceeded, "folder table bytes", region_.reserved_bytes(),
                   (static_cast<std::uint64_t>(before) + count) * sizeof(T)};
    }
    return region_.grow((before + count) * sizeof(T));
  }
  /// @return as reserve(count)
  [[nodiscard]] status append(const T* elements, std::size_t count) noexcept {
    if (status grown = reserve(count); !grown.ok()) return grown;
    const std::size_t before = size_.load_relaxed();
    if (count != 0) std::memcpy(static_cast<void*>(writable() + before), elements, count * sizeof(T));
    size_.store_release(before + count);
    return {};
  }
  /// Overwrites one element of an own array. Readers of that element must be kept away.
  void put(std::size_t index, const T& value) noexcept {
    ATLAS_ASSERT(region_.data() != nullptr && index < size());
    writable()[index] = value;
  }

 private:
  static constexpr std::uint64_t reserve_bytes = std::uint64_t{1} << 38;  // 256 GiB of addresses
  static constexpr std::uint64_t least_room_bytes = std::uint64_t{1} << 26;

  [[nodiscard]] T* writable() noexcept { return reinterpret_cast<T*>(region_.data()); }

  region region_;
  const T* data_ = nullptr;
  atomic<std::size_t> size_{0};
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_GROWING_ARRAY_HPP
