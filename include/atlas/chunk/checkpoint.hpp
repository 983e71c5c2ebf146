// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/checkpoint.hpp -- the bytes that a chunker is saved as.
//
// Room:      writing and reading values and arrays behind a header, with a checksum at the end.
// Not here:  what is written (chunk/chunker.hpp, chunk/chunk_cutter.hpp).
// Depends:   core, chunk/chunker_options.hpp.
// Threads:   used by one thread at a time.
//
// Little-endian: "ATLASCHK", the version of this form, those of the rule, the options, fingerprints of what the
// rule was given and of the sizer, then what is saved, each array behind the number of
// its elements, then XXH3-64 of all before it. It is read on the kind of machine that wrote it, by any version of the library that has the
// same form.
#ifndef ATLAS_CHUNK_CHECKPOINT_HPP
#define ATLAS_CHUNK_CHECKPOINT_HPP

#include <atlas/chunk/chunker_options.hpp>  // chunker_options
#include <atlas/core/hash.hpp>              // xxh3_64
#include <atlas/core/memory.hpp>            // buffer
#include <atlas/core/span.hpp>              // span

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// By what a document was cut, besides the options.
struct checkpoint_maker {
  std::uint32_t rule_version = 0;
  std::uint64_t rule_fingerprint = 0;
  std::uint64_t sizer_fingerprint = 0;
};

/// What every checkpoint begins with.
struct checkpoint_header {
  char magic[8] = {'A', 'T', 'L', 'A', 'S', 'C', 'H', 'K'};
  std::uint32_t form = 3;
  std::uint32_t rule_version = 0;
  std::uint64_t size = 0;
  std::uint64_t overlap = 0;
  std::uint32_t fill_percent = 0;
  std::uint32_t coherent_percent = 0;
  std::uint32_t packing = 0;
  std::uint32_t trim = 0;
  std::uint64_t inner_sizes[chunker_options::most_depths - 1] = {};
  std::uint64_t rule_fingerprint = 0;
  std::uint64_t sizer_fingerprint = 0;

  checkpoint_header() noexcept = default;
  checkpoint_header(const checkpoint_maker& by, const chunker_options& options) noexcept
      : rule_version(by.rule_version), size(options.size), overlap(options.overlap), fill_percent(options.fill()),
        coherent_percent(options.coherent_percent), packing(static_cast<std::uint32_t>(options.packing)), trim(options.trim ? 1 : 0),
        rule_fingerprint(by.rule_fingerprint), sizer_fingerprint(by.sizer_fingerprint) {
    for (std::size_t i = 0; i + 1 < chunker_options::most_depths; ++i) inner_sizes[i] = options.inner_sizes[i];
  }
};
static_assert(sizeof(checkpoint_header) == 88);

class checkpoint_writer {
 public:
  /// @param out  what is written takes the place of what it holds
  explicit checkpoint_writer(buffer<std::byte>& out) noexcept : out_(out) { out.clear(); }

  void begin(const checkpoint_maker& by, const chunker_options& options) noexcept { value(checkpoint_header(by, options)); }
  template <class T>
  void value(const T& one) noexcept {
    bytes(&one, sizeof one);
  }
  template <class T>
  void array(const T* first, std::size_t count) noexcept {
    value(std::uint64_t{count});
    bytes(first, count * sizeof(T));
  }
  /// @return  errc::no_memory if anything could not be written
  [[nodiscard]] status end() noexcept {
    if (written_.ok()) value(xxh3_64(out_.data(), out_.size()));
    if (!written_.ok()) return written_.error();
    return {};
  }

 private:
  void bytes(const void* from, std::size_t size) noexcept {
    if (written_.ok()) written_ = out_.append(static_cast<const std::byte*>(from), size);
  }
  buffer<std::byte>& out_;
  status written_;
};

/// Reads bytes from anywhere. Nothing is allocated beyond their own size.
class checkpoint_reader {
 public:
  explicit checkpoint_reader(span<const std::byte> saved) noexcept : saved_(saved) {}

