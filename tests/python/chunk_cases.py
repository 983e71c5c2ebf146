# SPDX-License-Identifier: Apache-2.0
"""Documents and options that both chunkers are tried with, and one line for each of what came of them.

Nothing here depends on Python's own random numbers: the same documents come of it for ever. golden/chunks.tsv holds golden_lines(cut)
of the native chunker, so that the one in Python can be compared with it where there is no native library.
"""

import hashlib

import numpy as np

from atlas._pure.text_chunker import CutOptions

PROSE = (
    "Mr. Smith of the U.S. Navy came at 5 p.m. He left (so they say) before Dr. Jones, who arrived late; nobody knew why... \"Really?\" "
    "asked Ms. Brown! Yes. See vol. 3, no. 7, pp. 12 etc. The price was 3.14, e.g. for 2s. 6d. a pound. Yahoo! in the news? ",
    "Am 5. Mai kam Prof. Müller z. B. nach Köln. Die 4. Klasse war dort. »Wirklich?«, fragte er. 1. Erstens. 2. Zweitens. ",
    "M. Dupont dit : « Bonjour ! » Puis il partit… L'été, av. J.-C., etc. Elle resta. ¿Dónde está la Sra. García? ¡Aquí! ",
    "В 1987 г. он жил на ул. Ленина, т.е. недалеко. Это было в III в. до н. э. Однако потом всё изменилось. ",
    "吾輩は猫である。名前はまだ無い。「どこで生れたか」と聞いた！頓と見当がつかぬ、と答えた。 中文句子，没有空格；下一句？《红楼梦》里说：好。",
    "안녕하세요. 저는 \"학생\"이라고 했다. 그것은 1. 첫째 2. 둘째이다. ภาษาไทยไม่มีช่องว่างระหว่างคำ เป็นเรื่องปกติ ",
    "यह एक वाक्य है। यह दूसरा है॥ مرحبا بالعالم، كيف حالك؟ هذا جيد؛ نعم. Ελληνικά; ναι. שלום \"עולם\". ",
)
MARKS = (
    ". ", "! ", "? ", "... ", ".", "!", "?", " . . . ", "… ", "…", ", ", "; ", ": ", ") ", "(", "— ", "\"", "'", "“", "” ", "«", "» ", "’", "。", "、",
    "！", "」", "「", "，", "Mr. ", "Dr. ", "U.S. ", "e.g. ", "no. 5 ", "J. ", "a. ", "b. ", "1. ", "2. ", "3) ", "IV. ", "20 C. ", "a. C. ", "The ",
    "Smith ", "word ", "words", "am 5. Mai ", "• ", "é", "e\u0301", "\u0301", "\u0301" * 20, "\U0001F1E9\U0001F1EA", "\U0001F1E9", "👨‍👩‍👧", "👍🏽",
    "\u200D", "한", "\u1112\u1161\u11AB", "ก็", "中文", "।", "\u00A0", "\u2028", "\u0085", "\u3000", "\u00AD", "°", "-", "\n", "\n\n", "\r\n", "\r",
    "\r\r\n", "\n\r", "  ", "\t", "\v", "\f", "\0", "\x7F", "x" * 30, "1234", "A")
BAD = (b"\xFF", b"\x80", b"\xE2\x82", b"\xF0\x9F", b"\xC0\xAF", b"\xED\xA0\x80", b"\xF4\x90\x80\x80", b"\xE2")


class Numbers:
    """Random ones (Knuth's MMIX generator)."""

    def __init__(self, seed):
        self._state = seed

    def below(self, bound):
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & (1 << 64) - 1
        return (self._state >> 33) % bound

    def choice(self, items):
        return items[self.below(len(items))]


