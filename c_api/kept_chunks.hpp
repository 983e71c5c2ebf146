// SPDX-License-Identifier: Apache-2.0
// c_api/kept_chunks.hpp -- the chunks that one call found, as the arrays that atlas_chunks points to.
//
// Room:      kept_chunks.
// Not here:  who cuts (c_api/chunker_handle.hpp).
// Depends:   chunk, atlas.h.
// Threads:   used by one thread at a time.
#ifndef ATLAS_C_API_KEPT_CHUNKS_HPP
#define ATLAS_C_API_KEPT_CHUNKS_HPP

#include "atlas.h"

#include <atlas/chunk/chunk_view.hpp>    // chunk_view
#include <atlas/chunk/heading_path.hpp>  // heading_path
#include <atlas/core/memory.hpp>         // buffer
#include <atlas/core/result.hpp>         // status

namespace atlas::c_api {

class kept_chunks {
 public:
  void clear() noexcept {
    chunks_.clear();
    text_.clear();
    headings_.clear();
    titles_.clear();
    path_ = {};
    run_begin_ = text_end_ = 0;
  }

  [[nodiscard]] bool empty() const noexcept { return chunks_.empty(); }

  /// @param is_text_kept  the chunk's text is the caller's own, from the document's start; else its bytes are copied
  /// @return              errc::no_memory, also where a 32-bit number of headings does not do; then the chunk may be kept in part
  [[nodiscard]] status keep(const chunk_view& chunk, bool is_text_kept) noexcept {
    atlas_text_chunk out = {};
    out.byte_begin = chunk.byte_begin;
    out.byte_end = chunk.byte_end;
    out.byte_fresh = chunk.byte_fresh;
    out.char_begin = chunk.char_begin;
    out.char_end = chunk.char_end;
    out.line_begin = chunk.line_begin;
    out.line_end = chunk.line_end;
    out.column_begin = chunk.column_begin;
    out.units = chunk.units;
    out.id_low = chunk.id.low;
    out.id_high = chunk.id.high;
    out.level = static_cast<std::uint32_t>(chunk.level);
    out.depth = chunk.depth;
    out.text_begin = chunk.byte_begin;
    if (!is_text_kept) {
      if (status copied = copy_text(chunk, out.text_begin); !copied.ok()) return copied;
    }
    if (status named = enter_headings(chunk.headings); !named.ok()) return named;
    out.heading = path_.empty() ? ATLAS_NO_HEADING : numbers_[path_.size() - 1];
    return chunks_.push_back(out);
  }

  /// @param text  where text_begin counts from, if it was kept by the caller
  [[nodiscard]] atlas_chunks view(const text_view* text) const noexcept {
    atlas_chunks out = {};
    out.chunks = chunks_.data();
    out.count = chunks_.size();
    out.text = text != nullptr ? text->data() : text_.data();
    out.text_bytes = text != nullptr ? text->size() : text_.size();
    out.headings = headings_.data();
    out.heading_count = headings_.size();
    out.titles = titles_.data();
    out.titles_bytes = titles_.size();
    return out;
  }

 private:
  /// Bytes that the chunk shares with those before it are there already.
  [[nodiscard]] status copy_text(const chunk_view& chunk, std::uint64_t& begin) noexcept {
    const bool goes_on = chunk.byte_begin >= run_begin_ && chunk.byte_begin <= text_end_;
    if (!goes_on) run_begin_ = text_end_ = chunk.byte_begin;  // trimming left something out
    const auto shared = static_cast<std::size_t>(text_end_ - chunk.byte_begin);
    begin = text_.size() - shared;
    if (shared >= chunk.text.size()) return {};
    if (status added = text_.append(chunk.text.data() + shared, chunk.text.size() - shared); !added.ok()) return added;
    text_end_ = chunk.byte_end;
    return {};
  }

  /// Notes the headings that the path before did not have.
  [[nodiscard]] status enter_headings(const heading_path* path) noexcept {
    const std::size_t size = path == nullptr ? 0 : path->size();
    std::size_t same = 0;
    while (same < size && same < path_.size() && path->depth(same) == path_.depth(same) && path->title(same) == path_.title(same)) ++same;
    if (same == size && same == path_.size()) return {};
    for (std::size_t i = same; i < size; ++i) {
      if (headings_.size() >= ATLAS_NO_HEADING) return error{errc::no_memory, "headings", ATLAS_NO_HEADING - 1U, headings_.size()};
      atlas_heading one = {};
      one.title_begin = titles_.size();
      one.title_bytes = static_cast<std::uint32_t>(path->title(i).size());
      one.depth = path->depth(i);
      one.parent = i == 0 ? ATLAS_NO_HEADING : numbers_[i - 1];
      numbers_[i] = static_cast<std::uint32_t>(headings_.size());
      if (status added = titles_.append(path->title(i).data(), path->title(i).size()); !added.ok()) return added;
      if (status added = headings_.push_back(one); !added.ok()) return added;
    }
    path_ = path == nullptr ? heading_path{} : *path;
    return {};
  }

  buffer<atlas_text_chunk> chunks_;
  buffer<char> text_;
  std::uint64_t run_begin_ = 0;  ///< text_ ends with the document's bytes from here
  std::uint64_t text_end_ = 0;   ///< to here
  buffer<atlas_heading> headings_;
  buffer<char> titles_;
  heading_path path_;            ///< of the last chunk
  std::uint32_t numbers_[heading_path::most_depth] = {};  ///< of its headings
};

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_KEPT_CHUNKS_HPP
