// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/encoding.hpp -- which encoding a file's bytes are in, and the same text as UTF-8.
//
// Room:      telling by byte-order mark, form and statistics; whole texts; telling text from binary data.
// Not here:  texts that come in pieces (text/stream_decoder.hpp), names of encodings (text/encoding_labels.hpp).
// Depends:   core, text/{legacy_statistics,source_map}.hpp.
// Threads:   every function is pure but for the buffer and the map it is given.
#ifndef ATLAS_TEXT_ENCODING_HPP
#define ATLAS_TEXT_ENCODING_HPP

#include <atlas/core/memory.hpp>             // buffer
#include <atlas/core/span.hpp>               // span
#include <atlas/text/legacy_statistics.hpp>  // likeliest_legacy
#include <atlas/text/source_map.hpp>         // source_map, text_decoder
#include <atlas/text/utf8_validity.hpp>      // first_ill_formed

namespace atlas { inline namespace ATLAS_ABI {

/// What told an encoding.
enum class guess_basis : std::uint8_t {
  mark = 0,        ///< a byte-order mark
  form = 1,        ///< well-formed UTF-8, the zeros of UTF-16 and UTF-32, the escape sequences of ISO-2022-JP
  statistics = 2,  ///< it makes the likeliest text: may be wrong, the more so the shorter the text
  nothing = 3,     ///< the encoding is unknown, or the bytes are binary data
  given = 4,       ///< the caller did; never of detect_encoding
};

struct encoding_guess {
  text_encoding encoding = text_encoding::utf8;
  guess_basis basis = guess_basis::form;
  std::uint8_t mark_bytes = 0;  ///< length of the byte-order mark; 0 if there is none
};

/// How decode_text reads.
struct decode_options {
  text_encoding encoding = text_encoding::unknown;  ///< unknown: what detect_encoding says
  bad_bytes bad = bad_bytes::refuse;
  source_map* map = nullptr;  ///< when given, it is filled, unless the text is borrowed
};

/// A text as UTF-8, valid but where bytes were passed.
struct decoded_text {
  text_view text;           ///< without byte-order mark; borrows the input or the storage
  text_encoding encoding = text_encoding::utf8;  ///< of the input
  std::size_t mark_bytes = 0;  ///< length of the byte-order mark that was left out; 0 if there was none
  bool borrowed = true;     ///< the text is the input's own bytes from mark_bytes on
  std::uint64_t bad_count = 0;  ///< times that bytes were replaced or passed
  std::uint64_t first_bad = 0;  ///< offset of the first of them in the input, if bad_count is not 0
  guess_basis basis = guess_basis::form;  ///< what told the encoding
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
/// Bytes of the byte-order mark of a known encoding; 0 if it has none here. In UTF-16, a NUL behind the mark is text, though
/// find_mark takes both for UTF-32's.
[[nodiscard]] inline std::size_t mark_bytes_of(text_encoding encoding, text_view bytes) noexcept {
  if (encoding == text_encoding::utf16_le && bytes.size() > 2) bytes = bytes.subview(0, 2);
  const byte_order_mark mark = find_mark(bytes);
  return mark.encoding == encoding ? mark.length_bytes : 0;
}

/// Whether text holds this control character: tab, line ends, form feed, backspace, escape (terminal logs).
[[nodiscard]] constexpr bool is_text_control(char32_t c) noexcept {
  return c == U'\t' || c == U'\n' || c == U'\r' || c == U'\f' || c == U'\v' || c == U'\b' || c == 0x1B || c == 0x1A;
}
[[nodiscard]] constexpr bool is_binary_control(char32_t c) noexcept { return c < 0x20U && !is_text_control(c); }

/// How much of a file detect_encoding reads where it need not read all. A multiple of 4.
inline constexpr std::size_t encoding_sample_bytes = std::size_t{64} << 10;

/// How many ASCII characters the first bytes hold if they are text of this wide encoding: well formed, no NUL,
/// no binary control, no noncharacter; 0 if they are not. Any text with a space, line end or digit has some.
[[nodiscard]] inline std::size_t wide_ascii_count(text_view bytes, text_encoding encoding, bool is_whole) noexcept {
  const std::size_t unit = encoding == text_encoding::utf32_le || encoding == text_encoding::utf32_be ? 4 : 2;
  if (bytes.empty() || (is_whole && bytes.size() % unit != 0)) return 0;
  const bool is_cut = !is_whole || bytes.size() > encoding_sample_bytes;  // perhaps inside a surrogate pair
  if (bytes.size() > encoding_sample_bytes) bytes = bytes.subview(0, encoding_sample_bytes);
  character_reader reader;
  if (!reader.open(encoding).ok()) return 0;
  std::size_t ascii = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const source_character next = reader.read(bytes, at, false);
    if (next.what == reading::cut && is_cut) return ascii;
    if (next.what != reading::whole) return 0;
    at += next.length_bytes;
    const char32_t c = next.code_points[0];
    if (is_binary_control(c)) return 0;
    if (c >= 0xFFFEU && (c & 0xFFFEU) == 0xFFFEU) return 0;
    ascii += c < 0x80U ? 1 : 0;
  }
  return ascii;
}

/// Whether bytes below 0x80 are ISO-2022-JP: they have one of its escape sequences but ASCII's own, which terminals use too,
/// and pairs of bytes where it says so.
[[nodiscard]] inline bool is_iso_2022_jp(text_view text) noexcept {
  bool is_japanese = false;
  bool in_pairs = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text.data()[at + i]) : 0; };
    if (byte(0) == 0x1B && (byte(1) == '$' || byte(1) == '(')) {
      const bool pairs = byte(1) == '$' && (byte(2) == '@' || byte(2) == 'B');
      const bool single = byte(1) == '(' && (byte(2) == 'I' || byte(2) == 'J');
      is_japanese = is_japanese || pairs || single;
      in_pairs = pairs;
      at += 3;
    } else if (in_pairs) {
      if (byte(0) < 0x21 || byte(0) > 0x7E) return false;
      if (at + 1 < text.size() && (byte(1) < 0x21 || byte(1) > 0x7E)) return false;
      at += 2;
    } else {
      if (byte(0) >= 0x80) return false;
      ++at;
    }
  }
  return is_japanese;
}

