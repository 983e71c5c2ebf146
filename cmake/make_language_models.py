#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes include/atlas/text/language_models.hpp: which letters follow which, by which legacy encodings are told apart.

    make_language_models.py [DATA] [--check]

DATA is the folder with the texts learned from; default $ATLAS_TEST_DATA/text. With --check writes nothing, and exits with 1 if
the header is not what it would write, with 77 if DATA is not there.

Alphabets: the Universal Declaration of Human Rights in each language (udhr2 of NLTK, free), one short text each.
Chinese, Japanese, Korean: the same, and books of Natsume and Akutagawa (Aozora Bunko, public domain), translations of React's
documentation (CC BY 4.0); of these only counts of lead bytes are taken.
"""
import argparse
import collections
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = ROOT / "include/atlas/text/language_models.hpp"

# A model and the UDHR file it is learned from. Enough of each family that no language is taken for a far relative.
LANGUAGES = {
    "russian": "rus", "ukrainian": "ukr", "belarusian": "bel", "bulgarian": "bul", "serbian": "srp_cyrl", "macedonian": "mkd",
    "greek": "ell_monotonic", "hebrew": "heb", "arabic": "arb", "persian": "pes_1", "thai": "tha", "turkish": "tur",
    "vietnamese": "vie", "english": "eng", "french": "fra", "german": "deu", "spanish": "spa", "portuguese": "por_PT",
    "italian": "ita", "dutch": "nld", "swedish": "swe", "danish": "dan", "norwegian": "nob", "finnish": "fin",
    "icelandic": "isl", "catalan": "cat", "czech": "ces", "slovak": "slk", "polish": "pol", "hungarian": "hun",
    "slovene": "slv", "croatian": "hrv", "romanian": "ron", "albanian": "als", "lithuanian": "lit", "latvian": "lav",
    "estonian": "est", "maltese": "mlt", "esperanto": "epo", "welsh": "cym", "irish": "gle", "sami": "sme",
}
MOST_LETTERS = 72
MOST_HALF_BITS = 28  # what is never seen costs 14 bits, and no more
# Lead bytes of each encoding, its Python codec and the texts of its language, each as often as is said: there is little modern
# Chinese in traditional characters, so the many that are no others in simplified Chinese stand in for it.
MULTIBYTE = {
    "simplified": ("gbk", {"cmn_hans": 1, "react-zh-hans": 1}),
    "traditional": ("cp950", {"cmn_hant": 100, "react-zh-hans": 1}),
    "euc_japanese": ("euc_jp", {"jpn": 1, "react-ja": 20, "aozora": 1}),
    "shift_japanese": ("cp932", {"jpn": 1, "react-ja": 20, "aozora": 1}),
    "korean": ("cp949", {"kor": 1, "react-ko": 1}),
}


def half_bits(probability):
    return min(MOST_HALF_BITS, round(-2 * math.log2(probability)))


def written(costs):
    """Costs as characters from 'a' on, none of which needs to be escaped in C++."""
    return "".join(chr(ord("a") + cost) for cost in costs)


def as_typed(text, language):
    """The text as the encodings have it: letters composed, but Vietnamese tones, which windows-1258 has by themselves."""
    text = unicodedata.normalize("NFC", text)
    if language == "vietnamese":
        kept = "".join(bytes([byte]).decode("cp1258", "ignore") for byte in range(256))
        text = "".join(c if c in kept else recomposed(c) for c in text)
    if language == "romanian":  # the encodings but ISO-8859-16 have the letters with cedillas instead
        text += text.translate(str.maketrans("\u0219\u021b\u0218\u021a", "\u015f\u0163\u015e\u0162"))
    return text


def recomposed(letter):
    """A letter without its tone, and the tone."""
    parts = unicodedata.normalize("NFD", letter)
    tones = [c for c in parts[1:] if c in "\u0300\u0301\u0303\u0309\u0323"]
    rest = "".join(c for c in parts if c not in tones)
    return unicodedata.normalize("NFC", rest) + "".join(tones)


def is_letter(character):
    return unicodedata.category(character)[0] in "LM"


def model(text):
    """The alphabet, lower and upper case, and the costs of its pairs; letter 0 is whatever stands between words."""
    text = text.lower()
    counts = collections.Counter(c for c in text if is_letter(c) and ord(c) < 0x10000)
    latin = sum(counts[c] for c in "abcdefghijklmnopqrstuvwxyz") * 2 > sum(counts.values())
    letters = [c for c, count in counts.most_common(MOST_LETTERS) if count >= 2 and (latin or c > "\x7f")]
    if latin:
        letters += [c for c in "abcdefghijklmnopqrstuvwxyz" if c not in letters]
    letters.sort()
    number = {c: i + 1 for i, c in enumerate(letters)}
    size = len(letters) + 1
    pairs = [[0.0] * size for _ in range(size)]
    single = [1.0] * size
    before = 0
    for c in text:
        here = number.get(c, 0)
        if before or here:
            pairs[before][here] += 1
            single[here] += 1
        before = here
    total = sum(single)
    costs = []
    for row in pairs:
        # A pair that was not seen is as likely as its second letter, by as much as five sightings weigh.
        sum_of_row = sum(row) + 5
        costs += [half_bits((count + 5 * single[column] / total) / sum_of_row) for column, count in enumerate(row)]
    upper = [c.upper() if len(c.upper()) == 1 else c for c in letters]
    return letters, upper, costs


def lead_costs(codec, text):
    """What a character costs, by its lead byte from 0x81 to 0xFE: that of the lead byte, and of its trail bytes on average."""
    leads = collections.Counter()
    trails = collections.defaultdict(collections.Counter)
    for character, count in collections.Counter(text).items():
        if character > "\x7f":
            encoded = character.encode(codec, "ignore")
            if len(encoded) == 2 and encoded[0] >= 0x81 and (codec != "cp932" or not 0xA0 <= encoded[0] <= 0xDF):
                leads[encoded[0]] += count
                trails[encoded[0]][encoded[1]] += count
    total = sum(leads.values())
    costs = []
    for lead in range(0x81, 0xFF):
        probability = (leads[lead] + total * 5e-4) / (total * (1 + 126 * 5e-4))
        spread = 7.0
        if leads[lead] > 50:
            spread = -sum(n / leads[lead] * math.log2(n / leads[lead]) for n in trails[lead].values())
        costs.append(min(MOST_HALF_BITS, round(spread - math.log2(probability))))
    return costs


def unpacked(data, scratch):
    """Texts by the end of their path, those of one corpus that holds several languages by their folder."""
    texts = {}
    for packed in ("udhr2-multilingual", "ja-aozora-utf8.txt", "markdown-docs"):
        if packed.endswith(".txt"):
            run = subprocess.run(["zstd", "-dc", data / f"{packed}.zst"], check=False, capture_output=True)
            texts["aozora"] = run.stdout.decode("utf-8", "replace")
        else:
            folder = pathlib.Path(scratch, packed)
            folder.mkdir()
            run = subprocess.run(["tar", "-I", "zstd", "-xf", data / f"{packed}.tar.zst", "-C", folder], check=False,
                                 capture_output=True)
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                name = path.relative_to(folder).as_posix()
                key = path.stem if packed.startswith("udhr2") else name
                texts[key] = texts.get(key, "") + path.read_text(encoding="utf-8", errors="replace")
        if run.returncode != 0:
            return None
    return texts


def corpus(texts, weights):
    """The texts that are named, or that lie in a folder of the name, each as often as its weight says."""
    return "".join(text * weight for name, weight in weights.items()
                   for key, text in texts.items() if key == name or name in key.split("/")[:-1])


def header(texts):
    lines = [
        "// SPDX-License-Identifier: Apache-2.0",
        "// include/atlas/text/language_models.hpp -- which letters follow which, in the languages that legacy encodings are for.",
        "//",
        "// Room:      numbers, nothing else.",
        "// Source:    letters from the Universal Declaration of Human Rights (NLTK's udhr2, free); lead bytes also from",
        "//            Aozora Bunko (public domain) and React's documentation (CC BY 4.0), of which only counts are taken.",
        "//            Written by cmake/make_language_models.py; not to be changed by hand.",
        "// Depends:   core.",
        "#ifndef ATLAS_TEXT_LANGUAGE_MODELS_HPP",
        "#define ATLAS_TEXT_LANGUAGE_MODELS_HPP",
        "",
        "#include <atlas/core/config.hpp>  // ATLAS_ABI",
        "",
        "namespace atlas { inline namespace ATLAS_ABI { namespace detail {",
        "",
        "/// An alphabet, and what each pair of letters costs: -2 log2 of the probability of the second after the first, as a",
        "/// character from 'a' on. Row and column 0 stand for what is no letter, as a space.",
        "struct language_model {",
        "  const char16_t* lower = nullptr;  ///< in ascending order",
        "  const char16_t* upper = nullptr;  ///< the same letters",
        "  const char* pairs = nullptr;      ///< [letters + 1, letters + 1]",
        "  std::uint8_t letters = 0;",
        "  bool is_latin = false;            ///< a to z are among them",
        "};",
        "",
        "enum class language : std::uint8_t {"]
    row = " "
    for name in LANGUAGES:
        if len(row) + len(name) + 2 > 120:
            lines.append(row)
            row = " "
        row += f" {name},"
    lines += [row, "};", "", f"inline constexpr language_model language_models[{len(LANGUAGES)}] = {{"]
    for name, source in LANGUAGES.items():
        lower, upper, costs = model(as_typed(texts[source], name))
        pairs = written(costs)
        lines.append(f'    {{u"{escaped(lower)}",  // {name}')
        lines.append(f'     u"{escaped(upper)}",')
        for start in range(0, len(pairs), 400):
            lines.append(f'     "{pairs[start:start + 400]}"' + ("," if start + 400 >= len(pairs) else ""))
        lines.append(f"     {len(lower)}, {'true' if 'a' in lower else 'false'}}},")
    lines += ["};", "", "/// What a character of two bytes costs, by its lead byte from 0x81 on: -log2, written likewise."]
    for name, (codec, sources) in MULTIBYTE.items():
        lines.append(f'inline constexpr char {name}_leads[] = "{written(lead_costs(codec, corpus(texts, sources)))}";')
    lines += ["", "}}}  // namespace atlas::ATLAS_ABI::detail", "", "#endif  // ATLAS_TEXT_LANGUAGE_MODELS_HPP", ""]
    return "\n".join(lines)


def escaped(letters):
    return "".join(c if c <= "\x7f" else f"\\u{ord(c):04X}" for c in letters)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = pathlib.Path(os.environ.get("ATLAS_TEST_DATA", ".")) / "text"
    parser.add_argument("data", type=pathlib.Path, nargs="?", default=default)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        texts = unpacked(options.data, scratch) if options.data.is_dir() else None
        if texts is None:
            print(f"skipped: {options.data} does not hold the texts, or tar cannot unpack zstd here")
            return 77
        wanted = header(texts)
    if not options.check:
        HEADER.write_text(wanted, encoding="utf-8")
        return 0
    stale = not HEADER.is_file() or HEADER.read_text(encoding="utf-8") != wanted
    print(f"{HEADER.relative_to(ROOT)} is {'not ' if stale else ''}what cmake/make_language_models.py writes")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
