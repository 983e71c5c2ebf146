// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/recall_measure.hpp -- what share of the exact answers do searches find, and how fast are they?
//
// Room:      what tune asks of its arguments, exact answers to sample queries, the hits of searches among them, and the clock.
// Not here:  which settings are tried, of a graph (index/hnsw_tune.hpp) or an inverted file (index/ivf_tune.hpp).
// Depends:   core, distance, index/{basic_index,batch,input_checks,options,row_store,search_scratch}.hpp.
// Threads:   const over the rows, beside searches and any change; what changes meanwhile makes the recall less exact.
#ifndef ATLAS_INDEX_RECALL_MEASURE_HPP
#define ATLAS_INDEX_RECALL_MEASURE_HPP

#include <atlas/core/clock.hpp>           // monotonic_ns
#include <atlas/core/reader_epochs.hpp>   // reader_epochs
#include <atlas/distance/nearest.hpp>     // search_nearest
#include <atlas/index/basic_index.hpp>    // found_rows
#include <atlas/index/batch.hpp>          // run_batch
#include <atlas/index/input_checks.hpp>   // check_matrix
#include <atlas/index/options.hpp>        // tune_options
#include <atlas/index/row_store.hpp>      // row_store
#include <atlas/index/search_scratch.hpp> // search_scratch

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What tune asks of its arguments.
[[nodiscard]] inline status check_tune(const row_store& rows, const matrix_view& queries, const tune_options& options) noexcept {
  if (options.k == 0) return error{errc::invalid_argument, "k", "1 or more", options.k};
  if (!(options.recall > 0 && options.recall <= 1)) return error{errc::invalid_argument, "recall", "above 0, to 1", "another number"};
  if (queries.rows == 0) return error{errc::invalid_argument, "queries.rows", "1 or more", queries.rows};
  const row_layout& layout = rows.layout();
  if (status fits = check_matrix(queries, layout.dimension, "queries"); !fits.ok()) return fits;
  for (std::size_t i = 0; i < queries.rows; ++i) {
    const auto norm = checked_inverse_norm(queries.row(i), layout.dimension, layout.metric);
    if (!norm.ok()) return norm.error().at_row(i);
  }
  if (rows.live_count() == 0) return error{errc::invalid_argument, "index.size", "1 or more", std::uint64_t{0}};
  return {};
}

/// The parts of an index that is measured, which others may use meanwhile.
struct measured_index {
  const row_store& rows;
  thread_pool& pool;
  scratch_list& scratches;
  reader_epochs& epochs;
};

/// Whether a query is a neighbour of itself.
enum class own_row : std::uint8_t {
  counts,    ///< a row like the query is an answer as any other
  left_out,  ///< of the k + 1 nearest rows the one that is most like the query is no answer: queries are rows themselves
};

/// Sample queries, and what they are asked. @pre check_tune accepted them and the options
class recall_measure {
 public:
  /// @param own  what becomes of the queries' own rows
  recall_measure(const measured_index& index, const matrix_view& queries, const tune_options& options, own_row own = own_row::counts) noexcept
      : index_(index), queries_(queries), options_(options), own_(own) {}

  /// Says how often all queries will be asked at most, after the exact answers and before time().
  void expect_passes(std::size_t passes) noexcept { most_queries_ = std::uint64_t{queries_.rows} * (1 + passes + rounds); }