/// Whether the bytes are UTF-8 with some damage: three characters of several bytes, or more, for each bad byte, up to the
/// thousandth of these.
[[nodiscard]] inline bool is_damaged_utf8(text_view text) noexcept {
  std::size_t good = 0;
  std::size_t bad = 0;
  for (std::size_t at = 0; at < text.size() && bad < 1000;) {
    if (const std::size_t run = ascii_run(text, at); run != 0) {
      at += run;
      continue;
    }
    const utf8_character next = decode_one(text, at);
    good += next.length_bytes > 1 ? 1 : 0;
    bad += next.well_formed ? 0 : 1;
    at += next.length_bytes;
  }
  return good >= 3 * bad;
}

/// @param is_whole  false: the bytes are the beginning of a text, and may end within a character
[[nodiscard]] inline encoding_guess guess(text_view text, bool is_whole) noexcept {
  if (const byte_order_mark mark = find_mark(text); mark.length_bytes != 0) {
    return {mark.encoding, guess_basis::mark, static_cast<std::uint8_t>(mark.length_bytes)};
  }
  constexpr encoding_guess binary{text_encoding::binary, guess_basis::nothing, 0};
  bool has_nul = false;
  bool has_control = false;
  const std::size_t sample = text.size() < encoding_sample_bytes ? text.size() : encoding_sample_bytes;
  for (std::size_t i = 0; i < sample; ++i) {
    has_nul = has_nul || text.data()[i] == '\0';
    has_control = has_control || is_binary_control(static_cast<unsigned char>(text.data()[i]));
  }
  if (has_nul) {
    constexpr text_encoding candidates[] = {text_encoding::utf32_le, text_encoding::utf32_be,
                                            text_encoding::utf16_le, text_encoding::utf16_be};
    encoding_guess best = binary;
    std::size_t best_count = 0;
    for (const text_encoding wide : candidates) {
      const std::size_t count = wide_ascii_count(text, wide, is_whole);
      if (count > best_count) {
        best = {wide, guess_basis::form, 0};
        best_count = count;
      }
    }
    return best;
  }
  if (text.size() > sample && std::memchr(text.data() + sample, 0, text.size() - sample) != nullptr) return binary;
  const bool has_escape = !text.empty() && std::memchr(text.data(), 0x1B, text.size()) != nullptr;
  if (has_escape && is_iso_2022_jp(text)) return {text_encoding::iso_2022_jp, guess_basis::form, 0};
  const std::size_t bad = first_ill_formed(text);
  if (bad == text.size() || (!is_whole && text.size() - bad < 4 && bad != 0)) return {text_encoding::utf8, guess_basis::form, 0};
  if (has_control) return binary;
  if (is_damaged_utf8(text)) return {text_encoding::utf8, guess_basis::statistics, 0};
  const text_encoding likeliest = likeliest_legacy(text);
  return {likeliest, likeliest == text_encoding::unknown ? guess_basis::nothing : guess_basis::statistics, 0};
}

}  // namespace detail

