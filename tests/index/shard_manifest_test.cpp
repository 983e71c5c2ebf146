// SPDX-License-Identifier: Apache-2.0
// tests/index/shard_manifest_test.cpp -- mirrors include/atlas/index/shard_manifest.hpp.
#include <atlas/index/shard_manifest.hpp>

#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using atlas::errc;
using support::failed_as;

TEST_SUITE("shard_manifest") {
namespace {

using atlas::shard_manifest;
using texts = std::vector<std::string>;

texts paths_of(const shard_manifest& manifest) {
  texts paths;
  for (std::size_t i = 0; i < manifest.size(); ++i) paths.emplace_back(manifest.path(i));
  return paths;
}
/// Parses bytes that end where the memory does.
atlas::result<shard_manifest> parse(std::string_view text) {
  const std::vector<char> exact(text.begin(), text.end());
  return shard_manifest::parse({exact.data(), exact.size()});
}
atlas::status write(const std::string& path, const std::vector<const char*>& shards) {
  return shard_manifest::write(path.c_str(), shards);
}

}  // namespace

  TEST_CASE("shard manifest: paths, comments and empty lines") {
    const std::string text =
        "atlas shards 1\n"
        "# a comment, \x01 and all\n"
        "\n"
        "first.atlas\n"
        "/elsewhere/second one.atlas\n"
        "#\n"
        "../third/\xC3\xA9t\xC3\xA9.atlas\n"
        "./#fourth\n"
        "./end\n"
        "end\n";
    const texts want = {"first.atlas", "/elsewhere/second one.atlas", "../third/\xC3\xA9t\xC3\xA9.atlas", "./#fourth", "./end"};
    CHECK(paths_of(parse(text).value()) == want);
  }

  TEST_CASE("shard manifest: what is no manifest is refused with its line, what was expected and what was found") {
    struct bad_text {
      std::string text;
      errc code;
      std::uint64_t line;
    };
    const std::string start = "atlas shards 1\n";
    const std::string long_path(atlas::most_shard_path_bytes, 'x');
    const bad_text all[] = {
        {"", errc::not_atlas_file, 1},
        {"atlas shard 1\na\nend\n", errc::not_atlas_file, 1},
        {"ATLAS shards 1\na\nend\n", errc::not_atlas_file, 1},
        {"\natlas shards 1\na\nend\n", errc::not_atlas_file, 1},
        {"\xEF\xBB\xBF" "atlas shards 1\na\nend\n", errc::not_atlas_file, 1},
        {"atlas shards ", errc::not_atlas_file, 1},
        {"atlas shards 2\na\nend\n", errc::unsupported_version, 1},
        {"atlas shards 10\na\nend\n", errc::unsupported_version, 1},
        {"atlas shards 1 \na\nend\n", errc::unsupported_version, 1},
        {"atlas shards one\na\nend\n", errc::unsupported_version, 1},
        {"atlas shards 1\r\na\r\nend\r\n", errc::corrupt_file, 1},
        {start, errc::corrupt_file, atlas::error::no_row},
        {start + "end\n", errc::corrupt_file, atlas::error::no_row},
        {start + "# nothing\n\nend\n", errc::corrupt_file, atlas::error::no_row},
        {start + "a\nb\n", errc::corrupt_file, atlas::error::no_row},
        {start + "a\nend", errc::corrupt_file, atlas::error::no_row},
        {start + "a\nend \n", errc::corrupt_file, 3},
        {start + "a\nend\n\n", errc::corrupt_file, 4},
        {start + "a\nend\n# more\n", errc::corrupt_file, 4},
        {start + "a\nend\nb\n", errc::corrupt_file, 4},
        {start + "a\r\nend\n", errc::corrupt_file, 2},
        {start + "a\n\nb\tc\nend\n", errc::corrupt_file, 4},
        {start + "a\n b\nend\n", errc::corrupt_file, 3},
        {start + "a\nb \nend\n", errc::corrupt_file, 3},
        {start + " \nend\n", errc::corrupt_file, 2},
        {start + "a\n" + std::string("b\0c", 3) + "\nend\n", errc::corrupt_file, 3},
        {start + "a\nb\x7F\nend\n", errc::corrupt_file, 3},
        {start + "a\nb\n#\na\nend\n", errc::corrupt_file, 5},
        {start + "a\n" + long_path + "x\nend\n", errc::limit_exceeded, 3},
    };
    for (const bad_text& bad : all) {
      CAPTURE(bad.text.substr(0, 60));
      const auto parsed = parse(bad.text);
      CHECK(failed_as(parsed, bad.code));
      CHECK(support::says_both(parsed));
      if (!parsed.ok()) CHECK(parsed.error().row == bad.line);
    }
    CHECK(paths_of(parse(start + long_path + "\nend\n").value()) == texts{long_path});
    CHECK(support::error_line(parse(start + "a\nb\n#\na\nend\n")) ==
          "corrupt file: manifest.line: expected another path than that of line 2, found the same (row 5)");
  }

  TEST_CASE("shard manifest: as many shards as are promised, and none more; and no more bytes") {
    std::string text = "atlas shards 1\n";
    for (std::size_t i = 0; i < atlas::most_shards; ++i) text += "shard-" + std::to_string(i) + "\n";
    CHECK(parse(text + "end\n").value().size() == atlas::most_shards);
    const auto many = parse(text + "one more\nend\n");
    CHECK(failed_as(many, errc::limit_exceeded));
    CHECK(support::says_both(many));
    CHECK(failed_as(parse("atlas shards 1\na\n#" + std::string(atlas::most_manifest_bytes, ' ') + "\nend\n"), errc::limit_exceeded));
  }

  TEST_CASE("shard manifest: cut anywhere it is refused, also within a path that begins as its last line does") {
    const std::string text = "atlas shards 1\n# of two\nfirst.atlas\nend.atlas\nend\n";
    CHECK(paths_of(parse(text).value()) == texts{"first.atlas", "end.atlas"});
    for (std::size_t size = 0; size < text.size(); ++size) {
      CAPTURE(size);
      const auto cut = parse(text.substr(0, size));
      CHECK_FALSE(cut.ok());
      CHECK(support::says_both(cut));
    }
  }

  TEST_CASE("shard manifest: any byte changed gives an error, or a list that is written and read as the same") {
    const std::string text = "atlas shards 1\n# of two\nfirst.atlas\n\nsecond.atlas\nend\n";
    std::size_t read = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = text;
        changed[at] = static_cast<char>(byte);
        const auto parsed = parse(changed);
        if (!parsed.ok()) {
          if (!support::says_both(parsed)) FAIL_CHECK("no words for byte ", byte, " at ", at);
          continue;
        }
        ++read;
        const texts paths = paths_of(*parsed);
        std::vector<const char*> lines;
        for (const std::string& path : paths) lines.push_back(path.c_str());
        atlas::buffer<char> again;
        REQUIRE(shard_manifest::write_to(again, lines).ok());
        if (paths_of(parse({again.data(), again.size()}).value()) != paths) FAIL_CHECK("byte ", byte, " at ", at);
      }
    }
    CHECK(read > 256);
  }

  TEST_CASE("shard manifest: write and read give the paths back, and an existing file is replaced whole or not at all") {
    const support::scratch_folder folder;
    const std::string path = folder.path("all.shards");
    REQUIRE(write(path, {"a.atlas", "/b/c d.atlas", "./#e", "./end"}).ok());
    CHECK(support::read_whole(path) == "atlas shards 1\na.atlas\n/b/c d.atlas\n./#e\n./end\nend\n");
    CHECK(paths_of(shard_manifest::read(path.c_str()).value()) == texts{"a.atlas", "/b/c d.atlas", "./#e", "./end"});
    CHECK(shard_manifest::is_manifest(path.c_str()));

    const std::string long_path(atlas::most_shard_path_bytes + 1, 'x');
    struct bad_list {
      std::vector<const char*> shards;
      errc code;
      std::uint64_t place;
    };
    const bad_list all[] = {
        {{}, errc::invalid_argument, atlas::error::no_row},
        {{"a", nullptr}, errc::invalid_argument, 1},
        {{"a", ""}, errc::invalid_argument, 1},
        {{"a", "b\nc"}, errc::invalid_argument, 1},
        {{"a", "b\r"}, errc::invalid_argument, 1},
        {{" a"}, errc::invalid_argument, 0},
        {{"a "}, errc::invalid_argument, 0},
        {{"a", "#b"}, errc::invalid_argument, 1},
        {{"a", "end"}, errc::invalid_argument, 1},
        {{"a", "b", "a"}, errc::invalid_argument, 2},
        {{"a", long_path.c_str()}, errc::limit_exceeded, 1},
        {std::vector<const char*>(atlas::most_shards + 1, "a"), errc::limit_exceeded, atlas::error::no_row},
    };
    for (const bad_list& bad : all) {
      CAPTURE(bad.shards.size());
      const auto written = write(path, bad.shards);
      CHECK(failed_as(written, bad.code));
      CHECK(support::says_both(written));
      if (!written.ok()) CHECK(written.error().row == bad.place);
    }
    CHECK(shard_manifest::read(path.c_str()).value().size() == 4);
    CHECK(folder.names() == texts{"all.shards"});
    CHECK(failed_as(write(folder.path("none/all.shards"), {"a"}), errc::file_not_found));
  }

  TEST_CASE("shard manifest: other files are no manifests") {
    const support::scratch_folder folder;
    CHECK(failed_as(shard_manifest::read(folder.path("none").c_str()), errc::file_not_found));
    CHECK(failed_as(shard_manifest::read(folder.path().c_str()), errc::is_a_directory));
    CHECK(failed_as(shard_manifest::read(nullptr), errc::invalid_argument));
    CHECK_FALSE(shard_manifest::is_manifest(folder.path("none").c_str()));
    CHECK_FALSE(shard_manifest::is_manifest(folder.path().c_str()));
    CHECK_FALSE(shard_manifest::is_manifest(nullptr));
    CHECK_FALSE(shard_manifest::is_manifest(folder.write("short", "atlas shards").c_str()));
    CHECK(shard_manifest::is_manifest(folder.write("newer", "atlas shards 7 and more").c_str()));
  }

  TEST_CASE("shard manifest: a relative path leads on from the manifest's folder, an absolute one from the root") {
    const auto resolved = [](const char* manifest, const char* path) {
      atlas::buffer<char> out;
      REQUIRE(shard_manifest::append_resolved(manifest, path, out).ok());
      REQUIRE(out[out.size() - 1] == '\0');
      return std::string(out.data());
    };
    CHECK(resolved("all.shards", "a.atlas") == "a.atlas");
    CHECK(resolved("data/all.shards", "a.atlas") == "data/a.atlas");
    CHECK(resolved("/data/all.shards", "../b/a.atlas") == "/data/../b/a.atlas");
    CHECK(resolved("/all.shards", "a.atlas") == "/a.atlas");
    CHECK(resolved("data/all.shards", "/b/a.atlas") == "/b/a.atlas");
  }
}
