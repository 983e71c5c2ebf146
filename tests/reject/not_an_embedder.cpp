// SPDX-License-Identifier: Apache-2.0
// tests/reject/not_an_embedder.cpp -- what does not embed texts in batches is no embedder, and the compiler says so.
// reject: constraint
#include <atlas/embed.hpp>

struct one_by_one {
  std::size_t dimension() const { return 8; }
#if REJECT
  bool embed(atlas::text_view text, float* out) const { return text.size() > 0 && out != nullptr; }
#else
  atlas::status embed(atlas::span<const atlas::text_view> texts, float* out) const {
    for (std::size_t i = 0; i < texts.size() * dimension(); ++i) out[i] = 0;
    return {};
  }
#endif
};

template <atlas::embedder Embedder>
std::size_t width(const Embedder& embedder) {
  return embedder.dimension();
}

std::size_t use();
std::size_t use() { return width(one_by_one{}); }