  /// Goes over the live rows' vectors, wherever they are.
  /// @param ids  row numbers, shape [id_count], to go over in their place: live ones and those that are being added
  /// @return  errc::invalid_argument if there is no answer at all, no_memory, cancelled, or why vectors could not be read
  [[nodiscard]] status find_exact_answers(const std::uint32_t* ids = nullptr, std::size_t id_count = 0) noexcept {
    if (status made = farthest_.resize(queries_.rows); !made.ok()) return made;
    if (status made = exact_counts_.resize(queries_.rows); !made.ok()) return made;
    row_count_ = ids != nullptr ? id_count : index_.rows.row_count();
    if (status made = exact_rows_.resize(queries_.rows * most_exact()); !made.ok()) return made;
    if (own_ == own_row::left_out) {
      if (status made = own_keys_.resize(queries_.rows); !made.ok()) return made;
    }
    const bool are_together = index_.rows.layout().element == scalar::f32 && !index_.rows.cold_vectors().are_there();
    const status scanned = are_together ? scan_together(ids) : scan_groups(ids);
    if (!scanned.ok()) return scanned;
    done_queries_ = queries_.rows;
    for (const std::uint32_t count : exact_counts_) exact_total_ += count;
    // Removed meanwhile, or NaN, which a file may hold.
    if (exact_total_ == 0) return error{errc::invalid_argument, "index.size", own_ == own_row::counts ? "1 or more" : "2 or more", index_.rows.live_count()};
    return {};
  }
  /// How many of the exact answers searches find.
  /// @param search  search(scratch, query number): result<found_rows>, for the query in scratch.query
  template <class Search>
  [[nodiscard]] result<std::uint64_t> count_hits(Search search) noexcept {
    atomic<std::uint64_t> hits{0};
    const status asked = for_each_query(search, [&](search_scratch&, std::size_t query, const found_rows& found) noexcept -> status {
      std::size_t right = 0;
      for (const candidate& one : found) right += one.distance <= farthest_[query] ? 1U : 0U;
      hits.fetch_add(right < exact_counts_[query] ? right : exact_counts_[query]);
      return {};
    });
    if (!asked.ok()) return asked.error();
    return hits.load_acquire();
  }
  /// A pass over the queries, from several threads.
  /// @param search  as of count_hits; done once more where an upsert was published meanwhile
  /// @param use     use(scratch, query number, found_rows): status, once a query
  template <class Search, class Use>
  [[nodiscard]] status for_each_query(Search search, Use use) noexcept {
    const auto report = [&](std::uint64_t done, std::uint64_t) { return this->report(done_queries_ + done); };
    const status asked = run_batch(index_.pool, index_.scratches, queries_.rows, options_.threads, options_.on_progress ? progress(report) : progress{},
                                   [&](search_scratch& scratch, std::size_t query) noexcept -> status {
      const auto found = ask(scratch, query, search);
      return found.ok() ? use(scratch, query, *found) : status{found.error()};
    });
    if (asked.ok()) done_queries_ += queries_.rows;
    return asked;
  }
  /// Whether a row is one of the exact answers to a query; of rows that are as far as the last of them some are.
  [[nodiscard]] bool is_exact(std::size_t query, std::uint32_t row) const noexcept {
    const std::uint32_t* const rows = exact_rows_.data() + query * most_exact();
    std::size_t first = 0;
    for (std::size_t count = exact_counts_[query]; count != 0;) {
      const std::size_t half = count / 2;
      if (rows[first + half] == row) return true;
      if (rows[first + half] < row) {
        first += half + 1;
        count -= half + 1;
      } else {
        count = half;
      }
    }
    return false;
  }
  [[nodiscard]] double recall_of(std::uint64_t hits) const noexcept { return static_cast<double>(hits) / static_cast<double>(exact_total_); }
  /// Whether so many hits are the wanted share.
  [[nodiscard]] bool is_enough(std::uint64_t hits) const noexcept { return recall_of(hits) >= options_.recall; }
  /// The key that is no answer to a query. @pre own_row::left_out, and the exact answers were found
  [[nodiscard]] std::uint64_t own_key(std::size_t query) const noexcept { return own_keys_[query]; }

