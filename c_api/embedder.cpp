// SPDX-License-Identifier: Apache-2.0
// c_api/embedder.cpp -- the built-in embedder, over batches of texts on all threads.
#include "arguments.hpp"
#include "embedder_options.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "text_blocks.hpp"

#include <atlas/embed.hpp>

using namespace atlas::c_api;
using atlas::hashing_embedder;
using atlas::span;
using atlas::status;
using atlas::text_view;

extern "C" atlas_status atlas_embedder_create(atlas_embedder** out, const atlas_embedder_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    const auto how = read_hashing_options(options);
    if (!how.ok()) return how.error();
    auto made = hashing_embedder::create(*how);
    if (!made.ok()) return made.error();
    return hand_out(out, static_cast<hashing_embedder&&>(*made));
  });
}

extern "C" atlas_status atlas_embedder_open_state(atlas_embedder** out, const void* state, size_t state_bytes) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    const auto bytes = read_state(state, state_bytes);
    if (!bytes.ok()) return bytes.error();
    auto opened = hashing_embedder::open_state(*bytes);
    if (!opened.ok()) return opened.error();
    return hand_out(out, static_cast<hashing_embedder&&>(*opened));
  });
}

extern "C" void atlas_embedder_close(atlas_embedder* embedder) { delete embedder; }

extern "C" atlas_status atlas_embedder_describe(atlas_embedder_info* out, const atlas_embedder* embedder) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(embedder, "embedder"));
    atlas_embedder_info info = ATLAS_EMBEDDER_INFO_INIT;
    info.dimension = static_cast<std::uint32_t>(embedder->model.dimension());
    info.is_frozen = embedder->model.is_frozen() ? 1 : 0;
    info.gram_length = embedder->model.options().gram_length;
    info.texts = embedder->model.texts();
    return write_info(out, "out", info);
  });
}

extern "C" atlas_status atlas_embedder_learn(atlas_embedder* embedder, const atlas_text* texts, size_t text_count,
                                             const atlas_work_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(embedder, "embedder"));
    ATLAS_C_TRY(require_texts(texts, text_count));
    const auto how = read_options(options, "work options");
    if (!how.ok()) return how.error();
    if (embedder->model.is_frozen()) return embedder->model.learn({});
    return for_each_block(embedder->pool, texts, text_count, *how,
                          [&](span<const text_view> views, std::size_t) { return embedder->model.learn(views); });
  });
}

extern "C" atlas_status atlas_embedder_freeze(atlas_embedder* embedder) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(embedder, "embedder"));
    embedder->model.freeze();
    return {};
  });
}

extern "C" atlas_status atlas_embedder_embed(float* out, const atlas_embedder* embedder, const atlas_text* texts,
                                             size_t text_count, size_t dimension, const atlas_work_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(embedder, "embedder"));
    ATLAS_C_TRY(require_texts(texts, text_count));
    ATLAS_C_TRY(require_dimension(dimension, embedder->model.dimension(), "dimension"));
    ATLAS_C_TRY(require(out, "out", text_count));
    const auto how = read_options(options, "work options");
    if (!how.ok()) return how.error();
    if (!embedder->model.is_frozen()) return embedder->model.embed({}, out);
    return for_each_block(embedder->pool, texts, text_count, *how, [&](span<const text_view> views, std::size_t first) {
      return embedder->model.embed(views, out + first * dimension);
    });
  });
}

extern "C" atlas_status atlas_embedder_save_state(uint64_t* needed, void* out, const atlas_embedder* embedder,
                                                  size_t capacity) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(embedder, "embedder"));
    return write_state(needed, out, capacity, [&](atlas::buffer<std::byte>& state) { return embedder->model.save_state(state); });
  });
}
