// SPDX-License-Identifier: Apache-2.0
// tests/simd/kernel_entries_random_test.cpp -- include/atlas/simd/kernel_entries.hpp: row kernels on random
// shapes, all of a call's arguments drawn at once, on each instruction set of this CPU.
#include <atlas/simd/kernel_entries.hpp>

#include <atlas/simd/kernel_table.hpp>

#include "support/components.hpp"
#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/row_entries.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace {

using support::byte_vector;
using support::exact_sums;
using support::filling;
using support::guard;
using support::row_entry;

/// Mostly short, where the tails are; now and then long.
std::size_t random_dimension(std::mt19937_64& random) {
  switch (random() % 8) {
    case 0:
      return 1 + random() % 3000;
    case 1:
      return 64 * (1 + random() % 16) - 1 + random() % 3;
    case 2:
      return 1 + random() % 400;
    default:
      return 1 + random() % 80;
  }
}

}  // namespace

TEST_SUITE("simd") {
  TEST_CASE("row kernels: random shapes, strides, places and ids") {
    const std::vector<row_entry> entries = support::row_entries();
    const std::size_t rounds = 1500;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      std::mt19937_64 random(20240601 + round);
      const row_entry& entry = entries[round % entries.size()];
      const std::size_t dimension = random_dimension(random);
      const std::size_t count = random() % 16 == 0 ? 60 + random() % 20 : random() % 11;
      const std::size_t row_count = 1 + random() % 12;
      const bool has_ids = random() % 2 == 0;
      const auto how = static_cast<filling>(random() % 3);
      const guard query_guard = random() % 2 == 0 ? guard::behind : guard::before;
      const guard row_guard = random() % 2 == 0 ? guard::behind : guard::before;
      const std::size_t step = support::element_bytes(entry.row);
      const std::size_t vector_bytes = support::bytes_of(entry.row, dimension);
      // Rows may lie apart, overlap, or be the same.
      const std::size_t stride_bytes = random() % 8 == 0   ? 0
                                       : random() % 8 == 0 ? random() % 5 * step
                                                           : vector_bytes + random() % 5 * step;

      const support::guarded_array<std::uint8_t> query(
          support::random_components(random(), entry.query, how, dimension), query_guard);
      const std::size_t highest = has_ids ? row_count - 1 : count == 0 ? 0 : count - 1;
      const std::size_t row_bytes = highest * stride_bytes + vector_bytes;
      const support::guarded_array<std::uint8_t> rows(
          support::random_components(random(), entry.row, how,
                                     entry.row == atlas::scalar::b1 ? row_bytes * 8 : row_bytes / step),
          row_guard);
      std::vector<std::uint32_t> id_values(has_ids ? count : 0);
      for (std::uint32_t& id : id_values) id = static_cast<std::uint32_t>(random() % row_count);
      const support::guarded_array<std::uint32_t> ids(id_values);

      std::vector<exact_sums> sums;
      for (std::size_t row = 0; row <= highest; ++row) {
        sums.push_back(support::sums_of(entry, query.data(), rows.data() + row * stride_bytes, dimension));
      }
      support::guarded_array<float> out(count);
      support::on_each_target([&] {
        std::fill_n(out.data(), count, -77.0F);
        entry.kernel()(query.data(), rows.data(), stride_bytes, has_ids ? ids.data() : nullptr, count, dimension,
                       out.data());
        for (std::size_t i = 0; i < count; ++i) {
          const std::size_t row = has_ids ? ids.data()[i] : i;
          const float found = out.data()[i];
          // The same row alone, in the other order where that makes sense.
          const std::uint8_t* at = rows.data() + row * stride_bytes;
          const float alone = entry.is_symmetric() && i % 2 == 1 ? entry.one(at, query.data(), dimension)
                                                                 : entry.one(query.data(), at, dimension);
          const bool is_exact = !entry.is_of_floats();
          const float wanted = support::rounded_answer(entry.what, sums[row]);
          if (std::memcmp(&found, &alone, sizeof found) == 0 &&
              (is_exact ? found == wanted : support::keeps_bound(entry.what, sums[row], found))) {
            continue;
          }
          CAPTURE(round);
          CAPTURE(entry.name);
          CAPTURE(dimension);
          CAPTURE(count);
          CAPTURE(i);
          CAPTURE(found);
          CAPTURE(alone);
          CAPTURE(wanted);
          FAIL_CHECK("a wrong answer");
        }
      });
    }
  }
}
