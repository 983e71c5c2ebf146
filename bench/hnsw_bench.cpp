// SPDX-License-Identifier: Apache-2.0
// bench/hnsw_bench.cpp -- what does the graph give and what does it cost? Queries a second at a given recall, building,
// files, memory, filters, replacements, latency; against hnswlib and faiss with the same connectivity and build width,
// interleaved in one process.
//   hnsw_bench [--data DIR] [--quick] [--filter NAME] [--json]
// Answers count only as far as they are right: their exact distance, in double, is no more than the true k-th.
#include "hnsw/build_cases.hpp"
#include "hnsw/churn_cases.hpp"
#include "hnsw/file_cases.hpp"
#include "hnsw/filter_cases.hpp"
#include "hnsw/growth_cases.hpp"
#include "hnsw/latency_cases.hpp"
#include "hnsw/recall_cases.hpp"
#include "peers/faiss_peer.hpp"
#include "peers/openblas_peer.hpp"
#include "support/report.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr char cases[] = R"(Cases, and what is asked of them (ratio > 1: ATLAS is better):
  DATA-SET/recall@10=R/dynamic  queries/s at equal recall against hnswlib: mnist-784 0.95, 0.99* (3.0, 3.0 x),
                                sift-kodak-128 0.95, 0.99* (2.3, 2.2), words-ft100 0.95, 0.97* (1.5, 1.5),
                                lsa-books-384 0.90, 0.95* (1.6, 1.9)
  DATA-SET/recall@10=R/sealed   the same of the sealed form: 3.9, 4.0 x; 2.6, 3.0; 2.2, 1.8; 1.7, 2.1
  DATA-SET/recall@10=R/faiss*   the same against faiss::IndexHNSWFlat, in the same rounds
  build/DATA-SET                rows/s of one thread against hnswlib, at the same recall at the same width (printed): 1.43 x
  build/DATA-SET/threads=2      two threads against one, wall time: 1.8 x
  size/DATA-SET/dynamic         bytes of the file over those of the raw f32 vectors: mnist-784 <= 1.35
  size/DATA-SET/sealed          the same of the sealed form: <= 2.5; sealed-u8, with vectors kept as u8: <= 1.75
  resident/DATA-SET/dynamic     memory of a process that opened the file, its vectors left on disk, and answered 1,000
                                queries: <= 0.45 x hnswlib's
  resident/DATA-SET/sealed      the same: <= 1.5 x the raw f32 vectors (of_raw)
  open/DATA-SET                 <= 3 ms
  filter=SHARE/DATA-SET/dynamic  0.1%*, 1%, 10%, 50%* of the keys allowed: queries/s at recall 0.95 against hnswlib
                                filtered afterwards (3 x), and against an exact scan of the allowed rows (1 x); .../sealed
  churn/DATA-SET                half of the vectors replaced three times: recall at width 64 within 0.01 of that of a
                                graph built afresh (recall_lost), file <= 1.1 x as large (file_of_fresh)
  latency/DATA-SET              single queries at recall 0.95: p99/median <= 3
  latency/DATA-SET/adding       queries/s of one thread while another adds, over alone, wall time on two cores: >= 0.6
  growth/sift-kodak-128         cost(80,000 rows)/cost(10,000 rows) at recall 0.95 over (log 80,000/log 10,000)^2: <= 1;
                                hnswlib's beside it
--quick without --filter leaves out what is marked *, takes sift-kodak-128 alone for build, filter, churn and latency,
and 10,000 rows of it for build and churn.
)";

std::string peers() {
  std::string text;
  if (bench::hnswlib_peer::is_available()) {
    text += std::string("hnswlib (Debian), ") + bench::hnswlib_kernel_peer::isa() + "; ";
  }
  if (bench::faiss_hnsw_peer::is_available()) text += bench::faiss_description() + "; ";
  if (text.empty()) text = "none found; ";
  return text + "f32, connectivity 16, build width 200; CPU seconds of one thread unless a line says more";
}

/// The cases in the order of what they need: files are measured before anything maps them for long.
void run(bench::hnsw_set& set, const bench::bench_options& options) {
  bench::build_cases(options, set).run();
  bench::file_cases(options, set).run();
  bench::recall_cases(options, set).run();
  bench::filter_cases(options, set).run();
  bench::churn_cases(options, set).run();
  bench::latency_cases(options, set).run();
  bench::growth_cases(options, set).run();
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> resident;
  const auto options = bench::parse_options(
      argc, argv, "HNSW: queries a second at equal recall, and what a graph costs, against hnswlib and faiss",
      [&](CLI::App& app) {
        app.add_option(bench::resident_option, resident)->expected(3)->group("");  // for itself alone
        app.footer(cases);
      });
  bench::set_openblas_threads(1);
  try {
    if (!resident.empty()) {
      bench::be_resident_child(options, resident);
      return 0;
    }
    bench::print_header("hnsw", options.json, peers());
    for (const bench::target_set& targets : bench::target_sets) {
      bench::hnsw_set set(targets, options);
      run(set, options);
    }
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "hnsw_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
