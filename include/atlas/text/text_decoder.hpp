// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/text_decoder.hpp -- bytes of a known encoding as UTF-8, in whatever pieces they come.
//
// Room:      the streaming decoder, what it does with bad bytes, its state as a few bytes.
// Not here:  telling the encoding (text/encoding.hpp, text/stream_decoder.hpp); offsets in the source (text/source_map.hpp).
// Depends:   core, text/character_reader.hpp.
// Threads:   a decoder belongs to one thread at a time.
#ifndef ATLAS_TEXT_TEXT_DECODER_HPP
#define ATLAS_TEXT_TEXT_DECODER_HPP

#include <atlas/core/span.hpp>              // span
#include <atlas/text/character_reader.hpp>  // character_reader

namespace atlas { inline namespace ATLAS_ABI {

/// What becomes of bytes that are no characters of the encoding. None is ever dropped.
enum class bad_bytes : std::uint8_t {
  refuse = 0,   ///< errc::bad_encoding that names their offset
  replace = 1,  ///< U+FFFD for each: a byte of UTF-8, a unit of UTF-16 or UTF-32, what the encoding's decoder reads at once
  pass = 2,     ///< they stand in the text as they are: of UTF-8 not valid there, of other encodings perhaps other characters
};

/// Where a decoder is: all that it knows, so that another may go on from there. Trivially copyable.
struct decoder_state {
  std::uint64_t source_bytes = 0;  ///< read, those in `held` not counted
  std::uint64_t text_bytes = 0;    ///< written
  std::uint64_t bad_count = 0;     ///< times that bytes were replaced or passed
  std::uint64_t first_bad = 0;     ///< offset of the first of them in the source, if bad_count is not 0
  text_encoding encoding = text_encoding::utf8;
  bad_bytes policy = bad_bytes::refuse;
  std::uint8_t mode = 0;        ///< of ISO-2022-JP, what the last escape sequence chose
  std::uint8_t held_bytes = 0;  ///< the beginning of a character whose end is still to come, or that was refused
  unsigned char held[4] = {};
};
static_assert(sizeof(decoder_state) == 40 && __is_trivially_copyable(decoder_state));

/// Turns bytes of one encoding into UTF-8. The text is the same however the bytes are cut into pieces. A byte-order mark is a
/// character like others, U+FEFF.
class text_decoder {
 public:
  /// @return  errc::invalid_argument for `unknown` or `binary`; errc::bad_encoding when the C library's iconv does not know a
  ///          Chinese, Japanese or Korean encoding; errc::no_memory
  [[nodiscard]] static result<text_decoder> create(text_encoding encoding, bad_bytes policy = bad_bytes::refuse) noexcept {
    decoder_state state;
    state.encoding = encoding;
    state.policy = policy;
    return resume(state);
  }
  /// Goes on where another decoder was. The state may come from anywhere.
  ///
  /// @return  as create; errc::invalid_argument for a state that no decoder can be in
  [[nodiscard]] static result<text_decoder> resume(const decoder_state& state) noexcept {
    if (!is_decodable(state.encoding)) {
      return error{errc::invalid_argument, "encoding", "an encoding that can be decoded", name(state.encoding)};
    }
    if (state.policy > bad_bytes::pass) {
      return error{errc::invalid_argument, "decoder_state.policy", "at most", 2, static_cast<std::uint64_t>(state.policy)};
    }
    if (state.held_bytes > most_held_bytes) {
      return error{errc::invalid_argument, "decoder_state.held_bytes", "at most", most_held_bytes, state.held_bytes};
    }
    text_decoder made;
    if (status opened = made.reader_.open(state.encoding); !opened.ok()) return opened.error();
    if (!made.reader_.set_mode(state.mode)) {
      return error{errc::invalid_argument, "decoder_state.mode", "a mode of the encoding", state.mode};
    }
    made.state_ = state;
    return result<text_decoder>(static_cast<text_decoder&&>(made));
  }

