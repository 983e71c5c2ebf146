// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/legacy_statistics.hpp -- which legacy encoding makes the likeliest text of bytes.
//
// Room:      the likelihood of bytes, in half bits, for each encoding and language that goes with it.
// Not here:  encodings that show by themselves (text/encoding.hpp); what is known of languages (text/language_models.hpp).
// Depends:   core, text/{language_models,single_byte_tables}.hpp.
// Threads:   every function is pure.
//
// Only words with a byte from 0x80 on are looked at: pairs of letters in alphabets, lead bytes in Chinese, Japanese and Korean.
// Their bytes are the same for every candidate, so that the sums of half bits can be compared. Costs that come from no table are
// rough: what has no place in the language at all costs more than its rarest pair, a bad byte more than anything.
#ifndef ATLAS_TEXT_LEGACY_STATISTICS_HPP
#define ATLAS_TEXT_LEGACY_STATISTICS_HPP

#include <atlas/core/text_view.hpp>           // text_view
#include <atlas/text/language_models.hpp>     // language_models
#include <atlas/text/single_byte_tables.hpp>  // single_byte_tables

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Some windows of a text, of those places that have bytes from 0x80 on.
struct text_sample {
  static constexpr std::size_t most_windows = 64;

  text_view windows[most_windows];
  std::size_t count = 0;
  bool present[256] = {};  ///< bytes that the windows hold
  bool has_c1 = false;  ///< one of the bytes 0x80 to 0x9F, controls in ISO 8859 that no text has, is anywhere in the text
};

[[nodiscard]] constexpr bool is_high(char byte) noexcept { return static_cast<unsigned char>(byte) >= 0x80U; }
[[nodiscard]] constexpr bool is_ascii_letter(char byte) noexcept {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/// Windows from all over the text, each of which begins with a character.
[[nodiscard]] inline text_sample sample_of(text_view text, std::size_t window_bytes = 1024) noexcept {
  text_sample sample;
  const auto add = [&](text_view window) {
    sample.windows[sample.count++] = window;
    for (const char byte : window) sample.present[static_cast<unsigned char>(byte)] = true;
  };
  for (std::size_t i = 0; i < text.size() && !sample.has_c1; ++i) {
    sample.has_c1 = (static_cast<unsigned char>(text.data()[i]) & 0xE0U) == 0x80U;
  }
  if (text.size() <= text_sample::most_windows * window_bytes) {
    add(text);
    return sample;
  }
  const std::size_t segment = text.size() / text_sample::most_windows;
  for (std::size_t i = 0; i < text_sample::most_windows; ++i) {
    std::size_t at = i * segment;
    const std::size_t end = at + segment;
    while (at < end && !is_high(text.data()[at])) ++at;
    if (at == end) continue;
    // No trail byte of several is below 0x30, so a character begins behind such a byte. Without one nearby only the text's
    // beginning is known to be a character's.
    const std::size_t nearest = at > 2 * segment ? at - 2 * segment : 0;
    std::size_t begin = at;
    while (begin > nearest && static_cast<unsigned char>(text.data()[begin - 1]) >= 0x30U) --begin;
    if (begin == nearest && nearest != 0) continue;
    const std::size_t most = window_bytes + (at - begin <= 256 ? at - begin : 0);
    const std::size_t length = end - begin < most ? end - begin : most;
    add(text.subview(begin, length));
  }
  return sample;
}

/// Calls visit(window, begin, end) for each run of letters and bytes from 0x80 on that has one of the latter.
template <class Visit>
void for_each_word(const text_sample& sample, Visit visit) noexcept {
  for (std::size_t i = 0; i < sample.count; ++i) {
    const text_view window = sample.windows[i];
    std::size_t at = 0;
    while (at < window.size()) {
      const std::size_t begin = at;
      bool has_high = false;
      for (; at < window.size() && (is_high(window.data()[at]) || is_ascii_letter(window.data()[at])); ++at) {
        has_high = has_high || is_high(window.data()[at]);
      }
      if (has_high) visit(window, begin, at);
      if (at == begin) ++at;
    }
  }
}

/// What words may cost: a little more than eight bits for each byte from 0x80 on, since costs are rough and the models' texts
/// short. The right encoding of chardet's files costs at most 0.82 of it, a page of rare characters 0.93; random bytes cost 1.07
/// and more, but as GBK.
[[nodiscard]] inline std::uint64_t most_cost(const text_sample& sample) noexcept {
  std::uint64_t cost = 0;
  for_each_word(sample, [&](text_view window, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) cost += is_high(window.data()[i]) ? 17U : 12U;
    cost += 3;
  });
  return cost;
}

