// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq_bench.cpp -- what do inverted lists of codes give and cost? Queries a second at a given recall, what codes
// alone find, building, and how near a scan comes to the look-ups it is made of; beside faiss and hnswlib, interleaved in one
// process.
//   ivf_pq_bench [--data DIR] [--quick] [--filter NAME] [--json]
// Answers count only as far as they are right: their exact distance, in double, is no more than the true k-th.
#include "ivf_pq/build_cases.hpp"
#include "ivf_pq/code_cases.hpp"
#include "ivf_pq/large_cases.hpp"
#include "ivf_pq/scan_cases.hpp"
#include "ivf_pq/search_cases.hpp"
#include "peers/faiss_peer.hpp"
#include "peers/openblas_peer.hpp"
#include "support/peer_environment.hpp"
#include "support/report.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr char cases[] = R"(Cases, and what is asked of them (ratio > 1: ATLAS is better):
  search/DATA-SET/PARTSx4/recall@10=R/single  queries/s at recall 0.90*, 0.95, 0.99* against faiss's fast scan, one query
                                a call, each at the cheapest probes and reranking that reach it: mnist-784,
                                sift-kodak-128, words-ft100, lsa-books-384: 1.5 x
  search/.../batch              the same with 1,000 queries a call: 1.5 x
  hnswlib/mnist-784/recall@10=0.99*  single queries against hnswlib: 2.4 x
  codes/DATA-SET/BYTESB/corrected  recall@10 of codes alone, 32 and 64* bytes, against faiss's OPQ and PQ: 1.0 x
  codes/DATA-SET/BYTESB/pq8     the same of product codes without a correction; printed
  codes/DATA-SET/BYTESB/rabitq, sq4, sq8  printed, rabitq beside ATLAS's product codes of as many bytes
  build/DATA-SET                rows/s trained and added: mnist-784*, sift-kodak-128: 1/0.7 = 1.43 x faiss's
  build/DATA-SET/kmeans         seconds of k-means, same rows and iterations: 1.43 x; .../error: mean squared: 1.0 x
  large/10M-96                  only with --filter large: building of 10,000,000 x 96 in less than 600 MB, opening in less than
                                10 ms, planted neighbours found; takes minutes and 9 GB of disk
  scan/PARTSx4                  codes/s of estimates in L2, over the table look-ups alone: 0.80
--quick without --filter leaves out what is marked *, and takes sift-kodak-128 alone.
)";

std::string peers() {
  std::string text;
  if (bench::has_faiss()) text += bench::faiss_description() + "; ";
  if (bench::has_openblas()) text += bench::openblas_description() + "; ";
  if (bench::hnswlib_peer::is_available()) {
    text += std::string("hnswlib (Debian), ") + bench::hnswlib_kernel_peer::isa() + "; ";
  }
  if (!bench::has_faiss()) text += "faiss is missing; ";
  if (!bench::hnswlib_peer::is_available()) text += "hnswlib is missing; ";
  return text + std::string("look-ups (own loop, ") + bench::lookup_isa() + "); f32, " +
         std::to_string(bench::list_count) + " lists; CPU seconds of one thread";
}

}  // namespace

int main(int argc, char** argv) {
  bench::set_peer_environment("ivf_pq_bench", argv);
  std::vector<std::string> large;
  const auto options = bench::parse_options(
      argc, argv, "IVF-PQ: queries a second at equal recall, codes, building and scanning, against faiss and hnswlib",
      [&](CLI::App& app) {
        app.footer(cases);
        app.add_option(bench::large_cases::child_option, large)->expected(2)->group("");  // for itself alone
      });
  if (!large.empty()) return bench::large_cases::build(std::stoull(large.at(0)), large.at(1));
  bench::set_openblas_threads(1);
  bench::print_header("ivf_pq", options.json, peers());
  try {
    bench::scan_cases(options).run();
    bench::large_cases(options).run();
    for (const bench::ivf_target& target : bench::ivf_targets) {
      bench::ivf_set set(target, options);
      bench::build_cases(options, set).run();
      bench::search_cases(options, set).run();
      bench::code_cases(options, set).run();
    }
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "ivf_pq_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
