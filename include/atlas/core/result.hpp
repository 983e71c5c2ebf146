// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/result.hpp -- a value or the error that stands in its place.
//
// Room:      result<T> and status, shaped like std::expected<T, error>.
// Not here:  what an error says (core/error.hpp).
// Depends:   core only; no <utility>, no <type_traits>: they cost more lines than this header's budget.
#ifndef ATLAS_CORE_RESULT_HPP
#define ATLAS_CORE_RESULT_HPP

#include <atlas/core/assert.hpp>  // panic
#include <atlas/core/error.hpp>   // error, errc

#include <new>  // placement new

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {
using error_value = error;  // the type's name inside result<T>, where error() is the accessor
[[noreturn, gnu::cold, gnu::noinline]] inline void bad_result_access(const error& what) noexcept {
  char text[512];
  describe(what, text, sizeof text);
  panic(text);
}
}  // namespace detail

/// A T, or the error that says why there is none. Never empty, never throws.
/// Movable whenever T is; copyable through `*r` where T is.
template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;

  result(detail::error_value why) noexcept : error_(why), has_value_(false) {}  // NOLINT: return an error as it is
  result(errc code) noexcept : error_(code), has_value_(false) {}  // NOLINT: return a code as it is
  result(const T& value) noexcept : value_(value), has_value_(true) {}  // NOLINT: return a value as it is
  result(T&& value) noexcept : value_(static_cast<T&&>(value)), has_value_(true) {}  // NOLINT: likewise

  result(result&& other) noexcept : has_value_(other.has_value_) {
    if (has_value_) {
      ::new (static_cast<void*>(&value_)) T(static_cast<T&&>(other.value_));
    } else {
      ::new (static_cast<void*>(&error_)) detail::error_value(other.error_);
    }
  }
  result& operator=(result&& other) noexcept {
    if (this != &other) {
      this->~result();
      ::new (static_cast<void*>(this)) result(static_cast<result&&>(other));
    }
    return *this;
  }
  result(const result&) = delete;
  result& operator=(const result&) = delete;
  ~result() {
    if (has_value_) value_.~T();
  }

  [[nodiscard]] bool ok() const noexcept { return has_value_; }
  [[nodiscard]] bool has_value() const noexcept { return has_value_; }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value_; }

  /// The value; without one, the process ends with the error's text. For tests, examples and main().
  [[nodiscard]] T& value() & noexcept {
    if (!has_value_) detail::bad_result_access(error_);
    return value_;
  }
  [[nodiscard]] const T& value() const& noexcept {
    if (!has_value_) detail::bad_result_access(error_);
    return value_;
  }
  [[nodiscard]] T&& value() && noexcept {
    if (!has_value_) detail::bad_result_access(error_);
    return static_cast<T&&>(value_);
  }

  /// @pre ok()
  [[nodiscard]] T& operator*() & noexcept {
    ATLAS_ASSERT(has_value_);
    return value_;
  }
  [[nodiscard]] const T& operator*() const& noexcept {
    ATLAS_ASSERT(has_value_);
    return value_;
  }
  [[nodiscard]] T&& operator*() && noexcept {
    ATLAS_ASSERT(has_value_);
    return static_cast<T&&>(value_);
  }
  [[nodiscard]] T* operator->() noexcept {
    ATLAS_ASSERT(has_value_);
    return &value_;
  }
  [[nodiscard]] const T* operator->() const noexcept {
    ATLAS_ASSERT(has_value_);
    return &value_;
  }

  /// @pre !ok()
  [[nodiscard]] const detail::error_value& error() const noexcept {
    ATLAS_ASSERT(!has_value_);
    return error_;
  }

 private:
  union {
    T value_;
    detail::error_value error_;
  };
  bool has_value_;
};

/// Success, or the error.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;

  constexpr result() noexcept : has_value_(true) {}
  result(detail::error_value why) noexcept : error_(why), has_value_(false) {}  // NOLINT: return an error as it is
  result(errc code) noexcept : error_(code), has_value_(false) {}        // NOLINT: return a code as it is

  [[nodiscard]] bool ok() const noexcept { return has_value_; }
  [[nodiscard]] bool has_value() const noexcept { return has_value_; }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value_; }
  void value() const noexcept {
    if (!has_value_) detail::bad_result_access(error_);
  }
  /// @pre !ok()
  [[nodiscard]] const detail::error_value& error() const noexcept {
    ATLAS_ASSERT(!has_value_);
    return error_;
  }

 private:
  detail::error_value error_{};
  bool has_value_;
};

using status = result<void>;

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_RESULT_HPP
