// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/bpe_ranks.hpp -- the tokens of a byte-pair encoding: from a rank file, by their bytes, and by their ranks.
//
// Room:      reading a rank file in the format of tiktoken, and the hash table of its tokens.
// Not here:  how a text becomes tokens (text/bpe_encoder.hpp). No rank file: whoever wants an encoding gives its bytes.
// Depends:   core/{hash,memory}.hpp, text/bpe_rank_lines.hpp.
// Threads:   all but read() is const and may be called by any number of threads.
#ifndef ATLAS_TEXT_BPE_RANKS_HPP
#define ATLAS_TEXT_BPE_RANKS_HPP

#include <atlas/core/bits.hpp>            // load_unaligned, next_power_of_two
#include <atlas/core/hash.hpp>            // xxh3_64
#include <atlas/core/memory.hpp>          // buffer
#include <atlas/text/bpe_rank_lines.hpp>  // bpe_rank_reader

namespace atlas { inline namespace ATLAS_ABI {

/// Tokens in the order of their ranks. A token is named by its place in that order, its `index`, which is its rank where ranks have no
/// gaps.
class bpe_ranks {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// @param file  lines as text/bpe_rank_lines.hpp says, in any order; nothing of it is kept
  /// @return      errors: corrupt_file for a line that is none, for a token or a rank that was there before (`row` is the line, counted
  ///              from 1), and for a file that lacks a token of one byte; limit_exceeded; no_memory
  /// Cost: linear. 100,256 tokens take 12 ms and 4 MB.
  [[nodiscard]] static result<bpe_ranks> read(text_view file) noexcept {
    bpe_ranks made;
    // Where a token lies in the table depends on the whole file, so that nobody finds tokens that collide.
    made.seed_ = xxh3_64(file.data(), file.size());
    if (status done = made.read_lines(file); !done.ok()) return done.error();
    if (status grown = made.of_two_.resize(std::size_t{1} << 16); !grown.ok()) return grown.error();
    for (std::uint32_t& one : made.of_two_) one = none;
    for (std::uint32_t index = 0; index < made.size(); ++index) {
      const text_view token = made.bytes(index);
      if (token.size() == 2) made.of_two_[std::size_t{static_cast<unsigned char>(token[0])} << 8 | static_cast<unsigned char>(token[1])] = index;
    }
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      const char one = static_cast<char>(byte);
      made.of_byte_[byte] = made.find(&one, 1, &one + 1);
      if (made.of_byte_[byte] == none) return error{errc::corrupt_file, "rank file", "a token for each byte; none is for", byte};
    }
    return made;
  }

  [[nodiscard]] std::size_t size() const noexcept { return tokens_.size(); }
  /// XXH3-64 of the file.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return seed_; }
  /// Bytes of the longest token.
  [[nodiscard]] std::size_t longest_bytes() const noexcept { return longest_bytes_; }
  /// @pre index < size()
  [[nodiscard]] std::uint32_t rank(std::uint32_t index) const noexcept { return ranks_.empty() ? index : ranks_[index]; }
  [[nodiscard]] text_view bytes(std::uint32_t index) const noexcept {
    return {bytes_.data() + tokens_[index].begin, tokens_[index].length_bytes};
  }
  [[nodiscard]] std::uint32_t of_byte(char byte) const noexcept { return of_byte_[static_cast<unsigned char>(byte)]; }
  /// The token of two bytes, or `none`: what find() says, in one load.
  [[nodiscard]] std::uint32_t of_bytes(char first, char second) const noexcept {
    return of_two_[std::size_t{static_cast<unsigned char>(first)} << 8 | static_cast<unsigned char>(second)];
  }

