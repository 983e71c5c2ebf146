// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/code_cases.hpp -- which of the ten nearest codes alone find, of all rows' codes, with nothing measured.
#ifndef ATLAS_BENCH_IVF_PQ_CODE_CASES_HPP
#define ATLAS_BENCH_IVF_PQ_CODE_CASES_HPP

#include <atlas/distance.hpp>                      // nearest
#include <atlas/distance/code_distance.hpp>        // pq_distances
#include <atlas/quantize/corrected_quantizer.hpp>  // corrected_quantizer
#include <atlas/quantize/learned_rotation.hpp>     // learned_rotation
#include <atlas/quantize/product_quantizer.hpp>    // product_quantizer
#include <atlas/quantize/scalar_quantizer.hpp>     // scalar_quantizer

#include "ivf_pq/case_frame.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace bench {

class code_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    const std::size_t dimension = set_.dimension();
    for (const std::size_t bytes : code_sizes) {
      const bool is_quick = set_.is_small() && bytes == code_sizes[0];
      if (const auto name = case_name(bytes, "corrected"); wants(name, is_quick)) {
        print(beside_faiss(name, bytes, corrected_recall(bytes), asked_of_codes));
      }
      if (const auto name = case_name(bytes, "pq8"); wants(name, is_quick)) {
        print(beside_faiss(name, bytes, product_recall(bytes), 0));
      }
      if (8 * bytes < dimension) continue;  // a bit a component takes more
      if (const auto name = case_name(bytes, "rabitq"); wants(name, is_quick)) beside_own(name, bytes);
    }
    const std::size_t least = (dimension + 7) / 8;
    if (const auto name = case_name(least, "rabitq"); wants(name, set_.is_small())) beside_own(name, least);
    for (const unsigned bits : {4U, 8U}) {
      const std::size_t bytes = (dimension * bits + 7) / 8;
      const auto name = case_name(bytes, bits == 4 ? "sq4" : "sq8");
      if (wants(name, set_.is_small())) scalar_codes(name, bytes, bits);
    }
  }

 private:
  [[nodiscard]] std::string case_name(std::size_t bytes, const char* codes) const {
    return "codes/" + set_.name() + "/" + std::to_string(bytes) + "B/" + codes;
  }
  [[nodiscard]] row recall_row(const std::string& name, std::size_t bytes, double recall) const {
    row one{.name = name, .atlas = recall, .unit = "recall@10"};
    one.more = {{"code_bytes", bytes}};
    return one;
  }

  row beside_faiss(const std::string& name, std::size_t bytes, double recall, double asked) {
    row one = recall_row(name, bytes, recall);
    if (faiss_opq_peer::is_available()) {
      one.peer = "faiss OPQ+PQ";
      one.peer_value = faiss_recall(bytes);
      one.ratio = one.atlas / one.peer_value;
      one.asked = asked;
    }
    return one;
  }
  /// Of vectors of unit length by squared distances or by inner products, whichever finds more.
  double faiss_recall(std::size_t bytes) {
    const auto peer = set_.faiss_codes(bytes);
    const float* const queries = set_.graphs().peer_queries().data();
    const std::size_t count = set_.data().query_count;
    std::vector<std::int64_t> found(count * top_k);
    const auto recall = [&] { return recall_of(set_.graphs().known(), std::vector<std::uint64_t>(found.begin(), found.end())); };
    peer->search(queries, count, top_k, found.data());
    const double by_distances = recall();
    if (set_.data().metric != atlas::metric::cosine) return by_distances;
    peer->search_products(queries, count, top_k, found.data());
    return std::max(by_distances, recall());
  }
  /// RaBitQ beside product codes of as many bytes. Its two numbers a row, by which estimates become unbiased, stand beside
  /// the code and are not counted, but said.
  void beside_own(const std::string& name, std::size_t bytes) {
    row one = recall_row(name, bytes, sign_recall(bytes));
    one.more["bytes_of_terms"] = 2 * sizeof(float);
    if (bytes <= set_.dimension()) {
      one.peer = "atlas pq8";
      one.peer_value = product_recall(bytes);
      one.ratio = one.atlas / one.peer_value;
    }
    print(one);
  }
  void scalar_codes(const std::string& name, std::size_t bytes, unsigned bits) {
    const std::size_t dimension = set_.dimension();
    const auto rows = atlas::dense(set_.graphs().peer_rows().data(), set_.data().rows, dimension);
    const auto quantizer = atlas::scalar_quantizer::train(rows, {.bits = bits}).value();
    std::vector<std::uint8_t> codes(quantizer.code_bytes());
    std::vector<float> decoded(rows.rows * dimension);
    for (std::size_t i = 0; i < rows.rows; ++i) {
      quantizer.encode(rows.row(i), codes.data());
      quantizer.decode(codes.data(), decoded.data() + i * dimension);
    }
    const auto stand_ins = atlas::dense(decoded.data(), rows.rows, dimension);
    const auto queries = atlas::dense(set_.graphs().peer_queries().data(), set_.data().query_count, dimension);
    std::vector<atlas::neighbour> nearest(queries.rows * top_k);
    (void)atlas::nearest(queries, stand_ins, atlas::metric::l2sq, {.k = top_k}, nearest.data()).value();
    std::vector<std::uint64_t> keys;
    for (const atlas::neighbour& one : nearest) keys.push_back(one.id);
    print(recall_row(name, bytes, recall_of(set_.graphs().known(), keys)));
  }

  /// A learned rotation, then parts of 8 bits: the sums of a query's tables over all rows' codes. L2, which over vectors of
  /// unit length has the order of cosine.
  double product_recall(std::size_t bytes) {
    const auto known = product_recalls_.find(bytes);
    if (known != product_recalls_.end()) return known->second;
    const auto rows = all_rows();
    const auto rotation = atlas::learned_rotation::train(rows, {.parts = bytes}).value();
    std::vector<float> turned(rows.rows * rotation.padded());
    rotation.apply(rows, turned.data()).value();
    const auto turned_rows = atlas::dense(turned.data(), rows.rows, rotation.padded());
    const auto quantizer = atlas::product_quantizer::train(turned_rows, {.parts = bytes}).value();
    std::vector<std::uint8_t> codes(rows.rows * bytes);
    quantizer.encode(turned_rows, codes.data()).value();
    std::vector<float> turned_query(rotation.padded());
    return product_recalls_[bytes] = recall_of_sums(codes, bytes, [&](const float* query, float* tables) {
             rotation.apply(query, turned_query.data());
             quantizer.distance_tables(turned_query.data(), tables);
           });
  }
  /// The same by one part less, and a byte that corrects distances.
  double corrected_recall(std::size_t bytes) {
    const auto rows = all_rows();
    const auto quantizer = atlas::corrected_quantizer::train(rows, {.code_bytes = bytes}).value();
    std::vector<std::uint8_t> codes(rows.rows * bytes);
    quantizer.encode(rows, codes.data()).value();
    return recall_of_sums(codes, bytes, [&](const float* query, float* tables) { quantizer.distance_tables(query, tables).value(); });
  }
  atlas::matrix_view all_rows() { return atlas::dense(set_.graphs().peer_rows().data(), set_.data().rows, set_.dimension()); }

  /// @param tables_of  void(const float* query, float* tables)
  template <class Tables>
  double recall_of_sums(const std::vector<std::uint8_t>& codes, std::size_t bytes, Tables tables_of) {
    const std::size_t count = set_.data().rows;
    std::vector<float> tables(bytes * 256);
    std::vector<float> distances(count);
    std::vector<std::uint32_t> order(count);
    std::vector<std::uint64_t> keys;
    for (std::size_t q = 0; q < set_.data().query_count; ++q) {
      tables_of(set_.graphs().peer_queries().data() + q * set_.dimension(), tables.data());
      atlas::pq_distances({tables.data(), tables.size()}, atlas::dense(codes.data(), count, bytes), distances.data()).value();
      std::iota(order.begin(), order.end(), std::uint32_t{0});
      std::nth_element(order.begin(), order.begin() + top_k, order.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return distances[a] < distances[b]; });
      keys.insert(keys.end(), order.begin(), order.begin() + top_k);
    }
    return recall_of(set_.graphs().known(), keys);
  }

  /// Signs after a random rotation, by an index of one list. Vectors get zeros up to as many components as codes have bits,
  /// which the rotation spreads over all of them.
  double sign_recall(std::size_t bytes) {
    const data_set& set = set_.data();
    data_set padded;
    padded.name = set.name;
    padded.metric = set.metric;
    padded.dimension = 8 * bytes;
    padded.rows = set.rows;
    padded.query_count = set.query_count;
    padded.base = with_zeros(set.base, set.dimension, padded.dimension);
    padded.queries = with_zeros(set.queries, set.dimension, padded.dimension);
    const auto index = built_lists(padded, {.dimension = padded.dimension,
                                            .metric = padded.metric,
                                            .lists = 1,
                                            .codes = atlas::ivf_codes::rabitq,
                                            .train_from = padded.rows,
                                            .reserve_rows = padded.rows});
    std::vector<std::uint64_t> keys(padded.query_count * top_k);
    std::vector<float> distances(keys.size());
    index.search(atlas::dense(padded.queries.data(), padded.query_count, padded.dimension),
                 {.k = top_k, .probes = 1, .estimates_only = true}, {keys.data(), distances.data()})
        .value();
    return recall_of(set_.graphs().known(), keys);
  }
  static std::vector<float> with_zeros(const std::vector<float>& rows, std::size_t from, std::size_t to) {
    std::vector<float> out(rows.size() / from * to);
    for (std::size_t i = 0; i < rows.size() / from; ++i) std::copy_n(rows.data() + i * from, from, out.data() + i * to);
    return out;
  }

  std::map<std::size_t, double> product_recalls_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_CODE_CASES_HPP
