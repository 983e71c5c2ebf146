// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/text_view.hpp -- borrowed text: pointer and byte count.
//
// Room:      text_view, at a fraction of what <string_view> costs to include.
// Not here:  anything that knows an encoding (text/).
// Depends:   core/assert.hpp.
#ifndef ATLAS_CORE_TEXT_VIEW_HPP
#define ATLAS_CORE_TEXT_VIEW_HPP

#include <atlas/core/assert.hpp>  // ATLAS_ASSERT

#include <cstring>  // std::memcmp, std::strlen

namespace atlas { inline namespace ATLAS_ABI {

/// Borrows `size` bytes of text; owns nothing, need not end in NUL. Made from a C string or from
/// anything with data() and size() over char: std::string, std::string_view.
class text_view {
 public:
  constexpr text_view() noexcept = default;
  constexpr text_view(const char* data, std::size_t size_bytes) noexcept : data_(data), size_(size_bytes) {}
  constexpr text_view(const char* terminated) noexcept  // NOLINT: a C string is a text
      : data_(terminated), size_(terminated == nullptr ? 0 : __builtin_strlen(terminated)) {}
  template <class Text>
    requires requires(const Text& text, const char*& to) {
      to = text.data();
      static_cast<std::size_t>(text.size());
    }
  constexpr text_view(const Text& text) noexcept : data_(text.data()), size_(text.size()) {}  // NOLINT: likewise

  [[nodiscard]] constexpr const char* data() const noexcept { return data_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr const char* begin() const noexcept { return data_; }
  [[nodiscard]] constexpr const char* end() const noexcept { return data_ + size_; }
  [[nodiscard]] constexpr char operator[](std::size_t index) const noexcept {
    ATLAS_ASSERT(index < size_);
    return data_[index];
  }
  /// Bytes [first, first + count). @pre first + count <= size()
  [[nodiscard]] constexpr text_view subview(std::size_t first, std::size_t count) const noexcept {
    ATLAS_ASSERT(first <= size_ && count <= size_ - first);
    return {data_ + first, count};
  }
  friend constexpr bool operator==(text_view left, text_view right) noexcept {
    return left.size_ == right.size_ && (left.size_ == 0 || __builtin_memcmp(left.data_, right.data_, left.size_) == 0);
  }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_TEXT_VIEW_HPP
