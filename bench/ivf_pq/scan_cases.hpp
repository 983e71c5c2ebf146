// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/scan_cases.hpp -- how near a scan of 4-bit codes in L2 comes to the table look-ups that it is made of.
//
// The limit, worked out. A row of P parts is P look-ups of 4 bits, P / 2 bytes, in blocks of 32 rows. The widest table
// instruction looks up 64 codes (vpermb of 512 bits, whose 64 entries are the tables of four parts), so 64 bytes of codes,
// 128 look-ups, take two of them. Intel since Ice Lake starts one a cycle (port 5); Zen 4 does an instruction of 512 bits as
// two halves, on two shuffle pipes: also one a cycle. So 64 bytes take two cycles at least. As long take the two loads, of
// codes and of tables, on Zen 4, which loads 64 bytes a cycle, and 64 bytes from L2 at its 32 a cycle (Intel: 48 to 64);
// these go on beside. A shift and two operations that cut out four bits and put in the part make five instructions on the
// vector pipes, of which Zen 4 starts two of 512 bits a cycle: 2.5 cycles for 64 bytes, so at 3.7 GHz 189 look-ups a
// nanosecond. With AVX2 an instruction looks up 32 codes, and one more is needed to cut them out.
// What is left of that by the machine's clock, its caches and a loop is measured: peers/lookup_peer.cpp does these
// instructions and no others over the same blocks. Above that a scan adds up (one addition for each instruction, four for
// each four of them until sums have 16 bits), and makes 32 estimates a block, compares them and keeps what passes.
#ifndef ATLAS_BENCH_IVF_PQ_SCAN_CASES_HPP
#define ATLAS_BENCH_IVF_PQ_SCAN_CASES_HPP

#include <atlas/index/ivf_coder.hpp>  // ivf_coder

#include "ivf_pq/parameters.hpp"
#include "peers/lookup_peer.hpp"
#include "support/bench_options.hpp"
#include "support/pages.hpp"
#include "support/race.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Blocks of coded rows that fit L2, and a query.
class scanned_blocks {
 public:
  scanned_blocks(std::size_t dimension, std::size_t parts)
      : dimension_(dimension), base_(static_cast<float>(dimension)), bytes_(total_bytes) {
    namespace detail = atlas::detail;
    coder_.create(atlas::ivf_codes::pq4, atlas::ivf_rotation::none, dimension, parts, 1).value();
    count_ = total_bytes / layout().block_bytes;
    const std::size_t rows = count_ * atlas::list_block_rows;
    std::mt19937_64 random(1);
    std::normal_distribution<float> normal;
    rows_.resize(rows * dimension);
    for (float& component : rows_) component = normal(random);
    query_.resize(dimension);
    for (float& component : query_) component = normal(random);
    coder_.train(atlas::dense(rows_.data(), rows, dimension), 1, 1, {}).value();

    const std::vector<float> centroid(coder_.padded_rotated());
    std::vector<std::uint8_t> code(layout().code_bytes);
    detail::coding_memory memory;
    for (std::size_t row = 0; row < rows; ++row) {
      const auto coded =
          coder_.encode(atlas::metric::l2sq, rows_.data() + row * dimension, centroid.data(), memory, code.data()).value();
      layout().write(block(row / atlas::list_block_rows), row % atlas::list_block_rows, coded.add, coded.mul,
                     static_cast<std::uint32_t>(row), code.data());
    }
    coder_.prepare(query_.data(), tables_, prepared_).value();
    found_.make_room(rows).value();
  }

  [[nodiscard]] const atlas::list_block_layout& layout() const { return coder_.layout(); }
  [[nodiscard]] std::size_t rows() const { return count_ * atlas::list_block_rows; }
  [[nodiscard]] std::size_t bytes() const { return count_ * layout().block_bytes; }
  [[nodiscard]] std::size_t padded_parts() const { return prepared_.prepared.nibbles.parts; }
  [[nodiscard]] const atlas::detail::estimated_rows& found() const { return found_; }

  /// As searches do it: some blocks a call, and what is within the bound kept.
  void scan() {
    constexpr std::size_t blocks_at_once = 8;
    found_.count = 0;
    for (std::size_t first = 0; first < count_; first += blocks_at_once) {
      coder_.estimate(prepared_.prepared, block(first), std::min(blocks_at_once, count_ - first), base_, found_);
    }
  }
  void look_up() {
    look_up_all(prepared_.prepared.nibbles.tables, block(0) + atlas::kernels_v1::list_codes_offset, layout().block_bytes, count_,
                padded_parts());
  }

