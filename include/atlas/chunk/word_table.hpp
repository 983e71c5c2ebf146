// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/word_table.hpp -- a few words that mean something, found by a hash; made by the compiler.
//
// Room:      word_table.
// Depends:   core only.
// Threads:   constant once made.
#ifndef ATLAS_CHUNK_WORD_TABLE_HPP
#define ATLAS_CHUNK_WORD_TABLE_HPP

#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// At most 127 words of at most `MostBytes` bytes, each with a value.
template <class Value, std::size_t MostBytes>
class word_table {
 public:
  /// @param words  each between two spaces; none of them twice
  constexpr void add(text_view words, const Value& value) noexcept {
    for (std::size_t at = 1; at < words.size(); ++at) {
      entry& one = entries_[++count_];
      while (words[at] != ' ') one.word[one.bytes++] = words[at++];
      one.value = value;
      std::size_t slot = slot_of(one.word, one.bytes);
      while (slots_[slot] != 0) slot = (slot + 1) % slot_count;
      slots_[slot] = count_;
    }
  }
  /// The number of a word, from 1 on; 0 if it is none of them. Cost: some nanoseconds.
  [[nodiscard]] constexpr std::uint8_t find(const char* word, std::size_t bytes) const noexcept {
    if (bytes == 0 || bytes > MostBytes) return 0;
    for (std::size_t slot = slot_of(word, bytes); slots_[slot] != 0; slot = (slot + 1) % slot_count) {
      const entry& one = entries_[slots_[slot]];
      if (one.bytes != bytes) continue;
      std::size_t same = 0;
      while (same < bytes && one.word[same] == word[same]) ++same;
      if (same == bytes) return slots_[slot];
    }
    return 0;
  }
  /// What a word means. @param number  any; a default value if it is none that find() gives
  [[nodiscard]] constexpr const Value& operator[](std::uint8_t number) const noexcept { return entries_[number <= count_ ? number : 0].value; }

 private:
  static constexpr std::size_t slot_count = 256;

  struct entry {
    char word[MostBytes] = {};
    std::uint8_t bytes = 0;
    Value value{};
  };
  [[nodiscard]] static constexpr std::size_t slot_of(const char* word, std::size_t bytes) noexcept {
    const auto byte = [&](std::size_t index) { return static_cast<std::size_t>(static_cast<unsigned char>(word[index])); };
    return (byte(0) * 7 + byte(bytes / 2) * 31 + byte(bytes - 1) * 3 + bytes * 57) % slot_count;
  }

  entry entries_[slot_count / 2] = {};  ///< the first is none
  std::uint8_t slots_[slot_count] = {};
  std::uint8_t count_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_WORD_TABLE_HPP