def document(numbers, kind):
    if kind == "prose":
        return "".join(numbers.choice(PROSE) + numbers.choice(("", "", "\n", "\n\n", "\r\n", "\n \n\n")) for _ in range(12)).encode()
    if kind == "one language":
        return (numbers.choice(PROSE) * 8).encode()
    if kind == "marks":
        return "".join(numbers.choice(MARKS) for _ in range(400)).encode()
    if kind == "few marks":
        few = [numbers.choice(MARKS) for _ in range(4)]
        return "".join(numbers.choice(few) for _ in range(300)).encode()
    if kind == "ill-formed":
        return b"".join(numbers.choice(BAD) if numbers.below(4) == 0 else numbers.choice(MARKS).encode() for _ in range(300))
    if kind == "bytes":
        return bytes(numbers.below(256) for _ in range(700))
    if kind == "code points":
        most = numbers.choice((0x3000, 0xD800, 0xD800))
        return "".join(chr(numbers.below(most)) for _ in range(400)).encode()
    if kind == "far code points":
        return "".join(chr(0x10000 + numbers.below(numbers.choice((0x3000, 0x10000, 0xE1000 - 0x10000)))) for _ in range(200)).encode()
    assert kind == "large clusters"
    return b"before " + b"".join(b"e" + b"\xCC\x81" * numbers.choice((3, 40, 2100)) + b" some words " * 9 for _ in range(4))


KINDS = ("prose", "one language", "marks", "few marks", "ill-formed", "bytes", "code points", "far code points", "large clusters")


def options_of(numbers, rule, data):
    size = 1 + numbers.below(numbers.choice((12, 100, 100, 500, 2000)))
    inner = []
    for _ in range(numbers.choice((0, 0, 0, 1, 3))):
        above = inner[-1] if inner else size
        if above > 1:
            inner.append(1 + numbers.below(above - 1))
    given = {}
    if rule == "external":
        places = sorted({numbers.below(len(data) + 10) for _ in range(numbers.choice((1, 10, 60)))})
        given["boundaries"] = tuple((place, numbers.choice((0, 1, 3, 4, 5, 6, 10, 15))) for place in places)
    if rule == "delimiter":
        given["delimiters"] = tuple(numbers.choice(MARKS).encode() for _ in range(1 + numbers.below(6)))
        given["delimiter_side"] = numbers.choice(("before", "behind"))
    return CutOptions(
        size=size, overlap=numbers.choice((0, 0, size // 5, numbers.below(size))), fill_percent=numbers.choice((255, 255, 0, 100, numbers.below(101))),
        coherent_percent=numbers.choice((30, 0, 100, numbers.below(101))), packing=numbers.choice(("full", "coherent", "divided")),
        inner_sizes=tuple(inner), trim=numbers.below(3) == 0, **given)


RULES = ("plain_text", "plain_text", "fixed", "sentence", "uax29_sentence", "external", "delimiter")
SIZERS = ("byte", "character", "character", "grapheme", "word")


def cases(seed, count):
    """Yields (document, rule, sizer, options)."""
    numbers = Numbers(seed)
    for i in range(count):
        data = document(numbers, KINDS[i % len(KINDS)])
        rule = numbers.choice(RULES)
        options = options_of(numbers, rule, data)
        if options.overlap * 5 > options.size * 4:
            data = data[:600]  # many chunks of the same
        yield data, rule, numbers.choice(SIZERS), options


def golden_lines(cut):
    """Of cases(1, 315): rule and sizer, how many chunks there are, and a digest of all that is said of them."""
    lines = []
    for number, (data, rule, sizer, options) in enumerate(cases(1, 315)):
        chunks = cut(data, rule, sizer, options)
        said = b"".join(np.ascontiguousarray(chunks[name].astype("<u8")).tobytes() for name in chunks.dtype.names)
        lines.append(f"{number}\t{rule}\t{sizer}\t{len(chunks)}\t{hashlib.sha256(said).hexdigest()[:16]}")
    return lines


def difference(cut, other, seed, count):
    """What two chunkers say otherwise of the first of `count` cases in which they do; "" if there is none."""
    for number, (data, rule, sizer, options) in enumerate(cases(seed, count)):
        one, two = cut(data, rule, sizer, options), other(data, rule, sizer, options)
        if one.tobytes() != two.tobytes():
            both = min(len(one), len(two))
            chunk = next((i for i in range(both) if one[i].tobytes() != two[i].tobytes()), both)
            return (f"case {number} of seed {seed}, {rule} by {sizer}, {options}, chunk {chunk}: {one[chunk:chunk + 1].tolist()} and "
                    f"{two[chunk:chunk + 1].tolist()} of {data!r}")
    return ""