  /// Every estimate against a sum in double over what the codes stand for; throws where one is not within what bytes for
  /// table entries allow: half a step a part. Then sets the bound that a share of the rows is within.
  void check(double passing) {
    scan();
    if (found_.count != rows()) throw std::runtime_error("scan: an estimate is missing");
    std::vector<std::uint8_t> codes(coder_.parts());
    std::vector<float> decoded(dimension_);
    for (std::size_t i = 0; i < rows(); ++i) {
      const std::size_t row = found_.rows.data()[i];
      const float* const vector = rows_.data() + row * dimension_;
      coder_.product().encode(vector, codes.data());
      coder_.product().decode(codes.data(), decoded.data());
      double squares = 0;
      double with_code = 0;
      double with_query = 0;
      for (std::size_t at = 0; at < dimension_; ++at) {
        const auto component = static_cast<double>(vector[at]);
        squares += component * component;
        with_code += component * static_cast<double>(decoded[at]);
        with_query += static_cast<double>(query_[at]) * static_cast<double>(decoded[at]);
      }
      const double gain = squares / with_code;
      const double wanted = static_cast<double>(base_) + squares - 2 * gain * with_query;
      const double steps = 0.5 * static_cast<double>(padded_parts()) + 1e-3;
      const double allowed = 2 * gain * static_cast<double>(prepared_.prepared.nibbles.factor) * steps + 1e-4 * squares;
      const auto got = static_cast<double>(found_.distances.data()[i]);
      if (std::abs(got - wanted) <= allowed) continue;
      throw std::runtime_error("scan: row " + std::to_string(row) + " gives " + std::to_string(got) + " instead of " +
                               std::to_string(wanted) + " (bound " + std::to_string(allowed) + ")");
    }
    found_.keep_nearest(static_cast<std::size_t>(passing * static_cast<double>(rows())));
  }

 private:
  static constexpr std::size_t total_bytes = std::size_t{512} << 10;  ///< half of a Zen 4 core's L2

  [[nodiscard]] std::byte* block(std::size_t at) { return bytes_.as<std::byte>() + at * layout().block_bytes; }

  std::size_t dimension_;
  float base_;  ///< the query's distance to the centroid
  pages bytes_;
  std::size_t count_ = 0;
  std::vector<float> rows_;
  std::vector<float> query_;
  atlas::detail::ivf_coder coder_;
  atlas::buffer<float> tables_;
  atlas::detail::ivf_query prepared_;
  atlas::detail::estimated_rows found_;
};

class scan_cases {
 public:
  explicit scan_cases(const bench_options& options) : options_(options) {}

  void run() {
    for (const auto& [dimension, parts] : {std::pair<std::size_t, std::size_t>{128, 32}, {384, 96}, {784, 196}}) {
      const std::string name = "scan/" + std::to_string(parts) + "x4";
      if (options_.wants(name)) measure(name, dimension, parts);
    }
  }

 private:
  /// Of rows, within the bound that a search has found by the time that most lists are scanned.
  static constexpr double passing = 1.0 / 256;

  void measure(const std::string& name, std::size_t dimension, std::size_t parts) {
    scanned_blocks blocks(dimension, parts);
    blocks.check(passing);
    std::vector<side> sides = {{"atlas", [&] { blocks.scan(); }}, {"look-ups alone", [&] { blocks.look_up(); }}};
    race(sides, {.rounds = options_.quick ? 9 : 21});
    std::vector<double> shares;
    for (std::size_t round = 0; round < sides[0].seconds.size(); ++round) {
      shares.push_back(sides[1].seconds[round] / sides[0].seconds[round]);
    }
    const auto rows = static_cast<double>(blocks.rows());
    const double seconds = median(sides[0].seconds);
    row one{.name = name, .atlas = rows / seconds, .unit = "codes/s", .peer = "look-ups alone"};
    one.peer_value = rows / median(sides[1].seconds);
    one.ratio = median(shares);
    one.asked = asked_of_scan;
    const double lookups = rows * static_cast<double>(blocks.padded_parts()) * 1e-9;
    one.more = {{"percent_of_look_ups", rounded(100 * one.ratio)},
                {"code_bytes", blocks.layout().code_bytes},
                {"bytes", blocks.bytes()},
                {"rows", blocks.rows()},
                {"passed", blocks.found().count},
                {"look_ups_per_ns", {rounded(lookups / seconds), rounded(lookups / median(sides[1].seconds))}},
                {"look_up_isa", lookup_isa()},
                {"codes_an_instruction", lookups_at_once()},
                {"rounds", shares.size()}};
    one.more["ratio_lower_quartile"] = rounded(quantile(shares, 0.25));
    print_row("ivf_pq", one, options_.json);
  }

  const bench_options& options_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_SCAN_CASES_HPP