/// Letters of the scripts that single-byte encodings are for.
[[nodiscard]] constexpr bool is_legacy_letter(char16_t c) noexcept {
  return (c >= 0xC0 && c < 0x250 && c != 0xD7 && c != 0xF7) || (c >= 0x300 && c < 0x370) || (c >= 0x386 && c < 0x530) ||
         (c >= 0x5B0 && c < 0x5F3) || (c >= 0x620 && c < 0x6E0) || (c >= 0xE01 && c < 0xE5A && c != 0xE3F) ||
         (c >= 0x1E00 && c < 0x1F00);
}
[[nodiscard]] constexpr bool is_one_of(char16_t c, const char16_t* signs) noexcept {
  for (; *signs != 0; ++signs) {
    if (c == *signs) return true;
  }
  return false;
}
/// What stands at words: quotes, dashes, marks.
[[nodiscard]] constexpr bool is_legacy_punctuation(char16_t c) noexcept {
  return (c >= 0x2013 && c <= 0x201E) ||
         is_one_of(c, u"\u00A0\u00A1\u00AB\u00AD\u00BB\u00BF\u060C\u061B\u061F\u0640\u200C\u200D\u200E\u200F\u2026\u2039\u203A");
}
/// What stands between words or at numbers.
[[nodiscard]] constexpr bool is_legacy_symbol(char16_t c) noexcept {
  return is_one_of(c, u"\u00A3\u00A7\u00A9\u00AA\u00AE\u00B0\u00B4\u00B7\u00BA\u00BD\u2022\u20AC\u2116\u2122");
}

/// Bytes of one encoding as letters of one language, those that a sample holds.
class letter_classes {
 public:
  letter_classes(text_encoding encoding, const language_model& model, const text_sample& sample) noexcept : model_(&model) {
    const char16_t* const table = single_byte_tables[static_cast<int>(encoding) - first_single_byte];
    for (std::size_t byte = 0; byte < 256; ++byte) {
      if (!sample.present[byte]) continue;
      const auto c = byte < 0x80 ? static_cast<char16_t>(byte) : table[byte - 0x80];
      if (byte < 0x80 && !is_ascii_letter(static_cast<char>(byte))) continue;
      if (byte < 0x80 && !model.is_latin) {
        classes_[byte] = foreign;
        continue;
      }
      classes_[byte] = byte < 0x80 || is_legacy_letter(c) ? other
                       : is_legacy_punctuation(c)        ? punctuation
                       : is_legacy_symbol(c)             ? symbol
                                                         : odd;
      for (std::uint8_t i = 0; i < model.letters; ++i) {
        if (model.lower[i] == c || model.upper[i] == c) {
          classes_[byte] = static_cast<std::uint8_t>(i + 1);
          upper_[byte] = model.lower[i] != c;
        }
      }
    }
  }

  /// Half bits that the second byte costs after the first.
  [[nodiscard]] std::uint32_t cost(unsigned char before, unsigned char byte) const noexcept {
    const std::uint8_t first = classes_[before];
    const std::uint8_t second = classes_[byte];
    switch (second) {
      case other: return 20;
      case odd: return 30;
      case punctuation: return 10;
      case symbol: return first == between ? 12 : 18;
      case foreign: return first == foreign ? 12 : first == between || first == punctuation ? 12 : 20;
      default: break;
    }
    if (first >= other && second == between) return 3;
    if (first == foreign || first == symbol) return 20;
    const std::size_t row = first >= other ? 0 : first;
    std::uint32_t cost = static_cast<std::uint32_t>(model_->pairs[row * (model_->letters + 1U) + second] - 'a');
    // A capital follows a small letter nowhere; it begins words, and whole words may have them.
    if (upper_[byte]) cost += row == 0 ? 2 : upper_[before] ? 3 : 14;
    return cost;
  }

 private:
  enum : std::uint8_t { between = 0, other = 100, odd, punctuation, symbol, foreign };

  const language_model* model_;
  std::uint8_t classes_[256] = {};
  bool upper_[256] = {};
};

[[nodiscard]] inline std::uint64_t cost_of_letters(const text_sample& sample, const letter_classes& classes) noexcept {
  std::uint64_t cost = 0;
  for_each_word(sample, [&](text_view window, std::size_t begin, std::size_t end) {
    unsigned char before = ' ';
    for (std::size_t i = begin; i < end; ++i) {
      const auto byte = static_cast<unsigned char>(window.data()[i]);
      cost += classes.cost(before, byte);
      before = byte;
    }
    cost += classes.cost(before, ' ');
  });
  return cost;
}

