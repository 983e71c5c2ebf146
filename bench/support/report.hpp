// SPDX-License-Identifier: Apache-2.0
// bench/support/report.hpp -- what a benchmark prints: the machine first, then a line a case.
#ifndef ATLAS_BENCH_SUPPORT_REPORT_HPP
#define ATLAS_BENCH_SUPPORT_REPORT_HPP

#include <atlas/simd/target.hpp>  // simd::target

#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <string>

extern "C" const char* atlas_bench_commit(void);

namespace bench {

inline std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

/// Without CPU, instruction set, compiler, flags and commit a number is a rumour. Goes to stderr with --json.
inline void print_header(const char* name, bool json, const std::string& peers) {
  std::fprintf(json ? stderr : stdout,
               "# %s_bench, commit %s\n# cpu: %s; ATLAS runs: %s\n# compiler: %s; ATLAS flags: %s; peer flags: %s\n# peers: %s\n",
               name, atlas_bench_commit(), cpu_name().c_str(), atlas::simd::target(), __VERSION__, ATLAS_BENCH_FLAGS,
               ATLAS_BENCH_PEER_FLAGS, peers.c_str());
}

/// One case. ratio > 1 always means that ATLAS is better.
struct row {
  std::string name;
  double atlas = 0;
  std::string unit;
  std::string peer = {};  ///< empty: nothing to compare with
  double peer_value = 0;
  double ratio = 0;
  nlohmann::json more = nlohmann::json::object();
  double asked = 0;  ///< the least ratio that is asked for; 0: none
};

inline void print_row(const char* bench, const row& one, bool json) {
  if (json) {
    nlohmann::json line = {{"bench", bench}, {"case", one.name}, {"atlas", one.atlas}, {"unit", one.unit}};
    if (!one.peer.empty()) {
      line["peer"] = one.peer;
      line["peer_value"] = one.peer_value;
      line["ratio"] = one.ratio;
    }
    if (one.asked != 0) {
      line["asked"] = one.asked;
      line["passed"] = one.ratio >= one.asked;
    }
    line.update(one.more);
    std::printf("%s\n", line.dump().c_str());
  } else if (one.peer.empty()) {
    std::printf("%-36s %12.4g %-12s %s\n", one.name.c_str(), one.atlas, one.unit.c_str(), one.more.dump().c_str());
  } else {
    char asked[48] = "";
    if (one.asked != 0) {
      std::snprintf(asked, sizeof asked, "asked %.2f %s  ", one.asked, one.ratio >= one.asked ? "passed" : "MISSED");
    }
    std::printf("%-36s %12.4g %-12s %s %.4g  ratio %.2f  %s%s\n", one.name.c_str(), one.atlas, one.unit.c_str(),
                one.peer.c_str(), one.peer_value, one.ratio, asked, one.more.dump().c_str());
  }
  std::fflush(stdout);
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_REPORT_HPP
