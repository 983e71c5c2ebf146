// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/one_of.hpp -- a value of one of several types.
//
// Room:      one_of<T...>: what std::variant is, without what that includes and throws.
// Depends:   core/assert.hpp.
// Threads:   as the value.
#ifndef ATLAS_CORE_ONE_OF_HPP
#define ATLAS_CORE_ONE_OF_HPP

#include <atlas/core/assert.hpp>  // ATLAS_ASSERT

#include <cstddef>  // std::byte
#include <initializer_list>
#include <new>  // placement new, std::launder

namespace atlas { inline namespace ATLAS_ABI {

/// Holds a value of exactly one of the types, never none. Each type is copied and moved without failing, and stands once in the list.
template <class First, class... Rest>
class one_of {
 public:
  /// A First.
  one_of() noexcept { ::new (static_cast<void*>(bytes_)) First(); }
  template <class T>
    requires(__is_same(T, First) || (__is_same(T, Rest) || ...))
  one_of(T value) noexcept : index_(place_of<T>()) {  // NOLINT: a value of one of the types is one of them
    ::new (static_cast<void*>(bytes_)) T(static_cast<T&&>(value));
  }
  one_of(const one_of& other) noexcept : index_(other.index_) {
    other.visit([&]<class T>(const T& value) noexcept { ::new (static_cast<void*>(bytes_)) T(value); });
  }
  one_of(one_of&& other) noexcept : index_(other.index_) {
    other.change([&]<class T>(T& value) noexcept { ::new (static_cast<void*>(bytes_)) T(static_cast<T&&>(value)); });
  }
  one_of& operator=(const one_of& other) noexcept {
    if (this != &other) *this = one_of(other);
    return *this;
  }
  one_of& operator=(one_of&& other) noexcept {
    if (this == &other) return *this;
    end();
    index_ = other.index_;
    other.change([&]<class T>(T& value) noexcept { ::new (static_cast<void*>(bytes_)) T(static_cast<T&&>(value)); });
    return *this;
  }
  ~one_of() { end(); }

  /// The place of the value's type in the list, from 0.
  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  /// Calls f(const T&) with the value, and gives what it gives, which is of one type for all T.
  template <class F>
  decltype(auto) visit(F&& f) const {
    return call<0, const First, const Rest...>(f, bytes_);
  }

 private:
  template <class T>
  [[nodiscard]] static constexpr std::size_t place_of() noexcept {
    std::size_t place = 0;
    bool is_found = __is_same(T, First);
    ((is_found = is_found || (++place, __is_same(T, Rest))), ...);
    return place;
  }
  [[nodiscard]] static constexpr std::size_t most(std::size_t first, std::initializer_list<std::size_t> rest) noexcept {
    for (const std::size_t one : rest) first = one > first ? one : first;
    return first;
  }
  template <class F>
  decltype(auto) change(F&& f) {
    return call<0, First, Rest...>(f, bytes_);
  }
  void end() noexcept {
    change([]<class T>(T& value) noexcept { value.~T(); });
  }
  template <std::size_t Place, class T, class... Others, class F, class Bytes>
  decltype(auto) call(F& f, Bytes* bytes) const {
    if constexpr (sizeof...(Others) == 0) {
      ATLAS_ASSERT(index_ == Place);
      return f(*std::launder(reinterpret_cast<T*>(bytes)));
    } else {
      if (index_ == Place) return f(*std::launder(reinterpret_cast<T*>(bytes)));
      return call<Place + 1, Others...>(f, bytes);
    }
  }

  alignas(First) alignas(Rest...) std::byte bytes_[most(sizeof(First), {sizeof(Rest)...})];
  std::size_t index_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_ONE_OF_HPP
