// SPDX-License-Identifier: Apache-2.0
// include/atlas/embed/embedder.hpp -- what turns texts into vectors.
//
// Room:      the concept that any model can satisfy.
// Not here:  the built-in one (embed/hashing_embedder.hpp).
// Depends:   core only.
#ifndef ATLAS_EMBED_EMBEDDER_HPP
#define ATLAS_EMBED_EMBEDDER_HPP

#include <atlas/core/result.hpp>     // status
#include <atlas/core/span.hpp>       // span
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {
template <class, class>
inline constexpr bool same_type = false;
template <class T>
inline constexpr bool same_type<T, T> = true;
}  // namespace detail

/// A type that turns a batch of texts into a batch of vectors of one fixed dimension.
///
///     std::size_t dimension() const;
///         components a vector, 1..max_dimension; never changes
///     status embed(span<const text_view> texts, float* out) const;
///         writes shape [texts.size(), dimension()], row-major and dense: one finite, non-zero vector for
///         each text, in the texts' order. The vector of a text depends on that text alone, not on the
///         batch. May be called by several threads at a time. On error what `out` holds is not defined.
template <class T>
concept embedder = requires(const T& model, span<const text_view> texts, float* out) {
  static_cast<std::size_t>(model.dimension());
  requires detail::same_type<decltype(model.embed(texts, out)), status>;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_EMBED_EMBEDDER_HPP