  /// The token of these bytes, or `none`.
  /// @param readable_end  bytes up to here may be read; eight behind `data` make it faster
  /// Cost: a cache line of a small table, and for what is a token another one, which frequent tokens share; linear in `size` only from
  /// nine bytes on, and only up to longest_bytes().
  [[nodiscard]] std::uint32_t find(const char* data, std::size_t size, const char* readable_end) const noexcept {
    return size > longest_bytes_ ? none : find_key(key_of(data, size, readable_end), size, data);
  }
  /// The token with a rank, or `none`. Cost: a binary search if ranks have gaps.
  [[nodiscard]] std::uint32_t of_rank(std::uint32_t rank) const noexcept {
    if (ranks_.empty()) return rank < size() ? rank : none;
    std::size_t low = 0;
    for (std::size_t high = ranks_.size(); low < high;) {
      const std::size_t middle = low + (high - low) / 2;
      if (ranks_[middle] < rank) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < ranks_.size() && ranks_[low] == rank ? static_cast<std::uint32_t>(low) : none;
  }

 private:
  /// A token, at its index: frequent tokens have low ranks, so they lie together.
  struct token {
    std::uint64_t key = 0;           ///< its bytes, if they are no more than eight, else their hash
    std::uint32_t begin = 0;         ///< of its bytes in bytes_
    std::uint32_t length_bytes = 0;
  };
  /// A line of the file.
  struct entry {
    std::uint32_t rank = 0;
    std::uint32_t begin = 0;
    std::uint32_t length_bytes = 0;
    std::uint32_t line = 0;
  };
  static constexpr std::size_t most_bytes = 0xFFFFFFFFU;  ///< that entry.begin can say

  [[nodiscard]] static std::uint64_t short_key(const char* data, std::size_t size, const char* readable_end) noexcept {
    if (static_cast<std::size_t>(readable_end - data) >= 8) {
      return size == 0 ? 0 : load_unaligned<std::uint64_t>(data) & (~std::uint64_t{0} >> (64 - 8 * size));
    }
    std::uint64_t key = 0;
    for (std::size_t i = 0; i < size; ++i) key |= std::uint64_t{static_cast<unsigned char>(data[i])} << (8 * i);
    return key;
  }
  [[nodiscard]] std::uint64_t key_of(const char* data, std::size_t size, const char* readable_end) const noexcept {
    return size <= 8 ? short_key(data, size, readable_end) : xxh3_64(data, size, seed_);
  }
  /// The two halves of a product of 128 bits folded, as in wyhash: one multiplication, and each bit counts.
  [[nodiscard]] std::uint64_t hash_of(std::uint64_t key, std::size_t length_bytes) const noexcept {
    __extension__ typedef unsigned __int128 uint128;
    const uint128 product = static_cast<uint128>(key ^ seed_) * ((seed_ | 1U) + length_bytes * 0x9E3779B97F4A7C15U);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  /// A slot holds a token's index, and above it eight bits of its hash, so that what is no token seldom costs a look at one that is.
  static constexpr std::uint32_t index_bits = 24;
  static constexpr std::uint32_t index_mask = (std::uint32_t{1} << index_bits) - 1;
  static_assert(most_bpe_tokens <= index_mask, "the last index is left for slots that are empty");
  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 56) << index_bits; }

  [[nodiscard]] std::uint32_t find_key(std::uint64_t key, std::size_t size, const char* data) const noexcept {
    const std::uint64_t hash = hash_of(key, size);
    const std::uint32_t tag = tag_of(hash);
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const std::uint32_t slot = slots_[at];
      if (slot == none) return none;
      if ((slot & ~index_mask) != tag) continue;
      const token& one = tokens_[slot & index_mask];
      if (one.key == key && one.length_bytes == size && (size <= 8 || are_same(bytes_.data() + one.begin, data, size))) return slot & index_mask;
    }
  }
  /// memcmp as a call takes longer than nearly all of these tokens. @pre size > 8
  [[nodiscard]] static bool are_same(const char* left, const char* right, std::size_t size) noexcept {
    std::uint64_t differ = load_unaligned<std::uint64_t>(left + size - 8) ^ load_unaligned<std::uint64_t>(right + size - 8);
    for (std::size_t at = 0; at + 8 < size; at += 8) differ |= load_unaligned<std::uint64_t>(left + at) ^ load_unaligned<std::uint64_t>(right + at);
    return differ == 0;
  }

