// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_engine.hpp -- an inverted file as the engine of an index: train, link, search, save, open.
//
// Room:      what was learned and the lists, from none to the first training and from one training to the next.
// Not here:  searches (index/ivf_query.hpp, index/ivf_group.hpp), their sections of a file (index/ivf_file.hpp), coding
//            (index/ivf_encoding.hpp), how removed rows leave lists (index/ivf_tidying.hpp), what recall is measured with
//            (index/ivf_promise.hpp, index/ivf_tune.hpp).
// Depends:   index/{basic_index,code_store,ivf_encoding,ivf_file,ivf_group,ivf_options,ivf_promise,ivf_query,ivf_tidying,ivf_tune}.hpp.
// Threads:   as index/basic_index.hpp says.
#ifndef ATLAS_INDEX_IVF_ENGINE_HPP
#define ATLAS_INDEX_IVF_ENGINE_HPP

#include <atlas/index/basic_index.hpp>  // found_rows, section_writer
#include <atlas/index/code_store.hpp>   // code_store
#include <atlas/index/ivf_encoding.hpp> // ivf_encoding
#include <atlas/index/ivf_file.hpp>     // save_lists, open_lists
#include <atlas/index/ivf_group.hpp>    // ivf_group_search
#include <atlas/index/ivf_options.hpp>  // ivf_pq_options
#include <atlas/index/ivf_promise.hpp>  // kept_promise
#include <atlas/index/ivf_query.hpp>    // ivf_search
#include <atlas/index/ivf_tidying.hpp>  // ivf_tidying
#include <atlas/index/ivf_tune.hpp>     // ivf_tuning

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

class ivf_engine {
 public:
  static constexpr file_kind kind = file_kind::ivf_pq;
  static constexpr bool may_leave_vectors = true;
  static constexpr bool tidies_to_save = false;
  using parameters_type = ivf_parameters;
  static constexpr std::uint32_t known_sections[] = {
      static_cast<std::uint32_t>(index_section::vectors),     static_cast<std::uint32_t>(index_section::keys),
      static_cast<std::uint32_t>(index_section::row_states),  static_cast<std::uint32_t>(index_section::key_map),
      static_cast<std::uint32_t>(index_section::codes),       static_cast<std::uint32_t>(index_section::code_centre),
      static_cast<std::uint32_t>(index_section::lists),       static_cast<std::uint32_t>(index_section::list_blocks),
      static_cast<std::uint32_t>(index_section::centroids),   static_cast<std::uint32_t>(index_section::centroid_codes),
      static_cast<std::uint32_t>(index_section::centroid_terms),
      static_cast<std::uint32_t>(index_section::list_centre),
      static_cast<std::uint32_t>(index_section::quantizer),   static_cast<std::uint32_t>(index_section::list_rotation),
      static_cast<std::uint32_t>(index_section::list_graph), static_cast<std::uint32_t>(index_section::list_spreads)};

  ivf_engine() noexcept = default;
  ivf_engine(const ivf_engine&) = delete;
  ivf_engine& operator=(const ivf_engine&) = delete;
  ~ivf_engine() {
    delete trained_.load_acquire();
    for (const replaced& one : replaced_) delete one.parts;
  }

  [[nodiscard]] static constexpr bool holds(scalar element) noexcept { return is_row_scalar(element); }
  [[nodiscard]] status create(const ivf_pq_options& options) noexcept {
    if (status fits = check_ivf_options(options); !fits.ok()) return fits;
    options_ = with_choices(options);
    probes_.store_release(static_cast<std::uint32_t>(options_.probes));
    rerank_.store_release(static_cast<std::uint32_t>(options_.rerank));
    return codes_.create(options_.rerank_codes, options_.dimension, options_.metric, options_.reserve_rows);
  }

