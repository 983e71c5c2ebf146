// SPDX-License-Identifier: Apache-2.0
// examples/cli/info.cpp -- atlas info, atlas verify: what a file holds, and whether it is whole.
#include "build_ivf.hpp"
#include "command.hpp"
#include "sections.hpp"
#include "terminal.hpp"

#include <atlas/any_index.hpp>
#include <atlas/folder.hpp>

#include <cstdio>
#include <functional>
#include <iomanip>
#include <iostream>
#include <memory>
#include <string>

namespace cli {

namespace {

std::string section_name(std::uint32_t id) {
  switch (static_cast<atlas::index_section>(id)) {
    case atlas::index_section::vectors: return "vectors";
    case atlas::index_section::keys: return "keys";
    case atlas::index_section::row_states: return "row states";
    case atlas::index_section::key_map: return "key map";
    case atlas::index_section::base_links: return "base links";
    case atlas::index_section::levels: return "levels";
    case atlas::index_section::upper_blocks: return "upper blocks";
    case atlas::index_section::upper_links: return "upper links";
    case atlas::index_section::codes: return "codes";
    case atlas::index_section::code_centre: return "code centre";
    case atlas::index_section::neighbours: return "neighbours";
    case atlas::index_section::lists: return "lists";
    case atlas::index_section::list_blocks: return "list blocks";
    case atlas::index_section::centroids: return "centroids";
    case atlas::index_section::centroid_codes: return "centroid codes";
    case atlas::index_section::centroid_terms: return "centroid terms";
    case atlas::index_section::list_centre: return "list centre";
    case atlas::index_section::quantizer: return "quantizer";
    case atlas::index_section::list_graph: return "list graph";
    case atlas::index_section::list_rotation: return "list rotation";
    case atlas::index_section::list_spreads: return "list spreads";
  }
  switch (static_cast<atlas::folder_section>(id)) {
    case atlas::folder_section::info: return "folder";
    case atlas::folder_section::files: return "files";
    case atlas::folder_section::file_states: return "file states";
    case atlas::folder_section::paths: return "paths";
    case atlas::folder_section::chunks: return "chunks";
    case atlas::folder_section::texts: return "texts";
    case atlas::folder_section::headings: return "headings";
    case atlas::folder_section::heading_titles: return "heading titles";
    case atlas::folder_section::chunk_headings: return "chunk headings";
    case atlas::folder_section::hashing_state: return "hashing embedder";
  }
  return "unknown";
}

std::string hexadecimal(std::uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

json describe(const std::string& path, const atlas::file_reader& file, const atlas::any_index& index) {
  const atlas::file_header& header = file.header();
  json out = {{"index", path},
              {"kind", index.kind_name()},
              {"scalar", name(index.element())},
              {"metric", name(index.metric())},
              {"dimension", index.dimension()},
              {"count", index.size()},
              {"rows", header.rows},
              {"file_bytes", header.file_bytes},
              {"format_version", std::to_string(header.version_major) + "." + std::to_string(header.version_minor)}};
  if (const auto* graph = index.as_hnsw()) {
    out["parameters"] = {{"connectivity", graph->connectivity()},
                         {"build_width", graph->build_width()},
                         {"search_width", graph->search_width()},
                         {"alpha", graph->alpha()},
                         {"max_level", graph->max_level()},
                         {"codes", name(graph->codes())},
                         {"codes_from", graph->codes_from()},
                         {"sealed", graph->is_sealed()}};
  }
  if (const auto* lists = index.as_ivf_pq()) {
    const auto stored = atlas::load_unaligned<atlas::ivf_parameters>(header.parameters);
    out["parameters"] = {{"lists", lists->lists()},
                         {"trained", lists->is_trained()},
                         {"codes", name(lists->codes())},
                         {"code_bytes", lists->code_bytes()},
                         {"parts", lists->parts()},
                         {"rotation", name(lists->rotation())},
                         {"probes", lists->probes()},
                         {"rerank", lists->rerank()},
                         {"rerank_codes", name(lists->rerank_codes())},
                         {"promised", promise_json(lists->promised())},
                         {"lists_wanted", stored.lists_wanted},
                         {"train_from", stored.train_from},
                         {"iterations", stored.iterations},
                         {"seed", stored.seed}};
  }
  const atlas::memory_use memory = index.memory();
  out["memory"] = {{"vectors", memory.vectors}, {"keys", memory.keys}, {"graph", memory.graph}, {"total", memory.total()}};
  if (holds_folder(file)) {
    const auto folder = take(atlas::folder_index::open(path.c_str()), path);
    const atlas::chunker_options cut = folder.chunking();
    out["folder"] = {{"files", folder.file_count()},
                     {"chunks", folder.chunk_count()},
                     {"removed_files", folder.documents().file_count() - folder.file_count()},
                     {"text_bytes", folder.documents().text_bytes()},
                     {"embedder", folder.embedder() == atlas::embedder_kind::hashing ? "hashing" : "caller's"},
                     {"chunk_size", cut.size},
                     {"chunk_overlap", cut.overlap},
                     {"chunk_fill_percent", cut.fill()},
                     {"chunk_packing", name_of(cut.packing)},
                     {"headings", folder.documents().headings().size()}};
  }
  for (const atlas::section_entry& entry : file.sections()) {
    out["sections"].push_back({{"id", hexadecimal(entry.id)},
                               {"name", section_name(entry.id)},
                               {"offset", entry.offset},
                               {"bytes", entry.length_bytes},
                               {"element_bytes", entry.element_bytes},
                               {"required", (entry.flags & atlas::section_required) != 0}});
  }
  return out;
}

void print_lists(const json& of, const std::function<void(const std::string&, const std::string&)>& row) {
  const auto number = [](const json& value) { return value.get<std::uint64_t>(); };
  const std::string codes = of["codes"];
  std::string about = codes == "flat" ? "none: vectors are compared" : codes;
  if (number(of["parts"]) != 0) about += " of " + counted(number(of["parts"]), "part");
  if (of["rotation"] != "none") about += ", rotation " + of["rotation"].get<std::string>();
  if (of["trained"]) {
    row("lists", count_text(number(of["lists"])));
    if (number(of["code_bytes"]) != 0) about += ", " + counted(number(of["code_bytes"]), "byte") + " a vector";
  } else {
    row("lists", "none yet: searches compare all");
  }
  row("codes", about);
  const std::string by_codes = of["rerank_codes"] != "none" ? " by " + of["rerank_codes"].get<std::string>() : "";
  row("searches", counted(number(of["probes"]), "probe") + ", rerank " + count_text(number(of["rerank"])) + by_codes);
  if (const json& promised = of["promised"]; !promised.is_null()) {
    row("promised", promise_text({promised["recall"].get<double>(), promised["k"].get<std::size_t>()}));
  }
}

void print(const json& out) {
  const auto text = [&](const json& value) { return printable(value.get<std::string>()); };
  const auto number = [](const json& value) { return value.get<std::uint64_t>(); };
  const auto row = [](const std::string& what, const std::string& value) {
    std::cout << std::left << std::setw(14) << what << value << '\n';
  };
  row("file", text(out["index"]) + ", " + bytes_text(number(out["file_bytes"])) + ", format " + text(out["format_version"]));
  row("kind", text(out["kind"]));
  row("vectors", count_text(number(out["count"])) + " of dimension " + count_text(number(out["dimension"])) + ", " +
                     text(out["scalar"]) + ", " + text(out["metric"]));
  if (number(out["rows"]) != number(out["count"])) {
    row("removed", count_text(number(out["rows"]) - number(out["count"])) + " rows are still in the file");
  }
  const bool has_lists = out["kind"] == "ivf_pq";
  if (has_lists) {
    print_lists(out["parameters"], row);
  } else if (out.contains("parameters")) {
    const json& of = out["parameters"];
    row("graph", "connectivity " + count_text(number(of["connectivity"])) + ", build width " +
                     count_text(number(of["build_width"])) + ", search width " + count_text(number(of["search_width"])) +
                     ", alpha " + of["alpha"].dump() + ", " + counted(number(of["max_level"]) + 1, "level"));
    if (of["codes"] == "none") {
      row("codes", "none: walks read the vectors");
    } else {
      row("codes", text(of["codes"]) + ", from " + counted(number(of["codes_from"]), "vector") + " on");
    }
    if (of["sealed"]) row("sealed", "it cannot change");
  }
  const json& memory = out["memory"];
  row("memory", bytes_text(number(memory["total"])) + " (vectors " + bytes_text(number(memory["vectors"])) + ", keys " +
                    bytes_text(number(memory["keys"])) + (has_lists ? ", lists " : ", graph ") + bytes_text(number(memory["graph"])) + "), mapped");
  if (out.contains("folder")) {
    const json& folder = out["folder"];
    row("folder", counted(number(folder["files"]), "file") + ", " + counted(number(folder["chunks"]), "chunk") + ", " +
                      bytes_text(number(folder["text_bytes"])) + " of text");
    row("chunks", "at most " + count_text(number(folder["chunk_size"])) + " characters, overlap " +
                      count_text(number(folder["chunk_overlap"])) + ", " + text(folder["chunk_packing"]));
    row("embedder", text(folder["embedder"]));
  }
  std::cout << "sections\n";
  for (const json& section : out["sections"]) {
    std::cout << "  " << std::left << std::setw(7) << text(section["id"]) << std::setw(18) << text(section["name"])
              << std::right << std::setw(10) << bytes_text(number(section["bytes"])) << '\n';
  }
}

void run_info(const std::string& path, const command_line& line) {
  const auto file = take(atlas::file_reader::open(path.c_str()), path);
  const auto index = take(atlas::any_index::open(path.c_str()), path);
  const json out = describe(path, file, index);
  if (line.as_json) return print_json(out);
  print(out);
}

void run_verify(const std::string& path, const command_line& line) {
  const auto file = take(atlas::file_reader::open(path.c_str()), path);
  {
    progress_line progress("verifying", "bytes");
    const atlas::status said = file.verify(progress);
    if (!said.ok() && said.error().row < file.sections().size()) {
      const atlas::section_entry& entry = file.sections()[static_cast<std::size_t>(said.error().row)];
      throw failure(said.error(), path + ": section " + hexadecimal(entry.id) + " (" + section_name(entry.id) + ")");
    }
    take(said, path);
  }
  const auto index = take(atlas::any_index::open(path.c_str()), path);
  if (holds_folder(file)) static_cast<void>(take(atlas::folder_index::open(path.c_str()), path));
  if (line.as_json) {
    return print_json({{"index", path}, {"ok", true}, {"sections", file.sections().size()}, {"bytes", file.header().file_bytes}});
  }
  std::cout << printable(path) << ": whole, " << counted(file.sections().size(), "section") << ", "
            << bytes_text(file.header().file_bytes) << '\n';
}

}  // namespace

void add_info_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("info", "Say what an index file holds");
  const auto path = std::make_shared<std::string>();
  command->add_option("file", *path, "An index")->required()->check(a_path())->type_name("FILE");
  finish_command(*command, line,
                 "  atlas info docs.atlas\n"
                 "  atlas info docs.atlas --json | jq .sections");
  command->callback([path, &line] { line.action = [path, &line] { run_info(*path, line); }; });
}

void add_verify_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("verify", "Compare every section of an index file with its checksum");
  const auto path = std::make_shared<std::string>();
  command->add_option("file", *path, "An index")->required()->check(a_path())->type_name("FILE");
  finish_command(*command, line, "  atlas verify docs.atlas && cp docs.atlas /backup");
  command->callback([path, &line] { line.action = [path, &line] { run_verify(*path, line); }; });
}

}  // namespace cli
