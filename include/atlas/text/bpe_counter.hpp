// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/bpe_counter.hpp -- counts the tokens of pre-tokens, and remembers those that it had to merge.
//
// Room:      a cache of counts in front of an encoder, and of the tokens of long pieces.
// Not here:  the counting (text/bpe_encoder.hpp).
// Depends:   text/bpe_encoder.hpp.
// Threads:   a counter is used by one thread at a time; the encoder that it borrows may be shared.
#ifndef ATLAS_TEXT_BPE_COUNTER_HPP
#define ATLAS_TEXT_BPE_COUNTER_HPP

#include <atlas/text/bpe_encoder.hpp>  // bpe_encoder

namespace atlas { inline namespace ATLAS_ABI {

/// Of English words 6 in 100 are no token and are merged, at some 300 ns each; four fifths of them were met before, and the cache tells.
/// Of the last two long pieces the tokens are kept, since what a chunker cuts is a beginning of one, and is counted again.
class bpe_counter {
 public:
  /// @param encoder  must outlive the counter
  explicit bpe_counter(const bpe_encoder& encoder) noexcept : encoder_(&encoder) {}

  [[nodiscard]] const bpe_encoder& encoder() const noexcept { return *encoder_; }

  /// Adds how many tokens a pre-token has that is none itself: always what bpe_encoder::count_merged adds.
  /// Memory: 192 KiB from the first word on; without them it goes on without a cache.
  [[nodiscard]] status count_merged(text_view text, std::size_t begin, std::size_t end, std::uint64_t& tokens) noexcept {
    return end - begin <= most_word_bytes ? count_word(text, begin, end, tokens) : count_long(text, begin, end, tokens);
  }
  /// Adds how many tokens any pre-token has.
  [[nodiscard]] status count_pretoken(text_view text, std::size_t begin, std::size_t end, std::uint64_t& tokens) noexcept {
    if (!encoder_->is_token(text, begin, end)) return count_merged(text, begin, end, tokens);
    ++tokens;
    return {};
  }

  /// Where the tokens of a piece end, counted from its begin. Valid until the next call.
  /// Memory: five bytes for each of the piece's, which are kept.
  [[nodiscard]] result<span<const std::uint32_t>> token_ends(text_view text, std::size_t begin, std::size_t end) noexcept {
    const text_view piece = text.subview(begin, end - begin);
    for (merged_piece& one : merged_) {
      if (one.bytes.size() == piece.size() && one.begins_with(piece)) return one.all_ends();
    }
    merged_piece& one = merged_[next_merged_];
    next_merged_ = next_merged_ == 0 ? 1 : 0;
    one.bytes.clear();
    one.ends.clear();
    if (status grown = one.ends.reserve(piece.size()); !grown.ok()) return grown.error();
    std::uint32_t at = 0;
    const status merged = encoder_->each_token(text, begin, end, [&](std::uint32_t, std::size_t bytes) {
      at += static_cast<std::uint32_t>(bytes);
      static_cast<void>(one.ends.push_back(at));  // there is room
    });
    if (!merged.ok()) return merged.error();
    if (status kept = one.bytes.append(piece.data(), piece.size()); !kept.ok()) return kept.error();
    return one.all_ends();
  }

 private:
  static constexpr std::size_t most_word_bytes = 16;  ///< of what the cache remembers: a word is compared whole
  static constexpr std::size_t most_kept_bytes = std::size_t{128} << 10;
  static constexpr unsigned slot_bits = 13;
  struct slot {
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    std::uint32_t length_bytes = 0;  ///< 0: nothing yet
    std::uint32_t tokens = 0;
  };
  struct merged_piece {
    buffer<char> bytes;
    buffer<std::uint32_t> ends;

    [[nodiscard]] span<const std::uint32_t> all_ends() const noexcept { return {ends.data(), ends.size()}; }
    [[nodiscard]] bool begins_with(text_view piece) const noexcept {
      return piece.size() <= bytes.size() && std::memcmp(bytes.data(), piece.data(), piece.size()) == 0;
    }
    /// The tokens up to an end of one; 0 if none ends there. No merge crosses that end, so they are those of the bytes before it alone.
    [[nodiscard]] std::size_t tokens_to(std::size_t end) const noexcept {
      std::size_t low = 0;
      for (std::size_t high = ends.size(); low < high;) {
        const std::size_t middle = low + (high - low) / 2;
        if (ends[middle] < end) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low < ends.size() && ends[low] == end ? low + 1 : 0;
    }
  };

  [[nodiscard, gnu::noinline]] status count_word(text_view text, std::size_t begin, std::size_t end, std::uint64_t& tokens) noexcept {
    if (slots_.empty() && !slots_.resize_zeroed(std::size_t{1} << slot_bits).ok()) return encoder_->count_merged(text, begin, end, tokens);
    const std::size_t size = end - begin;
    std::uint64_t words[2] = {};
    std::memcpy(words, text.data() + begin, size);
    const std::uint64_t hash = mix64(words[0] ^ (words[1] * 0x9E3779B97F4A7C15U) ^ size);
    slot& one = slots_[hash >> (64 - slot_bits)];
    if (one.head != words[0] || one.tail != words[1] || one.length_bytes != size) {
      std::uint64_t counted = 0;
      if (status done = encoder_->count_merged(text, begin, end, counted); !done.ok()) return done;
      one = {words[0], words[1], static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(counted)};
    }
    tokens += one.tokens;
    return {};
  }
  /// @pre the piece is no token
  [[nodiscard, gnu::noinline]] status count_long(text_view text, std::size_t begin, std::size_t end, std::uint64_t& tokens) noexcept {
    const text_view piece = text.subview(begin, end - begin);
    for (const merged_piece& one : merged_) {
      const std::size_t known = one.begins_with(piece) ? one.tokens_to(piece.size()) : 0;
      if (known == 0) continue;
      tokens += known;
      return {};
    }
    if (piece.size() <= few_bytes || piece.size() > most_kept_bytes) return encoder_->count_merged(text, begin, end, tokens);
    const result<span<const std::uint32_t>> ends = token_ends(text, begin, end);
    if (!ends.ok()) return ends.error();
    tokens += ends->size();
    return {};
  }
  static constexpr std::size_t few_bytes = 256;  ///< that are merged as soon as they are looked up and kept

  const bpe_encoder* encoder_;
  buffer<slot> slots_;
  merged_piece merged_[2];
  unsigned next_merged_ = 0;  ///< which of them is forgotten next
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_BPE_COUNTER_HPP
