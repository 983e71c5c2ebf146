// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/memory.hpp -- memory that grows with the data, and says so when there is none left.
//
// Room:      buffer<T>: one cache-line-aligned, growable array of trivially copyable elements.
// Not here:  address space that grows in place and mapped files (storage/region.hpp).
// Depends:   core/result.hpp.
#ifndef ATLAS_CORE_MEMORY_HPP
#define ATLAS_CORE_MEMORY_HPP

#include <atlas/core/result.hpp>  // status, errc

#include <cstdlib>  // std::aligned_alloc, std::free
#include <cstring>  // std::memcpy

namespace atlas { inline namespace ATLAS_ABI {

/// A growable array of trivially copyable elements, aligned to cache_line. Unlike std::vector it
/// reports failure as errc::no_memory, never by an exception, and leaves new elements unset unless asked.
template <class T>
class buffer {
 public:
  static_assert(__is_trivially_copyable(T), "buffer<T> moves elements with memcpy");

  buffer() noexcept = default;
  buffer(buffer&& other) noexcept : data_(other.data_), size_(other.size_), capacity_(other.capacity_) {
    other.data_ = nullptr;
    other.size_ = other.capacity_ = 0;
  }
  buffer& operator=(buffer&& other) noexcept {
    if (this != &other) {
      std::free(data_);
      data_ = other.data_;
      size_ = other.size_;
      capacity_ = other.capacity_;
      other.data_ = nullptr;
      other.size_ = other.capacity_ = 0;
    }
    return *this;
  }
  buffer(const buffer&) = delete;
  buffer& operator=(const buffer&) = delete;
  ~buffer() { std::free(data_); }

  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data_; }
  [[nodiscard]] const T* end() const noexcept { return data_ + size_; }
  [[nodiscard]] T& operator[](std::size_t index) noexcept {
    ATLAS_ASSERT(index < size_);
    return data_[index];
  }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept {
    ATLAS_ASSERT(index < size_);
    return data_[index];
  }

  /// Room for at least `capacity` elements. On errc::no_memory nothing has changed.
  [[nodiscard]] status reserve(std::size_t capacity) noexcept {
    if (capacity <= capacity_) return {};
    if (capacity > (~std::size_t{0} - cache_line) / sizeof(T)) {
      return error{errc::no_memory, "buffer bytes", "a size below 2^64", capacity};
    }
    const std::size_t bytes = (capacity * sizeof(T) + cache_line - 1) / cache_line * cache_line;
    T* grown = static_cast<T*>(std::aligned_alloc(cache_line, bytes));
    if (grown == nullptr) return error{errc::no_memory, "buffer bytes", bytes, 0};
    if (size_ != 0) std::memcpy(static_cast<void*>(grown), data_, size_ * sizeof(T));
    std::free(data_);
    data_ = grown;
    capacity_ = capacity;
    return {};
  }
  /// Exactly `size` elements; new ones are unset. Amortised constant time an element.
  [[nodiscard]] status resize(std::size_t size) noexcept {
    if (size > capacity_) {
      const std::size_t half_more = capacity_ + capacity_ / 2;
      if (status grown = reserve(size > half_more ? size : half_more); !grown.ok()) return grown;
    }
    size_ = size;
    return {};
  }
  /// Exactly `size` elements, new ones with all bytes zero.
  [[nodiscard]] status resize_zeroed(std::size_t size) noexcept {
    const std::size_t before = size_;
    if (status grown = resize(size); !grown.ok()) return grown;
    if (size > before) std::memset(static_cast<void*>(data_ + before), 0, (size - before) * sizeof(T));
    return {};
  }
  [[nodiscard]] status push_back(const T& value) noexcept {
    if (size_ == capacity_) return push_back_grown(value);
    data_[size_++] = value;
    return {};
  }
  [[nodiscard]] status append(const T* values, std::size_t count) noexcept {
    const std::size_t before = size_;
    if (status grown = resize(size_ + count); !grown.ok()) return grown;
    if (count != 0) std::memcpy(static_cast<void*>(data_ + before), values, count * sizeof(T));
    return {};
  }
  void clear() noexcept { size_ = 0; }

 private:
  [[gnu::noinline]] status push_back_grown(const T& value) noexcept {
    const T copy = value;  // `value` may lie inside this buffer, which resize moves
    if (status grown = resize(size_ + 1); !grown.ok()) return grown;
    data_[size_ - 1] = copy;
    return {};
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_MEMORY_HPP
