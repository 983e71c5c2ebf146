// SPDX-License-Identifier: Apache-2.0
// tests/chunk/content_defined_chunker_test.cpp -- mirrors include/atlas/chunk/content_defined_chunker.hpp and content_defined_options.hpp.
#include <atlas/chunk/content_defined_chunker.hpp>  // first, so that a missing include in it fails here

#include "support/chunk_runs.hpp"
#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

TEST_SUITE("content_defined_chunker") {
namespace {

using atlas::content_defined_chunker;
using atlas::content_defined_options;
using atlas::errc;
using support::failed_as;
using support::kept_chunks;

/// Small sizes, so that short texts have many chunks of all sorts.
std::vector<content_defined_options> defined_options() {
  return {content_defined_options::around(256),
          {.least_bytes = 64, .average_bytes = 64, .most_bytes = 68},
          {.least_bytes = 64, .average_bytes = 200, .most_bytes = 240, .seed = 3},
          {.least_bytes = 100, .average_bytes = 120, .most_bytes = 5000, .is_binary = true, .seed = 9},
          {.least_bytes = 64, .average_bytes = 1000, .most_bytes = 1000, .is_binary = true}};
}

/// Words, marks that join the letter before them, flags, families, line ends of two characters, ill-formed bytes.
std::string joined_text(std::uint64_t seed, std::size_t pieces) {
  std::mt19937_64 random(seed);
  const char* const stock[] = {"word ", "others, ", "\r\n", "e\xCC\x81", "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA",
                               "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9", "\xE4\xB8\xAD\xE6\x96\x87", "\xFF", "\xE4\xB8", "\n"};
  std::string out;
  for (std::size_t i = 0; i < pieces; ++i) out += stock[random() % 10];
  return out;
}

/// Where a chunk ends that begins at `begin`, by the header's three steps.
std::size_t end_by_definition(const std::string& text, std::size_t begin, const content_defined_options& options) {
  const atlas::gear_hash gear(options.seed);
  const auto average = static_cast<double>(options.average_bytes);
  const double logarithm = std::log(15 * average / (12 * average + 4 * static_cast<double>(options.least_bytes)));
  const std::size_t turn = options.least_bytes + (logarithm > 0 ? static_cast<std::size_t>(4 * average * logarithm + 1e-3) : 0);
  const std::size_t size = std::min(text.size() - begin, options.most_bytes);
  if (size <= options.least_bytes) return begin + size;
  std::size_t cut = options.least_bytes;
  for (; cut < size; ++cut) {
    const double threshold = cut < turn ? std::floor(std::pow(2, 32) / (4 * average)) : std::floor(std::pow(2, 32) * 4 / average);
    if (gear.value(text, begin + cut) < threshold) break;
  }
  if (options.is_binary || begin + cut == text.size()) return begin + cut;
  const std::string seen = text.substr(begin);
  for (std::size_t at = cut; at <= size; ++at) {
    if (atlas::is_boundary<atlas::grapheme_state>(seen, at)) return begin + at;
  }
  for (std::size_t at = size; at >= options.least_bytes; --at) {
    if (atlas::is_boundary<atlas::grapheme_state>(seen, at)) return begin + at;
  }
  return begin + (size < seen.size() ? atlas::character_start(seen, size) : size);
}

kept_chunks chunks_of(const std::string& text, const content_defined_options& options) {
  auto one = content_defined_chunker::create(options).value();
  return support::read_chunks(one, text);
}

/// Chunks of `after` whose bytes are in none of `before`.
std::size_t new_chunks(const kept_chunks& before, const kept_chunks& after) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> known;
  for (const auto& chunk : before) known.insert({chunk.id.low, chunk.id.high});
  std::size_t count = 0;
  for (const auto& chunk : after) count += known.count({chunk.id.low, chunk.id.high}) == 0 ? 1U : 0U;
  return count;
}

}  // namespace

  TEST_CASE("chunks end where the definition says") {
    for (const content_defined_options& options : defined_options()) {
      CAPTURE(options.most_bytes);
      for (std::uint64_t seed = 0; seed < 12; ++seed) {
        const std::string text = seed % 3 == 0   ? support::random_bytes(seed, 6000)
                                 : seed % 3 == 1 ? joined_text(seed, 1500)
                                                 : support::random_text(seed, 2000);
        std::size_t begin = 0;
        for (const auto& chunk : chunks_of(text, options)) {
          REQUIRE(chunk.byte_begin == begin);
          begin = end_by_definition(text, begin, options);
          REQUIRE(chunk.byte_end == begin);
        }
        CHECK(begin == text.size());
      }
    }
  }

  TEST_CASE("least and most are held, and text keeps what holds for chunks of text") {
    for (const content_defined_options& options : defined_options()) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const std::string text = seed % 2 == 0 ? joined_text(seed, 1000) : support::random_text(seed, 1000);
        const kept_chunks chunks = chunks_of(text, options);
        for (const auto& chunk : chunks) {
          CHECK(chunk.units <= options.most_bytes);
          CHECK((chunk.units >= options.least_bytes || chunk.byte_end == text.size()));
        }
        if (options.is_binary || options.most_bytes < 100) continue;  // clusters of such a text may be as long as what is between the two sizes
        CHECK(support::broken_promise(text, chunks, {.size = options.most_bytes}, [](const std::string& one) { return one.size(); }) == "");
      }
    }
  }

  TEST_CASE("where no cluster ends within the sizes a cut still leaves characters and line ends whole") {
    std::string marks;
    for (int i = 0; i < 2000; ++i) marks += "\xE2\x83\x90";
    std::string lines;
    for (int i = 0; i < 2000; ++i) lines += "\r\n";
    for (std::size_t shift = 0; shift < 3; ++shift) {
      for (const auto& chunk : chunks_of(std::string(shift, 'x') + marks, defined_options()[1])) CHECK((chunk.byte_end - shift) % 3 == 0);
      for (const auto& chunk : chunks_of(std::string(shift, 'x') + lines, defined_options()[1])) CHECK((chunk.byte_end - shift) % 2 == 0);
    }
  }

  TEST_CASE("fed in pieces of any size, or saved and taken up anywhere, a document has the chunks that it has when it is read") {
    for (const content_defined_options& options : defined_options()) {
      const std::string text = joined_text(4, 1500);
      auto one = content_defined_chunker::create(options).value();
      const kept_chunks read = support::read_chunks(one, text);
      for (const std::size_t most : {std::size_t{1}, std::size_t{90}, std::size_t{5000}, std::size_t{200000}}) {
        const bool same = support::fed_chunks(one, text, 5, most) == read;
        CAPTURE(most);
        CHECK(same);
      }
      const auto make = [&] { return content_defined_chunker::create(options).value(); };
      const auto resume = [&](atlas::span<const std::byte> saved) { return content_defined_chunker::resume(saved, options).value(); };
      for (std::size_t middle = 0; middle <= text.size(); middle += 1 + middle / 7) {
        const bool same = support::resumed_chunks(make, resume, text, middle) == read;
        CAPTURE(middle);
        CHECK(same);
      }
    }
  }

  TEST_CASE("the mean size of chunks of random bytes is the average") {
    const std::string bytes = support::random_bytes(2, 8 << 20);
    const std::vector<content_defined_options> sizes = {content_defined_options::around(1024), content_defined_options::around(8192),
                                                        {.least_bytes = 64, .average_bytes = 4096, .is_binary = true},
                                                        {.least_bytes = 2600, .average_bytes = 4000, .is_binary = true}};
    for (const content_defined_options& options : sizes) {
      const double mean = static_cast<double>(bytes.size()) / static_cast<double>(chunks_of(bytes, options).size());
      CAPTURE(options.least_bytes);
      CHECK(mean == doctest::Approx(static_cast<double>(options.average_bytes)).epsilon(0.04));
    }
  }

  TEST_CASE("constant bytes give chunks of one size, and the last") {
    for (const char byte : {'\0', 'a', '\n', '\xFF'}) {
      const std::string text(100000, byte);
      const kept_chunks chunks = chunks_of(text, content_defined_options::around(1024));
      for (std::size_t i = 1; i + 1 < chunks.size(); ++i) CHECK(chunks[i].id == chunks[0].id);
    }
    CHECK(chunks_of("", {}).empty());
    CHECK(chunks_of("x", {}).size() == 1);
  }

  TEST_CASE("bytes that are inserted, taken out or changed give new chunks only near them") {
    std::size_t most_new = 0;
    std::size_t all_new = 0;
    std::mt19937_64 random(8);
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      const std::string text = seed % 2 == 0 ? support::random_bytes(seed, 300'000) : joined_text(seed, 60'000);
      const kept_chunks before = chunks_of(text, content_defined_options::around(1024));
      std::string changed = text;
      const std::size_t at = random() % text.size();
      if (seed % 3 == 0) changed.insert(at, "some bytes that are inserted");
      if (seed % 3 == 1) changed.erase(at, 11);
      if (seed % 3 == 2) changed[at] = static_cast<char>(changed[at] ^ 1);
      const std::size_t added = new_chunks(before, chunks_of(changed, content_defined_options::around(1024)));
      all_new += added;
      most_new = std::max(most_new, added);
    }
    CHECK(all_new <= 30 * 3);  // of some 300 chunks a document
    CHECK(most_new <= 8);
  }

  TEST_CASE("another seed cuts elsewhere") {
    const std::string bytes = support::random_bytes(3, 200'000);
    content_defined_options other = content_defined_options::around(1024);
    other.seed = 1;
    const kept_chunks chunks = chunks_of(bytes, content_defined_options::around(1024));
    CHECK(new_chunks(chunks, chunks_of(bytes, other)) > chunks.size() * 9 / 10);
  }

  TEST_CASE("every instruction set gives the same chunks, and those of this version stay as they are") {
    const std::string text = joined_text(6, 20'000);
    std::uint64_t sum = 0;
    support::on_each_target([&] {
      std::uint64_t ends = 0;
      for (const auto& chunk : chunks_of(text, content_defined_options::around(1024))) ends = ends * 31 + chunk.byte_end + chunk.char_end + chunk.line_end;
      CHECK((sum == 0 || ends == sum));
      sum = ends;
    });
    CHECK(sum == 11656414966128693976U);
  }

  TEST_CASE("characters and lines of binary data are not counted") {
    for (const auto& chunk : chunks_of("\xE4\xB8\xAD\n" + support::random_bytes(1, 3000), defined_options()[3])) {
      CHECK(chunk.char_end == 0);
      CHECK(chunk.line_begin == 1);
      CHECK(chunk.line_end == 1);
    }
  }

  TEST_CASE("a sink that stops cancels the call, and the chunk counts as taken") {
    const std::string text = support::random_bytes(10, 300'000);
    auto one = content_defined_chunker::create(content_defined_options::around(1024)).value();
    const kept_chunks all = support::read_chunks(one, text);
    kept_chunks got;
    const auto every_third = [&](const atlas::chunk_view& chunk) {
      got.emplace_back(chunk);
      return got.size() % 3 != 0;
    };
    std::size_t stops = 0;
    for (std::size_t at = 0; at < text.size(); at = static_cast<std::size_t>(one.taken())) {
      const atlas::status fed = one.feed({text.data() + at, text.size() - at}, every_third);
      if (fed.ok()) break;
      CHECK(failed_as(fed, errc::cancelled));
      ++stops;
    }
    while (!one.finish(every_third).ok()) ++stops;
    CHECK(stops > 5);
    const bool same = got == all;
    CHECK(same);
  }

  TEST_CASE("options that do not hold together are refused by name") {
    const auto refused = [](const content_defined_options& options) { return support::error_line(content_defined_chunker::create(options)); };
    CHECK(refused({}) == "");
    CHECK(refused({.least_bytes = 63}).find("content_defined_options.least_bytes") != std::string::npos);
    CHECK(refused({.least_bytes = 2048, .average_bytes = 2047}).find("content_defined_options.average_bytes") != std::string::npos);
    CHECK(refused({.average_bytes = (1U << 24) + 1, .most_bytes = 1U << 28}).find("content_defined_options.average_bytes") != std::string::npos);
    CHECK(refused({.average_bytes = 8192, .most_bytes = 8191}).find("content_defined_options.most_bytes") != std::string::npos);
    CHECK(refused({.least_bytes = 100, .average_bytes = 100, .most_bytes = 103}).find("content_defined_options.most_bytes") != std::string::npos);
    CHECK(refused({.most_bytes = (1U << 28) + 1}).find("content_defined_options.most_bytes") != std::string::npos);
  }

  TEST_CASE("bytes that no chunker was saved as are refused, and so are other options") {
    const content_defined_options options = content_defined_options::around(256);
    auto one = content_defined_chunker::create(options).value();
    const auto ignore = [](const atlas::chunk_view&) { return true; };
    one.feed(joined_text(11, 900), ignore).value();
    atlas::buffer<std::byte> saved;
    one.save(saved).value();
    const atlas::span<const std::byte> bytes(saved.data(), saved.size());
    CHECK(content_defined_chunker::resume(bytes, options).ok());
    content_defined_options other = options;
    other.seed = 1;
    CHECK(failed_as(content_defined_chunker::resume(bytes, other), errc::invalid_argument));
    CHECK(failed_as(content_defined_chunker::resume(bytes), errc::invalid_argument));
    for (std::size_t size = 0; size < saved.size(); size += 7) CHECK_FALSE(content_defined_chunker::resume({saved.data(), size}, options).ok());
    for (std::size_t at = 0; at < saved.size(); at += 3) {
      saved[at] ^= std::byte{0x10};
      CHECK_FALSE(content_defined_chunker::resume(bytes, options).ok());
      saved[at] ^= std::byte{0x10};
    }
  }
}
