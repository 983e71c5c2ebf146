// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_group.hpp -- several queries of an inverted file at once, which share what they read of lists.
//
// Room:      how many queries go together, and their k nearest.
// Not here:  the steps of one query (index/ivf_query.hpp), the threads (index/basic_index.hpp).
// Depends:   index/ivf_query.hpp.
// Threads:   one scratch a caller, inside a reader epoch.
#ifndef ATLAS_INDEX_IVF_GROUP_HPP
#define ATLAS_INDEX_IVF_GROUP_HPP

#include <atlas/index/exact_search.hpp>  // write_hits
#include <atlas/index/ivf_query.hpp>     // ivf_search

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// One group of queries, whose memory is its scratch's. A few blocks of a list are read from memory once and estimated for
/// each query that looks at the list. What is found is the same as one query after another finds, as it does not depend
/// on the order of lists.
class ivf_group_search {
 public:
  ivf_group_search(const row_store& rows, const ivf_parts& parts, const code_store& codes, search_scratch& scratch) noexcept
      : rows_(rows), parts_(parts), scratch_(scratch), one_(rows, parts, codes, scratch) {}

  /// How many of so many queries go together: as many as have their tables, the lists they look at and what they found in
  /// 16 MiB. 1 where lists are hardly shared, or their order counts.
  [[nodiscard]] static std::size_t queries_at_once(const ivf_parts& parts, std::size_t dimension, const ivf_request& request, std::size_t queries) noexcept {
    constexpr std::size_t most_bytes = std::size_t{16} << 20;
    constexpr std::size_t most = 1024;
    const std::size_t query_bytes = parts.model.coder().prepared_bytes() + dimension * sizeof(float) +
                                    ivf_search::full_at(request) * (sizeof(float) + sizeof(std::uint32_t)) +
                                    request.probes * 2 * sizeof(list_visit);
    const std::size_t product_bytes = ivf_query_group::centred_at_once * std::size_t{parts.lists.list_count()} * sizeof(float);
    if (!parts.model.asks_graph(request.probes) && product_bytes > most_bytes) return 1;
    const std::size_t fit = most_bytes / query_bytes;
    if (queries > most) queries = most;
    if (queries > fit) queries = fit;
    const bool is_shared = queries * request.probes >= parts.lists.list_count();
    return request.patience == 0 && is_shared && queries > 1 ? queries : 1;
  }
  /// @param queries  shape [n, dimension]; n as queries_at_once
  /// @param hits     of these queries
  [[nodiscard]] status nearest(const matrix_view& queries, const ivf_request& request, hits_view hits) noexcept {
    const auto is_named = one_.name_allowed(request);
    if (!is_named.ok()) return is_named.error();
    if (*is_named) return nearest_named(queries, request, hits);
    if (status prepared = prepare(queries, request); !prepared.ok()) return prepared;
    // First the list that is the first of each query's, so that few rows of the others come within its bound.
    if (status scanned = scan(scratch_.ivf.group.nearest, request); !scanned.ok()) return scanned;
    if (status scanned = scan(scratch_.ivf.group.others, request); !scanned.ok()) return scanned;
    for (std::size_t i = 0; i < queries.rows; ++i) {
      ivf_query& query = scratch_.ivf.group[i];
      if (one_.is_short(request, query)) {
        if (status scanned = one_.scan_further_again(request, query); !scanned.ok()) return scanned;
      }
      if (status measured = one_.measure(request, query); !measured.ok()) return measured;
      write_answers(i, request.k, hits);
    }
    return {};
  }