/// Bytes of a character at `at`, 0 if they are none; its cost in half bits in `cost`. Only the shape of characters is
/// looked at, not whether each of them exists.
[[nodiscard]] inline std::size_t cost_of_character(text_encoding encoding, const unsigned char* at, std::size_t left,
                                                   std::uint32_t& cost) noexcept {
  const auto is_between = [](unsigned char byte, unsigned first, unsigned last) { return byte >= first && byte <= last; };
  const char* leads = simplified_leads;
  const unsigned char lead = at[0];
  const unsigned char trail = left > 1 ? at[1] : std::uint8_t{0};
  bool fits = false;
  switch (encoding) {
    case text_encoding::shift_jis:
      cost = 20;
      if (is_between(lead, 0xA1, 0xDF)) return 1;
      leads = shift_japanese_leads;
      fits = (is_between(lead, 0x81, 0x9F) || is_between(lead, 0xE0, 0xFC)) && is_between(trail, 0x40, 0xFC) && trail != 0x7F;
      break;
    case text_encoding::euc_jp:
      cost = 36;
      if (lead == 0x8E && is_between(trail, 0xA1, 0xDF)) return 2;
      if (lead == 0x8F && is_between(trail, 0xA1, 0xFE) && left > 2 && is_between(at[2], 0xA1, 0xFE)) return 3;
      leads = euc_japanese_leads;
      fits = is_between(lead, 0xA1, 0xFE) && is_between(trail, 0xA1, 0xFE);
      break;
    case text_encoding::big5:
      leads = traditional_leads;
      fits = is_between(lead, 0x81, 0xFE) && (is_between(trail, 0x40, 0x7E) || is_between(trail, 0xA1, 0xFE));
      break;
    case text_encoding::euc_kr:
      leads = korean_leads;
      fits = is_between(lead, 0x81, 0xFE) &&
             (is_between(trail, 0x41, 0x5A) || is_between(trail, 0x61, 0x7A) || is_between(trail, 0x81, 0xFE));
      break;
    default:
      cost = 44;
      if (is_between(lead, 0x81, 0xFE) && is_between(trail, 0x30, 0x39) && left > 3 && is_between(at[2], 0x81, 0xFE) &&
          is_between(at[3], 0x30, 0x39)) {
        return 4;
      }
      fits = is_between(lead, 0x81, 0xFE) && is_between(trail, 0x40, 0xFE) && trail != 0x7F;
      break;
  }
  if (!fits) return 0;
  cost = 2 * static_cast<std::uint32_t>(leads[lead - 0x81] - 'a');
  return 2;
}

/// Of characters of several bytes. Text of an encoding has its shape: with more than one bad byte in 32 characters the cost
/// is more than any.
[[nodiscard]] inline std::uint64_t cost_of_characters(const text_sample& sample, text_encoding encoding) noexcept {
  std::uint64_t total = 0;
  std::uint64_t characters = 0;
  std::uint64_t bad = 0;
  for_each_word(sample, [&](text_view window, std::size_t begin, std::size_t end) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(window.data());
    for (std::size_t at = begin; at < end;) {
      if (bytes[at] < 0x80) {
        total += 12;
        ++at;
        continue;
      }
      std::uint32_t cost = 0;
      const std::size_t length = cost_of_character(encoding, bytes + at, window.size() - at, cost);
      const bool is_cut = length == 0 && window.size() - at < 4;  // a window may end within a character
      total += length != 0 ? cost : is_cut ? 16 : 90;
      ++characters;
      bad += length == 0 && !is_cut ? 1 : 0;
      at += length != 0 ? length : 1;
    }
    total += 3;
  });
  return bad * 32 > characters ? std::uint64_t{1} << 62 : total;
}

/// An encoding, and the languages that are written in it.
struct legacy_candidate {
  text_encoding encoding = text_encoding::unknown;
  std::uint8_t rarity = 0;  ///< half bits that must be gained before it is taken for a commoner one
  language first = language::russian;
  language last = language::russian;  ///< of a run of languages
};

