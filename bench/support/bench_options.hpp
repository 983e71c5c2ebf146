// SPDX-License-Identifier: Apache-2.0
// bench/support/bench_options.hpp -- the options that every benchmark takes.
#ifndef ATLAS_BENCH_SUPPORT_BENCH_OPTIONS_HPP
#define ATLAS_BENCH_SUPPORT_BENCH_OPTIONS_HPP

#include <CLI/CLI.hpp>

#include <filesystem>
#include <functional>
#include <string>

namespace bench {

struct bench_options {
  std::filesystem::path data = "../shared/data";  ///< the folder of test material
  bool quick = false;                             ///< under a minute once indexes are cached
  bool json = false;                              ///< one object a line instead of a table
  std::string filter;                             ///< only cases whose name contains this
  std::filesystem::path cache;                    ///< built indexes, beside the executable

  [[nodiscard]] bool wants(const std::string& name) const { return name.find(filter) != std::string::npos; }
};

/// Parses the command line; on --help or a wrong option prints and ends the process. `extend` may add to the program's own.
inline bench_options parse_options(int argc, char** argv, const std::string& question,
                                   const std::function<void(CLI::App&)>& extend = [](CLI::App&) {}) {
  bench_options options;
  CLI::App app{question};
  extend(app);
  app.add_option("--data", options.data, "folder of test material")->capture_default_str()->check(CLI::ExistingDirectory);
  app.add_option("--filter", options.filter, "only cases whose name contains this");
  app.add_flag("--quick", options.quick, "fewer rounds");
  app.add_flag("--json", options.json, "one JSON object a line");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& said) {
    std::exit(app.exit(said));
  }
  options.cache = std::filesystem::canonical("/proc/self/exe").parent_path() / "cache";
  std::filesystem::create_directories(options.cache);
  return options;
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_BENCH_OPTIONS_HPP
