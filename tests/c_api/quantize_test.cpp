// SPDX-License-Identifier: Apache-2.0
// tests/c_api/quantize_test.cpp -- k-means, quantisers and rotations through the C ABI.
#include "c_api/c_api_support.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

namespace {
using namespace c_api_support;

quantizer_handle trained(const atlas_matrix& rows, const atlas_quantizer_options& options) {
  atlas_quantizer* made = nullptr;
  REQUIRE(atlas_quantizer_train(&made, &rows, &options) == ATLAS_OK);
  return quantizer_handle(made);
}
atlas_quantizer_options options_of(std::int32_t kind, std::uint64_t bytes = 0, std::uint32_t bits = 0) {
  atlas_quantizer_options options = ATLAS_QUANTIZER_OPTIONS_INIT;
  options.kind = kind;
  options.code_bytes = bytes;
  options.bits = bits;
  options.iterations = 2;
  options.beam = 2;
  options.rounds = 1;
  return options;
}
std::vector<unsigned char> state_of(const atlas_quantizer* quantizer) {
  std::uint64_t needed = 0;
  REQUIRE(atlas_quantizer_save_state(&needed, nullptr, quantizer, 0) == ATLAS_OK);
  std::vector<unsigned char> state(needed);
  REQUIRE(atlas_quantizer_save_state(&needed, state.data(), quantizer, state.size()) == ATLAS_OK);
  CHECK(needed == state.size());
  return state;
}
std::int32_t stop_at_once(std::uint64_t, std::uint64_t, void*) { return 1; }

}  // namespace

