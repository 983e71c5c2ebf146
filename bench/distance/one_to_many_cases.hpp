// SPDX-License-Identifier: Apache-2.0
// bench/distance/one_to_many_cases.hpp -- one query against many rows, of one type each.
#ifndef ATLAS_BENCH_DISTANCE_ONE_TO_MANY_CASES_HPP
#define ATLAS_BENCH_DISTANCE_ONE_TO_MANY_CASES_HPP

#include <atlas/distance.hpp>  // distances

#include "distance/case_frame.hpp"
#include "distance/float_checks.hpp"
#include "peers/faiss_peer.hpp"
#include "peers/hnswlib_peer.hpp"
#include "peers/openblas_peer.hpp"
#include "support/pages.hpp"
#include "support/typed_rows.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <random>

namespace bench {

inline constexpr std::size_t compared_dimensions[] = {96, 128, 384, 768, 784, 1536};

/// One query against many rows of a place, beside a read of the same bytes and the peers.
class one_to_many_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    seeds();
    one_to_many("l2", l2_bytes);
    hamming("l2", l2_bytes);
    floats_.reset();
    const std::size_t dram_bytes = std::size_t{1} << (options_.quick ? 28 : 30);
    one_to_many("dram", dram_bytes);
    gathers(dram_bytes);
    floats_.reset();
    hamming("dram", dram_bytes);
  }

 private:
  // --- one query against 1,000 rows, cosine --------------------------------------------------------------------------
  template <class Query, class Row>
  void seed(const std::string& name, std::size_t dimension) {
    if (!options_.wants(name)) return;
    const typed_rows data(atlas::scalar_of<Query>, atlas::scalar_of<Row>, dimension, 1000);
    std::vector<float> out(data.count());
    const auto rows = atlas::dense(data.rows<Row>(), data.count(), dimension);
    const auto call = [&] { require_ok(atlas::distances(data.query<Query>(), rows, metric::cosine, out.data())); };
    call();
    for (std::size_t row = 0; row < data.count(); ++row) {
      const auto exact = data.sums(row);
      require_close(name, row, static_cast<double>(out[row]),
                    1 - exact.dot / std::sqrt(exact.query_squares * exact.row_squares),
                    2 * static_cast<double>(dimension + 4) * half_ulp);
    }
    std::vector<side> sides{{"atlas", call}, reader(data.rows(), data.bytes())};
    race(sides, rules());
    report_all(name, microseconds(), sides, sides.size(), {{"bytes", data.bytes()}});
  }
  void seeds() {
    seed<float, float>("seed/cosine/384xf32", 384);
    seed<atlas::bf16, atlas::bf16>("seed/cosine/768xbf16", 768);
    seed<float, atlas::bf16>("seed/cosine/768xbf16/f32-query", 768);
    seed<atlas::f16, atlas::f16>("seed/cosine/768xf16", 768);
    seed<float, atlas::f16>("seed/cosine/768xf16/f32-query", 768);
    seed<float, float>("seed/cosine/768xf32", 768);
  }

  // --- one query against rows of a place, float32 ---------------------------------------------------------------------
  [[nodiscard]] const float* floats(std::size_t bytes) {
    if (!floats_) {
      floats_.emplace(bytes);
      fill_random(scalar::f32, floats_->as<char>(), bytes, 2);
    }
    return floats_->as<const float>();
  }

  /// For a quick look at everything, two dimensions from DRAM are enough.
  [[nodiscard]] bool is_left_out(const std::string& place, std::size_t dimension) const {
    return options_.quick && options_.filter.empty() && place == "dram" && dimension != 128 && dimension != 768;
  }

  void one_to_many(const std::string& place, std::size_t bytes) {
    for (const bool is_l2sq : {true, false}) {
      for (const std::size_t dimension : compared_dimensions) {
        const std::string name = place + (is_l2sq ? "/l2sq/" : "/ip/") + std::to_string(dimension);
        if (options_.wants(name) && !is_left_out(place, dimension)) compare_floats(name, is_l2sq, dimension, bytes);
      }
    }
  }

  void compare_floats(const std::string& name, bool is_l2sq, std::size_t dimension, std::size_t bytes) {
    const std::size_t count = bytes / (dimension * sizeof(float));
    const float* const rows = floats(bytes);
    pages query_pages(dimension * sizeof(float));
    fill_random(scalar::f32, query_pages.as<char>(), dimension * sizeof(float), 1);
    const float* const query = query_pages.as<const float>();
    pages out_pages(count * sizeof(float));
    float* const out = out_pages.as<float>();
    const auto view = atlas::dense(rows, count, dimension);
    const metric which = is_l2sq ? metric::l2sq : metric::inner_product;
    const hnswlib_kernel_peer hnswlib(dimension, !is_l2sq);

    std::vector<side> sides{{"atlas", [&] { require_ok(atlas::distances(query, view, which, out)); }}};
    std::vector<meaning> meanings{is_l2sq ? meaning::l2sq : meaning::product_distance};
    const auto add = [&](bool is_there, const char* peer, meaning what, std::function<void()> call) {
      if (!is_there) return;
      sides.push_back({peer, std::move(call)});
      meanings.push_back(what);
    };
    const std::size_t used_bytes = count * dimension * sizeof(float);
    sides.push_back(reader(rows, used_bytes));
    meanings.push_back(meanings[0]);
    if (is_l2sq) {
      add(has_faiss(), "faiss", meaning::l2sq, [&] { faiss_l2sq(query, rows, dimension, count, out); });
    } else {
      add(has_faiss(), "faiss", meaning::product, [&] { faiss_dot(query, rows, dimension, count, out); });
      add(has_openblas(), "openblas", meaning::product, [&] { openblas_dot(query, rows, dimension, count, out); });
    }
    add(hnswlib_peer::is_available(), "hnswlib", meanings[0], [&] { hnswlib.distances(query, rows, count, out); });

    for (std::size_t i = 0; i < sides.size(); ++i) {
      if (sides[i].name == "read") continue;
      std::fill(out, out + count, -1.0F);
      sides[i].call();
      check_floats(name + " by " + sides[i].name, meanings[i], query, rows, dimension, nullptr, count, out);
    }
    race(sides, bytes > l2_bytes ? rules_of_long_calls() : rules());
    report_all(name, {static_cast<double>(used_bytes) * 1e-9, "GB/s"}, sides, 2,
               {{"rows", count}, {"bytes", used_bytes}});
  }

  // --- bits -------------------------------------------------------------------------------------------------------
  void hamming(const std::string& place, std::size_t bytes) {
    const std::string name = place + "/hamming/1024";
    if (!options_.wants(name)) return;
    const typed_rows data(scalar::b1, scalar::b1, 1024, bytes / 128);
    pages out_pages(data.count() * sizeof(float));
    float* const out = out_pages.as<float>();
    const auto rows = atlas::dense(data.rows<atlas::b1x8>(), data.count(), 1024);
    const auto call = [&] { require_ok(atlas::distances(data.query<atlas::b1x8>(), rows, metric::hamming, out)); };
    call();
    for (std::size_t row = 0; row < data.count(); ++row) {
      require_close(name, row, static_cast<double>(out[row]), data.hamming(row), 0);
    }
    std::vector<side> sides{{"atlas", call}, reader(data.rows(), data.bytes())};
    race(sides, bytes > l2_bytes ? rules_of_long_calls() : rules());
    report_all(name, {static_cast<double>(data.bytes()) * 1e-9, "GB/s"}, sides, 2,
               {{"rows", data.count()}, {"bytes", data.bytes()}});
  }

  // --- rows by random ids ---------------------------------------------------------------------------------------------
  void gathers(std::size_t bytes) {
    for (const bool is_l2sq : {true, false}) {
      for (const std::size_t dimension : {std::size_t{128}, std::size_t{768}}) {
        const std::string name = std::string("gather/") + (is_l2sq ? "l2sq/" : "ip/") + std::to_string(dimension);
        if (options_.wants(name)) gather(name, is_l2sq, dimension, bytes);
      }
    }
  }
  void gather(const std::string& name, bool is_l2sq, std::size_t dimension, std::size_t bytes) {
    const std::size_t rows_there = bytes / (dimension * sizeof(float));
    const float* const rows = floats(bytes);
    std::vector<float> query(dimension);
    fill_random(scalar::f32, query.data(), dimension * sizeof(float), 1);
    std::vector<std::uint32_t> ids(rows_there);
    std::mt19937_64 random(3);
    for (std::uint32_t& id : ids) id = static_cast<std::uint32_t>(random() % rows_there);
    std::vector<float> out(ids.size());
    const hnswlib_kernel_peer hnswlib(dimension, !is_l2sq);
    const auto view = atlas::dense(rows, rows_there, dimension);
    const metric which = is_l2sq ? metric::l2sq : metric::inner_product;
    std::vector<side> sides{
        {"atlas", [&] {
           require_ok(atlas::distances(query.data(), view, {ids.data(), ids.size()}, which, out.data()));
         }}};
    if (hnswlib_peer::is_available()) {
      sides.push_back({"hnswlib", [&] { hnswlib.gather(query.data(), rows, ids.data(), ids.size(), out.data()); }});
    }
    for (const side& one : sides) {
      one.call();
      check_floats(name + " by " + one.name, is_l2sq ? meaning::l2sq : meaning::product_distance, query.data(), rows,
                   dimension, ids.data(), ids.size(), out.data());
    }
    race(sides, rules_of_long_calls());
    report_all(name, {static_cast<double>(ids.size()), "vectors/s"}, sides, sides.size());
  }

  std::optional<pages> floats_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_DISTANCE_ONE_TO_MANY_CASES_HPP
