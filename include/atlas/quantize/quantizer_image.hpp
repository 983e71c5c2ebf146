// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/quantizer_image.hpp -- a trained quantiser as bytes: what kind, its shape, its numbers.
//
// Room:      the layout, writing it, and reading it from bytes that nobody vouches for.
// Not here:  what a kind's shape and numbers mean (each quantiser's header).
// Depends:   core.
//
// Layout, little-endian: a header of 64 bytes, then `count` float32, all finite, nothing behind. `checksum` is the
// XXH3-64 of everything with the checksum's own 8 bytes zero.
#ifndef ATLAS_QUANTIZE_QUANTIZER_IMAGE_HPP
#define ATLAS_QUANTIZE_QUANTIZER_IMAGE_HPP

#include <atlas/core/bits.hpp>    // load_unaligned
#include <atlas/core/hash.hpp>    // hash_stream
#include <atlas/core/memory.hpp>  // buffer
#include <atlas/core/span.hpp>    // span

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Numbers are never used again.
enum class image_kind : std::uint16_t {
  product = 1,
  rotation = 2,
  scalar = 3,
  additive = 4,
  corrected = 5,
  bits = 6,
  random_rotation = 7,
};

inline constexpr std::uint32_t quantizer_image_magic = 0x5A514C41;  // "ALQZ" in memory
inline constexpr std::uint16_t quantizer_image_version = 1;

struct quantizer_image_header {
  std::uint32_t magic = quantizer_image_magic;
  std::uint16_t version = quantizer_image_version;
  image_kind kind = image_kind::product;
  std::uint64_t checksum = 0;
  std::uint64_t count = 0;      ///< of the numbers behind the header
  std::uint64_t shape[3] = {};  ///< as the kind says
  std::uint64_t unused[2] = {};
};
static_assert(sizeof(quantizer_image_header) == 64);

[[nodiscard]] inline std::uint64_t checksum_of(quantizer_image_header header, const std::byte* numbers) noexcept {
  header.checksum = 0;
  hash_stream stream;
  stream.update(&header, sizeof header);
  stream.update(numbers, header.count * sizeof(float));
  return stream.digest();
}

/// Appends an image.
/// @param header  kind, count and shape
/// @return        errc::no_memory; `out` is then as it was
[[nodiscard]] inline status append_image(quantizer_image_header header, const float* numbers,
                                         buffer<std::byte>& out) noexcept {
  const auto* const bytes = reinterpret_cast<const std::byte*>(numbers);
  header.checksum = checksum_of(header, bytes);
  if (status grown = out.reserve(out.size() + sizeof header + header.count * sizeof(float)); !grown.ok()) return grown;
  (void)out.append(reinterpret_cast<const std::byte*>(&header), sizeof header);
  return out.append(bytes, header.count * sizeof(float));
}

/// What bytes say of themselves in front; nothing else of them is looked at.
/// @return  errc::corrupt_file, errc::unsupported_version
[[nodiscard]] inline result<quantizer_image_header> read_image_header(span<const std::byte> bytes) noexcept {
  if (bytes.size() < sizeof(quantizer_image_header)) {
    return error{errc::corrupt_file, "quantizer.size_bytes", "at least", sizeof(quantizer_image_header), bytes.size()};
  }
  const auto header = load_unaligned<quantizer_image_header>(bytes.data());
  if (header.magic != quantizer_image_magic) {
    return error{errc::corrupt_file, "quantizer.magic", quantizer_image_magic, header.magic};
  }
  if (header.version != quantizer_image_version) {
    return error{errc::unsupported_version, "quantizer.version", quantizer_image_version, header.version};
  }
  return header;
}

/// An image whose bytes are as they were written, of the kind that is asked for. Its shape may still be anything.
struct quantizer_image {
  quantizer_image_header header;
  const std::byte* numbers = nullptr;  ///< header.count float32, finite, not aligned

  /// @return  errc::corrupt_file, errc::unsupported_version
  [[nodiscard]] static result<quantizer_image> read(span<const std::byte> bytes, image_kind kind) noexcept {
    const auto in_front = read_image_header(bytes);
    if (!in_front.ok()) return in_front.error();
    const quantizer_image image{*in_front, bytes.data() + sizeof(quantizer_image_header)};
    const quantizer_image_header& header = image.header;
    if (header.kind != kind) {
      return error{errc::corrupt_file, "quantizer.kind", static_cast<std::uint64_t>(kind),
                   static_cast<std::uint64_t>(header.kind)};
    }
    if (header.unused[0] != 0 || header.unused[1] != 0) {
      return error{errc::corrupt_file, "quantizer.unused", std::uint64_t{0}, header.unused[0] | header.unused[1]};
    }
    const std::size_t number_bytes = bytes.size() - sizeof header;
    if (number_bytes % sizeof(float) != 0 || header.count != number_bytes / sizeof(float)) {
      return error{errc::corrupt_file, "quantizer.count", number_bytes / sizeof(float), header.count};
    }
    if (checksum_of(header, image.numbers) != header.checksum) {
      return error{errc::corrupt_file, "quantizer.checksum", "that of the bytes", "another"};
    }
    for (std::size_t i = 0; i < header.count; ++i) {
      const float number = load_unaligned<float>(image.numbers + i * sizeof(float));
      if (!(number - number == 0.0F)) {
        return error{errc::corrupt_file, "quantizer.numbers", "finite numbers", "NaN or infinity"}.at_row(i);
      }
    }
    return image;
  }

  /// The numbers, aligned.
  [[nodiscard]] status copy(buffer<float>& out) const noexcept {
    if (status sized = out.resize(header.count); !sized.ok()) return sized;
    if (header.count != 0) std::memcpy(out.data(), numbers, header.count * sizeof(float));
    return {};
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_QUANTIZER_IMAGE_HPP
