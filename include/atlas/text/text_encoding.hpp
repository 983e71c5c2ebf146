// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/text_encoding.hpp -- the encodings that text comes in.
//
// Room:      their numbers and names.
// Not here:  other spellings of the names (text/encoding_labels.hpp), decoding (text/text_decoder.hpp), telling which one
//            bytes are in (text/encoding.hpp).
// Depends:   core only.
// Threads:   every function is pure.
#ifndef ATLAS_TEXT_TEXT_ENCODING_HPP
#define ATLAS_TEXT_TEXT_ENCODING_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI {

/// What a run of bytes is. The numbers are stored and part of the C ABI: never reused. The legacy encodings are those of
/// the WHATWG Encoding Standard, which takes an encoding's popular superset for it: ISO-8859-1 is windows-1252, ISO-8859-9
/// windows-1254, TIS-620 windows-874, Shift_JIS CP932, EUC-KR CP949.
enum class text_encoding : std::uint8_t {
  utf8 = 0,  ///< ASCII is UTF-8
  utf16_le = 1,
  utf16_be = 2,
  utf32_le = 3,
  utf32_be = 4,

  ibm866 = 16,  ///< the first that has one byte a character
  iso_8859_2 = 17,
  iso_8859_3 = 18,
  iso_8859_4 = 19,
  iso_8859_5 = 20,
  iso_8859_6 = 21,
  iso_8859_7 = 22,
  iso_8859_8 = 23,
  iso_8859_10 = 24,
  iso_8859_13 = 25,
  iso_8859_14 = 26,
  iso_8859_15 = 27,
  iso_8859_16 = 28,
  koi8_r = 29,
  koi8_u = 30,
  macintosh = 31,
  windows_874 = 32,
  windows_1250 = 33,
  windows_1251 = 34,
  windows_1252 = 35,
  windows_1253 = 36,
  windows_1254 = 37,
  windows_1255 = 38,
  windows_1256 = 39,
  windows_1257 = 40,
  windows_1258 = 41,
  x_mac_cyrillic = 42,
  x_user_defined = 43,
  ibm855 = 44,        ///< not in the standard
  iso_8859_8_i = 45,  ///< the bytes of iso_8859_8, typed in reading order; the last with one byte a character

  gbk = 64,  ///< decoded as gb18030, as the standard has it
  gb18030 = 65,
  big5 = 66,
  euc_jp = 67,
  iso_2022_jp = 68,
  shift_jis = 69,
  euc_kr = 70,

  unknown = 254,  ///< text, as far as one can tell, in none of these
  binary = 255,   ///< not text: holds NUL or control bytes where no text has them
};

[[nodiscard]] constexpr const char* name(text_encoding which) noexcept {
  switch (which) {
    case text_encoding::utf8: return "UTF-8";
    case text_encoding::utf16_le: return "UTF-16LE";
    case text_encoding::utf16_be: return "UTF-16BE";
    case text_encoding::utf32_le: return "UTF-32LE";
    case text_encoding::utf32_be: return "UTF-32BE";
    case text_encoding::ibm866: return "IBM866";
    case text_encoding::iso_8859_2: return "ISO-8859-2";
    case text_encoding::iso_8859_3: return "ISO-8859-3";
    case text_encoding::iso_8859_4: return "ISO-8859-4";
    case text_encoding::iso_8859_5: return "ISO-8859-5";
    case text_encoding::iso_8859_6: return "ISO-8859-6";
    case text_encoding::iso_8859_7: return "ISO-8859-7";
    case text_encoding::iso_8859_8: return "ISO-8859-8";
    case text_encoding::iso_8859_10: return "ISO-8859-10";
    case text_encoding::iso_8859_13: return "ISO-8859-13";
    case text_encoding::iso_8859_14: return "ISO-8859-14";
    case text_encoding::iso_8859_15: return "ISO-8859-15";
    case text_encoding::iso_8859_16: return "ISO-8859-16";
    case text_encoding::koi8_r: return "KOI8-R";
    case text_encoding::koi8_u: return "KOI8-U";
    case text_encoding::macintosh: return "macintosh";
    case text_encoding::windows_874: return "windows-874";
    case text_encoding::windows_1250: return "windows-1250";
    case text_encoding::windows_1251: return "windows-1251";
    case text_encoding::windows_1252: return "windows-1252";
    case text_encoding::windows_1253: return "windows-1253";
    case text_encoding::windows_1254: return "windows-1254";
    case text_encoding::windows_1255: return "windows-1255";
    case text_encoding::windows_1256: return "windows-1256";
    case text_encoding::windows_1257: return "windows-1257";
    case text_encoding::windows_1258: return "windows-1258";
    case text_encoding::x_mac_cyrillic: return "x-mac-cyrillic";
    case text_encoding::x_user_defined: return "x-user-defined";
    case text_encoding::ibm855: return "IBM855";
    case text_encoding::iso_8859_8_i: return "ISO-8859-8-I";
    case text_encoding::gbk: return "GBK";
    case text_encoding::gb18030: return "gb18030";
    case text_encoding::big5: return "Big5";
    case text_encoding::euc_jp: return "EUC-JP";
    case text_encoding::iso_2022_jp: return "ISO-2022-JP";
    case text_encoding::shift_jis: return "Shift_JIS";
    case text_encoding::euc_kr: return "EUC-KR";
    case text_encoding::unknown: return "unknown encoding";
    case text_encoding::binary: return "binary data";
  }
  return "unknown encoding";
}

namespace detail {
inline constexpr int first_single_byte = 16;
inline constexpr int last_single_byte = 45;
inline constexpr int first_multibyte = 64;
inline constexpr int last_multibyte = 70;
}  // namespace detail

/// Whether it is one of the legacy encodings with one byte a character.
[[nodiscard]] constexpr bool is_single_byte(text_encoding which) noexcept {
  return static_cast<int>(which) >= detail::first_single_byte && static_cast<int>(which) <= detail::last_single_byte;
}
/// Whether it is one of the legacy encodings of China, Japan and Korea, with one to four bytes a character.
[[nodiscard]] constexpr bool is_multibyte(text_encoding which) noexcept {
  return static_cast<int>(which) >= detail::first_multibyte && static_cast<int>(which) <= detail::last_multibyte;
}
/// UTF-16 or UTF-32.
[[nodiscard]] constexpr bool is_wide(text_encoding which) noexcept {
  return static_cast<int>(which) >= 1 && static_cast<int>(which) <= 4;
}
/// Whether bytes below 0x80 where a character begins are ASCII in it, whatever came before.
[[nodiscard]] constexpr bool has_ascii(text_encoding which) noexcept {
  return which == text_encoding::utf8 || is_single_byte(which) ||
         (is_multibyte(which) && which != text_encoding::iso_2022_jp);
}
/// Whether it is the encoding of a text, so that there is a decoder for it.
[[nodiscard]] constexpr bool is_decodable(text_encoding which) noexcept {
  return which == text_encoding::utf8 || is_wide(which) || is_single_byte(which) || is_multibyte(which);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_TEXT_ENCODING_HPP
