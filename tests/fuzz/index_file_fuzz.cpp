// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/index_file_fuzz.cpp -- an index file that agrees with itself and lies about everything else: opened to read and
// to change, searched, added to, saved. Errors and wrong answers are fine; anything else is not.
//
// An input describes a file, because bytes of a file would hardly ever pass its checksum. In order, each a byte:
//   flags (1 hnsw, 2 and 4 the metric, 8 save, 16 two threads, 32 codes, 64 sealed, 128 loaded and on disk), dimension, rows, live rows,
//   connectivity, build width, search width, upper blocks, entry row, entry level, slots of the key map;
//   with codes: their kind, the kind that was wanted, the rows they begin with, rows to prefetch, alpha in 64ths (255: NaN) and
//   the stored scalar; sealed: blocks of a row, and the rotation's seed;
//   the number of patches of the header page, and for each its offset (two bytes) and its value;
//   for each section in the order of the file whether it is as it should be (0) or what follows, element by element; of
//   vectors, codes and blocks four patterns of four bytes that come back again and again.
// An exhausted input goes on with zeros. Seeds: tests/fuzz/seeds/index_file, made by make_index_file_seeds.py.
#include <atlas/index/hnsw_index.hpp>

#include "support/components.hpp"
#include "support/fuzzed_file.hpp"
#include "support/index_bytes.hpp"
#include "support/index_exercise.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace {

class input {
 public:
  input(const std::uint8_t* data, std::size_t size_bytes) : data_(data), left_(size_bytes) {}
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  /// Mostly small, so that it names a row; the marks of an end and of an erased slot; a few that are far out.
  std::uint32_t word() {
    const std::uint32_t one = byte();
    if (one >= 0xFE) return 0xFFFFFF00U | one;
    return one < 0xF0 ? one : one << 24 | 0x10000;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

/// Elements of `width` bytes: as `usual(i)` says, or as the input does.
template <class Usual>
std::string elements(input& from, std::size_t count, std::size_t width, Usual usual) {
  std::string bytes(count * width, '\0');
  const bool is_usual = from.byte() == 0;
  for (std::size_t i = 0; i < count; ++i) support::put_number(bytes, i * width, is_usual ? usual(i) : from.word(), width);
  return bytes;
}

/// Four bit patterns that come back again and again: among them may be NaN, infinity and zero.
class patterns {
 public:
  explicit patterns(input& from) : is_used_(from.byte() != 0) {
    for (std::uint32_t& one : all_) {
      for (int i = 0; is_used_ && i < 4; ++i) one = one << 8 | from.byte();
    }
  }
  /// In place of the `width` bytes at `offset`, for a third of all places.
  void put(std::string& bytes, std::size_t offset, std::size_t width, std::size_t row, std::size_t i) const {
    if (is_used_ && (row + i) % 3 == 0) support::put_number(bytes, offset, all_[(row * 5 + i) % 4], width);
  }

 private:
  bool is_used_;
  std::uint32_t all_[4] = {};
};

std::string vectors_of(input& from, std::size_t rows, const atlas::row_layout& layout) {
  std::string bytes(rows * layout.stride_bytes, '\0');
  const patterns odd(from);
  const std::size_t width = support::element_bytes(layout.element);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t first = row * layout.stride_bytes;
    for (std::size_t i = 0; i < layout.dimension; ++i) {
      const auto usual = static_cast<double>((row * 7 + i * 3) % 17) - (layout.element == atlas::scalar::u8 ? 0.0 : 8.0);
      support::set_component(layout.element, bytes.data() + first, i, usual);
      odd.put(bytes, first + i * width, width, row, i);
    }
    if (layout.metric != atlas::metric::cosine) continue;
    const float norm = 0.1F;
    std::memcpy(bytes.data() + first + layout.norm_offset, &norm, sizeof norm);
    odd.put(bytes, first + layout.norm_offset, sizeof norm, row, layout.dimension);
  }
  return bytes;
}

/// Codes of the usual vectors, relative to a centre of zeros.
std::string codes_of(input& from, std::size_t rows, std::size_t dimension, atlas::metric metric, atlas::traversal_codes kind) {
  const std::size_t stride = atlas::detail::code_stride_bytes(kind, dimension);
  std::string bytes(rows * stride, '\0');
  const patterns odd(from);
  std::vector<float> usual(dimension);
  const std::vector<float> centre(dimension, 0.0F);
  atlas::buffer<std::byte> row_bytes;  // aligned as rows in memory are
  if (!row_bytes.resize(stride).ok()) std::abort();
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < dimension; ++i) usual[i] = static_cast<float>((row * 7 + i * 3) % 17) - 8.0F;
    std::memset(row_bytes.data(), 0, stride);
    if (atlas::detail::is_lvq(kind)) {
      const auto bits = kind == atlas::traversal_codes::lvq8 ? atlas::lvq_bits::eight : atlas::lvq_bits::four;
      atlas::lvq_encode(atlas::lvq_layout::of(dimension, bits), metric, usual.data(), 1.0F, centre.data(), row_bytes.data());
    } else {
      const auto scalar = kind == atlas::traversal_codes::f16 ? atlas::scalar::f16 : atlas::scalar::bf16;
      for (std::size_t i = 0; i < dimension; ++i) support::set_component(scalar, row_bytes.data(), i, static_cast<double>(usual[i]));
    }
    std::memcpy(bytes.data() + row * stride, row_bytes.data(), stride);
    for (std::size_t word = 0; word + 4 <= stride; word += 4) odd.put(bytes, row * stride + word, 4, row, word / 4);
  }
  return bytes;
}

