// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_query.hpp -- a search of an inverted file: near lists, estimates, distances of the best.
//
// Room:      the k nearest and all within a radius, for one query; the steps of it.
// Not here:  several queries together (index/ivf_group.hpp), what was learned (index/ivf_model.hpp), lists while they change
//            (index/inverted_lists.hpp), when a bitmap's rows are better found by key (index/ivf_filter.hpp).
// Depends:   index/{answer_order,code_store,inverted_lists,ivf_filter,ivf_model,row_store,search_scratch,options}.hpp.
// Threads:   one scratch a caller, inside a reader epoch.
#ifndef ATLAS_INDEX_IVF_QUERY_HPP
#define ATLAS_INDEX_IVF_QUERY_HPP

#include <atlas/index/answer_order.hpp>    // order_equals_by_key
#include <atlas/index/code_store.hpp>      // code_store
#include <atlas/index/inverted_lists.hpp>  // inverted_lists
#include <atlas/index/ivf_filter.hpp>      // bits_to_look_up
#include <atlas/index/ivf_model.hpp>       // ivf_model
#include <atlas/index/options.hpp>         // filter
#include <atlas/index/row_store.hpp>       // row_store
#include <atlas/index/search_scratch.hpp>  // search_scratch

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A model and the lists that it made.
struct ivf_parts {
  ivf_model model;
  inverted_lists lists;
  buffer<float> held_back;         ///< shape [n, dimension]: what the model was not trained on, under cosine of unit length
  std::uint32_t usual_probes = 0;  ///< measured, of an index that names none; 0: not measured
};

/// What one search asks for.
struct ivf_request {
  std::size_t k = 10;
  std::size_t probes = 1;      ///< lists looked at
  std::size_t candidates = 1;  ///< rows that are compared by codes or vectors, at least k; else those kept
  bool estimates_only = false; ///< answers have estimated distances, or those of codes
  std::uint32_t patience = 0;  ///< lists in a row that brought nothing, after which the search ends; 0: all probes
  filter allowed = {};
};

/// Of candidates that were compared by codes, so many for each of k are measured on their vectors. On 60,000 rows of
/// sift-kodak-128, mnist-784 and lsa-books-384 recall@1, @10 and @100 are the same to the last digit as where all of 32 for each of
/// k are measured, with lvq8 from 1.5 on and with lvq4, but for k = 1, from 4 on; with 1 they are up to 0.018 and 0.2 lower.
[[nodiscard]] constexpr std::size_t measured_of_coded(traversal_codes codes) noexcept { return codes == traversal_codes::lvq4 ? 4 : 2; }
/// Candidates whose distances are measured, for so many rows for each of k.
[[nodiscard]] constexpr std::size_t candidates_of(std::size_t k, std::size_t rerank) noexcept {
  const std::size_t candidates = rerank > max_rows / k ? max_rows : k * rerank;
  return candidates < k ? k : candidates;
}

/// Rows that may be answers.
enum class answer_states : std::uint8_t { live, live_and_pending };

/// One search, whose memory is its scratch's.
class ivf_search {
 public:
  ivf_search(const row_store& rows, const ivf_parts& parts, const code_store& codes, search_scratch& scratch,
             answer_states answers = answer_states::live) noexcept
      : rows_(rows), parts_(parts), codes_(codes), scratch_(scratch), row_count_(rows.row_count()), is_coded_(codes.is_active()), answers_(answers) {}