  [[nodiscard]] const ivf_pq_options& options() const noexcept { return options_; }
  /// What was learned, and the lists; null before. @pre a reader epoch is held, or changes are kept away
  [[nodiscard]] const ivf_parts* trained() const noexcept { return trained_.load_acquire(); }
  [[nodiscard]] bool is_trained() const noexcept { return trained() != nullptr; }
  /// How many lists there are, and the bytes of a code; before training 0. @pre as trained()
  [[nodiscard]] std::uint32_t list_count() const noexcept {
    const ivf_parts* const parts = trained();
    return parts != nullptr ? parts->lists.list_count() : 0;
  }
  [[nodiscard]] std::size_t code_bytes() const noexcept {
    const ivf_parts* const parts = trained();
    return parts != nullptr ? parts->model.coder().layout().code_bytes : 0;
  }

  // -- what basic_index asks of an engine
  [[nodiscard]] status make_room(const row_batch& batch) noexcept { return codes_.make_room(std::size_t{batch.first} + batch.fresh_count); }
  void store_beside(const row_store& rows, const row_batch& batch) noexcept { codes_.store(rows, batch, rerank_codes_from); }
  [[nodiscard]] status reserve(std::uint32_t rows) noexcept { return codes_.make_room(rows); }
  [[nodiscard]] status link_batch(const row_store& rows, const row_batch& batch, thread_pool& pool, reader_epochs& epochs,
                                  const add_options& options) noexcept {
    buffer<std::uint32_t> ids;
    if (status made = ids.resize(batch.count()); !made.ok()) return made;
    for (std::uint32_t i = 0; i < batch.count(); ++i) ids[i] = batch.row(i);
    const work how{pool, epochs, options.threads, options.on_progress, batch.count()};
    if (!how.report(0.0)) return errc::cancelled;
    if (!is_trained()) {
      lock_guard<mutex> training(training_lock_);
      if (!is_trained()) {
        const std::size_t before = unlisted_.size();
        status linked = unlisted_.append(ids.data(), ids.size());
        if (linked.ok() && unlisted_.size() >= train_from()) {
          buffer<float> sample;
          linked = take_sample(rows, unlisted_, sample);
          // Not enough that can be trained on: searches stay exact.
          if (linked.ok() && has_enough(sample)) linked = train_on(sample, rows, unlisted_, how);
        }
        if (linked.ok() && !how.report(1.0)) linked = errc::cancelled;
        if (!linked.ok() && !is_trained()) (void)unlisted_.resize(before);  // shrinking cannot fail
        return linked;
      }
    }
    return list_rows(*trained_.load_acquire(), rows, ids, how);
  }
  /// Learns from a sample and lists the rows there are. @pre no change is under way
  /// @param sample  shape [n, dimension], under cosine of unit length; what is in it afterwards is of no use
  [[nodiscard]] status train(const row_store& rows, buffer<float>& sample, thread_pool& pool, reader_epochs& epochs, unsigned threads,
                             progress on_progress) noexcept {
    const std::size_t sample_rows = sample.size() / options_.dimension;
    if (!has_enough(sample)) return error{errc::invalid_argument, "sample.rows", "at least", fewest_to_train(options_), sample_rows};
    buffer<std::uint32_t> live;
    if (status found = find_live(rows, live); !found.ok()) return found;
    return train_on(sample, rows, live, {pool, epochs, threads, on_progress, percent});
  }
  /// Learns anew from the rows there are, and lists them anew. @pre no change is under way
  [[nodiscard]] status retrain(const row_store& rows, thread_pool& pool, reader_epochs& epochs, unsigned threads, progress on_progress) noexcept {
    buffer<std::uint32_t> live;
    if (status found = find_live(rows, live); !found.ok()) return found;
    buffer<float> sample;
    if (status taken = take_sample(rows, live, sample); !taken.ok()) return taken;
    if (!has_enough(sample)) {
      return error{errc::invalid_argument, "rows to train on", "at least", fewest_to_train(options_), sample.size() / options_.dimension};
    }
    return train_on(sample, rows, live, {pool, epochs, threads, on_progress, percent});
  }

