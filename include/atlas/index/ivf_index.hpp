// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_index.hpp -- approximate search over lists of coded vectors.
//
// Room:      ivf_pq<Scalar>: creation, opening, training, and what only this kind has.
// Not here:  what its members promise (index/basic_index.hpp), the lists (index/ivf_engine.hpp and on).
// Depends:   index/{basic_index,ivf_engine,ivf_options,ivf_promise,ivf_tune}.hpp.
// Threads:   as index/basic_index.hpp says.
#ifndef ATLAS_INDEX_IVF_INDEX_HPP
#define ATLAS_INDEX_IVF_INDEX_HPP

#include <atlas/index/ivf_engine.hpp>   // ivf_engine, basic_index
#include <atlas/index/ivf_promise.hpp>  // take_stored
#include <atlas/index/ivf_tune.hpp>     // ivf_tuning

namespace atlas { inline namespace ATLAS_ABI {

/// Vectors by key, searched in the lists whose centroids are nearest: codes of a few bits a component say which rows may
/// be near, and the distances of these are measured. Sooner built than a graph, and with less memory where vectors are
/// left on disk. Its members are basic_index's and the ones here.
/// @tparam Scalar  float
template <class Scalar>
class ivf_pq : public detail::basic_index<detail::ivf_engine> {
  static_assert(detail::is_index_scalar<Scalar>, "atlas::ivf_pq holds float vectors in this version");
  using base = detail::basic_index<detail::ivf_engine>;
  explicit ivf_pq(base&& made) noexcept : base(static_cast<base&&>(made)) {}

 public:
  /// An empty index in memory. It trains itself when it holds enough rows (ivf_pq_options::train_from), as part of the add
  /// that brings them; until then searches are exact and compare all.
  /// @return  errc::invalid_argument or limit_exceeded naming the option, metric_mismatch, scalar_mismatch, no_memory
  [[nodiscard]] static result<ivf_pq> create(const ivf_pq_options& options) noexcept {
    if (status fits = detail::check_shape(options.dimension, options.metric, options.reserve_rows); !fits.ok()) return fits.error();
    if (!detail::is_row_scalar(options.stored)) {
      return error{errc::scalar_mismatch, "stored", "f32, f16, bf16, i8 or u8", static_cast<std::uint64_t>(options.stored)};
    }
    auto made = base::make();
    if (!made.ok()) return made.error();
    ivf_pq index(static_cast<base&&>(*made));
    if (status engine = index.state_->engine.create(options); !engine.ok()) return engine.error();
    const row_layout layout(options.dimension, options.metric, options.stored);
    if (status rows = index.state_->rows.create(layout, options.reserve_rows); !rows.ok()) return rows.error();
    return index;
  }
  /// An index file. The file must not shrink while it is open.
  /// Cost: O(1), whatever its size, to read it mapped. To change it, a pass over its lists, or before training its rows, and
  /// with a rotation their centroids are turned, which takes dimension squared for each if it is a learned one. If it is
  /// loaded, that of reading it.
  /// @return  every code that storage/file_reader.hpp names, kind_mismatch, scalar_mismatch, metric_mismatch;
  ///          errc::invalid_argument for vectors left on disk together with open_mode::change, or of a file that is not trained
  [[nodiscard]] static result<ivf_pq> open(const char* path, const open_options& options = {}) noexcept {
    auto opened = base::open_file(path, options);
    if (!opened.ok()) return opened.error();
    return ivf_pq(static_cast<base&&>(*opened));
  }