  /// The k nearest into scratch.answers, sorted. @pre scratch.query is set
  [[nodiscard]] status nearest(const ivf_request& request) noexcept {
    const auto is_named = name_allowed(request);
    if (!is_named.ok()) return is_named.error();
    if (*is_named) return nearest_named(request, scratch_.query.data());
    ivf_query& query = scratch_.ivf.alone;
    query.start(scratch_.query.data());
    if (status prepared = prepare(query, scratch_.ivf.centred); !prepared.ok()) return prepared;
    if (status found = find_lists(request.probes); !found.ok()) return found;
    if (status scanned = scan(request, query); !scanned.ok()) return scanned;
    if (is_short(request, query)) {
      if (status scanned = scan_further(request, query); !scanned.ok()) return scanned;
    }
    return measure(request, query);
  }
  /// All rows of the nearest lists within a radius into scratch.answers, sorted: each is measured.
  [[nodiscard]] status within(float radius, std::size_t probes, const filter& allowed) noexcept {
    scratch_.answers.clear();
    if (status taken = parts_.model.take(scratch_.query.data(), scratch_.ivf.centred); !taken.ok()) return taken;
    if (status found = find_lists(probes); !found.ok()) return found;
    auto& near = scratch_.ivf.near.nearest;
    if (status made = scratch_.start(list_block_rows); !made.ok()) return made;
    status failed;
    std::size_t gathered = 0;
    std::uint64_t blocks_seen = 0;
    const auto flush = [&]() noexcept {
      float* const distances = scratch_.distances.data();
      const std::uint32_t* const ids = scratch_.ids.data();
      failed = rows_.distances_to(scratch_.query.data(), ids, gathered, scratch_.vectors, distances);
      for (std::size_t i = 0; failed.ok() && i < gathered; ++i) {
        if (distances[i] <= radius) failed = scratch_.answers.push({distances[i], ids[i]});
      }
      gathered = 0;
    };
    for (std::size_t i = 0; i < near.size() && failed.ok(); ++i) {
      const list_version list = parts_.lists.version(near.data()[i].row);
      blocks_seen += list.full_blocks + (list.row_count % list_block_rows != 0 ? 1U : 0U);
      if (blocks_seen > parts_.lists.block_count()) break;  // as in scan_blocks
      parts_.lists.for_each_row(list, [&](const std::byte*, std::size_t, std::uint32_t row) noexcept {
        if (!failed.ok() || !may_be_answer(row, allowed)) return;
        scratch_.ids.data()[gathered++] = row;
        if (gathered == list_block_rows) flush();
      });
    }
    if (failed.ok() && gathered != 0) flush();
    sort_answers();
    return failed;
  }

