# SPDX-License-Identifier: Apache-2.0
"""Writes seeds of tests/fuzz/seeds/encoding: prose in an encoding of each kind, behind the three bytes that choose how it is read.

Run it again only when those bytes or the numbers of encodings change; the seeds are committed.
"""
import pathlib

RUSSIAN = "Съешь же ещё этих мягких французских булок.\n"
JAPANESE = "日本語の文章です。カタカナ、ひらがな、漢字。ABC 123\n"
TEXTS = {  # name: number of the encoding, Python's codec, text
    "windows_1251": (34, "cp1251", RUSSIAN),
    "koi8_r": (29, "koi8_r", RUSSIAN),
    "windows_1252": (35, "cp1252", "Où est l'élève? Die Straße heißt „Größe“.\n"),
    "windows_1253": (36, "cp1253", "Η γρήγορη αλεπού πηδά.\n"),
    "windows_874": (32, "cp874", "เป็นมนุษย์สุดประเสริฐ\n"),
    "gb18030": (65, "gb18030", "我们都是中国人 \u0080 \U0001F600\n"),
    "big5": (66, "big5hkscs", "我們都是好朋友 \u00CA\u0304\n"),
    "euc_jp": (67, "euc_jp", JAPANESE + "ｱｲｳ 丂\n"),
    "iso_2022_jp": (68, "iso2022_jp", JAPANESE),
    "shift_jis": (69, "cp932", JAPANESE + "ｱｲｳ\n"),
    "euc_kr": (70, "cp949", "다람쥐 헌 쳇바퀴에 타고파 똠방각하\n"),
    "utf16_be": (2, "utf-16-be", JAPANESE + "\U0001F600"),
}


def main():
    folder = pathlib.Path(__file__).parent / "seeds" / "encoding"
    for name, (number, codec, text) in TEXTS.items():
        encoded = text.encode(codec)
        (folder / name).write_bytes(bytes([number, 0, 4]) + encoded)
        (folder / f"{name}_cut").write_bytes(bytes([number, 1, 0]) + encoded[:-2] + b"\xff" + encoded[1:-1])


if __name__ == "__main__":
    main()
