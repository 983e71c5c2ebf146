// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/encoding.hpp -- which encoding a file's bytes are in, and the same text as UTF-8.
//
// Room:      UTF-8, UTF-16 and UTF-32, with and without a byte-order mark; telling text from binary data.
// Not here:  legacy encodings: they are reported as unknown, never guessed into wrong letters.
// Depends:   core, text/utf8.hpp.
// Threads:   every function is pure but for the buffer it is given.
#ifndef ATLAS_TEXT_ENCODING_HPP
#define ATLAS_TEXT_ENCODING_HPP

#include <atlas/core/memory.hpp>  // buffer
#include <atlas/core/span.hpp>    // span
#include <atlas/text/utf8_validity.hpp>  // encode_one, first_ill_formed

namespace atlas { inline namespace ATLAS_ABI {

/// What a run of bytes is. The numbers are stored and part of the C ABI: never reused.
enum class text_encoding : std::uint8_t {
  utf8 = 0,  ///< ASCII is UTF-8
  utf16_le = 1,
  utf16_be = 2,
  utf32_le = 3,
  utf32_be = 4,
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
    case text_encoding::unknown: return "unknown encoding";
    case text_encoding::binary: return "binary data";
  }
  return "unknown encoding";
}

/// A text as valid UTF-8.
struct decoded_text {
  text_view text;           ///< without byte-order mark; borrows the input or the storage
  text_encoding encoding = text_encoding::utf8;  ///< of the input
  std::size_t mark_bytes = 0;  ///< length of the byte-order mark that was left out; 0 if there was none
  bool borrowed = true;     ///< the text is the input's own bytes from mark_bytes on
};

namespace detail {

struct byte_order_mark {
  text_encoding encoding = text_encoding::unknown;
  std::size_t length_bytes = 0;
};

[[nodiscard]] inline byte_order_mark find_mark(text_view bytes) noexcept {
  const auto starts = [&](const char* mark, std::size_t length_bytes) {
    return bytes.size() >= length_bytes && std::memcmp(bytes.data(), mark, length_bytes) == 0;
  };
  if (starts("\xEF\xBB\xBF", 3)) return {text_encoding::utf8, 3};
  if (starts("\xFF\xFE\0\0", 4)) return {text_encoding::utf32_le, 4};
  if (starts("\0\0\xFE\xFF", 4)) return {text_encoding::utf32_be, 4};
  if (starts("\xFF\xFE", 2)) return {text_encoding::utf16_le, 2};
  if (starts("\xFE\xFF", 2)) return {text_encoding::utf16_be, 2};
  return {};
}

/// Whether text holds this control character: tab, line ends, form feed, backspace, escape (terminal logs).
[[nodiscard]] constexpr bool is_text_control(char32_t c) noexcept {
  return c == U'\t' || c == U'\n' || c == U'\r' || c == U'\f' || c == U'\v' || c == U'\b' || c == 0x1B || c == 0x1A;
}
[[nodiscard]] constexpr bool is_binary_control(char32_t c) noexcept { return c < 0x20U && !is_text_control(c); }

/// Reads units of 2 or 4 bytes in either order.
class wide_reader {
 public:
  wide_reader(text_view bytes, text_encoding encoding) noexcept
      : bytes_(bytes), wide_(encoding == text_encoding::utf32_le || encoding == text_encoding::utf32_be),
        big_(encoding == text_encoding::utf16_be || encoding == text_encoding::utf32_be) {}

  [[nodiscard]] bool at_end() const noexcept { return at_ == bytes_.size(); }
  [[nodiscard]] std::size_t offset_bytes() const noexcept { return at_; }
  /// The next code point; false, at the same place, if the bytes there are not well formed.
  [[nodiscard]] bool read(char32_t& code_point) noexcept {
    const std::size_t unit = wide_ ? 4 : 2;
    if (bytes_.size() - at_ < unit) return false;
    const char32_t first = unit_at(at_);
    if (wide_) {
      if (first > 0x10FFFFU || (first >= 0xD800U && first <= 0xDFFFU)) return false;
    } else if (first >= 0xD800U && first <= 0xDFFFU) {
      if (first >= 0xDC00U || bytes_.size() - at_ < 4) return false;
      const char32_t second = unit_at(at_ + 2);
      if (second < 0xDC00U || second > 0xDFFFU) return false;
      code_point = 0x10000U + ((first - 0xD800U) << 10) + (second - 0xDC00U);
      at_ += 4;
      return true;
    }
    code_point = first;
    at_ += unit;
    return true;
  }

 private:
  [[nodiscard]] char32_t unit_at(std::size_t offset) const noexcept {
    const std::size_t unit = wide_ ? 4 : 2;
    char32_t value = 0;
    for (std::size_t i = 0; i < unit; ++i) {
      const char byte = bytes_.data()[offset + (big_ ? i : unit - 1 - i)];
      value = (value << 8) | static_cast<unsigned char>(byte);
    }
    return value;
  }

