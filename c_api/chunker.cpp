// SPDX-License-Identifier: Apache-2.0
// c_api/chunker.cpp -- whole texts and streams into arrays of chunks.
#include "chunker_handle.hpp"
#include "guard.hpp"
#include "text_blocks.hpp"

using namespace atlas::c_api;
using atlas::boundary_level;
using atlas::chunk_view;
using atlas::errc;
using atlas::error;
using atlas::status;
using atlas::text_view;

static_assert(ATLAS_BOUNDARY_CHARACTER == static_cast<int>(boundary_level::character));
static_assert(ATLAS_BOUNDARY_WORD == static_cast<int>(boundary_level::word));
static_assert(ATLAS_BOUNDARY_CLAUSE == static_cast<int>(boundary_level::clause));
static_assert(ATLAS_BOUNDARY_SENTENCE == static_cast<int>(boundary_level::sentence));
static_assert(ATLAS_BOUNDARY_LINE == static_cast<int>(boundary_level::line));
static_assert(ATLAS_BOUNDARY_PARAGRAPH == static_cast<int>(boundary_level::paragraph));
static_assert(ATLAS_BOUNDARY_SECTION == static_cast<int>(boundary_level::section));
static_assert(ATLAS_BOUNDARY_HEADING_6 == static_cast<int>(boundary_level::heading_6));
static_assert(ATLAS_BOUNDARY_HEADING_1 == static_cast<int>(boundary_level::heading_1));
static_assert(ATLAS_BOUNDARY_TEXT_END == static_cast<int>(boundary_level::text_end));

namespace {

/// A handle by options, whose chunker `make` makes: status(atlas_chunker&).
template <class Make>
status hand_out_chunker(atlas_chunker** out, const atlas_chunker_options* options, Make make) {
  ATLAS_C_TRY(require(out, "out"));
  std::unique_ptr<atlas_chunker> handle(new (std::nothrow) atlas_chunker);
  if (handle == nullptr) return error{errc::no_memory, "handle bytes", sizeof(atlas_chunker), std::uint64_t{0}};
  ATLAS_C_TRY(read_chunker_options(options, *handle));
  ATLAS_C_TRY(make(*handle, handle->is_content_defined));
  *out = handle.release();
  return {};
}

/// Puts a chunker into its place in a handle.
template <class Chunker>
status place(std::optional<Chunker>& to, atlas::result<Chunker>&& made) {
  if (!made.ok()) return made.error();
  to.emplace(static_cast<Chunker&&>(*made));
  return {};
}

/// Calls body(sink): status with a sink that keeps chunks in the handle, and gives them out if it succeeds.
template <class Body>
status found_by(atlas_chunks* out, atlas_chunker& chunker, Body body) {
  ATLAS_C_TRY(require(out, "out"));
  if (!chunker.lost.ok()) return chunker.lost;
  if (chunker.is_found_given) chunker.found.clear();
  chunker.is_found_given = false;
  const status done = body([&](const chunk_view& chunk) {
    chunker.lost = chunker.found.keep(chunk, /*is_text_kept=*/false);
    return chunker.lost.ok();
  });
  if (!chunker.lost.ok()) return chunker.lost;
  if (!done.ok()) {
    if (done.error() == errc::no_memory) chunker.lost = done;
    return done;
  }
  *out = chunker.found.view(nullptr);
  chunker.is_found_given = true;
  return {};
}

void forget(atlas_chunker& chunker) noexcept {
  chunker.with([](auto& one) noexcept { one.restart(); });
  chunker.found.clear();
  chunker.is_found_given = true;
  chunker.lost = {};
}

/// Cuts a text that is all there, on threads where that is worth it.
template <class Sink>
status read_text(atlas_chunker& chunker, text_view text, Sink sink) {
  if (chunker.by_rule) return atlas::chunk_document(text, chunker.options, chunker.pool, chunker.threads, sink, chunker.rule, chunker.sizer);
  chunker.by_content->read(text);
  status done;
  for (chunk_view chunk; done.ok();) {
    const auto next = chunker.by_content->next(chunk);
    if (!next.ok()) done = next.error();
    if (!next.ok() || !*next) break;
    if (!sink(chunk)) done = errc::cancelled;
  }
  chunker.by_content->restart();
  return done;
}

/// Cuts documents one after the other, or side by side.
/// @param sink  bool(document, chunk)
template <class Sink>
status read_texts(atlas_chunker& chunker, atlas::span<const text_view> texts, Sink sink) {
  if (chunker.by_rule) return atlas::chunk_documents(texts, chunker.options, chunker.pool, chunker.threads, sink, chunker.rule, chunker.sizer);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (const status done = read_text(chunker, texts[i], [&](const chunk_view& chunk) { return sink(i, chunk); }); !done.ok()) return done.error().at_row(i);
  }
  return {};
}

}  // namespace

