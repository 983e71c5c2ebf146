// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/chunk_sizer.hpp -- how large a piece of text is, and how much of a text fits into a size.
//
// Room:      the concept of a sizer; bytes and characters, which are the two that take no reading.
// Not here:  graphemes and words (chunk/segment_sizers.hpp), tokens (chunk/token_sizer.hpp), a caller's own (chunk/callback_sizer.hpp).
// Depends:   simd, text/utf8_validity.hpp.
// Threads:   the sizers here are plain values; every function is pure.
#ifndef ATLAS_CHUNK_CHUNK_SIZER_HPP
#define ATLAS_CHUNK_CHUNK_SIZER_HPP

#include <atlas/core/result.hpp>         // result
#include <atlas/text/utf8_validity.hpp>  // count_characters, first_ill_formed

namespace atlas { inline namespace ATLAS_ABI {

/// How much of a text fits.
struct fitted_text {
  std::size_t bytes = 0;    ///< of the longest prefix that fits
  std::uint64_t units = 0;  ///< that it measures
  bool is_settled = false;  ///< no byte behind the text could change the answer
  bool is_plain = false;    ///< it is known that each byte of the prefix is a character and a unit
};

/// What a chunker asks of its sizer. A piece of text measures so many units; a longer one never fewer, but for what is_additive() says.
///
///   bool is_additive()                  whether every prefix of what fits fits as well. Where it is false the chunker measures what it
///                                       would cut, and cuts earlier until that fits
///   uint64 fingerprint()                what it measures in, as a number that checkpoints hold; which tells the chunker's own apart
///   result<fitted_text> fit(text, limit, is_whole)
///                                       the longest prefix of at most `limit` units; is_whole: nothing follows the text
///   result<size_t> fit_back(text, limit)
///                                       where the longest suffix of at most `limit` units begins
///   result<uint64_t> measure(text, characters)
///                                       its units; `characters` is how many it has
///   size_t most_bytes(limit)            a chunk of `limit` units is cut at so many bytes, which bounds the memory of a stream
///
/// All take time linear in what they look at; fit looks at little more than what fits. Errors are those of a caller's own measure.
template <class Sizer>
concept chunk_sizer = requires(const Sizer& sizer, text_view text, std::uint64_t limit) {
  static_cast<bool>(sizer.is_additive());
  static_cast<std::uint64_t>(sizer.fingerprint());
  result<fitted_text>(sizer.fit(text, limit, true));
  result<std::size_t>(sizer.fit_back(text, limit));
  result<std::uint64_t>(sizer.measure(text, limit));
  static_cast<std::size_t>(sizer.most_bytes(limit));
};

/// Sizes in bytes.
struct byte_sizer {
  [[nodiscard]] static constexpr bool is_additive() noexcept { return true; }
  [[nodiscard]] static constexpr std::uint64_t fingerprint() noexcept { return 1; }

  [[nodiscard]] result<fitted_text> fit(text_view text, std::uint64_t limit, bool is_whole) const noexcept {
    const std::size_t bytes = limit < text.size() ? static_cast<std::size_t>(limit) : text.size();
    return fitted_text{bytes, bytes, is_whole || text.size() >= limit};
  }
  [[nodiscard]] result<std::size_t> fit_back(text_view text, std::uint64_t limit) const noexcept {
    return limit < text.size() ? text.size() - static_cast<std::size_t>(limit) : std::size_t{0};
  }
  [[nodiscard]] result<std::uint64_t> measure(text_view text, std::uint64_t /*characters*/) const noexcept { return std::uint64_t{text.size()}; }
  [[nodiscard]] std::size_t most_bytes(std::uint64_t limit) const noexcept { return static_cast<std::size_t>(limit); }
};

/// Sizes in characters as text/utf8.hpp counts them: code points, and one for each ill-formed byte.
struct character_sizer {
  [[nodiscard]] static constexpr bool is_additive() noexcept { return true; }
  [[nodiscard]] static constexpr std::uint64_t fingerprint() noexcept { return 2; }

  /// Cost: of ASCII a pass, some 50 GB/s; else as utf8_skip and first_ill_formed, some 20 GB/s; from the first ill-formed byte on 0.5 GB/s.
  [[nodiscard]] result<fitted_text> fit(text_view text, std::uint64_t limit, bool is_whole) const noexcept {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    const std::size_t starts = limit < text.size() ? static_cast<std::size_t>(limit) : text.size();
    fitted_text out;
    if (kernels().is_ascii(bytes, starts)) {
      out.bytes = starts;
      out.units = starts;
      out.is_plain = true;
      out.is_settled = is_whole || text.size() - starts >= most_character_bytes;
      return out;
    }
    out.bytes = text.empty() ? 0 : kernels().utf8_skip(bytes, text.size(), starts);
    const std::size_t bad = first_ill_formed(text.subview(0, out.bytes));
    if (bad == out.bytes) {
      out.units = out.bytes < text.size() ? starts : kernels().utf8_starts(bytes, out.bytes);
      out.is_plain = out.units == out.bytes;
    } else {
      out.units = kernels().utf8_starts(bytes, bad);
      for (out.bytes = bad; out.bytes < text.size() && out.units < limit; ++out.units) out.bytes += decode_one(text, out.bytes).length_bytes;
    }
    out.is_settled = is_whole || text.size() - out.bytes >= most_character_bytes;
    return out;
  }
  [[nodiscard]] result<std::size_t> fit_back(text_view text, std::uint64_t limit) const noexcept {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    std::size_t at = text.size();
    std::uint64_t count = 0;
    while (count < limit && at != 0) {  // as many bytes as characters are missing have no more than these
      const std::size_t step = limit - count < at ? static_cast<std::size_t>(limit - count) : at;
      at -= step;
      count += kernels().utf8_starts(bytes + at, step);
    }
    if (first_ill_formed(text.subview(at, text.size() - at)) == text.size() - at) return at;
    at = text.size();
    for (count = 0; count < limit && at != 0; ++count) at = character_start(text, at - 1);
    return at;
  }
  [[nodiscard]] result<std::uint64_t> measure(text_view /*text*/, std::uint64_t characters) const noexcept { return characters; }
  [[nodiscard]] std::size_t most_bytes(std::uint64_t limit) const noexcept { return static_cast<std::size_t>(limit) * most_character_bytes; }

 private:
  static constexpr std::size_t most_character_bytes = 4;
};

static_assert(chunk_sizer<byte_sizer> && chunk_sizer<character_sizer>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_CHUNK_SIZER_HPP
