// SPDX-License-Identifier: Apache-2.0
// examples/cli/chunk.cpp -- atlas chunk: a file in chunks, as a splitter before an embedder would cut it.
#include "command.hpp"
#include "encoder.hpp"
#include "terminal.hpp"

#include <atlas/chunk.hpp>
#include <atlas/chunk/any_rule.hpp>
#include <atlas/chunk/any_sizer.hpp>
#include <atlas/core/os_error.hpp>
#include <atlas/embed.hpp>
#include <atlas/folder/document_kind.hpp>
#include <atlas/text/source_window.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cli {

namespace {

struct chunk_arguments {
  std::string file;
  std::string rule = "auto";
  std::string sizer = "characters";
  std::string ranks;
  std::string packing = "full";
  std::size_t size = 0;
  std::size_t overlap = 0;
  std::uint32_t fill = atlas::chunker_options::automatic_fill;
  std::vector<std::size_t> inner_sizes;
  std::vector<std::string> delimiters;
  bool trim = false;
};

const std::vector<std::string> rule_names = {"auto", "plain_text", "markdown", "html", "code", "sentence", "uax29_sentence", "fixed", "delimiter", "semantic", "content_defined"};
const std::vector<std::string> sizer_names = {"characters", "bytes", "graphemes", "words", "gpt2", "cl100k", "o200k"};
const std::vector<std::string> packing_names = {"full", "coherent", "divided"};

std::size_t place_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// A file, or standard input, in pieces of UTF-8, whatever its encoding.
class text_source {
 public:
  explicit text_source(const std::string& path) : path_(path), file_(path == "-" ? stdin : std::fopen(path.c_str(), "rb")) {
    if (file_ == nullptr) throw failure(atlas::os_error(errno, "file"), path);
  }
  text_source(const text_source&) = delete;
  text_source& operator=(const text_source&) = delete;
  ~text_source() {
    if (file_ != stdin) std::fclose(file_);
  }

  /// The next piece, which may be empty; false behind the last.
  bool next(atlas::buffer<char>& text) {
    if (is_finished_) return false;
    if (was_interrupted()) throw failure(atlas::error(atlas::errc::cancelled), path_);
    text.clear();
    bytes_.resize(piece_bytes);
    const std::size_t count = std::fread(bytes_.data(), 1, bytes_.size(), file_);
    if (std::ferror(file_) != 0) throw failure(atlas::os_error(errno, "file"), path_);
    take(window_.feed(decoder_, {reinterpret_cast<const std::byte*>(bytes_.data()), count}, text), path_);
    if (count < bytes_.size() && std::feof(file_) != 0) {
      take(decoder_.finish(text), path_);
      is_finished_ = true;
    }
    return true;
  }
  /// Where a place of the text lies in the file.
  std::uint64_t source_byte(std::uint64_t text_byte) { return take(window_.source_byte(decoder_, text_byte), path_); }
  /// Says that no place before this one will be asked of; else the whole file is kept.
  void release(std::uint64_t text_byte) { take(window_.release(decoder_, text_byte), path_); }
  [[nodiscard]] const atlas::stream_decoder& decoder() const { return decoder_; }

 private:
  static constexpr std::size_t piece_bytes = std::size_t{256} << 10;
  std::string path_;
  std::FILE* file_;
  atlas::stream_decoder decoder_{atlas::bad_bytes::pass};
  atlas::source_window window_;
  std::vector<char> bytes_;
  bool is_finished_ = false;
};

std::string level_name(atlas::boundary_level level) {
  switch (level) {
    case atlas::boundary_level::character: return "character";
    case atlas::boundary_level::word: return "word";
    case atlas::boundary_level::clause: return "clause";
    case atlas::boundary_level::sentence: return "sentence";
    case atlas::boundary_level::line: return "line";
    case atlas::boundary_level::paragraph: return "paragraph";
    case atlas::boundary_level::section: return "section";
    case atlas::boundary_level::text_end: return "text_end";
    default: return "heading_" + std::to_string(16 - static_cast<int>(level));
  }
}

/// Shows chunks as they come, and sums them up.
class chunk_printer {
 public:
  chunk_printer(const chunk_arguments& arguments, const command_line& line) : arguments_(arguments), line_(line) {}