  /// Times some ways of searching beside each other, on one thread. Each search is timed nine times or more, and the least
  /// counts, so that what interrupts it does not. Unless one search takes longer than a hundredth of a second, all take 0.15
  /// to 4 seconds.
  /// @param search   search(scratch, query number, way): result<found_rows>
  /// @param sums_ns  shape [way_count]: of the queries that were asked
  /// @return  how many these are: as many as fit into a pass
  template <class Search>
  [[nodiscard]] result<std::size_t> time(std::size_t way_count, double* sums_ns, Search search) noexcept {
    borrowed_scratch scratch(index_.scratches);
    if (!scratch) return error{errc::no_memory, "search scratch"};
    const auto search_by = [&](std::size_t way) noexcept {
      return [&search, way](search_scratch& own, std::size_t query) noexcept { return search(own, query, way); };
    };
    std::size_t asked = 0;  // which warms up too
    const std::uint64_t begin = monotonic_ns();
    for (; asked < queries_.rows && monotonic_ns() - begin < longest_pass_ns; ++asked) {
      if (const auto found = ask(*scratch, asked, search_by(0)); !found.ok()) return found.error();
    }
    buffer<std::uint64_t> least_ns;  // [asked, way_count]
    if (status made = least_ns.resize(asked * way_count); !made.ok()) return made.error();
    for (std::uint64_t& least : least_ns) least = ~std::uint64_t{0};
    done_queries_ = most_queries_ - rounds * queries_.rows;
    const std::uint64_t start = monotonic_ns();
    for (std::size_t round = 0; round < rounds || monotonic_ns() - start < shortest_ns; ++round) {
      if (round < rounds) {
        if (options_.on_progress && !report(done_queries_)) return errc::cancelled;
        done_queries_ += queries_.rows;
      }
      // One way beside the other, so that a slow moment is one for all; each query comes again when the others' rows have
      // taken the place of its own in the cache.
      for (std::size_t turn = 0; turn < way_count; ++turn) {
        for (std::size_t i = 0; i < asked; ++i) {
          const std::size_t way = (turn + i) % way_count;
          const std::uint64_t before = monotonic_ns();
          if (const auto found = ask(*scratch, i, search_by(way)); !found.ok()) return found.error();
          const std::uint64_t taken_ns = monotonic_ns() - before;
          std::uint64_t& least = least_ns[i * way_count + way];
          if (taken_ns < least) least = taken_ns;
        }
      }
    }
    for (std::size_t way = 0; way < way_count; ++way) sums_ns[way] = 0.0;
    for (std::size_t i = 0; i < asked * way_count; ++i) sums_ns[i % way_count] += static_cast<double>(least_ns[i]);
    if (options_.on_progress && !report(most_queries_)) return errc::cancelled;
    return asked;
  }

 private:
  [[nodiscard]] std::size_t most_exact() const noexcept { return options_.k < row_count_ ? options_.k : row_count_; }
  static constexpr std::size_t rounds = 9;
  static constexpr std::uint64_t shortest_ns = 150'000'000;
  static constexpr std::uint64_t longest_pass_ns = 60'000'000;  ///< of the searches that are timed, once each
  static constexpr std::size_t fewest_together = 16;            ///< queries that go over the rows together
  static constexpr std::size_t most_group_bytes = std::size_t{16} << 20;  ///< of more than so few queries, and their answers so far
  static constexpr std::size_t block_bytes = 256U << 10;        ///< of vectors that stay in the second-level cache for them

  [[nodiscard]] bool report(std::uint64_t done) const noexcept { return options_.on_progress(done < most_queries_ ? done : most_queries_, most_queries_); }
  template <class Search>
  [[nodiscard]] result<found_rows> ask(search_scratch& scratch, std::size_t query, Search search) const noexcept {
    if (status taken = scratch.take_query(queries_.row(query), index_.rows.layout()); !taken.ok()) return taken.error();
    const reader_epochs::reader reading(index_.epochs, scratch.place);
    return index_.rows.read_steadily([&]() noexcept { return search(scratch, query); });
  }

  /// What the search among all rows asks back.
  struct scan_context {
    const recall_measure& measure;
    const float* units;
    const std::uint64_t* wanted;  ///< a bit a row; null: all live ones
    std::size_t first;            ///< of the queries
    std::size_t count;

    static const scan_context& of(const void* context) noexcept { return *static_cast<const scan_context*>(context); }
    static bool skip(const void* context, std::uint32_t row) {
      const scan_context& self = of(context);
      const row_state state = self.measure.index_.rows.state(row);
      if (self.wanted == nullptr) return state != row_state::live;
      return (self.wanted[row / 64] >> row % 64 & 1U) == 0 || (state != row_state::live && state != row_state::pending);
    }
    static void distances(const void* context, std::size_t query, std::uint32_t first, const std::uint32_t* ids, std::size_t count, float* out) {
      const scan_context& self = of(context);
      const row_store& rows = self.measure.index_.rows;
      const float* const unit = self.units + query * rows.layout().dimension;
      if (ids == nullptr) return rows.layout().block(unit, rows.vectors(), first, count, out);
      rows.layout().gather(unit, 1.0F, rows.vectors(), ids, count, out);
    }
    static bool report(const void* context, std::uint64_t done, std::uint64_t total) {
      const scan_context& self = of(context);
      const double share = static_cast<double>(done) / static_cast<double>(total);
      return self.measure.report(self.first + static_cast<std::uint64_t>(share * static_cast<double>(self.count)));
    }
    static void run(const void* context, std::size_t tasks, unsigned most_threads, void (*work)(void* of_work, std::size_t task, unsigned worker),
                    void* of_work) {
      static_cast<void>(of(context).measure.index_.pool.run(
          tasks, [&](std::size_t task, unsigned worker) { work(of_work, task, worker); }, most_threads));
    }
  };

