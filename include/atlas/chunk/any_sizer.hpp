// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/any_sizer.hpp -- a sizer that is chosen while the program runs.
//
// Room:      any_sizer, and the names of sizers.
// Not here:  the sizers (chunk/*_sizer*.hpp).
// Depends:   chunk.
// Threads:   as the sizer that it holds.
#ifndef ATLAS_CHUNK_ANY_SIZER_HPP
#define ATLAS_CHUNK_ANY_SIZER_HPP

#include <atlas/chunk/callback_sizer.hpp>  // callback_sizer
#include <atlas/chunk/chunk_sizer.hpp>     // byte_sizer, character_sizer
#include <atlas/chunk/segment_sizers.hpp>  // grapheme_sizer, word_sizer
#include <atlas/chunk/token_sizer.hpp>     // token_sizer
#include <atlas/core/one_of.hpp>           // one_of

namespace atlas { inline namespace ATLAS_ABI {

/// Part of the C ABI and of files: numbers are never reused.
enum class chunk_sizer_kind : std::uint8_t {
  characters = 0,  ///< character_sizer
  bytes = 1,       ///< byte_sizer
  graphemes = 2,   ///< grapheme_sizer
  words = 3,       ///< word_sizer
  tokens = 4,      ///< token_sizer
  callback = 5,    ///< callback_sizer
};
inline constexpr std::size_t chunk_sizer_kind_count = 6;

/// "characters", "bytes" and so on. @pre kind is one of them
[[nodiscard]] constexpr const char* name_of(chunk_sizer_kind kind) noexcept {
  constexpr const char* names[chunk_sizer_kind_count] = {"characters", "bytes", "graphemes", "words", "tokens", "callback"};
  ATLAS_ASSERT(static_cast<std::size_t>(kind) < chunk_sizer_kind_count);
  return names[static_cast<std::size_t>(kind)];
}

/// Holds one of the sizers and measures as it does.
class any_sizer {
  using sizers = one_of<character_sizer, byte_sizer, grapheme_sizer, word_sizer, token_sizer, callback_sizer>;  // in the order of chunk_sizer_kind

 public:
  /// character_sizer.
  any_sizer() noexcept = default;
  template <chunk_sizer Sizer>
    requires(!__is_same(Sizer, any_sizer))
  any_sizer(Sizer sizer) noexcept : sizer_(static_cast<Sizer&&>(sizer)) {}  // NOLINT: a sizer is one of any kind
  /// A sizer that needs nothing but its name.
  /// @return  errc::invalid_argument for tokens and callback, which are made of what the caller gives, and for what is no kind
  [[nodiscard]] static result<any_sizer> of_kind(chunk_sizer_kind kind) noexcept {
    switch (kind) {
      case chunk_sizer_kind::characters: return any_sizer(character_sizer());
      case chunk_sizer_kind::bytes: return any_sizer(byte_sizer());
      case chunk_sizer_kind::graphemes: return any_sizer(grapheme_sizer());
      case chunk_sizer_kind::words: return any_sizer(word_sizer());
      case chunk_sizer_kind::tokens:
      case chunk_sizer_kind::callback: break;
    }
    return error{errc::invalid_argument, "chunk_sizer_kind", "a sizer that is made of nothing: 0 to 3", static_cast<std::uint64_t>(kind)};
  }

  [[nodiscard]] chunk_sizer_kind kind() const noexcept { return static_cast<chunk_sizer_kind>(sizer_.index()); }

  // --- as chunk_sizer says ---

  [[nodiscard]] bool is_additive() const noexcept {
    return sizer_.visit([](const auto& sizer) noexcept { return sizer.is_additive(); });
  }
  [[nodiscard]] std::uint64_t fingerprint() const noexcept {
    return sizer_.visit([](const auto& sizer) noexcept { return sizer.fingerprint(); });
  }
  [[nodiscard]] result<fitted_text> fit(text_view text, std::uint64_t limit, bool is_whole) const {
    return sizer_.visit([&](const auto& sizer) { return sizer.fit(text, limit, is_whole); });
  }
  [[nodiscard]] result<std::size_t> fit_back(text_view text, std::uint64_t limit) const {
    return sizer_.visit([&](const auto& sizer) { return sizer.fit_back(text, limit); });
  }
  [[nodiscard]] result<std::uint64_t> measure(text_view text, std::uint64_t characters) const {
    return sizer_.visit([&](const auto& sizer) { return sizer.measure(text, characters); });
  }
  [[nodiscard]] std::size_t most_bytes(std::uint64_t limit) const noexcept {
    return sizer_.visit([&](const auto& sizer) noexcept { return sizer.most_bytes(limit); });
  }

 private:
  sizers sizer_;
};
static_assert(chunk_sizer<any_sizer>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_ANY_SIZER_HPP