  bool print(const atlas::chunk_view& chunk, text_source& source) {
    ++count_;
    if (chunk.depth == 0) {
      units_ += chunk.units;
      least_ = std::min(least_, chunk.units);
      most_ = std::max(most_, chunk.units);
      ++outer_;
    }
    const std::uint64_t begin = source.source_byte(chunk.byte_begin);
    const std::uint64_t end = source.source_byte(chunk.byte_end);
    if (line_.as_json) {
      print_as_json(chunk, begin, end);
    } else {
      print_line(chunk, begin, end);
    }
    return std::cout.good() && !was_interrupted();
  }
  void print_sum(const atlas::stream_decoder& decoder) const {
    if (line_.as_json || count_ == 0) return;
    std::cout << counted(count_, "chunk");
    if (outer_ != count_) std::cout << ", " << count_text(outer_) << " of them the largest ones";
    std::cout << "; units: " << count_text(units_ / outer_) << " in the mean, " << count_text(least_) << " to " << count_text(most_);
    if (decoder.guess().encoding != atlas::text_encoding::utf8) std::cout << "; from " << name(decoder.guess().encoding);
    std::cout << '\n';
  }

 private:
  static std::vector<std::string> titles_of(const atlas::chunk_view& chunk) {
    std::vector<std::string> titles;
    for (std::size_t i = 0; chunk.headings != nullptr && i < chunk.headings->size(); ++i) {
      titles.emplace_back(chunk.headings->title(i).data(), chunk.headings->title(i).size());
    }
    return titles;
  }
  void print_as_json(const atlas::chunk_view& chunk, std::uint64_t source_begin, std::uint64_t source_end) const {
    print_json({{"file", arguments_.file}, {"chunk", count_}, {"byte_begin", chunk.byte_begin}, {"byte_end", chunk.byte_end}, {"byte_fresh", chunk.byte_fresh},
                {"char_begin", chunk.char_begin}, {"char_end", chunk.char_end}, {"line_begin", chunk.line_begin}, {"line_end", chunk.line_end},
                {"source_begin", source_begin}, {"source_end", source_end}, {"column_begin", chunk.column_begin}, {"units", chunk.units}, {"level", level_name(chunk.level)}, {"depth", chunk.depth},
                {"id", id_text(chunk.id)}, {"headings", titles_of(chunk)}, {"text", std::string(chunk.text.data(), chunk.text.size())}});
  }
  void print_line(const atlas::chunk_view& chunk, std::uint64_t source_begin, std::uint64_t source_end) const {
    constexpr std::size_t most_shown = 72;
    std::cout << std::setw(5) << count_ << "  " << std::string(2 * std::size_t{chunk.depth}, ' ') << "lines " << chunk.line_begin << '-' << chunk.line_end << ", bytes "
              << source_begin << '-' << source_end << ", " << chunk.units << " units, ends at " << level_name(chunk.level);
    const char* before = "  [";
    const auto titles = titles_of(chunk);
    for (const std::string& title : titles) {
      std::cout << before << printable(title);
      before = " > ";
    }
    const std::size_t shown = chunk.text.size() > most_shown ? atlas::character_start(chunk.text, most_shown) : chunk.text.size();
    std::cout << (titles.empty() ? "" : "]") << "\n       " << std::string(2 * std::size_t{chunk.depth}, ' ') << printable({chunk.text.data(), shown})
              << (shown < chunk.text.size() ? "..." : "") << '\n';
  }

  const chunk_arguments& arguments_;
  const command_line& line_;
  std::uint64_t count_ = 0, outer_ = 0, units_ = 0, least_ = ~std::uint64_t{0}, most_ = 0;
};

template <class Chunker>
void stream(Chunker& chunker, const chunk_arguments& arguments, chunk_printer& printer) {
  text_source source(arguments.file);
  atlas::buffer<char> text;
  const auto give = [&](const atlas::status& given) {
    if (given.ok()) return;
    if (given.error() == atlas::errc::cancelled && !was_interrupted()) throw failure(exit_code::failed, "output", "standard output cannot be written");
    throw failure(given.error(), arguments.file);
  };
  const auto print = [&](const atlas::chunk_view& chunk) { return printer.print(chunk, source); };
  while (source.next(text)) {
    give(chunker.feed({text.data(), text.size()}, print));
    source.release(chunker.kept_from());
  }
  give(chunker.finish(print));
  printer.print_sum(source.decoder());
}

atlas::any_rule rule_by_name(const std::string& file) {
  switch (atlas::kind_of_path(file)) {
    case atlas::document_kind::markdown: return atlas::markdown_rule();
    case atlas::document_kind::html: return atlas::html_rule();
    case atlas::document_kind::code: return atlas::code_rule();
    case atlas::document_kind::plain_text: break;
  }
  return atlas::plain_text_rule();
}

/// The built-in embedder, which learned from the lines of the file; and what turns texts into its vectors.
struct file_model {
  atlas::hashing_embedder embedder;

