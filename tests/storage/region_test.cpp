// SPDX-License-Identifier: Apache-2.0
// tests/storage/region_test.cpp -- mirrors include/atlas/storage/region.hpp.
#include <atlas/storage/region.hpp>

#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <cstring>
#include <string>
#include <thread>

using support::failed_as;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

bool all_zero(const std::byte* from, const std::byte* to) {
  for (; from != to; ++from) {
    if (*from != std::byte{0}) return false;
  }
  return true;
}

// Sanitizers own most of the address space, so that no limit on it can be set.
constexpr bool address_space_is_plain =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
    false;
#else
    true;
#endif
#else
    true;
#endif

}  // namespace

TEST_SUITE("storage") {
  TEST_CASE("region: reserves what is wanted and takes no memory for it") {
    const auto made = atlas::region::reserve(std::uint64_t{1} << 32, mebibyte);
    REQUIRE(made.ok());
    CHECK(made->reserved_bytes() == std::uint64_t{1} << 32);
    CHECK(made->committed_bytes() == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(made->data()) % (2 * mebibyte) == 0);
  }

  TEST_CASE("region: a wish above the cap is cut, a need above it refused with both numbers") {
    const auto cut = atlas::region::reserve(~std::uint64_t{0}, 1);
    REQUIRE(cut.ok());
    CHECK(cut->reserved_bytes() <= atlas::region::most_bytes);
    const auto refused = atlas::region::reserve(1, atlas::region::most_bytes + 1);
    CHECK(failed_as(refused, atlas::errc::limit_exceeded));
    CHECK(refused.error().expected == atlas::region::most_bytes);
    CHECK(refused.error().found == atlas::region::most_bytes + 1);
  }

  TEST_CASE("region: of a limited address space it takes a 64th, or the least, and refuses only below that") {
    if (!address_space_is_plain) {
      MESSAGE("skipped: a sanitizer needs the whole address space");
      return;
    }
    const auto end = support::in_child([] {
      const struct rlimit limit = {std::uint64_t{8} << 30, std::uint64_t{8} << 30};
      if (::setrlimit(RLIMIT_AS, &limit) != 0) return 1;
      const auto share = atlas::region::reserve(std::uint64_t{1} << 40, mebibyte);
      if (!share.ok() || share->reserved_bytes() != std::uint64_t{128} << 20) return 2;
      const auto least = atlas::region::reserve(std::uint64_t{1} << 40, std::uint64_t{3} << 30);
      if (!least.ok() || least->reserved_bytes() != std::uint64_t{3} << 30) return 4;
      const auto refused = atlas::region::reserve(std::uint64_t{1} << 40, std::uint64_t{16} << 30);
      if (!failed_as(refused, atlas::errc::no_memory) || refused.error().os_code != ENOMEM) return 3;
      return 0;
    });
    CHECK(end.code == 0);
  }

  TEST_CASE("region: grows in place with zeros and keeps what was written") {
    auto made = atlas::region::reserve(256 * mebibyte, mebibyte);
    REQUIRE(made.ok());
    std::byte* const first = made->data();
    for (std::uint64_t bytes = 1; bytes <= 64 * mebibyte; bytes = bytes * 3 + 1) {
      CAPTURE(bytes);
      REQUIRE(made->grow(bytes).ok());
      REQUIRE(made->committed_bytes() >= bytes);
      CHECK(made->data() == first);
      CHECK(first[bytes - 1] == std::byte{0});
      first[bytes - 1] = std::byte{7};
    }
    for (std::uint64_t bytes = 1; bytes <= 64 * mebibyte; bytes = bytes * 3 + 1)
      CHECK(first[bytes - 1] == std::byte{7});
  }

  TEST_CASE("region: growing by small steps commits by half as much again") {
    auto made = atlas::region::reserve(256 * mebibyte, 256 * mebibyte);
    REQUIRE(made.ok());
    int commits = 0;
    std::uint64_t before = 0;
    for (std::uint64_t bytes = 4096; bytes <= 128 * mebibyte; bytes += 4096) {
      REQUIRE(made->grow(bytes).ok());
      if (made->committed_bytes() != before) ++commits;
      before = made->committed_bytes();
    }
    CHECK(commits < 30);
  }

  TEST_CASE("region: more than was reserved is refused and changes nothing") {
    auto made = atlas::region::reserve(4 * mebibyte, 1);
    REQUIRE(made.ok());
    REQUIRE(made->grow(made->reserved_bytes()).ok());
    CHECK(made->committed_bytes() == made->reserved_bytes());
    const atlas::status refused = made->grow(made->reserved_bytes() + 1);
    CHECK(failed_as(refused, atlas::errc::limit_exceeded));
    CHECK(refused.error().expected == made->reserved_bytes());
    CHECK(refused.error().found == made->reserved_bytes() + 1);
    CHECK(failed_as(made->grow(~std::uint64_t{0}), atlas::errc::limit_exceeded));
    CHECK(made->committed_bytes() == made->reserved_bytes());
  }

  TEST_CASE("region: a file's bytes come first, the file keeps its own, and zeros follow") {
    const support::scratch_folder folder;
    constexpr std::uint64_t start = atlas::mapping_alignment;
    // Lengths around a page; the file goes on with other bytes behind the mapped part.
    for (const std::uint64_t length : {1U, 4095U, 4096U, 4097U, 70'000U}) {
      CAPTURE(length);
      std::string content(start, 'h');
      content += std::string(length, 'm');
      content += std::string(10'000, 't');
      const std::string path = folder.write("a", content);
      auto made = atlas::region::reserve(16 * mebibyte, mebibyte);
      REQUIRE(made.ok());
      {
        const auto file = atlas::mapped_file::open(path.c_str());
        REQUIRE(file.ok());
        REQUIRE(made->map_front(*file, start, length).ok());
      }  // closed: the region keeps the bytes
      CHECK(made->data()[0] == std::byte{'m'});
      CHECK(made->data()[length - 1] == std::byte{'m'});
      CHECK(made->committed_bytes() >= length);
      CHECK(all_zero(made->data() + length, made->data() + made->committed_bytes()));
      REQUIRE(made->grow(mebibyte).ok());
      CHECK(all_zero(made->data() + length, made->data() + mebibyte));
      std::memset(made->data(), 'X', mebibyte);
      CHECK(support::read_whole(path) == content);
    }
  }

  TEST_CASE("region: a part of a file that cannot be mapped is refused") {
    const support::scratch_folder folder;
    const auto file = atlas::mapped_file::open(folder.write("a", std::string(200'000, 'x')).c_str());
    REQUIRE(file.ok());
    auto made = atlas::region::reserve(2 * mebibyte, 2 * mebibyte);
    REQUIRE(made.ok());
    CHECK(failed_as(made->map_front(*file, 4096, 10), atlas::errc::invalid_argument));
    CHECK(failed_as(made->map_front(*file, 65536, 200'000), atlas::errc::invalid_argument));
    CHECK(failed_as(made->map_front(*file, 65536 * 4, 0), atlas::errc::invalid_argument));
    CHECK(failed_as(made->map_front(*file, 65536, ~std::uint64_t{0} - 10), atlas::errc::invalid_argument));
    CHECK(made->committed_bytes() == 0);
    CHECK(made->map_front(*file, 65536, 0).ok());
    CHECK(made->committed_bytes() == 0);

    const auto big = atlas::mapped_file::open(folder.write("b", std::string(3 * mebibyte, 'x')).c_str());
    REQUIRE(big.ok());
    CHECK(failed_as(made->map_front(*big, 0, 3 * mebibyte), atlas::errc::limit_exceeded));
    CHECK(made->map_front(*big, 0, 2 * mebibyte).ok());
  }

  TEST_CASE("region: readers of what is committed go on while it grows") {
    auto made = atlas::region::reserve(256 * mebibyte, mebibyte);
    REQUIRE(made.ok());
    REQUIRE(made->grow(4096).ok());
    std::memset(made->data(), 'r', 4096);
    const std::byte* const first = made->data();
    std::thread reader([first] {
      std::uint64_t sum = 0;
      for (int round = 0; round < 200; ++round) {
        for (std::size_t i = 0; i < 4096; ++i) sum += std::to_integer<unsigned>(first[i]);
      }
      CHECK(sum == std::uint64_t{200} * 4096 * 'r');
    });
    for (std::uint64_t bytes = 4096; bytes <= 200 * mebibyte; bytes += mebibyte) CHECK(made->grow(bytes).ok());
    reader.join();
  }

  TEST_CASE("region: a forked child has its own copy") {
    auto made = atlas::region::reserve(16 * mebibyte, mebibyte);
    REQUIRE(made.ok());
    REQUIRE(made->grow(4096).ok());
    made->data()[0] = std::byte{1};
    const auto end = support::in_child([&] {
      const bool same = made->data()[0] == std::byte{1};
      made->data()[0] = std::byte{2};
      return same && made->grow(8 * mebibyte).ok() ? 0 : 1;
    });
    CHECK(end.code == 0);
    CHECK(made->data()[0] == std::byte{1});
  }

  TEST_CASE("region: a move hands the range on; huge pages are only a hint") {
    atlas::region first = atlas::region::reserve(16 * mebibyte, mebibyte).value();
    first.prefer_huge_pages();
    REQUIRE(first.grow(4 * mebibyte).ok());
    first.data()[4 * mebibyte - 1] = std::byte{9};
    std::byte* const at = first.data();
    atlas::region second(static_cast<atlas::region&&>(first));
    CHECK(first.data() == nullptr);
    CHECK(first.reserved_bytes() == 0);
    atlas::region third = atlas::region::reserve(mebibyte, mebibyte).value();
    third = static_cast<atlas::region&&>(second);
    CHECK(third.data() == at);
    CHECK(third.data()[4 * mebibyte - 1] == std::byte{9});
    atlas::region().prefer_huge_pages();
  }
}
