// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/segment_sizers.hpp -- sizes in what a reader counts: grapheme clusters, words.
//
// Room:      grapheme_sizer, word_sizer.
// Not here:  bytes and characters (chunk/chunk_sizer.hpp), tokens (chunk/token_sizer.hpp).
// Depends:   chunk/chunk_sizer.hpp, text.
// Threads:   plain values; every function is pure.
#ifndef ATLAS_CHUNK_SEGMENT_SIZERS_HPP
#define ATLAS_CHUNK_SEGMENT_SIZERS_HPP

#include <atlas/chunk/chunk_sizer.hpp>         // chunk_sizer, fitted_text
#include <atlas/text/grapheme_boundaries.hpp>  // next_grapheme
#include <atlas/text/words.hpp>                // word_reader

namespace atlas { inline namespace ATLAS_ABI {

/// Sizes in extended grapheme clusters, which is what a person would count. A chunk begins at a boundary of them, and so they are the text's.
class grapheme_sizer {
 public:
  [[nodiscard]] static constexpr bool is_additive() noexcept { return true; }
  [[nodiscard]] static constexpr std::uint64_t fingerprint() noexcept { return 3; }

  [[nodiscard]] result<fitted_text> fit(text_view text, std::uint64_t limit, bool is_whole) const noexcept {
    fitted_text out;
    while (out.bytes < text.size() && out.units < limit) {
      const std::size_t plain = plain_clusters(text, out.bytes, limit - out.units);
      out.bytes += plain;
      out.units += plain;
      if (plain != 0) continue;
      const std::size_t next = next_grapheme(text, out.bytes);
      // A cluster that reaches the end may go on, and so may a character that does.
      if (!is_whole && text.size() - next < most_character_bytes) return out;
      out.bytes = next;
      ++out.units;
    }
    out.is_settled = is_whole || out.units == limit;
    return out;
  }
  [[nodiscard]] result<std::size_t> fit_back(text_view text, std::uint64_t limit) const noexcept {
    const std::uint64_t all = count(text);
    return all <= limit ? std::size_t{0} : fit(text, all - limit, true)->bytes;
  }
  [[nodiscard]] result<std::uint64_t> measure(text_view text, std::uint64_t /*characters*/) const noexcept { return count(text); }
  [[nodiscard]] std::size_t most_bytes(std::uint64_t limit) const noexcept { return static_cast<std::size_t>(limit) * bytes_a_cluster + 64; }

 private:
  static constexpr std::size_t most_character_bytes = 4;
  static constexpr std::size_t bytes_a_cluster = 32;  ///< of a family of four 25; a stream of more is cut by bytes

  [[nodiscard]] std::uint64_t count(text_view text) const noexcept { return fit(text, ~std::uint64_t{0}, true)->units; }
  /// Bytes from `at` on, up to `most`, that are a cluster each: ASCII without U+000D, and another ASCII byte behind the last.
  [[nodiscard]] static std::size_t plain_clusters(text_view text, std::size_t at, std::uint64_t most) noexcept {
    std::size_t run = 0;
    while (text.size() - at - run >= 9 && run + 8 <= most) {
      const auto bytes = load_unaligned<std::uint64_t>(text.data() + at + run);
      constexpr std::uint64_t ones = 0x0101010101010101U;
      const std::uint64_t returns = bytes ^ ones * 0x0DU;
      if (((bytes | ((returns - ones) & ~returns)) & ones * 0x80U) != 0) break;
      if (static_cast<unsigned char>(text[at + run + 8]) >= 0x80U) break;  // it may join the last one
      run += 8;
    }
    return run;
  }
};

/// Sizes in words as text/words.hpp has them; what lies between words counts nothing.
class word_sizer {
 public:
  [[nodiscard]] static constexpr bool is_additive() noexcept { return true; }
  [[nodiscard]] static constexpr std::uint64_t fingerprint() noexcept { return 4; }

  [[nodiscard]] result<fitted_text> fit(text_view text, std::uint64_t limit, bool is_whole) const noexcept {
    word_reader reader(text);
    fitted_text out{text.size(), 0, is_whole};
    for (text_view word; reader.next(word); ++out.units) {
      if (out.units != limit) continue;
      out.bytes = static_cast<std::size_t>(word.data() - text.data());
      out.is_settled = is_whole || text.size() - out.bytes >= most_character_bytes;
      break;
    }
    return out;
  }
  [[nodiscard]] result<std::size_t> fit_back(text_view text, std::uint64_t limit) const noexcept {
    const std::uint64_t all = count(text);
    if (all <= limit) return std::size_t{0};
    word_reader reader(text);
    text_view word;
    for (std::uint64_t i = 0; i < all - limit; ++i) static_cast<void>(reader.next(word));
    return static_cast<std::size_t>(word.data() - text.data()) + word.size();
  }
  [[nodiscard]] result<std::uint64_t> measure(text_view text, std::uint64_t /*characters*/) const noexcept { return count(text); }
  [[nodiscard]] std::size_t most_bytes(std::uint64_t limit) const noexcept { return static_cast<std::size_t>(limit) * bytes_a_word + 256; }

 private:
  static constexpr std::size_t most_character_bytes = 4;
  static constexpr std::size_t bytes_a_word = 64;  ///< with what lies behind it; where there are fewer words, bytes are the bound

  [[nodiscard]] static std::uint64_t count(text_view text) noexcept {
    word_reader reader(text);
    std::uint64_t words = 0;
    for (text_view word; reader.next(word);) ++words;
    return words;
  }
};

static_assert(chunk_sizer<grapheme_sizer> && chunk_sizer<word_sizer>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_SEGMENT_SIZERS_HPP