  atlas::result<std::size_t> operator()(atlas::span<const atlas::text_view> texts, float* out) const {
    if (const atlas::status done = embedder.embed(texts, out); !done.ok()) return done.error();
    return texts.size();
  }
};
file_model learn(const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored) && std::filesystem::exists(file == "-" ? "/dev/stdin" : file, ignored)) {
    throw failure(exit_code::usage, "invalid argument", "--rule semantic: expected a regular file, which is read twice, found " + (file == "-" ? "standard input" : file));
  }
  file_model model{take(atlas::hashing_embedder::create({}), file)};
  text_source source(file);
  atlas::buffer<char> text;
  std::string line;
  std::uint64_t done = 0;
  const auto learn_line = [&] {
    const atlas::text_view lines[] = {{line.data(), line.size()}};
    if (!line.empty()) take(model.embedder.learn({lines, 1}), file);
    line.clear();
  };
  while (source.next(text)) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') {
        learn_line();
      } else {
        line += text[at];
      }
    }
    done += text.size();
    source.release(done);
  }
  learn_line();
  model.embedder.freeze();
  return model;
}

atlas::any_rule delimiter_rule_of(const chunk_arguments& arguments) {
  std::vector<atlas::text_view> views;
  for (const std::string& one : arguments.delimiters) views.emplace_back(one.data(), one.size());
  return take_argument(atlas::delimiter_rule::create({views.data(), views.size()}), "--delimiter");
}

atlas::chunker_options sizes_of(const chunk_arguments& arguments) {
  atlas::chunker_options options;
  if (arguments.size != 0) options.size = arguments.size;
  options.overlap = arguments.overlap;
  options.fill_percent = arguments.fill;
  options.packing = static_cast<atlas::chunk_packing>(place_of(packing_names, arguments.packing));
  options.trim = arguments.trim;
  if (arguments.inner_sizes.size() >= atlas::chunker_options::most_depths) {
    throw failure(exit_code::usage, "invalid argument", "--inner-sizes: expected at most 3, found " + std::to_string(arguments.inner_sizes.size()));
  }
  std::copy(arguments.inner_sizes.begin(), arguments.inner_sizes.end(), options.inner_sizes);
  take_argument(check(options), "sizes");
  return options;
}

void cut_by_rule(const chunk_arguments& arguments, chunk_printer& printer) {
  const atlas::chunker_options options = sizes_of(arguments);
  std::optional<atlas::bpe_encoder> encoder;
  atlas::any_sizer sizer;
  if (bpe_patterns.count(arguments.sizer) != 0) {
    if (arguments.ranks.empty()) throw failure(exit_code::usage, "invalid argument", "--sizer " + arguments.sizer + ": expected --ranks FILE, the encoding's rank file, found none");
    encoder = open_encoder(arguments.ranks, arguments.sizer);
    sizer = atlas::token_sizer(*encoder);
  } else {
    if (!arguments.ranks.empty()) throw failure(exit_code::usage, "invalid argument", "--ranks: expected --sizer gpt2, cl100k or o200k, found " + arguments.sizer);
    sizer = take_argument(atlas::any_sizer::of_kind(static_cast<atlas::chunk_sizer_kind>(place_of(sizer_names, arguments.sizer))), "--sizer");
  }
  std::optional<file_model> model;
  atlas::any_rule rule = rule_by_name(arguments.file);
  if (arguments.rule == "semantic") {
    model = learn(arguments.file);
    rule = take_argument(atlas::semantic_rule::create(*model, {.dimension = model->embedder.dimension()}), "--rule");
  } else if (arguments.rule == "delimiter") {
    rule = delimiter_rule_of(arguments);
  } else if (arguments.rule != "auto") {
    for (std::size_t kind = 0; kind < atlas::chunk_rule_kind_count; ++kind) {
      if (arguments.rule == name_of(static_cast<atlas::chunk_rule_kind>(kind))) rule = take_argument(atlas::any_rule::of_kind(static_cast<atlas::chunk_rule_kind>(kind)), "--rule");
    }
  }
  auto chunker = take_argument(atlas::chunker<atlas::any_rule, atlas::any_sizer>::create(options, std::move(rule), std::move(sizer)), "sizes");
  stream(chunker, arguments, printer);
}

