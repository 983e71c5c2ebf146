// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/sentence_words.hpp -- the words that tell whether a full stop ends a sentence.
//
// Room:      abbreviations and words that begin sentences, of English, German, French, Spanish, Italian, Portuguese, Dutch, Turkish
//            and Russian together, since a text does not say its language; a hash of a word that is read letter by letter.
// Not here:  what is made of them (text/tailored_sentences.hpp).
// Depends:   core.
// Threads:   every function is pure.
//
// The lists are fixed: boundaries change with a version of ATLAS only. Words are lower case, without the last full stop.
#ifndef ATLAS_TEXT_SENTENCE_WORDS_HPP
#define ATLAS_TEXT_SENTENCE_WORDS_HPP

#include <atlas/core/assert.hpp>  // ATLAS_ASSERT
#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Lower case of the letters of the lists' languages; others are as they are.
[[nodiscard]] constexpr char32_t lower_of(char32_t c) noexcept {
  if ((c >= U'A' && c <= U'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x0410 && c <= 0x042F)) return c + 0x20;
  return c >= 0x0400 && c <= 0x040F ? c + 0x50 : c;
}

/// A hash of a word, letter by letter (FNV-1a, 32 bits, http://www.isthe.com/chongo/tech/comp/fnv).
inline constexpr std::uint32_t empty_word = 2166136261U;
[[nodiscard]] constexpr std::uint32_t word_with(std::uint32_t word, char32_t letter) noexcept {
  return (word ^ static_cast<std::uint32_t>(lower_of(letter))) * 16777619U;
}

/// The hashes of a list of words in order.
template <std::size_t Capacity>
struct word_set {
  std::uint32_t hashes[Capacity] = {};

  /// @param words  apart by single spaces; Capacity of them
  explicit constexpr word_set(const char32_t* words) noexcept {
    std::size_t size = 0;
    std::uint32_t word = empty_word;
    for (;; ++words) {
      if (*words != U' ' && *words != U'\0') {
        word = word_with(word, *words);
        continue;
      }
      std::size_t place = size++;
      for (; place > 0 && hashes[place - 1] > word; --place) hashes[place] = hashes[place - 1];
      hashes[place] = word;
      word = empty_word;
      if (*words == U'\0') return;
    }
  }

  [[nodiscard]] constexpr bool contains(std::uint32_t word) const noexcept {
    std::size_t first = 0;
    std::size_t last = Capacity;
    while (first < last) {
      const std::size_t middle = first + (last - first) / 2;
      if (hashes[middle] < word) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    return first < Capacity && hashes[first] == word;
  }
};

/// Titles and the like, which always have something behind them.
inline constexpr char32_t title_words[] =
    U"mr mrs ms mx hl dr drs prof rev fr sra srta hon gen col maj capt cpt lt cmdr sgt cpl pvt adm gov sen rep pres supt "
    U"messrs mme mlle mgr pf hr herr frau dipl ing e.g i.e cf vs viz zzt vgl z.b d.h u.a s.o sog insb ggf evtl dn "
    U"d\u00F1a ud uds sig dott avv dhr mevr \u0433\u043D \u0438\u043C \u0443\u043B \u043F\u0440\u043E\u0441\u043F "
    U"\u0442.\u0435 \u0442.\u043A \u0441\u043C \u0441\u0440 \u043F\u0440\u043E\u0444 mt \u0430\u043A\u0430\u0434";
inline constexpr word_set<74> titles(title_words);

/// Before a number they are abbreviations, else words or the end of a sentence.
inline constexpr char32_t words_before_numbers[] =
    U"no nos n\u00B0 n\u00BA nr nrs num n\u00FAm vol vols fig figs abb tab art arts sec sect ch chap par \u00A7 pp pg pag "
    U"p\u00E1g p\u00E1gs bd ca approx circa ed eds op ver vers rev ap apt rm tel ext s ss f ff jg \u0441\u0442\u0440 "
    U"\u0442\u0435\u043B \u0433\u043B \u0440\u0438\u0441 \u2116 cap lib";
inline constexpr word_set<54> number_words(words_before_numbers);

/// What may stand inside a sentence or end it.
inline constexpr char32_t abbreviated_words[] =
    U"co corp inc ltd llc plc bros assn dept univ inst jr sr esq phd bsc msc etc al st ave blvd rd hwy sq jan feb apr jun "
    U"jul aug sept oct nov dec tue tues wed thu thur thurs fri ala ariz calif colo conn fla kan ky md mich minn mont neb "
    U"nev okla penn tenn tex vt wis wyo hrs lb lbs oz ft mph cu qt ph.d chr jh jhd jhdt mrd mio tsd str stk usw geb gest "
    U"verh hrsg verl aufl bspw inkl exkl zzgl entspr ehem m\u00F6gl kfm bzw av janv f\u00E9vr juil d\u00E9c avda dpto "
    U"tel\u00E9f ntra ee ecc bijv enz evt hz yrd do\u00E7 cad bkz vb \u0433\u0433 \u0432\u0432 \u0442\u044B\u0441 "
    U"\u043C\u043B\u043D \u043C\u043B\u0440\u0434 \u0440\u0443\u0431 \u043A\u043E\u043F \u043E\u0431\u043B "
    U"\u043F\u043E\u0441 \u0434\u0440 \u043F\u0440 \u0442.\u0434 \u0442.\u043F \u043D.\u044D";
inline constexpr word_set<131> abbreviations(abbreviated_words);

/// What often begins a sentence and seldom a name.
inline constexpr word_set<230> sentence_starters(
    U"the a an in on at he she it they we i you this that these those there his her its our my your their but and if when "
    U"while as after before for from with what who how why where which however although though since so then did do does is "
    U"are was were will can could would should not yes both some many most more one to by according despite during until "
    U"even now here being millions also yet or nor because such another each every once only just still let please perhaps "
    U"meanwhile der die das ein eine er sie es ich wir ihr im auf mit und aber wenn als nach vor f\u00FCr bei doch da dann "
    U"dies diese dieser dieses ihre seine auch durch zum zur sein jedoch w\u00E4hrend seit les une il elle ils elles je "
    U"nous vous ce cette ces dans mais quand comme pour avec sur cependant apr\u00E8s son ses leur selon los las una ella "
    U"ellos pero cuando como para con por este esta esto su sus desde aunque gli nel nella ma quando questo questa dopo um "
    U"uma mas n\u00E3o ele ela eles het een hij zij deze dit maar bu ve bir ancak fakat \u00E7\u00FCnk\u00FC daha \u0432 "
    U"\u043D\u0430 \u0438 \u043D\u043E \u043E\u043D \u043E\u043D\u0430 \u043E\u043D\u0438 \u043E\u043D\u043E "
    U"\u044D\u0442\u043E \u044D\u0442\u043E\u0442 \u044F \u043C\u044B \u0441 \u043F\u043E \u0430 \u0435\u0441\u043B\u0438 "
    U"\u043A\u0430\u043A \u0435\u0433\u043E \u0435\u0435 \u043F\u043E\u0441\u043B\u0435 \u043F\u0440\u0438 "
    U"\u0434\u043B\u044F \u043E\u0434\u043D\u0430\u043A\u043E");

/// After these a short number with a full stop is an ordinal: "am 5. Mai", "der 4. Klasse".
inline constexpr word_set<42> ordinal_articles(
    U"der die den dem des am im vom zum zur beim bis ab seit jeder jede jedes dieser diese dieses diesem ihre ihrer ihrem "
    U"ihren seine seiner seinem seinen ihr sein unser unsere mein meine dein deine und oder ins f\u00FCr sowie");

/// At the start of a sentence these number an item or a chapter.
inline constexpr char32_t roman_words[] =
    U"ii iii iv vi vii viii ix xi xii xiii xiv xv xvi xvii xviii xix xx xxi";
inline constexpr word_set<18> roman_numbers(roman_words);

/// Tells short ASCII words apart from all that are in lists, by a bit that a word's letters choose: most words by one look.
class word_filter {
 public:
  static constexpr std::size_t most_letters = 7;  ///< no ASCII word of the lists has more

  template <class... Lists>
  explicit constexpr word_filter(const Lists&... lists) noexcept {
    (add(lists), ...);
  }
  /// false: it is in none of the lists.
  /// @param letters  in lower case, the last in the highest byte that is not 0
  [[nodiscard]] constexpr bool may_contain(std::uint64_t letters) const noexcept { return (bits_[place(letters) / 32] >> (place(letters) % 32) & 1U) != 0; }

 private:
  [[nodiscard]] static constexpr std::size_t place(std::uint64_t letters) noexcept { return static_cast<std::size_t>((letters * 0x9E3779B97F4A7C15U) >> 51); }
  constexpr void add(const char32_t* words) noexcept {
    for (; *words != U'\0'; words += *words == U' ' ? 1 : 0) {
      std::uint64_t letters = 0;
      std::size_t count = 0;
      bool is_ascii = true;
      for (; *words != U' ' && *words != U'\0'; ++words) {
        is_ascii = is_ascii && *words < 0x80U;
        ATLAS_ASSERT(!is_ascii || count < most_letters);
        if (is_ascii) letters |= static_cast<std::uint64_t>(*words) << (8 * count++);
      }
      if (is_ascii) bits_[place(letters) / 32] |= std::uint32_t{1} << (place(letters) % 32);
    }
  }
  std::uint32_t bits_[256] = {};  ///< 8,192, of which one in thirty is set
};
/// The lists that decide what a full stop behind a word is.
inline constexpr word_filter words_before_stop(title_words, words_before_numbers, abbreviated_words, roman_words);

/// The two letters of "a. C.", "d. C." and of their like in Russian, which end a sentence more often than not.
/// @param word  of the first, @param letter  the second
[[nodiscard]] constexpr bool is_era(std::uint32_t word, char32_t letter) noexcept {
  if (letter == U'C') return word == word_with(empty_word, U'a') || word == word_with(empty_word, U'd');
  return letter == U'\u044D' && word == word_with(empty_word, U'\u043D');
}

/// Single letters that are units behind a number and no initials: degrees, and the Russian year.
[[nodiscard]] constexpr bool is_unit(char32_t letter) noexcept { return letter == U'C' || letter == U'F' || letter == U'\u0433'; }

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_TEXT_SENTENCE_WORDS_HPP
