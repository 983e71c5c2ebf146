// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_index.hpp -- approximate search over a navigable small world graph.
//
// Room:      hnsw<Scalar>: creation, opening, and what only this kind has.
// Not here:  what its members promise (index/basic_index.hpp), the graph (index/hnsw_engine.hpp and on).
// Depends:   index/{basic_index,hnsw_engine,hnsw_options,hnsw_tune}.hpp.
// Threads:   as index/basic_index.hpp says.
#ifndef ATLAS_INDEX_HNSW_INDEX_HPP
#define ATLAS_INDEX_HNSW_INDEX_HPP

#include <atlas/index/hnsw_engine.hpp>  // hnsw_engine, basic_index
#include <atlas/index/hnsw_tune.hpp>    // hnsw_tuning

namespace atlas { inline namespace ATLAS_ABI {

/// Vectors by key, searched along a graph: a few thousand distances instead of all. Its members are
/// basic_index's and the ones here.
/// @tparam Scalar  float
template <class Scalar>
class hnsw : public detail::basic_index<detail::hnsw_engine> {
  static_assert(detail::is_index_scalar<Scalar>, "atlas::hnsw holds float vectors in this version");
  using base = detail::basic_index<detail::hnsw_engine>;
  explicit hnsw(base&& made) noexcept : base(static_cast<base&&>(made)) {}

 public:
  /// An empty index in memory.
  /// @return  errc::invalid_argument or limit_exceeded naming the option, metric_mismatch, scalar_mismatch, no_memory
  [[nodiscard]] static result<hnsw> create(const hnsw_options& options) noexcept {
    if (status fits = detail::check_shape(options.dimension, options.metric, options.reserve_rows); !fits.ok()) return fits.error();
    auto made = base::make();
    if (!made.ok()) return made.error();
    hnsw index(static_cast<base&&>(*made));
    if (status engine = index.state_->engine.create(options); !engine.ok()) return engine.error();
    const row_layout layout(options.dimension, options.metric, options.stored);
    if (status rows = index.state_->rows.create(layout, options.reserve_rows); !rows.ok()) return rows.error();
    return index;
  }
  /// An index file. Cost: O(1), whatever its size, unless it is loaded. The file must not shrink while it is open.
  /// @return  every code that storage/file_reader.hpp names, kind_mismatch, scalar_mismatch, metric_mismatch;
  ///          errc::invalid_argument for vectors left on disk together with open_mode::change; errc::read_only for a sealed
  ///          file together with that mode
  [[nodiscard]] static result<hnsw> open(const char* path, const open_options& options = {}) noexcept {
    auto opened = base::open_file(path, options);
    if (!opened.ok()) return opened.error();
    return hnsw(static_cast<base&&>(*opened));
  }
  /// The same of a file that is open already.
  [[nodiscard]] static result<hnsw> open(file_reader&& file, const open_options& options = {}) noexcept {
    auto opened = base::open_reader(static_cast<file_reader&&>(file), options);
    if (!opened.ok()) return opened.error();
    return hnsw(static_cast<base&&>(*opened));
  }