/// In the order in which they are preferred when they make the same text.
inline constexpr legacy_candidate legacy_candidates[] = {
    {text_encoding::windows_1252, 0, language::english, language::catalan},
    {text_encoding::windows_1252, 4, language::welsh, language::irish},
    {text_encoding::iso_8859_15, 4, language::english, language::catalan},
    {text_encoding::macintosh, 20, language::english, language::catalan},
    {text_encoding::iso_8859_2, 2, language::czech, language::albanian},
    {text_encoding::windows_1250, 2, language::czech, language::albanian},
    {text_encoding::iso_8859_16, 24, language::romanian, language::romanian},
    {text_encoding::windows_1251, 0, language::russian, language::macedonian},
    {text_encoding::koi8_r, 2, language::russian, language::russian},
    {text_encoding::koi8_u, 6, language::ukrainian, language::ukrainian},
    {text_encoding::iso_8859_5, 6, language::russian, language::macedonian},
    {text_encoding::ibm866, 6, language::russian, language::bulgarian},
    {text_encoding::ibm855, 8, language::russian, language::macedonian},
    {text_encoding::x_mac_cyrillic, 8, language::russian, language::macedonian},
    {text_encoding::iso_8859_7, 1, language::greek, language::greek},
    {text_encoding::windows_1253, 2, language::greek, language::greek},
    {text_encoding::windows_1255, 0, language::hebrew, language::hebrew},
    {text_encoding::iso_8859_8, 2, language::hebrew, language::hebrew},
    {text_encoding::windows_1256, 0, language::arabic, language::persian},
    {text_encoding::iso_8859_6, 2, language::arabic, language::arabic},
    {text_encoding::windows_874, 0, language::thai, language::thai},
    {text_encoding::windows_1254, 2, language::turkish, language::turkish},
    {text_encoding::windows_1258, 6, language::vietnamese, language::vietnamese},
    {text_encoding::windows_1257, 4, language::lithuanian, language::estonian},
    {text_encoding::iso_8859_13, 6, language::lithuanian, language::estonian},
    {text_encoding::iso_8859_4, 12, language::lithuanian, language::estonian},
    {text_encoding::iso_8859_3, 16, language::maltese, language::esperanto},
    {text_encoding::iso_8859_14, 24, language::welsh, language::irish},
    {text_encoding::iso_8859_10, 24, language::sami, language::sami},
    {text_encoding::shift_jis, 0, {}, {}},
    {text_encoding::euc_jp, 0, {}, {}},
    {text_encoding::gbk, 0, {}, {}},
    {text_encoding::big5, 0, {}, {}},
    {text_encoding::euc_kr, 0, {}, {}},
};

/// Half bits that the words cost in an encoding and, if it has one byte a character, a language.
[[nodiscard]] inline std::uint64_t cost_of(const text_sample& sample, const legacy_candidate& candidate, int which) noexcept {
  const bool is_iso_8859 =
      candidate.encoding >= text_encoding::iso_8859_2 && candidate.encoding <= text_encoding::iso_8859_16;
  std::uint64_t cost = is_multibyte(candidate.encoding)
                           ? cost_of_characters(sample, candidate.encoding)
                           : cost_of_letters(sample, letter_classes(candidate.encoding, language_models[which], sample));
  // Nearly all pairs of bytes have its shape, and bytes by chance cost it 0.92 of most_cost.
  if (candidate.encoding == text_encoding::gbk) cost += cost / 8;
  if (sample.has_c1 && is_iso_8859) cost += 14;
  return cost + candidate.rarity;
}

/// The encoding that makes the likeliest text; unknown if none makes a likelier one than bytes by chance are. All candidates are
/// tried on windows of 64 bytes, those that are not far behind the best also on windows of 1 KiB.
///
/// Cost: linear in the sample, of at most some 64 KiB, times some ten pairs of encoding and language; a millisecond besides.
[[nodiscard]] inline text_encoding likeliest_legacy(text_view text) noexcept {
  constexpr std::size_t most_pairs = 160;
  std::uint64_t costs[most_pairs];
  const auto for_each_pair = [](auto visit) {
    std::size_t number = 0;
    for (const legacy_candidate& candidate : legacy_candidates) {
      for (auto which = static_cast<int>(candidate.first); which <= static_cast<int>(candidate.last); ++which) {
        visit(candidate, which, number++);
      }
    }
    return number;
  };
  const text_sample first = sample_of(text, 64);
  std::uint64_t least = most_cost(first);
  for_each_pair([&](const legacy_candidate& candidate, int which, std::size_t number) {
    ATLAS_ASSERT(number < most_pairs);
    costs[number] = cost_of(first, candidate, which);
    least = costs[number] < least ? costs[number] : least;
  });
  const std::uint64_t most = least + least / 4 + 100;
  const text_sample sample = sample_of(text);
  least = most_cost(sample);
  text_encoding best = text_encoding::unknown;
  for_each_pair([&](const legacy_candidate& candidate, int which, std::size_t number) {
    if (costs[number] > most) return;
    const std::uint64_t cost = cost_of(sample, candidate, which);
    if (cost >= least) return;
    least = cost;
    best = candidate.encoding;
  });
  return best;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_TEXT_LEGACY_STATISTICS_HPP