  /// The exact answers of all queries by the search for many, some hundreds at a time, where rows are float32 in memory. With 100,000 rows
  /// of 128 components and 200 queries, building 256 lists takes 0.64 s in place of the 0.78 s with scan_groups (Xeon, AVX-512).
  [[nodiscard]] status scan_together(const std::uint32_t* ids) noexcept {
    constexpr std::size_t most_at_once = 512;
    std::size_t row_end = row_count_;
    buffer<std::uint64_t> wanted;
    if (ids != nullptr) {
      row_end = 0;
      for (std::size_t i = 0; i < row_count_; ++i) row_end = ids[i] >= row_end ? ids[i] + std::size_t{1} : row_end;
      if (status made = wanted.resize_zeroed((row_end + 63) / 64); !made.ok()) return made;
      for (std::size_t i = 0; i < row_count_; ++i) wanted[ids[i] / 64] |= std::uint64_t{1} << ids[i] % 64;
    }
    const std::size_t most = options_.k < row_count_ ? options_.k + (own_ == own_row::left_out ? 1 : 0) : row_count_;
    const std::size_t at_once = queries_.rows < most_at_once ? queries_.rows : most_at_once;
    buffer<float> units;
    buffer<neighbour> found;
    buffer<std::uint32_t> counts;
    buffer<candidate> nearest;
    if (status made = units.resize(at_once * index_.rows.layout().dimension); !made.ok()) return made;
    if (status made = found.resize(at_once * most); !made.ok()) return made;
    if (status made = counts.resize(at_once); !made.ok()) return made;
    if (status made = nearest.resize(most); !made.ok()) return made;
    for (std::size_t first = 0; first < queries_.rows; first += at_once) {
      const std::size_t count = queries_.rows - first < at_once ? queries_.rows - first : at_once;
      const scan_context context{*this, units.data(), ids != nullptr ? wanted.data() : nullptr, first, count};
      if (status done = scan_some(context, row_end, most, units.data(), found.data(), counts.data(), nearest.data()); !done.ok()) return done;
    }
    return {};
  }
  /// @param units, found, counts, nearest  room for the queries, most answers of each, how many these are, and those of one
  [[nodiscard]] status scan_some(const scan_context& context, std::size_t row_end, std::size_t most, float* units, neighbour* found, std::uint32_t* counts,
                                 candidate* nearest) noexcept {
    const row_store& rows = index_.rows;
    const row_layout& layout = rows.layout();
    borrowed_scratch scratch(index_.scratches);
    if (!scratch) return error{errc::no_memory, "search scratch"};
    const reader_epochs::reader reading(index_.epochs, scratch->place);
    for (std::size_t i = 0; i < context.count; ++i) {
      if (status taken = scratch->take_query(queries_.row(context.first + i), layout); !taken.ok()) return taken;
      std::memcpy(units + i * layout.dimension, scratch->query.data(), layout.dimension * sizeof(float));
      counts[i] = 0;
    }
    const bool is_cosine = layout.metric == metric::cosine;
    const unsigned most_threads = index_.pool.thread_count();
    kernels_v1::nearest_request request;
    request.queries = units;
    request.query_stride_bytes = layout.dimension * sizeof(float);
    request.query_count = context.count;
    request.rows = rows.vectors();
    request.row_stride_bytes = layout.stride_bytes;
    request.row_count = row_end;
    request.dimension = layout.dimension;
    request.k = most;
    request.metric = static_cast<std::uint8_t>(is_cosine ? metric::inner_product : layout.metric);
    request.row_scale_offset = is_cosine ? layout.norm_offset : 0;
    request.threads = options_.threads == 0 || options_.threads > most_threads ? most_threads : options_.threads;
    request.found = found;
    request.counts = counts;
    request.context = &context;
    request.skip = &scan_context::skip;
    request.distances = &scan_context::distances;
    if (options_.on_progress) request.on_progress = &scan_context::report;
    request.run = &scan_context::run;
    if (most != 0 && row_end != 0) {
      if (const errc failed = search_nearest(request); failed != errc{}) return error{failed, "exact answers"};
    }
    for (std::size_t i = 0; i < context.count; ++i) {
      for (std::size_t j = 0; j < counts[i]; ++j) nearest[j] = {found[i * most + j].distance, found[i * most + j].id};
      if (status kept = keep_answers(*scratch, context.first + i, units + i * layout.dimension, nearest, counts[i]); !kept.ok()) return kept;
    }
    return {};
  }

