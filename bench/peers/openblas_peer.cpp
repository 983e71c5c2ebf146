// SPDX-License-Identifier: Apache-2.0
// bench/peers/openblas_peer.cpp -- includes nothing of ATLAS.
#include "peers/openblas_peer.hpp"

#if ATLAS_BENCH_HAVE_OPENBLAS
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include <cblas-openblas.h>
#pragma GCC diagnostic pop

namespace bench {

bool has_openblas() { return true; }
std::string openblas_description() {
  const std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
  const auto end = config.find(' ', config.find(' ') + 1);
  return config.substr(0, end) + " with its " + openblas_get_corename() + " kernels";
}
void set_openblas_threads(unsigned threads) { openblas_set_num_threads(static_cast<int>(threads)); }
void openblas_dot(const float* query, const float* rows, std::size_t dimension, std::size_t count, float* out) {
  const auto columns = static_cast<blasint>(dimension);
  cblas_sgemv(CblasRowMajor, CblasNoTrans, static_cast<blasint>(count), columns, 1.0F, rows, columns, query, 1, 0.0F,
              out, 1);
}
void openblas_dots(const float* queries, std::size_t query_count, const float* rows, std::size_t dimension,
                   std::size_t count, float* out) {
  const auto columns = static_cast<blasint>(dimension);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<blasint>(query_count), static_cast<blasint>(count),
              columns, 1.0F, queries, columns, rows, columns, 0.0F, out, static_cast<blasint>(count));
}

}  // namespace bench

#else

namespace bench {
bool has_openblas() { return false; }
std::string openblas_description() { return {}; }
void set_openblas_threads(unsigned) {}
void openblas_dot(const float*, const float*, std::size_t, std::size_t, float*) {}
void openblas_dots(const float*, std::size_t, const float*, std::size_t, std::size_t, float*) {}
}  // namespace bench

#endif