  /// Writes a sealed form of this index to a file, complete or not at all, as save does: it answers faster and cannot change.
  /// Beside each row lie the numbers of its neighbours and one bit a component of each, so that a search goes to those
  /// alone that may be near. Open it as any file, to read.
  ///
  /// @return  errc::invalid_argument for a degree that is no multiple of 32 up to 128, or save's errors
  /// Cost: about half of building the graph; the file has about degree * (dimension / 8 + 12) bytes a row more.
  /// Source: SymphonyQG (Gou et al., SIGMOD 2025), but with codes for the rows and their vectors left where they are.
  [[nodiscard]] status seal(const char* path, const seal_options& options = {}) const noexcept {
    if (options.degree == 0 || options.degree > 128 || options.degree % 32 != 0) {
      return error{errc::invalid_argument, "degree", "32, 64, 96 or 128", options.degree};
    }
    return this->write_file(path, options.save, [&](detail::section_writer& writer, index_parameters& parameters) noexcept {
      return this->state_->engine.seal(writer, this->state_->rows, parameters, options, this->state_->pool, this->state_->scratches);
    });
  }
  /// Finds the width at which searches like these find the wanted share of the exact answers, and how far ahead to prefetch
  /// then. Both become the index's: the defaults of its searches, and of files saved from now on. Only the defaults in this
  /// process change: an index that is read-only, or sealed, is tuned and saved as any other.
  ///
  /// The width is at least k, and finds the wanted share of the k nearest live rows of these queries, while one less, if
  /// that is no less than k, does not. (Recall is not quite monotonic: a narrower width may happen to do as well.) It does
  /// not depend on time: the same index, queries and SIMD target give the same width and recall. If no width is enough, up
  /// to as many as there are rows or 65,536, it is the narrowest of those that found the most, in the same sense, and the
  /// result's recall is below the wanted one: compare it. How far ahead to prefetch is measured on the clock, and stays the
  /// default unless another is at least 2 % faster.
  ///
  /// @param queries  shape [n, dimension]; such as will be asked, several hundred of them for a recall of two digits
  /// @param options  k, recall, progress: cancelling leaves the index as it was
  /// @return  errc::invalid_argument (no queries, k = 0, recall not above 0 to 1, an empty index), dimension_mismatch,
  ///          not_finite, zero_vector (cosine), limit_exceeded, no_memory, cancelled, or of vectors left on disk io and
  ///          corrupt_file; then nothing was set
  /// Cost: for each query a distance to every row, which reads all vectors that are left on disk, then about 2 * log2(width)
  /// searches; then up to four seconds. 8 bytes a query and 4 an answer; while distances are
  /// measured, of vectors that are left on disk up to 16 MiB a thread beside, or what 16 queries take; of float32 in memory 512
  /// queries and their answers, and the memory of nearest for them.
  /// Threads: beside searches and changes; rows that come or go meanwhile make the recall less exact.
  [[nodiscard]] result<tune_result> tune(const matrix_view& queries, const tune_options& options = {}) noexcept {
    auto& own = *this->state_;
    if (status fits = detail::check_tune(own.rows, queries, options); !fits.ok()) return fits.error();
    auto tuned = detail::hnsw_tuning({own.rows, own.pool, own.scratches, own.epochs}, own.engine, queries, options).run();
    if (!tuned.ok()) return tuned;
    if (status set = set_search_width(tuned->width); !set.ok()) return set.error();
    own.engine.set_prefetch_rows(tuned->prefetch_rows);
    return tuned;
  }
  [[nodiscard]] bool is_sealed() const noexcept { return this->state_->engine.is_sealed(); }

  [[nodiscard]] std::uint32_t connectivity() const noexcept { return this->state_->engine.graph().connectivity(); }
  [[nodiscard]] std::uint32_t build_width() const noexcept { return this->state_->engine.build_width(); }
  [[nodiscard]] std::uint32_t search_width() const noexcept { return this->state_->engine.search_width(); }
  /// The width of searches that name none, also in files saved from now on.
  /// @return  errc::invalid_argument unless 1 <= width <= 65,536
  [[nodiscard]] status set_search_width(std::size_t width) noexcept { return this->state_->engine.set_search_width(width); }
  /// How many rows a walk asks for ahead; tune finds it.
  [[nodiscard]] std::size_t prefetch_rows() const noexcept { return this->state_->engine.prefetch_rows(); }
  /// In what form rows are compared in walks, once there are as many as options.codes_from.
  [[nodiscard]] traversal_codes codes() const noexcept { return this->state_->engine.codes().kind(); }
  [[nodiscard]] std::uint32_t codes_from() const noexcept { return this->state_->engine.codes_from(); }
  /// What the levels of rows are drawn with.
  [[nodiscard]] std::uint64_t seed() const noexcept { return this->state_->engine.seed(); }
  [[nodiscard]] float alpha() const noexcept { return this->state_->engine.alpha(); }
  /// The highest level of the graph.
  [[nodiscard]] std::uint32_t max_level() const noexcept { return this->state_->engine.graph().entry().level; }
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_HNSW_INDEX_HPP
