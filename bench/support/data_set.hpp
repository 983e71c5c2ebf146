// SPDX-License-Identifier: Apache-2.0
// bench/support/data_set.hpp -- base vectors, queries and ground truth of one named set, as float.
#ifndef ATLAS_BENCH_SUPPORT_DATA_SET_HPP
#define ATLAS_BENCH_SUPPORT_DATA_SET_HPP

#include <atlas/distance/metric.hpp>       // metric
#include <atlas/storage/vector_file.hpp>   // vector_file

#include <zstd.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

struct data_set {
  std::string name;
  atlas::metric metric = atlas::metric::l2sq;
  std::size_t dimension = 0;
  std::size_t rows = 0;
  std::size_t query_count = 0;
  std::size_t truth_k = 0;
  std::vector<float> base;          ///< [rows, dimension]
  std::vector<float> queries;       ///< [query_count, dimension]
  std::vector<std::int32_t> truth;  ///< [query_count, truth_k], nearest first

  [[nodiscard]] const float* row(std::size_t i) const { return base.data() + i * dimension; }
  [[nodiscard]] const float* query(std::size_t i) const { return queries.data() + i * dimension; }
  /// The exact distance, in double: squared L2, or 1 - cosine.
  [[nodiscard]] double exact(std::size_t query_row, std::size_t base_row) const {
    const float* a = query(query_row);
    const float* b = row(base_row);
    double squares = 0, products = 0, norm_a = 0, norm_b = 0;
    for (std::size_t i = 0; i < dimension; ++i) {
      const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
      squares += (x - y) * (x - y);
      products += x * y;
      norm_a += x * x;
      norm_b += y * y;
    }
    return metric == atlas::metric::l2sq ? squares : 1.0 - products / std::sqrt(norm_a * norm_b);
  }
  /// The exact distance of each query's k-th nearest row.
  [[nodiscard]] std::vector<double> kth_distances(std::size_t k) const {
    std::vector<double> out(query_count);
    for (std::size_t q = 0; q < query_count; ++q) out[q] = exact(q, static_cast<std::size_t>(truth[q * truth_k + k - 1]));
    return out;
  }
};

/// NAME.zst unpacked once into the cache folder; its path there.
inline std::filesystem::path unpack(const std::filesystem::path& packed, const std::filesystem::path& cache) {
  const auto target = cache / packed.stem();
  if (std::filesystem::exists(target)) return target;
  std::ifstream in(packed, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + packed.string());
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  std::string out;
  if (size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR) {
    out.resize(size);
    if (ZSTD_isError(ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size())) != 0U) {
      throw std::runtime_error("not a zstd file: " + packed.string());
    }
  } else {  // a stream that does not say its size
    ZSTD_DStream* stream = ZSTD_createDStream();
    ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
    std::vector<char> block(ZSTD_DStreamOutSize());
    while (from.pos < from.size) {
      ZSTD_outBuffer to{block.data(), block.size(), 0};
      const auto left = ZSTD_decompressStream(stream, &to, &from);
      if (ZSTD_isError(left) != 0U) throw std::runtime_error("not a zstd file: " + packed.string());
      out.append(block.data(), to.pos);
    }
    ZSTD_freeDStream(stream);
  }
  const auto partial = std::filesystem::path(target).concat(".partial");
  std::ofstream(partial, std::ios::binary).write(out.data(), static_cast<std::streamsize>(out.size()));
  std::filesystem::rename(partial, target);
  return target;
}

inline std::vector<float> read_floats(const std::filesystem::path& path, std::size_t& rows, std::size_t& dimension) {
  const auto file = atlas::vector_file::open(path.c_str(), atlas::vector_format_of(path.c_str()).value());
  rows = file.value().rows();
  dimension = file.value().dimension();
  std::vector<float> out(rows * dimension);
  file.value().read_floats(0, rows, out.data()).value();
  return out;
}

/// Where the parts of one named set lie, packed.
struct data_set_files {
  std::filesystem::path base, queries, truth;
};

/// DATA/vectors/NAME.*. Throws std::runtime_error where something is missing.
inline data_set_files find_data_set(const std::string& name, const std::filesystem::path& data) {
  data_set_files files;
  for (const auto& entry : std::filesystem::directory_iterator(data / "vectors")) {
    const std::string file = entry.path().filename();
    if (file.rfind(name + ".base.", 0) == 0) files.base = entry.path();
    if (file.rfind(name + ".query.", 0) == 0) files.queries = entry.path();
    if (file.rfind(name + ".gt100.", 0) == 0) files.truth = entry.path();
  }
  if (files.base.empty() || files.queries.empty() || files.truth.empty()) {
    throw std::runtime_error("no data set " + name + " in " + (data / "vectors").string());
  }
  return files;
}

/// The queries of a set alone: no rows, no truth.
inline data_set load_queries(const std::string& name, const std::filesystem::path& data, const std::filesystem::path& cache) {
  const data_set_files files = find_data_set(name, data);
  data_set set;
  set.name = name;
  set.metric = files.truth.string().find(".cos.") != std::string::npos ? atlas::metric::cosine : atlas::metric::l2sq;
  set.queries = read_floats(unpack(files.queries, cache), set.query_count, set.dimension);
  return set;
}

/// Loads DATA/vectors/NAME.*. Throws std::runtime_error where something is missing.
inline data_set load_data_set(const std::string& name, const std::filesystem::path& data, const std::filesystem::path& cache) {
  const data_set_files files = find_data_set(name, data);
  data_set set = load_queries(name, data, cache);
  std::size_t base_dimension = 0;
  set.base = read_floats(unpack(files.base, cache), set.rows, base_dimension);
  std::ifstream file(unpack(files.truth, cache), std::ios::binary);
  std::uint32_t shape[2] = {};
  file.read(reinterpret_cast<char*>(shape), sizeof shape);
  set.truth_k = shape[1];
  set.truth.resize(std::size_t{shape[0]} * shape[1]);
  file.read(reinterpret_cast<char*>(set.truth.data()), static_cast<std::streamsize>(set.truth.size() * sizeof(std::int32_t)));
  if (!file || shape[0] != set.query_count || base_dimension != set.dimension) {
    throw std::runtime_error("the parts of data set " + name + " do not fit together");
  }
  return set;
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_DATA_SET_HPP
