// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/source_cursor.hpp -- a place in a decoded text and in its source, that goes on from character to character.
//
// Room:      the walk that finds a place of a text in its source.
// Not here:  from where to walk (text/source_map.hpp, text/source_window.hpp); decoding (text/text_decoder.hpp).
// Depends:   core, text/text_decoder.hpp.
// Threads:   a cursor belongs to one thread at a time.
#ifndef ATLAS_TEXT_SOURCE_CURSOR_HPP
#define ATLAS_TEXT_SOURCE_CURSOR_HPP

#include <atlas/text/text_decoder.hpp>  // text_decoder, character_reader

namespace atlas { inline namespace ATLAS_ABI {

/// A place where a character begins, in a text and in its source.
struct source_checkpoint {
  std::uint64_t text_byte = 0;
  std::uint64_t source_byte = 0;
  std::uint64_t mode = 0;  ///< decoder_state::mode there
};

namespace detail {

class source_cursor {
 public:
  /// @return  as text_decoder::create; the cursor stands at 0
  [[nodiscard]] static result<source_cursor> create(text_encoding encoding, bad_bytes policy) noexcept {
    if (!is_decodable(encoding)) {
      return error{errc::invalid_argument, "encoding", "an encoding that can be decoded", name(encoding)};
    }
    source_cursor made(policy);
    if (status opened = made.reader_.open(encoding); !opened.ok()) return opened.error();
    return result<source_cursor>(static_cast<source_cursor&&>(made));
  }

  [[nodiscard]] source_checkpoint place() const noexcept { return {text_at_, source_at_, reader_.mode()}; }
  void go_to(const source_checkpoint& place) noexcept {
    text_at_ = place.text_byte;
    source_at_ = place.source_byte;
    static_cast<void>(reader_.set_mode(static_cast<std::uint8_t>(place.mode)));
  }

  /// Goes to the beginning of the character that holds a byte of the text, or to the end of `from`.
  ///
  /// @param text_byte  at or behind place().text_byte
  /// @param from       bytes of the source, from its byte `base` on; `base` is at or before place().source_byte, which is at most the
  ///                   end of `from`
  /// @return           where the character begins; of bytes that were passed where the byte itself lies
  [[nodiscard]] std::uint64_t advance(std::uint64_t text_byte, text_view from, std::uint64_t base) noexcept {
    auto at = static_cast<std::size_t>(source_at_ - base);
    source_checkpoint rest = place();  // before escape sequences, which belong to the character behind them
    while (rest.text_byte < text_byte && at < from.size()) {
      if (reader_.in_ascii()) {
        const std::uint64_t wanted = text_byte - rest.text_byte;
        const std::size_t left = from.size() - at;
        const std::size_t run = ascii_run(from.subview(0, at + static_cast<std::size_t>(wanted < left ? wanted : left)), at);
        at += run;
        rest.text_byte += run;
        rest.source_byte = base + at;
        if (run != 0) continue;
      }
      const source_character next = reader_.read(from, at, true);
      const std::uint64_t length = text_bytes(next);
      if (rest.text_byte + length > text_byte) {
        const bool is_passed = next.what == reading::bad && policy_ == bad_bytes::pass;
        const std::uint64_t within = is_passed ? text_byte - rest.text_byte : 0;
        go_to(rest);
        return base + at + within;
      }
      at += next.length_bytes;
      if (length != 0) rest = {rest.text_byte + length, base + at, reader_.mode()};
    }
    go_to(rest);
    return rest.source_byte;
  }

 private:
  explicit source_cursor(bad_bytes policy) noexcept : policy_(policy) {}

  [[nodiscard]] std::uint64_t text_bytes(const source_character& next) const noexcept {
    char encoded[4];
    if (next.what == reading::bad) return policy_ == bad_bytes::pass ? next.length_bytes : 3;  // U+FFFD
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < next.count; ++i) length += encode_one(next.code_points[i], encoded);
    return length;
  }

  bad_bytes policy_;
  character_reader reader_;
  std::uint64_t text_at_ = 0;
  std::uint64_t source_at_ = 0;
};

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_SOURCE_CURSOR_HPP
