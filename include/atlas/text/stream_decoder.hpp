// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/stream_decoder.hpp -- bytes of an encoding still to be told as UTF-8, in whatever pieces they come.
//
// Room:      how much of a stream is looked at before its encoding is settled.
// Not here:  how an encoding is told (text/encoding.hpp), decoding (text/text_decoder.hpp).
// Depends:   core, text/encoding.hpp.
// Threads:   a decoder belongs to one thread at a time.
#ifndef ATLAS_TEXT_STREAM_DECODER_HPP
#define ATLAS_TEXT_STREAM_DECODER_HPP

#include <atlas/text/encoding.hpp>  // detect_encoding

namespace atlas { inline namespace ATLAS_ABI {

/// Tells the encoding of a stream by its beginning, and decodes all of it. The choice and the text do not depend on how the
/// bytes are cut into pieces. What is looked at is the first 1 MiB and 64 KiB behind the first telling byte: one that is no
/// ASCII, a NUL or an escape. ASCII longer than that is handed on while the choice is open, since it is the same in all
/// encodings that are left.
class stream_decoder {
 public:
  static constexpr std::size_t first_bytes = std::size_t{1} << 20;
  static constexpr std::size_t telling_bytes = std::size_t{64} << 10;

  /// @param encoding  when it is known already: then a byte-order mark of it is left out, and nothing else is looked at
  explicit stream_decoder(bad_bytes policy = bad_bytes::refuse, text_encoding encoding = text_encoding::unknown) noexcept
      : policy_(policy), given_(encoding) {}

  /// Appends to `out` what can be decoded by now.
  ///
  /// @return  as decode_text, with that encoding in its options; after an error nothing more may be fed
  /// Cost: linear; holds at most 1 MiB and 64 KiB and the piece that is fed.
  [[nodiscard]] status feed(span<const std::byte> bytes, buffer<char>& out) noexcept {
    if (is_decided_) return decoder_->feed(bytes, out);
    const std::size_t before = held_.size();
    if (status grown = held_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()); !grown.ok()) return grown;
    if (given_ != text_encoding::unknown) return held_.size() < longest_mark_bytes ? status() : decide(held_.size(), false, out);
    for (std::size_t i = before; i < held_.size() && !has_telling_; ++i) {
      const auto byte = static_cast<unsigned char>(held_[i]);
      has_telling_ = byte >= 0x80U || byte == 0 || byte == 0x1BU;
      telling_ = passed_ + i;
    }
    const std::uint64_t seen = passed_ + held_.size();
    if (seen < first_bytes) return {};
    if (!has_telling_ || telling_ >= first_bytes) {
      // What is looked at begins at a place that does not depend on the pieces.
      const std::uint64_t begin = (has_telling_ ? telling_ : seen) / window_bytes * window_bytes;
      if (status passed = pass(static_cast<std::size_t>(begin - passed_), out); !passed.ok()) return passed;
    }
    if (!has_telling_) return {};
    const std::uint64_t wanted = telling_ + telling_bytes > first_bytes ? telling_ + telling_bytes : first_bytes;
    return seen < wanted ? status() : decide(static_cast<std::size_t>(wanted - passed_), false, out);
  }
  /// Says that nothing follows.
  /// @return  as feed
  [[nodiscard]] status finish(buffer<char>& out) noexcept {
    if (!is_decided_) {
      if (status decided = decide(held_.size(), true, out); !decided.ok()) return decided;
    }
    return decoder_->finish(out);
  }

  [[nodiscard]] bad_bytes policy() const noexcept { return policy_; }
  /// Whether guess() is settled.
  [[nodiscard]] bool is_decided() const noexcept { return is_decided_; }
  /// What was chosen, and why. @pre is_decided()
  [[nodiscard]] const encoding_guess& guess() const noexcept {
    ATLAS_ASSERT(is_decided_);
    return guess_;
  }
  /// Bytes of text written so far.
  [[nodiscard]] std::uint64_t text_bytes() const noexcept { return is_decided_ ? decoder_->state().text_bytes : passed_; }
  /// @pre is_decided()
  [[nodiscard]] const decoder_state& state() const noexcept {
    ATLAS_ASSERT(is_decided_);
    return decoder_->state();
  }

 private:
  static constexpr std::size_t window_bytes = 4096;
  static constexpr std::size_t longest_mark_bytes = 4;

  /// Hands on ASCII.
  [[nodiscard]] status pass(std::size_t count, buffer<char>& out) noexcept {
    if (status grown = out.append(held_.data(), count); !grown.ok()) return grown;
    std::memmove(held_.data(), held_.data() + count, held_.size() - count);
    passed_ += count;
    return held_.resize(held_.size() - count);
  }

  /// @param count  bytes of what is held that are looked at
  [[nodiscard]] status decide(std::size_t count, bool is_whole, buffer<char>& out) noexcept {
    const bool is_ascii_before = passed_ != 0;
    const text_view looked_at(held_.data(), count);
    guess_ = given_ == text_encoding::unknown ? detail::guess(looked_at, is_whole) : given(looked_at);
    // Behind ASCII there is no byte-order mark, and characters of two or four bytes have not begun.
    if (is_ascii_before && (guess_.mark_bytes != 0 || is_wide(guess_.encoding))) {
      guess_ = {text_encoding::binary, guess_basis::nothing, 0};
    }
    if (guess_.encoding == text_encoding::unknown && policy_ != bad_bytes::refuse) guess_.encoding = text_encoding::utf8;
    if (!is_decodable(guess_.encoding)) {
      return error{errc::bad_encoding, "text", "text in a known encoding", name(guess_.encoding)};
    }
    decoder_state state;
    state.encoding = guess_.encoding;
    state.policy = policy_;
    state.source_bytes = passed_ + guess_.mark_bytes;
    state.text_bytes = passed_;
    decoder_ = text_decoder::resume(state);
    if (!decoder_.ok()) return decoder_.error();
    is_decided_ = true;
    const span<const std::byte> rest(reinterpret_cast<const std::byte*>(held_.data()) + guess_.mark_bytes,
                                     held_.size() - guess_.mark_bytes);
    const status fed = decoder_->feed(rest, out);
    held_ = buffer<char>();
    return fed;
  }

  [[nodiscard]] encoding_guess given(text_view text) const noexcept {
    return {given_, guess_basis::given, static_cast<std::uint8_t>(detail::mark_bytes_of(given_, text))};
  }

  bad_bytes policy_;
  text_encoding given_;
  bool is_decided_ = false;
  bool has_telling_ = false;
  std::uint64_t telling_ = 0;  ///< offset in the stream of the first telling byte
  std::uint64_t passed_ = 0;   ///< bytes handed on undecided, in front of what is held
  encoding_guess guess_;
  result<text_decoder> decoder_ = errc::closed;
  buffer<char> held_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_STREAM_DECODER_HPP
