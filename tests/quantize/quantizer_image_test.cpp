// SPDX-License-Identifier: Apache-2.0
// tests/quantize/quantizer_image_test.cpp -- mirrors include/atlas/quantize/quantizer_image.hpp.
#include <atlas/quantize/quantizer_image.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

TEST_SUITE("quantizer_image") {
namespace {

using atlas::errc;
using atlas::detail::image_kind;
using atlas::detail::quantizer_image;
using atlas::detail::quantizer_image_header;

const float four_numbers[4] = {1.5F, -2.0F, 0.0F, 3e38F};

/// Bytes of an image behind `before` others.
std::vector<std::byte> appended(std::size_t before, std::size_t count = 4) {
  quantizer_image_header header;
  header.kind = image_kind::scalar;
  header.count = count;
  header.shape[0] = 7;
  header.shape[1] = 8;
  header.shape[2] = ~std::uint64_t{0};
  atlas::buffer<std::byte> out;
  REQUIRE(out.resize_zeroed(before).ok());
  REQUIRE(atlas::detail::append_image(header, four_numbers, out).ok());
  return {out.begin() + static_cast<std::ptrdiff_t>(before), out.end()};
}

atlas::result<quantizer_image> read(const std::vector<std::byte>& bytes, image_kind kind = image_kind::scalar) {
  return quantizer_image::read(atlas::span<const std::byte>(bytes.data(), bytes.size()), kind);
}

/// With other bytes in the header, and a checksum that is right unless it is what was changed.
template <class Value>
std::vector<std::byte> changed(std::size_t offset, Value value) {
  auto bytes = appended(0);
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  auto header = atlas::load_unaligned<quantizer_image_header>(bytes.data());
  if (offset != 8 && header.count == 4) {
    header.checksum = atlas::detail::checksum_of(header, bytes.data() + sizeof header);
    std::memcpy(bytes.data(), &header, sizeof header);
  }
  return bytes;
}

}  // namespace

  TEST_CASE("append_image: the layout that files keep") {
    const auto bytes = appended(5);
    REQUIRE(bytes.size() == 64 + 16);
    const auto number = [&](std::size_t offset, std::size_t size) {
      std::uint64_t value = 0;
      std::memcpy(&value, bytes.data() + offset, size);
      return value;
    };
    CHECK(std::memcmp(bytes.data(), "ALQZ", 4) == 0);
    CHECK(number(4, 2) == 1);
    CHECK(number(6, 2) == 3);
    CHECK(number(16, 8) == 4);
    CHECK(number(24, 8) == 7);
    CHECK(number(32, 8) == 8);
    CHECK(number(40, 8) == ~std::uint64_t{0});
    CHECK(number(48, 8) == 0);
    CHECK(number(56, 8) == 0);
    CHECK(std::memcmp(bytes.data() + 64, four_numbers, 16) == 0);
    auto zeroed = bytes;
    std::memset(zeroed.data() + 8, 0, 8);
    CHECK(number(8, 8) == atlas::xxh3_64(zeroed.data(), zeroed.size()));
    CHECK(bytes == appended(0));
  }

  TEST_CASE("read: what was appended, wherever it lies") {
    for (const std::size_t before : {0U, 1U, 3U}) {
      std::vector<std::byte> shifted(before);
      const auto bytes = appended(0);
      shifted.insert(shifted.end(), bytes.begin(), bytes.end());
      const auto image =
          quantizer_image::read(atlas::span<const std::byte>(shifted.data() + before, bytes.size()), image_kind::scalar);
      REQUIRE(image.ok());
      CHECK(image->header.shape[0] == 7);
      CHECK(image->header.shape[2] == ~std::uint64_t{0});
      atlas::buffer<float> numbers;
      REQUIRE(image->copy(numbers).ok());
      REQUIRE(numbers.size() == 4);
      CHECK(std::memcmp(numbers.data(), four_numbers, sizeof four_numbers) == 0);
    }
    const auto none = appended(0, 0);
    atlas::buffer<float> numbers;
    REQUIRE(numbers.resize(3).ok());
    REQUIRE(read(none).ok());
    CHECK(read(none)->copy(numbers).ok());
    CHECK(numbers.empty());
  }

  TEST_CASE("read: each field is refused by its name, with both values") {
    const auto refused = [](const std::vector<std::byte>& bytes, errc code) {
      const auto image = read(bytes);
      CHECK(support::failed_as(image, code));
      return support::error_line(image);
    };
    for (const std::size_t size : {0U, 1U, 63U}) {
      const auto cut = appended(0);
      CHECK(refused({cut.begin(), cut.begin() + static_cast<std::ptrdiff_t>(size)}, errc::corrupt_file) ==
            "corrupt file: quantizer.size_bytes: expected at least 64, found " + std::to_string(size));
    }
    CHECK(refused(changed(0, std::uint32_t{1}), errc::corrupt_file).find("quantizer.magic") != std::string::npos);
    CHECK(refused(changed(4, std::uint16_t{2}), errc::unsupported_version).find("expected 1, found 2") !=
          std::string::npos);
    CHECK(refused(changed(6, std::uint16_t{4}), errc::corrupt_file).find("quantizer.kind: expected 3, found 4") !=
          std::string::npos);
    CHECK(refused(changed(8, std::uint64_t{1}), errc::corrupt_file).find("quantizer.checksum") != std::string::npos);
    for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{5}, std::uint64_t{1} << 62,
                                      (std::uint64_t{1} << 62) + 4, ~std::uint64_t{0}}) {
      CHECK(refused(changed(16, count), errc::corrupt_file) ==
            "corrupt file: quantizer.count: expected 4, found " + std::to_string(count));
    }
    CHECK(refused(changed(48, std::uint64_t{9}), errc::corrupt_file).find("quantizer.unused: expected 0, found 9") !=
          std::string::npos);
    CHECK(refused(changed(56, std::uint64_t{9}), errc::corrupt_file).find("quantizer.unused") != std::string::npos);
    auto longer = appended(0);
    longer.resize(longer.size() + 1);
    CHECK(refused(longer, errc::corrupt_file).find("quantizer.count") != std::string::npos);
    for (const float number : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      const auto bytes = changed(64 + 2 * 4, number);
      CHECK(refused(bytes, errc::corrupt_file).find("quantizer.numbers") != std::string::npos);
      CHECK(read(bytes).error().row == 2);
    }
    for (std::uint64_t field = 24; field < 48; field += 8) CHECK(read(changed(field, ~std::uint64_t{0})).ok());
  }
}
