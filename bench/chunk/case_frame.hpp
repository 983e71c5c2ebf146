// SPDX-License-Identifier: Apache-2.0
// bench/chunk/case_frame.hpp -- what the cases of chunk_bench share.
#ifndef ATLAS_BENCH_CHUNK_CASE_FRAME_HPP
#define ATLAS_BENCH_CHUNK_CASE_FRAME_HPP

#include <atlas/chunk/chunk_view.hpp>
#include <atlas/chunk/chunker_options.hpp>

#include "support/bench_options.hpp"
#include "support/data_set.hpp"
#include "support/question_set.hpp"
#include "support/race.hpp"
#include "support/tar_archive.hpp"

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Texts that are cut one after the other.
using documents = std::vector<std::string>;

inline std::size_t bytes_of(const documents& all) {
  std::size_t sum = 0;
  for (const std::string& one : all) sum += one.size();
  return sum;
}

class case_frame {
 public:
  explicit case_frame(const bench_options& options) : options_(options) {}

 protected:
  static constexpr char bench_name[] = "chunk";
  [[nodiscard]] race_rules rules() const { return {.rounds = options_.quick ? 5 : 15}; }
  static scale gigabytes(std::size_t bytes) { return {static_cast<double>(bytes) / 1e9, "GB/s"}; }
  static scale megabytes(std::size_t bytes) { return {static_cast<double>(bytes) / 1e6, "MB/s"}; }

  void print(const row& one) const { print_row(bench_name, one, options_.json); }
  void say_skipped(const std::string& name, const std::string& why) const {
    if (options_.wants(name)) std::fprintf(stderr, "%s: skipped: %s\n", name.c_str(), why.c_str());
  }

  /// What one side reaches, against what is asked of it: a rate at least, a time at most. 0: nothing is asked.
  void report_against(const std::string& name, const scale& how, const side& one, double asked, nlohmann::json more) const {
    row out{.name = name, .atlas = how.value(median(one.seconds)), .unit = how.unit};
    more["rounds"] = one.seconds.size();
    more["worst_to_median"] = rounded(quantile(one.seconds, 1) / median(one.seconds));
    if (asked != 0) {
      out.peer = how.is_time ? "allowed" : "asked";
      out.peer_value = asked;
      out.ratio = how.is_time ? asked / out.atlas : out.atlas / asked;
      out.asked = 1;
    }
    out.more = more;
    print(out);
  }

  /// How many chunks there are of the documents. Throws where fresh parts laid end to end are not the document, or a chunk is larger than
  /// `most_units`.
  template <class Chunker>
  static std::size_t checked_chunks(const std::string& name, Chunker& chunker, const documents& from, std::uint64_t most_units) {
    std::size_t count = 0;
    for (const std::string& one : from) {
      chunker.read(one);
      std::uint64_t end = 0;
      for (atlas::chunk_view chunk; chunker.next(chunk).value(); ++count) {
        if (chunk.units > most_units) throw std::runtime_error(name + ": a chunk is larger than the size");
        if (chunk.byte_fresh != end || chunk.byte_begin > end) throw std::runtime_error(name + ": chunks do not follow each other");
        end = chunk.byte_end;
      }
      if (end != one.size()) throw std::runtime_error(name + ": the chunks do not reach the end of the text");
    }
    return count;
  }

  /// All chunks of the documents, checked and then timed.
  template <class Chunker>
  side timed_chunks(const std::string& name, Chunker& chunker, const documents& from, std::uint64_t most_units, std::size_t& count) const {
    count = checked_chunks(name, chunker, from, most_units);
    std::size_t found = 0;
    std::vector<side> sides;
    sides.push_back({"atlas", [&] {
                       found = 0;
                       for (const std::string& one : from) {
                         chunker.read(one);
                         for (atlas::chunk_view chunk; chunker.next(chunk).value(); ++found) {
                         }
                       }
                     }});
    race(sides, rules());
    if (found != count) throw std::runtime_error(name + ": the same text gives other chunks the next time");
    return {"atlas", {}, sides[0].seconds};
  }

  /// The files of DATA/text/NAME.tar.zst whose names end so.
  [[nodiscard]] documents archived_documents(const std::string& name, std::string_view ending) const {
    documents out;
    const std::string archive = read_whole_file(unpack(options_.data / "text" / (name + ".tar.zst"), options_.cache));
    for (const support::archived_file& one : support::files_of_archive(archive)) {
      if (one.path.ends_with(ending)) out.push_back(one.bytes);
    }
    if (out.empty()) throw std::runtime_error("no file *" + std::string(ending) + " in " + name + ".tar.zst");
    return out;
  }

  const bench_options& options_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_CHUNK_CASE_FRAME_HPP
