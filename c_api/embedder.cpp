// SPDX-License-Identifier: Apache-2.0
// c_api/embedder.cpp -- the built-in embedder, over batches of texts on all threads.
#include "arguments.hpp"
#include "embedder_options.hpp"
#include "guard.hpp"
#include "handles.hpp"

#include <atlas/core/atomic.hpp>
#include <atlas/core/mutex.hpp>
#include <atlas/embed.hpp>

using namespace atlas::c_api;
using atlas::errc;
using atlas::error;
using atlas::hashing_embedder;
using atlas::span;
using atlas::status;
using atlas::text_view;

namespace {

// Texts that one task converts and works on: small enough to share a batch out evenly, large enough that
// starting a task costs nothing beside it.
constexpr std::size_t block_texts = 32;

status require_texts(const atlas_text* texts, std::size_t count) noexcept {
  ATLAS_C_TRY(require(texts, "texts", count));
  for (std::size_t i = 0; i < count; ++i) {
    if (const status given = require(texts[i].data, "texts.data", texts[i].size_bytes); !given.ok()) {
      return given.error().at_row(i);
    }
  }
  return {};
}

// Calls work(views, first) for runs of texts, on several threads; the first failure, its row counted from
// the batch's start, ends the rest. Progress is reported on the calling thread, which is worker 0.
template <class Work>
status for_each_block(atlas::thread_pool& pool, const atlas_text* texts, std::size_t count,
                      const atlas_work_options& how, Work work) noexcept {
  atlas::atomic<std::size_t> done{0};
  atlas::atomic<bool> stop{false};
  atlas::mutex failure_lock;
  status failure;
  const auto fail = [&](const status& why) {
    const atlas::lock_guard<atlas::mutex> writing(failure_lock);
    if (failure.ok()) failure = why;
    stop.store_release(true);
  };
  const progress_call report(how.progress, how.progress_context);
  const auto block = [&](std::size_t task, unsigned worker) {
    if (stop.load_acquire()) return;
    if (worker == 0 && report.view() && !report(done.load_relaxed(), count)) return fail(errc::cancelled);
    const std::size_t first = task * block_texts;
    const std::size_t size = count - first < block_texts ? count - first : block_texts;
    text_view views[block_texts];
    for (std::size_t i = 0; i < size; ++i) views[i] = text_view(texts[first + i].data, texts[first + i].size_bytes);
    if (const status worked = work(span<const text_view>(views, size), first); !worked.ok()) {
      error why = worked.error();
      if (why.row != error::no_row) why.row += first;
      return fail(why);
    }
    done.fetch_add(size);
  };
  if (const status ran = pool.run((count + block_texts - 1) / block_texts, block, how.threads); !ran.ok()) return ran;
  if (failure.ok() && report.view() && !report(count, count)) return errc::cancelled;
  return failure;
}

}  // namespace

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