  /// Pays for `removals` removed rows: takes some of those there are out of lists. Not inside a reader.
  void tidy(row_store& rows, reader_epochs& epochs, scratch_list&, std::size_t removals) noexcept {
    drop_replaced(epochs);
    tidying_.step(places(rows, epochs), removals);
  }
  /// Takes all removed rows out of lists. @pre no change is under way; not inside a reader
  /// @return  false if that cannot be now; nothing is wrong then
  [[nodiscard]] bool tidy_all(row_store& rows, reader_epochs& epochs, scratch_list&) noexcept {
    const bool are_out = tidying_.finish(places(rows, epochs));
    if (are_out) drop_replaced(epochs);
    return are_out;
  }

  [[nodiscard]] result<found_rows> nearest(const row_store& rows, search_scratch& scratch, const search_options& options) const noexcept {
    const ivf_parts* const parts = trained();
    const status found = parts == nullptr ? exact_nearest(rows, options.k, options.allowed, scratch)
                                          : ivf_search(rows, *parts, codes_, scratch).nearest(request(*parts, options));
    if (!found.ok()) return found.error();
    if (parts == nullptr) order_equals_by_key(scratch.answers.data(), scratch.answers.size(), rows);
    return found_rows{scratch.answers.data(), scratch.answers.size()};
  }
  /// How many of so many queries are answered together. @pre as trained()
  [[nodiscard]] std::size_t queries_at_once(const search_options& options, std::size_t queries) const noexcept {
    const ivf_parts* const parts = trained();
    return parts == nullptr ? 1 : ivf_group_search::queries_at_once(*parts, options_.dimension, request(*parts, options), queries);
  }
  [[nodiscard]] status nearest_of_group(const row_store& rows, search_scratch& scratch, const matrix_view& queries, const search_options& options,
                                        hits_view hits) const noexcept {
    const ivf_parts& parts = *trained();  // once it is there it stays
    return ivf_group_search(rows, parts, codes_, scratch).nearest(queries, request(parts, options), hits);
  }
  [[nodiscard]] result<found_rows> within(const row_store& rows, search_scratch& scratch, float radius, const range_options& options) const noexcept {
    const ivf_parts* const parts = trained();
    status found;
    if (parts == nullptr) {
      found = exact_range(rows, radius, options.allowed, scratch);
      order_equals_by_key(scratch.answers.data(), scratch.answers.size(), rows);
    } else {
      const std::size_t wanted = options.width == 0 ? probes() : options.width;
      found = ivf_search(rows, *parts, codes_, scratch).within(radius, clamp_probes(*parts, wanted), options.allowed);
    }
    if (!found.ok()) return found.error();
    return found_rows{scratch.answers.data(), scratch.answers.size()};
  }

  [[nodiscard]] result<std::uint64_t> save(section_writer& writer, const row_store& rows, ivf_parameters& parameters) const noexcept {
    const std::uint32_t row_stride_bytes = parameters.row_stride_bytes;
    parameters = parameters_of(options_);
    parameters.row_stride_bytes = row_stride_bytes;
    parameters.probes = probes_.load_acquire();
    parameters.rerank = rerank_.load_acquire();
    promise_.save(parameters, rows.live_count());
    return save_ivf(writer, rows, codes_, trained(), parameters);
  }
  [[nodiscard]] status open(const file_reader& file, const open_options& options, const ivf_parameters& parameters) noexcept {
    const file_header& header = file.header();
    auto said = options_of(header, parameters);
    if (!said.ok()) return said.error();
    options_ = *said;
    probes_.store_release(parameters.probes);
    rerank_.store_release(static_cast<std::uint32_t>(options_.rerank));
    const stored_codes stored{parameters.rerank_codes, parameters.rerank_codes_wanted, rerank_codes_from};
    if (status codes = open_codes(file, options, stored, codes_); !codes.ok()) return codes;
    promise_.open(parameters);
    if (parameters.list_count == 0) {
      if (options.vectors == vector_residence::on_disk) {
        return error{errc::invalid_argument, "open_options.vectors", "mapped, as nothing is trained and every search reads all", "on_disk"};
      }
      for (std::uint32_t row = 0; options.mode == open_mode::change && row < header.rows; ++row) {
        if (status noted = unlisted_.push_back(row); !noted.ok()) return noted;
      }
      return {};
    }
    auto* const parts = new (std::nothrow) ivf_parts;
    if (parts == nullptr) return error{errc::no_memory, "inverted file"};
    trained_.store_release(parts);
    return open_ivf(file, options, options_, parameters, *parts);
  }
  /// Of codes, of lists and of what was learned; until searches have left it, of what was learned before too.
  [[nodiscard]] std::uint64_t bytes(std::uint32_t row_count) const noexcept {
    const ivf_parts* const parts = trained();
    return codes_.bytes(row_count) + (parts == nullptr ? 0 : bytes_of(*parts)) + replaced_bytes_.load_acquire();
  }
  [[nodiscard]] const code_store& codes() const noexcept { return codes_; }

