// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/bpe_merge.hpp -- merges the bytes of one pre-token into tokens, the lowest rank first.
//
// Room:      the merge itself, in two ways: short pre-tokens in arrays that stay in a cache line or two, long ones with a heap.
// Not here:  the table of ranks (text/bpe_ranks.hpp), pre-tokens that are tokens (text/bpe_encoder.hpp).
// Depends:   core/memory.hpp, core/text_view.hpp.
// Threads:   every function is pure.
//
// The rule, exactly: parts are single bytes at first; as long as any two neighbours laid end to end are a token, those two of them whose
// token has the lowest rank are merged, the leftmost of equals. What is left are the tokens.
#ifndef ATLAS_TEXT_BPE_MERGE_HPP
#define ATLAS_TEXT_BPE_MERGE_HPP

#include <atlas/core/memory.hpp>     // buffer
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Up to here the next pair is looked for among all: of 12 letters a heap takes three times as long, of 48 half as long again. The bits
/// of a word bound it.
inline constexpr std::size_t most_scanned_bytes = 60;
inline constexpr std::uint32_t no_bpe_token = ~std::uint32_t{0};

/// Parts are named by the byte that they begin with; the bits of `begins` are those bytes, so that nothing moves when two become one.
/// @pre 0 < piece.size() <= most_scanned_bytes
template <class Ranks, class Each>
inline void merge_short(const Ranks& ranks, text_view piece, const char* readable_end, Each&& each) noexcept {
  std::uint32_t token[most_scanned_bytes];  // of each part
  std::uint32_t pair[most_scanned_bytes];   // of it and the next one; no_bpe_token where no part begins
  const char* const data = piece.data();
  const std::size_t size = piece.size();
  std::uint64_t begins = (std::uint64_t{2} << size) - 1;  // with the end, where a part would begin
  const auto behind = [&](std::size_t begin) {
    return begin + 1 + static_cast<std::size_t>(__builtin_ctzll(begins >> (begin + 1)));
  };
  for (std::size_t i = 0; i + 1 < size; ++i) {
    token[i] = ranks.of_byte(data[i]);
    pair[i] = ranks.of_bytes(data[i], data[i + 1]);
  }
  token[size - 1] = ranks.of_byte(data[size - 1]);
  pair[size - 1] = no_bpe_token;
  for (;;) {
    std::size_t best = 0;
    std::uint32_t lowest = pair[0];
    for (std::size_t i = 1; i < size; ++i) {
      best = pair[i] < lowest ? i : best;
      lowest = pair[i] < lowest ? pair[i] : lowest;
    }
    if (lowest == no_bpe_token) break;
    const std::size_t second = behind(best);
    begins &= ~(std::uint64_t{1} << second);
    token[best] = lowest;
    pair[second] = no_bpe_token;
    const std::size_t end = behind(best);
    pair[best] = end == size ? no_bpe_token : ranks.find(data + best, behind(end) - best, readable_end);
    if (best == 0) continue;
    const auto before = static_cast<std::size_t>(63 - __builtin_clzll(begins & ((std::uint64_t{1} << best) - 1)));
    pair[before] = ranks.find(data + before, end - before, readable_end);
  }
  for (std::size_t begin = 0; begin < size;) {
    const std::size_t end = behind(begin);
    each(token[begin], end - begin);
    begin = end;
  }
}

/// A heap of numbers, the smallest first. Each has four below it, which takes half the levels of two and fewer cache lines.
class small_first_heap {
 public:
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  [[nodiscard]] status push(std::uint64_t item) noexcept {
    if (status added = items_.push_back(item); !added.ok()) return added;
    std::size_t at = items_.size() - 1;
    for (; at != 0 && items_[(at - 1) / 4] > item; at = (at - 1) / 4) items_[at] = items_[(at - 1) / 4];
    items_[at] = item;
    return {};
  }
  /// @pre !empty()
  [[nodiscard]] std::uint64_t pop() noexcept {
    const std::uint64_t first = items_[0];
    const std::size_t size = items_.size() - 1;
    const std::uint64_t item = items_[size];
    static_cast<void>(items_.resize(size));  // smaller: never fails
    std::size_t at = 0;
    for (std::size_t child = 1; child < size; child = 4 * at + 1) {
      std::size_t least = child;
      std::uint64_t lowest = items_[child];
      const std::size_t end = child + 4 < size ? child + 4 : size;
      for (std::size_t other = child + 1; other < end; ++other) {
        least = items_[other] < lowest ? other : least;
        lowest = items_[other] < lowest ? items_[other] : lowest;
      }
      if (item <= lowest) break;
      items_[at] = lowest;
      at = least;
    }
    if (size != 0) items_[at] = item;
    return first;
  }

