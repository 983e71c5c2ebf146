# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fuzz/seeds/file_header: small index files, good and bad.

Checksums are left zero: the fuzz target makes them right, and a seed with a right one would show nothing more.
Run it again only when the format changes; the seeds are committed.
"""
import pathlib
import struct


def header(sections, file_bytes, **changes):
    fields = dict(magic=b"\x89ATLAS\r\n", order=0x01020304, major=1, minor=0, header_bytes=4096, kind=2, scalar=0,
                  metric=0, dimension=4, section_count=len(sections), count=2, rows=2)
    fields.update(changes)
    page = fields["magic"] + struct.pack(
        "<IHHIHBBIIQQQQ", fields["order"], fields["major"], fields["minor"], fields["header_bytes"], fields["kind"],
        fields["scalar"], fields["metric"], fields["dimension"], fields["section_count"], fields["count"],
        fields["rows"], file_bytes, 0)
    page = page.ljust(1024, b"\0")
    for number, flags, offset, length, element in sections:
        page += struct.pack("<IIQQIIQ24x", number, flags, offset, length, element, 0, 0)
    return page.ljust(4096, b"\0")


def main():
    folder = pathlib.Path(__file__).parent / "seeds" / "file_header"
    folder.mkdir(parents=True, exist_ok=True)
    two = [(0x100, 1, 4096, 32, 16), (0x101, 1, 4160, 16, 8)]
    body = bytes(range(32)) + bytes(32) + bytes(16)
    seeds = {
        "no_sections": header([], 4096),
        "two_sections": header(two, 4176) + body,
        "empty_section": header([(0x100, 0, 4096, 0, 1)], 4096),
        "overlap": header([(0x100, 0, 4096, 80, 16), (0x101, 0, 4160, 16, 8)], 4176) + body,
        "outside": header([(0x100, 0, 4096, 1 << 40, 16)], 4176) + body,
        "wraps": header([(0x100, 0, 2**64 - 64, 128, 16)], 4176) + body,
        "same_id": header([(0x100, 0, 4096, 16, 16), (0x100, 0, 4160, 16, 8)], 4176) + body,
        "zero_element": header([(0x100, 0, 4096, 16, 0)], 4176) + body,
        "part_of_an_element": header([(0x100, 0, 4096, 17, 16)], 4176) + body,
        "unaligned": header([(0x100, 0, 4100, 16, 16)], 4176) + body,
        "growable": header([(0x100, 3, 65536, 40, 8)], 65576).ljust(65536, b"\0") + bytes(range(40)),
        "growable_unaligned": header([(0x100, 2, 4096, 16, 16)], 4176) + body,
        "all_sections": header([(i, 0, 4096 + 64 * i, 8, 8) for i in range(48)], 4096 + 64 * 47 + 8)
                        + bytes(64 * 47 + 8),
        "too_many_sections": header(two, 4176, section_count=49) + body,
        "newer_version": header(two, 4176, major=2) + body,
        "other_byte_order": header(two, 4176, order=0x04030201) + body,
        "other_magic": header(two, 4176, magic=b"\x89PNG\r\n\x1a\n") + body,
    }
    for name, content in seeds.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