  text_view bytes_;
  std::size_t at_ = 0;
  bool wide_;
  bool big_;
};

/// How much of a file guess_encoding reads where it need not read all. A multiple of 4.
inline constexpr std::size_t encoding_sample_bytes = std::size_t{64} << 10;

/// How many ASCII characters the first bytes hold if they are text of this wide encoding: well formed, no NUL,
/// no binary control, no noncharacter; 0 if they are not. Any text with a space, line end or digit has some.
[[nodiscard]] inline std::size_t wide_ascii_count(text_view bytes, text_encoding encoding) noexcept {
  const std::size_t unit = encoding == text_encoding::utf32_le || encoding == text_encoding::utf32_be ? 4 : 2;
  if (bytes.empty() || bytes.size() % unit != 0) return 0;
  const bool sampled = bytes.size() > encoding_sample_bytes;
  if (sampled) bytes = bytes.subview(0, encoding_sample_bytes);
  wide_reader reader(bytes, encoding);
  std::size_t ascii = 0;
  while (!reader.at_end()) {
    char32_t c = 0;
    // The sample may end inside a surrogate pair.
    if (!reader.read(c)) return sampled && bytes.size() - reader.offset_bytes() < 4 ? ascii : 0;
    if (is_binary_control(c)) return 0;
    if (c >= 0xFFFEU && (c & 0xFFFEU) == 0xFFFEU) return 0;
    ascii += c < 0x80U ? 1 : 0;
  }
  return ascii;
}

}  // namespace detail

/// What the bytes most likely are: by byte-order mark, else UTF-8 if they are well formed and hold no NUL,
/// else the UTF-16 or UTF-32 in which the first 64 KiB are text and hold most ASCII characters, at least one.
///
/// @return  `binary` for NUL bytes or other control bytes that no text holds; `unknown` for bytes that are
///          none of these, such as a legacy encoding; utf8 for no bytes at all
/// Cost: at most one linear pass, no allocation. Says what decode_text would try, not that it succeeds.
[[nodiscard]] inline text_encoding guess_encoding(span<const std::byte> bytes) noexcept {
  const text_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (const detail::byte_order_mark mark = detail::find_mark(text); mark.length_bytes != 0) return mark.encoding;
  bool has_nul = false;
  bool has_control = false;
  const std::size_t sample = text.size() < detail::encoding_sample_bytes ? text.size() : detail::encoding_sample_bytes;
  for (std::size_t i = 0; i < sample; ++i) {
    has_nul = has_nul || text.data()[i] == '\0';
    has_control = has_control || detail::is_binary_control(static_cast<unsigned char>(text.data()[i]));
  }
  if (has_nul) {
    constexpr text_encoding candidates[] = {text_encoding::utf32_le, text_encoding::utf32_be,
                                            text_encoding::utf16_le, text_encoding::utf16_be};
    text_encoding best = text_encoding::binary;
    std::size_t best_count = 0;
    for (const text_encoding wide : candidates) {
      const std::size_t count = detail::wide_ascii_count(text, wide);
      if (count > best_count) {
        best = wide;
        best_count = count;
      }
    }
    return best;
  }
  if (text.size() > sample && std::memchr(text.data() + sample, 0, text.size() - sample) != nullptr) {
    return text_encoding::binary;
  }
  if (is_utf8(text)) return text_encoding::utf8;
  return has_control ? text_encoding::binary : text_encoding::unknown;
}

/// The bytes as valid UTF-8 without byte-order mark.
///
/// @param bytes    any bytes
/// @param storage  cleared, and filled only when the bytes must be converted; must outlive the answer
/// @return         the text, or errc::bad_encoding: field "text", which names what was found instead, or
///                 "text.utf8_byte", "text.utf16_byte" or "text.utf32_byte" with the offset of the first byte
///                 that is not well formed (a text with a byte-order mark); errc::no_memory
/// Cost: linear; UTF-8 is not copied. Never throws.
[[nodiscard]] inline result<decoded_text> decode_text(span<const std::byte> bytes, buffer<char>& storage) noexcept {
  storage.clear();
  const text_view input(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const detail::byte_order_mark mark = detail::find_mark(input);
  const text_encoding encoding = mark.length_bytes != 0 ? mark.encoding : guess_encoding(bytes);
  if (encoding == text_encoding::binary || encoding == text_encoding::unknown) {
    return error{errc::bad_encoding, "text", "UTF-8, UTF-16 or UTF-32", name(encoding)};
  }
  const text_view body = input.subview(mark.length_bytes, input.size() - mark.length_bytes);
  decoded_text answer{body, encoding, mark.length_bytes, true};
  if (encoding == text_encoding::utf8) {
    if (mark.length_bytes == 0) return answer;  // guess_encoding has read it all
    const std::size_t bad = first_ill_formed(body);
    if (bad == body.size()) return answer;
    return error{errc::bad_encoding, "text.utf8_byte", "well-formed UTF-8", bad + mark.length_bytes};
  }

  const bool is_32 = encoding == text_encoding::utf32_le || encoding == text_encoding::utf32_be;
  detail::wide_reader reader(body, encoding);
  while (!reader.at_end()) {
    char32_t code_point = 0;
    if (!reader.read(code_point)) {
      storage.clear();
      return error{errc::bad_encoding, is_32 ? "text.utf32_byte" : "text.utf16_byte",
                   is_32 ? "well-formed UTF-32" : "well-formed UTF-16", reader.offset_bytes() + mark.length_bytes};
    }
    char encoded[4];
    if (status grown = storage.append(encoded, encode_one(code_point, encoded)); !grown.ok()) return grown.error();
  }
  answer.text = text_view(storage.data(), storage.size());
  answer.borrowed = false;
  return answer;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_ENCODING_HPP
