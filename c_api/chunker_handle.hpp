// SPDX-License-Identifier: Apache-2.0
// c_api/chunker_handle.hpp -- a chunker of any rule and sizer, with what it was made of and what it found.
//
// Room:      atlas_chunker, and making one of a caller's options.
// Not here:  the exported functions (c_api/chunker.cpp), the arrays (c_api/kept_chunks.hpp).
// Depends:   chunk, the other c_api headers.
// Threads:   used by one thread at a time.
#ifndef ATLAS_C_API_CHUNKER_HANDLE_HPP
#define ATLAS_C_API_CHUNKER_HANDLE_HPP

#include "arguments.hpp"
#include "handles.hpp"
#include "kept_chunks.hpp"

#include <atlas/chunk/any_rule.hpp>                 // any_rule
#include <atlas/chunk/any_sizer.hpp>                // any_sizer
#include <atlas/chunk/chunker.hpp>                  // chunker
#include <atlas/chunk/content_defined_chunker.hpp>  // content_defined_chunker
#include <atlas/chunk/parallel_chunks.hpp>          // chunk_document

#include <memory>    // std::unique_ptr
#include <optional>  // std::optional

namespace atlas::c_api {

/// A caller's measure as a sizer calls it.
struct measure_call {
  atlas_measure call = nullptr;
  void* context = nullptr;

  [[nodiscard]] result<std::uint64_t> operator()(text_view text) const {
    const std::int64_t units = call(text.data(), text.size(), context);
    if (units < 0) return error{errc::cancelled, "measure", "0 or more units", "a negative number"};
    return static_cast<std::uint64_t>(units);
  }
};

/// A caller's or the built-in embedder as a rule calls it.
struct embed_call {
  const hashing_embedder* model = nullptr;
  atlas_embed call = nullptr;
  void* context = nullptr;
  std::size_t dimension = 0;

  [[nodiscard]] result<std::size_t> operator()(span<const text_view> texts, float* out) const {
    if (model != nullptr) {
      if (status done = model->embed(texts, out); !done.ok()) return done.error();
      return texts.size();
    }
    atlas_text views[most_texts];
    if (texts.size() > most_texts) return error{errc::internal, "embed.texts", most_texts, texts.size()};
    for (std::size_t i = 0; i < texts.size(); ++i) views[i] = {texts[i].data(), texts[i].size()};
    if (call(out, views, texts.size(), dimension, context) != 0) return error{errc::cancelled, "embed", "0", "another number"};
    return texts.size();
  }

 private:
  static constexpr std::size_t most_texts = 256;  // as check(semantic_options) bounds them
};

}  // namespace atlas::c_api

struct atlas_chunker {
  using rule_chunker = atlas::chunker<atlas::any_rule, atlas::any_sizer>;

  // What the rule and the sizer borrow.
  atlas::buffer<atlas::text_boundary> boundaries{};
  atlas::c_api::measure_call measure{};
  atlas::c_api::embed_call embed{};

  atlas::chunker_options options{};
  atlas::any_rule rule{};
  atlas::any_sizer sizer{};
  atlas::content_defined_options content{};
  unsigned threads = 1;
  atlas_progress on_progress = nullptr;
  void* progress_context = nullptr;

  // One of the two.
  std::optional<rule_chunker> by_rule{};
  std::optional<atlas::content_defined_chunker> by_content{};

  atlas::thread_pool pool{};
  atlas::c_api::kept_chunks found{};
  bool is_found_given = true;  ///< a call succeeded since
  atlas::status lost{};        ///< a chunk could not be kept: nothing goes on

  /// Whether the rule is ATLAS_RULE_CONTENT_DEFINED.
  bool is_content_defined = false;

  /// @param body  body(chunker): with the one that there is
  template <class Body>
  decltype(auto) with(Body body) {
    return by_content ? body(*by_content) : body(*by_rule);
  }
  template <class Body>
  decltype(auto) with(Body body) const {
    return by_content ? body(*by_content) : body(*by_rule);
  }
};

namespace atlas::c_api {

/// Checks what was wished and fills a handle but for its chunker. Nothing is kept of the options but what they say to keep.
[[nodiscard]] status read_chunker_options(const atlas_chunker_options* wished, atlas_chunker& into) noexcept;

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_CHUNKER_HANDLE_HPP