 private:
  buffer<std::uint64_t> items_;
};

/// What merge_long knows of the part that begins at a byte.
struct merged_part {
  std::uint32_t token = no_bpe_token;
  std::uint32_t pair = no_bpe_token;  ///< of it and the next one
  std::uint32_t before = 0;           ///< where the part before begins
  std::uint32_t end = 0;              ///< where the next one begins
};

template <class Ranks, class Each>
[[nodiscard]] inline status merge_long(const Ranks& ranks, text_view piece, const char* readable_end, Each&& each) noexcept {
  const std::size_t size = piece.size();
  if (size > 0x7FFFFFFFU) return error{errc::limit_exceeded, "bytes of a pre-token", std::uint64_t{0x7FFFFFFF}, size};
  const char* const data = piece.data();
  buffer<merged_part> parts;
  if (status grown = parts.resize(size); !grown.ok()) return grown;
  small_first_heap waiting;  // rank, then place: the order in which pairs are merged. Pairs that are no more are passed over when they come
  const auto note_pair = [&](std::size_t begin, std::uint32_t pair) -> status {
    parts[begin].pair = pair;
    return pair == no_bpe_token ? status() : waiting.push(std::uint64_t{pair} << 32 | begin);
  };
  const auto pair_at = [&](const merged_part& part, std::size_t begin) {
    return part.end == size ? no_bpe_token : ranks.find(data + begin, parts[part.end].end - begin, readable_end);
  };
  for (std::size_t i = 0; i < size; ++i) {
    parts[i] = {ranks.of_byte(data[i]), no_bpe_token, static_cast<std::uint32_t>(i == 0 ? 0 : i - 1), static_cast<std::uint32_t>(i + 1)};
    if (i + 1 == size) break;
    if (status noted = note_pair(i, ranks.of_bytes(data[i], data[i + 1])); !noted.ok()) return noted;
  }
  while (!waiting.empty()) {
    const std::uint64_t first = waiting.pop();
    const auto begin = static_cast<std::size_t>(first & 0xFFFFFFFFU);
    merged_part& part = parts[begin];
    if (part.pair != static_cast<std::uint32_t>(first >> 32)) continue;
    merged_part& next = parts[part.end];
    part.token = part.pair;
    part.end = next.end;
    next.pair = no_bpe_token;
    if (part.end != size) parts[part.end].before = static_cast<std::uint32_t>(begin);
    if (status noted = note_pair(begin, pair_at(part, begin)); !noted.ok()) return noted;
    if (begin == 0) continue;
    const std::size_t before = part.before;
    if (status noted = note_pair(before, pair_at(parts[before], before)); !noted.ok()) return noted;
  }
  for (std::size_t begin = 0; begin < size; begin = parts[begin].end) each(parts[begin].token, parts[begin].end - begin);
  return {};
}

/// Calls each(token, bytes) for the tokens of a pre-token, in order.
/// @param ranks         find(data, size, readable_end), of_byte(byte) and of_bytes(byte, byte) as bpe_ranks; a token is named by a number
///                      that orders as its rank
/// @param readable_end  bytes up to here may be read
/// @return              errors: no_memory; limit_exceeded beyond 2 GiB. Then `each` was not called
/// Cost: three look-ups a byte; O(n log n) time, and beyond 60 bytes 32 bytes of memory for each byte.
template <class Ranks, class Each>
[[nodiscard]] inline status merge_bytes(const Ranks& ranks, text_view piece, const char* readable_end, Each&& each) noexcept {
  if (piece.empty()) return {};
  if (piece.size() > most_scanned_bytes) return merge_long(ranks, piece, readable_end, each);
  merge_short(ranks, piece, readable_end, each);
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_TEXT_BPE_MERGE_HPP
