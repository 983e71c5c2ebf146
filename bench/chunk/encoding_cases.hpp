// SPDX-License-Identifier: Apache-2.0
// bench/chunk/encoding_cases.hpp -- of how many files of the wild is the encoding told? Beside uchardet.
#ifndef ATLAS_BENCH_CHUNK_ENCODING_CASES_HPP
#define ATLAS_BENCH_CHUNK_ENCODING_CASES_HPP

#include <atlas/text/encoding.hpp>

#include "chunk/case_frame.hpp"
#include "peers/uchardet_peer.hpp"
#include "support/labelled_files.hpp"

#include <string>

namespace bench {

/// chardet's own files. One is right whose encoding is told as it is labelled, or a superset of that, or one in which the same bytes are the
/// same text; labels that ATLAS does not know count as wrong for ATLAS.
class encoding_cases : case_frame {
 public:
  explicit encoding_cases(const bench_options& options) : case_frame(options) {}

  void run() {
    const std::string name = "detection/chardet-tests";
    if (!options_.wants(name)) return;
    const auto packed = options_.data / "suites/chardet-tests.tar.zst";
    if (!std::filesystem::exists(packed)) return say_skipped(name, "no " + packed.string());
    score ours;
    score of_peer;
    for (const support::labelled_file& file : support::labelled_files(read_whole_file(unpack(packed, options_.cache)))) {
      const atlas::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(file.bytes.data()), file.bytes.size());
      ours.add(support::judged(file, atlas::detect_encoding(bytes).encoding));
      if (uchardet_peer::is_available()) of_peer.add(support::judged(file, uchardet_peer::encoding(file.bytes)));
    }
    row out{.name = name, .atlas = ours.percent(), .unit = "%", .peer = "asked", .peer_value = asked_percent, .ratio = ours.percent() / asked_percent,
            .more = {{"files", ours.files}, {"as_labelled", ours.as_labelled}, {"same_text", ours.same_text}}, .asked = 1};
    print(out);
    if (!uchardet_peer::is_available()) return;
    out.peer = "uchardet";
    out.peer_value = of_peer.percent();
    out.ratio = out.atlas / out.peer_value;
    out.more["peer_as_labelled"] = of_peer.as_labelled;
    out.more["peer_same_text"] = of_peer.same_text;
    print(out);
  }

 private:
  struct score {
    std::size_t files = 0;
    std::size_t as_labelled = 0;
    std::size_t same_text = 0;

    void add(support::telling one) {
      ++files;
      as_labelled += one == support::telling::as_labelled ? 1 : 0;
      same_text += one == support::telling::same_text ? 1 : 0;
    }
    [[nodiscard]] double percent() const { return 100.0 * static_cast<double>(as_labelled + same_text) / static_cast<double>(files); }
  };
  static constexpr double asked_percent = 92;
};

}  // namespace bench

#endif  // ATLAS_BENCH_CHUNK_ENCODING_CASES_HPP
