// SPDX-License-Identifier: Apache-2.0
// c_api/chunker.cpp -- texts cut into an array of the caller's.
#include "arguments.hpp"
#include "guard.hpp"

#include <atlas/chunk.hpp>

using namespace atlas::c_api;
using atlas::boundary_level;
using atlas::chunk_view;
using atlas::error;
using atlas::status;
using atlas::text_view;

static_assert(ATLAS_BOUNDARY_CHARACTER == static_cast<int>(boundary_level::character));
static_assert(ATLAS_BOUNDARY_WORD == static_cast<int>(boundary_level::word));
static_assert(ATLAS_BOUNDARY_SENTENCE == static_cast<int>(boundary_level::sentence));
static_assert(ATLAS_BOUNDARY_LINE == static_cast<int>(boundary_level::line));
static_assert(ATLAS_BOUNDARY_PARAGRAPH == static_cast<int>(boundary_level::paragraph));
static_assert(ATLAS_BOUNDARY_TEXT_END == static_cast<int>(boundary_level::text_end));

namespace {

atlas_chunk to_c(const chunk_view& chunk) noexcept {
  atlas_chunk out = {};
  out.byte_begin = chunk.byte_begin;
  out.byte_end = chunk.byte_end;
  out.byte_fresh = chunk.byte_fresh;
  out.char_begin = chunk.char_begin;
  out.char_end = chunk.char_end;
  out.line_begin = chunk.line_begin;
  out.line_end = chunk.line_end;
  out.id_low = chunk.id.low;
  out.id_high = chunk.id.high;
  out.level = static_cast<std::uint32_t>(chunk.level);
  return out;
}

}  // namespace

extern "C" atlas_status atlas_chunk_text(uint64_t* found, atlas_chunk* chunks, const char* text, size_t text_bytes,
                                         size_t capacity, const atlas_chunk_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(found, "found"));
    ATLAS_C_TRY(require(chunks, "chunks", capacity));
    ATLAS_C_TRY(require(text, "text", text_bytes));
    const auto wished = read_options(options, "chunk options");
    if (!wished.ok()) return wished.error();

    atlas::chunk_options rule;
    if (wished->size != 0) rule.size = wished->size;
    if (wished->fill_percent != 0) rule.fill_percent = wished->fill_percent;
    rule.overlap = wished->overlap;
    std::uint64_t count = 0;
    const status done = atlas::chunk_text(text_view(text, text_bytes), rule, [&](const chunk_view& chunk) {
      if (count < capacity) chunks[count] = to_c(chunk);
      ++count;
      return true;
    });
    if (done.ok()) *found = count;
    return done;
  });
}
