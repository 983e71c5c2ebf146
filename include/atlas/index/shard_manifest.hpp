// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/shard_manifest.hpp -- the list of the files that are opened as one, as people write it.
//
// Room:      the manifest's text: parsed strictly, written in one step.
// Not here:  the files it lists (index/shards.hpp).
// Depends:   core, storage/file_bytes.hpp.
// Threads:   const functions may run beside each other.
//
//   atlas shards 1
//   # the year's documents, a file a quarter
//   first-quarter.atlas
//   /other/disk/second-quarter.atlas
//   end
#ifndef ATLAS_INDEX_SHARD_MANIFEST_HPP
#define ATLAS_INDEX_SHARD_MANIFEST_HPP

#include <atlas/core/bits.hpp>           // next_power_of_two
#include <atlas/core/hash.hpp>           // xxh3_64
#include <atlas/core/memory.hpp>         // buffer
#include <atlas/core/span.hpp>           // span
#include <atlas/core/text_view.hpp>      // text_view
#include <atlas/storage/file_bytes.hpp>  // read_file, write_file

namespace atlas { inline namespace ATLAS_ABI {

/// What a manifest holds at most.
inline constexpr std::size_t most_shards = 4096;
inline constexpr std::size_t most_shard_path_bytes = 4095;  ///< Linux's own limit, less the NUL
inline constexpr std::size_t most_manifest_bytes = std::size_t{1} << 25;

/// The paths of a manifest, in its order.
///
/// The text: the line `atlas shards 1`, then a line for each shard, then the line `end`. Every line ends in a line feed, the last
/// one too: a manifest that was cut short anywhere is refused, not taken for a smaller one. Empty lines and lines that
/// begin with `#` mean nothing. Every other line is a path, byte for byte: relative to the manifest's folder unless it
/// begins with `/`. It may lead anywhere that the process may read, `..` and links included: a manifest is to be trusted
/// as much as the paths of a command line. A path holds no control character, neither begins nor ends in a space, and
/// stands there once; one that begins with `#`, or is `end`, is written with `./` before it.
class shard_manifest {
 public:
  /// @return  errc::not_atlas_file for another first line, errc::unsupported_version for another version; errc::corrupt_file
  ///          for any other line that is not as above, whose number, from 1, is the error's row, and for no shards;
  ///          errc::limit_exceeded (shards, bytes of a path, bytes in all); errc::no_memory
  [[nodiscard]] static result<shard_manifest> parse(text_view text) noexcept {
    if (text.size() > most_manifest_bytes) {
      return error{errc::limit_exceeded, "manifest.bytes", most_manifest_bytes, text.size()};
    }
    shard_manifest read;
    std::size_t at = 0;
    if (status first = check_first_line(next_line(text, at)); !first.ok()) return first.error();
    buffer<std::uint32_t> lines;  // of each path
    bool has_ended = false;
    for (std::uint32_t number = 2; at < text.size(); ++number) {
      const text_view line = next_line(text, at);
      if (has_ended) return error{errc::corrupt_file, "manifest.line", "nothing behind the line end", "another line"}.at_row(number);
      has_ended = line == text_view{end_line};
      if (has_ended || line.empty() || line[0] == '#') continue;
      if (status said = check_path(line); !said.ok()) return said.error().at_row(number);
      if (read.size() == most_shards) {
        return error{errc::limit_exceeded, "manifest.shards", "at most", most_shards, most_shards + 1}.at_row(number);
      }
      if (status kept = read.append(line); !kept.ok()) return kept.error();
      if (status kept = lines.push_back(number); !kept.ok()) return kept.error();
    }
    if (!has_ended) return error{errc::corrupt_file, "manifest", "a last line: end", "none: it was cut short"};
    if (text[text.size() - 1] != '\n') return error{errc::corrupt_file, "manifest", "a line feed behind the line end", "none: it was cut short"};
    if (read.size() == 0) return error{errc::corrupt_file, "manifest.shards", "1 to 4096", std::uint64_t{0}};
    const auto twice = read.first_repeated();
    if (!twice.ok()) return twice.error();
    if (twice->second != 0) {
      error same{errc::corrupt_file, "manifest.line", "another path than that of line", lines[twice->first], 0};
      same.found_text = "the same";
      return same.at_row(lines[twice->second]);
    }
    return static_cast<shard_manifest&&>(read);
  }