/// What the bytes most likely are, and how one can tell: by byte-order mark, else the UTF-16 or UTF-32 in which the first
/// 64 KiB are text and hold most ASCII characters, if there are NUL bytes; else ISO-2022-JP by its escape sequences, else UTF-8
/// if they are well formed, or nearly; else the legacy encoding in which words with bytes from 0x80 on, in windows of all the
/// bytes, are likeliest in a language that goes with it.
///
/// @return  `binary` for NUL bytes or other control bytes that no text holds; `unknown` for bytes that are none of these; utf8
///          for no bytes at all
/// Cost: a few linear passes; for legacy encodings also the statistics of 64 KiB; no allocation. Says what decode_text would
/// try, not that it succeeds.
[[nodiscard]] inline encoding_guess detect_encoding(span<const std::byte> bytes) noexcept {
  return detail::guess({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, true);
}

/// The encoding that detect_encoding tells.
[[nodiscard]] inline text_encoding guess_encoding(span<const std::byte> bytes) noexcept {
  return detect_encoding(bytes).encoding;
}

/// The bytes as UTF-8 without byte-order mark.
///
/// @param bytes    any bytes
/// @param storage  cleared, and filled only when the bytes must be converted; must outlive the answer
/// @param options  an unknown encoding is read as UTF-8 if bad bytes are not refused
/// @return         the text, or errc::bad_encoding: field "text", which names what was found instead, or as text_decoder::feed;
///                 errc::invalid_argument for `binary` as the encoding; errc::no_memory
/// Cost: linear; UTF-8 without bad bytes is not copied. Never throws.
[[nodiscard]] inline result<decoded_text> decode_text(span<const std::byte> bytes, buffer<char>& storage,
                                                      const decode_options& options = {}) noexcept {
  storage.clear();
  if (options.map != nullptr) options.map->clear();
  const text_view input(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  encoding_guess found{options.encoding, guess_basis::given, 0};
  if (options.encoding == text_encoding::unknown) {
    found = detect_encoding(bytes);
  } else {
    found.mark_bytes = static_cast<std::uint8_t>(detail::mark_bytes_of(options.encoding, input));
  }
  if (found.encoding == text_encoding::unknown && options.bad != bad_bytes::refuse) found.encoding = text_encoding::utf8;
  if (!is_decodable(found.encoding) && options.encoding == text_encoding::unknown) {
    return error{errc::bad_encoding, "text", "text in a known encoding", name(found.encoding)};
  }
  const text_view body = input.subview(found.mark_bytes, input.size() - found.mark_bytes);
  decoded_text answer{body, found.encoding, found.mark_bytes};
  answer.basis = found.basis;
  const bool is_known_valid = found.basis == guess_basis::form;  // detect_encoding has read it all
  if (found.encoding == text_encoding::utf8 && (is_known_valid || first_ill_formed(body) == body.size())) return answer;

  decoder_state state;
  state.encoding = found.encoding;
  state.policy = options.bad;
  state.source_bytes = found.mark_bytes;
  result<text_decoder> decoder = text_decoder::resume(state);
  if (!decoder.ok()) return decoder.error();
  const span<const std::byte> rest(bytes.data() + found.mark_bytes, body.size());
  status done = options.map != nullptr ? options.map->feed(*decoder, rest, storage) : decoder->feed(rest, storage);
  if (done.ok()) done = decoder->finish(storage);
  if (!done.ok()) {
    storage.clear();
    return done.error();
  }
  answer.text = text_view(storage.data(), storage.size());
  answer.borrowed = false;
  answer.bad_count = decoder->state().bad_count;
  answer.first_bad = decoder->state().first_bad;
  return answer;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_ENCODING_HPP
