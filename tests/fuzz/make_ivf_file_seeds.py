# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fuzz/seeds/ivf_file: files of inverted lists, honest and lying, for ivf_file_fuzz.cpp.

Run it again only when that program reads its input in another way; the seeds are committed.
"""
import pathlib

SAVE, THREADS, ELSEWHERE = 4, 8, 16
CODES = ("flat", "pq4", "pq8", "rabitq", "sq8")
ROTATIONS = ("none", "random", "learned")
HEADER, PARAMETERS = 0, 1
VECTORS, KEYS, STATES, KEY_MAP, LISTS, BLOCKS, CENTROIDS, CENTROID_CODES, TERMS, CENTRE, QUANTIZER = range(2, 13)
NOT_A_NUMBER, INFINITE, LARGE, ROWS_NOT_THERE, SCATTERED = 0xFA, 0xFB, 0xFD, 0xF4, 0xE0


def lie(section, word, pattern, more_words=0):
    return bytes([section, word >> 8, word & 255, pattern, more_words])


def main():
    folder = pathlib.Path(__file__).parent / "seeds" / "ivf_file"
    folder.mkdir(parents=True, exist_ok=True)
    seeds = {}
    for codes, code_name in enumerate(CODES):
        for rotation, rotation_name in enumerate(ROTATIONS):
            if rotation == 2 and code_name not in ("pq4", "pq8"):
                continue
            name = f"{code_name}_{rotation_name}"
            head = bytes([codes % 3 | SAVE, codes, rotation, 1])
            seeds[name] = head
            seeds[f"{name}_wild_blocks"] = head + lie(BLOCKS, 0, SCATTERED, 255)
        head = bytes([SAVE | THREADS | ELSEWHERE, codes, 0, 2])
        seeds[f"{code_name}_rows_not_there"] = head + lie(BLOCKS, 64, ROWS_NOT_THERE, 31)
        seeds[f"{code_name}_terms_not_numbers"] = head + lie(BLOCKS, 0, NOT_A_NUMBER, 40)
        seeds[f"{code_name}_lists_elsewhere"] = head + lie(LISTS, 0, SCATTERED, 39)
        seeds[f"{code_name}_lists_all_the_same"] = head + lie(LISTS, 0, 0, 39)
        seeds[f"{code_name}_lists_too_long"] = head + lie(LISTS, 5, ROWS_NOT_THERE) + lie(LISTS, 9, LARGE)
        seeds[f"{code_name}_wild_centroids"] = head + lie(CENTROIDS, 0, LARGE, 60) + lie(CENTRE, 3, INFINITE, 2)
        seeds[f"{code_name}_wild_terms"] = head + lie(TERMS, 0, NOT_A_NUMBER, 9) + lie(CENTROID_CODES, 0, SCATTERED, 9)
    for codes in (1, 2):
        head = bytes([SAVE, codes, 2, 1])
        seeds[f"{CODES[codes]}_wild_codebook"] = head + lie(QUANTIZER, 16, LARGE, 200)
        seeds[f"{CODES[codes]}_rotation_of_zeros"] = head + lie(QUANTIZER + 1, 16, 0, 255)
        seeds[f"{CODES[codes]}_other_shape"] = head + lie(QUANTIZER, 6, 3)
    for word in range(20):
        seeds[f"parameter_{word:02}"] = bytes([SAVE, word % 5, 0, 1]) + lie(PARAMETERS, word, 0xF2 + word % 14)
        seeds[f"parameter_small_{word:02}"] = bytes([SAVE, word % 5, 1, 3]) + lie(PARAMETERS, word, word % 7)
    seeds["fewer_rows"] = bytes([SAVE, 1, 0, 1]) + lie(HEADER, 10, 9) + lie(HEADER, 8, 9)
    seeds["same_keys"] = bytes([SAVE, 1, 0, 1]) + lie(KEYS, 0, 7, 255) + lie(KEY_MAP, 0, SCATTERED, 255)
    seeds["odd_states"] = bytes([SAVE, 4, 0, 1]) + lie(STATES, 0, SCATTERED, 60)
    seeds["vectors_not_numbers"] = bytes([SAVE | 2, 1, 0, 1]) + lie(VECTORS, 0, NOT_A_NUMBER, 255)
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
