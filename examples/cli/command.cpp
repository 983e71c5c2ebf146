// SPDX-License-Identifier: Apache-2.0
// examples/cli/command.cpp -- see command.hpp.
#include "command.hpp"

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
    case errc::invalid_argument: return exit_code::file;  // a pipe, no vectors, the reserved key, no embedder
    default: return exit_code::failed;
  }
}

namespace {

std::string describe(const atlas::error& what) {
  char text[512];
  atlas::describe(what, text, sizeof text);
  return text;
}

}  // namespace

failure::failure(const atlas::error& what, const std::string& about)
    : failure(exit_code_of(what), what, about) {}

failure::failure(exit_code code, const atlas::error& what, const std::string& about)
    : code_(code), kind_(name(what.code)), message_(about.empty() ? describe(what) : about + ": " + describe(what)) {}

CLI::Validator a_path() {
  return CLI::Validator([](const std::string& path) { return std::string(path.empty() ? "expected a path, found an empty one" : ""); }, "");
}

void finish_command(CLI::App& command, command_line& line, const std::string& examples) {
  command.add_flag("--json", line.as_json, "Print one JSON object");
  command.footer("Examples:\n" + examples);
}

void print_json(const json& value) {
  std::cout << value.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}

}  // namespace cli
