// SPDX-License-Identifier: Apache-2.0
// tests/support/damaged_image.hpp -- images of quantisers that were cut, changed or made up.
#ifndef ATLAS_TESTS_SUPPORT_DAMAGED_IMAGE_HPP
#define ATLAS_TESTS_SUPPORT_DAMAGED_IMAGE_HPP

#include <atlas/quantize/quantizer_image.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace support {

using image_bytes = std::vector<std::byte>;

/// What save appends behind some bytes that are there.
template <class Quantizer>
image_bytes image_of(const Quantizer& quantizer) {
  atlas::buffer<std::byte> out;
  REQUIRE(out.resize_zeroed(3).ok());
  REQUIRE(quantizer.save(out).ok());
  return {out.begin() + 3, out.end()};
}

inline atlas::detail::quantizer_image_header header_of(const image_bytes& image) {
  return atlas::load_unaligned<atlas::detail::quantizer_image_header>(image.data());
}
/// With this header, and a checksum that is right.
inline image_bytes with_header(image_bytes image, atlas::detail::quantizer_image_header header) {
  if (header.count == (image.size() - sizeof header) / sizeof(float)) {
    header.checksum = atlas::detail::checksum_of(header, image.data() + sizeof header);
  }
  std::memcpy(image.data(), &header, sizeof header);
  return image;
}
/// With another number, and a checksum that is right.
inline image_bytes with_number(image_bytes image, std::size_t which, float number) {
  auto header = header_of(image);
  std::memcpy(image.data() + sizeof header + which * sizeof number, &number, sizeof number);
  return with_header(image, header);
}

/// Loads from memory that ends where the image does.
template <class Quantizer>
auto load_image(const image_bytes& image) {
  const std::vector<std::byte> exact(image.begin(), image.end());
  return Quantizer::load(atlas::span<const std::byte>(exact.data(), exact.size()));
}

/// The promises of every load: any cut, any changed byte and numbers that are not finite are refused, with words; a
/// shape that does not fit is refused even where the checksum is right.
template <class Quantizer>
void refuses_damage(const image_bytes& image) {
  using atlas::errc;
  REQUIRE(load_image<Quantizer>(image).ok());
  std::size_t wrong = 0;
  for (std::size_t size = 0; size < image.size(); ++size) {
    const image_bytes cut(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(size));
    wrong += failed_as(load_image<Quantizer>(cut), errc::corrupt_file) ? 0U : 1U;
  }
  for (std::size_t at = 0; at < image.size(); ++at) {
    for (const unsigned flip : {1U, 0x80U, 0xFFU}) {
      image_bytes changed = image;
      changed[at] ^= static_cast<std::byte>(flip);
      const auto loaded = load_image<Quantizer>(changed);
      const bool is_refused = failed_as(loaded, errc::corrupt_file) || failed_as(loaded, errc::unsupported_version);
      wrong += is_refused && says_both(loaded) ? 0U : 1U;
    }
  }
  for (const std::size_t more : {1U, 4U}) {
    image_bytes longer = image;
    longer.resize(image.size() + more);
    wrong += failed_as(load_image<Quantizer>(longer), errc::corrupt_file) ? 0U : 1U;
  }
  for (const float number : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    if (header_of(image).count == 0) break;
    const auto loaded = load_image<Quantizer>(with_number(image, header_of(image).count - 1, number));
    wrong += failed_as(loaded, errc::corrupt_file) && says_both(loaded) ? 0U : 1U;
  }
  const std::uint64_t odd[] = {
      0, 1, 3, 5, 255, 256, 65'535, 65'536, 1U << 31, ~std::uint64_t{0}, std::uint64_t{1} << 63};
  for (std::size_t field = 0; field < 3; ++field) {
    for (const std::uint64_t value : odd) {
      auto header = header_of(image);
      if (header.shape[field] == value) continue;
      header.shape[field] = value;
      wrong += failed_as(load_image<Quantizer>(with_header(image, header)), errc::corrupt_file) ? 0U : 1U;
    }
  }
  for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{1} << 61, ~std::uint64_t{0}}) {
    auto header = header_of(image);
    if (header.count == count) continue;
    header.count = count;
    wrong += failed_as(load_image<Quantizer>(with_header(image, header)), errc::corrupt_file) ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_DAMAGED_IMAGE_HPP
