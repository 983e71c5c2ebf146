// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/source_map.hpp -- where a place in a decoded text lies in its source.
//
// Room:      checkpoints taken while a text is decoded, and the walk from one of them.
// Not here:  decoding (text/text_decoder.hpp).
// Depends:   core, text/text_decoder.hpp.
// Threads:   a map may be read by any number of threads; a walker belongs to one.
#ifndef ATLAS_TEXT_SOURCE_MAP_HPP
#define ATLAS_TEXT_SOURCE_MAP_HPP

#include <atlas/text/text_decoder.hpp>  // text_decoder

namespace atlas { inline namespace ATLAS_ABI {

/// A place where a character begins, in a text and in its source.
struct source_checkpoint {
  std::uint64_t text_byte = 0;
  std::uint64_t source_byte = 0;
  std::uint64_t mode = 0;  ///< decoder_state::mode there
};

/// Checkpoints of one text, one for each `stride_bytes` of its source. With 4,096, what it takes is 0.6 % of the source: 0.006
/// bytes a byte of text for ASCII, 0.003 and less for most legacy texts, 0.012 for ASCII in UTF-16, 0.024 in UTF-32.
class source_map {
 public:
  /// @param stride_bytes  how far a walk may be; at least 1
  explicit source_map(std::size_t stride_bytes = 4096) noexcept : stride_(stride_bytes == 0 ? 1 : stride_bytes) {}

  /// Feeds the decoder, and notes where it is on the way. All of the text must come through here.
  /// @return  as text_decoder::feed
  [[nodiscard]] status feed(text_decoder& decoder, span<const std::byte> bytes, buffer<char>& out) noexcept {
    std::size_t at = 0;
    while (at < bytes.size()) {
      const std::size_t left = bytes.size() - at;
      const span<const std::byte> piece(bytes.data() + at, left < stride_ ? left : stride_);
      if (status noted = note(decoder.state()); !noted.ok()) return noted;
      if (status fed = decoder.feed(piece, out); !fed.ok()) return fed;
      at += piece.size();
    }
    return {};
  }

  /// Where to begin decoding to reach a place of the text: the last checkpoint before it, the first for the text's beginning. One
  /// at the place itself may lie behind an escape sequence, which belongs to the character there.
  [[nodiscard]] source_checkpoint nearest(std::uint64_t text_byte) const noexcept {
    std::size_t first = 0;
    std::size_t last = checkpoints_.size();
    while (first < last) {
      const std::size_t middle = first + (last - first) / 2;
      if (checkpoints_[middle].text_byte < text_byte) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    if (checkpoints_.empty()) return {};
    return checkpoints_[first == 0 ? 0 : first - 1];
  }

  [[nodiscard]] std::size_t memory_bytes() const noexcept { return checkpoints_.capacity() * sizeof(source_checkpoint); }
  void clear() noexcept { checkpoints_.clear(); }

 private:
  [[nodiscard]] status note(const decoder_state& state) noexcept {
    if (!checkpoints_.empty()) {
      const source_checkpoint& before = checkpoints_[checkpoints_.size() - 1];
      if (state.source_bytes - before.source_byte < stride_) return {};
    }
    return checkpoints_.push_back({state.text_bytes, state.source_bytes, state.mode});
  }

  std::size_t stride_;
  buffer<source_checkpoint> checkpoints_;
};

/// Finds places of a text in its source, which must be at hand. Any order will do; ascending places cost one pass in all.
class source_walker {
 public:
  /// @param map       of the text; must outlive the walker
  /// @param source    the bytes that were decoded, all of them, a byte-order mark included; must outlive the walker
  /// @param encoding  in which they were decoded
  /// @param policy    with which
  /// @return          as text_decoder::create
  [[nodiscard]] static result<source_walker> create(const source_map& map, span<const std::byte> source,
                                                    text_encoding encoding, bad_bytes policy) noexcept {
    if (!is_decodable(encoding)) {
      return error{errc::invalid_argument, "encoding", "an encoding that can be decoded", name(encoding)};
    }
    source_walker made(map, {reinterpret_cast<const char*>(source.data()), source.size()}, policy);
    if (status opened = made.reader_.open(encoding); !opened.ok()) return opened.error();
    made.begin_at(map.nearest(0));
    return result<source_walker>(static_cast<source_walker&&>(made));
  }

  /// @param text_byte  a place in the text, or its end
  /// @return           the offset in the source of the character that the byte belongs to, or that begins there; for the
  ///                   text's end where its last character ends. An escape sequence belongs to the character behind it. Bytes
  ///                   that were passed are found one by one
  /// Cost: a walk over at most a stride of the source, no allocation.
  [[nodiscard]] std::uint64_t source_byte(std::uint64_t text_byte) noexcept {
    const source_checkpoint nearest = map_->nearest(text_byte);
    if (text_byte < text_at_ || nearest.text_byte > text_at_) begin_at(nearest);
    while (text_at_ < text_byte && source_at_ < source_.size()) {
      if (reader_.in_ascii()) {
        const std::uint64_t wanted = text_byte - text_at_;
        const std::size_t left = source_.size() - source_at_;
        const std::size_t run = ascii_run(source_.subview(0, source_at_ + (wanted < left ? wanted : left)), source_at_);
        text_at_ += run;
        source_at_ += run;
        if (run != 0) continue;
      }
      const std::uint8_t mode = reader_.mode();
      const detail::source_character next = reader_.read(source_, source_at_, true);
      const std::uint64_t length = text_bytes(next);
      if (text_at_ + length > text_byte) {
        const bool passed = next.what == detail::reading::bad && policy_ == bad_bytes::pass;
        const std::uint64_t within = passed ? text_byte - text_at_ : 0;
        static_cast<void>(reader_.set_mode(mode));
        return source_at_ + within;
      }
      text_at_ += length;
      source_at_ += next.length_bytes;
    }
    return source_at_;
  }

 private:
  source_walker(const source_map& map, text_view source, bad_bytes policy) noexcept
      : map_(&map), source_(source), policy_(policy) {}

  void begin_at(const source_checkpoint& place) noexcept {
    text_at_ = place.text_byte;
    source_at_ = place.source_byte < source_.size() ? place.source_byte : source_.size();
    static_cast<void>(reader_.set_mode(static_cast<std::uint8_t>(place.mode)));
  }
  [[nodiscard]] std::uint64_t text_bytes(const detail::source_character& next) const noexcept {
    char encoded[4];
    if (next.what == detail::reading::bad) return policy_ == bad_bytes::pass ? next.length_bytes : 3;  // U+FFFD
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < next.count; ++i) length += encode_one(next.code_points[i], encoded);
    return length;
  }

  const source_map* map_;
  text_view source_;
  bad_bytes policy_;
  detail::character_reader reader_;
  std::uint64_t text_at_ = 0;
  std::uint64_t source_at_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_SOURCE_MAP_HPP
