// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/character_reader.hpp -- the next character of bytes in any encoding.
//
// Room:      how many bytes a character takes, which bytes are bad, what it is; as the WHATWG Encoding Standard's decoders, but
//            for what stands at character_reader.
// Not here:  whole texts (text/text_decoder.hpp).
// Depends:   core, text/{multibyte_table,single_byte_tables,utf8}.hpp.
// Threads:   a reader belongs to one thread at a time.
#ifndef ATLAS_TEXT_CHARACTER_READER_HPP
#define ATLAS_TEXT_CHARACTER_READER_HPP

#include <atlas/text/multibyte_table.hpp>     // multibyte_table
#include <atlas/text/single_byte_tables.hpp>  // single_byte_tables
#include <atlas/text/utf8.hpp>                // decode_one

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

enum class reading : std::uint8_t {
  whole,  ///< a character, or an escape sequence, which is none
  bad,    ///< bytes that are no character
  cut,    ///< the bytes end within what may become a character
};

/// What lies at one place of a text.
struct source_character {
  char32_t code_points[2] = {0, 0};
  std::uint8_t count = 0;         ///< of code points; 2 for four letters of Big5, 0 for what is bad or an escape sequence
  std::uint8_t length_bytes = 1;  ///< 1..4; not set when cut
  reading what = reading::bad;
};

/// Reads one encoding. It differs from the standard in this: each bad byte of UTF-8 is bad by itself, as everywhere in this
/// library; UTF-32 and IBM855 are read too; of two escape sequences of ISO-2022-JP in a row the first is not bad.
class character_reader {
 public:
  /// @pre     is_decodable(encoding)
  /// @return  as multibyte_table::open
  [[nodiscard]] status open(text_encoding encoding) noexcept {
    ATLAS_ASSERT(is_decodable(encoding));
    encoding_ = encoding;
    mode_ = ascii_mode;
    single_ = nullptr;
    if (is_single_byte(encoding)) {
      const auto as = encoding == text_encoding::iso_8859_8_i ? text_encoding::iso_8859_8 : encoding;
      single_ = single_byte_tables[static_cast<int>(as) - first_single_byte];
    }
    return is_multibyte(encoding) ? table_.open(encoding) : status();
  }
  [[nodiscard]] text_encoding encoding() const noexcept { return encoding_; }

  /// What an earlier escape sequence of ISO-2022-JP chose; 0 in every other encoding, and at the beginning of a text.
  [[nodiscard]] std::uint8_t mode() const noexcept { return mode_; }
  /// @return  false, and nothing is changed, for a number that is no mode of the encoding
  [[nodiscard]] bool set_mode(std::uint8_t mode) noexcept {
    if (mode > (encoding_ == text_encoding::iso_2022_jp ? kanji_mode : ascii_mode)) return false;
    mode_ = mode;
    return true;
  }

  /// Whether a byte below 0x80 is ASCII if a character begins with it, here.
  [[nodiscard]] bool in_ascii() const noexcept { return has_ascii(encoding_); }

  /// Code points of the bytes from 0x80 on, 0 where there is none; null for encodings that have not one byte a character.
  [[nodiscard]] const char16_t* single_bytes() const noexcept { return single_; }

  /// What lies at `offset`. The mode is changed by an escape sequence only.
  ///
  /// @param is_last  nothing follows the bytes: what would be cut is bad, all of it at once, in UTF-8 byte by byte
  /// @pre            offset < bytes.size()
  /// Cost: constant, but for the first character of a row of a multibyte_table.
  [[nodiscard]] source_character read(text_view bytes, std::size_t offset, bool is_last) noexcept {
    ATLAS_ASSERT(offset < bytes.size());
    const bytes_at in{reinterpret_cast<const unsigned char*>(bytes.data()) + offset, bytes.size() - offset};
    source_character found = read_one(in);
    if (found.what == reading::cut && is_last) {
      found.what = reading::bad;
      found.length_bytes = static_cast<std::uint8_t>(encoding_ == text_encoding::utf8 ? 1 : in.left);
    }
    return found;
  }

 private:
  enum : std::uint8_t { ascii_mode = 0, roman_mode = 1, katakana_mode = 2, kanji_mode = 3 };

  struct bytes_at {
    const unsigned char* at;
    std::size_t left;
    [[nodiscard]] std::uint32_t operator[](std::size_t index) const noexcept { return at[index]; }
  };

  [[nodiscard]] static source_character whole(char32_t code_point, std::size_t length_bytes) noexcept {
    return {{code_point, 0}, 1, static_cast<std::uint8_t>(length_bytes), reading::whole};
  }
  [[nodiscard]] static source_character bad(std::size_t length_bytes) noexcept {
    return {{0, 0}, 0, static_cast<std::uint8_t>(length_bytes), reading::bad};
  }
  [[nodiscard]] static source_character cut() noexcept { return {{0, 0}, 0, 1, reading::cut}; }
  [[nodiscard]] static bool is_between(std::uint32_t byte, std::uint32_t first, std::uint32_t last) noexcept {
    return byte - first <= last - first;
  }
  /// A character of two bytes; without a code point both are bad, or the first alone if the second is ASCII.
  [[nodiscard]] static source_character pair(char32_t code_point, std::uint32_t trail) noexcept {
    return code_point != 0 ? whole(code_point, 2) : bad(trail < 0x80 ? 1 : 2);
  }