  [[nodiscard]] std::size_t probes() const noexcept {
    if (const std::uint32_t probes = probes_.load_acquire(); probes != 0) return probes;
    const ivf_parts* const parts = trained();
    return parts != nullptr && parts->usual_probes != 0 ? parts->usual_probes : usual_probes(list_count());
  }
  [[nodiscard]] std::size_t rerank() const noexcept { return rerank_.load_acquire(); }
  [[nodiscard]] status set_defaults(std::size_t probes, std::size_t rerank) noexcept {
    if (probes == 0 || probes > most_probes) return error{errc::invalid_argument, "probes", "1 to 2^20", probes};
    if (rerank == 0 || rerank > most_rerank) return error{errc::invalid_argument, "rerank", "1 to 65536", rerank};
    lock_guard<mutex> setting(defaults_lock_);
    promise_.clear();
    probes_.store_release(static_cast<std::uint32_t>(probes));
    rerank_.store_release(static_cast<std::uint32_t>(rerank));
    return {};
  }
  /// What searches with the defaults were measured to find, as far as it holds with so many rows.
  [[nodiscard]] recall_promise promised(std::size_t row_count) const noexcept { return promise_.at(row_count); }
  /// Makes what was found the defaults and the promise.
  void set_tuned(const tune_result& tuned, std::size_t k, std::size_t row_count) noexcept {
    lock_guard<mutex> setting(defaults_lock_);
    promise_.clear();  // until the defaults are those that it is of
    probes_.store_release(static_cast<std::uint32_t>(tuned.probes));
    rerank_.store_release(static_cast<std::uint32_t>(tuned.rerank));
    promise_.set({tuned.recall, k}, row_count);
  }

 private:
  struct work {
    thread_pool& pool;
    reader_epochs& epochs;
    unsigned threads;
    progress on_progress;
    std::uint64_t total;  ///< that is done at the end of all
    double from = 0.0;    ///< the share of it that is done at the beginning of this part
    double to = 1.0;      ///< and at its end

    [[nodiscard]] work part(double begin, double end) const noexcept {
      return {pool, epochs, threads, on_progress, total, from + begin * (to - from), from + end * (to - from)};
    }
    /// Whether to go on.
    [[nodiscard]] bool report(double share) const noexcept {
      return !on_progress || on_progress(static_cast<std::uint64_t>(static_cast<double>(total) * (from + share * (to - from))), total);
    }
  };
  static constexpr std::uint64_t percent = 100;
  static constexpr double share_of_training = 0.7;  ///< about, of the time until rows are listed
  struct replaced {
    std::uint64_t epoch;
    ivf_parts* parts;
  };

