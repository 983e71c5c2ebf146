// SPDX-License-Identifier: Apache-2.0
// tests/c_api/distance_test.cpp -- distances, the nearest, and batches of rows that the caller holds.
#include "c_api/c_api_support.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace {

using namespace c_api_support;

constexpr float untouched = -77.0F;

/// Bytes that are good components of any scalar: no NaN, no infinity.
std::vector<std::uint8_t> plain_bytes(std::uint32_t seed, std::size_t size) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() % 0x3F);
  return bytes;
}

/// Component `index` of row `row`; only bytes of plain_bytes, so no sign, no infinity.
double component(const atlas_matrix& rows, std::size_t row, std::size_t index) {
  const std::uint64_t dense = rows.scalar == ATLAS_SCALAR_B1 ? (rows.dimension + 7) / 8 : rows.dimension;
  const std::uint64_t at = row * (rows.stride == 0 ? dense : rows.stride);
  const auto* bytes = static_cast<const std::uint8_t*>(rows.data);
  if (rows.scalar == ATLAS_SCALAR_B1) return (bytes[at + index / 8] >> (index % 8)) & 1;
  if (rows.scalar == ATLAS_SCALAR_I8 || rows.scalar == ATLAS_SCALAR_U8) return bytes[at + index];
  if (rows.scalar == ATLAS_SCALAR_F32) return static_cast<double>(static_cast<const float*>(rows.data)[at + index]);
  const unsigned bits = static_cast<const std::uint16_t*>(rows.data)[at + index];
  const bool is_f16 = rows.scalar == ATLAS_SCALAR_F16;
  const int fraction_bits = is_f16 ? 10 : 7;
  const int exponent = static_cast<int>(bits >> fraction_bits);
  const double fraction = bits & ((1U << fraction_bits) - 1);
  return std::ldexp(exponent == 0 ? fraction : fraction + (1 << fraction_bits),
                    std::max(exponent, 1) - (is_f16 ? 15 : 127) - fraction_bits);
}

double reference(const atlas_matrix& queries, std::size_t query, const atlas_matrix& rows, std::size_t row,
                 std::int32_t metric) {
  double l2sq = 0;
  double dot = 0;
  double query_squared = 0;
  double row_squared = 0;
  for (std::size_t i = 0; i < rows.dimension; ++i) {
    const double a = component(queries, query, i);
    const double b = component(rows, row, i);
    l2sq += (a - b) * (a - b);
    dot += a * b;
    query_squared += a * a;
    row_squared += b * b;
  }
  switch (metric) {
    case ATLAS_METRIC_INNER_PRODUCT: return 1 - dot;
    case ATLAS_METRIC_COSINE: return 1 - dot / std::sqrt(query_squared * row_squared);
    case ATLAS_METRIC_JACCARD: return 1 - dot / (query_squared + row_squared - dot);
    default: return l2sq;
  }
}

}  // namespace

