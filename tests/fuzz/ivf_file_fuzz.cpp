// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/ivf_file_fuzz.cpp -- a file of inverted lists with places that lie: opened to read and to change, searched,
// added to, saved. Errors and wrong answers are fine; anything else is not.
//
// An input says which file and where it lies. In order, each a byte:
//   flags (3 the metric, 4 save, 8 two threads, 16 loaded and on disk, 32 with a promised recall, 192 both: so many lists that
//   a graph finds them, of one shape), codes and above them what vectors are stored as, rotation and above it codes to rerank
//   by, dimension; then lies until the input ends: the section (0 the header page, 1 what the header says of codes, lists and
//   blocks, 2 and above the sections in the file's order, then those of the graph), two bytes of a place in it, a pattern and
//   how many words of four bytes it covers.
// The header pages, also the graph's, and the images of quantisers get checksums that are right. An exhausted input goes on
// with zeros.
// Seeds: tests/fuzz/seeds/ivf_file, made by make_ivf_file_seeds.py.
#include <atlas/ivf_pq.hpp>

#include <atlas/quantize/quantizer_image.hpp>

#include "support/fuzzed_file.hpp"
#include "support/index_bytes.hpp"
#include "support/index_exercise.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

class input {
 public:
  input(const std::uint8_t* data, std::size_t size_bytes) : data_(data), left_(size_bytes) {}
  [[nodiscard]] bool is_at_end() const { return left_ == 0; }
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

struct shape {
  std::uint8_t metric, codes, rotation, dimension, stored, rerank_codes, has_promise, has_graph;
  friend bool operator<(const shape& left, const shape& right) { return std::memcmp(&left, &right, sizeof left) < 0; }
};

/// Whole numbers from 0 to 17, which every scalar can store; others for each of 4,913 keys.
std::vector<float> row_of(std::size_t dimension, std::uint64_t key) {
  constexpr std::uint64_t powers[] = {1, 17, 289};
  std::vector<float> row(dimension);
  for (std::size_t i = 0; i < dimension; ++i) row[i] = static_cast<float>((key / powers[i % 3] + i) % 17);
  row[0] += 1.0F;  // never the zero vector
  return row;
}

/// The file of 300 rows in 5 lists, some of them removed again; with a graph of 4,200 rows in 4,100.
std::string honest_file(const shape& of, const char* path) {
  const std::size_t dimension = of.dimension;
  const bool has_graph = of.has_graph != 0;
  const std::size_t count = has_graph ? 4200 : 300;
  atlas::ivf_pq_options options{.dimension = dimension, .metric = static_cast<atlas::metric>(of.metric), .lists = has_graph ? std::size_t{4100} : 5};
  options.codes = static_cast<atlas::ivf_codes>(of.codes);
  options.rotation = static_cast<atlas::ivf_rotation>(of.rotation);
  options.stored = static_cast<atlas::scalar>(of.stored);
  options.rerank_codes = static_cast<atlas::traversal_codes>(of.rerank_codes);
  options.train_from = has_graph ? count : 256;
  options.iterations = has_graph ? 1 : 10;
  options.probes = has_graph ? 8 : 0;
  options.recall = of.has_promise != 0 ? 0.9 : 0.0;
  options.reserve_rows = count + 100;
  auto index = atlas::ivf_pq<float>::create(options);
  if (!index.ok()) return {};  // a rotation is learned for product codes only, and flat lists have no others to rerank by
  std::vector<std::uint64_t> keys;
  std::vector<float> rows;
  for (std::uint64_t key = 0; key < count; ++key) {
    keys.push_back(key * 3);
    const std::vector<float> row = row_of(dimension, key);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  if (!index->add(keys, atlas::dense(rows.data(), count, dimension)).ok()) std::abort();
  for (std::uint64_t key = 0; key < 30; key += 3) {
    if (!index->remove(key).ok()) std::abort();
  }
  if (!index->save(path).ok()) std::abort();
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::uint64_t number_at(const std::string& file, std::size_t offset, std::size_t width) {
  std::uint64_t value = 0;
  std::memcpy(&value, file.data() + offset, width);
  return value;
}

/// Words that may mean much: as numbers of rows, blocks and lists, or as float32.
std::uint32_t word_of(std::uint8_t pattern, std::size_t place) {
  constexpr std::uint32_t special[] = {0xFFFFFFFFU, 0xFFFFFFFEU, 0x7FFFFFFFU, 0x80000000U, 0x7FC00000U, 0x7F800000U, 0xFF800000U,
                                       0x7F7FFFFFU, 0x00000001U, 0x5E5E5E5EU, 0x0000FFFFU, 0x00010000U, 0x08000000U, 0x3F800000U};
  if (pattern >= 0xF0) return special[pattern % 14];
  return pattern >= 0xE0 ? static_cast<std::uint32_t>(place * 2654435761U) : pattern;
}

/// A part of a file.
struct part {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};
/// A section of the file that is a part of another. @param number  below number_at(whole, of.first + 28, 4)
part section_at(const std::string& whole, const part& of, std::size_t number) {
  const std::size_t entry = of.first + 1024 + 64 * number;
  return {of.first + number_at(whole, entry + 8, 8), number_at(whole, entry + 16, 8)};
}
/// The graph of centroids, a file within the file; else nothing.
part graph_of(const std::string& file) {
  for (std::size_t i = 0; i < number_at(file, 28, 4); ++i) {
    if (number_at(file, 1024 + 64 * i, 4) == 0x128) return section_at(file, {}, i);
  }
  return {};
}

/// @param honest  says where sections are
/// @param file    the same bytes, to be changed
void tell_lies(input& from, const std::string& honest, std::string& file) {
  const std::size_t sections = number_at(honest, 28, 4);
  const part graph = graph_of(honest);
  const std::size_t further = graph.length != 0 ? number_at(honest, graph.first + 28, 4) : 0;
  for (int lies = 0; lies < 32 && !from.is_at_end(); ++lies) {
    const std::size_t which = from.byte() % (sections + 2 + further);
    const auto [first, length] = which == 0             ? part{0, 4096}
                                 : which == 1           ? part{64, sizeof(atlas::ivf_parameters)}
                                 : which < 2 + sections ? section_at(honest, {}, which - 2)
                                                        : section_at(honest, graph, which - 2 - sections);
    const std::size_t high = from.byte();
    const std::size_t place = (high << 8 | from.byte()) * 4;
    const std::uint8_t pattern = from.byte();
    const std::size_t words = from.byte();
    for (std::size_t i = 0; i <= words && place + 4 * i + 4 <= length; ++i) support::put_number(file, first + place + 4 * i, word_of(pattern, i), 4);
  }
  for (std::size_t which = 0; which < sections; ++which) {
    const std::size_t entry = 1024 + 64 * which;
    const std::uint64_t id = number_at(file, entry, 4);
    const std::uint64_t first = number_at(file, entry + 8, 8);
    const std::uint64_t length = number_at(file, entry + 16, 8);
    atlas::detail::quantizer_image_header header;
    if (first > file.size() || length > file.size() - first || length < sizeof header) continue;
    if (id == 0x128 && length >= 4096) {
      std::string nested = file.substr(first, 4096);
      support::seal(nested);
      file.replace(first, nested.size(), nested);
    }
    if (id != 0x126 && id != 0x127) continue;
    std::memcpy(&header, file.data() + first, sizeof header);
    if (header.count != (length - sizeof header) / sizeof(float)) continue;
    header.checksum = atlas::detail::checksum_of(header, reinterpret_cast<const std::byte*>(file.data() + first + sizeof header));
    std::memcpy(file.data() + first, &header, sizeof header);
  }
  support::seal(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  static const support::fuzzed_file where("ivf_file_fuzz");
  constexpr std::size_t most_kept = 256;  // of half a megabyte
  static std::map<shape, std::string> honest;  // training takes far longer than opening
  input from(data, size_bytes);
  const std::uint8_t flags = from.byte();
  shape of{};
  of.metric = (flags & 3) % 3;
  of.has_promise = (flags & 32) != 0 ? 1 : 0;
  of.has_graph = (flags & 192) == 192 && size_bytes >= 4 ? 1 : 0;  // it is slow: not for the shortest inputs, which say the same
  const std::uint8_t codes = from.byte();
  const std::uint8_t rotation = from.byte();
  const std::uint8_t dimension = from.byte();
  if (of.has_graph != 0) {  // which takes long to learn: one for each metric
    of.codes = static_cast<std::uint8_t>(atlas::ivf_codes::sq8);
    of.dimension = 4;
    of.has_promise = 0;
  } else {
    of.codes = codes % 5;
    of.stored = codes / 5 % 5;
    of.rotation = rotation % 3;
    of.rerank_codes = rotation / 3 % 5;
    of.dimension = static_cast<std::uint8_t>(4 + dimension % 4 * 5);
  }
  const auto known = honest.find(of);
  if (known == honest.end() && honest.size() == most_kept) honest.clear();
  const std::string& whole = known != honest.end() ? known->second : honest[of] = honest_file(of, where.save_path);
  if (whole.empty()) return 0;
  std::string file = whole;
  tell_lies(from, whole, file);
  where.write(file);
  if ((flags & 16) != 0) support::exercise_residences(where.path);
  const bool is_open = support::exercise_file(where.path, (flags & 4) != 0 ? where.save_path : nullptr, (flags & 8) != 0 ? 2 : 1);
  support::insist(is_open || size_bytes > 4, "an honest file opens");
  return 0;
}
