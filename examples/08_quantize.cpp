// SPDX-License-Identifier: Apache-2.0
// examples/08_quantize.cpp -- vectors in a few bytes: clusters of them, codes of 16 bytes, the nearest by codes alone.
//
//   c++ -std=c++20 -O2 -Iinclude examples/08_quantize.cpp -o quantize -lpthread && ./quantize
//
// Indexes choose and train codes themselves; this is for programs that keep vectors on their own.
#include <atlas/distance.hpp>
#include <atlas/quantize.hpp>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <random>
#include <vector>

int main() {
  // 20,000 vectors of 64 components about 50 middles, as embeddings lie: not evenly in all directions.
  constexpr std::size_t dimension = 64;
  constexpr std::size_t count = 20'000;
  std::mt19937 random(42);
  std::normal_distribution<float> normal;
  std::vector<float> middles(50 * dimension);
  for (float& each : middles) each = normal(random);
  std::vector<float> vectors(count * dimension);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    vectors[i] = middles[i / dimension % 50 * dimension + i % dimension] + 0.5F * normal(random);
  }
  const atlas::matrix_view rows = atlas::dense(vectors.data(), count, dimension);

  const auto clusters = atlas::kmeans(rows, {.clusters = 50, .start = atlas::kmeans_start::plus_plus, .threads = 0}).value();
  std::printf("k-means: %zu rows near the first of 50 centroids, mean squared distance %.2f\n",
              static_cast<std::size_t>(clusters.sizes[0]), clusters.error);

  // Each kind trains, encodes, decodes, says what it loses, and is saved as bytes.
  const atlas::quantizer_options kinds[] = {
      {.kind = atlas::quantizer_kind::scalar, .threads = 0},
      {.kind = atlas::quantizer_kind::product, .code_bytes = 16, .iterations = 10, .threads = 0},
      {.kind = atlas::quantizer_kind::corrected, .code_bytes = 16, .iterations = 10, .threads = 0},
      {.kind = atlas::quantizer_kind::bits, .threads = 0},
  };
  const char* const names[] = {"scalar", "product", "corrected", "bits"};
  for (std::size_t kind = 0; kind < 4; ++kind) {
    const auto quantizer = atlas::any_quantizer::train(rows, kinds[kind]).value();
    std::vector<std::uint8_t> codes(count * quantizer.code_bytes());
    quantizer.encode(rows, codes.data(), {.threads = 0}).value();

    // Distances of the first vector to all of them by their codes; itself and its ten nearest should be among the first 20.
    const atlas::basic_matrix_view<std::uint8_t> coded{codes.data(), count, quantizer.code_bytes(), quantizer.code_bytes()};
    std::vector<float> distances(count);
    quantizer.distances(rows.subrows(0, 1), coded, distances.data()).value();
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    std::partial_sort(order.begin(), order.begin() + 20, order.end(),
                      [&](std::uint32_t a, std::uint32_t b) { return distances[a] < distances[b]; });
    atlas::neighbour exact[10];
    (void)atlas::nearest(rows.row(0), rows, atlas::metric::l2sq, exact).value();
    std::size_t found = 0;
    for (const atlas::neighbour& one : exact) found += static_cast<std::size_t>(std::count(order.begin(), order.begin() + 20, one.id));

    atlas::buffer<std::byte> state;
    quantizer.save(state).value();
    const auto again = atlas::any_quantizer::load({state.data(), state.size()}).value();
    std::printf("%-9s %3zu bytes a vector instead of %zu, %.4f of the squared length lost, %zu of 10 nearest in the first 20; "
                "saved in %zu bytes\n",
                names[kind], again.code_bytes(), dimension * sizeof(float), again.error_of(rows.subrows(0, 1'000)).value().share, found,
                state.size());
  }

  // What a refusal looks like: fewer rows than a part has centroids.
  const auto refused = atlas::any_quantizer::train(rows.subrows(0, 100), {.code_bytes = 16});
  char text[512];
  atlas::describe(refused.error(), text, sizeof text);
  std::printf("refused: %s\n", text);
  return refused.ok() ? 1 : 0;
}