/// Rows of blocks of neighbours: numbers of rows in a row, and bits.
std::string blocks_of(input& from, std::size_t rows, std::size_t dimension, std::uint32_t blocks) {
  atlas::detail::neighbour_store shape;
  if (!shape.set_shape(dimension, blocks, 1).ok()) std::abort();
  const std::size_t stride = shape.layout().stride_bytes();
  std::string bytes(rows * stride, '\0');
  const patterns odd(from);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t block = 0; block < blocks; ++block) {
      const std::size_t first = row * stride + block * shape.layout().block_bytes();
      for (std::size_t i = 0; i < 32; ++i) support::put_number(bytes, first + i * 4, i < 8 ? (row + block * 8 + i + 1) % rows : 0xFFFFFFFFU, 4);
    }
    for (std::size_t word = 0; word + 4 <= stride; word += 4) odd.put(bytes, row * stride + word, 4, row, word / 4);
  }
  return bytes;
}

std::string key_map_of(input& from, const std::string& keys, std::size_t slots) {
  std::vector<std::uint32_t> map(slots, 0xFFFFFFFFU);
  for (std::size_t row = 0; row * 8 < keys.size() && row < slots / 2; ++row) {
    std::uint64_t key;
    std::memcpy(&key, keys.data() + row * 8, sizeof key);
    std::size_t slot = atlas::mix64(key) % slots;
    while (map[slot] != 0xFFFFFFFFU) slot = (slot + 1) % slots;
    map[slot] = static_cast<std::uint32_t>(row);
  }
  return elements(from, slots, 4, [&](std::size_t slot) { return map[slot]; });
}