  /// @param path  NUL-terminated
  /// @return      as parse, and read_file
  [[nodiscard]] static result<shard_manifest> read(const char* path) noexcept {
    buffer<char> text;
    if (status got = read_file(path, most_manifest_bytes, text); !got.ok()) return got.error();
    return parse({text.data(), text.size()});
  }

  /// Whether a file begins as a manifest of any version does. False also for what cannot be read.
  [[nodiscard]] static bool is_manifest(const char* path) noexcept {
    std::uint64_t size_bytes = 0;
    const auto file = file_descriptor::open_to_read(path, size_bytes);
    if (!file.ok()) return false;
    char start[sizeof first_words - 1];
    const auto got = file->read_some_at(start, sizeof start, 0);
    return got.ok() && *got == sizeof start && std::memcmp(start, first_words, sizeof start) == 0;
  }

  /// Replaces the file at `path` by a manifest of these paths: complete on the device or not at all.
  ///
  /// @param shards  1 to most_shards, as they are to stand there: relative ones to the folder of `path`. Whether there are
  ///                such files is not looked at
  /// @return  errc::invalid_argument for a path that a manifest cannot hold or holds already, whose place is the error's row;
  ///          errc::limit_exceeded, errc::no_memory, and what write_file returns
  [[nodiscard]] static status write(const char* path, span<const char* const> shards) noexcept {
    buffer<char> text;
    if (status made = write_to(text, shards); !made.ok()) return made;
    return write_file(path, {reinterpret_cast<const std::byte*>(text.data()), text.size()});
  }
  /// The same as text in memory. @param text  what was in it is gone, also on error
  [[nodiscard]] static status write_to(buffer<char>& text, span<const char* const> shards) noexcept {
    text.clear();
    if (shards.empty()) return error{errc::invalid_argument, "shards", "1 to 4096", std::uint64_t{0}};
    if (shards.size() > most_shards) return error{errc::limit_exceeded, "shards", most_shards, shards.size()};
    shard_manifest listed;
    const auto put = [&text](text_view line) noexcept -> status {
      if (status kept = text.append(line.data(), line.size()); !kept.ok()) return kept;
      return text.push_back('\n');
    };
    if (status kept = put(first_line); !kept.ok()) return kept;
    for (std::size_t i = 0; i < shards.size(); ++i) {
      if (shards[i] == nullptr) return error{errc::invalid_argument, "shard.path", "a path", "null"}.at_row(i);
      const text_view line = shards[i];
      if (status said = check_path(line); !said.ok()) {
        error why = said.error();
        if (why.code == errc::corrupt_file) why.code = errc::invalid_argument;
        return why.at_row(i);
      }
      if (line[0] == '#' || line == text_view{end_line}) {
        return error{errc::invalid_argument, "shard.path", "./ before it", line[0] == '#' ? "a path that begins with #" : "end"}.at_row(i);
      }
      if (status kept = listed.append(line); !kept.ok()) return kept;
      if (status kept = put(line); !kept.ok()) return kept;
    }
    const auto twice = listed.first_repeated();
    if (!twice.ok()) return twice.error();
    if (twice->second != 0) {
      error same{errc::invalid_argument, "shard.path", "another path than that of shard", twice->first, 0};
      same.found_text = "the same";
      return same.at_row(twice->second);
    }
    return put(end_line);
  }

  [[nodiscard]] std::size_t size() const noexcept { return starts_.size(); }
  /// A path as it stands there, NUL-terminated; valid until this object goes. @pre index < size()
  [[nodiscard]] const char* path(std::size_t index) const noexcept { return text_.data() + starts_[index]; }

  /// Where a listed path leads.
  ///
  /// @param manifest  the path by which the manifest was opened: what stands before its last '/' is the folder
  /// @param listed    a path as it stands in it
  /// @param out       appended to, with a NUL at the end
  /// @return          errc::no_memory
  [[nodiscard]] static status append_resolved(const char* manifest, const char* listed, buffer<char>& out) noexcept {
    if (listed[0] != '/') {
      std::size_t folder_bytes = std::strlen(manifest);
      while (folder_bytes != 0 && manifest[folder_bytes - 1] != '/') --folder_bytes;
      if (status kept = out.append(manifest, folder_bytes); !kept.ok()) return kept;
    }
    return out.append(listed, std::strlen(listed) + 1);
  }