  [[nodiscard]] source_character read_one(bytes_at in) noexcept {
    switch (encoding_) {
      case text_encoding::utf8: return read_utf8(in);
      case text_encoding::utf16_le: return read_utf16(in, 0);
      case text_encoding::utf16_be: return read_utf16(in, 1);
      case text_encoding::utf32_le: return read_utf32(in, 0);
      case text_encoding::utf32_be: return read_utf32(in, 3);
      case text_encoding::gbk:
      case text_encoding::gb18030: return read_gb18030(in);
      case text_encoding::big5: return read_big5(in);
      case text_encoding::euc_jp: return read_euc_jp(in);
      case text_encoding::iso_2022_jp: return read_iso_2022_jp(in);
      case text_encoding::shift_jis: return read_shift_jis(in);
      case text_encoding::euc_kr: return read_euc_kr(in);
      default: break;
    }
    if (in[0] < 0x80) return whole(in[0], 1);
    const char32_t code_point = single_[in[0] - 0x80];
    return code_point != 0 ? whole(code_point, 1) : bad(1);
  }

  [[nodiscard]] static source_character read_utf8(bytes_at in) noexcept {
    const utf8_character next = decode_one({reinterpret_cast<const char*>(in.at), in.left}, 0);
    if (next.well_formed) return whole(next.code_point, next.length_bytes);
    const std::size_t wanted = !is_between(in[0], 0xC2, 0xF4) ? 1 : in[0] < 0xE0 ? 2 : in[0] < 0xF0 ? 3 : 4;
    if (in.left >= wanted) return bad(1);
    for (std::size_t i = 1; i < in.left; ++i) {
      if (!is_between(in[i], 0x80, 0xBF)) return bad(1);
    }
    return cut();
  }

  /// @param flip  1 for big-endian
  [[nodiscard]] static source_character read_utf16(bytes_at in, std::size_t flip) noexcept {
    if (in.left < 2) return cut();
    const std::uint32_t first = in[flip] | in[1 - flip] << 8;
    if (!is_between(first, 0xD800, 0xDFFF)) return whole(first, 2);
    if (first >= 0xDC00) return bad(2);
    if (in.left < 4) return cut();
    const std::uint32_t second = in[2 + flip] | in[3 - flip] << 8;
    if (!is_between(second, 0xDC00, 0xDFFF)) return bad(2);
    return whole(0x10000U + ((first - 0xD800) << 10) + (second - 0xDC00), 4);
  }

  /// @param flip  3 for big-endian
  [[nodiscard]] static source_character read_utf32(bytes_at in, std::size_t flip) noexcept {
    if (in.left < 4) return cut();
    const std::uint32_t value = in[flip] | in[1 ^ flip] << 8 | in[2 ^ flip] << 16 | in[3 ^ flip] << 24;
    return value <= 0x10FFFF && !is_between(value, 0xD800, 0xDFFF) ? whole(value, 4) : bad(4);
  }

  [[nodiscard]] source_character read_gb18030(bytes_at in) noexcept {
    if (in[0] < 0x80) return whole(in[0], 1);
    if (in[0] == 0x80) return whole(0x20AC, 1);
    if (in[0] == 0xFF) return bad(1);
    if (in.left < 2) return cut();
    if (is_between(in[1], 0x30, 0x39)) {
      if (in.left < 3) return cut();
      if (!is_between(in[2], 0x81, 0xFE)) return bad(1);
      if (in.left < 4) return cut();
      if (!is_between(in[3], 0x30, 0x39)) return bad(1);
      const std::uint32_t pointer = ((in[0] - 0x81) * 10 + in[1] - 0x30) * 1260 + (in[2] - 0x81) * 10 + in[3] - 0x30;
      const char32_t code_point = table_.four_bytes(pointer);
      return code_point != 0 ? whole(code_point, 4) : bad(4);
    }
    if (!is_between(in[1], 0x40, 0x7E) && !is_between(in[1], 0x80, 0xFE)) return pair(0, in[1]);
    return pair(table_.at(in[0] - 0x81, in[1] - (in[1] < 0x7F ? 0x40 : 0x41)), in[1]);
  }

  [[nodiscard]] source_character read_big5(bytes_at in) noexcept {
    if (in[0] < 0x80) return whole(in[0], 1);
    if (!is_between(in[0], 0x81, 0xFE)) return bad(1);
    if (in.left < 2) return cut();
    if (!is_between(in[1], 0x40, 0x7E) && !is_between(in[1], 0xA1, 0xFE)) return pair(0, in[1]);
    if (in[0] == 0x88 && (in[1] == 0x62 || in[1] == 0x64 || in[1] == 0xA3 || in[1] == 0xA5)) {
      const char32_t letter = in[1] < 0x80 ? 0xCA : 0xEA;
      const char32_t accent = in[1] == 0x62 || in[1] == 0xA3 ? 0x304 : 0x30C;
      return {{letter, accent}, 2, 2, reading::whole};
    }
    return pair(table_.at(in[0] - 0x81, in[1] - (in[1] < 0x7F ? 0x40 : 0x62)), in[1]);
  }