std::string file_of(input& from, std::uint8_t flags) {
  const bool is_hnsw = (flags & 1) != 0;
  const std::uint8_t metric = (flags >> 1 & 3) % 3;
  const std::size_t dimension = 1 + from.byte() % 20;
  const std::size_t rows = from.byte() % 40;
  const std::size_t live = from.byte() % (rows + 1);
  const std::uint32_t connectivity = 2 + from.byte() % 6;
  const std::uint32_t build_width = 1 + from.byte() % 40;
  const std::uint32_t search_width = 1 + from.byte();
  const std::size_t blocks = from.byte() % 40;
  const std::uint32_t entry_row = from.word();
  const std::uint32_t entry_level = from.word();
  const std::uint8_t slot_bits = from.byte();
  const std::size_t slots = slot_bits >= 128 ? 0 : std::size_t{1} << (slot_bits % 8);
  const bool is_coded = is_hnsw && (flags & 32) != 0;
  const std::uint8_t codes = is_coded ? from.byte() : 0;
  const std::uint8_t codes_wanted = is_coded ? from.byte() : 0;
  const std::uint32_t codes_from = is_coded ? from.byte() : 0;
  const std::uint32_t prefetch_rows = is_coded ? from.byte() : 0;
  const std::uint8_t alpha_64ths = is_coded ? from.byte() : 0;
  const std::uint8_t stored = is_coded ? from.byte() : 0;
  const bool is_sealed = is_hnsw && (flags & 64) != 0;
  const std::uint32_t row_blocks = is_sealed ? 1 + from.byte() % 4 : 0;
  const std::uint32_t rotation_seed = is_sealed ? from.byte() : 0;
  const std::size_t patch_count = from.byte() % 8;
  std::vector<std::pair<std::size_t, char>> patches;
  for (std::size_t i = 0; i < patch_count; ++i) {
    const std::size_t high = from.byte();
    const std::size_t offset = (high << 8 | from.byte()) % 4096;
    patches.emplace_back(offset, static_cast<char>(from.byte()));
  }

  // Numbers that name nothing are in the header only.
  const auto element = static_cast<atlas::scalar>(stored <= 4 ? stored : 0);
  const atlas::row_layout layout(dimension, static_cast<atlas::metric>(metric), element);
  const std::size_t stride = layout.stride_bytes;
  const float alpha = alpha_64ths == 0xFF ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(alpha_64ths) / 64.0F;
  std::uint32_t alpha_bits;
  std::memcpy(&alpha_bits, &alpha, sizeof alpha_bits);
  support::header_numbers numbers;
  numbers.kind = is_hnsw ? 2 : 1;
  numbers.metric = metric;
  numbers.scalar = stored;
  numbers.dimension = static_cast<std::uint32_t>(dimension);
  numbers.count = live;
  numbers.rows = rows;
  numbers.parameters.assign(64, '\0');
  const std::uint64_t parameters[][3] = {{0, stride, 4},       {4, connectivity, 4}, {8, build_width, 4},  {12, search_width, 4}, {16, 42, 8},
                                         {24, entry_row, 4},   {28, entry_level, 4}, {32, blocks, 8},      {40, codes, 1},         {41, codes_wanted, 1},
                                         {42, prefetch_rows, 2}, {44, codes_from, 4}, {48, alpha_bits, 4}, {52, row_blocks, 4},    {56, rotation_seed, 8}};
  for (const auto& one : parameters) support::put_number(numbers.parameters, one[0], one[1], one[2]);

  constexpr std::uint32_t both = atlas::section_required | atlas::section_growable;
  const auto zero = [](std::size_t) { return 0U; };
  const auto none = [](std::size_t) { return 0xFFFFFFFFU; };
  std::vector<support::section_bytes> sections;
  sections.push_back({0x100, both, static_cast<std::uint32_t>(stride), vectors_of(from, rows, layout)});
  sections.push_back({0x101, both, 8, elements(from, rows, 8, [](std::size_t row) { return row * 3; })});
  sections.push_back({0x102, both, 1, elements(from, rows, 1, zero)});
  sections.push_back({0x103, atlas::section_required, 4, key_map_of(from, sections[1].bytes, slots)});
  if (is_hnsw) {
    const std::size_t links = 2 * connectivity;
    const auto ring = [&](std::size_t i) { return static_cast<std::uint32_t>((i / links + i % links + 1) % rows); };
    sections.push_back({0x110, both, static_cast<std::uint32_t>(links * 4), elements(from, rows * links, 4, ring)});
    sections.push_back({0x111, both, 1, elements(from, rows, 1, zero)});
    sections.push_back({0x112, both, 4, elements(from, rows, 4, none)});
    sections.push_back({0x113, both, connectivity * 4, elements(from, blocks * connectivity, 4, none)});
  }
  if (codes >= 1 && codes <= 4) {
    const auto kind = static_cast<atlas::traversal_codes>(codes);
    const auto code_bytes = static_cast<std::uint32_t>(atlas::detail::code_stride_bytes(kind, dimension));
    sections.push_back({0x114, both, code_bytes, codes_of(from, rows, dimension, layout.metric, kind)});
    std::string centre(dimension * 4, '\0');
    const patterns odd(from);
    for (std::size_t i = 0; i < dimension; ++i) odd.put(centre, i * 4, 4, i, 0);
    sections.push_back({0x115, atlas::section_required, 4, centre});
  }
  if (is_sealed) {
    const std::string of_rows = blocks_of(from, rows, dimension, row_blocks);
    sections.push_back({0x116, both, static_cast<std::uint32_t>(rows == 0 ? 1 : of_rows.size() / rows), of_rows});
  }
  std::string file = support::index_bytes(numbers, sections);
  for (const auto& [offset, value] : patches) file[offset] = value;
  if (!patches.empty()) support::seal(file);
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  static const support::fuzzed_file where("index_file_fuzz");
  input from(data, size_bytes);
  const std::uint8_t flags = from.byte();
  where.write(file_of(from, flags));
  if ((flags & 128) != 0) support::exercise_residences(where.path);
  (void)support::exercise_file(where.path, (flags & 8) != 0 ? where.save_path : nullptr, (flags & 16) != 0 ? 2 : 1);
  return 0;
}