  /// The exact answers of all queries, some of which go over the rows together.
  [[nodiscard]] status scan_groups(const std::uint32_t* ids) noexcept {
    const std::size_t size = group_size();
    const std::size_t groups = (queries_.rows + size - 1) / size;
    const auto report = [&](std::uint64_t done, std::uint64_t) { return this->report(done * size < queries_.rows ? done * size : queries_.rows); };
    const std::uintptr_t caller = current_thread();
    return run_batch(index_.pool, index_.scratches, groups, options_.threads, options_.on_progress ? progress(report) : progress{},
                     [&](search_scratch& scratch, std::size_t group) noexcept -> status {
      const reader_epochs::reader reading(index_.epochs, scratch.place);
      const status done = scan_group(scratch, {group * size, size}, ids, current_thread() == caller);
      if (!done.ok()) has_stopped_.store_release(true);
      return done;
    });
  }
  /// Of vectors that are left on disk, each thread reads all once, if its queries fit.
  [[nodiscard]] std::size_t group_size() const noexcept {
    if (!index_.rows.cold_vectors().are_there()) return fewest_together;
    const unsigned most = index_.pool.thread_count();
    const unsigned threads = options_.threads == 0 || options_.threads > most ? most : options_.threads;
    std::size_t together = (queries_.rows + threads - 1) / threads;
    const std::size_t query_bytes = index_.rows.layout().dimension * sizeof(float) + (most_exact() + 2) * sizeof(candidate);
    const std::size_t fit = most_group_bytes / query_bytes;
    if (together > fit) together = fit;
    return together < fewest_together ? fewest_together : together;
  }
  struct query_group {
    std::size_t first;
    std::size_t most;
  };
  using nearest_heap = candidate_heap<heap_order::farthest_first>;
  struct heap_list {
    nearest_heap* heaps;
    explicit heap_list(std::size_t count) noexcept : heaps(new (std::nothrow) nearest_heap[count]) {}
    heap_list(const heap_list&) = delete;
    heap_list& operator=(const heap_list&) = delete;
    ~heap_list() { delete[] heaps; }
    nearest_heap& operator[](std::size_t i) const noexcept { return heaps[i]; }
  };

