// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/bpe_encoder.hpp -- the tokens of a text, exactly as the published byte-pair encoders give them.
//
// Room:      encode, count, decode.
// Not here:  the steps: pre-tokens (text/bpe_pretokens.hpp), ranks (text/bpe_ranks.hpp), merging (text/bpe_merge.hpp).
// Depends:   text/bpe_*.hpp, core/span.hpp.
// Threads:   an encoder does not change once it is made; any number of threads may use one.
#ifndef ATLAS_TEXT_BPE_ENCODER_HPP
#define ATLAS_TEXT_BPE_ENCODER_HPP

#include <atlas/core/span.hpp>           // span
#include <atlas/text/bpe_merge.hpp>      // merge_bytes
#include <atlas/text/bpe_pretokens.hpp>  // next_pretoken, bpe_pattern
#include <atlas/text/bpe_ranks.hpp>      // bpe_ranks

namespace atlas { inline namespace ATLAS_ABI {

/// Encodes texts with the ranks that a user gives, for example those of cl100k_base.
///
/// A text is any bytes. It is split into pre-tokens as text/bpe_pretokens.hpp says; a pre-token that is a token is that token, any other
/// is merged as text/bpe_merge.hpp says. So decode(encode(text)) is the text for all bytes, well formed or not. Special tokens such as
/// <|endoftext|> are not looked for: their letters are text like any other.
class bpe_encoder {
 public:
  /// @param rank_file  the bytes of a rank file, which are read and not kept
  /// @param pattern    that of the encoding; nothing in a rank file tells
  /// @return           errors: those of bpe_ranks::read
  [[nodiscard]] static result<bpe_encoder> create(text_view rank_file, bpe_pattern pattern) noexcept {
    if (pattern > bpe_pattern::o200k) {
      return error{errc::invalid_argument, "bpe_pattern", "0 gpt2, 1 cl100k or 2 o200k", static_cast<std::uint64_t>(pattern)};
    }
    result<bpe_ranks> ranks = bpe_ranks::read(rank_file);
    if (!ranks.ok()) return ranks.error();
    return bpe_encoder(static_cast<bpe_ranks&&>(*ranks), pattern);
  }

  [[nodiscard]] const bpe_ranks& ranks() const noexcept { return ranks_; }
  [[nodiscard]] bpe_pattern pattern() const noexcept { return pattern_; }

  /// Appends the tokens of a text, by their ranks.
  /// @return  errors: no_memory; limit_exceeded for a pre-token of more than 2 GiB. `out` then ends with tokens of a beginning of the text
  /// Cost:    O(n log n) for a pre-token of n bytes, as linear in the text as its words are short.
  [[nodiscard]] status encode(text_view text, buffer<std::uint32_t>& out) const noexcept {
    std::size_t used = out.size();
    status done;
    for (std::size_t at = 0; at < text.size() && done.ok();) {
      const std::size_t begin = at;
      at = next_pretoken(pattern_, text, at).end;
      if (out.size() - used < at - begin) {  // room for as many as there could be
        done = out.resize(used + (at - begin) + block_tokens);
        if (!done.ok()) break;
      }
      std::uint32_t* const to = out.data() + used;
      if (const std::uint32_t whole = ranks_.find(text.data() + begin, at - begin, text.end()); whole != bpe_ranks::none) {
        *to = ranks_.rank(whole);
        ++used;
      } else {
        done = encode_merged(text, begin, at, to, used);
      }
    }
    static_cast<void>(out.resize(used));  // smaller: never fails
    return done;
  }

  /// How many tokens a text has: those that encode() would give.
  /// @return  errors: as encode
  [[nodiscard]] result<std::uint64_t> count(text_view text) const noexcept {
    std::uint64_t tokens = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      at = next_pretoken(pattern_, text, at).end;
      if (is_token(text, begin, at)) {
        ++tokens;
      } else if (status counted = count_merged(text, begin, at, tokens); !counted.ok()) {
        return counted.error();
      }
    }
    return tokens;
  }

  /// Whether a piece is one token.
  /// @pre begin < end <= text.size()
  [[nodiscard]] bool is_token(text_view text, std::size_t begin, std::size_t end) const noexcept {
    return ranks_.find(text.data() + begin, end - begin, text.end()) != bpe_ranks::none;
  }
  /// Adds how many tokens a pre-token has that is none itself.
  /// @param begin, end  what next_pretoken() gives, or any piece that is to be taken for a pre-token
  /// @param tokens      unchanged on error
  /// @return            errors: as encode
  /// @pre               begin < end <= text.size(), !is_token(text, begin, end)
  [[nodiscard, gnu::noinline]] status count_merged(text_view text, std::size_t begin, std::size_t end, std::uint64_t& tokens) const noexcept {
    return detail::merge_bytes(ranks_, text.subview(begin, end - begin), text.end(), [&](std::uint32_t, std::size_t) { ++tokens; });
  }
  /// Calls each(index, bytes) for the tokens of a pre-token, in order: the index as ranks() has it, the token's length.
  /// @return  errors: as encode; then nothing was called
  template <class Each>
  [[nodiscard]] status each_token(text_view text, std::size_t begin, std::size_t end, Each&& each) const noexcept {
    const text_view piece = text.subview(begin, end - begin);
    const std::uint32_t whole = ranks_.find(piece.data(), piece.size(), text.end());
    if (whole == bpe_ranks::none) return detail::merge_bytes(ranks_, piece, text.end(), each);
    each(whole, piece.size());
    return {};
  }

  /// Appends the bytes of tokens, which need not be UTF-8: a character may lie in several tokens.
  /// @return  errors: invalid_argument for a number that is no token's rank, which `row` counts from 0, and then nothing was appended; no_memory
  [[nodiscard]] status decode(span<const std::uint32_t> tokens, buffer<char>& out) const noexcept {
    const std::size_t before = out.size();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const std::uint32_t token = ranks_.of_rank(tokens[i]);
      if (token == bpe_ranks::none) {
        static_cast<void>(out.resize(before));  // smaller: never fails
        return error{errc::invalid_argument, "token", "a rank of the encoding", tokens[i]}.at_row(i);
      }
      const text_view bytes = ranks_.bytes(token);
      if (status added = out.append(bytes.data(), bytes.size()); !added.ok()) {
        static_cast<void>(out.resize(before));
        return added;
      }
    }
    return {};
  }

 private:
  static constexpr std::size_t block_tokens = 1024;  ///< of room at a time

  [[nodiscard, gnu::noinline]] status encode_merged(text_view text, std::size_t begin, std::size_t end, std::uint32_t* to,
                                                    std::size_t& used) const noexcept {
    return detail::merge_bytes(ranks_, text.subview(begin, end - begin), text.end(), [&](std::uint32_t token, std::size_t) {
      *to++ = ranks_.rank(token);
      ++used;
    });
  }

  bpe_encoder(bpe_ranks&& ranks, bpe_pattern pattern) noexcept : ranks_(static_cast<bpe_ranks&&>(ranks)), pattern_(pattern) {}

  bpe_ranks ranks_;
  bpe_pattern pattern_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_BPE_ENCODER_HPP