  [[nodiscard]] status begin(const checkpoint_maker& by, const chunker_options& options) noexcept {
    std::uint64_t sum = 0;
    if (saved_.size() < sizeof(checkpoint_header) + sizeof sum) return damaged("bytes", sizeof(checkpoint_header) + sizeof sum, saved_.size());
    const checkpoint_header wanted(by, options);
    checkpoint_header found;
    std::memcpy(&found, saved_.data(), sizeof found);
    if (std::memcmp(found.magic, wanted.magic, sizeof found.magic) != 0) return error{errc::not_atlas_file, "checkpoint", "bytes that a chunker was saved as", "others"};
    if (found.form != wanted.form) return error{errc::unsupported_version, "checkpoint.form", wanted.form, found.form};
    end_ = saved_.size() - sizeof sum;
    std::memcpy(&sum, saved_.data() + end_, sizeof sum);
    if (sum != xxh3_64(saved_.data(), end_)) return error{errc::corrupt_file, "checkpoint.checksum", "that of the bytes", "another one"};
    const auto other = [](const char* field, std::uint64_t was, std::uint64_t is) noexcept { return error{errc::invalid_argument, field, was, is}; };
    if (found.rule_version != wanted.rule_version) return other("checkpoint.rule_version", found.rule_version, wanted.rule_version);
    if (found.rule_fingerprint != wanted.rule_fingerprint) return other("checkpoint.rule_fingerprint", found.rule_fingerprint, wanted.rule_fingerprint);
    if (found.sizer_fingerprint != wanted.sizer_fingerprint) return other("checkpoint.sizer_fingerprint", found.sizer_fingerprint, wanted.sizer_fingerprint);
    if (found.size != wanted.size) return other("chunker_options.size", found.size, wanted.size);
    if (found.overlap != wanted.overlap) return other("chunker_options.overlap", found.overlap, wanted.overlap);
    if (found.fill_percent != wanted.fill_percent) return other("chunker_options.fill_percent", found.fill_percent, wanted.fill_percent);
    if (found.coherent_percent != wanted.coherent_percent) return other("chunker_options.coherent_percent", found.coherent_percent, wanted.coherent_percent);
    if (found.packing != wanted.packing) return other("chunker_options.packing", found.packing, wanted.packing);
    if (found.trim != wanted.trim) return other("chunker_options.trim", found.trim, wanted.trim);
    for (std::size_t i = 0; i + 1 < chunker_options::most_depths; ++i) {
      if (found.inner_sizes[i] != wanted.inner_sizes[i]) return other("chunker_options.inner_sizes", found.inner_sizes[i], wanted.inner_sizes[i]);
    }
    at_ = sizeof found;
    return {};
  }
  template <class T>
  [[nodiscard]] status value(T& out) noexcept {
    if (end_ - at_ < sizeof out) return damaged("bytes", sizeof out, end_ - at_);
    std::memcpy(static_cast<void*>(&out), saved_.data() + at_, sizeof out);
    at_ += sizeof out;
    return {};
  }
  template <class T>
  [[nodiscard]] status array(buffer<T>& out) noexcept {
    std::uint64_t count = 0;
    if (status read = value(count); !read.ok()) return read;
    if (count > (end_ - at_) / sizeof(T)) return damaged("elements", (end_ - at_) / sizeof(T), count);
    const auto size = static_cast<std::size_t>(count);
    if (status made = out.resize(size); !made.ok()) return made;
    if (size != 0) std::memcpy(static_cast<void*>(out.data()), saved_.data() + at_, size * sizeof(T));
    at_ += size * sizeof(T);
    return {};
  }
  [[nodiscard]] status end() const noexcept {
    if (at_ != end_) return damaged("bytes left", 0, end_ - at_);
    return {};
  }
  [[nodiscard]] static error damaged(const char* what, std::uint64_t expected, std::uint64_t found) noexcept {
    return {errc::corrupt_file, what, expected, found};
  }

 private:
  span<const std::byte> saved_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_CHECKPOINT_HPP
