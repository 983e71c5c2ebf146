// SPDX-License-Identifier: Apache-2.0
// examples/cli/index.cpp -- atlas index: a folder into one file, or what changed of it into a file that is there. atlas
// compact: that file built anew, or an index of vectors without what was removed.
#include "command.hpp"
#include "sections.hpp"
#include "terminal.hpp"

#include <atlas/any_index.hpp>
#include <atlas/folder.hpp>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cli {

namespace {

struct index_arguments {
  std::string folder;
  std::string output;
  std::size_t chunk_size = atlas::chunker_options().size;
  std::size_t overlap = atlas::chunker_options().overlap;
  std::size_t dimension = atlas::hashing_options().dimension;
  std::uint64_t max_file_size = atlas::folder_options().max_file_bytes;
  std::uint32_t connectivity = atlas::folder_options().connectivity;
  std::uint32_t build_width = atlas::folder_options().build_width;
  unsigned threads = 0;
  std::string packing = name_of(atlas::chunk_packing::full);
  bool hidden = false;
  bool verbose = false;
  bool update = false;
};

struct compact_arguments {
  std::string file;
  std::string output;
  unsigned threads = 0;
};

/// Shows the phases of a build one after the other.
class build_progress {
 public:
  bool operator()(const atlas::folder_progress& now) {
    if (now.phase != phase_) {
      phase_ = now.phase;
      switch (phase_) {
        case atlas::folder_phase::walking: line_.restart("walking ", "files"); break;
        case atlas::folder_phase::reading: line_.restart("reading ", "bytes"); break;
        case atlas::folder_phase::indexing: line_.restart("indexing", "chunks"); break;
        case atlas::folder_phase::saving: line_.restart("saving  ", "bytes"); break;
      }
    }
    return line_(now.done, now.total);
  }