TEST_SUITE("c_api") {
  TEST_CASE("k-means: centroids, the rows of each, how far they are; the same for any number of threads") {
    const auto values = random_rows(1, 300, 5);
    const atlas_matrix rows = matrix(values, 5);
    std::vector<float> centroids(7 * 5);
    std::vector<std::uint32_t> assigned(300);
    std::vector<std::uint32_t> sizes(7);
    atlas_kmeans_result result = ATLAS_KMEANS_RESULT_INIT;
    atlas_kmeans_options options = ATLAS_KMEANS_OPTIONS_INIT;
    options.start = ATLAS_KMEANS_PLUS_PLUS;
    REQUIRE(atlas_kmeans(centroids.data(), assigned.data(), sizes.data(), &result, &rows, 7, &options) == ATLAS_OK);
    CHECK(result.iterations >= 1);
    CHECK(result.iterations <= 10);
    const atlas_matrix found = matrix(centroids, 5);
    std::vector<std::uint32_t> ids(300);
    std::vector<float> distances(300);
    REQUIRE(atlas_assign_to_centroids(ids.data(), distances.data(), &rows, &found, nullptr) == ATLAS_OK);
    CHECK(ids == assigned);
    double sum = 0;
    std::vector<std::uint32_t> counted(7);
    for (std::size_t row = 0; row < 300; ++row) {
      sum += static_cast<double>(distances[row]);
      ++counted[ids[row]];
    }
    CHECK(counted == sizes);
    CHECK(result.error == doctest::Approx(sum / 300));
    std::vector<float> again(7 * 5);
    options.threads = 1;
    REQUIRE(atlas_kmeans(again.data(), nullptr, nullptr, nullptr, &rows, 7, &options) == ATLAS_OK);
    CHECK(again == centroids);
    std::vector<std::uint32_t> alone(300);
    REQUIRE(atlas_assign_to_centroids(alone.data(), nullptr, &rows, &found, nullptr) == ATLAS_OK);
    CHECK(alone == ids);
  }

  TEST_CASE("k-means: what does not fit is refused, and nothing is written") {
    auto values = random_rows(1, 20, 3);
    const atlas_matrix rows = matrix(values, 3);
    std::vector<float> centroids(20 * 3, 9.0F);
    const auto refused = [&](std::size_t clusters, const atlas_kmeans_options& options, const char* part) {
      atlas_kmeans_result result = ATLAS_KMEANS_RESULT_INIT;
      CHECK(atlas_kmeans(centroids.data(), nullptr, nullptr, &result, &rows, clusters, &options) != ATLAS_OK);
      CHECK(last_error_says(part));
      CHECK(result.iterations == 0);
    };
    atlas_kmeans_options good = ATLAS_KMEANS_OPTIONS_INIT;
    refused(21, good, "clusters: expected at most rows.rows = 20, found 21");
    refused(0, good, "clusters: expected at least 1, found 0");
    refused(std::size_t{1} << 62, good, "clusters");
    auto options = good;
    options.start = 2;
    refused(2, options, "options.start: expected one of ATLAS_KMEANS_, found 2");
    options = good;
    options.relaxation = 2;
    refused(2, options, "relaxation: expected 1 to 1.9, found a number outside");
    options = good;
    options.balance = std::numeric_limits<float>::quiet_NaN();
    refused(2, options, "balance");
    options = good;
    options.progress = stop_at_once;
    refused(2, options, "cancelled");
    CHECK(centroids == std::vector<float>(20 * 3, 9.0F));
    values[3 * 11] = std::numeric_limits<float>::infinity();
    CHECK(atlas_kmeans(centroids.data(), nullptr, nullptr, nullptr, &rows, 2, nullptr) == ATLAS_ERR_NOT_FINITE);
    CHECK(atlas_last_error_row() == 11);
    atlas_matrix half = rows;
    half.scalar = ATLAS_SCALAR_F16;
    CHECK(atlas_kmeans(centroids.data(), nullptr, nullptr, nullptr, &half, 2, nullptr) == ATLAS_ERR_SCALAR_MISMATCH);
    check_struct_size(good, [&](const atlas_kmeans_options* given) {
      const auto some = random_rows(2, 8, 3);
      const atlas_matrix few = matrix(some, 3);
      return atlas_kmeans(centroids.data(), nullptr, nullptr, nullptr, &few, 2, given);
    });
  }

  TEST_CASE("quantisers: every kind is trained, encodes, decodes, says what it loses, measures, and is saved") {
    const auto values = random_rows(1, 400, 9);
    const atlas_matrix rows = matrix(values, 9);
    const auto asked = random_rows(2, 3, 9);
    const atlas_matrix queries = matrix(asked, 9);
    for (const auto& options :
         {options_of(ATLAS_QUANTIZER_PRODUCT, 3), options_of(ATLAS_QUANTIZER_PRODUCT, 1, 4), options_of(ATLAS_QUANTIZER_SCALAR),
          options_of(ATLAS_QUANTIZER_SCALAR, 0, 4), options_of(ATLAS_QUANTIZER_ADDITIVE, 2), options_of(ATLAS_QUANTIZER_CORRECTED, 4),
          options_of(0, 4), options_of(ATLAS_QUANTIZER_BITS)}) {
      CAPTURE(options.kind);
      const quantizer_handle quantizer = trained(rows, options);
      atlas_quantizer_info info = ATLAS_QUANTIZER_INFO_INIT;
      REQUIRE(atlas_quantizer_describe(&info, quantizer.get()) == ATLAS_OK);
      CHECK(info.kind == (options.kind == 0 ? ATLAS_QUANTIZER_CORRECTED : options.kind));
      CHECK(info.dimension == 9);
      if (options.code_bytes != 0) CHECK(info.code_bytes == options.code_bytes);
      const std::size_t bytes = info.code_bytes;
      std::vector<std::uint8_t> codes(400 * bytes + 1, 0xEE);
      REQUIRE(atlas_quantizer_encode(codes.data(), quantizer.get(), &rows, nullptr) == ATLAS_OK);
      CHECK(codes.back() == 0xEE);
      const atlas_matrix coded = {codes.data(), 400, 0, info.code_bytes, ATLAS_SCALAR_U8};
      std::vector<float> back(400 * 9 + 1, -7.0F);
      REQUIRE(atlas_quantizer_decode(back.data(), quantizer.get(), &coded, nullptr) == ATLAS_OK);
      CHECK(back.back() == -7.0F);
      double lost = 0;
      double whole = 0;
      for (std::size_t i = 0; i < values.size(); ++i) {
        lost += std::pow(static_cast<double>(values[i]) - static_cast<double>(back[i]), 2);
        whole += std::pow(static_cast<double>(values[i]), 2);
      }
      double mean_squared = 0;
      double share = 0;
      REQUIRE(atlas_quantizer_error_of(&mean_squared, &share, quantizer.get(), &rows, nullptr) == ATLAS_OK);
      CHECK(mean_squared == doctest::Approx(lost / 400).epsilon(1e-6));
      CHECK(share == doctest::Approx(lost / whole).epsilon(1e-6));
      std::vector<float> out(3 * 400 + 1, -7.0F);
      const bool is_bits = info.kind == ATLAS_QUANTIZER_BITS;
      std::vector<float> errors(3 * 400 + 1, -7.0F);
      REQUIRE(atlas_quantizer_distances(out.data(), is_bits ? errors.data() : nullptr, quantizer.get(), &queries, &coded, nullptr) == ATLAS_OK);
      CHECK(out.back() == -7.0F);
      CHECK(errors.back() == -7.0F);
      if (is_bits) CHECK(std::all_of(errors.begin(), errors.end() - 1, [](float error) { return error > 0; }));
      if (info.kind == ATLAS_QUANTIZER_SCALAR) {
        double want = 0;
        for (std::size_t i = 0; i < 9; ++i) want += std::pow(static_cast<double>(asked[9 + i]) - static_cast<double>(back[9 * 17 + i]), 2);
        CHECK(static_cast<double>(out[400 + 17]) == doctest::Approx(want).epsilon(1e-4));
      }
      const auto state = state_of(quantizer.get());
      atlas_quantizer* opened = nullptr;
      REQUIRE(atlas_quantizer_open_state(&opened, state.data(), state.size()) == ATLAS_OK);
      const quantizer_handle same(opened);
      CHECK(state_of(opened) == state);
      std::vector<std::uint8_t> again(400 * bytes + 1, 0xEE);
      REQUIRE(atlas_quantizer_encode(again.data(), opened, &rows, nullptr) == ATLAS_OK);
      CHECK(again == codes);
      std::vector<unsigned char> small(state.size() - 1, 0xEE);
      std::uint64_t needed = 0;
      REQUIRE(atlas_quantizer_save_state(&needed, small.data(), opened, small.size()) == ATLAS_OK);
      CHECK(needed == state.size());
      CHECK(small == std::vector<unsigned char>(state.size() - 1, 0xEE));
    }
  }

  TEST_CASE("quantisers: what does not fit is refused with what was expected and found, and nothing is written") {
    const auto values = random_rows(1, 300, 8);
    const atlas_matrix rows = matrix(values, 8);
    const auto refused = [&](const atlas_quantizer_options& options, atlas_status code, const char* part) {
      atlas_quantizer* made = nullptr;
      CHECK(atlas_quantizer_train(&made, &rows, &options) == code);
      CHECK(last_error_says(part));
      CHECK(made == nullptr);
    };
    refused(options_of(2), ATLAS_ERR_INVALID_ARGUMENT, "options.kind: expected one of ATLAS_QUANTIZER_, found 2");
    refused(options_of(-1), ATLAS_ERR_INVALID_ARGUMENT, "options.kind");
    refused(options_of(258, 2), ATLAS_ERR_INVALID_ARGUMENT, "options.kind");
    refused(options_of(ATLAS_QUANTIZER_PRODUCT), ATLAS_ERR_INVALID_ARGUMENT, "bytes: expected at least 1, found 0");
    refused(options_of(ATLAS_QUANTIZER_PRODUCT, ~std::uint64_t{0}), ATLAS_ERR_INVALID_ARGUMENT, "expected");
    refused(options_of(ATLAS_QUANTIZER_BITS, 9), ATLAS_ERR_INVALID_ARGUMENT, "bytes: expected 0, since they follow from the dimension, found 9");
    auto options = options_of(ATLAS_QUANTIZER_PRODUCT, 2);
    options.reserved = 1;
    refused(options, ATLAS_ERR_INVALID_ARGUMENT, "options.reserved");
    options.reserved = 0;
    options.progress = stop_at_once;
    refused(options, ATLAS_ERR_CANCELLED, "cancelled");
    check_struct_size(options_of(ATLAS_QUANTIZER_SCALAR), [&](const atlas_quantizer_options* given) {
      atlas_quantizer* made = nullptr;
      const atlas_status status = atlas_quantizer_train(&made, &rows, given);
      atlas_quantizer_close(made);
      return status;
    });

    const quantizer_handle quantizer = trained(rows, options_of(ATLAS_QUANTIZER_SCALAR));
    std::vector<std::uint8_t> codes(300 * 8, 0xEE);
    std::vector<float> out(300 * 8, -7.0F);
    const atlas_matrix narrow = matrix(values, 6);
    CHECK(atlas_quantizer_encode(codes.data(), quantizer.get(), &narrow, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
    CHECK(last_error_says("expected 8, found 6"));
    std::fill(codes.begin(), codes.end(), std::uint8_t{0xEE});
    const atlas_matrix wide_codes = {codes.data(), 2, 0, 9, ATLAS_SCALAR_U8};
    const atlas_matrix signed_codes = {codes.data(), 2, 0, 8, ATLAS_SCALAR_I8};
    const atlas_matrix few_codes = {codes.data(), 2, 0, 8, ATLAS_SCALAR_U8};
    CHECK(atlas_quantizer_decode(out.data(), quantizer.get(), &wide_codes, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
    CHECK(atlas_quantizer_decode(out.data(), quantizer.get(), &signed_codes, nullptr) == ATLAS_ERR_SCALAR_MISMATCH);
    CHECK(atlas_quantizer_distances(out.data(), nullptr, quantizer.get(), &rows, &wide_codes, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
    CHECK(atlas_quantizer_distances(out.data(), out.data(), quantizer.get(), &rows, &few_codes, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("one-bit codes alone"));
    double mean_squared = -7;
    CHECK(atlas_quantizer_error_of(&mean_squared, nullptr, quantizer.get(), &narrow, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
    CHECK(mean_squared == -7.0);
    CHECK(out == std::vector<float>(300 * 8, -7.0F));
    const std::uint64_t rows_too_many = std::uint64_t{1} << 60;
    const atlas_matrix endless = {values.data(), rows_too_many, 0, 8, ATLAS_SCALAR_F32};
    CHECK(atlas_quantizer_encode(codes.data(), quantizer.get(), &endless, nullptr) == ATLAS_ERR_LIMIT_EXCEEDED);

    auto state = state_of(quantizer.get());
    atlas_quantizer* opened = nullptr;
    CHECK(atlas_quantizer_open_state(&opened, state.data(), state.size() - 1) == ATLAS_ERR_CORRUPT_FILE);
    CHECK(atlas_quantizer_open_state(&opened, nullptr, 0) == ATLAS_ERR_CORRUPT_FILE);
    state[70] ^= 1;
    CHECK(atlas_quantizer_open_state(&opened, state.data(), state.size()) == ATLAS_ERR_CORRUPT_FILE);
    CHECK(last_error_says("quantizer.checksum"));
    CHECK(opened == nullptr);
  }

  TEST_CASE("k-means, quantisers, rotations: rows and codes with gaps between them, many of them; a cancelled call says so") {
    const auto values = random_rows(1, 10'000, 7);
    atlas_matrix rows = {values.data(), 10'000, 7, 5, ATLAS_SCALAR_F32};
    std::vector<float> packed;
    for (std::size_t row = 0; row < 10'000; ++row) packed.insert(packed.end(), values.begin() + static_cast<std::ptrdiff_t>(row * 7), values.begin() + static_cast<std::ptrdiff_t>(row * 7 + 5));
    const atlas_matrix dense = matrix(packed, 5);
    const quantizer_handle quantizer = trained(rows, options_of(ATLAS_QUANTIZER_PRODUCT, 2));
    CHECK(state_of(quantizer.get()) == state_of(trained(dense, options_of(ATLAS_QUANTIZER_PRODUCT, 2)).get()));
    std::vector<std::uint8_t> codes(20'000);
    std::vector<std::uint8_t> same(20'000);
    REQUIRE(atlas_quantizer_encode(codes.data(), quantizer.get(), &rows, nullptr) == ATLAS_OK);
    REQUIRE(atlas_quantizer_encode(same.data(), quantizer.get(), &dense, nullptr) == ATLAS_OK);
    CHECK(codes == same);
    const atlas_matrix every_other = {codes.data(), 5'000, 4, 2, ATLAS_SCALAR_U8};
    const atlas_matrix all = {codes.data(), 10'000, 0, 2, ATLAS_SCALAR_U8};
    const atlas_matrix queries = {values.data(), 3, 7, 5, ATLAS_SCALAR_F32};
    std::vector<float> some(3 * 5'000);
    std::vector<float> whole(3 * 10'000);
    REQUIRE(atlas_quantizer_distances(some.data(), nullptr, quantizer.get(), &queries, &every_other, nullptr) == ATLAS_OK);
    REQUIRE(atlas_quantizer_distances(whole.data(), nullptr, quantizer.get(), &queries, &all, nullptr) == ATLAS_OK);
    for (std::size_t i = 0; i < some.size(); ++i) REQUIRE(some[i] == whole[i / 5'000 * 10'000 + i % 5'000 * 2]);
    std::vector<float> centroids(4 * 5);
    std::vector<float> of_dense(4 * 5);
    REQUIRE(atlas_kmeans(centroids.data(), nullptr, nullptr, nullptr, &rows, 4, nullptr) == ATLAS_OK);
    REQUIRE(atlas_kmeans(of_dense.data(), nullptr, nullptr, nullptr, &dense, 4, nullptr) == ATLAS_OK);
    CHECK(centroids == of_dense);
    atlas_rotation* made = nullptr;
    REQUIRE(atlas_rotation_create(&made, 5, 9) == ATLAS_OK);
    const rotation_handle rotation(made);
    std::vector<float> turned(10'000 * 8);
    std::vector<float> also_turned(10'000 * 8);
    REQUIRE(atlas_rotation_apply(turned.data(), made, &rows, nullptr) == ATLAS_OK);
    REQUIRE(atlas_rotation_apply(also_turned.data(), made, &dense, nullptr) == ATLAS_OK);
    CHECK(turned == also_turned);
    std::vector<float> back(10'000 * 5);
    const atlas_matrix forth = matrix(turned, 8);
    REQUIRE(atlas_rotation_apply_inverse(back.data(), made, &forth, nullptr) == ATLAS_OK);
    for (std::size_t i = 0; i < back.size(); ++i) REQUIRE(std::abs(back[i] - packed[i]) <= 1e-4F);

    atlas_work_options stopped = ATLAS_WORK_OPTIONS_INIT;
    stopped.progress = stop_at_once;
    double share = -7;
    std::vector<std::uint32_t> ids(10'000);
    const atlas_matrix of_four = matrix(centroids, 5);
    CHECK(atlas_quantizer_encode(same.data(), quantizer.get(), &rows, &stopped) == ATLAS_ERR_CANCELLED);
    CHECK(atlas_quantizer_decode(back.data(), quantizer.get(), &all, &stopped) == ATLAS_ERR_CANCELLED);
    CHECK(atlas_quantizer_error_of(nullptr, &share, quantizer.get(), &rows, &stopped) == ATLAS_ERR_CANCELLED);
    CHECK(share == -7.0);
    CHECK(atlas_quantizer_distances(whole.data(), nullptr, quantizer.get(), &queries, &all, &stopped) == ATLAS_ERR_CANCELLED);
    CHECK(atlas_assign_to_centroids(ids.data(), nullptr, &rows, &of_four, &stopped) == ATLAS_ERR_CANCELLED);
    CHECK(atlas_rotation_apply_inverse(back.data(), made, &forth, &stopped) == ATLAS_ERR_CANCELLED);
  }

  TEST_CASE("rotations: random and learned turn rows and turn them back, and are saved") {
    const auto values = random_rows(1, 300, 10);
    const atlas_matrix rows = matrix(values, 10);
    atlas_rotation_options options = ATLAS_ROTATION_OPTIONS_INIT;
    options.parts = 4;
    options.bits = 4;
    for (const bool is_learned : {false, true}) {
      CAPTURE(is_learned);
      atlas_rotation* made = nullptr;
      REQUIRE((is_learned ? atlas_rotation_train(&made, &rows, &options) : atlas_rotation_create(&made, 10, 3)) == ATLAS_OK);
      const rotation_handle rotation(made);
      atlas_rotation_info info = ATLAS_ROTATION_INFO_INIT;
      REQUIRE(atlas_rotation_describe(&info, made) == ATLAS_OK);
      CHECK(info.kind == (is_learned ? ATLAS_ROTATION_LEARNED : ATLAS_ROTATION_RANDOM));
      CHECK(info.dimension == 10);
      CHECK(info.padded == (is_learned ? 12 : 16));
      std::vector<float> turned(300 * info.padded + 1, -7.0F);
      REQUIRE(atlas_rotation_apply(turned.data(), made, &rows, nullptr) == ATLAS_OK);
      CHECK(turned.back() == -7.0F);
      for (const std::size_t row : {0U, 77U, 299U}) {
        double before = 0;
        double after = 0;
        for (std::size_t i = 0; i < 10; ++i) before += std::pow(static_cast<double>(values[row * 10 + i]), 2);
        for (std::size_t i = 0; i < info.padded; ++i) after += std::pow(static_cast<double>(turned[row * info.padded + i]), 2);
        CHECK(after == doctest::Approx(before).epsilon(1e-4));
      }
      const atlas_matrix forth = {turned.data(), 300, 0, info.padded, ATLAS_SCALAR_F32};
      std::vector<float> back(300 * 10 + 1, -7.0F);
      REQUIRE(atlas_rotation_apply_inverse(back.data(), made, &forth, nullptr) == ATLAS_OK);
      CHECK(back.back() == -7.0F);
      for (std::size_t i = 0; i < values.size(); ++i) REQUIRE(std::abs(back[i] - values[i]) <= 1e-4F);
      float error = -1;
      REQUIRE(atlas_rotation_orthogonality_error(&error, made, 0) == ATLAS_OK);
      CHECK(error >= 0);
      CHECK(error < 1e-5F);
      std::uint64_t needed = 0;
      REQUIRE(atlas_rotation_save_state(&needed, nullptr, made, 0) == ATLAS_OK);
      std::vector<unsigned char> state(needed);
      REQUIRE(atlas_rotation_save_state(&needed, state.data(), made, state.size()) == ATLAS_OK);
      atlas_rotation* opened = nullptr;
      REQUIRE(atlas_rotation_open_state(&opened, state.data(), state.size()) == ATLAS_OK);
      const rotation_handle same(opened);
      std::vector<float> again(300 * info.padded + 1, -7.0F);
      atlas_work_options one_thread = ATLAS_WORK_OPTIONS_INIT;
      one_thread.threads = 1;
      REQUIRE(atlas_rotation_apply(again.data(), opened, &rows, &one_thread) == ATLAS_OK);
      CHECK(again == turned);
      atlas_rotation* none = nullptr;
      state[state.size() / 2] ^= 1;
      CHECK(atlas_rotation_open_state(&none, state.data(), state.size()) == ATLAS_ERR_CORRUPT_FILE);
      CHECK(none == nullptr);
      atlas_work_options stopped = ATLAS_WORK_OPTIONS_INIT;
      stopped.progress = stop_at_once;
      CHECK(atlas_rotation_apply(again.data(), made, &rows, &stopped) == ATLAS_ERR_CANCELLED);
      CHECK(atlas_rotation_apply(back.data(), made, &forth, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
      CHECK(atlas_rotation_apply_inverse(back.data(), made, &rows, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
      CHECK(atlas_rotation_apply(const_cast<float*>(values.data()), made, &rows, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("apart"));
    }
    check_struct_size(options, [&](const atlas_rotation_options* given) {
      atlas_rotation* made = nullptr;
      const atlas_status status = atlas_rotation_train(&made, &rows, given);
      atlas_rotation_close(made);
      return status;
    });
    atlas_rotation* none = nullptr;
    CHECK(atlas_rotation_train(&none, &rows, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("parts"));
    // What has a few components more than a vector may have turns back too.
    REQUIRE(atlas_rotation_create(&none, 65'535, 1) == ATLAS_OK);
    const rotation_handle widest(std::exchange(none, nullptr));
    const auto wide = random_rows(3, 1, 65'535);
    const atlas_matrix wide_row = matrix(wide, 65'535);
    std::vector<float> turned(65'536);
    std::vector<float> back(65'535);
    REQUIRE(atlas_rotation_apply(turned.data(), widest.get(), &wide_row, nullptr) == ATLAS_OK);
    const atlas_matrix turned_row = matrix(turned, 65'536);
    REQUIRE(atlas_rotation_apply_inverse(back.data(), widest.get(), &turned_row, nullptr) == ATLAS_OK);
    for (std::size_t i = 0; i < wide.size(); ++i) REQUIRE(std::abs(back[i] - wide[i]) <= 1e-3F);
    CHECK(atlas_rotation_create(&none, 0, 1) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_rotation_create(&none, 65'536, 1) == ATLAS_ERR_LIMIT_EXCEEDED);
    CHECK(none == nullptr);
  }
}
