// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/queue_element.hpp -- what a queue asks of the type it carries.
//
// Room:      queue_element, copyable_element, copies_without_throwing, the largest capacity.
// Depends:   core/config.hpp.
#ifndef ATLAS_QUEUE_QUEUE_ELEMENT_HPP
#define ATLAS_QUEUE_QUEUE_ELEMENT_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

#include <new>  // placement new, which every queue needs

namespace atlas { inline namespace ATLAS_ABI {

/// Objects that move and end without throwing. A move happens between the claim of a slot and its publication;
/// if it threw there, the slot would stay claimed for ever. Copying is not needed, nor a default constructor.
template <class Value>
concept queue_element = requires(Value& to, Value&& from) {
  { ::new (static_cast<void*>(nullptr)) Value(static_cast<Value&&>(from)) } noexcept;
  { to = static_cast<Value&&>(from) } noexcept;
  { to.~Value() } noexcept;
};

template <class Value>
concept ends_without_throwing = requires(Value& of) {
  { of.~Value() } noexcept;
};

template <class Value>
concept copyable_element = requires(const Value& from) { ::new (static_cast<void*>(nullptr)) Value(from); };

template <class Value>
concept copies_without_throwing = requires(const Value& from) {
  { ::new (static_cast<void*>(nullptr)) Value(from) } noexcept;
};

/// Elements that a queue may be created for.
inline constexpr std::size_t max_queue_capacity = std::size_t{1} << 32;

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_QUEUE_ELEMENT_HPP
