// SPDX-License-Identifier: Apache-2.0
// examples/03_search_folder.cpp -- index a folder, ask it a question.
//
//   ./03_search_folder FOLDER "QUESTION"
#include <atlas/folder.hpp>

#include <cstddef>
#include <cstdio>

int main(int argument_count, char** arguments) {
  if (argument_count != 3) {
    std::fprintf(stderr, "usage: %s FOLDER \"QUESTION\"\n", arguments[0]);
    return 2;
  }
  const char* question = arguments[2];

  // Every text file below the folder is cut into chunks, and each chunk becomes a vector.
  const auto report = atlas::folder_index::build(arguments[1], "search_folder.atlas");
  if (!report.ok()) {
    char text[512];
    atlas::describe(report.error(), text, sizeof text);
    std::fprintf(stderr, "%s: %s\n", arguments[1], text);
    return 1;
  }
  std::printf("%llu files, %llu chunks\n\n", static_cast<unsigned long long>(report->files),
              static_cast<unsigned long long>(report->chunks));

  // The file is mapped, not loaded; the hits point into it. value() ends the program on an error.
  const auto index = atlas::folder_index::open("search_folder.atlas").value();
  atlas::folder_hit hits[3];
  const std::size_t found = index.search(question, hits).value();
  for (std::size_t i = 0; i < found; ++i) {
    const atlas::text_view window = atlas::snippet(hits[i].text, question, 240);
    std::printf("%.3f  %.*s, lines %llu to %llu", static_cast<double>(hits[i].score), static_cast<int>(hits[i].path.size()),
                hits[i].path.data(), static_cast<unsigned long long>(hits[i].line_begin),
                static_cast<unsigned long long>(hits[i].line_end));
    // Of Markdown and HTML: the titles above the passage, the outermost first.
    for (const atlas::text_view title : hits[i].headings) std::printf(" > %.*s", static_cast<int>(title.size()), title.data());
    std::printf("\n%.*s\n\n", static_cast<int>(window.size()), window.data());
  }
  return 0;
}
