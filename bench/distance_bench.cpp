// SPDX-License-Identifier: Apache-2.0
// bench/distance_bench.cpp -- how near do the distances come to the limit of the machine, and how far ahead of others are
// they? One query against many rows beside a plain read of the same bytes, faiss, hnswlib's kernels and OpenBLAS; many
// queries against many rows beside faiss.
//   distance_bench [--data DIR] [--quick] [--filter NAME] [--json] [--threads N]
// Every answer is compared with double (or exact integers) before it is timed; all sides of a case run in turn.
#include <atlas/distance.hpp>
#include <atlas/core/thread.hpp>  // hardware_threads
#include <atlas/simd/cpu.hpp>     // detect_cpu

#include "peers/faiss_peer.hpp"
#include "peers/hnswlib_peer.hpp"
#include "peers/openblas_peer.hpp"
#include "peers/read_peer.hpp"
#include "support/bench_options.hpp"
#include "support/data_set.hpp"
#include "support/pages.hpp"
#include "support/race.hpp"
#include "support/report.hpp"
#include "support/typed_rows.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace {

using atlas::metric;
using atlas::scalar;
using bench::side;
using bench::typed_rows;

constexpr char cases[] = R"(Cases, and what is asked of them (ratio > 1: ATLAS is better):
  seed/cosine/384xf32, 768xbf16, 768xf16   one query, 1,000 rows: below 50 us
  seed/cosine/768xf32                      3 MB of rows: at least 1/1.15 = 0.87 of a plain read
  dram/METRIC/DIMENSION                    l2sq, ip; 1 GiB of rows (--quick: 256 MiB): 0.90 of a plain read,
                                           1.0 x the best of faiss, hnswlib, OpenBLAS
  l2/METRIC/DIMENSION                      768 KiB of rows: 0.80 of a plain read, 1.0 x the best of them
  dram/hamming/1024, l2/hamming/1024       0.80 of a plain read
  gather/METRIC/DIMENSION                  rows by random ids out of the same 1 GiB, against hnswlib's kernel
  rate/OPERATION/QUERY_ROW/768             256 rows in L2 against the f32 rate: i8_i8 dot 2.5 x with VNNI
  nearest/mnist-784/QUERIES                top 10 of 60,000 rows, all threads, against faiss::IndexFlatL2: 16: 8 x;
                                           64 and 1000: 1.0 x; 1000/bf16 and 1000/i8 (first pass): 3 x
  same-top-10/DATA-SET/FIRST-PASS          share of queries whose top 10 is the exact one: 0.999
  convert/FROM_to_TO, codes/pq4, codes/pq8 rates alone
)";

constexpr std::size_t dimensions[] = {96, 128, 384, 768, 784, 1536};
constexpr std::size_t k = 10;
/// Within the second-level cache of every CPU that is measured (1 MiB or more), and above each first-level cache.
constexpr std::size_t l2_bytes = std::size_t{768} << 10;
constexpr double half_ulp = 0x1p-24;
/// How long OpenBLAS's threads spin after their work: 2^26 cycles (its THREAD_TIMEOUT).
constexpr double spinning_seconds = 0.06;

/// OpenBLAS and OpenMP read their environment when they are loaded: the program starts itself again with it.
/// Without it OpenBLAS 0.3.21 does not know newer CPUs and runs its SSE3 kernels, five times slower.
void set_peer_environment(char** arguments) {
  bool changed = false;
  const auto set = [&changed](const char* name, const char* value) {
    if (std::getenv(name) == nullptr) changed = ::setenv(name, value, 0) == 0 || changed;
  };
#if defined(__x86_64__)
  if (atlas::detect_cpu().avx512) set("OPENBLAS_CORETYPE", "SkylakeX");
#endif
  set("OMP_WAIT_POLICY", "passive");
  if (!changed) return;
  ::execv("/proc/self/exe", arguments);
  std::fprintf(stderr, "distance_bench: cannot start again with the peers' environment\n");
}