void cut_by_content(const chunk_arguments& arguments, chunk_printer& printer) {
  const atlas::chunker_options usual;
  if (arguments.overlap != 0 || arguments.trim || !arguments.inner_sizes.empty() || arguments.packing != "full" || arguments.fill != usual.fill_percent ||
      arguments.sizer != "characters" || !arguments.ranks.empty()) {
    throw failure(exit_code::usage, "invalid argument", "--rule content_defined: expected --size alone, the average in bytes, found other options of sizes");
  }
  const auto options = arguments.size == 0 ? atlas::content_defined_options() : atlas::content_defined_options::around(arguments.size);
  auto chunker = take_argument(atlas::content_defined_chunker::create(options), "--size");
  stream(chunker, arguments, printer);
}

void run(const chunk_arguments& arguments, const command_line& line) {
  if (!arguments.delimiters.empty() && arguments.rule != "delimiter") {
    throw failure(exit_code::usage, "invalid argument", "--delimiter: expected --rule delimiter, found " + arguments.rule);
  }
  chunk_printer printer(arguments, line);
  if (arguments.rule == "content_defined") {
    cut_by_content(arguments, printer);
  } else {
    cut_by_rule(arguments, printer);
  }
}

}  // namespace

void add_chunk_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("chunk", "Cut a text of any length into chunks at the best boundaries within a size");
  const auto arguments = std::make_shared<chunk_arguments>();
  command->add_option("file", arguments->file, "A text in any encoding that can be told; - for standard input")
      ->required()->check(a_path())->type_name("FILE");
  command->add_option("--rule", arguments->rule, "Where it may be cut; auto: by the file's name")->capture_default_str()->check(CLI::IsMember(rule_names))->type_name("RULE");
  command->add_option("--size", arguments->size, "Units of the longest chunk, overlap included; 1000 by default; content_defined: bytes in the mean, 8192 by default")
      ->type_name("UNITS")->check(CLI::Range(std::uint64_t{1}, atlas::most_chunk_units));
  command->add_option("--overlap", arguments->overlap, "Units of the chunk before that a chunk repeats at most")->type_name("UNITS")->capture_default_str()
      ->check(CLI::Range(std::uint64_t{0}, atlas::most_chunk_units));
  command->add_option("--sizer", arguments->sizer, "What units are; gpt2, cl100k and o200k: tokens, with --ranks")->capture_default_str()->check(CLI::IsMember(sizer_names))
      ->type_name("SIZER");
  command->add_option("--ranks", arguments->ranks, "The encoding's rank file, in tiktoken's format")->check(a_path())->type_name("FILE");
  command->add_option("--packing", arguments->packing, "full: few chunks, evenly filled; coherent, divided: chunks end where things end")
      ->capture_default_str()->check(CLI::IsMember(packing_names))->type_name("PACKING");
  command->add_option("--fill", arguments->fill, "Percent of its room that a chunk fills if it can; 35 by default, with --packing coherent 0")->type_name("PERCENT")
      ->check(CLI::Range(0, 100));
  command->add_option("--inner-sizes", arguments->inner_sizes, "Cut each chunk into chunks of the first of these, those into ones of the second, and so on")
      ->delimiter(',')->type_name("UNITS,...")->check(CLI::Range(std::uint64_t{1}, atlas::most_chunk_units));
  command->add_option("--delimiter", arguments->delimiters, "Of --rule delimiter: a string to cut behind, the strongest first; up to 16 times")->type_name("TEXT");
  command->add_flag("--trim", arguments->trim, "Leave white space at both ends of chunks out");
  finish_command(*command, line,
                 "  atlas chunk guide.md --size 800 --overlap 100\n"
                 "  atlas chunk guide.md --rule markdown --size 512 --sizer cl100k --ranks cl100k_base.tiktoken --json\n"
                 "  zcat corpus.txt.gz | atlas chunk - --rule sentence --json\n"
                 "With --json one object a line, for each chunk: byte_begin and byte_end count the text as UTF-8, source_begin and source_end the\n"
                 "file's bytes, which differ if it is in another encoding.");
  command->callback([arguments, &line] { line.action = [arguments, &line] { run(*arguments, line); }; });
}

}  // namespace cli