 private:
  static constexpr char first_words[] = "atlas shards ";
  static constexpr const char* first_line = "atlas shards 1";
  static constexpr const char* end_line = "end";

  struct repeated {
    std::uint32_t first = 0;
    std::uint32_t second = 0;  ///< 0: no path stands there twice
  };

  /// The bytes up to the next line feed or the end; `at` goes behind it.
  [[nodiscard]] static text_view next_line(text_view text, std::size_t& at) noexcept {
    const std::size_t begin = at;
    std::size_t end = at;
    while (end < text.size() && text[end] != '\n') ++end;
    at = end < text.size() ? end + 1 : end;
    return text.subview(begin, end - begin);
  }
  [[nodiscard]] static status check_first_line(text_view line) noexcept {
    if (line == text_view{first_line}) return {};
    constexpr std::size_t words = sizeof first_words - 1;
    if (line.size() > words && line.subview(0, words) == text_view{first_words, words}) {
      const char digit = line[words];
      if (line[line.size() - 1] == '\r') {
        return error{errc::corrupt_file, "manifest.line", "a line feed alone at the end", "a carriage return"}.at_row(1);
      }
      const bool is_number = digit >= '0' && digit <= '9';
      return error{errc::unsupported_version, "manifest.version", "1", is_number ? "another number" : "no number"}.at_row(1);
    }
    return error{errc::not_atlas_file, "manifest.line", "atlas shards 1", "another first line"}.at_row(1);
  }
  /// Whether a line is a path; errc::corrupt_file or limit_exceeded.
  [[nodiscard]] static status check_path(text_view line) noexcept {
    constexpr auto field = "shard.path";
    if (line.empty()) return error{errc::corrupt_file, field, "a path", "an empty one"};
    if (line.size() > most_shard_path_bytes) return error{errc::limit_exceeded, "shard.path bytes", most_shard_path_bytes, line.size()};
    for (const char byte : line) {
      if (byte == '\r') return error{errc::corrupt_file, field, "a line feed alone at the end of a line", "a carriage return"};
      if (byte == '\0') return error{errc::corrupt_file, field, "a path without NUL", "a NUL"};
      if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) return error{errc::corrupt_file, field, "no control character", "one"};
    }
    if (line[0] == ' ') return error{errc::corrupt_file, field, "a path from the beginning of the line on", "a space before it"};
    if (line[line.size() - 1] == ' ') return error{errc::corrupt_file, field, "a path up to the end of the line", "a space behind it"};
    return {};
  }

  [[nodiscard]] status append(text_view line) noexcept {
    if (status kept = starts_.push_back(text_.size()); !kept.ok()) return kept;
    if (status kept = text_.append(line.data(), line.size()); !kept.ok()) return kept;
    return text_.push_back('\0');
  }
  /// The first path that is the same as one before it.
  [[nodiscard]] result<repeated> first_repeated() const noexcept {
    constexpr std::uint32_t nobody = ~std::uint32_t{0};
    const auto slot_count = static_cast<std::size_t>(next_power_of_two(2 * size() + 1));
    buffer<std::uint32_t> slots;
    if (status made = slots.resize(slot_count); !made.ok()) return made.error();
    for (std::uint32_t& slot : slots) slot = nobody;
    for (std::uint32_t i = 0; i < size(); ++i) {
      const text_view own = path(i);
      std::size_t slot = xxh3_64(own.data(), own.size()) & (slot_count - 1);
      for (; slots[slot] != nobody; slot = (slot + 1) & (slot_count - 1)) {
        if (own == text_view{path(slots[slot])}) return repeated{slots[slot], i};
      }
      slots[slot] = i;
    }
    return repeated{};
  }

  buffer<char> text_;           // the paths, each with a NUL behind it
  buffer<std::size_t> starts_;  // of each path in text_
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_SHARD_MANIFEST_HPP