  [[nodiscard]] static std::uint64_t bytes_of(const ivf_parts& parts) noexcept { return parts.model.bytes() + parts.lists.bytes() + parts.held_back.capacity() * sizeof(float); }
  [[nodiscard]] ivf_places places(row_store& rows, reader_epochs& epochs) noexcept {
    return {rows, epochs, trained_, training_lock_, unlisted_, lists_lock_};
  }
  /// Rows from which on there are lists.
  [[nodiscard]] std::size_t train_from() const noexcept {
    if (options_.train_from != 0) return options_.train_from;
    if (options_.lists == 0) return fewest_trained_rows;
    const std::size_t rows = rows_of_list * options_.lists;
    return rows > 256 ? rows : 256;
  }
  [[nodiscard]] static std::size_t clamp_probes(const ivf_parts& parts, std::size_t probes) noexcept {
    const std::size_t lists = parts.lists.list_count();
    return probes == 0 ? 1 : probes < lists ? probes : lists;
  }
  [[nodiscard]] ivf_request request(const ivf_parts& parts, const search_options& options) const noexcept {
    ivf_request asked;
    asked.k = options.k;
    asked.probes = clamp_probes(parts, options.probes != 0 ? options.probes : probes());
    asked.candidates = candidates_of(options.k, options.rerank != 0 ? options.rerank : rerank_.load_acquire());
    asked.estimates_only = options.estimates_only;
    if (asked.estimates_only && !codes_.is_active()) asked.candidates = options.k;
    asked.patience = options.patience;
    asked.allowed = options.allowed;
    return asked;
  }