 private:
  atlas::folder_phase phase_ = atlas::folder_phase::walking;
  progress_line line_{"walking ", "files"};
};

std::uint64_t file_size(const std::string& path) {
  std::error_code ignored;
  const std::uintmax_t size = std::filesystem::file_size(path, ignored);
  return ignored ? 0 : size;
}

json report_json(const std::string& output, const atlas::folder_report& report, double seconds) {
  json skipped;
  for (std::size_t i = 0; i < atlas::skip_reasons; ++i) {
    std::string reason = name(static_cast<atlas::skip_reason>(i));
    for (char& c : reason) c = c == ' ' ? '_' : c;
    skipped[reason] = report.skipped[i];
  }
  skipped["unreadable_folders"] = report.walk.unreadable_folders;
  skipped["unreadable_files"] = report.walk.unreadable_files;
  skipped["linked_files"] = report.walk.linked_files;
  return {{"index", output},
          {"files", report.files},
          {"chunks", report.chunks},
          {"embedded", report.embedded},
          {"taken_over", report.taken_over},
          {"gone", report.gone},
          {"source_bytes", report.source_bytes},
          {"index_bytes", file_size(output)},
          {"seconds", seconds},
          {"skipped", skipped}};
}

void print_report(const std::string& output, const atlas::folder_report& report, double seconds) {
  std::cout << printable(output) << ": " << counted(report.files, "file") << ", " << counted(report.chunks, "chunk")
            << " from " << bytes_text(report.source_bytes)
            << (report.taken_over == 0 ? "" : ", of which " + count_text(report.embedded) + " embedded now") << "; index " << bytes_text(file_size(output)) << "; "
            << duration_text(seconds) << '\n';
  if (report.gone != 0) std::cout << counted(report.gone, "document") << " of before gone\n";
  std::string skipped;
  const auto add = [&](std::uint64_t count, const std::string& what) {
    if (count != 0) skipped += (skipped.empty() ? "" : ", ") + count_text(count) + " " + what;
  };
  for (std::size_t i = 0; i < atlas::skip_reasons; ++i) add(report.skipped[i], name(static_cast<atlas::skip_reason>(i)));
  add(report.walk.unreadable_folders, "unreadable folders");
  add(report.walk.unreadable_files, "files that could not be looked at");
  add(report.walk.linked_files, "linked files");
  if (!skipped.empty()) std::cout << "skipped: " << skipped << '\n';
}

atlas::folder_report build_folder(const index_arguments& arguments, atlas::folder_options& options) {
  options.chunks.size = arguments.chunk_size;
  options.chunks.overlap = arguments.overlap;
  for (const auto packing : {atlas::chunk_packing::full, atlas::chunk_packing::coherent, atlas::chunk_packing::divided}) {
    if (arguments.packing == name_of(packing)) options.chunks.packing = packing;
  }
  options.hashing.dimension = arguments.dimension;
  options.connectivity = arguments.connectivity;
  options.build_width = arguments.build_width;
  take_argument(check_folder_chunks(options.chunks), "--chunk-size, --overlap");
  take_argument(check(options.hashing), "--dimension");
  build_progress progress;
  options.on_progress = progress;
  return take(atlas::folder_index::build(arguments.folder.c_str(), arguments.output.c_str(), options),
              arguments.folder + " -> " + arguments.output);
}

atlas::folder_report update_folder(const index_arguments& arguments, const atlas::folder_options& options) {
  const auto index = take(atlas::folder_index::open(arguments.output.c_str()), arguments.output);
  build_progress progress;
  return take(index.update(arguments.folder.c_str(), arguments.output.c_str(),
                           {.walk = options.walk, .max_file_bytes = options.max_file_bytes, .threads = options.threads,
                            .on_progress = progress, .on_skip = options.on_skip}),
              arguments.folder + " -> " + arguments.output);
}

void run_index(const index_arguments& arguments, const command_line& line) {
  atlas::folder_options options;
  options.max_file_bytes = arguments.max_file_size;
  options.walk.hidden = arguments.hidden;
  options.threads = arguments.threads;
  if (options.max_file_bytes > atlas::most_document_bytes) {
    throw failure(exit_code::usage, {atlas::errc::limit_exceeded, "bytes", atlas::most_document_bytes, options.max_file_bytes},
                  "--max-file-size");
  }
  std::vector<std::pair<std::string, atlas::skip_reason>> skipped;
  const auto note = [&](atlas::text_view path, atlas::skip_reason why) {
    if (arguments.verbose) skipped.emplace_back(std::string(path.data(), path.size()), why);
  };
  options.on_skip = note;
  const stopwatch watch;
  const atlas::folder_report report = arguments.update ? update_folder(arguments, options) : build_folder(arguments, options);
  if (line.as_json) {
    json out = report_json(arguments.output, report, watch.seconds());
    for (const auto& [path, why] : skipped) out["skipped_files"].push_back({{"path", path}, {"reason", name(why)}});
    return print_json(out);
  }
  for (const auto& [path, why] : skipped) std::cout << "skipped " << printable(path) << ": " << name(why) << '\n';
  print_report(arguments.output, report, watch.seconds());
}

void compact_vectors(const compact_arguments& arguments, const std::string& output, const command_line& line) {
  auto index = take(atlas::any_index::open(arguments.file.c_str(), {.mode = atlas::open_mode::change}), arguments.file);
  const auto further = further_sections(*index.file());
  const stopwatch watch;
  take(index.compact(), arguments.file);
  {
    progress_line progress("saving  ", "bytes");
    take(index.save(output.c_str(), {.extra = further, .on_progress = progress}), output);
  }
  if (line.as_json) {
    return print_json({{"index", output}, {"vectors", index.size()}, {"index_bytes", file_size(output)}, {"seconds", watch.seconds()}});
  }
  std::cout << printable(output) << ": " << counted(index.size(), "vector") << "; index " << bytes_text(file_size(output)) << "; "
            << duration_text(watch.seconds()) << '\n';
}

void run_compact(const compact_arguments& arguments, const command_line& line) {
  const std::string output = arguments.output.empty() ? arguments.file : arguments.output;
  if (!holds_folder(take(atlas::file_reader::open(arguments.file.c_str()), arguments.file))) {
    return compact_vectors(arguments, output, line);
  }
  const auto index = take(atlas::folder_index::open(arguments.file.c_str()), arguments.file);
  const stopwatch watch;
  const atlas::folder_report report = [&] {
    build_progress progress;
    return take(index.compact(output.c_str(), {.threads = arguments.threads, .on_progress = progress}), output);
  }();
  if (line.as_json) return print_json(report_json(output, report, watch.seconds()));
  print_report(output, report, watch.seconds());
}

}  // namespace

