# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fuzz/seeds/index_file: descriptions of index files, good and bad, for index_file_fuzz.cpp.

Run it again only when that program reads its input in another way; the seeds are committed.
"""
import pathlib


CODED = 32
SEALED = 64
ELSEWHERE = 128


def seed(flags, dimension=8, rows=20, live=20, connectivity=2, build=10, search=10, blocks=4, entry_row=0,
         entry_level=0, slots=6, patches=(), sections=b"", codes=3, wanted=None, codes_from=8, prefetch=0, alpha=64,
         stored=0, row_blocks=1, rotation_seed=1):
    head = bytes([flags, dimension - 1, rows, live, connectivity - 2, build - 1, search - 1, blocks, entry_row,
                  entry_level, slots])
    if flags & CODED:
        head += bytes([codes, codes if wanted is None else wanted, codes_from, prefetch, alpha, stored])
    if flags & SEALED:
        head += bytes([row_blocks - 1, rotation_seed])
    head += bytes([len(patches)])
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
    large_patterns = b"\1" + bytes.fromhex("7f7fffff" "ff7fffff" "00000001" "5e5e5e5e")
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
        "coded_lvq8": seed(1 | CODED | 8),
        "coded_lvq4_cosine": seed(1 | 4 | CODED | 8, dimension=17, codes=4),
        "coded_f16": seed(1 | CODED | 8, codes=1),
        "coded_bf16_inner_product": seed(1 | 2 | CODED | 8, codes=2, stored=2),
        "coded_i8": seed(1 | CODED | 8, stored=3),
        "coded_u8_cosine_threads": seed(1 | 4 | CODED | 16, rows=39, stored=4, codes=4),
        "coded_f16_stored_not_numbers": seed(1 | CODED | 8, stored=1, sections=nan_patterns),
        "coded_later": seed(1 | CODED | 8, codes=0, wanted=3, codes_from=21),
        "coded_none_of_enough": seed(1 | CODED, codes=0, wanted=3, codes_from=20),
        "coded_other_than_wanted": seed(1 | CODED, codes=3, wanted=4),
        "coded_kind_5": seed(1 | CODED, codes=5),
        "coded_from_0": seed(1 | CODED, codes_from=0),
        "coded_alpha_not_a_number": seed(1 | CODED | 8, alpha=255, prefetch=255),
        "coded_scalar_of_bits": seed(1 | CODED, stored=5),
        "coded_wild_codes": seed(1 | CODED | 8, sections=usual * 8 + nan_patterns + usual),
        "coded_wild_f16_codes": seed(1 | CODED | 8, codes=1, sections=usual * 8 + nan_patterns + usual),
        "coded_centre_not_numbers": seed(1 | CODED, sections=usual * 9 + nan_patterns),
        "coded_wild_centre": seed(1 | CODED | 8, sections=usual * 9 + large_patterns),
        "coded_removed": seed(1 | CODED | 8, live=13, sections=usual * 2 + states),
        "coded_states_of_no_file": seed(1 | CODED | 8, live=5, sections=usual * 2 + b"\1" + bytes(i % 7 for i in range(20))),
        "sealed": seed(1 | SEALED, dimension=16),
        "sealed_coded": seed(1 | CODED | SEALED, dimension=20, row_blocks=4),
        "sealed_saved": seed(1 | SEALED | 8, row_blocks=2),
        "sealed_wild_blocks": seed(1 | SEALED, sections=usual * 8 + nan_patterns),
        "sealed_five_blocks": seed(1 | SEALED, patches=[(116, 5)]),
        "coded_elsewhere": seed(1 | CODED | ELSEWHERE),
        "coded_elsewhere_not_numbers": seed(1 | CODED | ELSEWHERE, stored=1, sections=nan_patterns),
        "sealed_elsewhere": seed(1 | CODED | SEALED | ELSEWHERE, dimension=20, row_blocks=2),
        "flat_elsewhere": seed(ELSEWHERE),
        "dead_rows_in_key_map": seed(1 | 8, live=0, slots=5, sections=usual * 2 + b"\1" + b"\1" * 20),
        "kind_3": seed(0, patches=[(20, 3)]),
        "rows_1000": seed(1, patches=[(41, 4)]),
        "connectivity_513": seed(1, patches=[(68, 1), (69, 2)]),
    }
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