  /// Appends to `out` the characters that `bytes` completes.
  ///
  /// @return  errc::bad_encoding under bad_bytes::refuse: field "text.utf8_byte", "text.utf16_byte", "text.utf32_byte" or
  ///          "text.byte" with the offset of the first bad byte in the source; `out` then ends before it, and so does every later
  ///          call; errc::no_memory, after which the decoder is not to be used
  /// Cost: linear; `out` grows by at most three bytes for each byte.
  [[nodiscard]] status feed(span<const std::byte> bytes, buffer<char>& out) noexcept {
    return take({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, false, out);
  }
  /// Says that nothing follows: what is held becomes bad.
  [[nodiscard]] status finish(buffer<char>& out) noexcept { return take({}, true, out); }

  [[nodiscard]] const decoder_state& state() const noexcept { return state_; }

 private:
  text_decoder() noexcept = default;

  /// No encoding needs more bytes to tell what the first of them are.
  static constexpr std::size_t most_held_bytes = 4;
  /// A piece of the input that is worked on at once, so that room in `out` is made rarely.
  static constexpr std::size_t slice_bytes = 4096;
  /// Room for what one step may append.
  static constexpr std::size_t step_bytes = 16;

  [[nodiscard]] status take(text_view bytes, bool is_last, buffer<char>& out) noexcept {
    if (status held = take_held(bytes, is_last, out); !held.ok()) return held;
    std::size_t at = 0;
    while (at < bytes.size()) {
      const std::size_t end = bytes.size() - at > slice_bytes ? at + slice_bytes : bytes.size();
      const std::size_t before = out.size();
      if (status grown = out.resize(before + 3 * (end - at) + step_bytes); !grown.ok()) return grown;
      char* to = out.data() + before;
      const std::size_t from = at;
      bool is_refused = false;
      bool is_cut = false;
      while (at < end && !is_refused && !is_cut) {
        if (reader_.in_ascii() && static_cast<unsigned char>(bytes.data()[at]) < 0x80U) {
          const std::size_t run = ascii_bytes(bytes.subview(0, end), at);
          std::memcpy(to, bytes.data() + at, run);
          to += run;
          at += run;
          continue;
        }
        if (const char16_t* const table = reader_.single_bytes(); table != nullptr) {
          const std::size_t begin = at;
          while (at < end && static_cast<unsigned char>(bytes.data()[at]) >= 0x80U) {
            const char32_t code_point = table[static_cast<unsigned char>(bytes.data()[at]) - 0x80U];
            if (code_point == 0) break;
            to += encode_one(code_point, to);
            ++at;
          }
          if (at != begin) continue;
        }
        const detail::source_character next = reader_.read(bytes, at, is_last);
        is_cut = next.what == detail::reading::cut;
        if (is_cut) break;
        is_refused = !write(next, bytes.data() + at, state_.source_bytes + (at - from), to);
        if (!is_refused) at += next.length_bytes;
      }
      const auto written = static_cast<std::size_t>(to - (out.data() + before));
      state_.source_bytes += at - from;
      state_.text_bytes += written;
      state_.mode = reader_.mode();
      if (status shrunk = out.resize(before + written); !shrunk.ok()) return shrunk;
      if (is_cut || is_refused) {  // a refused character is read, and refused, again with every later call
        while (at < bytes.size() && state_.held_bytes < most_held_bytes) {
          state_.held[state_.held_bytes++] = static_cast<unsigned char>(bytes.data()[at++]);
        }
      }
      if (is_refused) return refusal();
    }
    return {};
  }

  /// Completes what is held with the first of `bytes`, which are cut from it.
  [[nodiscard]] status take_held(text_view& bytes, bool is_last, buffer<char>& out) noexcept {
    while (state_.held_bytes != 0) {
      const text_view held(reinterpret_cast<const char*>(state_.held), state_.held_bytes);
      const detail::source_character next = reader_.read(held, 0, is_last && bytes.empty());
      if (next.what == detail::reading::cut) {
        if (bytes.empty()) return {};
        state_.held[state_.held_bytes++] = static_cast<unsigned char>(bytes[0]);
        bytes = bytes.subview(1, bytes.size() - 1);
        continue;
      }
      char written[step_bytes];
      char* to = written;
      if (!write(next, held.data(), state_.source_bytes, to)) return refusal();
      const auto count = static_cast<std::size_t>(to - written);
      if (status grown = out.append(written, count); !grown.ok()) return grown;
      state_.text_bytes += count;
      state_.source_bytes += next.length_bytes;
      state_.mode = reader_.mode();
      state_.held_bytes = static_cast<std::uint8_t>(state_.held_bytes - next.length_bytes);
      std::memmove(state_.held, state_.held + next.length_bytes, state_.held_bytes);
    }
    return {};
  }

  /// Writes one character or what stands for bad bytes; false if these are refused.
  [[nodiscard]] bool write(const detail::source_character& next, const char* from, std::uint64_t offset, char*& to) noexcept {
    if (next.what == detail::reading::whole) {
      for (std::size_t i = 0; i < next.count; ++i) to += encode_one(next.code_points[i], to);
      return true;
    }
    if (state_.policy == bad_bytes::refuse) return false;
    if (state_.bad_count++ == 0) state_.first_bad = offset;
    if (state_.policy == bad_bytes::replace) {
      to += encode_one(replacement_character, to);
    } else {
      std::memcpy(to, from, next.length_bytes);
      to += next.length_bytes;
    }
    return true;
  }

  [[nodiscard]] static std::size_t ascii_bytes(text_view bytes, std::size_t offset) noexcept {
    std::size_t at = offset + ascii_run(bytes, offset);
    while (at < bytes.size() && static_cast<unsigned char>(bytes.data()[at]) < 0x80U) ++at;
    return at - offset;
  }

  [[nodiscard]] error refusal() const noexcept {
    switch (state_.encoding) {
      case text_encoding::utf8: return {errc::bad_encoding, "text.utf8_byte", "well-formed UTF-8", state_.source_bytes};
      case text_encoding::utf16_le:
      case text_encoding::utf16_be: return {errc::bad_encoding, "text.utf16_byte", "well-formed UTF-16", state_.source_bytes};
      case text_encoding::utf32_le:
      case text_encoding::utf32_be: return {errc::bad_encoding, "text.utf32_byte", "well-formed UTF-32", state_.source_bytes};
      default: return {errc::bad_encoding, "text.byte", name(state_.encoding), state_.source_bytes};
    }
  }

  detail::character_reader reader_;
  decoder_state state_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_TEXT_DECODER_HPP