  [[nodiscard]] source_character read_euc_jp(bytes_at in) noexcept {
    if (in[0] < 0x80) return whole(in[0], 1);
    if (in[0] != 0x8E && in[0] != 0x8F && !is_between(in[0], 0xA1, 0xFE)) return bad(1);
    if (in.left < 2) return cut();
    if (in[0] == 0x8E) return pair(is_between(in[1], 0xA1, 0xDF) ? 0xFF61 - 0xA1 + in[1] : 0, in[1]);
    if (!is_between(in[1], 0xA1, 0xFE)) return pair(0, in[1]);
    if (in[0] != 0x8F) return pair(table_.at(in[0] - 0xA1, in[1] - 0xA1), in[1]);
    if (in.left < 3) return cut();
    const char32_t code_point =
        is_between(in[2], 0xA1, 0xFE) ? table_.at(multibyte_table::jis0212_rows + in[1] - 0xA1, in[2] - 0xA1) : 0;
    return code_point != 0 ? whole(code_point, 3) : bad(in[2] < 0x80 ? 2 : 3);
  }

  [[nodiscard]] source_character read_shift_jis(bytes_at in) noexcept {
    if (in[0] <= 0x80) return whole(in[0], 1);
    if (is_between(in[0], 0xA1, 0xDF)) return whole(0xFF61 - 0xA1 + in[0], 1);
    if (in[0] == 0xA0 || in[0] > 0xFC) return bad(1);
    if (in.left < 2) return cut();
    if (!is_between(in[1], 0x40, 0x7E) && !is_between(in[1], 0x80, 0xFC)) return pair(0, in[1]);
    const std::uint32_t pointer =
        (in[0] - (in[0] < 0xA0 ? 0x81 : 0xC1)) * 188 + in[1] - (in[1] < 0x7F ? 0x40 : 0x41);
    if (is_between(pointer, 8836, 10715)) return whole(0xE000 - 8836 + pointer, 2);  // a user's own characters
    return pair(table_.at(pointer / multibyte_table::euc_columns, pointer % multibyte_table::euc_columns), in[1]);
  }

  [[nodiscard]] source_character read_euc_kr(bytes_at in) noexcept {
    if (in[0] < 0x80) return whole(in[0], 1);
    if (!is_between(in[0], 0x81, 0xFE)) return bad(1);
    if (in.left < 2) return cut();
    return pair(is_between(in[1], 0x41, 0xFE) ? table_.at(in[0] - 0x81, in[1] - 0x41) : 0, in[1]);
  }

  [[nodiscard]] source_character read_iso_2022_jp(bytes_at in) noexcept {
    if (in[0] == 0x1B) return read_escape(in);
    if (mode_ == ascii_mode || mode_ == roman_mode) {
      if (in[0] >= 0x80 || in[0] == 0x0E || in[0] == 0x0F) return bad(1);
      if (mode_ == roman_mode && in[0] == 0x5C) return whole(0xA5, 1);
      if (mode_ == roman_mode && in[0] == 0x7E) return whole(0x203E, 1);
      return whole(in[0], 1);
    }
    if (mode_ == katakana_mode) return is_between(in[0], 0x21, 0x5F) ? whole(0xFF61 - 0x21 + in[0], 1) : bad(1);
    if (!is_between(in[0], 0x21, 0x7E)) return bad(1);
    if (in.left < 2) return cut();
    if (in[1] == 0x1B) return bad(1);
    const char32_t code_point = is_between(in[1], 0x21, 0x7E) ? table_.at(in[0] - 0x21, in[1] - 0x21) : 0;
    return code_point != 0 ? whole(code_point, 2) : bad(2);
  }

  [[nodiscard]] source_character read_escape(bytes_at in) noexcept {
    if (in.left < 2) return cut();
    if (in[1] != 0x24 && in[1] != 0x28) return bad(1);
    if (in.left < 3) return cut();
    if (in[1] == 0x24 && (in[2] == 0x40 || in[2] == 0x42)) {
      mode_ = kanji_mode;
    } else if (in[1] == 0x28 && in[2] == 0x42) {
      mode_ = ascii_mode;
    } else if (in[1] == 0x28 && in[2] == 0x4A) {
      mode_ = roman_mode;
    } else if (in[1] == 0x28 && in[2] == 0x49) {
      mode_ = katakana_mode;
    } else {
      return bad(1);
    }
    return {{0, 0}, 0, 3, reading::whole};
  }

  text_encoding encoding_ = text_encoding::utf8;
  std::uint8_t mode_ = ascii_mode;
  const char16_t* single_ = nullptr;
  multibyte_table table_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_TEXT_CHARACTER_READER_HPP
