// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/shards.hpp -- several index files as one.
//
// Room:      shards: open a manifest or paths, search all at once, one answer.
// Not here:  the manifest's text (index/shard_manifest.hpp), how searches are shared out (index/shard_search.hpp).
// Depends:   core, index/{any_index,input_checks,shard_files,shard_manifest,shard_options,shard_search}.hpp.
// Threads:   all members may run beside each other, except moving from, assigning to and destroying the shards. A child of
//            fork() may go on searching what it inherited.
#ifndef ATLAS_INDEX_SHARDS_HPP
#define ATLAS_INDEX_SHARDS_HPP

#include <atlas/index/input_checks.hpp>   // check_search, check_range
#include <atlas/index/shard_files.hpp>    // shard_files
#include <atlas/index/shard_options.hpp>  // shards_options, shard_answer
#include <atlas/index/shard_search.hpp>   // shard_search

namespace atlas { inline namespace ATLAS_ABI {

/// Index files of one dimension and metric, of any kinds and stored scalars, opened to be read. A key in several shards is
/// answered once, with the least of its distances. Moved-from shards may only be destroyed or assigned to.
class shards {
 public:
  shards(shards&& other) noexcept : state_(other.state_) { other.state_ = nullptr; }
  shards& operator=(shards&& other) noexcept {
    if (this != &other) {
      delete state_;
      state_ = other.state_;
      other.state_ = nullptr;
    }
    return *this;
  }
  shards(const shards&) = delete;
  shards& operator=(const shards&) = delete;
  ~shards() { delete state_; }

  /// Opens the files that a manifest lists.
  ///
  /// @param manifest  NUL-terminated; see shard_manifest
  /// @return  shard_manifest::read's errors. Of a shard, whose place in the list, from 0, is then the error's row and whose
  ///          path options.on_failure is given: the errors of any_index::open; dimension_mismatch or metric_mismatch for one
  ///          that differs from the first that is there; invalid_argument for a file that is listed before by whatever path;
  ///          kind_mismatch for a manifest. errc::no_memory
  /// Cost: that of opening each. Each keeps a file descriptor open. Mapped files must not shrink while they are open
  /// (storage/mapped_file.hpp); of vectors left on disk that is an error of the search.
  [[nodiscard]] static result<shards> open(const char* manifest, const shards_options& options = {}) noexcept {
    const auto list = shard_manifest::read(manifest);
    if (!list.ok()) return list.error();
    auto made = make(options);
    if (!made.ok()) return made;
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (status kept = made->state_->files.add(manifest, list->path(i)); !kept.ok()) return kept.error();
    }
    if (status opened = made->state_->files.open(options); !opened.ok()) return opened.error();
    return made;
  }
  /// The same of paths, relative ones to the working directory. @param paths  1 to most_shards, each NUL-terminated
  [[nodiscard]] static result<shards> open(span<const char* const> paths, const shards_options& options = {}) noexcept {
    if (paths.empty()) return error{errc::invalid_argument, "shards", "1 to 4096", std::uint64_t{0}};
    auto made = make(options);
    if (!made.ok()) return made;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (paths[i] == nullptr) return error{errc::invalid_argument, "shard.path", "a path", "null"}.at_row(i);
      if (status kept = made->state_->files.add(paths[i]); !kept.ok()) return kept.error();
    }
    if (status opened = made->state_->files.open(options); !opened.ok()) return opened.error();
    return made;
  }