void require_ok(const atlas::result<std::size_t>& answer) {
  if (answer.ok()) return;
  char text[512];
  atlas::describe(answer.error(), text, sizeof text);
  throw std::runtime_error(text);
}

// --- float32, one query against dense rows: both metrics, every peer -------------------------------------------------

/// The sums of one row of floats: eight partial sums, so that a GiB takes half a second.
bench::exact_sums float_sums(const float* a, const float* b, std::size_t dimension) {
  double squares[8] = {}, products[8] = {}, absolute[8] = {};
  for (std::size_t at = 0; at + 8 <= dimension; at += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const double x = static_cast<double>(a[at + lane]), y = static_cast<double>(b[at + lane]);
      squares[lane] += (x - y) * (x - y);
      products[lane] += x * y;
      absolute[lane] += std::abs(x * y);
    }
  }
  bench::exact_sums found;
  for (std::size_t lane = 0; lane < 8; ++lane) {
    found.l2sq += squares[lane];
    found.dot += products[lane];
    found.absolute_dot += absolute[lane];
  }
  return found;
}

/// What a side's numbers are.
enum class meaning { l2sq, product, product_distance };

void check_floats(const std::string& who, meaning what, const float* query, const float* rows, std::size_t dimension,
                  const std::uint32_t* ids, std::size_t count, const float* got) {
  const double share = static_cast<double>(dimension + 4) * half_ulp;
  for (std::size_t row = 0; row < count; ++row) {
    const auto exact = float_sums(query, rows + (ids == nullptr ? row : ids[row]) * dimension, dimension);
    if (what == meaning::l2sq) {
      bench::require_close(who, row, static_cast<double>(got[row]), exact.l2sq, share * exact.l2sq);
    } else {
      const double wanted = what == meaning::product ? exact.dot : 1 - exact.dot;
      bench::require_close(who, row, static_cast<double>(got[row]), wanted, share * (1 + exact.absolute_dot));
    }
  }
}

struct operand_names {
  atlas::kernels_v1::operands which;
  scalar query;
  scalar row;
};
constexpr operand_names all_operands[] = {
    {atlas::kernels_v1::f32_f32, scalar::f32, scalar::f32},    {atlas::kernels_v1::f16_f16, scalar::f16, scalar::f16},
    {atlas::kernels_v1::bf16_bf16, scalar::bf16, scalar::bf16}, {atlas::kernels_v1::i8_i8, scalar::i8, scalar::i8},
    {atlas::kernels_v1::u8_u8, scalar::u8, scalar::u8},        {atlas::kernels_v1::f32_f16, scalar::f32, scalar::f16},
    {atlas::kernels_v1::f32_bf16, scalar::f32, scalar::bf16},  {atlas::kernels_v1::f32_i8, scalar::f32, scalar::i8},
    {atlas::kernels_v1::f32_u8, scalar::f32, scalar::u8}};

class distance_bench {
 public:
  distance_bench(const bench::bench_options& options, unsigned threads) : options_(options), threads_(threads) {}

  void run() {
    seeds();
    one_to_many("l2", l2_bytes);
    hamming("l2", l2_bytes);
    rates();
    conversions();
    codes();
    const std::size_t dram_bytes = std::size_t{1} << (options_.quick ? 28 : 30);
    one_to_many("dram", dram_bytes);
    hamming("dram", dram_bytes);
    gathers(dram_bytes);
    many_to_many();
    same_top_10();
  }

