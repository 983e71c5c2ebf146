// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/source_map.hpp -- where a place in a decoded text lies in its source.
//
// Room:      checkpoints taken while a text is decoded, and the walk from one of them.
// Not here:  decoding (text/text_decoder.hpp); places in a source that is not kept whole (text/source_window.hpp).
// Depends:   core, text/source_cursor.hpp.
// Threads:   a map may be read by any number of threads; a walker belongs to one.
#ifndef ATLAS_TEXT_SOURCE_MAP_HPP
#define ATLAS_TEXT_SOURCE_MAP_HPP

#include <atlas/text/source_cursor.hpp>  // source_cursor, text_decoder

namespace atlas { inline namespace ATLAS_ABI {

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
    auto cursor = detail::source_cursor::create(encoding, policy);
    if (!cursor.ok()) return cursor.error();
    source_walker made(map, {reinterpret_cast<const char*>(source.data()), source.size()}, static_cast<detail::source_cursor&&>(*cursor));
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
    const std::uint64_t at = cursor_.place().text_byte;
    // Where it began there may be an escape sequence before it.
    if (text_byte < at || text_byte == begun_ || nearest.text_byte > at) begin_at(nearest);
    return cursor_.advance(text_byte, source_, 0);
  }

 private:
  source_walker(const source_map& map, text_view source, detail::source_cursor&& cursor) noexcept
      : map_(&map), source_(source), cursor_(static_cast<detail::source_cursor&&>(cursor)) {}

  void begin_at(source_checkpoint place) noexcept {
    if (place.source_byte > source_.size()) place.source_byte = source_.size();
    begun_ = place.text_byte;
    cursor_.go_to(place);
  }

  const source_map* map_;
  text_view source_;
  detail::source_cursor cursor_;
  std::uint64_t begun_ = 0;  ///< the place in the text of the checkpoint that the cursor comes from
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_SOURCE_MAP_HPP