  /// The exact answers of some queries. Upserts are not held back, as it takes long: one that is published meanwhile may be
  /// seen in neither form.
  [[nodiscard]] status scan_group(search_scratch& scratch, query_group group, const std::uint32_t* ids, bool reports) noexcept {
    const row_store& rows = index_.rows;
    const std::size_t dimension = rows.layout().dimension;
    const std::size_t first = group.first;
    const std::size_t count = queries_.rows - first < group.most ? queries_.rows - first : group.most;
    const std::size_t row_count = row_count_;  // others may be added meanwhile
    const std::size_t more = own_ == own_row::left_out ? 1 : 0;
    const std::size_t most = options_.k < row_count ? options_.k + more : row_count;
    const heap_list nearest(count);
    if (nearest.heaps == nullptr) return error{errc::no_memory, "recall heaps"};
    buffer<float> units;
    buffer<std::byte> copies;  // of vectors that are left on disk
    if (status made = units.resize(count * dimension); !made.ok()) return made;
    for (std::size_t i = 0; i < count; ++i) {
      if (status made = nearest[i].reserve(most); !made.ok()) return made;
      if (status taken = scratch.take_query(queries_.row(first + i), rows.layout()); !taken.ok()) return taken;
      std::memcpy(units.data() + i * dimension, scratch.query.data(), dimension * sizeof(float));
    }
    const std::size_t fit = block_bytes / rows.layout().stride_bytes;
    const std::size_t block = fit < 16 ? 16 : fit < exact_block_rows ? fit : exact_block_rows;
    if (status made = scratch.start(block); !made.ok()) return made;
    for (std::size_t place = 0; place < row_count;) {
      if (has_stopped_.load_acquire()) return {};  // another group's error is given
      std::size_t gathered = 0;
      for (; place < row_count && gathered < block; ++place) {
        const std::uint32_t row = ids != nullptr ? ids[place] : static_cast<std::uint32_t>(place);
        const row_state state = rows.state(row);
        if (state == row_state::live || (ids != nullptr && state == row_state::pending)) scratch.ids[gathered++] = row;
      }
      if (reports && options_.on_progress && !report(first + count * place / row_count)) return errc::cancelled;
      const bool are_copied = rows.cold_vectors().are_there();
      if (are_copied) {
        if (status made = copies.resize(gathered * rows.layout().stride_bytes); !made.ok()) return made;
        if (status got = rows.cold_vectors().read(scratch.ids.data(), gathered, copies.data()); !got.ok()) return got;
      }
      const std::byte* const from = are_copied ? copies.data() : rows.vectors();
      const std::uint32_t* const which = are_copied ? nullptr : scratch.ids.data();
      float* const distances = scratch.distances.data();
      for (std::size_t i = 0; i < count; ++i) {
        rows.layout().gather(units.data() + i * dimension, 1.0F, from, which, gathered, distances);
        for (std::size_t j = 0; j < gathered; ++j) {
          if (distances[j] == distances[j]) nearest[i].offer({distances[j], scratch.ids[j]}, most);
        }
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      nearest[i].sort();
      if (status kept = keep_answers(scratch, first + i, units.data() + i * dimension, nearest[i].data(), nearest[i].size()); !kept.ok()) return kept;
    }
    return {};
  }
  /// @param nearest  sorted; of own_row::left_out one more than the answers
  [[nodiscard]] status keep_answers(search_scratch& scratch, std::size_t query, const float* unit, const candidate* nearest, std::size_t count) noexcept {
    std::size_t last = count;
    std::size_t own = count;
    if (own_ == own_row::left_out) {
      own_keys_[query] = reserved_key;
      if (count != 0) {
        own = 0;
        if (status found = most_alike(scratch, unit, nearest, count, own); !found.ok()) return found;
        own_keys_[query] = index_.rows.key(nearest[own].row);
        last = own + 1 == count ? count - 1 : count;
        --count;
      }
    }
    exact_counts_[query] = static_cast<std::uint32_t>(count);
    farthest_[query] = count != 0 ? nearest[last - 1].distance : 0.0F;
    nearest_heap by_row;
    if (status made = by_row.reserve(count); !made.ok()) return made;
    for (std::size_t i = 0; by_row.size() < count; ++i) {
      if (i != own) by_row.offer({0.0F, nearest[i].row}, count);
    }
    by_row.sort();
    for (std::size_t i = 0; i < count; ++i) exact_rows_[query * most_exact() + i] = by_row.data()[i].row;
    return {};
  }
  /// Which of some rows is least far from a query by squared differences, whatever the metric.
  [[nodiscard]] status most_alike(search_scratch& scratch, const float* unit, const candidate* nearest, std::size_t count, std::size_t& out) const noexcept {
    const row_layout& layout = index_.rows.layout();
    buffer<float> vector;
    if (status made = vector.resize(layout.dimension); !made.ok()) return made;
    float least = __builtin_inff();
    for (std::size_t i = 0; i < count; ++i) {
      const auto stored = index_.rows.vector(nearest[i].row, scratch.vectors);
      if (!stored.ok()) return stored.error();
      layout.read_unit(*stored, vector.data());
      float distance = 0.0F;
      kernels().l2sq[kernels_v1::f32_f32](unit, vector.data(), 0, nullptr, 1, layout.dimension, &distance);
      if (!(distance < least)) continue;
      least = distance;
      out = i;
    }
    return {};
  }

  const measured_index index_;
  const matrix_view queries_;
  const tune_options options_;
  const own_row own_;
  buffer<float> farthest_;              ///< each query's k-th nearest row's distance
  buffer<std::uint32_t> exact_counts_;  ///< k, or as many as there are
  buffer<std::uint32_t> exact_rows_;    ///< shape [queries, most_exact()]: of each query in their order
  std::size_t row_count_ = 0;
  buffer<std::uint64_t> own_keys_;      ///< with own_row::left_out
  atomic<bool> has_stopped_{false};     ///< a group has failed, or was cancelled
  std::uint64_t exact_total_ = 0;
  std::uint64_t done_queries_ = 0;
  std::uint64_t most_queries_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_RECALL_MEASURE_HPP
