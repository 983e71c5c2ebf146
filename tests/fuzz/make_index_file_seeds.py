# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fuzz/seeds/index_file: descriptions of index files, good and bad, for index_file_fuzz.cpp.

Run it again only when that program reads its input in another way; the seeds are committed.
"""
import pathlib


def seed(flags, dimension=8, rows=20, live=20, connectivity=2, build=10, search=10, blocks=4, entry_row=0,
         entry_level=0, slots=6, patches=(), sections=b""):
    head = bytes([flags, dimension - 1, rows, live, connectivity - 2, build - 1, search - 1, blocks, entry_row,
                  entry_level, slots, len(patches)])
    return head + b"".join(bytes([at >> 8, at & 255, value]) for at, value in patches) + sections


def main():
    folder = pathlib.Path(__file__).parent / "seeds" / "index_file"
    folder.mkdir(parents=True, exist_ok=True)
    usual = b"\0"
    states = b"\1" + bytes(i % 3 for i in range(20))
    levels = b"\1" + bytes(2 if i == 3 else 0 for i in range(20))
    blocks = b"\1" + bytes(0 if i == 3 else 0xFF for i in range(20))
    upper = b"\1" + bytes([5, 3, 0xFF, 9, 3, 3, 0xFF, 0xFF])
    nan_patterns = b"\1" + bytes.fromhex("7fc00000" "7f800000" "00000000" "ff7fffff")
    seeds = {
        "flat_l2sq": seed(0),
        "flat_inner_product_saved": seed(2 | 8),
        "flat_cosine": seed(4, dimension=16),
        "flat_no_key_map": seed(0, slots=128),
        "flat_no_rows": seed(0 | 8, rows=0, live=0),
        "flat_not_numbers": seed(4 | 8, sections=nan_patterns + usual + states),
        "hnsw_l2sq_saved": seed(1 | 8),
        "hnsw_threads": seed(1 | 16, rows=39, connectivity=3),
        "hnsw_cosine": seed(1 | 4),
        "hnsw_no_entry": seed(1, entry_row=0xFF),
        "hnsw_entry_too_high": seed(1, entry_level=0xF1),
        "hnsw_levels": seed(1 | 8, entry_row=3, entry_level=2,
                            sections=usual + usual + states + usual + usual + levels + blocks + upper),
        "hnsw_own_links": seed(1, sections=usual * 4 + b"\1" + bytes(i // 4 for i in range(80))),
        "hnsw_far_links": seed(1 | 8, sections=usual * 4 + b"\1" + bytes(range(0xB0, 0x100))),
        "hnsw_not_numbers": seed(1, sections=nan_patterns),
        "hnsw_same_keys": seed(1 | 8, sections=usual + b"\1" + b"\7" * 20 + usual + b"\1" + bytes(range(20))),
        "kind_3": seed(0, patches=[(20, 3)]),
        "rows_1000": seed(1, patches=[(41, 4)]),
        "connectivity_513": seed(1, patches=[(68, 1), (69, 2)]),
    }
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
