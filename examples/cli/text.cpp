// SPDX-License-Identifier: Apache-2.0
// examples/cli/text.cpp -- atlas text: what encoding files are in, how long they are, and the same as UTF-8.
#include "command.hpp"
#include "encoder.hpp"
#include "terminal.hpp"

#include <atlas/storage/file_bytes.hpp>
#include <atlas/text.hpp>

#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cli {

namespace {

constexpr std::uint64_t most_text_bytes = std::uint64_t{1} << 40;

const std::map<std::string, atlas::bad_bytes> policies = {
    {"refuse", atlas::bad_bytes::refuse}, {"replace", atlas::bad_bytes::replace}, {"pass", atlas::bad_bytes::pass}};
struct text_arguments {
  std::vector<std::string> files;
  std::string output;
  std::string encoding;
  std::string bad = "refuse";
  std::string ranks;
  std::string pattern;
};

const char* basis_name(atlas::guess_basis basis) {
  switch (basis) {
    case atlas::guess_basis::mark: return "mark";
    case atlas::guess_basis::form: return "form";
    case atlas::guess_basis::statistics: return "statistics";
    case atlas::guess_basis::given: return "given";
    case atlas::guess_basis::nothing: break;
  }
  return "nothing";
}

template <class Reader>
std::uint64_t count_of(atlas::text_view text) {
  Reader reader(text);
  std::uint64_t count = 0;
  for (atlas::text_view segment; reader.next(segment);) ++count;
  return count;
}

json counts_of(atlas::text_view text, const atlas::bpe_encoder* encoder, const std::string& file) {
  json out = {{"characters", atlas::count_characters(text)},
              {"graphemes", count_of<atlas::grapheme_reader>(text)},
              {"words", count_of<atlas::word_reader>(text)},
              {"sentences", count_of<atlas::tailored_sentence_reader>(text)}};
  if (encoder != nullptr) out["tokens"] = take(encoder->count(text), file);
  return out;
}

/// What is in one file, and in `output`, unless that is empty, the same as UTF-8.
json describe_text(const std::string& file, atlas::text_encoding given, const text_arguments& arguments, const atlas::bpe_encoder* encoder) {
  atlas::buffer<char> source;
  take(atlas::read_file(file.c_str(), most_text_bytes, source), file);
  const atlas::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(source.data()), source.size());
  const bool is_given = given != atlas::text_encoding::unknown;
  const atlas::encoding_guess told = is_given ? atlas::encoding_guess{given, atlas::guess_basis::given, 0} : atlas::detect_encoding(bytes);
  json out = {{"file", file}, {"bytes", source.size()}, {"encoding", name(told.encoding)}, {"basis", basis_name(told.basis)}};

  const bool is_converted = !arguments.output.empty();
  if (!is_converted && !is_decodable(told.encoding)) return out;
  atlas::buffer<char> storage;
  // What is only counted need not be good.
  const atlas::decode_options how{given, is_converted ? policies.at(arguments.bad) : atlas::bad_bytes::pass, nullptr};
  const atlas::decoded_text decoded = take(atlas::decode_text(bytes, storage, how), file);
  out["mark_bytes"] = decoded.mark_bytes;
  out["bad_bytes"] = {{"count", decoded.bad_count}, {"first", decoded.bad_count == 0 ? json() : json(decoded.first_bad)}};
  out.update(counts_of(decoded.text, encoder, file));
  if (is_converted) {
    const atlas::span<const std::byte> text(reinterpret_cast<const std::byte*>(decoded.text.data()), decoded.text.size());
    take(atlas::write_file(arguments.output.c_str(), text), arguments.output);
    out["output"] = arguments.output;
    out["output_bytes"] = decoded.text.size();
  }
  return out;
}

