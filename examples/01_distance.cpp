// SPDX-License-Identifier: Apache-2.0
// examples/01_distance.cpp -- distances and the nearest rows of a small block of vectors, also in fewer bits.
//
//   c++ -std=c++20 -O2 -Iinclude examples/01_distance.cpp -o distance && ./distance
//
// Nothing to link and no -m flag: the best instruction set is picked when the program runs.
#include <atlas/distance.hpp>
#include <atlas/simd/target.hpp>

#include <cstdio>
#include <vector>

int main() {
  constexpr std::size_t dimension = 3;
  const std::vector<float> block = {
      1.0F, 0.0F, 0.0F,  // row 0
      0.9F, 0.1F, 0.0F,  // row 1
      0.0F, 1.0F, 0.0F,  // row 2
      0.7F, 0.7F, 0.1F,  // row 3
  };
  const std::vector<float> query = {1.0F, 0.1F, 0.0F};
  const atlas::matrix_view rows = atlas::dense(block.data(), block.size() / dimension, dimension);

  std::printf("instruction set: %s\n", atlas::simd::target());
  std::printf("squared distance to row 2: %.2f\n",
              static_cast<double>(atlas::l2sq(query.data(), rows.row(2), dimension)));

  // One query against every row. A call that can be refused returns a result: a value, or an error
  // that names what was expected and what was found.
  std::vector<float> out(rows.rows);
  const auto written = atlas::distances(query.data(), rows, atlas::metric::cosine, out.data());
  if (!written.ok()) {
    char text[512];
    atlas::describe(written.error(), text, sizeof text);
    std::fprintf(stderr, "%s\n", text);
    return 1;
  }
  for (std::size_t row = 0; row < *written; ++row) {
    std::printf("cosine distance to row %zu: %.4f\n", row, static_cast<double>(out[row]));
  }

  // The nearest two rows. In main() a failed result may simply end the program: value() says why.
  atlas::neighbour nearest[2];
  const std::size_t found = atlas::nearest(query.data(), rows, atlas::metric::cosine, nearest).value();
  for (std::size_t i = 0; i < found; ++i) {
    std::printf("nearest %zu: row %u at %.4f\n", i + 1, static_cast<unsigned>(nearest[i].id),
                static_cast<double>(nearest[i].distance));
  }

  // The same rows at half the size, with the query as it is; and as bits, told apart by how many differ.
  std::vector<atlas::bf16> halves(block.size());
  atlas::convert(rows, halves.data()).value();
  std::printf("squared distance to row 2 in bf16: %.2f\n",
              static_cast<double>(atlas::l2sq(query.data(), halves.data() + 2 * dimension, dimension)));
  const atlas::b1x8 bits[2] = {{0b101}, {0b110}};
  std::printf("bits that differ: %.0f\n", static_cast<double>(atlas::hamming(bits, bits + 1, dimension)));

  // Many queries at once, here the rows themselves, on all threads: the nearest two of each. Exact.
  std::vector<atlas::neighbour> near(rows.rows * 2);
  const atlas::nearest_options options{.k = 2, .threads = 0};
  const std::size_t slots = atlas::nearest(rows, rows, atlas::metric::l2sq, options, near.data()).value();
  for (std::size_t row = 0; 2 * row < slots; ++row) {
    std::printf("row %zu: next is row %u at %.2f\n", row, static_cast<unsigned>(near[2 * row + 1].id),
                static_cast<double>(near[2 * row + 1].distance));
  }

  // What a refusal looks like: a stride shorter than a row.
  const auto refused = atlas::distances(query.data(), {block.data(), 4, 3, 2}, atlas::metric::l2sq, out.data());
  char text[512];
  atlas::describe(refused.error(), text, sizeof text);
  std::printf("refused: %s\n", text);
  return refused.ok() ? 1 : 0;
}