  // -- the steps of nearest, for whoever goes over the lists of several queries at once
  /// Notes the rows of a bitmap of few keys, where comparing these is shorter than going over lists. Gives whether it is, which is
  /// never so for answers that are estimates: these rows are compared by codes or vectors.
  [[nodiscard]] result<bool> name_allowed(const ivf_request& request) noexcept {
    if (request.allowed.bitmap == nullptr || (request.estimates_only && !is_coded_)) return false;
    filtered_lists over;
    over.rows = row_count_;
    over.lists = parts_.lists.list_count();
    over.code_bytes = parts_.model.coder().layout().code_bytes;
    over.probes = request.probes;
    over.k = request.k;
    over.candidates = request.candidates;
    constexpr double cold_ns = 2000.0;  // a system call, and no wait for the device
    const std::size_t stride = is_coded_ ? codes_.stride_bytes() : rows_.layout().stride_bytes;
    over.measured_ns = !is_coded_ && rows_.cold_vectors().are_there() ? cold_ns : 40.0 + 0.02 * static_cast<double>(stride);
    const std::size_t bits = bits_to_look_up(request.allowed, over);
    if (bits == allowed_estimate::uncounted) return false;
    bool is_whole = false;
    if (status named = look_up_rows(rows_, request.allowed, bits, scratch_.second_ids, is_whole); !named.ok()) return named.error();
    return is_whole;
  }
  /// The k nearest of the rows that name_allowed noted into scratch.answers, sorted.
  [[nodiscard]] status nearest_named(const ivf_request& request, const float* vector) noexcept {
    ivf_query& query = scratch_.ivf.alone;
    query.start(vector);
    estimated_rows& found = query.found;
    if (status made = found.make_room(scratch_.second_ids.size()); !made.ok()) return made;
    for (const std::uint32_t row : scratch_.second_ids) {
      if (may_be_answer(row, request.allowed)) found.rows.data()[found.count++] = row;
    }
    return measure_found(request, query, false);
  }
  /// A started query among centroids and as the codes want it.
  [[nodiscard]] status prepare(ivf_query& query, centred_query& centred) noexcept {
    if (status taken = parts_.model.take(query.vector, centred); !taken.ok()) return taken;
    const ivf_coder& coder = parts_.model.coder();
    const float* vector = centred.vector.data();
    preparing_memory& memory = scratch_.ivf.preparing;
    if (coder.turned() != ivf_rotation::none) {
      if (status made = memory.rotated.resize(coder.rotated()); !made.ok()) return made;
      coder.rotate(vector, memory.rotated.data());
      vector = memory.rotated.data();
    }
    return coder.prepare(vector, memory.tables, query);
  }
  /// Whether all rows of lists whose versions were taken before are answers: what was added since has a higher number, or
  /// the place of a row that is not live.
  [[nodiscard]] bool takes_all(const filter& allowed) const noexcept {
    return allowed.is_empty() && rows_.row_count() == row_count_ && rows_.live_count() == row_count_;
  }
  /// Blocks that are estimated at a time, before what they brought narrows the bound for the next.
  static constexpr std::size_t blocks_at_once = 8;
  /// Estimates some blocks of a list. @pre block_count <= blocks_at_once
  /// @param base       distance to the list's centroid
  /// @param takes_all  as takes_all() said
  [[nodiscard]] status scan_blocks(const std::byte* blocks, std::size_t block_count, float base, const ivf_request& request, bool takes_all,
                                   ivf_query& query) const noexcept {
    const auto is_new = take_blocks(block_count, query);
    if (!is_new.ok()) return is_new.error();
    if (!*is_new) return {};
    const std::size_t before = query.found.count;
    if (status estimated = estimate(blocks, block_count, base, query); !estimated.ok()) return estimated;
    keep_found(before, request, takes_all, query);
    return {};
  }
  /// Makes room for the rows of some blocks; false if a query has seen as many as there are: lists of a hostile file could
  /// all name the same.
  [[nodiscard]] result<bool> take_blocks(std::size_t block_count, ivf_query& query) const noexcept {
    query.blocks_seen += block_count;
    if (query.blocks_seen > parts_.lists.block_count()) return false;
    if (status made = query.found.make_room(block_count * list_block_rows); !made.ok()) return made.error();
    return true;
  }
  /// Leaves of the rows found from `first` on those that may be answers, and of many the nearest.
  void keep_found(std::size_t first, const ivf_request& request, bool takes_all, ivf_query& query) const noexcept {
    estimated_rows& found = query.found;
    if (!takes_all) keep_allowed(found, first, request.allowed);
    query.brought += found.count - first;
    if (found.count >= full_at(request)) found.keep_nearest(request.candidates);
  }
  /// Rows that are kept until the farther ones are dropped.
  [[nodiscard]] static std::size_t full_at(const ivf_request& request) noexcept {
    return 2 * request.candidates < 64 ? 64 : 2 * request.candidates;
  }
  /// Whether the lists looked at held fewer than k rows that may be answers, and there are others. Nothing was dropped then.
  [[nodiscard]] bool is_short(const ivf_request& request, const ivf_query& query) const noexcept {
    return query.brought < request.k && request.probes < parts_.lists.list_count() && query.brought < rows_.live_count();
  }
  /// Goes on to the next nearest lists until there are as many candidates as asked for, or all lists were looked at. Four times
  /// as many lists are put in order each time, so that those of a search that soon has enough are few.
  /// @pre scratch.centred and scratch.near are the query's, as find_lists left them
  [[nodiscard]] status scan_further(const ivf_request& request, ivf_query& query) noexcept {
    const std::size_t list_count = parts_.lists.list_count();
    buffer<std::uint64_t>& seen = scratch_.ivf.seen_lists;
    seen.clear();
    if (status made = seen.resize_zeroed(list_count / 64 + 1); !made.ok()) return made;
    const auto is_new = [&](std::uint32_t list) noexcept {
      std::uint64_t& word = seen[list / 64];
      const std::uint64_t bit = std::uint64_t{1} << (list % 64);
      const bool was_seen = (word & bit) != 0;
      word |= bit;
      return !was_seen;
    };
    auto& near = scratch_.ivf.near.nearest;
    for (std::size_t i = 0; i < near.size(); ++i) (void)is_new(near.data()[i].row);
    for (std::size_t wanted = request.probes; wanted < list_count;) {
      wanted = wanted < list_count / 4 ? 4 * wanted : list_count;
      if (status found = find_lists(wanted); !found.ok()) return found;
      for (std::size_t i = 0; i < near.size(); ++i) {
        if (!is_new(near.data()[i].row)) continue;
        if (status scanned = scan_list(near.data()[i], request, query); !scanned.ok()) return scanned;
        if (query.brought >= request.candidates || query.brought >= rows_.live_count()) return {};
      }
    }
    return {};
  }
  /// The same of a query that was prepared with others, of which nothing but its tables is left.
  [[nodiscard]] status scan_further_again(const ivf_request& request, ivf_query& query) noexcept {
    if (status taken = parts_.model.take(query.vector, scratch_.ivf.centred); !taken.ok()) return taken;
    if (status found = find_lists(request.probes); !found.ok()) return found;
    return scan_further(request, query);
  }
  /// The k nearest of what was found into scratch.answers, sorted.
  [[nodiscard]] status measure(const ivf_request& request, ivf_query& query) noexcept {
    estimated_rows& found = query.found;
    found.keep_nearest(request.candidates);
    std::size_t count = 0;
    for (std::size_t i = 0; i < found.count; ++i) {
      if (!is_answer(found.rows.data()[i])) continue;
      found.distances.data()[count] = found.distances.data()[i];
      found.rows.data()[count++] = found.rows.data()[i];
    }
    found.count = count;
    return measure_found(request, query, parts_.model.coder().codes() == ivf_codes::flat);
  }