  [[nodiscard]] status read_lines(text_view file) noexcept {
    buffer<entry> entries;
    bpe_rank_reader reader(file);
    bool is_sorted = true;
    for (;;) {
      bpe_rank_line line;
      const result<bool> more = reader.next(bytes_, line);
      if (!more.ok()) return more.error();
      if (!*more) break;
      if (bytes_.size() > most_bytes) return error{errc::limit_exceeded, "bytes of all tokens", most_bytes, bytes_.size()}.at_row(line.number);
      if (longest_bytes_ < line.length_bytes) longest_bytes_ = line.length_bytes;
      is_sorted = is_sorted && (entries.empty() || entries[entries.size() - 1].rank < line.rank);
      const auto begin = static_cast<std::uint32_t>(bytes_.size() - line.length_bytes);
      if (status added = entries.push_back({line.rank, begin, line.length_bytes, static_cast<std::uint32_t>(line.number)}); !added.ok()) return added;
    }
    if (!is_sorted) {
      if (status done = sort(entries); !done.ok()) return done;
    }
    for (std::size_t i = 1; i < entries.size(); ++i) {
      if (entries[i - 1].rank != entries[i].rank) continue;
      // The sort keeps the order of lines.
      return error{errc::corrupt_file, "rank file", "another rank in each line", entries[i].rank}.at_row(entries[i].line);
    }
    return fill_table(entries);
  }
  /// By rank: a radix sort, which keeps the order of equal ones and takes linear time on every file.
  [[nodiscard]] static status sort(buffer<entry>& entries) noexcept {
    buffer<entry> other;
    if (status grown = other.resize(entries.size()); !grown.ok()) return grown;
    for (unsigned shift = 0; shift < 32; shift += 8) {
      std::size_t begin_of[257] = {};
      for (const entry& one : entries) ++begin_of[(one.rank >> shift & 0xFFU) + 1];
      for (std::size_t i = 1; i < 257; ++i) begin_of[i] += begin_of[i - 1];
      for (const entry& one : entries) other[begin_of[one.rank >> shift & 0xFFU]++] = one;
      buffer<entry> sorted = static_cast<buffer<entry>&&>(other);
      other = static_cast<buffer<entry>&&>(entries);
      entries = static_cast<buffer<entry>&&>(sorted);
    }
    return {};
  }
  [[nodiscard]] status fill_table(const buffer<entry>& entries) noexcept {
    const std::size_t slots = next_power_of_two(entries.size() + entries.size() / 2 + 8);  // filled to two thirds at most
    if (status grown = slots_.resize(slots); !grown.ok()) return grown;
    for (std::uint32_t& slot : slots_) slot = none;
    mask_ = slots - 1;
    if (status grown = tokens_.reserve(entries.size()); !grown.ok()) return grown;
    const bool is_dense = entries.empty() || entries[entries.size() - 1].rank == entries.size() - 1;
    const char* const readable_end = bytes_.data() + bytes_.size();
    for (std::uint32_t index = 0; index < entries.size(); ++index) {
      const entry& one = entries[index];
      const char* const data = bytes_.data() + one.begin;
      if (const std::uint32_t before = find(data, one.length_bytes, readable_end); before != none) {
        const std::uint32_t line = one.line > entries[before].line ? one.line : entries[before].line;
        return error{errc::corrupt_file, "rank file", "another token in each line", "one that was there before"}.at_row(line);
      }
      if (!is_dense) {
        if (status added = ranks_.push_back(one.rank); !added.ok()) return added;
      }
      const token made{key_of(data, one.length_bytes, readable_end), one.begin, one.length_bytes};
      if (status added = tokens_.push_back(made); !added.ok()) return added;
      const std::uint64_t hash = hash_of(made.key, made.length_bytes);
      std::size_t at = hash & mask_;
      while (slots_[at] != none) at = (at + 1) & mask_;
      slots_[at] = tag_of(hash) | index;
    }
    return {};
  }

  buffer<char> bytes_;             ///< of all tokens
  buffer<token> tokens_;           ///< by rank
  buffer<std::uint32_t> ranks_;    ///< of each; empty if each token's rank is its index
  buffer<std::uint32_t> slots_;
  std::size_t mask_ = 0;           ///< slots - 1
  std::size_t longest_bytes_ = 0;
  std::uint64_t seed_ = 0;
  std::uint32_t of_byte_[256] = {};
  buffer<std::uint32_t> of_two_;   ///< the token of each two bytes
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_BPE_RANKS_HPP