  /// The k nearest vectors that are stored in any shard, nearest first, equal distances in the order of keys: the nearest of what
  /// each shard answers, so of flat shards alone the exact ones. Where more are equally distant than fit, each shard answers
  /// some of them by its own rule.
  ///
  /// @param queries  shape [n, dimension]
  /// @param options  go to each shard; its threads are shared out over shards and queries, and `allowed.predicate` is called
  ///                 from all of them. `time_limit_ns` is that of a query in one shard
  /// @param hits     as any index fills them
  /// @return  who answered; the errors of a search of any index, whose row is then that of the query. If the file of a
  ///          shard fails, that is errc::io or corrupt_file, whose row is the shard's place; with allow_missing it is asked again,
  ///          query by query, and those that it fails again are answered by the others. After an error some queries may be
  ///          answered
  /// Cost: that of the searches, and a merge of k answers a shard. Allocates as these do, and for itself nothing once as many
  /// searches of as many answers have run at the same time before.
  [[nodiscard]] result<shard_answer> search(const matrix_view& queries, const search_options& options, hits_view hits) const noexcept {
    if (status fits = detail::check_search(queries, dimension(), options, hits); !fits.ok()) return fits.error();
    for (std::size_t i = 0; i < queries.rows; ++i) {
      const auto norm = detail::checked_inverse_norm(queries.row(i), dimension(), metric());
      if (!norm.ok()) return norm.error().at_row(i);
    }
    return with_search(options.threads, [&](detail::shard_search& search) noexcept { return search.nearest(queries, options, hits); });
  }

  /// The vectors within a radius that are stored in any shard, nearest first, each key once.
  ///
  /// @param query, radius, keys, distances  as of any index
  /// @return  who answered, and in `found` how many keys lie within the radius; or search's errors
  /// Cost: allocates as much as it finds.
  [[nodiscard]] result<shard_answer> range(span<const float> query, float radius, const shard_range_options& options,
                                           span<std::uint64_t> keys, span<float> distances) const noexcept {
    if (status fits = detail::check_range(query, dimension(), radius, keys, distances); !fits.ok()) return fits.error();
    if (const auto norm = detail::checked_inverse_norm(query.data(), dimension(), metric()); !norm.ok()) return norm.error();
    return with_search(options.threads, [&](detail::shard_search& search) noexcept {
      return search.within(query, radius, options, keys, distances);
    });
  }

  /// The first shard that stores a key, or no_shard; missing shards store none. Cost: a look-up in each.
  [[nodiscard]] std::size_t find(std::uint64_t key) const noexcept {
    for (std::size_t i = 0; i < shard_count(); ++i) {
      if (const any_index* index = shard(i); index != nullptr && index->contains(key)) return i;
    }
    return no_shard;
  }
  [[nodiscard]] bool contains(std::uint64_t key) const noexcept { return find(key) != no_shard; }
  /// The vector of a key, out of the first shard that stores it.
  /// @return  errc::key_not_found, also for a key of a missing shard; or the errors of any index
  [[nodiscard]] status get(std::uint64_t key, float* out) const noexcept {
    const std::size_t place = find(key);
    if (place == no_shard) return key_not_found(key);
    return shard(place)->get(key, out);
  }
  /// Exact distances of a query to stored vectors, by key: the least, where several shards store it.
  /// @param out  shape [keys.size()]
  /// @return     errc::key_not_found naming the row of `keys`, or search's errors; then out is as it was up to there
  [[nodiscard]] status distances(span<const float> query, span<const std::uint64_t> keys, float* out) const noexcept {
    if (status fits = detail::check_vector(query, dimension(), "query"); !fits.ok()) return fits;
    if (keys.empty()) return {};
    if (keys.data() == nullptr || out == nullptr) return error{errc::invalid_argument, "keys, out", "pointers", "null"};
    for (std::size_t row = 0; row < keys.size(); ++row) {
      bool is_stored = false;
      for (std::size_t i = find(keys[row]); i < shard_count(); ++i) {
        if (shard(i) == nullptr || !shard(i)->contains(keys[row])) continue;
        float distance = 0;
        if (status got = shard(i)->distances(query, keys.subspan(row, 1), &distance); !got.ok()) return got.error().at_row(row);
        if (!is_stored || distance < out[row]) out[row] = distance;
        is_stored = true;
      }
      if (!is_stored) return key_not_found(keys[row]).at_row(row);
    }
    return {};
  }
  /// The next stored keys, shard after shard; one that several store comes as often.
  /// @param cursor  0 to begin; moved on
  /// @param out     any length
  /// @return        keys written; 0 at the end
  std::size_t list_keys(std::uint64_t& cursor, span<std::uint64_t> out) const noexcept {
    constexpr std::uint64_t shard_unit = std::uint64_t{1} << 32;  // more than an index has rows
    std::size_t written = 0;
    while (written < out.size() && cursor / shard_unit < shard_count()) {
      const any_index* const index = shard(static_cast<std::size_t>(cursor / shard_unit));
      std::uint64_t inside = cursor % shard_unit;
      const std::size_t listed = index == nullptr ? 0 : index->list_keys(inside, out.subspan(written, out.size() - written));
      written += listed;
      cursor = listed == 0 ? (cursor / shard_unit + 1) * shard_unit : cursor / shard_unit * shard_unit + inside;
    }
    return written;
  }