 private:
  /// The k nearest of query.found, all of which may be answers: by their codes, if there are any, and the best of these by their
  /// vectors, unless estimates are enough.
  /// @param are_exact  whether their distances are the vectors' already
  [[nodiscard]] status measure_found(const ivf_request& request, ivf_query& query, bool are_exact) noexcept {
    scratch_.answers.clear();
    estimated_rows& found = query.found;
    if (is_coded_ && !are_exact) {
      if (status compared = compare_codes(query); !compared.ok()) return compared;
      const std::size_t of_each = request.estimates_only ? 1 : measured_of_coded(codes_.kind());
      found.keep_nearest(request.k > max_rows / of_each ? max_rows : request.k * of_each);
    }
    if (!request.estimates_only && !are_exact) {
      const status got = rows_.distances_to(query.vector, found.rows.data(), found.count, scratch_.vectors, found.distances.data());
      if (!got.ok()) return got;
    }
    const std::size_t most = request.k < found.count ? request.k : found.count;
    if (status made = scratch_.answers.reserve(most); !made.ok()) return made;
    for (std::size_t i = 0; i < found.count; ++i) {
      const candidate one{found.distances.data()[i], found.rows.data()[i]};
      if (one.distance == one.distance) scratch_.answers.offer(one, most);
    }
    sort_answers();
    return {};
  }
  /// The distances of query.found by the codes beside rows.
  [[nodiscard]] status compare_codes(ivf_query& query) noexcept {
    estimated_rows& found = query.found;
    if (status made = scratch_.components.resize(lvq_query_bytes(rows_.layout().dimension)); !made.ok()) return made;
    const coded_query coded = codes_.prepare(query.vector, scratch_.components.data());
    float* const distances = found.distances.data();
    codes_.distances(coded, found.rows.data(), found.count, codes_.usual_prefetch_rows(), distances);
    for (std::size_t i = 0; i < found.count; ++i) {
      if (!(distances[i] == distances[i])) distances[i] = __builtin_inff();  // a file may hold anything
    }
    return {};
  }
  /// The lists nearest to scratch.centred.
  [[nodiscard]] status find_lists(std::size_t probes) noexcept {
    near_lists& near = scratch_.ivf.near;
    const float* products = nullptr;
    if (!parts_.model.asks_graph(probes)) {
      buffer<float>& all = scratch_.ivf.group.products;
      if (status made = all.resize(parts_.lists.list_count()); !made.ok()) return made;
      if (status multiplied = parts_.model.multiply(&scratch_.ivf.centred, 1, probes, all.data()); !multiplied.ok()) return multiplied;
      products = all.data();
    }
    return parts_.model.nearest_lists(probes, scratch_.ivf.centred, products, near);
  }
  [[nodiscard]] status scan(const ivf_request& request, ivf_query& query) noexcept {
    const candidate* const near = scratch_.ivf.near.nearest.data();
    const std::size_t near_count = scratch_.ivf.near.nearest.size();
    std::uint32_t idle = 0;
    for (std::size_t i = 0; i < near_count; ++i) {
      if (i + 1 < near_count) prefetch(near[i + 1].row);
      const bool has_bound = query.found.bound < __builtin_inff();  // else all that comes is kept
      const std::uint64_t before = query.brought;
      if (status scanned = scan_list(near[i], request, query); !scanned.ok()) return scanned;
      idle = has_bound && query.brought == before ? idle + 1 : 0;
      if (request.patience != 0 && idle == request.patience) break;
    }
    return {};
  }
  /// @param which  the list's number, and the distance to its centroid
  [[nodiscard]] status scan_list(const candidate& which, const ivf_request& request, ivf_query& query) const noexcept {
    const list_version list = parts_.lists.version(which.row);
    const bool takes_all = this->takes_all(request.allowed);
    status failed;
    parts_.lists.for_each_run(list, [&](const std::byte* blocks, std::size_t block_count, std::size_t) noexcept {
      for (std::size_t block = 0; block < block_count && failed.ok(); block += blocks_at_once) {
        const std::size_t count = block_count - block < blocks_at_once ? block_count - block : blocks_at_once;
        failed = scan_blocks(blocks + block * parts_.lists.layout().block_bytes, count, which.distance, request, takes_all, query);
      }
    });
    return failed;
  }
  void prefetch(std::uint32_t list) const noexcept {
    const std::byte* const first = parts_.lists.first_bytes(list);
    for (std::size_t line = 0; line < 16; ++line) __builtin_prefetch(first + line * cache_line);
  }
  [[nodiscard]] status estimate(const std::byte* blocks, std::size_t block_count, float base, ivf_query& query) const noexcept {
    estimated_rows& found = query.found;
    const ivf_coder& coder = parts_.model.coder();
    if (coder.codes() != ivf_codes::flat) {
      coder.estimate(query.prepared, blocks, block_count, base, found);
      return {};
    }
    for (std::size_t block = 0; block < block_count; ++block) {
      const std::byte* const start = blocks + block * coder.layout().block_bytes;
      std::uint32_t ids[list_block_rows];
      float distances[list_block_rows];
      std::size_t count = 0;
      for (std::size_t lane = 0; lane < list_block_rows; ++lane) {
        const float add = load_unaligned<float>(start + lane * sizeof(float));
        const std::uint32_t row = list_block_layout::row(start, lane);
        if (add == add && row < row_count_) ids[count++] = row;
      }
      if (status got = rows_.distances_to(query.vector, ids, count, scratch_.vectors, distances); !got.ok()) return got;
      for (std::size_t i = 0; i < count; ++i) {
        if (!(distances[i] <= found.bound)) continue;
        found.distances.data()[found.count] = distances[i];
        found.rows.data()[found.count++] = ids[i];
      }
    }
    return {};
  }
  /// Leaves out those from `first` on that may not be answers.
  void keep_allowed(estimated_rows& found, std::size_t first, const filter& allowed) const noexcept {
    std::size_t kept = first;
    for (std::size_t i = first; i < found.count; ++i) {
      const std::uint32_t row = found.rows.data()[i];
      if (!may_be_answer(row, allowed)) continue;
      found.distances.data()[kept] = found.distances.data()[i];
      found.rows.data()[kept++] = row;
    }
    found.count = kept;
  }
  [[nodiscard]] bool is_answer(std::uint32_t row) const noexcept {
    if (row >= row_count_) return false;
    const row_state state = rows_.state(row);
    return state == row_state::live || (answers_ == answer_states::live_and_pending && state == row_state::pending);
  }
  [[nodiscard]] bool may_be_answer(std::uint32_t row, const filter& allowed) const noexcept {
    return is_answer(row) && (allowed.is_empty() || allowed.allows(rows_.key(row)));
  }

  void sort_answers() noexcept {
    scratch_.answers.sort();
    order_equals_by_key(scratch_.answers.data(), scratch_.answers.size(), rows_);
  }

  const row_store& rows_;
  const ivf_parts& parts_;
  const code_store& codes_;
  search_scratch& scratch_;
  const std::uint32_t row_count_;
  const bool is_coded_;  ///< each of these rows
  const answer_states answers_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_QUERY_HPP