  [[nodiscard]] static status find_live(const row_store& rows, buffer<std::uint32_t>& out) noexcept {
    out.clear();
    if (status made = out.reserve(rows.live_count()); !made.ok()) return made;
    for (std::uint32_t row = 0; row < rows.row_count(); ++row) {
      if (rows.state(row) != row_state::live) continue;
      if (status noted = out.push_back(row); !noted.ok()) return noted;
    }
    return {};
  }
  /// Of some rows those that are live or being added.
  [[nodiscard]] static std::size_t count_of_live(const row_store& rows, const buffer<std::uint32_t>& ids) noexcept {
    std::size_t count = 0;
    for (const std::uint32_t row : ids) {
      const row_state state = rows.state(row);
      count += state == row_state::live || state == row_state::pending ? 1U : 0U;
    }
    return count;
  }
  /// A model of a sample, and empty lists. @param expected  rows that there are to be
  [[nodiscard]] result<ivf_parts*> learn(const matrix_view& sample, std::size_t expected, const work& how) noexcept {
    ivf_pq_options options = options_;
    if (options.lists == 0) options.lists = usual_lists(expected, sample.rows);
    auto* const parts = new (std::nothrow) ivf_parts;
    if (parts == nullptr) return error{errc::no_memory, "inverted file"};
    double done = 0.0;
    const auto report = [&](std::uint64_t, std::uint64_t) noexcept {
      done += (1.0 - done) / 16;  // of iterations and parts, whose number is not known here
      return how.report(done);
    };
    status learned = parts->model.train(sample, options, how.threads, how.on_progress ? progress(report) : progress{});
    if (learned.ok()) learned = parts->lists.create(parts->model.list_count(), parts->model.coder().layout(), options.reserve_rows);
    if (!learned.ok()) {
      delete parts;
      return learned.error();
    }
    return parts;
  }
  /// Vectors to learn from: every n-th row, as those that were added together are often alike.
  [[nodiscard]] status take_sample(const row_store& rows, const buffer<std::uint32_t>& ids, buffer<float>& sample) const noexcept {
    const std::size_t lists = options_.lists != 0 ? options_.lists : usual_lists(ids.size(), ids.size());
    const std::size_t wanted = rows_trained_on * lists;
    const std::size_t count = ids.size() < wanted ? ids.size() : wanted;
    const std::size_t dimension = options_.dimension;
    if (status made = sample.resize(count * dimension); !made.ok()) return made;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < count; ++i) {
      float* const vector = sample.data() + taken * dimension;
      rows.read_unit(ids.data()[i * ids.size() / count], vector);
      if (!is_too_long(vector, dimension)) ++taken;
    }
    return sample.resize(taken * dimension);
  }
  [[nodiscard]] bool has_enough(const buffer<float>& sample) const noexcept {
    return sample.size() / options_.dimension >= fewest_to_train(options_);
  }
  /// Learns from a sample, and lists the rows. Of the sample some is held back if a recall is wanted.
  [[nodiscard]] status train_on(buffer<float>& sample, const row_store& rows, const buffer<std::uint32_t>& ids, const work& how) noexcept {
    const std::size_t dimension = options_.dimension;
    const std::size_t sample_rows = sample.size() / dimension;
    auto held = hold_back(sample, dimension, options_.recall != 0 ? held_back_count(sample_rows, fewest_to_train(options_)) : 0);
    if (!held.ok()) return held.error();
    std::size_t expected = ids.size() > options_.reserve_rows ? ids.size() : options_.reserve_rows;
    if (expected < sample_rows) expected = sample_rows;
    auto parts = learn(dense(sample.data(), sample.size() / dimension, dimension), expected, how.part(0.0, share_of_training));
    if (!parts.ok()) return held->named(parts.error());
    (*parts)->held_back = static_cast<buffer<float>&&>(held->vectors);
    // With fewer rows than half of what was learned from most are still to come: what is measured now would not hold then.
    const std::size_t row_count = count_of_live(rows, ids);
    return take_over(*parts, rows, ids, row_count >= (sample_rows + 1) / 2 ? row_count : 0, how.part(share_of_training, 1.0));
  }
  /// Lists rows and shows the lists to searches; on error nothing has changed.
  /// @param row_count  of those that stay, to measure with; 0: not yet
  [[nodiscard]] status take_over(ivf_parts* parts, const row_store& rows, const buffer<std::uint32_t>& ids, std::size_t row_count, const work& how) noexcept {
    constexpr double share_of_listing = 0.4;  // about, where recall is measured
    const bool is_tuned = row_count != 0 && !parts->held_back.empty();
    const bool is_measured = is_tuned || (row_count > 1 && options_.recall == 0 && probes_.load_acquire() == 0);
    tune_result tuned;
    status listed = reserve_replaced();
    if (listed.ok()) listed = list_rows(*parts, rows, ids, how.part(0.0, is_measured ? share_of_listing : 1.0));
    if (listed.ok() && is_measured) listed = is_tuned ? tune(*parts, rows, ids, how.part(share_of_listing, 1.0), tuned) : find_usual(*parts, rows, ids, how.part(share_of_listing, 1.0));
    if (!listed.ok()) {
      delete parts;
      return listed;
    }
    promise_.clear();
    ivf_parts* const before = trained_.exchange(parts);
    if (before != nullptr) {
      lock_guard<mutex> noting(replaced_lock_);
      (void)replaced_.push_back({how.epochs.now(), before});  // there is room
      replaced_bytes_.fetch_add(bytes_of(*before));
    }
    if (is_tuned) set_tuned(tuned, options_.recall_k, row_count);
    unlisted_.clear();
    drop_replaced(how.epochs);
    return {};
  }
  /// The cheapest defaults that find the wanted recall for what was held back.
  [[nodiscard]] status tune(const ivf_parts& parts, const row_store& rows, const buffer<std::uint32_t>& ids, const work& how, tune_result& tuned) const noexcept {
    return measure(parts, parts.held_back, {options_.recall_k, options_.recall}, rows, {own_row::left_out, 0, ids.data(), ids.size()}, how, tuned);
  }
  /// The fewest probes that are enough for some of the rows, as far as the default reranking allows.
  [[nodiscard]] status find_usual(ivf_parts& parts, const row_store& rows, const buffer<std::uint32_t>& ids, const work& how) const noexcept {
    buffer<float> some;
    if (status taken = take_stored(rows, ids.data(), ids.size(), rows_measured_by, some); !taken.ok()) return taken;
    if (some.empty()) return {};
    tune_result found;
    const tune_options wanted{10, usual_recall};
    if (status measured = measure(parts, some, wanted, rows, {own_row::left_out, rerank(), ids.data(), ids.size()}, how, found); !measured.ok()) return measured;
    if (found.recall >= usual_recall) parts.usual_probes = static_cast<std::uint32_t>(found.probes);
    return {};
  }
  [[nodiscard]] status measure(const ivf_parts& parts, const buffer<float>& sample, tune_options wanted, const row_store& rows, const ivf_tuning_of& of,
                               const work& how, tune_result& tuned) const noexcept {
    const auto report = [&](std::uint64_t done, std::uint64_t total) noexcept { return how.report(static_cast<double>(done) / static_cast<double>(total)); };
    if (how.on_progress) wanted.on_progress = report;
    wanted.threads = how.threads;
    scratch_list scratches;
    const matrix_view queries = dense(sample.data(), sample.size() / options_.dimension, options_.dimension);
    const auto found = ivf_tuning({rows, how.pool, scratches, how.epochs}, parts, codes_, queries, wanted, of).find();
    if (!found.ok()) return found.error();
    tuned = *found;
    return how.report(1.0) ? status{} : status{errc::cancelled};
  }
  [[nodiscard]] status reserve_replaced() noexcept {
    lock_guard<mutex> noting(replaced_lock_);
    return replaced_.reserve(replaced_.size() + 1);
  }
  /// Frees what was learned before, as far as no search is in it any more.
  void drop_replaced(reader_epochs& epochs) noexcept {
    if (replaced_bytes_.load_acquire() == 0 || !replaced_lock_.try_lock()) return;
    while (!replaced_.empty() && epochs.have_left(replaced_[0].epoch)) {
      replaced_bytes_.fetch_sub(bytes_of(*replaced_[0].parts));
      delete replaced_[0].parts;
      std::memmove(replaced_.data(), replaced_.data() + 1, (replaced_.size() - 1) * sizeof(replaced));
      (void)replaced_.resize(replaced_.size() - 1);  // shrinking cannot fail
    }
    replaced_lock_.unlock();
  }
  [[nodiscard]] status list_rows(ivf_parts& parts, const row_store& rows, const buffer<std::uint32_t>& ids, const work& how) noexcept {
    ivf_encoding encoding;
    const std::size_t at_once = ivf_encoding::rows_at_once(rows.layout().dimension);
    for (std::size_t first = 0; first < ids.size(); first += at_once) {
      if (!how.report(static_cast<double>(first) / static_cast<double>(ids.size()))) return errc::cancelled;
      const std::size_t count = ids.size() - first < at_once ? ids.size() - first : at_once;
      const std::uint32_t* const some = ids.data() + first;
      const status encoded = encoding.encode(parts.model, rows.layout().metric, count, how.pool, how.threads,
                                             [&](std::size_t i, float* out) noexcept { rows.read_unit(some[i], out); });
      if (!encoded.ok()) return encoded;
      lock_guard<mutex> appending(lists_lock_);
      for (std::size_t from = 0; from < count;) {
        const std::uint32_t list = encoding.list(encoding.in_order(from));
        const status appended = parts.lists.append(list, encoding.first(list + 1) - from, how.epochs,
                                                   [&](std::size_t i, std::byte* block, std::size_t lane) noexcept {
          const std::uint32_t which = encoding.in_order(from + i);
          encoding.write(parts.lists.layout(), which, some[which], block, lane);
        });
        if (!appended.ok()) return appended;
        from = encoding.first(list + 1);
      }
    }
    return how.report(1.0) ? status{} : status{errc::cancelled};
  }

  ivf_pq_options options_;
  atomic<std::uint32_t> probes_{0};
  atomic<std::uint32_t> rerank_{0};
  kept_promise promise_;
  mutex defaults_lock_;             ///< of setting these three together
  atomic<ivf_parts*> trained_{nullptr};
  code_store codes_;                ///< to rerank by
  mutex replaced_lock_;
  buffer<replaced> replaced_;       ///< what was learned before, and some search may be in
  atomic<std::uint64_t> replaced_bytes_{0};
  mutex training_lock_;             ///< of the first training, and of unlisted_
  buffer<std::uint32_t> unlisted_;  ///< rows of before
  mutex lists_lock_;                ///< of changes to lists
  ivf_tidying tidying_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_ENGINE_HPP