 private:
  [[nodiscard]] bench::race_rules rules() const { return {.rounds = options_.quick ? 9 : 21}; }
  void report_all(const std::string& name, const bench::scale& how, const std::vector<side>& sides, std::size_t first_rival,
                  const nlohmann::json& more = nlohmann::json::object()) const {
    bench::report_all("distance", name, how, sides, first_rival, more, options_.json);
  }
  void report_alone(const std::string& name, const bench::scale& how, const side& one,
                    const nlohmann::json& more = nlohmann::json::object()) const {
    bench::report_alone("distance", name, how, one, more, options_.json);
  }
  [[nodiscard]] side reader(const void* bytes, std::size_t length) {
    return {"read", [this, bytes, length] { sink_ = sink_ ^ bench::read_all(bytes, length); }};
  }

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
      bench::require_close(name, row, static_cast<double>(out[row]), 1 - exact.dot / std::sqrt(exact.query_squares * exact.row_squares),
                           2 * static_cast<double>(dimension + 4) * half_ulp);
    }
    std::vector<side> sides{{"atlas", call}, reader(data.rows(), data.bytes())};
    bench::race(sides, rules());
    report_all(name, bench::microseconds(), sides, sides.size(), {{"bytes", data.bytes()}});
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
      floats_.emplace(std::max(bytes, std::size_t{1} << (options_.quick ? 28 : 30)));
      bench::fill_random(scalar::f32, floats_->as<char>(), bytes, 2);
    }
    return floats_->as<const float>();
  }

  void one_to_many(const std::string& place, std::size_t bytes) {
    for (const bool is_l2sq : {true, false}) {
      for (const std::size_t dimension : dimensions) {
        const std::string name = place + (is_l2sq ? "/l2sq/" : "/ip/") + std::to_string(dimension);
        if (options_.wants(name)) compare_floats(name, is_l2sq, dimension, bytes);
      }
    }
    if (place == "l2") floats_.reset();
  }

  void compare_floats(const std::string& name, bool is_l2sq, std::size_t dimension, std::size_t bytes) {
    const std::size_t count = bytes / (dimension * sizeof(float));
    const float* const rows = floats(bytes);
    bench::pages query_pages(dimension * sizeof(float));
    bench::fill_random(scalar::f32, query_pages.as<char>(), dimension * sizeof(float), 1);
    const float* const query = query_pages.as<const float>();
    bench::pages out_pages(count * sizeof(float));
    float* const out = out_pages.as<float>();
    const auto view = atlas::dense(rows, count, dimension);
    const metric which = is_l2sq ? metric::l2sq : metric::inner_product;
    const bench::hnswlib_kernel_peer hnswlib(dimension, !is_l2sq);

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
      add(bench::has_faiss(), "faiss", meaning::l2sq, [&] { bench::faiss_l2sq(query, rows, dimension, count, out); });
    } else {
      add(bench::has_faiss(), "faiss", meaning::product, [&] { bench::faiss_dot(query, rows, dimension, count, out); });
      add(bench::has_openblas(), "openblas", meaning::product, [&] { bench::openblas_dot(query, rows, dimension, count, out); });
    }
    add(bench::hnswlib_peer::is_available(), "hnswlib", meanings[0], [&] { hnswlib.distances(query, rows, count, out); });

    for (std::size_t i = 0; i < sides.size(); ++i) {
      if (sides[i].name == "read") continue;
      std::fill(out, out + count, -1.0F);
      sides[i].call();
      check_floats(name + " by " + sides[i].name, meanings[i], query, rows, dimension, nullptr, count, out);
    }
    auto how = rules();
    if (bytes > l2_bytes) how.rounds = 9;
    bench::race(sides, how);
    report_all(name, {static_cast<double>(used_bytes) * 1e-9, "GB/s"}, sides, 2, {{"rows", count}, {"bytes", used_bytes}});
  }

  // --- bits -------------------------------------------------------------------------------------------------------
  void hamming(const std::string& place, std::size_t bytes) {
    const std::string name = place + "/hamming/1024";
    if (!options_.wants(name)) return;
    const typed_rows data(scalar::b1, scalar::b1, 1024, bytes / 128);
    bench::pages out_pages(data.count() * sizeof(float));
    float* const out = out_pages.as<float>();
    const auto rows = atlas::dense(data.rows<atlas::b1x8>(), data.count(), 1024);
    const auto call = [&] { require_ok(atlas::distances(data.query<atlas::b1x8>(), rows, metric::hamming, out)); };
    call();
    for (std::size_t row = 0; row < data.count(); ++row) {
      bench::require_close(name, row, static_cast<double>(out[row]), data.hamming(row), 0);
    }
    std::vector<side> sides{{"atlas", call}, reader(data.rows(), data.bytes())};
    bench::race(sides, rules());
    report_all(name, {static_cast<double>(data.bytes()) * 1e-9, "GB/s"}, sides, 2, {{"rows", data.count()}, {"bytes", data.bytes()}});
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
    bench::fill_random(scalar::f32, query.data(), dimension * sizeof(float), 1);
    std::vector<std::uint32_t> ids(rows_there);
    std::mt19937_64 random(3);
    for (std::uint32_t& id : ids) id = static_cast<std::uint32_t>(random() % rows_there);
    std::vector<float> out(ids.size());
    const bench::hnswlib_kernel_peer hnswlib(dimension, !is_l2sq);
    const auto view = atlas::dense(rows, rows_there, dimension);
    const metric which = is_l2sq ? metric::l2sq : metric::inner_product;
    std::vector<side> sides{{"atlas", [&] { require_ok(atlas::distances(query.data(), view, {ids.data(), ids.size()}, which, out.data())); }}};
    if (bench::hnswlib_peer::is_available()) {
      sides.push_back({"hnswlib", [&] { hnswlib.gather(query.data(), rows, ids.data(), ids.size(), out.data()); }});
    }
    for (const side& one : sides) {
      one.call();
      check_floats(name + " by " + one.name, is_l2sq ? meaning::l2sq : meaning::product_distance, query.data(), rows, dimension, ids.data(), ids.size(), out.data());
    }
    auto how = rules();
    how.rounds = 9;
    bench::race(sides, how);
    report_all(name, {static_cast<double>(ids.size()), "vectors/s"}, sides, sides.size());
  }

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
          return [&of, kernel, &out] { kernel(of.query(), of.rows(), of.row_bytes(), nullptr, of.count(), dimension, out.data()); };
        };
        std::vector<side> sides{{"atlas", rate(data, operands.which)}};
        sides[0].call();
        check_rate(name, operation.name, operands, data, out);
        if (operands.which != atlas::kernels_v1::f32_f32) sides.push_back({"atlas f32", rate(floats, atlas::kernels_v1::f32_f32)});
        sides.push_back(reader(data.rows(), data.bytes()));
        bench::race(sides, rules());
        report_all(name, {static_cast<double>(count), "vectors/s"}, sides, sides.size(), {{"bytes", data.bytes()}});
      }
    }
  }
  static void check_rate(const std::string& name, const std::string& operation, const operand_names& operands, const typed_rows& data,
                         const std::vector<float>& out) {
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
      bench::require_close(name, row, static_cast<double>(out[row]), wanted, bound);
    }
  }

  // --- many queries: the ten nearest of 60,000 x 784 -------------------------------------------------------------------
  struct top_10 {
    std::vector<atlas::neighbour> found;
    std::vector<std::uint32_t> counts;
  };
  [[nodiscard]] top_10 make_room(std::size_t queries) const { return {std::vector<atlas::neighbour>(queries * k), std::vector<std::uint32_t>(queries)}; }

  void search(atlas::matrix_view queries, atlas::matrix_view rows, metric which, atlas::first_pass pass, top_10& into) const {
    const atlas::nearest_options options{.k = k, .threads = threads_, .first_pass = pass};
    require_ok(atlas::nearest(queries, rows, which, options, into.found.data(), into.counts.data()));
  }

  /// The share of queries whose every hit is, by its exact distance, no further than the true k-th, times 1 + `slack`.
  static double right_share(const bench::data_set& set, const std::vector<double>& kth, std::size_t queries, double slack,
                            const std::function<std::size_t(std::size_t query, std::size_t rank)>& id) {
    std::size_t right = 0;
    for (std::size_t q = 0; q < queries; ++q) {
      bool all = true;
      for (std::size_t rank = 0; rank < k; ++rank) {
        const std::size_t row = id(q, rank);
        all = all && row < set.rows && set.exact(q, row) <= kth[q] + std::abs(kth[q]) * slack;
      }
      right += all ? 1 : 0;
    }
    return static_cast<double>(right) / static_cast<double>(queries);
  }

  void many_to_many() {
    constexpr std::size_t batches[] = {1, 16, 64, 1000};
    const std::string prefix = "nearest/mnist-784/";
    bool any = options_.wants(prefix + "1000/bf16") || options_.wants(prefix + "1000/i8");
    for (const std::size_t queries : batches) any = any || options_.wants(prefix + std::to_string(queries));
    if (!any) return;
    const auto set = bench::load_data_set("mnist-784", options_.data, options_.cache);
    const auto kth = set.kth_distances(k);
    const bench::pages rows_pages(set.base.size() * sizeof(float));
    std::copy(set.base.begin(), set.base.end(), rows_pages.as<float>());
    const auto rows = atlas::dense(rows_pages.as<const float>(), set.rows, set.dimension);
    std::optional<bench::faiss_flat_peer> faiss;
    if (bench::has_faiss()) {
      faiss.emplace(rows.data, set.dimension, set.rows);
      bench::make_pages_huge(faiss->rows(), faiss->row_bytes());
    }
    for (const std::size_t count : batches) {
      const std::string name = prefix + std::to_string(count);
      std::vector<std::pair<std::string, atlas::first_pass>> passes{{name, atlas::first_pass::f32}};
      if (count == 1000) {
        passes.push_back({name + "/bf16", atlas::first_pass::bf16});
        passes.push_back({name + "/i8", atlas::first_pass::i8});
      }
      std::erase_if(passes, [this](const auto& one) { return !options_.wants(one.first); });
      if (!passes.empty() && count <= set.query_count) nearest_of(set, kth, rows, count, passes, faiss);
    }
  }

  void nearest_of(const bench::data_set& set, const std::vector<double>& kth, atlas::matrix_view rows, std::size_t count,
                  const std::vector<std::pair<std::string, atlas::first_pass>>& passes, const std::optional<bench::faiss_flat_peer>& faiss) {
    const auto queries = atlas::dense(set.queries.data(), count, set.dimension);
    top_10 ours = make_room(count);
    std::vector<side> sides;
    for (const auto& [name, pass] : passes) {
      sides.push_back({name, [&, first = pass] { search(queries, rows, metric::l2sq, first, ours); }});
      sides.back().call();
      const double right = right_share(set, kth, count, 2 * static_cast<double>(set.dimension + 3) * half_ulp,
                                       [&](std::size_t q, std::size_t rank) { return ours.found[q * k + rank].id; });
      if (right < (pass == atlas::first_pass::f32 ? 1.0 : 0.999)) throw std::runtime_error(name + ": wrong rows");
    }
    std::vector<float> their_distances(count * k);
    std::vector<std::int64_t> their_keys(count * k);
    double theirs_right = 0;
    if (faiss) {
      sides.push_back({"faiss", [&] { faiss->search(queries.data, count, k, threads_, their_distances.data(), their_keys.data()); }});
      sides.back().call();
      // faiss takes |x|^2 + |y|^2 - 2 <x, y> for 20 queries or more, with that much less of a float's precision.
      theirs_right = right_share(set, kth, count, 1e-3, [&](std::size_t q, std::size_t rank) { return static_cast<std::size_t>(their_keys[q * k + rank]); });
      if (theirs_right < 0.999) throw std::runtime_error("faiss: wrong rows");
    }
    auto how = rules();
    how.rounds = options_.quick || count == 1000 ? 9 : 15;
    how.sample_seconds = 0.02;
    how.clock = CLOCK_MONOTONIC;
    how.pause_seconds = spinning_seconds;
    bench::race(sides, how);
    const double operations = 2.0 * static_cast<double>(count * set.rows * set.dimension);
    for (std::size_t i = 0; i < passes.size(); ++i) {
      const nlohmann::json more{{"threads", threads_}, {"gflop_per_second", std::round(operations / bench::median(sides[i].seconds) * 1e-8) / 10}};
      const bench::scale scale{static_cast<double>(count), "queries/s"};
      if (faiss) {
        bench::report_pair("distance", sides[i].name, scale, sides[i], sides.back(), "faiss", more, options_.json);
      } else {
        report_alone(sides[i].name, scale, sides[i], more);
      }
    }
  }

  /// Not a time: how many queries get the exact answer although a smaller type looked first.
  void same_top_10() {
    const struct {
      const char* name;
      atlas::first_pass pass;
    } passes[] = {{"f32", atlas::first_pass::f32}, {"bf16", atlas::first_pass::bf16}, {"i8", atlas::first_pass::i8}};
    for (const char* const set_name : {"mnist-784", "sift-kodak-128", "words-ft100", "lsa-books-384"}) {
      const std::string prefix = std::string("same-top-10/") + set_name + "/";
      if (std::none_of(std::begin(passes), std::end(passes), [&](const auto& one) { return options_.wants(prefix + one.name); })) continue;
      const auto set = bench::load_data_set(set_name, options_.data, options_.cache);
      const auto kth = set.kth_distances(k);
      const auto rows = atlas::dense(set.base.data(), set.rows, set.dimension);
      const auto queries = atlas::dense(set.queries.data(), set.query_count, set.dimension);
      top_10 exact = make_room(set.query_count), found = make_room(set.query_count);
      search(queries, rows, set.metric, atlas::first_pass::f32, exact);
      for (const auto& one : passes) {
        if (!options_.wants(prefix + one.name)) continue;
        search(queries, rows, set.metric, one.pass, found);
        const double right = right_share(set, kth, set.query_count, 1e-12, [&](std::size_t q, std::size_t rank) { return found.found[q * k + rank].id; });
        std::ptrdiff_t same = 0;
        for (std::size_t at = 0; at < found.found.size(); at += k) {
          same += std::equal(&found.found[at], &found.found[at] + k, &exact.found[at]) ? 1 : 0;
        }
        bench::print_row("distance", {prefix + one.name, static_cast<double>(same) / static_cast<double>(set.query_count), "of queries", {}, 0, 0,
                                      {{"queries", set.query_count}, {"metric", atlas::name(set.metric)}, {"no_hit_beyond_the_true_10th", right}}}, options_.json);
      }
    }
  }

  // --- conversions and codes: rates alone ------------------------------------------------------------------------------
  void conversions() {
    constexpr std::size_t count = std::size_t{1} << 16;
    const atlas::kernel_table& table = atlas::kernels();
    const bench::pages from_pages(count * 4), to_pages(count * 4);
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
      bench::fill_random(one.from, from_pages.as<char>(), count * 4, 5);
      std::vector<side> sides{{"atlas", [&] { one.convert(from_pages.as<void>(), to_pages.as<void>(), count); }}};
      sides[0].call();
      for (std::size_t i = 0; i < count; ++i) {
        const double wanted = support::component(one.from, from_pages.as<void>(), i);
        bench::require_close(name, i, support::component(one.to, to_pages.as<void>(), i), wanted, std::abs(wanted) * one.relative_error + 0x1p-25);
      }
      bench::race(sides, rules());
      report_alone(name, {static_cast<double>(count), "components/s"}, sides[0]);
    }
    const float factor = 127;
    const float back = 1.0F / 127;
    const auto* const floats = from_pages.as<const float>();
    auto* const bytes = to_pages.as<std::int8_t>();
    bench::fill_random(scalar::f32, from_pages.as<char>(), count * 4, 5);
    std::vector<side> both{{"convert/f32_to_i8", [&] { table.f32_to_i8(floats, &factor, 1, bytes, count); }},
                           {"convert/i8_to_f32", [&] { table.i8_to_f32(bytes, &back, 1, from_pages.as<float>(), count); }}};
    both[0].call();
    for (std::size_t i = 0; i < count; ++i) {
      bench::require_close(both[0].name, i, static_cast<double>(bytes[i]), 127 * static_cast<double>(floats[i]), 0.5001);
    }
    both[1].call();
    for (std::size_t i = 0; i < count; ++i) {
      bench::require_close(both[1].name, i, static_cast<double>(floats[i]), static_cast<double>(bytes[i]) / 127, 0x1p-22);
    }
    bench::race(both, rules());
    for (const side& one : both) {
      if (options_.wants(one.name)) report_alone(one.name, {static_cast<double>(count), "components/s"}, one);
    }
  }

  void codes() {
    constexpr std::size_t parts = 96;
    constexpr std::size_t blocks = 128;  // of 32 rows: 196,608 bytes of codes
    constexpr std::size_t rows = 4096;   // of 96 bytes
    const atlas::kernel_table& table = atlas::kernels();
    const bench::pages table_pages(parts * 256 * 4), code_pages(rows * parts);
    const auto* const codes = code_pages.as<const std::uint8_t>();
    bench::fill_random(scalar::u8, code_pages.as<char>(), rows * parts, 6);
    if (options_.wants("codes/pq4")) {
      bench::fill_random(scalar::u8, table_pages.as<char>(), parts * 16, 7);
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
        bench::require_close("codes/pq4", row, out[row], wanted, 0);
      }
      bench::race(sides, rules());
      report_alone("codes/pq4", {static_cast<double>(out.size() * parts), "look-ups/s"}, sides[0], {{"parts", parts}, {"rows", out.size()}});
    }
    if (options_.wants("codes/pq8")) {
      bench::fill_random(scalar::f32, table_pages.as<char>(), parts * 256 * 4, 8);
      const auto* const tables = table_pages.as<const float>();
      std::vector<float> out(rows);
      std::vector<side> sides{{"atlas", [&] { table.pq8(tables, codes, parts, rows, parts, out.data()); }}};
      sides[0].call();
      for (std::size_t row = 0; row < rows; ++row) {
        double wanted = 0;
        for (std::size_t part = 0; part < parts; ++part) wanted += static_cast<double>(tables[part * 256 + codes[row * parts + part]]);
        bench::require_close("codes/pq8", row, static_cast<double>(out[row]), wanted, parts * parts * half_ulp);
      }
      bench::race(sides, rules());
      report_alone("codes/pq8", {static_cast<double>(rows * parts), "look-ups/s"}, sides[0], {{"parts", parts}, {"rows", rows}});
    }
  }

  const bench::bench_options& options_;
  unsigned threads_;
  std::optional<bench::pages> floats_;
  volatile std::uint64_t sink_ = 0;
};

std::string peers() {
  std::string text = std::string("read (own loop, ") + bench::read_isa() + ")";
  if (bench::has_faiss()) text += "; " + bench::faiss_description();
  if (bench::hnswlib_peer::is_available()) text += std::string("; hnswlib's kernels, ") + bench::hnswlib_kernel_peer::isa();
  if (bench::has_openblas()) text += "; " + bench::openblas_description();
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  set_peer_environment(argv);
  unsigned threads = atlas::hardware_threads();
  const auto options = bench::parse_options(argc, argv, "Distances: beside a plain read of the same bytes, faiss, hnswlib and OpenBLAS", [&](CLI::App& app) {
    app.add_option("--threads", threads, "threads of many queries against many rows, ATLAS's and the peers'")->capture_default_str()->check(CLI::PositiveNumber);
    app.footer(cases);
  });
  bench::set_openblas_threads(1);
  bench::print_header("distance", options.json, peers() + "; one thread unless a line says more");
  try {
    distance_bench(options, threads).run();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "distance_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
