// SPDX-License-Identifier: Apache-2.0
// tests/folder/saved_index.hpp -- folders to index, and damage to the files that come of it.
#ifndef ATLAS_TESTS_FOLDER_SAVED_INDEX_HPP
#define ATLAS_TESTS_FOLDER_SAVED_INDEX_HPP

#include <atlas/folder.hpp>

#include "support/scratch_folder.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace folders {

/// Options that make small indexes quick.
inline atlas::folder_options quick(unsigned threads = 1) {
  atlas::folder_options options;
  options.chunks.size = 120;
  options.hashing.dimension = 64;
  options.hashing.frequency_buckets = 1024;
  options.build_width = 40;
  options.threads = threads;
  return options;
}

/// Four documents on four subjects.
inline void write_documents(const support::scratch_folder& folder, const std::string& below = "docs") {
  folder.write(below + "/animals/cats.txt",
               "Cats sleep most of the day.\n\nA cat purrs when it is content, and hisses at strangers.\n");
  folder.write(below + "/animals/horses.md", "# Horses\n\nA horse gallops across the meadow and eats oats.\n");
  folder.write(below + "/baking.md", "# Bread\n\nKnead the dough, let it rise, then bake the loaf in a hot oven.\n");
  folder.write(below + "/sailing.txt", "Hoist the mainsail and steer the boat into the wind before tacking.\n");
}

/// A Markdown document of headings below each other: with quick() a chunk for each of the five.
inline std::string manual() {
  return "# Baking\n\nA manual for those who bake bread at home, for the first time or the hundredth.\n\n"
         "## Dough\n\nKnead the dough for ten minutes, until it is smooth and does not stick to the hands.\n\n"
         "### Rest\n\nLet the dough rest for two hours in a warm place, under a damp cloth, until it has doubled.\n\n"
         "## Oven\n\nHeat the oven with a stone in it, for an hour, to as many degrees as it can be set to.\n\n"
         "# Sailing\n\nHoist the mainsail and steer the boat into the wind, before it is too late for tacking.\n";
}

struct answer {
  std::string path;
  std::string text;
};
inline std::vector<answer> ask(const atlas::folder_index& index, const std::string& question, std::size_t k = 3) {
  std::vector<atlas::folder_hit> hits(k);
  const std::size_t found = index.search(question, hits).value();
  std::vector<answer> answers;
  for (std::size_t i = 0; i < found; ++i) {
    answers.push_back({{hits[i].path.data(), hits[i].path.size()}, {hits[i].text.data(), hits[i].text.size()}});
  }
  return answers;
}
inline std::string first_path(const atlas::folder_index& index, const std::string& question) {
  const auto answers = ask(index, question, 1);
  return answers.empty() ? "" : answers[0].path;
}

/// An index file in memory, to be changed and written back with a header that is accepted.
class damaged_index {
 public:
  explicit damaged_index(const std::string& path) : bytes_(support::read_whole(path)) {}

  [[nodiscard]] atlas::file_header& header() { return *reinterpret_cast<atlas::file_header*>(bytes_.data()); }
  [[nodiscard]] atlas::section_entry& entry(atlas::folder_section id) {
    for (atlas::section_entry& one : header().sections) {
      if (one.id == static_cast<std::uint32_t>(id)) return one;
    }
    std::abort();
  }
  /// The n-th element of a section.
  template <class T>
  [[nodiscard]] T& element(atlas::folder_section id, std::size_t n = 0) {
    return reinterpret_cast<T*>(bytes_.data() + entry(id).offset)[n];
  }
  [[nodiscard]] std::string& bytes() { return bytes_; }

  std::string write(const support::scratch_folder& folder, const std::string& name = "damaged.atlas") {
    header().checksum = atlas::header_checksum(header());
    return folder.write(name, bytes_);
  }

 private:
  std::string bytes_;
};

}  // namespace folders

#endif  // ATLAS_TESTS_FOLDER_SAVED_INDEX_HPP
