// SPDX-License-Identifier: Apache-2.0
// bench/distance_bench.cpp -- how near do the distances come to the limit of the machine, and how far ahead of others are
// they? One query against many rows beside a plain read of the same bytes, faiss, hnswlib's kernels and OpenBLAS; many
// queries against many rows beside faiss.
//   distance_bench [--data DIR] [--quick] [--filter NAME] [--json] [--threads N]
// Every answer is compared with double (or exact integers) before it is timed; all sides of a case run in turn.
#include "distance/many_to_many_cases.hpp"
#include "distance/one_to_many_cases.hpp"
#include "distance/scalar_cases.hpp"
#include "support/peer_environment.hpp"
#include "support/report.hpp"

#include <atlas/core/thread.hpp>  // hardware_threads

#include <cstdio>

namespace {

constexpr char cases[] = R"(Cases, and what is asked of them (ratio > 1: ATLAS is better):
  seed/cosine/384xf32, 768xbf16, 768xf16   one query, 1,000 rows: below 50 us
  seed/cosine/768xf32                      3 MB of rows: at least 1/1.15 = 0.87 of a plain read
  dram/METRIC/DIMENSION                    l2sq, ip; 1 GiB of rows (--quick: 256 MiB, and without --filter
                                           128 and 768 alone): 0.90 of a plain read,
                                           1.0 x the best of faiss, hnswlib, OpenBLAS
  l2/METRIC/DIMENSION                      768 KiB of rows: 0.80 of a plain read, 1.0 x the best of them
  dram/hamming/1024, l2/hamming/1024       0.80 of a plain read
  gather/METRIC/DIMENSION                  rows by random ids out of the same 1 GiB, against hnswlib's kernel
  rate/OPERATION/QUERY_ROW/768             256 rows in L2 against the f32 rate: i8_i8 dot 2.5 x with VNNI
  matrix/METRIC/DIMENSION/QUERIES          4,096 rows, one thread, against one query after another, and
                                           faiss::pairwise_L2sqr (by products) or OpenBLAS; nothing is asked
  nearest/mnist-784/QUERIES                top 10 of 60,000 rows, all threads, against faiss::IndexFlatL2: 16: 8 x;
                                           64 and 1000: 1.0 x; 1000/bf16 and 1000/i8 (first pass): 3 x
  same-top-10/DATA-SET/FIRST-PASS          share of queries whose top 10 is the exact one: 0.999
  convert/FROM_to_TO, codes/pq4, codes/pq8 rates alone
)";

std::string peers() {
  std::string text = std::string("read (own loop, ") + bench::read_isa() + ")";
  if (bench::has_faiss()) text += "; " + bench::faiss_description();
  if (bench::hnswlib_peer::is_available())
    text += std::string("; hnswlib's kernels, ") + bench::hnswlib_kernel_peer::isa();
  if (bench::has_openblas()) text += "; " + bench::openblas_description();
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  bench::set_peer_environment("distance_bench", argv);
  unsigned threads = atlas::hardware_threads();
  const auto options = bench::parse_options(
      argc, argv, "Distances: beside a plain read of the same bytes, faiss, hnswlib and OpenBLAS", [&](CLI::App& app) {
        app.add_option("--threads", threads, "threads of many queries against many rows, ATLAS's and the peers'")
            ->capture_default_str()
            ->check(CLI::PositiveNumber);
        app.footer(cases);
      });
  bench::set_openblas_threads(1);
  bench::print_header("distance", options.json, peers() + "; one thread unless a line says more");
  try {
    bench::one_to_many_cases(options, threads).run();
    bench::scalar_cases(options, threads).run();
    bench::many_to_many_cases(options, threads).run();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "distance_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