extern "C" atlas_status atlas_chunker_create(atlas_chunker** out, const atlas_chunker_options* options) {
  return guard([&]() -> status {
    return hand_out_chunker(out, options, [](atlas_chunker& made, bool by_content) {
      if (by_content) return place(made.by_content, atlas::content_defined_chunker::create(made.content));
      return place(made.by_rule, atlas_chunker::rule_chunker::create(made.options, made.rule, made.sizer));
    });
  });
}

extern "C" void atlas_chunker_close(atlas_chunker* chunker) { delete chunker; }

extern "C" atlas_status atlas_chunker_read(atlas_chunks* out, atlas_chunker* chunker, const char* text, size_t text_bytes) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(chunker, "chunker"));
    ATLAS_C_TRY(require(text, "text", text_bytes));
    forget(*chunker);
    const text_view whole(text, text_bytes);
    const progress_call report(chunker->on_progress, chunker->progress_context);
    constexpr std::uint64_t report_bytes = std::uint64_t{1} << 20;
    std::uint64_t next_report = report_bytes;
    status kept;
    const status done = read_text(*chunker, whole, [&](const chunk_view& chunk) {
      kept = chunker->found.keep(chunk, /*is_text_kept=*/true);
      if (kept.ok() && report.view() && chunk.byte_end >= next_report) {
        next_report = chunk.byte_end + report_bytes;
        if (!report(chunk.byte_end, text_bytes)) kept = errc::cancelled;
      }
      return kept.ok();
    });
    if (!kept.ok()) return kept;
    if (!done.ok()) return done;
    if (report.view() && !report(text_bytes, text_bytes)) return errc::cancelled;
    *out = chunker->found.view(&whole);
    return {};
  });
}

extern "C" atlas_status atlas_chunker_read_many(atlas_chunks* out, uint64_t* first_chunks, atlas_chunker* chunker, const atlas_text* texts, size_t text_count) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(first_chunks, "first_chunks"));
    ATLAS_C_TRY(require(chunker, "chunker"));
    ATLAS_C_TRY(require_texts(texts, text_count));
    forget(*chunker);
    atlas::buffer<text_view> views;
    for (std::size_t i = 0; i < text_count; ++i) ATLAS_C_TRY(views.push_back(text_view(texts[i].data, static_cast<std::size_t>(texts[i].size_bytes))));
    atlas::buffer<std::uint64_t> firsts;
    ATLAS_C_TRY(firsts.resize(text_count + 1));
    const progress_call report(chunker->on_progress, chunker->progress_context);
    std::size_t begun = 0;  // documents whose first chunk is known
    std::uint64_t count = 0;
    status kept;
    const status done = read_texts(*chunker, {views.data(), views.size()}, [&](std::size_t document, const chunk_view& chunk) {
      if (document >= begun && report.view() && !report(document, text_count)) kept = errc::cancelled;
      for (; begun <= document; ++begun) firsts[begun] = count;
      if (kept.ok()) kept = chunker->found.keep(chunk, /*is_text_kept=*/true);
      ++count;
      return kept.ok();
    });
    if (!kept.ok()) return kept;
    if (!done.ok()) return done;
    if (report.view() && !report(text_count, text_count)) return errc::cancelled;
    for (; begun <= text_count; ++begun) firsts[begun] = count;
    std::memcpy(first_chunks, firsts.data(), firsts.size() * sizeof(std::uint64_t));
    const text_view none;
    *out = chunker->found.view(&none);
    return {};
  });
}

