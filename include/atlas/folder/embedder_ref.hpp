// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/embedder_ref.hpp -- any embedder behind one type, so that the folder room is compiled once.
//
// Room:      embedder_ref.
// Not here:  what an embedder is (embed/embedder.hpp).
// Depends:   core, embed/embedder.hpp.
// Threads:   as the embedder's.
#ifndef ATLAS_FOLDER_EMBEDDER_REF_HPP
#define ATLAS_FOLDER_EMBEDDER_REF_HPP

#include <atlas/core/function_ref.hpp>  // function_ref
#include <atlas/embed/embedder.hpp>     // embedder

namespace atlas { inline namespace ATLAS_ABI {

/// Borrows an embedder, which must outlive it. One that can learn from the corpus before it embeds, as
/// hashing_embedder does, has two more members:
///
///     status learn(span<const text_view> texts);  // by several threads at a time
///     void freeze();                              // once, after the last learn and before the first embed
class embedder_ref {
 public:
  embedder_ref() noexcept = default;
  template <class Embedder>
    requires(embedder<Embedder> && !requires(Embedder& model) { model.is_atlas_embedder_ref(); })
  embedder_ref(Embedder& model) noexcept  // NOLINT: borrow as it is
      : model_(const_cast<void*>(static_cast<const void*>(__builtin_addressof(model)))),
        dimension_(static_cast<std::size_t>(model.dimension())),
        embed_([](const void* self, span<const text_view> texts, float* out) {
          return static_cast<const Embedder*>(self)->embed(texts, out);
        }) {
    if constexpr (requires(span<const text_view> texts) {
                    model.learn(texts);
                    model.freeze();
                  }) {
      learn_ = [](void* self, span<const text_view> texts) { return static_cast<Embedder*>(self)->learn(texts); };
      freeze_ = [](void* self) { static_cast<Embedder*>(self)->freeze(); };
    }
  }

  [[nodiscard]] explicit operator bool() const noexcept { return embed_ != nullptr; }
  [[nodiscard]] std::size_t dimension() const noexcept { return dimension_; }
  [[nodiscard]] bool learns() const noexcept { return learn_ != nullptr; }
  /// @pre not empty
  [[nodiscard]] status embed(span<const text_view> texts, float* out) const { return embed_(model_, texts, out); }
  /// Does nothing for an embedder that does not learn.
  [[nodiscard]] status learn(span<const text_view> texts) const {
    return learn_ == nullptr ? status() : learn_(model_, texts);
  }
  void freeze() const {
    if (freeze_ != nullptr) freeze_(model_);
  }
  static constexpr void is_atlas_embedder_ref() noexcept {}

 private:
  void* model_ = nullptr;
  std::size_t dimension_ = 0;
  status (*embed_)(const void* self, span<const text_view> texts, float* out) = nullptr;
  status (*learn_)(void* self, span<const text_view> texts) = nullptr;
  void (*freeze_)(void* self) = nullptr;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_EMBEDDER_REF_HPP