  /// Learns lists and codes from a sample, before vectors are added or after; those there are are listed anew.
  /// @param sample   shape [n, dimension], such as will be added: 40 or more for each list, from 256 on more help little
  /// @param options  threads and progress; cancelling leaves the index as it was
  /// @return  errc::invalid_argument (fewer vectors than lists, or than a part has centroids, with both numbers),
  ///          dimension_mismatch, not_finite, zero_vector (cosine), limit_exceeded (a length above 1e18) with the row,
  ///          read_only, no_memory, cancelled
  /// With a wanted recall (ivf_pq_options::recall) a tenth of the sample, 100 to 1,000 vectors, is held back. Once the rows are
  /// listed, if they are at least half as many as the sample, the default probes and rerank become the cheapest that find as much for these
  /// vectors, or else the pair that finds most, and what was measured is promised(). Before rows are there it is tune's to do. A
  /// sample of fewer than 200, or of fewer than 100 more than training needs, promises nothing.
  /// Memory: meanwhile two copies of the sample, a third with a rotation of product codes, and the lists of before beside the
  /// new ones: until the searches that are in them have ended, and then to the next upsert, removal or compact.
  /// Threads: changes wait, searches go on with what was learned before.
  [[nodiscard]] status train(const matrix_view& sample, const add_options& options = {}) noexcept {
    if (this->is_read_only()) return error{errc::read_only, "index", "open_mode::change", "open_mode::read"};
    if (sample.rows == 0) return error{errc::invalid_argument, "sample.rows", "at least 1", sample.rows};
    if (status fits = detail::check_matrix(sample, this->dimension(), "sample"); !fits.ok()) return fits;
    buffer<float> units;
    if (status made = detail::unit_rows(sample, this->metric(), units); !made.ok()) return made;
    auto& own = *this->state_;
    lock_guard<shared_mutex> still(own.change_lock);
    return own.engine.train(own.rows, units, own.pool, own.epochs, options.threads, options.on_progress);
  }
  /// The same from the vectors that are stored, after many came or went: with lists = 0 as many as suit them.
  [[nodiscard]] status retrain(const add_options& options = {}) noexcept {
    if (this->is_read_only()) return error{errc::read_only, "index", "open_mode::change", "open_mode::read"};
    auto& own = *this->state_;
    lock_guard<shared_mutex> still(own.change_lock);
    return own.engine.retrain(own.rows, own.pool, own.epochs, options.threads, options.on_progress);
  }

  /// Finds the cheapest probes and reranking with which searches like these find the wanted share of the exact answers. Both
  /// become the index's: the defaults of its searches, and of files saved from now on. What was measured is promised().
  ///
  /// Reranking is one of 1, 2, 3, 4, 6, 8, 12, 16, 32 and 64 rows for each of k, probes the fewest that are enough with it;
  /// of these the pair that costs least by what lists, codes and vectors cost roughly, not by the clock: the same index and
  /// queries give the same. If none is enough it is the cheapest pair of those that found the most, and the result's recall is
  /// below the wanted one: compare it.
  ///
  /// @param queries  shape [n, dimension]; such as will be asked, several hundred of them for a recall of two digits
  /// @param options  k, recall, progress: cancelling leaves the index as it was
  /// @return  errc::invalid_argument (no queries, k = 0, recall not above 0 to 1, an index that is empty or not trained),
  ///          dimension_mismatch, not_finite, zero_vector (cosine), limit_exceeded, no_memory, cancelled, or of vectors left
  ///          on disk io and corrupt_file; then nothing was set
  /// Cost: for each query a distance to every row, which reads all vectors that are left on disk, then about
  /// 4 * log2(lists) searches, or with codes to rerank by 10 * log2(lists). 8 bytes a query and 4 an answer; while distances are
  /// measured, of vectors that are left on disk up to 16 MiB a thread beside, or what 16 queries take; of float32 in memory 512
  /// queries and their answers, and the memory of nearest for them.
  /// Threads: beside searches and changes, but not trainings; rows that come or go meanwhile make the recall less exact.
  [[nodiscard]] result<tune_result> tune(const matrix_view& queries, const tune_options& options = {}) noexcept {
    auto& own = *this->state_;
    shared_lock_guard<shared_mutex> changing(own.change_lock);  // keeps trainings away
    return tune_by(queries, options, detail::own_row::counts);
  }
  /// The same without queries: with vectors that the last training held back (ivf_pq_options::recall), else with up to 1,000
  /// stored ones from all over the index. Of the k + 1 rows nearest to each, the one that is most like it is left out, as
  /// that is the vector itself. For an index that was trained before its vectors came, or opened from a file.
  /// @return  errc::invalid_argument also for an index of one vector
  [[nodiscard]] result<tune_result> tune(const tune_options& options = {}) noexcept {
    auto& own = *this->state_;
    shared_lock_guard<shared_mutex> changing(own.change_lock);
    if (!own.engine.is_trained()) return not_trained();
    const buffer<float>* sample = &own.engine.trained()->held_back;
    buffer<float> stored;
    if (sample->empty()) {
      const reader_epochs::reader reading = this->read_here();
      if (status taken = detail::take_stored(own.rows, nullptr, 0, detail::most_held_back, stored); !taken.ok()) return taken.error();
      if (stored.empty()) return error{errc::invalid_argument, "index.size", "2 or more", std::uint64_t{0}};
      sample = &stored;
    }
    return tune_by(dense(sample->data(), sample->size() / this->dimension(), this->dimension()), options, detail::own_row::left_out);
  }
  /// What the default probes and rerank were measured to find: by a training with a wanted recall, or by tune. None after
  /// set_defaults and after a training without one, nor while there are twice as many vectors as when it was measured, or
  /// half as many; a file that is saved then promises nothing. That vectors are replaced by others does not show.
  [[nodiscard]] recall_promise promised() const noexcept { return this->state_->engine.promised(this->size()); }

