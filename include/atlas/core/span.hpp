// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/span.hpp -- a borrowed run of elements: pointer and count.
//
// Room:      span<T>, at a twentieth of what <span> costs to include.
// Not here:  rows of vectors (distance/matrix_view.hpp).
// Depends:   core/assert.hpp.
#ifndef ATLAS_CORE_SPAN_HPP
#define ATLAS_CORE_SPAN_HPP

#include <atlas/core/assert.hpp>  // ATLAS_ASSERT

namespace atlas { inline namespace ATLAS_ABI {

/// Borrows `size` elements from `data`; owns nothing. Made from anything with data() and size():
/// std::vector, std::array, std::span, std::string.
template <class T>
class span {
 public:
  constexpr span() noexcept = default;
  constexpr span(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <std::size_t Size>
  constexpr span(T (&array)[Size]) noexcept : data_(array), size_(Size) {}  // NOLINT: borrow as it is
  template <class Range>
    requires requires(Range&& range, T*& to) {
      to = range.data();
      static_cast<std::size_t>(range.size());
    }
  constexpr span(Range&& range) noexcept : data_(range.data()), size_(range.size()) {}  // NOLINT: likewise

  [[nodiscard]] constexpr T* data() const noexcept { return data_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr T* begin() const noexcept { return data_; }
  [[nodiscard]] constexpr T* end() const noexcept { return data_ + size_; }
  [[nodiscard]] constexpr T& operator[](std::size_t index) const noexcept {
    ATLAS_ASSERT(index < size_);
    return data_[index];
  }
  /// Elements [first, first + count). @pre first + count <= size()
  [[nodiscard]] constexpr span subspan(std::size_t first, std::size_t count) const noexcept {
    ATLAS_ASSERT(first <= size_ && count <= size_ - first);
    return {data_ + first, count};
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_SPAN_HPP
