// SPDX-License-Identifier: Apache-2.0
// examples/cli/shards.cpp -- atlas shards: a list of index files that are searched as one, written and described.
#include "shards.hpp"

#include "command.hpp"
#include "terminal.hpp"

#include <atlas/core/os_error.hpp>

#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace cli {

namespace {

namespace filesystem = std::filesystem;

/// Opens, and throws what failed with the path of the shard, if it was one, behind `about`.
template <class Open>
atlas::shards open_with(const std::string& about, bool allow_missing, Open open) {
  std::string failed;
  const auto keep = [&failed](const atlas::shard_failure& one) { failed = one.path; };
  atlas::shards_options options;
  options.allow_missing = allow_missing;
  options.on_failure = keep;
  auto opened = open(options);
  if (!opened.ok()) throw failure(opened.error(), about.empty() || failed.empty() ? about + failed : about + " -> " + failed);
  return std::move(*opened);
}

struct create_arguments {
  std::string list;
  std::vector<std::string> files;
};
struct info_arguments {
  std::string list;
  bool allow_missing = false;
};

/// The folder in which a path lies, without links; the path itself may be one.
filesystem::path folder_of(const std::string& path) {
  std::error_code failed;
  const filesystem::path folder = filesystem::path(path).parent_path();
  const filesystem::path real = filesystem::canonical(folder.empty() ? "." : folder, failed);
  if (failed) {
    const atlas::error why = atlas::os_error(failed.value(), "path.folder");
    throw failure(why, path);
  }
  return real;
}

/// What stands in the list for a file: as it was given if that begins with '/', else from the list's folder on.
std::string listed(const std::string& file, const filesystem::path& folder) {
  if (file.front() == '/') return file;
  const std::string path = (folder_of(file).lexically_relative(folder) / filesystem::path(file).filename()).lexically_normal().string();
  return path.front() == '#' || path.front() == ' ' || path == "end" ? "./" + path : path;
}

json facts_of(const atlas::shards& shards) {
  json out = {{"shards", shards.shard_count()},
              {"missing", shards.missing().size()},
              {"metric", name(shards.metric())},
              {"dimension", shards.dimension()},
              {"count", shards.size()},
              {"files", json::array()}};
  std::size_t missing = 0;
  for (std::size_t i = 0; i < shards.shard_count(); ++i) {
    if (const atlas::any_index* one = shards.shard(i); one != nullptr) {
      out["files"].push_back({{"path", shards.path(i)}, {"kind", one->kind_name()}, {"scalar", name(one->element())}, {"count", one->size()}});
    } else {
      out["files"].push_back({{"path", shards.path(i)}, {"error", described(shards.missing()[missing++].why)}});
    }
  }
  return out;
}

void print(const std::string& list, const atlas::shards& shards) {
  std::cout << printable(list) << ": " << counted(shards.shard_count(), "shard") << ", " << counted(shards.size(), "vector") << " of dimension "
            << count_text(shards.dimension()) << ", " << name(shards.metric()) << '\n';
  std::size_t missing = 0;
  for (std::size_t i = 0; i < shards.shard_count(); ++i) {
    std::cout << std::right << std::setw(4) << i << "  ";
    if (const atlas::any_index* one = shards.shard(i); one != nullptr) {
      std::cout << std::left << std::setw(8) << one->kind_name() << std::right << std::setw(14) << count_text(one->size()) << "  "
                << printable(shards.path(i)) << '\n';
    } else {
      std::cout << std::left << std::setw(24) << "missing" << printable(shards.path(i)) << ": "
                << printable(described(shards.missing()[missing++].why)) << '\n';
    }
  }
}

/// A list that is left out of the command would be the first index, and be written over.
void refuse_to_replace_others(const std::string& list) {
  std::error_code ignored;
  if (!filesystem::exists(list, ignored) || atlas::shard_manifest::is_manifest(list.c_str())) return;
  throw failure(exit_code::usage, "invalid argument", printable(list) + ": expected a new file or a list of shards to write, found another file");
}

void run_create(const create_arguments& arguments, const command_line& line) {
  refuse_to_replace_others(arguments.list);
  const filesystem::path folder = folder_of(arguments.list);
  const atlas::shards shards = open_shards(arguments.files);
  std::vector<std::string> lines;
  for (const std::string& file : arguments.files) lines.push_back(listed(file, folder));
  std::vector<const char*> paths;
  for (const std::string& path : lines) paths.push_back(path.c_str());
  take(atlas::shard_manifest::write(arguments.list.c_str(), paths), arguments.list);
  if (line.as_json) {
    json out = {{"list", arguments.list}};
    out.update(facts_of(shards));
    return print_json(out);
  }
  print(arguments.list, shards);
}

void run_info(const info_arguments& arguments, const command_line& line) {
  const atlas::shards shards = open_shards(arguments.list, arguments.allow_missing);
  if (line.as_json) {
    json out = {{"list", arguments.list}};
    out.update(facts_of(shards));
    return print_json(out);
  }
  print(arguments.list, shards);
}

}  // namespace

atlas::shards open_shards(const std::string& list, bool allow_missing) {
  return open_with(list, allow_missing, [&](const atlas::shards_options& options) { return atlas::shards::open(list.c_str(), options); });
}

atlas::shards open_shards(const std::vector<std::string>& paths) {
  std::vector<const char*> given;
  for (const std::string& path : paths) given.push_back(path.c_str());
  return open_with({}, false, [&](const atlas::shards_options& options) { return atlas::shards::open(given, options); });
}

void add_shards_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("shards", "Several index files that are searched as one: write their list, or describe it");
  command->require_subcommand(1);

  CLI::App* create = command->add_subcommand("create", "Write the list of some index files, which must fit together");
  const auto created = std::make_shared<create_arguments>();
  create->add_option("list", created->list, "The list to write")->required()->check(a_path())->type_name("LIST");
  create->add_option("files", created->files, "Index files of one dimension and metric; relative ones stand in the list from its folder on")
      ->required()->check(a_path())->type_name("FILE");
  finish_command(*create, line,
                 "  atlas shards create all.shards 2023.atlas 2024.atlas\n"
                 "  atlas search all.shards --queries query.fvecs");
  create->callback([created, &line] { line.action = [created, &line] { run_create(*created, line); }; });

  CLI::App* info = command->add_subcommand("info", "Say what a list's files hold");
  const auto described_list = std::make_shared<info_arguments>();
  info->add_option("list", described_list->list, "A list of index files")->required()->check(a_path())->type_name("LIST");
  info->add_flag("--allow-missing", described_list->allow_missing, "Say which files are missing or damaged, and describe the others");
  finish_command(*info, line, "  atlas shards info all.shards --allow-missing");
  info->callback([described_list, &line] { line.action = [described_list, &line] { run_info(*described_list, line); }; });
}

}  // namespace cli
