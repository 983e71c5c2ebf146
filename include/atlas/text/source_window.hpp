// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/source_window.hpp -- where a place in a decoded text lies in its source, while both go by.
//
// Room:      the last part of a stream's source, kept for as long as places of its text may be asked of.
// Not here:  a source that is at hand as a whole (text/source_map.hpp); decoding (text/stream_decoder.hpp).
// Depends:   core, text/source_cursor.hpp, text/stream_decoder.hpp.
// Threads:   a window belongs to one thread at a time.
#ifndef ATLAS_TEXT_SOURCE_WINDOW_HPP
#define ATLAS_TEXT_SOURCE_WINDOW_HPP

#include <atlas/text/source_cursor.hpp>   // source_cursor
#include <atlas/text/stream_decoder.hpp>  // stream_decoder

namespace atlas { inline namespace ATLAS_ABI {

/// Finds places of a stream's text in its source. It belongs to one stream_decoder and sees all that this one is fed:
///
///     window.feed(decoder, bytes, text);              // in place of decoder.feed(bytes, text)
///     window.source_byte(decoder, chunk.byte_begin);  // any place from the last release on
///     window.release(decoder, chunk.byte_begin);      // nothing before it will be asked of any more
///
/// What it holds is the source between the last release and what was fed.
class source_window {
 public:
  /// Feeds the decoder, and keeps the bytes.
  /// @return  as stream_decoder::feed
  [[nodiscard]] status feed(stream_decoder& decoder, span<const std::byte> bytes, buffer<char>& out) noexcept {
    if (status kept = held_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()); !kept.ok()) return kept;
    return decoder.feed(bytes, out);
  }

  /// @param text_byte  a place in the text that was handed out, or its end; from the last release on
  /// @return           as source_walker::source_byte; errc::invalid_argument for a place before the last release or behind the text;
  ///                   errc::no_memory
  /// Cost: a walk from the place that was asked of before, or from the last release if that lies behind.
  [[nodiscard]] result<std::uint64_t> source_byte(const stream_decoder& decoder, std::uint64_t text_byte) noexcept {
    if (text_byte < released_.text_byte) return error{errc::invalid_argument, "text_byte", "at least", released_.text_byte, text_byte};
    if (text_byte > decoder.text_bytes()) return error{errc::invalid_argument, "text_byte", "at most", decoder.text_bytes(), text_byte};
    if (!decoder.is_decided()) return text_byte;  // ASCII
    if (is_same(decoder)) {
      const text_view held(held_.data(), held_.size());
      const auto at = static_cast<std::size_t>(text_byte + decoder.guess().mark_bytes - base_);
      return base_ + (at < held.size() ? character_start(held, at) : at);
    }
    if (status opened = open(decoder); !opened.ok()) return opened.error();
    if (text_byte < cursor_->place().text_byte) cursor_->go_to(released_);
    return cursor_->advance(text_byte, {held_.data(), held_.size()}, base_);
  }

  /// Says that no place before this one will be asked of. Arguments and errors as of source_byte.
  [[nodiscard]] status release(const stream_decoder& decoder, std::uint64_t text_byte) noexcept {
    const auto found = source_byte(decoder, text_byte);
    if (!found.ok()) return found.error();
    if (!decoder.is_decided() || is_same(decoder)) {
      released_ = {*found - (decoder.is_decided() ? decoder.guess().mark_bytes : 0), *found, 0};
    } else {
      released_ = cursor_->place();
    }
    // Moved seldom, so that many small releases stay linear.
    const auto done = static_cast<std::size_t>(released_.source_byte - base_);
    if (done < held_.size() - done) return {};
    std::memmove(held_.data(), held_.data() + done, held_.size() - done);
    base_ += done;
    return held_.resize(held_.size() - done);
  }

  [[nodiscard]] std::size_t memory_bytes() const noexcept { return held_.capacity(); }

 private:
  /// Whether text and source are the same so far but for a mark.
  [[nodiscard]] static bool is_same(const stream_decoder& decoder) noexcept {
    const decoder_state& state = decoder.state();
    return state.encoding == text_encoding::utf8 && (state.policy != bad_bytes::replace || state.bad_count == 0);
  }

  [[nodiscard]] status open(const stream_decoder& decoder) noexcept {
    if (cursor_.ok()) return {};
    cursor_ = detail::source_cursor::create(decoder.guess().encoding, decoder.policy());
    if (!cursor_.ok()) return cursor_.error();
    // What was released before was ASCII, or good UTF-8 behind a mark.
    if (released_.source_byte == 0) released_.source_byte = decoder.guess().mark_bytes;
    cursor_->go_to(released_);
    return {};
  }

  buffer<char> held_;
  std::uint64_t base_ = 0;  ///< offset in the source of what is held
  source_checkpoint released_;
  result<detail::source_cursor> cursor_ = errc::closed;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_SOURCE_WINDOW_HPP
