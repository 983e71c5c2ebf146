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
///     window.release(decoder, chunker.kept_from());   // nothing before it will be asked of any more
///
/// What it holds is the source from the last release on, up to twice that, and at most 48 bytes for each KiB of it.
class source_window {
 public:
  /// Feeds the decoder, and keeps the bytes.
  /// @return  as stream_decoder::feed
  [[nodiscard]] status feed(stream_decoder& decoder, span<const std::byte> bytes, buffer<char>& out) noexcept {
    if (status kept = held_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()); !kept.ok()) return kept;
    return decoder.feed(bytes, out);
  }

  /// @param text_byte  a place in the text that was handed out, or its end; from the character of the last release on
  /// @return           as source_walker::source_byte; as long as the encoding is not told, a mark is not known, and the text's end lies
  ///                   before bytes that may still become no character; errc::invalid_argument for a place before the last release
  ///                   or behind the text; errc::no_memory
  /// Cost: a walk from the last place that was asked of, or from a checkpoint 1 KiB before at most.
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
    const std::uint64_t at = cursor_->place().text_byte;
    std::size_t behind = marks_up_to(text_byte);
    source_checkpoint last = behind == 0 || marks_[behind - 1].text_byte < released_.text_byte ? released_ : marks_[behind - 1];
    if (text_byte < at || last.text_byte > at) cursor_->go_to(last);
    for (;;) {
      const std::uint64_t begin = cursor_->place().text_byte;
      const std::uint64_t end = text_byte - begin > stride ? begin + stride : text_byte;
      const std::uint64_t found = cursor_->advance(end, {held_.data(), held_.size()}, base_);
      const source_checkpoint place = cursor_->place();
      if (place.text_byte > last.text_byte && place.source_byte - last.source_byte >= stride) {
        if (status noted = insert(behind++, place); !noted.ok()) return noted.error();
        last = place;
      }
      if (end == text_byte) return found;
    }
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
    if (done == 0 || done < held_.size() - done) return {};
    std::memmove(held_.data(), held_.data() + done, held_.size() - done);
    base_ += done;
    std::size_t passed = 0;
    while (passed < marks_.size() && marks_[passed].source_byte < released_.source_byte) ++passed;
    if (passed != 0) {
      std::memmove(marks_.data(), marks_.data() + passed, (marks_.size() - passed) * sizeof(source_checkpoint));
      if (status shrunk = marks_.resize(marks_.size() - passed); !shrunk.ok()) return shrunk;
    }
    return held_.resize(held_.size() - done);
  }

  [[nodiscard]] std::size_t memory_bytes() const noexcept { return held_.capacity() + marks_.capacity() * sizeof(source_checkpoint); }

 private:
  static constexpr std::uint64_t stride = 1024;

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

  /// How many marks lie at or before a place.
  [[nodiscard]] std::size_t marks_up_to(std::uint64_t text_byte) const noexcept {
    std::size_t first = 0;
    std::size_t last = marks_.size();
    while (first < last) {
      const std::size_t middle = first + (last - first) / 2;
      if (marks_[middle].text_byte <= text_byte) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    return first;
  }
  [[nodiscard]] status insert(std::size_t where, const source_checkpoint& place) noexcept {
    const std::size_t count = marks_.size();
    if (status grown = marks_.resize(count + 1); !grown.ok()) return grown;
    std::memmove(marks_.data() + where + 1, marks_.data() + where, (count - where) * sizeof(source_checkpoint));
    marks_[where] = place;
    return {};
  }

  buffer<char> held_;
  std::uint64_t base_ = 0;  ///< offset in the source of what is held
  source_checkpoint released_;
  buffer<source_checkpoint> marks_;  ///< ascending; from each a walk may begin
  result<detail::source_cursor> cursor_ = errc::closed;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_SOURCE_WINDOW_HPP
