// SPDX-License-Identifier: Apache-2.0
// bench/distance/scalar_cases.hpp -- every pair of stored types, conversions and codes, from L2.
#ifndef ATLAS_BENCH_DISTANCE_SCALAR_CASES_HPP
#define ATLAS_BENCH_DISTANCE_SCALAR_CASES_HPP

#include <atlas/simd/kernel_table.hpp>  // kernels

#include "distance/case_frame.hpp"
#include "support/components.hpp"
#include "support/pages.hpp"
#include "support/typed_rows.hpp"

#include <cmath>

namespace bench {

struct operand_names {
  atlas::kernels_v1::operands which;
  scalar query;
  scalar row;
};
inline constexpr operand_names all_operands[] = {
    {atlas::kernels_v1::f32_f32, scalar::f32, scalar::f32},     {atlas::kernels_v1::f16_f16, scalar::f16, scalar::f16},
    {atlas::kernels_v1::bf16_bf16, scalar::bf16, scalar::bf16}, {atlas::kernels_v1::i8_i8, scalar::i8, scalar::i8},
    {atlas::kernels_v1::u8_u8, scalar::u8, scalar::u8},         {atlas::kernels_v1::f32_f16, scalar::f32, scalar::f16},
    {atlas::kernels_v1::f32_bf16, scalar::f32, scalar::bf16},   {atlas::kernels_v1::f32_i8, scalar::f32, scalar::i8},
    {atlas::kernels_v1::f32_u8, scalar::f32, scalar::u8}};
/// What depends on the type that is stored: rates of each pair, of conversions and of codes.
class scalar_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    rates();
    conversions();
    codes();
  }

 private:
  // --- every pair of stored types from L2: vectors a second, beside float32 --------------------------------------------
  void rates() {
    const atlas::kernel_table& table = atlas::kernels();
    constexpr std::size_t dimension = 768;
    constexpr std::size_t count = l2_bytes / (dimension * sizeof(float));
    const struct {
      const char* name;
      const atlas::kernels_v1::row_kernel* kernels;
    } operations[] = {{"dot", table.dot}, {"l2sq", table.l2sq}, {"cosine", table.cosine}};
    const typed_rows floats(scalar::f32, scalar::f32, dimension, count);
    std::vector<float> out(count);
    for (const auto& operation : operations) {
      for (const operand_names& operands : all_operands) {
        const std::string pair = std::string(atlas::name(operands.query)) + "_" + atlas::name(operands.row);
        const std::string name = std::string("rate/") + operation.name + "/" + pair + "/768";
        if (!options_.wants(name)) continue;
        const typed_rows data(operands.query, operands.row, dimension, count);
        const auto rate = [&](const typed_rows& of, atlas::kernels_v1::operands which) {
          const atlas::kernels_v1::row_kernel kernel = operation.kernels[which];
          return [&of, kernel, &out] {
            kernel(of.query(), of.rows(), of.row_bytes(), nullptr, of.count(), dimension, out.data());
          };
        };
        std::vector<side> sides{{"atlas", rate(data, operands.which)}};
        sides[0].call();
        check_rate(name, operation.name, operands, data, out);
        if (operands.which != atlas::kernels_v1::f32_f32)
          sides.push_back({"atlas f32", rate(floats, atlas::kernels_v1::f32_f32)});
        sides.push_back(reader(data.rows(), data.bytes()));
        race(sides, rules());
        report_all(name, {static_cast<double>(count), "vectors/s"}, sides, sides.size(), {{"bytes", data.bytes()}});
      }
    }
  }
  static void check_rate(const std::string& name, const std::string& operation, const operand_names& operands,
                         const typed_rows& data, const std::vector<float>& out) {
    const bool is_exact = operands.query == operands.row && atlas::bits_of(operands.query) == 8;
    const double share = static_cast<double>(data.dimension() + 4) * half_ulp;
    for (std::size_t row = 0; row < data.count(); ++row) {
      const auto exact = data.sums(row);
      double wanted = operation == "l2sq" ? exact.l2sq : exact.dot;
      double bound = share * (operation == "l2sq" ? exact.l2sq : exact.absolute_dot);
      if (is_exact) {
        wanted = static_cast<double>(static_cast<float>(wanted));
        bound = 0;
      }
      if (operation == "cosine") {
        wanted = 1 - exact.dot / std::sqrt(exact.query_squares * exact.row_squares);
        bound = is_exact ? 4 * half_ulp : 2 * share;
      }
      require_close(name, row, static_cast<double>(out[row]), wanted, bound);
    }
  }

  // --- conversions and codes: rates alone ------------------------------------------------------------------------------
  void conversions() {
    constexpr std::size_t count = std::size_t{1} << 16;
    const atlas::kernel_table& table = atlas::kernels();
    const pages from_pages(count * 4), to_pages(count * 4);
    const struct {
      const char* name;
      scalar from;
      scalar to;
      atlas::kernels_v1::convert_kernel convert;
      double relative_error;
    } plain[] = {{"f32_to_f16", scalar::f32, scalar::f16, table.f32_to_f16, 0x1p-11},
                 {"f16_to_f32", scalar::f16, scalar::f32, table.f16_to_f32, 0},
                 {"f32_to_bf16", scalar::f32, scalar::bf16, table.f32_to_bf16, 0x1p-8},
                 {"bf16_to_f32", scalar::bf16, scalar::f32, table.bf16_to_f32, 0}};
    for (const auto& one : plain) {
      const std::string name = std::string("convert/") + one.name;
      if (!options_.wants(name)) continue;
      fill_random(one.from, from_pages.as<char>(), count * 4, 5);
      std::vector<side> sides{{"atlas", [&] { one.convert(from_pages.as<void>(), to_pages.as<void>(), count); }}};
      sides[0].call();
      for (std::size_t i = 0; i < count; ++i) {
        const double wanted = support::component(one.from, from_pages.as<void>(), i);
        require_close(name, i, support::component(one.to, to_pages.as<void>(), i), wanted,
                      std::abs(wanted) * one.relative_error + 0x1p-25);
      }
      race(sides, rules());
      report_alone(name, {static_cast<double>(count), "components/s"}, sides[0]);
    }
    const float factor = 127;
    const float back = 1.0F / 127;
    const auto* const floats = from_pages.as<const float>();
    auto* const bytes = to_pages.as<std::int8_t>();
    fill_random(scalar::f32, from_pages.as<char>(), count * 4, 5);
    std::vector<side> both{
        {"convert/f32_to_i8", [&] { table.f32_to_i8(floats, &factor, 1, bytes, count); }},
        {"convert/i8_to_f32", [&] { table.i8_to_f32(bytes, &back, 1, from_pages.as<float>(), count); }}};
    both[0].call();
    for (std::size_t i = 0; i < count; ++i) {
      require_close(both[0].name, i, static_cast<double>(bytes[i]), 127 * static_cast<double>(floats[i]), 0.5001);
    }
    both[1].call();
    for (std::size_t i = 0; i < count; ++i) {
      require_close(both[1].name, i, static_cast<double>(floats[i]), static_cast<double>(bytes[i]) / 127, 0x1p-22);
    }
    race(both, rules());
    for (const side& one : both) {
      if (options_.wants(one.name)) report_alone(one.name, {static_cast<double>(count), "components/s"}, one);
    }
  }

  void codes() {
    constexpr std::size_t parts = 96;
    constexpr std::size_t blocks = 128;  // of 32 rows: 196,608 bytes of codes
    constexpr std::size_t rows = 4096;   // of 96 bytes
    const atlas::kernel_table& table = atlas::kernels();
    const pages table_pages(parts * 256 * 4), code_pages(rows * parts);
    const auto* const codes = code_pages.as<const std::uint8_t>();
    fill_random(scalar::u8, code_pages.as<char>(), rows * parts, 6);
    if (options_.wants("codes/pq4")) {
      fill_random(scalar::u8, table_pages.as<char>(), parts * 16, 7);
      const auto* const tables = table_pages.as<const std::uint8_t>();
      std::vector<std::uint16_t> out(blocks * 32);
      std::vector<side> sides{{"atlas", [&] { table.pq4(tables, codes, blocks, parts, out.data()); }}};
      sides[0].call();
      for (std::size_t row = 0; row < out.size(); ++row) {
        unsigned wanted = 0;
        for (std::size_t part = 0; part < parts; ++part) {
          const unsigned both = codes[row / 32 * parts * 16 + part / 2 * 32 + row % 32];
          wanted += tables[part * 16 + (part % 2 == 0 ? both & 15U : both >> 4)];
        }
        require_close("codes/pq4", row, out[row], wanted, 0);
      }
      race(sides, rules());
      report_alone("codes/pq4", {static_cast<double>(out.size() * parts), "look-ups/s"}, sides[0],
                   {{"parts", parts}, {"rows", out.size()}});
    }
    if (options_.wants("codes/pq8")) {
      fill_random(scalar::f32, table_pages.as<char>(), parts * 256 * 4, 8);
      const auto* const tables = table_pages.as<const float>();
      std::vector<float> out(rows);
      std::vector<side> sides{{"atlas", [&] { table.pq8(tables, codes, parts, rows, parts, out.data()); }}};
      sides[0].call();
      for (std::size_t row = 0; row < rows; ++row) {
        double wanted = 0;
        for (std::size_t part = 0; part < parts; ++part)
          wanted += static_cast<double>(tables[part * 256 + codes[row * parts + part]]);
        require_close("codes/pq8", row, static_cast<double>(out[row]), wanted, parts * parts * half_ulp);
      }
      race(sides, rules());
      report_alone("codes/pq8", {static_cast<double>(rows * parts), "look-ups/s"}, sides[0],
                   {{"parts", parts}, {"rows", rows}});
    }
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_DISTANCE_SCALAR_CASES_HPP
