// SPDX-License-Identifier: Apache-2.0
// examples/cli/command.cpp -- see command.hpp.
#include "command.hpp"
#include "terminal.hpp"

#include <cmath>
#include <cstdlib>
#include <iostream>

namespace cli {

exit_code exit_code_of(const atlas::error& what) {
  using atlas::errc;
  switch (what.code) {
    case errc::cancelled: return exit_code::interrupted;
    case errc::dimension_mismatch:
    case errc::metric_mismatch:
    case errc::scalar_mismatch:
    case errc::kind_mismatch:
    case errc::not_finite:
    case errc::zero_vector:
    case errc::duplicate_key:
    case errc::key_not_found:
    case errc::corrupt_file:
    case errc::not_atlas_file:
    case errc::unsupported_version:
    case errc::wrong_byte_order:
    case errc::file_not_found:
    case errc::permission_denied:
    case errc::is_a_directory:
    case errc::not_a_directory:
    case errc::bad_encoding:
    case errc::read_only:  // a sealed index
    case errc::invalid_argument: return exit_code::file;  // a pipe, no vectors, the reserved key, no embedder
    default: return exit_code::failed;
  }
}

std::string described(const atlas::error& what) {
  char text[512];
  atlas::describe(what, text, sizeof text);
  return text;
}

failure::failure(const atlas::error& what, const std::string& about)
    : failure(exit_code_of(what), what, about) {}

failure::failure(exit_code code, const atlas::error& what, const std::string& about)
    : code_(code), kind_(name(what.code)), message_(about.empty() ? described(what) : about + ": " + described(what)) {}

CLI::Validator a_path() {
  return CLI::Validator([](const std::string& path) { return std::string(path.empty() ? "expected a path, found an empty one" : ""); }, "");
}

namespace {

/// CLI::Range lets NaN through.
CLI::Validator a_number() {
  return CLI::Validator([](const std::string& text) { return std::string(std::isnan(std::strtod(text.c_str(), nullptr)) ? "expected a number, found NaN" : ""); }, "");
}

}  // namespace

void add_walk_options(CLI::App& command, walk_arguments& arguments) {
  command.add_option("--starts", arguments.starts, "hnsw: vectors that a walk begins from; more help in data of separate clusters; 0: one")
      ->capture_default_str()->check(CLI::Range(0, 1024))->type_name("N");
  command.add_option("--patience", arguments.patience, "hnsw: so many steps in a row that bring no answer end a walk; 0: it ends when no candidate is left. ivf_pq: so many lists")
      ->capture_default_str()->check(CLI::Range(0, 1'000'000'000))->type_name("N");
  command.add_option("--time-limit", arguments.time_limit, "hnsw: seconds a query may take; the answer is what was found by then; default: no limit")
      ->check(CLI::Range(1e-9, 1e9))->check(a_number())->type_name("SECONDS");
}

void finish_command(CLI::App& command, command_line& line, const std::string& examples) {
  command.add_flag("--json", line.as_json, "Print one JSON object");
  command.footer("Examples:\n" + examples);
}

void print_json(const json& value) {
  std::cout << value.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}

json as_json(const failure& what) {
  return {{"kind", what.kind()}, {"message", what.what()}, {"exit_code", static_cast<int>(what.code())}};
}

void print_failure(const failure& what) { std::cerr << "atlas: " << printable(what.what()) << '\n'; }

}  // namespace cli
