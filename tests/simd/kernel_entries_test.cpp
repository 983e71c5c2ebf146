// SPDX-License-Identifier: Apache-2.0
// tests/simd/kernel_entries_test.cpp -- mirrors include/atlas/simd/kernel_entries.hpp: what all row kernels have in
// common, on each instruction set of this CPU. Beside it: _accuracy, _bits, _random, _special.
#include <atlas/simd/kernel_entries.hpp>

#include <atlas/simd/kernel_table.hpp>

#include "support/components.hpp"
#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/row_entries.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

TEST_SUITE("simd") {
namespace {

using support::byte_vector;
using support::bytes_of;
using support::filling;
using support::guard;
using support::row_entry;

bool same_bits(float left, float right) { return std::memcmp(&left, &right, sizeof left) == 0; }

/// Around every vector width and block: of components, or of bytes of eight bits, also with bits left over.
std::vector<std::size_t> dimensions(const row_entry& entry) {
  std::vector<std::size_t> all;
  for (const std::size_t dimension : {1U, 2U, 3U, 7U, 8U, 15U, 16U, 17U, 31U, 33U, 63U, 64U, 65U, 100U, 129U, 200U}) {
    all.push_back(entry.row == atlas::scalar::b1 ? 8 * dimension - dimension % 8 : dimension);
  }
  return all;
}

/// The pointer `count` rows of `stride_bytes` before the one given; arithmetic that no array allows.
const void* rows_before(const void* row, std::uint64_t count, std::size_t stride_bytes) {
  return reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(row) - count * stride_bytes);
}

}  // namespace

  TEST_CASE("row kernels: no pointer is null") {
    support::on_each_target([] {
      CHECK(std::string(atlas::kernels().target) == atlas::simd::target());
      for (const row_entry& entry : support::row_entries()) CHECK((entry.kernel() != nullptr));
    });
  }

  TEST_CASE("row kernels: any count and any ids give the bits of one row at a time, and write nothing else") {
    constexpr std::uint32_t row_count = 97;
    // Every remainder of every number of rows at once, and more than a batch of 64.
    const std::size_t counts[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 63, 64, 65, 66, 67, 97};
    support::guarded_array<float> out_memory(row_count);
    support::guarded_array<float> by_id_memory(row_count);
    support::guarded_array<std::uint32_t> ids_memory(row_count);
    support::on_each_target([&] {
      for (const row_entry& entry : support::row_entries()) {
        CAPTURE(entry.name);
        for (const std::size_t dimension : dimensions(entry)) {
          CAPTURE(dimension);
          const byte_vector query = support::random_components(5, entry.query, filling::wide, dimension);
          const std::size_t gap = dimension % 3 * support::element_bytes(entry.row);
          const std::size_t stride_bytes = bytes_of(entry.row, dimension) + gap;
          const std::size_t components = entry.row == atlas::scalar::b1
                                             ? row_count * stride_bytes * 8
                                             : row_count * stride_bytes / support::element_bytes(entry.row);
          const byte_vector rows = support::random_components(6, entry.row, filling::wide, components);
          std::vector<float> alone;
          for (std::size_t row = 0; row < row_count; ++row) {
            alone.push_back(entry.one(query.data(), rows.data() + row * stride_bytes, dimension));
          }
          for (const std::size_t count : counts) {
            // Ends where memory does: one float too far is a crash.
            float* const out = out_memory.data() + row_count - count;
            float* const by_id = by_id_memory.data() + row_count - count;
            const auto ids = support::random_ids(7 + count, count, row_count);
            std::uint32_t* const guarded_ids = ids_memory.data() + row_count - count;
            std::copy(ids.begin(), ids.end(), guarded_ids);
            entry.kernel()(query.data(), rows.data(), stride_bytes, nullptr, count, dimension, out);
            entry.kernel()(query.data(), rows.data(), stride_bytes, guarded_ids, count, dimension, by_id);
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < count; ++i) {
              wrong += same_bits(out[i], alone[i]) && same_bits(by_id[i], alone[ids[i]]) ? 0U : 1U;
            }
            CAPTURE(count);
            if (wrong != 0) CHECK(wrong == 0);
          }
        }
      }
    });
  }

  TEST_CASE("row kernels: nothing before the first float is written, and nothing at all for no rows") {
    support::on_each_target([] {
      for (const row_entry& entry : support::row_entries()) {
        CAPTURE(entry.name);
        const byte_vector query = support::random_components(1, entry.query, filling::small, 24);
        const byte_vector rows = support::random_components(2, entry.row, filling::small, 9 * 24);
        for (std::size_t count = 0; count <= 9; ++count) {
          float out[11];
          for (float& each : out) each = -77.0F;
          entry.kernel()(query.data(), rows.data(), bytes_of(entry.row, 24), nullptr, count, 24, out + 1);
          CHECK(out[0] == -77.0F);
          CHECK(out[count + 1] == -77.0F);
        }
      }
    });
  }

  TEST_CASE("row kernels: one id again and again, and ids in falling order") {
    support::on_each_target([] {
      for (const row_entry& entry : support::row_entries()) {
        CAPTURE(entry.name);
        const std::size_t stride_bytes = bytes_of(entry.row, 40);
        const byte_vector query = support::random_components(1, entry.query, filling::wide, 40);
        const byte_vector rows = support::random_components(2, entry.row, filling::wide, 20 * 40);
        std::vector<std::uint32_t> falling;
        for (std::uint32_t id = 20; id-- != 0;) falling.push_back(id);
        for (const std::vector<std::uint32_t>& ids : {std::vector<std::uint32_t>(20, 13U), falling}) {
          float out[20];
          entry.kernel()(query.data(), rows.data(), stride_bytes, ids.data(), 20, 40, out);
          for (std::size_t i = 0; i < 20; ++i) {
            CHECK(same_bits(out[i], entry.one(query.data(), rows.data() + ids[i] * stride_bytes, 40)));
          }
        }
      }
    });
  }

  TEST_CASE("row kernels: a stride of zero bytes repeats the first row, whatever the ids") {
    support::on_each_target([] {
      const std::vector<std::uint32_t> ids(70, 0xFFFFFFFEU);
      for (const row_entry& entry : support::row_entries()) {
        CAPTURE(entry.name);
        const byte_vector query = support::random_components(1, entry.query, filling::wide, 40);
        const byte_vector row = support::random_components(2, entry.row, filling::wide, 40);
        const float wanted = entry.one(query.data(), row.data(), 40);
        for (const std::uint32_t* each : {static_cast<const std::uint32_t*>(nullptr), ids.data()}) {
          float out[70];
          entry.kernel()(query.data(), row.data(), 0, each, 70, 40, out);
          for (const float found : out) CHECK(same_bits(found, wanted));
        }
      }
    });
  }

  TEST_CASE("row kernels: the whole range of ids reaches its row") {
    // The last id is 4 GiB and more from the first row, further than 32-bit arithmetic goes. Rows are named from the
    // far end, so that only the memory that exists is read.
    support::on_each_target([] {
      for (const row_entry& entry : support::row_entries()) {
        CAPTURE(entry.name);
        const std::size_t stride_bytes = bytes_of(entry.row, 8);
        const byte_vector query = support::random_components(1, entry.query, filling::wide, 8);
        const byte_vector rows = support::random_components(2, entry.row, filling::wide, 2 * 8);
        const std::uint32_t ids[] = {0xFFFFFFFEU, 0xFFFFFFFDU};
        float out[2];
        entry.kernel()(query.data(), rows_before(rows.data(), 0xFFFFFFFDU, stride_bytes), stride_bytes, ids, 2, 8, out);
        CHECK(same_bits(out[0], entry.one(query.data(), rows.data() + stride_bytes, 8)));
        CHECK(same_bits(out[1], entry.one(query.data(), rows.data(), 8)));
      }
    });
  }

  TEST_CASE("row kernels: the same bits at every alignment") {
    support::on_each_target([] {
      for (const row_entry& entry : support::row_entries()) {
        CAPTURE(entry.name);
        const std::size_t query_step = support::element_bytes(entry.query);
        const std::size_t row_step = support::element_bytes(entry.row);
        for (const std::size_t dimension : dimensions(entry)) {
          CAPTURE(dimension);
          const byte_vector query = support::random_components(3, entry.query, filling::wide, dimension);
          const byte_vector row = support::random_components(4, entry.row, filling::wide, dimension);
          alignas(64) std::uint8_t query_places[1024 + 64] = {};
          alignas(64) std::uint8_t row_places[1024 + 64] = {};
          float wanted = 0.0F;
          std::size_t wrong = 0;
          for (std::size_t offset = 0; offset < 64; ++offset) {
            const std::size_t query_offset = offset * 7 * query_step % 64;  // every one, in another order
            const std::size_t row_offset = offset * row_step % 64;
            std::memcpy(query_places + query_offset, query.data(), query.size());
            std::memcpy(row_places + row_offset, row.data(), row.size());
            const float found = entry.one(query_places + query_offset, row_places + row_offset, dimension);
            if (offset == 0) wanted = found;
            wrong += same_bits(found, wanted) ? 0U : 1U;
          }
          CHECK(wrong == 0);
        }
      }
    });
  }

  TEST_CASE("row kernels: the same bits in either order, if stored alike") {
    support::on_each_target([] {
      for (const row_entry& entry : support::row_entries()) {
        if (!entry.is_symmetric()) continue;
        CAPTURE(entry.name);
        const byte_vector a = support::random_components(3, entry.query, filling::wide, 1100);
        const byte_vector b = support::random_components(4, entry.row, filling::wide, 1100);
        for (std::size_t dimension = 1; dimension <= 1100; ++dimension) {
          const float found = entry.one(a.data(), b.data(), dimension);
          const float turned = entry.one(b.data(), a.data(), dimension);
          CAPTURE(dimension);
          if (!same_bits(found, turned)) CHECK(found == turned);
        }
      }
    });
  }

  TEST_CASE("row kernels: a vector is at no distance from itself") {
    support::on_each_target([] {
      for (const row_entry& entry : support::row_entries()) {
        if (!entry.is_symmetric() || entry.what == support::operation::dot ||
            entry.what == support::operation::common_bits) {
          continue;
        }
        CAPTURE(entry.name);
        const byte_vector vector = support::random_components(3, entry.query, filling::wide, 300);
        for (std::size_t dimension = 1; dimension <= 300; ++dimension) {
          const float found = entry.one(vector.data(), vector.data(), dimension);
          CAPTURE(dimension);
          // One sum, and the formula: n / sqrt(n * n) is 1 in double.
          if (!same_bits(found, 0.0F)) CHECK(found == 0.0F);
        }
      }
    });
  }

  TEST_CASE("row kernels: dimension 0 gives 0, and the cosine 1, and reads nothing") {
    support::on_each_target([] {
      const support::guarded_array<float> nothing(0);  // points at the unreadable page
      for (const row_entry& entry : support::row_entries()) {
        CAPTURE(entry.name);
        float out[9];
        for (float& each : out) each = -77.0F;
        entry.kernel()(nothing.data(), nothing.data(), 0, nullptr, 9, 0, out);
        for (const float found : out) {
          CHECK(same_bits(found, entry.what == support::operation::cosine ? 1.0F : 0.0F));
        }
      }
    });
  }

  TEST_CASE("row kernels: vectors that end with their heap block, for the sanitizers") {
    support::on_each_target([] {
      for (const row_entry& entry : support::row_entries()) {
        CAPTURE(entry.name);
        for (std::size_t dimension = 1; dimension <= 70; ++dimension) {
          CAPTURE(dimension);
          const byte_vector query = support::random_components(1, entry.query, filling::small, dimension);
          const byte_vector row = support::random_components(2, entry.row, filling::small, dimension);
          byte_vector rows(row);
          rows.insert(rows.end(), row.begin(), row.end());
          rows.insert(rows.end(), row.begin(), row.end());
          const std::vector<std::uint32_t> ids = {2, 1, 0};
          std::vector<float> out(3);
          std::vector<float> by_id(3);
          entry.kernel()(query.data(), rows.data(), row.size(), nullptr, 3, dimension, out.data());
          entry.kernel()(query.data(), rows.data(), row.size(), ids.data(), 3, dimension, by_id.data());
          const float wanted =
              support::rounded_answer(entry.what, support::sums_of(entry, query.data(), row.data(), dimension));
          CHECK(out == std::vector<float>(3, wanted));
          CHECK(by_id == out);
        }
      }
    });
  }

  TEST_CASE("row kernels: the cosine is the formula of the three sums, if stored alike") {
    // Not of bf16: there the dot product may be an instruction's that the cosine is too good for.
    support::on_each_target([] {
      const std::vector<row_entry> entries = support::dense_entries();
      for (std::size_t i = 0; i < entries.size(); i += 3) {
        const row_entry& dot = entries[i + 1];
        const row_entry& cosine = entries[i + 2];
        REQUIRE(cosine.what == support::operation::cosine);
        if (!cosine.is_symmetric() || cosine.query == atlas::scalar::bf16) continue;
        CAPTURE(cosine.name);
        const byte_vector a = support::random_components(3, cosine.query, filling::wide, 1100);
        const byte_vector b = support::random_components(4, cosine.row, filling::wide, 1100);
        for (std::size_t dimension = 1; dimension <= 1100; ++dimension) {
          const float found = cosine.one(a.data(), b.data(), dimension);
          const float wanted =
              support::cosine_of_sums(dot.one(a.data(), b.data(), dimension), dot.one(a.data(), a.data(), dimension),
                                      dot.one(b.data(), b.data(), dimension));
          CAPTURE(dimension);
          if (!same_bits(found, wanted)) CHECK(found == wanted);
        }
      }
    });
  }
}