  /// Stored vectors of the shards that are there; a key that several store counts as often.
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < shard_count(); ++i) sum += shard(i) == nullptr ? 0 : shard(i)->size();
    return sum;
  }
  [[nodiscard]] std::size_t dimension() const noexcept { return state_->files.first().dimension(); }
  [[nodiscard]] atlas::metric metric() const noexcept { return state_->files.first().metric(); }
  /// Shards that are listed, missing ones too.
  [[nodiscard]] std::size_t shard_count() const noexcept { return state_->files.size(); }
  /// Null for a missing one. @pre place < shard_count()
  [[nodiscard]] const any_index* shard(std::size_t place) const noexcept { return state_->files.index(place); }
  /// What was opened as it, NUL-terminated: a manifest's folder and the path that it lists. @pre place < shard_count()
  [[nodiscard]] const char* path(std::size_t place) const noexcept { return state_->files.path(place); }
  /// Those that could not be opened, in the order of the list; none unless allow_missing.
  [[nodiscard]] span<const shard_failure> missing() const noexcept { return state_->files.missing(); }
  [[nodiscard]] memory_use memory() const noexcept {
    memory_use sum;
    for (std::size_t i = 0; i < shard_count(); ++i) {
      if (shard(i) == nullptr) continue;
      const memory_use one = shard(i)->memory();
      sum.vectors += one.vectors;
      sum.keys += one.keys;
      sum.graph += one.graph;
      sum.scratch += one.scratch;
    }
    sum.scratch += state_->scratches.bytes();
    return sum;
  }

 private:
  struct state {
    detail::shard_files files;
    bool allow_missing = false;
    mutable thread_pool pool;
    mutable detail::idle_list<detail::shard_scratch> scratches;
  };
  explicit shards(state* made) noexcept : state_(made) {}

  [[nodiscard]] static result<shards> make(const shards_options& options) noexcept {
    auto* made = new (std::nothrow) state;
    if (made == nullptr) return error{errc::no_memory, "shards"};
    made->allow_missing = options.allow_missing;
    return shards(made);
  }
  [[nodiscard]] error key_not_found(std::uint64_t key) const noexcept {
    return {errc::key_not_found, "key", missing().empty() ? "a stored key" : "a key stored in a shard that is there", key};
  }
  template <class Call>
  [[nodiscard]] result<shard_answer> with_search(unsigned threads, Call call) const noexcept {
    detail::shard_scratch* scratch = state_->scratches.take();
    if (scratch == nullptr) scratch = new (std::nothrow) detail::shard_scratch;
    if (scratch == nullptr) return error{errc::no_memory, "search scratch"};
    detail::shard_search search(state_->files, state_->pool, *scratch, state_->allow_missing, threads);
    auto answer = call(search);
    state_->scratches.give_back(scratch);
    return answer;
  }

  state* state_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_SHARDS_HPP
