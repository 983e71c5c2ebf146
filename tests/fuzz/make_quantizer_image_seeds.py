# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fuzz/seeds/quantizer_image: images of quantisers, good and bad, for quantizer_image_fuzz.cpp.

That program makes checksums right, so none is worked out here. `kind` is one less than what it becomes.
"""
import math
import pathlib
import struct


def image(kind, shape, numbers, magic=b"ALQZ", version=1, count=None):
    head = magic + struct.pack("<HH", version, kind) + struct.pack("<7Q", 0, len(numbers) if count is None else count,
                                                                   *shape, 0, 0)
    return head + struct.pack(f"<{len(numbers)}f", *numbers)


def wave(count, scale=1.0):
    return [scale * math.sin(7.3 * i) for i in range(count)]


def corrected(dimension, padded, scale=1.0, corrections=None):
    turn = [1.0 if i % (dimension + 1) == 0 else 0.0 for i in range(padded * dimension)]
    return (wave(dimension, scale) + turn + [0.5] * padded + wave(padded * 256, scale) + [0.75, 0.5] +
            (corrections or [scale * i for i in range(-128, 128)]))


def main():
    folder = pathlib.Path(__file__).parent / "seeds" / "quantizer_image"
    folder.mkdir(parents=True, exist_ok=True)
    turn = [math.cos(0.3), -math.sin(0.3), math.sin(0.3), math.cos(0.3)]
    padded = [1.0 if i % 4 == 0 else 0.0 for i in range(12)]  # of 3 components in 4
    seeds = {
        "product_4": image(0, (6, 3, 4), wave(6 * 16)),
        "product_8": image(0, (2, 1, 8), wave(2 * 256)),
        "product_padded": image(0, (5, 2, 4), wave(5 * 16) + [0.0] * 16),
        "product_wrong_padding": image(0, (5, 2, 4), wave(6 * 16)),
        "product_huge": image(0, (4, 2, 4), wave(4 * 16, 3e38)),
        "product_tiny": image(0, (4, 4, 4), wave(4 * 16, 1e-44)),
        "product_no_parts": image(0, (4, 0, 4), wave(4 * 16)),
        "product_wild_shape": image(0, (1 << 63, 1 << 63, 4), wave(16)),
        "rotation": image(1, (2, 2, 0), turn),
        "rotation_padded": image(1, (3, 4, 0), padded),
        "rotation_not_orthogonal": image(1, (2, 2, 0), [1.0, 1.0, 0.0, 0.0]),
        "rotation_long": image(1, (2, 2, 0), wave(4, 1e30)),
        "rotation_wide": image(1, (2, 4, 0), wave(8)),
        "scalar_8": image(2, (5, 8, 0), [x for i in range(5) for x in (i - 2.0, 0.01 * (i + 1))]),
        "scalar_4": image(2, (3, 4, 0), [-1.0, 0.25, 3.0, 0.0, -3e38, 3e38]),
        "scalar_narrow": image(2, (2, 8, 0), [0.0, 2.0 ** -126, 1.0, 1e-40]),
        "scalar_negative_zero": image(2, (2, 8, 0), [-0.0, 0.0, 1.0, -0.0]),
        "scalar_16_bits": image(2, (1, 16, 0), [0.0, 1.0]),
        "additive_4": image(3, (3, 2, 4 * 256 + 8), wave(3 * 2 * 16)),
        "additive_8": image(3, (1, 2, 8 * 256 + 64), wave(512)),
        "additive_huge": image(3, (2, 3, 4 * 256 + 1), wave(2 * 3 * 16, 3e38)),
        "additive_no_beam": image(3, (3, 2, 4 * 256), wave(3 * 2 * 16)),
        "corrected": image(4, (2, 2, 0), corrected(2, 2)),
        "corrected_padded": image(4, (3, 3, 0), corrected(3, 4)),
        "corrected_huge": image(4, (2, 3, 0), corrected(2, 2, 2e36)),
        "corrected_alike": image(4, (2, 2, 0), corrected(2, 2, 0.0)),
        "corrected_unordered": image(4, (2, 2, 0), corrected(2, 2, 1.0, wave(256))),
        "corrected_many_bytes": image(4, (2, 4, 0), corrected(2, 2)),
        "bits": image(5, (5, 42, 0), wave(5)),
        "bits_huge": image(5, (9, 7, 0), wave(9, 3e38)),
        "bits_wrong_count": image(5, (9, 7, 0), wave(8)),
        "random_rotation": image(6, (5, 42, 0), []),
        "random_rotation_wild": image(6, (1 << 40, 42, 0), []),
        "unknown_kind": image(8, (5, 42, 0), wave(5)),
        "no_numbers": image(0, (1, 1, 4), []),
        "other_magic": image(0, (6, 3, 4), wave(6 * 16), magic=b"ALQY"),
        "later_version": image(1, (2, 2, 0), turn, version=2),
        "wrong_count": image(1, (2, 2, 0), turn, count=1 << 62),
    }
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
