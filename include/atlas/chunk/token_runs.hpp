// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/token_runs.hpp -- what was counted of a text, for the next question about the same text.
//
// Room:      token_run: the pre-tokens of a beginning of a text, with their counts; token_runs: the last few of them.
// Not here:  the questions (chunk/token_sizer.hpp), the counting (text/bpe_counter.hpp).
// Depends:   text/bpe_pretokens.hpp, core/memory.hpp.
// Threads:   used by one thread at a time.
//
// A chunker asks about one place many times: how much fits, where a chunk is filled to some share, how large what it cut is. A run keeps a
// copy of the bytes that it knows the tokens of, and compares them with those of the next question, which takes a fiftieth of the time
// of counting; so it is right whatever the caller does with its memory. What a text's end had a part in is not kept.
#ifndef ATLAS_CHUNK_TOKEN_RUNS_HPP
#define ATLAS_CHUNK_TOKEN_RUNS_HPP

#include <atlas/core/memory.hpp>         // buffer
#include <atlas/text/bpe_pretokens.hpp>  // pretoken

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A pre-token that was counted, of a text.
struct counted_pretoken {
  std::uint32_t end = 0;
  std::uint32_t reach = 0;   ///< as pretoken::reach; no less than of the one before
  std::uint32_t tokens = 0;  ///< of the text up to its end
};

/// The first pre-tokens of a text.
class token_run {
 public:
  static constexpr std::size_t most_bytes = std::size_t{64} << 10;  ///< that are kept; what lies behind is counted each time

  /// Forgets what another text does not begin with.
  /// @return  how many pre-tokens `text` is known to begin with
  [[nodiscard]] std::size_t match(text_view text) noexcept {
    const std::size_t size = text.size() < bytes_.size() ? text.size() : bytes_.size();
    const std::size_t same = common_bytes(bytes_.data(), text.data(), size);
    const std::size_t known = known_within(same);
    if (same != size) {
      count_ = known;
      static_cast<void>(bytes_.resize(same));  // smaller: never fails
    }
    return known;
  }
  /// Whether it is worth to ask match().
  [[nodiscard]] bool is_likely(text_view text) const noexcept {
    constexpr std::size_t few = 16;
    return bytes_.size() >= few && text.size() >= few && std::memcmp(bytes_.data(), text.data(), few) == 0;
  }
  void clear() noexcept {
    bytes_.clear();
    count_ = 0;
  }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] const counted_pretoken& operator[](std::size_t index) const noexcept { return pretokens_[index]; }

  /// The first of the pre-tokens [0, known) up to the end of which there are more than `limit` tokens; `known` if there is none.
  [[nodiscard]] std::size_t first_beyond(std::size_t known, std::uint64_t limit) const noexcept {
    std::size_t low = 0;
    for (std::size_t high = known; low < high;) {
      const std::size_t middle = low + (high - low) / 2;
      if (pretokens_[middle].tokens <= limit) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /// Adds the next pre-token of the text that was matched last. One that the text's end has a part in is left out, one too far behind, and
  /// any for which there is no memory.
  /// @param begin  where it begins; unless the one before was added it is left out too
  void add(text_view text, std::size_t begin, const pretoken& next, std::uint64_t tokens) noexcept {
    if (next.reach > text.size() || next.reach > most_bytes) return;
    std::size_t reach = next.reach;
    if (count_ != 0) {
      const counted_pretoken& last = pretokens_[count_ - 1];
      if (begin != last.end) return;
      if (last.reach > reach) reach = last.reach;
    } else if (begin != 0) {
      return;
    }
    if (count_ == pretokens_.size() && !pretokens_.resize(2 * count_ + block_pretokens).ok()) return;
    pretokens_[count_++] = {static_cast<std::uint32_t>(next.end), static_cast<std::uint32_t>(reach), static_cast<std::uint32_t>(tokens)};
  }
  /// Keeps the bytes of what was added, or forgets it if there is no memory.
  void keep_bytes(text_view text) noexcept {
    const std::size_t reach = count_ == 0 ? 0 : pretokens_[count_ - 1].reach;
    if (reach <= bytes_.size()) return;
    if (!bytes_.append(text.data() + bytes_.size(), reach - bytes_.size()).ok()) clear();
  }

 private:
  [[nodiscard]] static std::size_t common_bytes(const char* left, const char* right, std::size_t size) noexcept {
    if (size == 0 || std::memcmp(left, right, size) == 0) return size;
    std::size_t at = 0;
    while (left[at] == right[at]) ++at;
    return at;
  }
  [[nodiscard]] std::size_t known_within(std::size_t bytes) const noexcept {
    std::size_t low = 0;
    for (std::size_t high = count_; low < high;) {
      const std::size_t middle = low + (high - low) / 2;
      if (pretokens_[middle].reach <= bytes) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  static constexpr std::size_t block_pretokens = 1024;  ///< of room at a time

  buffer<char> bytes_;
  buffer<counted_pretoken> pretokens_;  ///< the first count_ are set
  std::size_t count_ = 0;
};

/// The last three: a chunk's, that of what it does not repeat, and that of the next chunk, which begins with what it repeats.
class token_runs {
 public:
  /// The run that begins as a text does, or one that is forgotten for it.
  [[nodiscard]] token_run& of(text_view text) noexcept {
    std::size_t oldest = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (runs_[i].is_likely(text)) {
        used_[i] = ++clock_;
        return runs_[i];
      }
      if (used_[i] < used_[oldest]) oldest = i;
    }
    used_[oldest] = ++clock_;
    runs_[oldest].clear();
    return runs_[oldest];
  }

 private:
  static constexpr std::size_t count = 3;
  token_run runs_[count];
  std::uint64_t used_[count] = {};
  std::uint64_t clock_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_TOKEN_RUNS_HPP
