// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/normalise.hpp -- one spelling for texts that mean the same.
//
// Room:      the Unicode normal forms NFC and NFKC, and NFKC with case folding.
// Not here:  words (text/words.hpp). Nothing else names utf8proc.
// Depends:   text/utf8.hpp, core, utf8proc: link -lutf8proc. Its Unicode version decides on characters
//            that were added lately.
// Threads:   pure but for the buffer it is given.
#ifndef ATLAS_TEXT_NORMALISE_HPP
#define ATLAS_TEXT_NORMALISE_HPP

#include <atlas/core/memory.hpp>  // buffer
#include <atlas/text/utf8.hpp>    // decode_one, encode_one

#include <utf8proc.h>

namespace atlas { inline namespace ATLAS_ABI {

/// Unicode Standard Annex 15; casefold is NFKC_Casefold: compatibility forms are replaced, case is folded,
/// and characters that show nothing (soft hyphen, joiners) are left out.
enum class normal_form : std::uint8_t { nfc = 0, nfkc = 1, nfkc_casefold = 2 };

namespace detail {

/// Characters that go through utf8proc at once: its ordering of combining marks takes quadratic time.
inline constexpr std::size_t normalise_piece = 128;

/// Whether normalising may start anew before this code point: a letter that no form joins to what stands
/// before it. Conjoining and half-width letters, which may be, are left out by range.
[[nodiscard]] inline bool starts_anew(char32_t c) noexcept {
  if ((c >= 0x1100 && c < 0x1200) || (c >= 0x3130 && c < 0x3190) || (c >= 0xA960 && c < 0xA980) ||
      (c >= 0xD7B0 && c < 0xD800) || (c >= 0xFF66 && c < 0x10000)) {
    return false;
  }
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LO;
}

[[nodiscard]] inline status normalise_some(const char* piece, std::size_t size_bytes, normal_form form,
                                           buffer<char>& out) noexcept {
  int flags = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
  if (form != normal_form::nfc) flags |= UTF8PROC_COMPAT;
  if (form == normal_form::nfkc_casefold) flags |= UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
  const auto options = static_cast<utf8proc_option_t>(flags);
  // 18 is the longest compatibility decomposition, of U+FDFA (Unicode Standard Annex 15, table 9).
  utf8proc_int32_t points[normalise_piece * 18];
  utf8proc_ssize_t count =
      utf8proc_decompose(reinterpret_cast<const utf8proc_uint8_t*>(piece), static_cast<utf8proc_ssize_t>(size_bytes),
                         points, static_cast<utf8proc_ssize_t>(normalise_piece * 18), options);
  if (count < 0 || count > static_cast<utf8proc_ssize_t>(normalise_piece * 18)) {
    return error{errc::internal, "utf8proc"};
  }
  count = utf8proc_normalize_utf32(points, count, options);
  if (count < 0) return error{errc::internal, "utf8proc"};

  const std::size_t before = out.size();
  if (status grown = out.resize(before + static_cast<std::size_t>(count) * 4); !grown.ok()) return grown;
  std::size_t used = before;
  for (utf8proc_ssize_t i = 0; i < count; ++i) used += encode_one(static_cast<char32_t>(points[i]), out.data() + used);
  return out.resize(used);
}

}  // namespace detail

/// The normal form of a text.
///
/// @param text  any bytes; each ill-formed byte becomes U+FFFD
/// @param form  which normal form
/// @param out   replaced by the answer, which is valid UTF-8; must not hold `text`
/// @return      errc::no_memory; `out` then holds a part
/// Cost: linear; ASCII is only copied or lowered. Never throws.
/// Accuracy: the standard's, but that in a run of more than 128 characters without any letter that starts
/// anew (combining marks, conjoining letters) each 128 are normalised by themselves.
[[nodiscard]] inline status normalise(text_view text, normal_form form, buffer<char>& out) noexcept {
  out.clear();
  if (status grown = out.reserve(text.size()); !grown.ok()) return grown;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t ascii_end = at + ascii_run(text, at);
    while (ascii_end < text.size() && static_cast<unsigned char>(text.data()[ascii_end]) < 0x80U) ++ascii_end;
    // The last ASCII character before others goes with them: a mark may join it.
    const std::size_t plain = ascii_end < text.size() && ascii_end > at ? ascii_end - at - 1 : ascii_end - at;
    const std::size_t before = out.size();
    if (status grown = out.append(text.data() + at, plain); !grown.ok()) return grown;
    if (form == normal_form::nfkc_casefold) {
      for (std::size_t i = before; i < out.size(); ++i) {
        char& c = out.data()[i];
        c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
      }
    }
    at += plain;
    if (at == text.size()) break;

    char piece[detail::normalise_piece * 4];
    std::size_t used = 0;
    for (std::size_t count = 0; at < text.size() && count < detail::normalise_piece; ++count) {
      const utf8_character c = decode_one(text, at);
      const bool enough = count >= detail::normalise_piece / 2;
      if (count != 0 && (c.code_point < 0x80U || (enough && detail::starts_anew(c.code_point)))) break;
      used += encode_one(c.code_point, piece + used);
      at += c.length_bytes;
    }
    if (status done = detail::normalise_some(piece, used, form, out); !done.ok()) return done;
  }
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_NORMALISE_HPP
