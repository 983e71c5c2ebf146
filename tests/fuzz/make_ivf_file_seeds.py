# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fuzz/seeds/ivf_file: files of inverted lists, honest and lying, for ivf_file_fuzz.cpp.

Run it again only when that program reads its input in another way; the seeds are committed.
"""
import pathlib

SAVE, THREADS, ELSEWHERE, PROMISE, GRAPH = 4, 8, 16, 32, 192
CODES = ("flat", "pq4", "pq8", "rabitq", "sq8")
ROTATIONS = ("none", "random", "learned")
STORED = ("f32", "f16", "bf16", "i8", "u8")
RERANK_CODES = ("none", "f16", "bf16", "lvq8", "lvq4")
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
    for stored in range(1, 5):
        head = bytes([stored % 3 | SAVE | ELSEWHERE, stored + 5 * stored, 0, 1])
        seeds[f"stored_{STORED[stored]}"] = head
        seeds[f"stored_{STORED[stored]}_wild_vectors"] = head + lie(VECTORS, 0, SCATTERED, 255) + lie(VECTORS, 300, NOT_A_NUMBER, 255)
    for codes in range(1, 5):
        # Codes and their centre come behind the rows' sections, before the lists.
        head = bytes([codes % 3 | SAVE | ELSEWHERE, 1 + codes % 4, 3 * codes, 1])
        seeds[f"rerank_{RERANK_CODES[codes]}"] = head
        seeds[f"rerank_{RERANK_CODES[codes]}_wild_codes"] = head + lie(KEY_MAP + 1, 0, SCATTERED, 255) + lie(KEY_MAP + 1, 40, NOT_A_NUMBER, 255)
        seeds[f"rerank_{RERANK_CODES[codes]}_wild_centre"] = head + lie(KEY_MAP + 2, 1, LARGE) + lie(KEY_MAP + 2, 4, INFINITE)
        seeds[f"rerank_{RERANK_CODES[codes]}_other_codes"] = head + lie(PARAMETERS, 2, 1)
    head = bytes([SAVE | PROMISE, 1, 0, 1])
    seeds["promise"] = head
    for word in range(16, 22):
        seeds[f"promise_{word}_small"] = head + lie(PARAMETERS, word, 1)
        seeds[f"promise_{word}_large"] = head + lie(PARAMETERS, word, 0xF0 + word % 14)
    seeds["promise_of_rerank_codes"] = bytes([SAVE | PROMISE, 16, 9, 2])
    for metric in range(3):
        seeds[f"graph_{metric}"] = bytes([metric | SAVE | GRAPH, 0, 0, 0])
    head = seeds["graph_0"]
    # Without a quantiser or a rotation the graph is what stands last: a file within the file.
    seeds["graph_wild_header"] = head + lie(QUANTIZER, 7, SCATTERED, 20)
    seeds["graph_entry_not_there"] = head + lie(QUANTIZER, 22, ROWS_NOT_THERE)
    seeds["graph_wild_centre"] = head + lie(CENTRE, 0, NOT_A_NUMBER)
    seeds["graph_fewer_lists"] = head + lie(PARAMETERS, 1, 5)
    for section, part in enumerate(("vectors", "keys", "states", "key_map", "links", "levels", "upper_blocks", "upper_links", "codes", "code_centre")):
        seeds[f"graph_wild_{part}"] = head + lie(QUANTIZER + 1 + section, 0, SCATTERED, 255)
        seeds[f"graph_{part}_not_there"] = head + lie(QUANTIZER + 1 + section, 5, ROWS_NOT_THERE, 200)
    for word in range(22):
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