TEST_SUITE("c_api") {
  TEST_CASE("distances: every pair of scalars and metric that fits, as in C++; the others are refused") {
    constexpr std::uint32_t dimension = 21;
    const auto query_bytes = plain_bytes(1, 3 * 32 * 4);
    const auto row_bytes = plain_bytes(2, 9 * 32 * 4);
    const std::uint64_t ids[4] = {8, 0, 0, 5};
    int accepted = 0;
    for (std::int32_t query = ATLAS_SCALAR_F32; query <= ATLAS_SCALAR_B1; ++query) {
      for (std::int32_t row = ATLAS_SCALAR_F32; row <= ATLAS_SCALAR_B1; ++row) {
        for (std::int32_t metric = ATLAS_METRIC_L2SQ; metric <= ATLAS_METRIC_JACCARD; ++metric) {
          CAPTURE(query);
          CAPTURE(row);
          CAPTURE(metric);
          const atlas_matrix queries = {query_bytes.data(), 3, 32, dimension, query};
          const atlas_matrix rows = {row_bytes.data(), 9, 0, dimension, row};
          std::vector<float> out(27, untouched);
          const bool are_alike = query == row || (query == ATLAS_SCALAR_F32 && row != ATLAS_SCALAR_B1);
          const bool is_of_bits = metric >= ATLAS_METRIC_HAMMING;
          const atlas_status want = !are_alike                                    ? ATLAS_ERR_SCALAR_MISMATCH
                                    : is_of_bits != (query == ATLAS_SCALAR_B1)    ? ATLAS_ERR_METRIC_MISMATCH
                                                                                  : ATLAS_OK;
          REQUIRE(atlas_distances(out.data(), &queries, &rows, metric) == want);
          std::vector<float> some(12, untouched);
          REQUIRE(atlas_distances_of_rows(some.data(), &queries, &rows, ids, 4, metric) == want);
          if (want != ATLAS_OK) {
            CHECK(std::all_of(out.begin(), out.end(), [](float each) { return each == untouched; }));
            CHECK(std::all_of(some.begin(), some.end(), [](float each) { return each == untouched; }));
            continue;
          }
          ++accepted;
          for (std::size_t i = 0; i < 27; ++i) {
            const double exact = reference(queries, i / 9, rows, i % 9, metric);
            CHECK(std::abs(static_cast<double>(out[i]) - exact) <= 1e-5 * (1 + std::abs(exact)));
          }
          for (std::size_t i = 0; i < 12; ++i) CHECK(some[i] == out[i / 4 * 9 + ids[i % 4]]);
        }
      }
    }
    CHECK(accepted == 9 * 3 + 2);
  }

  TEST_CASE("distances_of_rows: more ids than are converted at a time") {
    const auto values = random_rows(3, 50, 4);
    const atlas_matrix rows = matrix(values, 4);
    const atlas_matrix queries = {values.data(), 2, 0, 4, ATLAS_SCALAR_F32};
    std::vector<std::uint64_t> ids(2500);
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = i * 7 % 50;
    std::vector<float> out(5000);
    std::vector<float> all(100);
    REQUIRE(atlas_distances_of_rows(out.data(), &queries, &rows, ids.data(), ids.size(), ATLAS_METRIC_L2SQ) == ATLAS_OK);
    REQUIRE(atlas_distances(all.data(), &queries, &rows, ATLAS_METRIC_L2SQ) == ATLAS_OK);
    bool is_right = true;
    for (std::size_t i = 0; i < out.size(); ++i) is_right = is_right && out[i] == all[i / 2500 * 50 + ids[i % 2500]];
    CHECK(is_right);
  }

  TEST_CASE("distances: what is refused names both values and writes nothing") {
    const float values[6] = {1, 2, 3, 4, 5, 6};
    float out[9];
    for (float& each : out) each = untouched;
    const atlas_matrix rows = {values, 3, 0, 2, ATLAS_SCALAR_F32};
    const auto refused = [&](const atlas_matrix& queries, const atlas_matrix& given, atlas_status want, const char* text) {
      CHECK(atlas_distances(out, &queries, &given, ATLAS_METRIC_L2SQ) == want);
      CHECK(last_error_says(text));
    };
    refused(rows, {values, 2, 1, 2, ATLAS_SCALAR_F32}, ATLAS_ERR_INVALID_ARGUMENT, "rows.stride: expected 0, or at least 2, found 1");
    refused(rows, {values, 2, 0, 3, ATLAS_SCALAR_F32}, ATLAS_ERR_DIMENSION_MISMATCH, "rows.dimension: expected 2, found 3");
    refused({values, 2, 0, 0, ATLAS_SCALAR_F32}, {values, 2, 0, 0, ATLAS_SCALAR_F32}, ATLAS_ERR_INVALID_ARGUMENT,
            "rows.dimension: expected 1 to 65535, found 0");
    refused({values, 2, 0, 65'536, ATLAS_SCALAR_F32}, {values, 2, 0, 65'536, ATLAS_SCALAR_F32}, ATLAS_ERR_LIMIT_EXCEEDED,
            "rows.dimension: expected 65535, found 65536");
    refused(rows, {values, 3, 0, 2, 99}, ATLAS_ERR_INVALID_ARGUMENT, "rows.scalar: expected one of ATLAS_SCALAR_, found 99");
    refused({values, 3, 0, 2, ATLAS_SCALAR_I8}, rows, ATLAS_ERR_SCALAR_MISMATCH, "rows.scalar: expected i8, found f32");
    const auto* odd = reinterpret_cast<const char*>(values) + 1;
    refused(rows, {odd, 1, 0, 2, ATLAS_SCALAR_F16}, ATLAS_ERR_INVALID_ARGUMENT, "rows.data: expected a pointer aligned");
    const std::uint64_t ids[2] = {0, 3};
    CHECK(atlas_distances_of_rows(out, &rows, &rows, ids, 2, ATLAS_METRIC_L2SQ) == ATLAS_ERR_LIMIT_EXCEEDED);
    CHECK(last_error_says("id: expected below 3, found 3"));
    CHECK(atlas_last_error_row() == 1);
    for (const float each : out) CHECK(each == untouched);

    float memory[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const atlas_matrix inside = {memory, 3, 0, 2, ATLAS_SCALAR_F32};
    const atlas_matrix one = {values, 1, 0, 2, ATLAS_SCALAR_F32};
    CHECK(atlas_distances(memory + 5, &one, &inside, ATLAS_METRIC_L2SQ) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("out: expected memory apart from the inputs, found rows"));
    CHECK(memory[5] == 6.0F);
  }

  TEST_CASE("nearest: as sorting all distances gives it, for each scalar, and NaN is never found") {
    std::vector<float> values = random_rows(5, 300, 6);
    values[7 * 6] = std::numeric_limits<float>::quiet_NaN();
    const atlas_matrix rows = matrix(values, 6);
    const auto asked = random_rows(6, 20, 6);
    const atlas_matrix queries = matrix(asked, 6);
    std::vector<float> all(20 * 300);
    for (const std::int32_t metric : {ATLAS_METRIC_L2SQ, ATLAS_METRIC_INNER_PRODUCT, ATLAS_METRIC_COSINE}) {
      for (std::size_t query = 0; query < 20; ++query) {  // one at a time: the same bits as the search's
        const atlas_matrix one = {asked.data() + query * 6, 1, 0, 6, ATLAS_SCALAR_F32};
        REQUIRE(atlas_distances(all.data() + query * 300, &one, &rows, metric) == ATLAS_OK);
      }
      for (const std::int32_t first_pass : {ATLAS_FIRST_PASS_F32, ATLAS_FIRST_PASS_BF16, ATLAS_FIRST_PASS_I8}) {
        std::vector<std::uint64_t> keys(21 * 300, 5);
        std::vector<float> distances(21 * 300, untouched);
        std::vector<std::uint32_t> counts(21, 9);
        atlas_hits hits = ATLAS_HITS_INIT;
        hits.rows = 21;
        hits.k = 300;
        hits.keys = keys.data();
        hits.distances = distances.data();
        hits.counts = counts.data();
        atlas_nearest_options options = ATLAS_NEAREST_OPTIONS_INIT;
        options.first_pass = first_pass;
        REQUIRE(atlas_nearest(&hits, &queries, &rows, metric, &options) == ATLAS_OK);
        for (std::size_t query = 0; query < 20; ++query) {
          std::vector<std::pair<float, std::uint64_t>> want;
          for (std::size_t row = 0; row < 300; ++row) {
            if (row != 7) want.emplace_back(all[query * 300 + row], row);
          }
          std::sort(want.begin(), want.end());
          bool is_right = counts[query] == 299;
          for (std::size_t i = 0; i < 299; ++i) {
            is_right = is_right && want[i].first == distances[query * 300 + i] && want[i].second == keys[query * 300 + i];
          }
          CHECK(is_right);
          CHECK(keys[query * 300 + 299] == ATLAS_RESERVED_KEY);
          CHECK(std::isinf(distances[query * 300 + 299]));
        }
        CHECK(keys[20 * 300] == 5);  // rows that no query needs stay as they are
        CHECK(distances[20 * 300] == untouched);
      }
    }
  }

  TEST_CASE("nearest: bits under hamming, bytes under l2sq") {
    const auto bytes = plain_bytes(9, 40 * 3);
    const atlas_matrix bits = {bytes.data(), 40, 3, 20, ATLAS_SCALAR_B1};
    std::uint64_t keys[4];
    float distances[4];
    atlas_hits hits = ATLAS_HITS_INIT;
    hits.rows = 2;
    hits.k = 2;
    hits.keys = keys;
    hits.distances = distances;
    const atlas_matrix two = {bytes.data() + 6, 2, 3, 20, ATLAS_SCALAR_B1};
    REQUIRE(atlas_nearest(&hits, &two, &bits, ATLAS_METRIC_HAMMING, nullptr) == ATLAS_OK);
    CHECK(keys[0] == 2);
    CHECK(keys[2] == 3);
    CHECK(distances[0] == 0.0F);
    const atlas_matrix u8 = {bytes.data(), 40, 0, 3, ATLAS_SCALAR_U8};
    const atlas_matrix u8_query = {bytes.data() + 9, 1, 0, 3, ATLAS_SCALAR_U8};
    REQUIRE(atlas_nearest(&hits, &u8_query, &u8, ATLAS_METRIC_L2SQ, nullptr) == ATLAS_OK);
    CHECK(keys[0] == 3);
    CHECK(distances[0] == 0.0F);
  }

  TEST_CASE("nearest: what is refused names both values and writes nothing; a callback may stop it") {
    const auto values = random_rows(5, 30, 2);
    const atlas_matrix rows = matrix(values, 2);
    std::vector<std::uint64_t> keys(900, 5);
    std::vector<float> distances(900, untouched);
    atlas_hits hits = ATLAS_HITS_INIT;
    hits.rows = 30;
    hits.keys = keys.data();
    hits.distances = distances.data();
    const auto refused = [&](const atlas_nearest_options* options, atlas_status want, const char* text) {
      CHECK(atlas_nearest(&hits, &rows, &rows, ATLAS_METRIC_L2SQ, options) == want);
      CHECK(last_error_says(text));
    };
    hits.k = 0;
    refused(nullptr, ATLAS_ERR_INVALID_ARGUMENT, "hits.k: expected at least 1, found 0");
    hits.k = 31;
    refused(nullptr, ATLAS_ERR_INVALID_ARGUMENT, "hits.k: expected at most rows.rows = 30, found 31");
    hits.k = 3;
    hits.rows = 29;
    refused(nullptr, ATLAS_ERR_INVALID_ARGUMENT, "hits.rows: expected at least 30, found 29");
    hits.rows = 30;
    atlas_nearest_options options = ATLAS_NEAREST_OPTIONS_INIT;
    options.first_pass = 3;
    refused(&options, ATLAS_ERR_INVALID_ARGUMENT, "options.first_pass: expected one of ATLAS_FIRST_PASS_, found 3");
    options.first_pass = 0;
    options.reserved = 1;
    refused(&options, ATLAS_ERR_INVALID_ARGUMENT, "options.reserved: expected 0, found 1");
    hits.distances = reinterpret_cast<float*>(keys.data()) + 4;
    refused(nullptr, ATLAS_ERR_INVALID_ARGUMENT, "hits.distances: expected memory apart from the inputs, found hits.keys");
    hits.distances = distances.data();
    auto* const of_rows = const_cast<float*>(values.data());
    hits.counts = reinterpret_cast<std::uint32_t*>(keys.data()) + 4;
    refused(nullptr, ATLAS_ERR_INVALID_ARGUMENT, "hits.keys: expected memory apart from the inputs, found hits.counts");
    hits.counts = reinterpret_cast<std::uint32_t*>(of_rows);
    refused(nullptr, ATLAS_ERR_INVALID_ARGUMENT, "hits.counts: expected memory apart from the inputs, found queries");
    hits.counts = nullptr;
    hits.keys = reinterpret_cast<std::uint64_t*>(of_rows);
    refused(nullptr, ATLAS_ERR_INVALID_ARGUMENT, "hits.keys: expected memory apart from the inputs, found queries");
    hits.keys = keys.data();
    hits.distances = of_rows;
    refused(nullptr, ATLAS_ERR_INVALID_ARGUMENT, "hits.distances: expected memory apart from the inputs, found queries");
    hits.distances = distances.data();
    CHECK(values == random_rows(5, 30, 2));
    CHECK(std::all_of(keys.begin(), keys.end(), [](std::uint64_t key) { return key == 5; }));
    CHECK(std::all_of(distances.begin(), distances.end(), [](float each) { return each == untouched; }));

    atlas_nearest_options stopping = ATLAS_NEAREST_OPTIONS_INIT;
    stopping.progress = [](std::uint64_t, std::uint64_t, void*) -> std::int32_t { return 1; };
    CHECK(atlas_nearest(&hits, &rows, &rows, ATLAS_METRIC_L2SQ, &stopping) == ATLAS_ERR_CANCELLED);
  }

  TEST_CASE("struct_size: nearest options") {
    const auto values = random_rows(5, 3, 2);
    const atlas_matrix rows = matrix(values, 2);
    std::uint64_t keys[3];
    float distances[3];
    atlas_hits hits = ATLAS_HITS_INIT;
    hits.rows = 3;
    hits.k = 1;
    hits.keys = keys;
    hits.distances = distances;
    check_struct_size(atlas_nearest_options ATLAS_NEAREST_OPTIONS_INIT, [&](const atlas_nearest_options* given) {
      return atlas_nearest(&hits, &rows, &rows, ATLAS_METRIC_L2SQ, given);
    });
    check_struct_size(hits, [&](const atlas_hits* given) {
      return atlas_nearest(const_cast<atlas_hits*>(given), &rows, &rows, ATLAS_METRIC_L2SQ, nullptr);
    });
  }

  TEST_CASE("norms, normalize, mean, consecutive_cosine") {
    const float values[8] = {3, 4, 0, 0, -5, 12, 6, 8};
    const atlas_matrix rows = {values, 4, 0, 2, ATLAS_SCALAR_F32};
    float lengths[4];
    REQUIRE(atlas_norms(lengths, &rows) == ATLAS_OK);
    CHECK(lengths[0] == 5.0F);
    CHECK(lengths[1] == 0.0F);
    CHECK(lengths[2] == 13.0F);

    float out[12];
    for (float& each : out) each = untouched;
    std::uint64_t zeros = 99;
    REQUIRE(atlas_normalize(out, &zeros, &rows, 3) == ATLAS_OK);
    CHECK(zeros == 1);
    CHECK(out[0] == doctest::Approx(0.6));
    CHECK(out[2] == untouched);
    CHECK(out[3] == 0.0F);
    CHECK(out[7] == doctest::Approx(12.0 / 13));
    float in_place[8];
    std::memcpy(in_place, values, sizeof values);
    const atlas_matrix same = {in_place, 4, 0, 2, ATLAS_SCALAR_F32};
    REQUIRE(atlas_normalize(in_place, nullptr, &same, 0) == ATLAS_OK);
    CHECK(in_place[1] == doctest::Approx(0.8));
    CHECK(atlas_normalize(in_place + 2, nullptr, &same, 0) == ATLAS_ERR_INVALID_ARGUMENT);

    float mean[2];
    REQUIRE(atlas_mean(mean, &rows) == ATLAS_OK);
    CHECK(mean[0] == 1.0F);
    CHECK(mean[1] == 6.0F);
    const atlas_matrix none = {nullptr, 0, 0, 2, ATLAS_SCALAR_F32};
    CHECK(atlas_mean(mean, &none) == ATLAS_ERR_INVALID_ARGUMENT);

    float steps[3];
    REQUIRE(atlas_consecutive_cosine(steps, &rows) == ATLAS_OK);
    CHECK(steps[0] == 1.0F);
    CHECK(steps[1] == 1.0F);
    CHECK(steps[2] == doctest::Approx(1 - 66.0 / 130));
    const atlas_matrix bits = {values, 2, 0, 8, ATLAS_SCALAR_B1};
    CHECK(atlas_norms(lengths, &bits) == ATLAS_ERR_SCALAR_MISMATCH);
    CHECK(atlas_consecutive_cosine(steps, &bits) == ATLAS_ERR_SCALAR_MISMATCH);
    const atlas_matrix bytes = {values, 2, 0, 4, ATLAS_SCALAR_I8};
    CHECK(atlas_norms(lengths, &bytes) == ATLAS_OK);
    CHECK(atlas_normalize(out, nullptr, &bytes, 0) == ATLAS_ERR_SCALAR_MISMATCH);
    CHECK(atlas_mean(mean, &bytes) == ATLAS_ERR_SCALAR_MISMATCH);
  }

  TEST_CASE("convert: there and back within half a step") {
    const auto values = random_rows(8, 5, 7);
    const atlas_matrix rows = matrix(values, 7);
    std::vector<std::uint16_t> halves(35);
    std::vector<float> back(35);
    for (const std::int32_t scalar : {ATLAS_SCALAR_F16, ATLAS_SCALAR_BF16}) {
      REQUIRE(atlas_convert(halves.data(), scalar, &rows, 0, nullptr, 0) == ATLAS_OK);
      const atlas_matrix stored = {halves.data(), 5, 0, 7, scalar};
      REQUIRE(atlas_convert(back.data(), ATLAS_SCALAR_F32, &stored, 0, nullptr, 0) == ATLAS_OK);
      for (std::size_t i = 0; i < 35; ++i) {
        CHECK(std::abs(back[i] - values[i]) <= std::abs(values[i]) * (scalar == ATLAS_SCALAR_F16 ? 0x1p-11F : 0x1p-8F));
      }
    }
    for (const std::int32_t scaling : {ATLAS_SCALING_PER_ROW, ATLAS_SCALING_PER_DIMENSION}) {
      float scales[7] = {};
      std::vector<std::int8_t> bytes(35);
      REQUIRE(atlas_i8_scales(scales, &rows, scaling) == ATLAS_OK);
      REQUIRE(atlas_convert(bytes.data(), ATLAS_SCALAR_I8, &rows, 0, scales, scaling) == ATLAS_OK);
      const atlas_matrix stored = {bytes.data(), 5, 0, 7, ATLAS_SCALAR_I8};
      REQUIRE(atlas_convert(back.data(), ATLAS_SCALAR_F32, &stored, 0, scales, scaling) == ATLAS_OK);
      for (std::size_t i = 0; i < 35; ++i) {
        const float scale = scales[scaling == ATLAS_SCALING_PER_ROW ? i / 7 : i % 7];
        CHECK(std::abs(back[i] - values[i]) <= scale * 0.501F);
      }
      CHECK(atlas_convert(bytes.data(), ATLAS_SCALAR_I8, &rows, 0, nullptr, scaling) == ATLAS_ERR_INVALID_ARGUMENT);
    }
    CHECK(atlas_convert(halves.data(), ATLAS_SCALAR_U8, &rows, 0, nullptr, 0) == ATLAS_ERR_SCALAR_MISMATCH);
    const atlas_matrix none = {nullptr, 0, 0, 7, ATLAS_SCALAR_F32};
    CHECK(atlas_convert(nullptr, ATLAS_SCALAR_I8, &none, 0, nullptr, ATLAS_SCALING_PER_DIMENSION) == ATLAS_OK);
    CHECK(atlas_convert(halves.data(), 77, &rows, 0, nullptr, 0) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_i8_scales(back.data(), &rows, 2) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_convert(halves.data(), ATLAS_SCALAR_F16, &rows, 6, nullptr, 0) != ATLAS_OK);
  }

  TEST_CASE("pq_distances: sums of table entries") {
    std::vector<float> tables(2 * 256);
    for (std::size_t i = 0; i < tables.size(); ++i) tables[i] = static_cast<float>(i);
    const std::uint8_t codes[6] = {0, 0, 255, 1, 7, 9};
    const atlas_matrix rows = {codes, 3, 0, 2, ATLAS_SCALAR_U8};
    float out[3];
    REQUIRE(atlas_pq_distances(out, tables.data(), &rows) == ATLAS_OK);
    CHECK(out[0] == 256.0F);
    CHECK(out[1] == 255.0F + 257.0F);
    CHECK(out[2] == 7.0F + 265.0F);
    const atlas_matrix floats = {tables.data(), 1, 0, 2, ATLAS_SCALAR_F32};
    CHECK(atlas_pq_distances(out, tables.data(), &floats) == ATLAS_ERR_SCALAR_MISMATCH);
  }
}