void add_index_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("index", "Index every text file below a folder");
  const auto arguments = std::make_shared<index_arguments>();
  command->add_option("folder", arguments->folder, "The folder")->required()->check(a_path())->type_name("FOLDER");
  command->add_option("-o,--output", arguments->output, "The index file to write")->required()->check(a_path())->type_name("FILE");
  CLI::Option* const update = command->add_flag("--update", arguments->update,
      "The index is there: embed only the chunks that are new to it, and keep how it cuts, embeds and links, and which files it takes");
  command->add_option("--chunk-size", arguments->chunk_size, "Characters a chunk at most")
      ->capture_default_str()->type_name("N")->excludes(update);
  command->add_option("--overlap", arguments->overlap, "Characters that a chunk repeats of the one before")
      ->capture_default_str()->type_name("N")->excludes(update);
  command->add_option("--packing", arguments->packing, "How chunks are filled: few and full; coherent, which seldom hold the end of one thing and the beginning of the next; or one thing each")
      ->capture_default_str()->check(CLI::IsMember({"full", "coherent", "divided"}))->excludes(update);
  command->add_option("--dimension", arguments->dimension, "Components a vector")
      ->capture_default_str()->check(CLI::Range(1, 65535))->type_name("N")->excludes(update);
  CLI::Option* const largest = command->add_option("--max-file-size", arguments->max_file_size, "Skip larger files; 64MB and the like are understood. With --update, by default as before")
      ->capture_default_str()->transform(CLI::AsSizeValue(true))->type_name("BYTES");
  command->add_flag("--hidden", arguments->hidden, "Also files and folders whose name begins with a dot. An --update of an index built so does");
  command->add_option("--connectivity", arguments->connectivity, "Links a node of the graph")
      ->capture_default_str()->check(CLI::Range(2, 512))->type_name("N")->excludes(update);
  command->add_option("--build-width", arguments->build_width, "Candidates kept while building the graph")
      ->capture_default_str()->check(CLI::Range(1, 65536))->type_name("N")->excludes(update);
  command->add_option("--threads", arguments->threads, "0: all. 1: the same folder gives the same bytes")
      ->capture_default_str()->check(CLI::Range(0, 1024))->type_name("N");
  command->add_flag("-v,--verbose", arguments->verbose, "Name each file that is skipped, and why");
  finish_command(*command, line,
                 "  atlas index docs -o docs.atlas\n"
                 "  atlas index docs -o docs.atlas --update\n"
                 "  atlas index src -o src.atlas --chunk-size 1200 --overlap 100 --verbose");
  command->callback([arguments, largest, &line] {
    if (arguments->update && largest->count() == 0) arguments->max_file_size = 0;  // as the index was built
    line.action = [arguments, &line] { run_index(*arguments, line); };
  });
}

void add_compact_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand(
      "compact", "Build a folder index anew from the documents in it, without those removed, and learn word weights anew; or "
                 "take removed vectors out of a graph or lists");
  const auto arguments = std::make_shared<compact_arguments>();
  command->add_option("file", arguments->file, "An index")->required()->check(a_path())->type_name("FILE");
  command->add_option("-o,--output", arguments->output, "The file to write; by default FILE is replaced")->check(a_path())->type_name("FILE");
  command->add_option("--threads", arguments->threads, "0: all")
      ->capture_default_str()->check(CLI::Range(0, 1024))->type_name("N");
  finish_command(*command, line,
                 "  atlas compact docs.atlas\n"
                 "  atlas compact docs.atlas -o smaller.atlas");
  command->callback([arguments, &line] { line.action = [arguments, &line] { run_compact(*arguments, line); }; });
}

}  // namespace cli