 private:
  /// Among the rows of a bitmap, which are looked up once for all queries.
  [[nodiscard]] status nearest_named(const matrix_view& queries, const ivf_request& request, const hits_view& hits) noexcept {
    for (std::size_t i = 0; i < queries.rows; ++i) {
      if (status taken = scratch_.take_query(queries.row(i), rows_.layout()); !taken.ok()) return taken;
      if (status measured = one_.nearest_named(request, scratch_.query.data()); !measured.ok()) return measured;
      write_answers(i, request.k, hits);
    }
    return {};
  }
  [[nodiscard]] status prepare(const matrix_view& queries, const ivf_request& request) noexcept {
    ivf_query_group& group = scratch_.ivf.group;
    const std::size_t dimension = rows_.layout().dimension;
    if (status made = group.start(queries.rows, dimension); !made.ok()) return made;
    constexpr std::size_t at_once = ivf_query_group::centred_at_once;
    for (std::size_t first = 0; first < queries.rows; first += at_once) {
      const std::size_t count = queries.rows - first < at_once ? queries.rows - first : at_once;
      for (std::size_t i = 0; i < count; ++i) {
        if (status taken = scratch_.take_query(queries.row(first + i), rows_.layout()); !taken.ok()) return taken;
        float* const vector = group.vectors.data() + (first + i) * dimension;
        std::memcpy(vector, scratch_.query.data(), dimension * sizeof(float));
        group[first + i].start(vector);
        if (status prepared = one_.prepare(group[first + i], group.centred[i]); !prepared.ok()) return prepared;
      }
      if (status found = find_lists(first, count, request.probes); !found.ok()) return found;
    }
    return {};
  }
  /// Notes the lists nearest to `count` queries from the `first` on, which are centred.
  [[nodiscard]] status find_lists(std::size_t first, std::size_t count, std::size_t probes) noexcept {
    ivf_query_group& group = scratch_.ivf.group;
    const ivf_model& model = parts_.model;
    const bool asks_graph = model.asks_graph(probes);
    if (!asks_graph) {
      if (status made = group.products.resize(count * model.list_count()); !made.ok()) return made;
      if (status multiplied = model.multiply(group.centred, count, probes, group.products.data()); !multiplied.ok()) return multiplied;
    }
    for (std::size_t i = 0; i < count; ++i) {
      near_lists& near = scratch_.ivf.near;
      const float* const products = asks_graph ? nullptr : group.products.data() + i * model.list_count();
      if (status found = model.nearest_lists(probes, group.centred[i], products, near); !found.ok()) return found;
      for (std::size_t place = 0; place < near.nearest.size(); ++place) {
        const candidate& list = near.nearest.data()[place];
        const list_visit visit{list.row, static_cast<std::uint32_t>(first + i), list.distance};
        if (status noted = (place == 0 ? group.nearest : group.others).push_back(visit); !noted.ok()) return noted;
      }
    }
    return {};
  }
  /// The visits in the order of lists, which keeps that of queries.
  [[nodiscard]] status sort_by_list(const buffer<list_visit>& visits) noexcept {
    ivf_query_group& group = scratch_.ivf.group;
    group.firsts.clear();
    if (status made = group.firsts.resize_zeroed(parts_.lists.list_count() + std::size_t{1}); !made.ok()) return made;
    if (status made = group.in_order.resize(visits.size()); !made.ok()) return made;
    std::uint32_t* const firsts = group.firsts.data();
    for (const list_visit& visit : visits) ++firsts[visit.list + std::size_t{1}];
    for (std::size_t list = 1; list < group.firsts.size(); ++list) firsts[list] += firsts[list - 1];
    for (const list_visit& visit : visits) group.in_order[firsts[visit.list]++] = visit;
    return {};
  }
  [[nodiscard]] status scan(const buffer<list_visit>& visits, const ivf_request& request) noexcept {
    if (status sorted = sort_by_list(visits); !sorted.ok()) return sorted;
    const buffer<list_visit>& in_order = scratch_.ivf.group.in_order;
    for (std::size_t first = 0; first < in_order.size();) {
      std::size_t end = first + 1;
      while (end < in_order.size() && in_order[end].list == in_order[first].list) ++end;
      if (status scanned = scan_list({in_order.data() + first, end - first}, request); !scanned.ok()) return scanned;
      first = end;
    }
    return {};
  }
  /// @param visits  all of one list
  [[nodiscard]] status scan_list(span<const list_visit> visits, const ivf_request& request) noexcept {
    constexpr std::size_t most_bytes = std::size_t{24} << 10;  // of the L1 cache, beside tables
    const list_block_layout& layout = parts_.lists.layout();
    const std::size_t fit = most_bytes / layout.block_bytes;
    const std::size_t at_once = fit == 0 ? 1 : fit < ivf_search::blocks_at_once ? fit : ivf_search::blocks_at_once;
    const list_version list = parts_.lists.version(visits[0].list);
    const bool takes_all = one_.takes_all(request.allowed);
    status failed;
    parts_.lists.for_each_run(list, [&](const std::byte* blocks, std::size_t block_count, std::size_t) noexcept {
      for (std::size_t block = 0; block < block_count && failed.ok(); block += at_once) {
        const std::size_t count = block_count - block < at_once ? block_count - block : at_once;
        const std::byte* const start = blocks + block * layout.block_bytes;
        failed = layout.are_interleaved ? scan_together(visits, start, count, request, takes_all) : scan_each(visits, start, count, request, takes_all);
      }
    });
    return failed;
  }
  [[nodiscard]] status scan_each(span<const list_visit> visits, const std::byte* blocks, std::size_t block_count, const ivf_request& request,
                                 bool takes_all) noexcept {
    for (const list_visit& visit : visits) {
      const status scanned = one_.scan_blocks(blocks, block_count, visit.distance, request, takes_all, scratch_.ivf.group[visit.query]);
      if (!scanned.ok()) return scanned;
    }
    return {};
  }
  [[nodiscard]] status scan_together(span<const list_visit> visits, const std::byte* blocks, std::size_t block_count, const ivf_request& request,
                                     bool takes_all) noexcept {
    constexpr std::size_t most = 16;
    kernels_v1::list_scan scans[most];
    ivf_query* queries[most];
    std::size_t count = 0;
    const auto flush = [&]() noexcept {
      kernels().list_scans(scans, count, blocks, block_count);
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t before = queries[i]->found.count;
        queries[i]->found.count += scans[i].count;
        one_.keep_found(before, request, takes_all, *queries[i]);
      }
      count = 0;
    };
    for (const list_visit& visit : visits) {
      ivf_query& query = scratch_.ivf.group[visit.query];
      const auto is_new = one_.take_blocks(block_count, query);
      if (!is_new.ok()) return is_new.error();
      if (!*is_new) continue;
      estimated_rows& found = query.found;
      queries[count] = &query;
      scans[count++] = {query.prepared.nibbles, visit.distance, found.bound, found.distances.data() + found.count, found.rows.data() + found.count, 0};
      if (count == most) flush();
    }
    if (count != 0) flush();
    return {};
  }
  void write_answers(std::size_t i, std::size_t k, const hits_view& hits) const noexcept {
    auto& answers = scratch_.answers;
    write_hits(answers.data(), answers.size(), rows_, k, hits.keys + i * k, hits.distances + i * k);
    if (hits.counts != nullptr) hits.counts[i] = static_cast<std::uint32_t>(answers.size());
  }

  const row_store& rows_;
  const ivf_parts& parts_;
  search_scratch& scratch_;
  ivf_search one_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_GROUP_HPP
