// SPDX-License-Identifier: Apache-2.0
// bench/chunk/rule_cases.hpp -- how fast are Markdown, HTML and code cut, at strings, and where the content says so?
#ifndef ATLAS_BENCH_CHUNK_RULE_CASES_HPP
#define ATLAS_BENCH_CHUNK_RULE_CASES_HPP

#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/code_rule.hpp>
#include <atlas/chunk/content_defined_chunker.hpp>
#include <atlas/chunk/delimiter_rule.hpp>
#include <atlas/chunk/html_rule.hpp>
#include <atlas/chunk/markdown_rule.hpp>

#include "chunk/case_frame.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

namespace bench {

class rule_cases : case_frame {
 public:
  /// @param english  one document: 10 MB of Markdown, as far as books are
  rule_cases(const bench_options& options, const documents& english) : case_frame(options), english_(english) {}

  void run() {
    const auto same = [&] { return english_; };
    chunks<atlas::markdown_rule>("markdown/1000", {}, same, 1.0);
    chunks<atlas::markdown_rule>("markdown/1000/docs", {}, [&] { return archived_documents("markdown-docs", ".md"); }, 0);
    chunks<atlas::html_rule>("html/1000", {}, [&] { return archived_documents("html-docs", ".html"); }, 0);
    chunks<atlas::code_rule>("code/1000", {}, own_sources, 0);
    const atlas::text_view delimiters[] = {"\n\n", "\n", ". "};
    chunks<atlas::delimiter_rule>("delimiter/1000", atlas::delimiter_rule::create(delimiters).value(), same, 0);
    content_defined();
  }

 private:
  template <class Rule, class Load>
  void chunks(const std::string& name, Rule rule, const Load& load, double asked) {
    if (!options_.wants(name)) return;
    const documents from = load();
    auto chunker = atlas::chunker<Rule, atlas::character_sizer>::create({.size = 1000}, std::move(rule)).value();
    report(name, chunker, from, 1000, asked);
  }

  void content_defined() {
    const std::string name = "content-defined/8192";
    if (!options_.wants(name)) return;
    auto chunker = atlas::content_defined_chunker::create().value();
    report(name, chunker, english_, chunker.options().most_bytes, 1.5);
  }

  template <class Chunker>
  void report(const std::string& name, Chunker& chunker, const documents& from, std::uint64_t most_units, double asked) {
    std::size_t count = 0;
    const side one = timed_chunks(name, chunker, from, most_units, count);
    report_against(name, gigabytes(bytes_of(from)), one, asked, {{"bytes", bytes_of(from)}, {"documents", from.size()}, {"chunks", count}});
  }

  /// ATLAS's own C++ and Python, as they are where this was built.
  static documents own_sources() {
    documents out;
    std::vector<std::filesystem::path> paths;
    const auto root = std::filesystem::path(ATLAS_BENCH_SOURCE_FOLDER).parent_path();
    for (const char* const folder : {"bench", "c_api", "examples", "include", "tests"}) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
        const std::string kind = entry.path().extension();
        if (kind == ".hpp" || kind == ".cpp" || kind == ".h" || kind == ".py") paths.push_back(entry.path());
      }
    }
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) out.push_back(read_whole_file(path));
    return out;
  }

  const documents& english_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_CHUNK_RULE_CASES_HPP
