# SPDX-License-Identifier: Apache-2.0
"""include/atlas/text/sentence_words.hpp in Python: the words that tell whether a full stop ends a sentence, as hashes of words that
are read letter by letter. The lists are those of the header, word for word."""

from __future__ import annotations

from typing import FrozenSet


def _lower_of(c: int) -> int:
    """Lower case of the letters of the lists' languages; others are as they are."""
    if 0x41 <= c <= 0x5A or (0xC0 <= c <= 0xDE and c != 0xD7) or 0x0410 <= c <= 0x042F:
        return c + 0x20
    return c + 0x50 if 0x0400 <= c <= 0x040F else c


EMPTY_WORD = 2166136261


def word_with(word: int, letter: int) -> int:
    """The hash of a word with a letter behind it (FNV-1a, 32 bits)."""
    return (word ^ _lower_of(letter)) * 16777619 & 0xFFFFFFFF


def hash_of(word: str) -> int:
    found = EMPTY_WORD
    for letter in word:
        found = word_with(found, ord(letter))
    return found


def _hashes(words: str) -> FrozenSet[int]:
    return frozenset(map(hash_of, words.split()))


# Titles and the like, which always have something behind them.
TITLES = _hashes(
    "mr mrs ms mx hl dr drs prof rev fr sra srta hon gen col maj capt cpt lt cmdr sgt cpl pvt adm gov sen rep pres "
    "supt messrs mme mlle mgr pf hr herr frau dipl ing e.g i.e cf vs viz zzt vgl z.b d.h u.a s.o sog insb ggf evtl dn "
    "dña ud uds sig dott avv dhr mevr гн им ул просп т.е т.к см ср проф mt акад")
# Before a number they are abbreviations, else words or the end of a sentence.
NUMBER_WORDS = _hashes(
    "no nos n° nº nr nrs num núm vol vols fig figs abb tab art arts sec sect ch chap par § pp pg pag pág págs bd ca "
    "approx circa ed eds op ver vers rev ap apt rm tel ext s ss f ff jg стр тел гл рис № cap lib")
# What may stand inside a sentence or end it.
ABBREVIATIONS = _hashes(
    "co corp inc ltd llc plc bros assn dept univ inst jr sr esq phd bsc msc etc al st ave blvd rd hwy sq jan feb apr "
    "jun jul aug sept oct nov dec tue tues wed thu thur thurs fri ala ariz calif colo conn fla kan ky md mich minn "
    "mont neb nev okla penn tenn tex vt wis wyo hrs lb lbs oz ft mph cu qt ph.d chr jh jhd jhdt mrd mio tsd str stk "
    "usw geb gest verh hrsg verl aufl bspw inkl exkl zzgl entspr ehem mögl kfm bzw av janv févr juil déc avda dpto "
    "teléf ntra ee ecc bijv enz evt hz yrd doç cad bkz vb гг вв тыс млн млрд руб коп обл пос др пр т.д т.п н.э")
# What often begins a sentence and seldom a name.
SENTENCE_STARTERS = _hashes(
    "the a an in on at he she it they we i you this that these those there his her its our my your their but and if "
    "when while as after before for from with what who how why where which however although though since so then did "
    "do does is are was were will can could would should not yes both some many most more one to by according despite "
    "during until even now here being millions also yet or nor because such another each every once only just still "
    "let please perhaps meanwhile der die das ein eine er sie es ich wir ihr im auf mit und aber wenn als nach vor "
    "für bei doch da dann dies diese dieser dieses ihre seine auch durch zum zur sein jedoch während seit les une il "
    "elle ils elles je nous vous ce cette ces dans mais quand comme pour avec sur cependant après son ses leur selon "
    "los las una ella ellos pero cuando como para con por este esta esto su sus desde aunque gli nel nella ma quando "
    "questo questa dopo um uma mas não ele ela eles het een hij zij deze dit maar bu ve bir ancak fakat çünkü daha в "
    "на и но он она они оно это этот я мы с по а если как его ее после при для однако")
# After these a short number with a full stop is an ordinal: "am 5. Mai", "der 4. Klasse".
ORDINAL_ARTICLES = _hashes(
    "der die den dem des am im vom zum zur beim bis ab seit jeder jede jedes dieser diese dieses diesem ihre ihrer "
    "ihrem ihren seine seiner seinem seinen ihr sein unser unsere mein meine dein deine und oder ins für sowie")
# At the start of a sentence these number an item or a chapter.
ROMAN_NUMBERS = _hashes(
    "ii iii iv vi vii viii ix xi xii xiii xiv xv xvi xvii xviii xix xx xxi")

# The letters of "a. C.", "d. C." and of their like in Russian, which end a sentence more often than not: hash of the first, the second.
_ERAS = frozenset(((hash_of("a"), ord("C")), (hash_of("d"), ord("C")), (hash_of("н"), ord("э"))))
# Single letters that are units behind a number and no initials: degrees, and the Russian year.
UNITS = frozenset(map(ord, "CFг"))


def is_era(word: int, letter: int) -> bool:
    return (word, letter) in _ERAS
