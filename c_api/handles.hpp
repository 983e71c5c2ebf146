// SPDX-License-Identifier: Apache-2.0
// c_api/handles.hpp -- what the incomplete types of atlas.h are.
//
// Room:      one struct a handle, made and ended here.
// Depends:   the facades, atlas.h.
#ifndef ATLAS_C_API_HANDLES_HPP
#define ATLAS_C_API_HANDLES_HPP

#include "atlas.h"

#include <atlas/any_index.hpp>         // any_index
#include <atlas/core/mutex.hpp>        // mutex
#include <atlas/core/thread_pool.hpp>  // thread_pool
#include <atlas/embed.hpp>             // hashing_embedder
#include <atlas/folder.hpp>            // folder_index
#include <atlas/ivf_pq.hpp>            // ivf_pq_builder
#include <atlas/quantize.hpp>          // any_quantizer, rotation, learned_rotation
#include <atlas/shards.hpp>            // shards
#include <atlas/text.hpp>              // stream_decoder
#include <atlas/text/bpe_encoder.hpp>  // bpe_encoder

#include <optional>

struct atlas_index {
  atlas::any_index index;
};

struct atlas_ivf_builder {
  atlas::ivf_pq_builder builder;
  mutable atlas::mutex lock{};
};

namespace atlas::c_api {

struct opened_shards {
  shards index;
  buffer<char> problems;  ///< a line for each missing shard, with a NUL behind it
};

}  // namespace atlas::c_api

struct atlas_shards {
  atlas::c_api::opened_shards opened;
};

struct atlas_quantizer {
  atlas::any_quantizer quantizer;
};

/// One of the two; the other is of dimension 0.
struct atlas_rotation {
  explicit atlas_rotation(atlas::rotation&& made) noexcept : random(static_cast<atlas::rotation&&>(made)) {}
  explicit atlas_rotation(atlas::learned_rotation&& made) noexcept : learned(static_cast<atlas::learned_rotation&&>(made)) {}

  atlas::rotation random{};
  atlas::learned_rotation learned{};

  [[nodiscard]] bool is_learned() const noexcept { return learned.dimension() != 0; }
  [[nodiscard]] std::size_t dimension() const noexcept { return is_learned() ? learned.dimension() : random.dimension(); }
  [[nodiscard]] std::size_t padded() const noexcept { return is_learned() ? learned.padded() : random.padded(); }
};

struct atlas_text_decoder {
  atlas::stream_decoder decoder;
  std::optional<atlas::source_window> window{};  ///< there if places in the source may be asked of
  atlas::buffer<char> text{};  ///< what the last call gave
  atlas::status failure{};     ///< of an earlier call
  bool is_fed = false;
  bool is_finished = false;
};

struct atlas_tokenizer {
  atlas::bpe_encoder encoder;
  mutable atlas::thread_pool pool{};
};

struct atlas_embedder {
  atlas::hashing_embedder model;
  mutable atlas::thread_pool pool{};
};

struct atlas_folder {
  atlas::folder_index index;
};

namespace atlas::c_api {

/// Puts a value into a new handle and that into *out; errc::no_memory otherwise. @pre out is not null
template <class Handle, class Value>
[[nodiscard]] status hand_out(Handle** out, Value&& value) noexcept {
  auto* handle = new (std::nothrow) Handle{static_cast<Value&&>(value)};
  if (handle == nullptr) return error{errc::no_memory, "handle bytes", sizeof(Handle), std::uint64_t{0}};
  *out = handle;
  return {};
}

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_HANDLES_HPP
