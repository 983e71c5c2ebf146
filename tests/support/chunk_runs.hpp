// SPDX-License-Identifier: Apache-2.0
// tests/support/chunk_runs.hpp -- the chunks of a text by every way to ask for them, and what holds for any chunks.
#ifndef ATLAS_TESTS_SUPPORT_CHUNK_RUNS_HPP
#define ATLAS_TESTS_SUPPORT_CHUNK_RUNS_HPP

#include <atlas/chunk/chunker.hpp>

#include "support/insist.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace support {

/// A chunk that owns what it shows.
struct kept_chunk {
  std::string text;
  std::uint64_t byte_begin = 0, byte_end = 0, byte_fresh = 0, char_begin = 0, char_end = 0;
  std::uint64_t line_begin = 0, line_end = 0, column_begin = 0, units = 0;
  atlas::boundary_level level = atlas::boundary_level::character;
  std::uint32_t depth = 0;
  atlas::hash128 id;
  std::vector<std::string> headings;

  kept_chunk() = default;
  explicit kept_chunk(const atlas::chunk_view& chunk)
      : text(chunk.text.data(), chunk.text.size()), byte_begin(chunk.byte_begin), byte_end(chunk.byte_end), byte_fresh(chunk.byte_fresh),
        char_begin(chunk.char_begin), char_end(chunk.char_end), line_begin(chunk.line_begin), line_end(chunk.line_end),
        column_begin(chunk.column_begin), units(chunk.units), level(chunk.level), depth(chunk.depth), id(chunk.id) {
    for (std::size_t i = 0; chunk.headings != nullptr && i < chunk.headings->size(); ++i) {
      headings.emplace_back(chunk.headings->title(i).data(), chunk.headings->title(i).size());
    }
  }
  friend bool operator==(const kept_chunk&, const kept_chunk&) = default;
};
using kept_chunks = std::vector<kept_chunk>;

template <class Chunker>
kept_chunks read_chunks(Chunker& chunker, const std::string& text) {
  kept_chunks out;
  chunker.read(text);
  for (atlas::chunk_view chunk; chunker.next(chunk).value();) out.emplace_back(chunk);
  chunker.restart();
  return out;
}

/// Fed in pieces of 0 to `most` bytes.
template <class Chunker>
kept_chunks fed_chunks(Chunker& chunker, const std::string& text, std::uint64_t seed, std::size_t most) {
  std::mt19937_64 random(seed);
  kept_chunks out;
  std::uint64_t kept_from = 0;
  const auto keep = [&](const atlas::chunk_view& chunk) {
    insist(chunk.byte_begin >= kept_from, "no chunk begins before kept_from()");
    out.emplace_back(chunk);
    return true;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = std::min<std::size_t>(random() % (most + 1), text.size() - at);
    chunker.feed({text.data() + at, size}, keep).value();
    at += size;
    insist(chunker.taken() == at, "taken() counts what was fed");
    insist(chunker.kept_from() >= kept_from && chunker.kept_from() <= at, "kept_from() never goes back");
    kept_from = chunker.kept_from();
  }
  chunker.finish(keep).value();
  return out;
}

/// Fed up to `middle`, saved, taken up by another chunker.
template <class Make, class Resume>
kept_chunks resumed_chunks(Make make, Resume resume, const std::string& text, std::size_t middle) {
  kept_chunks out;
  const auto keep = [&](const atlas::chunk_view& chunk) {
    out.emplace_back(chunk);
    return true;
  };
  auto first = make();
  first.feed({text.data(), middle}, keep).value();
  atlas::buffer<std::byte> saved;
  first.save(saved).value();
  auto second = resume(atlas::span<const std::byte>(saved.data(), saved.size()));
  second.feed({text.data() + middle, text.size() - middle}, keep).value();
  second.finish(keep).value();
  return out;
}

/// Sizes large and small, with overlap up to all of it, filled and coherent.
inline std::vector<atlas::chunker_options> chunker_option_sets() {
  return {{.size = 100}, {.size = 300, .overlap = 60}, {.size = 1000, .overlap = 200}, {.size = 37, .overlap = 36, .fill_percent = 100},
          {.size = 120, .fill_percent = 0, .coherent_percent = 20, .packing = atlas::chunk_packing::coherent}, {.size = 5, .overlap = 2}};
}

/// Lines and columns counted the obvious way.
struct place_in_text {
  std::uint64_t line = 1, column = 1;
  static place_in_text of(const std::string& text, std::size_t offset) {
    place_in_text out;
    for (std::size_t at = 0; at < offset;) {
      const auto c = atlas::decode_one(text, at);
      const bool ends = text[at] == '\n' || (text[at] == '\r' && (at + 1 == text.size() || text[at + 1] != '\n'));
      at += c.length_bytes;
      out.line += ends ? 1 : 0;
      out.column = ends ? 1 : out.column + 1;
    }
    return out;
  }
};

/// What holds for the chunks of any text that are not trimmed; "" or the promise that is broken.
/// @param overlap_units  how the sizer of the chunks measures a text
template <class Measure>
std::string broken_promise(const std::string& text, const kept_chunks& chunks, const atlas::chunker_options& options, Measure measure) {
  std::uint64_t end = 0;
  for (const kept_chunk& chunk : chunks) {
    if (chunk.byte_end > text.size() || chunk.byte_begin >= chunk.byte_end) return "a chunk lies in the text and is not empty";
    if (chunk.text != text.substr(chunk.byte_begin, chunk.byte_end - chunk.byte_begin)) return "the view is the text's own bytes";
    if (chunk.byte_fresh != end || chunk.byte_begin > end || chunk.byte_end <= end) return "fresh parts laid end to end are the text";
    const bool is_one_cluster = atlas::next_grapheme(text, chunk.byte_begin) >= chunk.byte_end;
    if (chunk.units != measure(chunk.text)) return "units are those of the chunk";
    if (chunk.units > options.size && !is_one_cluster) return "the size is a bound";
    if (chunk.byte_fresh != chunk.byte_begin && measure(chunk.text.substr(0, chunk.byte_fresh - chunk.byte_begin)) > options.overlap) return "the overlap is a bound";
    for (const std::uint64_t cut : {chunk.byte_begin, chunk.byte_end}) {
      if (atlas::is_boundary<atlas::grapheme_state>(text, cut)) continue;
      const std::size_t begin = atlas::detail::last_cluster_break(text, cut);
      if (atlas::next_grapheme(text, begin) - begin <= 4096) return "no grapheme cluster is cut";
    }
    if (chunk.char_begin != atlas::count_characters({text.data(), chunk.byte_begin})) return "characters are counted from the start";
    if (chunk.char_end - chunk.char_begin != atlas::count_characters(chunk.text)) return "characters of the chunk are counted";
    const auto first = place_in_text::of(text, chunk.byte_begin);
    if (chunk.line_begin != first.line || chunk.column_begin != first.column) return "line and column are those of the first byte";
    const std::size_t last = atlas::character_start(text, chunk.byte_end - 1);
    if (chunk.line_end != place_in_text::of(text, text[last] == '\n' && last > 0 && text[last - 1] == '\r' ? last - 1 : last).line) return "the last line is that of the last byte";
    if ((chunk.level == atlas::boundary_level::text_end) != (chunk.byte_end == text.size())) return "only the last chunk ends at the text's end";
    end = chunk.byte_end;
  }
  return end == text.size() ? "" : "the chunks cover the text";
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_CHUNK_RUNS_HPP