extern "C" atlas_status atlas_chunker_feed(atlas_chunks* out, atlas_chunker* chunker, const char* piece, size_t piece_bytes) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(chunker, "chunker"));
    ATLAS_C_TRY(require(piece, "piece", piece_bytes));
    return found_by(out, *chunker, [&](auto sink) { return chunker->with([&](auto& one) { return one.feed({piece, piece_bytes}, sink); }); });
  });
}

extern "C" atlas_status atlas_chunker_finish(atlas_chunks* out, atlas_chunker* chunker) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(chunker, "chunker"));
    return found_by(out, *chunker, [&](auto sink) { return chunker->with([&](auto& one) { return one.finish(sink); }); });
  });
}

extern "C" atlas_status atlas_chunker_taken(uint64_t* out, const atlas_chunker* chunker) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(chunker, "chunker"));
    *out = chunker->with([](const auto& one) { return one.taken(); });
    return {};
  });
}

extern "C" atlas_status atlas_chunker_kept_from(uint64_t* out, const atlas_chunker* chunker) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(chunker, "chunker"));
    *out = chunker->with([](const auto& one) { return one.kept_from(); });
    return {};
  });
}

extern "C" atlas_status atlas_chunker_restart(atlas_chunker* chunker) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(chunker, "chunker"));
    forget(*chunker);
    return {};
  });
}

extern "C" atlas_status atlas_chunker_save_state(uint64_t* needed, void* out, const atlas_chunker* chunker, size_t capacity) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(chunker, "chunker"));
    if (!chunker->lost.ok()) return chunker->lost;
    if (!chunker->is_found_given && !chunker->found.empty()) {
      return error{errc::invalid_argument, "chunker", "one whose chunks were all given", "chunks that wait for a call that succeeds"};
    }
    return write_state(needed, out, capacity, [&](atlas::buffer<std::byte>& state) { return chunker->with([&](const auto& one) { return one.save(state); }); });
  });
}

extern "C" atlas_status atlas_chunker_open_state(atlas_chunker** out, const void* state, size_t state_bytes, const atlas_chunker_options* options) {
  return guard([&]() -> status {
    const auto bytes = read_state(state, state_bytes);
    if (!bytes.ok()) return bytes.error();
    return hand_out_chunker(out, options, [&](atlas_chunker& made, bool by_content) {
      if (by_content) return place(made.by_content, atlas::content_defined_chunker::resume(*bytes, made.content));
      return place(made.by_rule, atlas_chunker::rule_chunker::resume(*bytes, made.options, made.rule, made.sizer));
    });
  });
}

extern "C" atlas_status atlas_chunk_text(uint64_t* found, atlas_chunk* chunks, const char* text, size_t text_bytes, size_t capacity,
                                         const atlas_chunk_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(found, "found"));
    ATLAS_C_TRY(require(chunks, "chunks", capacity));
    ATLAS_C_TRY(require(text, "text", text_bytes));
    const auto wished = read_options(options, "chunk options");
    if (!wished.ok()) return wished.error();
    atlas_chunker_options all = ATLAS_CHUNKER_OPTIONS_INIT;
    all.size = wished->size;
    all.overlap = wished->overlap;
    all.fill_percent = wished->fill_percent;
    atlas_chunker chunker;
    ATLAS_C_TRY(read_chunker_options(&all, chunker));
    ATLAS_C_TRY(place(chunker.by_rule, atlas_chunker::rule_chunker::create(chunker.options)));
    chunker.by_rule->read({text, text_bytes});
    std::uint64_t count = 0;
    for (chunk_view chunk;;) {
      const auto next = chunker.by_rule->next(chunk);
      if (!next.ok()) return next.error();
      if (!*next) break;
      if (count < capacity) {
        chunks[count] = {chunk.byte_begin, chunk.byte_end, chunk.byte_fresh, chunk.char_begin, chunk.char_end, chunk.line_begin,
                         chunk.line_end,   chunk.id.low,   chunk.id.high,    static_cast<std::uint32_t>(chunk.level), 0};
      }
      ++count;
    }
    *found = count;
    return {};
  });
}