  /// What each training measures for, as ivf_pq_options::recall says.
  [[nodiscard]] recall_promise wanted() const noexcept {
    const ivf_pq_options& options = this->state_->engine.options();
    return {options.recall, options.recall_k};
  }

  [[nodiscard]] bool is_trained() const noexcept { return this->state_->engine.is_trained(); }
  /// How many there are; 0 before training.
  [[nodiscard]] std::size_t lists() const noexcept {
    const reader_epochs::reader reading = this->read_here();
    return this->state_->engine.list_count();
  }
  [[nodiscard]] ivf_codes codes() const noexcept { return this->state_->engine.options().codes; }
  [[nodiscard]] ivf_rotation rotation() const noexcept { return this->state_->engine.options().rotation; }
  [[nodiscard]] std::size_t parts() const noexcept { return this->state_->engine.options().parts; }
  /// In what form candidates are compared before the best are measured, once there are 256 rows.
  [[nodiscard]] traversal_codes rerank_codes() const noexcept { return this->state_->engine.codes().kind(); }
  /// What searches look at that say nothing else: lists, and candidates measured for each of k.
  [[nodiscard]] std::size_t probes() const noexcept {
    const reader_epochs::reader reading = this->read_here();
    return this->state_->engine.probes();
  }
  [[nodiscard]] std::size_t rerank() const noexcept { return this->state_->engine.rerank(); }
  /// Sets both, also of files saved from now on. Nothing is promised of them.
  /// @return  errc::invalid_argument unless 1 <= probes <= 2^20 and 1 <= rerank <= 65,536
  [[nodiscard]] status set_defaults(std::size_t probes, std::size_t rerank) noexcept { return this->state_->engine.set_defaults(probes, rerank); }
  /// Bytes of a row's code.
  [[nodiscard]] std::size_t code_bytes() const noexcept {
    const reader_epochs::reader reading = this->read_here();
    return this->state_->engine.code_bytes();
  }

 private:
  [[nodiscard]] static error not_trained() noexcept { return {errc::invalid_argument, "index", "trained", "not trained yet"}; }
  /// @pre trainings are kept away
  [[nodiscard]] result<tune_result> tune_by(const matrix_view& queries, const tune_options& options, detail::own_row of_queries) noexcept {
    auto& own = *this->state_;
    if (status fits = detail::check_tune(own.rows, queries, options); !fits.ok()) return fits.error();
    if (!own.engine.is_trained()) return not_trained();
    const std::size_t row_count = this->size();
    detail::ivf_tuning tuning({own.rows, own.pool, own.scratches, own.epochs}, *own.engine.trained(), own.engine.codes(), queries, options, {of_queries});
    auto tuned = tuning.find();
    if (!tuned.ok()) return tuned;
    if (status timed = tuning.time(*tuned); !timed.ok()) return timed.error();
    own.engine.set_tuned(*tuned, options.k, row_count);
    return tuned;
  }
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_IVF_INDEX_HPP
