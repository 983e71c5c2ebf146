// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/shard_files.hpp -- index files that are opened together, because they fit together.
//
// Room:      shard_files: paths in, indexes out, and which of them are missing.
// Not here:  the list as a file (index/shard_manifest.hpp), searches (index/shard_search.hpp).
// Depends:   index/{any_index,shard_manifest,shard_options}.hpp.
// Threads:   filled by one thread; then const for all.
#ifndef ATLAS_INDEX_SHARD_FILES_HPP
#define ATLAS_INDEX_SHARD_FILES_HPP

#include <atlas/index/any_index.hpp>       // any_index
#include <atlas/index/shard_manifest.hpp>  // shard_manifest, most_shards
#include <atlas/index/shard_options.hpp>   // shards_options, shard_failure

#include <cerrno>  // EMFILE, ENFILE

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Whether an error says that a file is not there, or not as it was written: what allow_missing does without. That no more
/// files can be open at once says nothing of the file.
[[nodiscard]] constexpr bool is_lost_file(const error& why) noexcept {
  if (why.os_code == EMFILE || why.os_code == ENFILE) return false;
  switch (why.code) {
    case errc::io:
    case errc::corrupt_file:
    case errc::file_not_found:
    case errc::permission_denied:
    case errc::is_a_directory:
    case errc::not_a_directory:
    case errc::not_atlas_file:
    case errc::unsupported_version:
    case errc::wrong_byte_order:
    case errc::kind_mismatch:
    case errc::scalar_mismatch:
    case errc::metric_mismatch: return true;
    default: return false;
  }
}

class shard_files {
 public:
  shard_files() noexcept = default;
  shard_files(const shard_files&) = delete;
  shard_files& operator=(const shard_files&) = delete;
  ~shard_files() {
    for (const listed_file& one : shards_) delete one.index;
  }

  /// The next path, which is copied. @return errc::limit_exceeded, errc::no_memory
  [[nodiscard]] status add(const char* path) noexcept { return add(nullptr, path); }
  /// The same as it stands in a manifest.
  [[nodiscard]] status add(const char* manifest, const char* path) noexcept {
    if (size() == most_shards) return error{errc::limit_exceeded, "shards", "at most", most_shards, most_shards + 1};
    if (status kept = shards_.push_back({nullptr, texts_.size(), {}}); !kept.ok()) return kept;
    if (manifest != nullptr) return shard_manifest::append_resolved(manifest, path, texts_);
    return texts_.append(path, std::strlen(path) + 1);
  }

  /// Opens every file that was added. @return shards::open's errors
  [[nodiscard]] status open(const shards_options& options) noexcept {
    for (std::size_t i = 0; i < size(); ++i) {
      bool is_lost = false;
      const status opened = open_one(i, options, is_lost);
      if (opened.ok()) continue;
      const shard_failure failure{i, path(i), opened.error().at_row(i)};
      if (options.on_failure) options.on_failure(failure);
      if (!is_lost || !options.allow_missing) return failure.why;
      if (status kept = missing_.push_back(failure); !kept.ok()) return kept;
    }
    if (first_ == nullptr) {
      if (options.on_failure) options.on_failure(missing_[0]);  // whose error it is that open gives, so that it is told of last
      return missing_[0].why;
    }
    return {};
  }

  [[nodiscard]] std::size_t size() const noexcept { return shards_.size(); }
  /// Null for a missing one. @pre shard < size()
  [[nodiscard]] const any_index* index(std::size_t shard) const noexcept { return shards_[shard].index; }
  /// NUL-terminated; valid when all are added. @pre shard < size()
  [[nodiscard]] const char* path(std::size_t shard) const noexcept { return texts_.data() + shards_[shard].path_at; }
  [[nodiscard]] span<const shard_failure> missing() const noexcept { return {missing_.data(), missing_.size()}; }
  /// One of those that are there. @pre open() was ok
  [[nodiscard]] const any_index& first() const noexcept { return *first_; }
  /// Rows of the largest, removed ones included; at least 1.
  [[nodiscard]] std::size_t most_rows() const noexcept { return most_rows_; }

 private:
  struct listed_file {
    any_index* index = nullptr;
    std::size_t path_at = 0;  ///< in texts_
    file_identity file;
  };

  [[nodiscard]] status open_one(std::size_t at, const shards_options& options, bool& is_lost) noexcept {
    auto opened = any_index::open(path(at), {open_mode::read, options.vectors, options.load});
    if (!opened.ok()) {
      if (opened.error() == errc::not_atlas_file && shard_manifest::is_manifest(path(at))) {
        return error{errc::kind_mismatch, "shard", "an index file", "a manifest of shards"};
      }
      is_lost = is_lost_file(opened.error());
      return opened.error();
    }
    const auto identity = opened->file()->file().file().identity();
    if (!identity.ok()) return identity.error();
    for (std::size_t other = 0; other < at; ++other) {
      if (shards_[other].index == nullptr || !(shards_[other].file == *identity)) continue;
      error same{errc::invalid_argument, "shard.file", "another file than that of shard", other, at};
      same.found_text = "the same";
      return same;
    }
    if (first_ != nullptr) {
      if (opened->dimension() != first_->dimension()) {
        return error{errc::dimension_mismatch, "shard.dimension", first_->dimension(), opened->dimension()};
      }
      if (opened->metric() != first_->metric()) {
        return error{errc::metric_mismatch, "shard.metric", name(first_->metric()), name(opened->metric())};
      }
    }
    auto* const kept = new (std::nothrow) any_index(static_cast<any_index&&>(*opened));
    if (kept == nullptr) return error{errc::no_memory, "shard"};
    shards_[at].index = kept;
    shards_[at].file = *identity;
    if (first_ == nullptr) first_ = kept;
    const auto rows = static_cast<std::size_t>(kept->file()->header().rows);
    if (rows > most_rows_) most_rows_ = rows;
    return {};
  }

  buffer<listed_file> shards_;
  buffer<char> texts_;  // the paths, each with a NUL behind it
  buffer<shard_failure> missing_;
  const any_index* first_ = nullptr;
  std::size_t most_rows_ = 1;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_SHARD_FILES_HPP
