// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/bpe_rank_lines.hpp -- reads a rank file line by line: a token in base64, white space, its rank.
//
// Room:      the format, and its limits.
// Not here:  what the lines make together (text/bpe_ranks.hpp).
// Depends:   core/memory.hpp, core/text_view.hpp.
// Threads:   a reader is used by one thread at a time.
#ifndef ATLAS_TEXT_BPE_RANK_LINES_HPP
#define ATLAS_TEXT_BPE_RANK_LINES_HPP

#include <atlas/core/memory.hpp>     // buffer
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI {

/// Limits of a rank file. The published encodings have up to 200,000 tokens of at most 128 bytes.
inline constexpr std::size_t most_bpe_tokens = (std::size_t{1} << 24) - 1;
inline constexpr std::size_t most_bpe_token_bytes = 1024;
inline constexpr std::uint32_t most_bpe_rank = 0x7FFFFFFFU;

/// What one line says, but for the token's bytes.
struct bpe_rank_line {
  std::uint32_t rank = 0;
  std::uint32_t length_bytes = 0;  ///< of the token, 1 to most_bpe_token_bytes
  std::uint64_t number = 0;        ///< of the line, counted from 1
};

/// Reads a rank file. A line is `TOKEN RANK`: base64 with padding (RFC 4648, section 4), one or more spaces or tabs, digits; it ends with
/// LF, CR LF or the file. Lines of nothing but spaces, tabs and CR are passed over.
class bpe_rank_reader {
 public:
  /// @param file  any bytes; must outlive the reader
  explicit bpe_rank_reader(text_view file) noexcept : file_(file) {}

  /// Appends the token of the next line to `bytes`, and writes the rest of it; false at the end of the file.
  /// @return  errors: corrupt_file for a line that is none, limit_exceeded, each with the line in `row`; no_memory
  [[nodiscard]] result<bool> next(buffer<char>& bytes, bpe_rank_line& out) noexcept {
    while (at_ < file_.size()) {
      const char* const begin = file_.data() + at_;
      const void* const feed = std::memchr(begin, '\n', file_.size() - at_);
      const std::size_t size = feed == nullptr ? file_.size() - at_ : static_cast<std::size_t>(static_cast<const char*>(feed) - begin);
      at_ += size + (feed == nullptr ? 0 : 1);
      ++number_;
      const text_view line = without_blanks({begin, size});
      if (line.empty()) continue;
      if (++lines_ > most_bpe_tokens) return error{errc::limit_exceeded, "tokens of a rank file", most_bpe_tokens, lines_}.at_row(number_);
      if (status done = read(line, bytes, out); !done.ok()) return done.error().at_row(number_);
      out.number = number_;
      return true;
    }
    return false;
  }

 private:
  [[nodiscard]] static constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }
  [[nodiscard]] static text_view without_blanks(text_view line) noexcept {
    std::size_t first = 0;
    std::size_t last = line.size();
    while (first < last && is_blank(line[first])) ++first;
    while (last > first && is_blank(line[last - 1])) --last;
    return line.subview(first, last - first);
  }
  [[nodiscard]] static error damaged(const char* expected, const char* found) noexcept { return {errc::corrupt_file, "rank file", expected, found}; }

  [[nodiscard]] static status read(text_view line, buffer<char>& bytes, bpe_rank_line& out) noexcept {
    std::size_t token = 0;
    while (token < line.size() && !is_blank(line[token])) ++token;
    std::size_t at = token;
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at == line.size()) return damaged("a token in base64, a space and a rank", "no rank");
    std::uint64_t rank = 0;
    for (; at < line.size(); ++at) {
      if (line[at] < '0' || line[at] > '9') return damaged("digits for a rank", "something else");
      rank = rank * 10 + static_cast<std::uint64_t>(line[at] - '0');
      if (rank > most_bpe_rank) return error{errc::limit_exceeded, "rank of a token", most_bpe_rank, rank};
    }
    out.rank = static_cast<std::uint32_t>(rank);
    return decode(line.subview(0, token), bytes, out.length_bytes);
  }
  /// The value of a digit of base64; 64 if it is none.
  [[nodiscard]] static constexpr std::uint32_t digit(char c) noexcept {
    if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a') + 26;
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0') + 52;
    return c == '+' ? 62U : c == '/' ? 63U : 64U;
  }
  [[nodiscard]] static status decode(text_view token, buffer<char>& bytes, std::uint32_t& length_bytes) noexcept {
    if (token.size() % 4 != 0) return damaged("base64 of a token", "a number of digits that no multiple of four is");
    std::size_t padding = 0;
    while (padding < 2 && padding < token.size() && token[token.size() - 1 - padding] == '=') ++padding;
    const std::size_t size = token.size() / 4 * 3 - padding;
    if (size > most_bpe_token_bytes) return error{errc::limit_exceeded, "bytes of a token", most_bpe_token_bytes, size};
    const std::size_t before = bytes.size();
    if (status grown = bytes.resize(before + size); !grown.ok()) return grown;
    char* out = bytes.data() + before;
    for (std::size_t at = 0; at < token.size(); at += 4) {
      const std::size_t digits = at + 4 == token.size() ? 4 - padding : 4;
      std::uint32_t value = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        const std::uint32_t one = i < digits ? digit(token[at + i]) : 0;
        if (one == 64) return damaged("base64 of a token", "another character");
        value = value << 6 | one;
      }
      for (std::size_t i = 0; i + 1 < digits; ++i) *out++ = static_cast<char>(value >> (16 - 8 * i) & 0xFFU);
      if ((value & (digits == 4 ? 0U : digits == 3 ? 0xFFU : 0xFFFFU)) != 0) return damaged("base64 of a token", "bits behind its end");
    }
    length_bytes = static_cast<std::uint32_t>(size);
    return {};
  }

  text_view file_;
  std::size_t at_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t lines_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_BPE_RANK_LINES_HPP
