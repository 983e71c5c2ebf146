// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/function_ref.hpp -- a borrowed callable: two pointers, no allocation.
//
// Room:      function_ref<R(A...)>, for callbacks that live as long as the call they are given to.
// Depends:   core/config.hpp.
#ifndef ATLAS_CORE_FUNCTION_REF_HPP
#define ATLAS_CORE_FUNCTION_REF_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI {

template <class Signature>
class function_ref;

/// Borrows a callable. The callable must outlive the function_ref; an empty one is false and not called.
template <class Result, class... Arguments>
class function_ref<Result(Arguments...)> {
 public:
  constexpr function_ref() noexcept = default;
  template <class Callable>
    requires requires(Callable& callable, Arguments... arguments) {
      static_cast<Result>(callable(static_cast<Arguments&&>(arguments)...));
    } && (!requires(Callable& callable) { callable.is_atlas_function_ref(); })
  constexpr function_ref(Callable&& callable) noexcept  // NOLINT: borrow as it is
      : object_(const_cast<void*>(static_cast<const volatile void*>(__builtin_addressof(callable)))),
        call_([](void* object, Arguments... arguments) -> Result {
          return static_cast<Result>((*static_cast<bare<Callable>*>(object))(
              static_cast<Arguments&&>(arguments)...));
        }) {}

  [[nodiscard]] constexpr explicit operator bool() const noexcept { return call_ != nullptr; }
  Result operator()(Arguments... arguments) const {
    return call_(object_, static_cast<Arguments&&>(arguments)...);
  }
  static constexpr void is_atlas_function_ref() noexcept {}

 private:
  template <class T>
  struct without_reference { using type = T; };
  template <class T>
  struct without_reference<T&> { using type = T; };
  template <class T>
  using bare = typename without_reference<T>::type;

  void* object_ = nullptr;
  Result (*call_)(void*, Arguments...) = nullptr;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_FUNCTION_REF_HPP
