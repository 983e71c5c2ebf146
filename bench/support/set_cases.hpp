// SPDX-License-Identifier: Apache-2.0
// bench/support/set_cases.hpp -- what the cases of a bench over data sets share, whatever is measured.
#ifndef ATLAS_BENCH_SUPPORT_SET_CASES_HPP
#define ATLAS_BENCH_SUPPORT_SET_CASES_HPP

#include "support/bench_options.hpp"
#include "support/race.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>

namespace bench {

/// The cases of one kind over one data set, which is a `Set`'s data().
template <class Set>
class set_cases {
 public:
  /// @param bench  as it stands in each row that is printed
  set_cases(const char* bench, const bench_options& options, Set& set) : options_(options), set_(set), bench_(bench) {}

 protected:
  /// Whether a case runs. --quick alone leaves out what takes long; a case that --filter names runs all the same.
  [[nodiscard]] bool wants(const std::string& name, bool when_quick) const {
    return options_.wants(name) && (when_quick || !options_.quick || !options_.filter.empty());
  }
  [[nodiscard]] int rounds() const { return options_.quick ? 9 : 15; }
  /// Queries of a timed pass. Recall is that of all queries.
  [[nodiscard]] std::size_t timed_queries() {
    const std::size_t all = set_.data().query_count;
    return options_.quick ? std::min<std::size_t>(all, 300) : all;
  }
  void print(const row& one) const { print_row(bench_, one, options_.json); }
  static void say_unreached(const std::string& name, const std::string& who) {
    std::fprintf(stderr, "%s: %s does not reach this recall\n", name.c_str(), who.c_str());
  }

  const bench_options& options_;
  Set& set_;

 private:
  const char* bench_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_SET_CASES_HPP