void print_text(const json& one) {
  std::cout << printable(one["file"].get<std::string>()) << ": " << one["encoding"].get<std::string>();
  const auto basis = one["basis"].get<std::string>();
  if (basis == "mark") std::cout << ", by its byte-order mark";
  if (basis == "statistics") std::cout << ", by statistics";
  std::cout << "; " << bytes_text(one["bytes"].get<std::uint64_t>());
  if (one.contains("bad_bytes")) {
    const auto bad = one["bad_bytes"]["count"].get<std::uint64_t>();
    if (bad != 0) std::cout << "; not well formed: " << counted(bad, "bad byte") << ", the first at " << count_text(one["bad_bytes"]["first"].get<std::uint64_t>());
    std::cout << "\n  ";
    const char* behind = "";
    for (const char* const noun : {"character", "grapheme", "word", "sentence", "token"}) {
      const std::string field = std::string(noun) + "s";
      if (!one.contains(field)) continue;
      std::cout << behind << counted(one[field].get<std::uint64_t>(), noun);
      behind = ", ";
    }
  }
  if (one.contains("output")) {
    std::cout << "\n  as UTF-8: " << printable(one["output"].get<std::string>()) << ", " << bytes_text(one["output_bytes"].get<std::uint64_t>());
  }
  std::cout << '\n';
}

void run(const text_arguments& arguments, command_line& line) {
  if (!arguments.output.empty() && arguments.files.size() != 1) {
    throw failure(exit_code::usage, "invalid argument", "-o: expected one file to convert, found " + std::to_string(arguments.files.size()));
  }
  auto given = atlas::text_encoding::unknown;
  if (!arguments.encoding.empty()) given = take_argument(atlas::encoding_of_label(arguments.encoding), "--encoding");
  std::optional<atlas::bpe_encoder> encoder;
  if (!arguments.ranks.empty()) encoder = open_encoder(arguments.ranks, arguments.pattern);
  json out = {{"texts", json::array()}};
  for (const std::string& file : arguments.files) {
    if (was_interrupted()) throw failure(atlas::error(atlas::errc::cancelled), file);
    try {
      out["texts"].push_back(describe_text(file, given, arguments, encoder ? &*encoder : nullptr));
      if (!line.as_json) print_text(out["texts"].back());
    } catch (const failure& what) {  // of this file: the others are looked at
      print_failure(what);
      out["texts"].push_back({{"file", file}, {"error", as_json(what)}});
      if (line.outcome != exit_code::ok) continue;
      line.outcome = what.code();
      out["error"] = as_json(what);
    }
  }
  if (line.as_json) print_json(out);
}

}  // namespace

void add_text_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("text", "Say which encoding texts are in and how long they are, or write one as UTF-8");
  const auto arguments = std::make_shared<text_arguments>();
  command->add_option("file", arguments->files, "Texts, in any encoding; one that cannot be read is named, and the others are looked at")->required()->check(a_path())->type_name("FILE");
  command->add_option("-o,--output", arguments->output, "Write the text as UTF-8, without byte-order mark; may be FILE itself")
      ->check(a_path())->type_name("NEW");
  command->add_option("--encoding", arguments->encoding, "Of the files, by a label such as latin1; by default it is told by their bytes")
      ->type_name("LABEL");
  command->add_option("--bad-bytes", arguments->bad, "What -o does with bytes that are no characters: refuse; replace by U+FFFD; pass as they are")
      ->capture_default_str()->check(CLI::IsMember(policies));
  auto* ranks = command->add_option("--ranks", arguments->ranks, "Count tokens too: a rank file in the format of tiktoken")
                    ->check(a_path())->type_name("FILE");
  auto* pattern = command->add_option("--pattern", arguments->pattern, "How the encoding of the ranks splits a text")->check(CLI::IsMember(bpe_patterns));
  ranks->needs(pattern);
  pattern->needs(ranks);
  finish_command(*command, line,
                 "  atlas text *.txt\n"
                 "  atlas text old.txt -o new.txt\n"
                 "  atlas text notes.md --ranks cl100k_base.tiktoken --pattern cl100k");
  command->callback([arguments, &line] { line.action = [arguments, &line] { run(*arguments, line); }; });
}

}  // namespace cli
