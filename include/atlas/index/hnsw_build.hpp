// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_build.hpp -- how a stored row becomes part of the graph.
//
// Room:      the level of a row, the choice of neighbours, and links in both directions.
// Not here:  the walk that finds candidates (index/hnsw_search.hpp), batches and threads (index/hnsw_index.hpp).
// Depends:   index/{code_store,hnsw_graph,hnsw_search,row_store}.hpp.
// Threads:   insertions run beside each other and beside searches; each list is changed under its row's lock,
//            and a thread holds one such lock at a time.
// Source:    Malkov and Yashunin, TPAMI 2020 (arXiv:1603.09320), algorithms 1 and 4.
#ifndef ATLAS_INDEX_HNSW_BUILD_HPP
#define ATLAS_INDEX_HNSW_BUILD_HPP

#include <atlas/core/bits.hpp>          // mix64
#include <atlas/index/hnsw_search.hpp>  // hnsw_walk

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// The level of a row: floor(-ln(u) / ln(connectivity)) with u uniform in (0, 1], drawn from seed and row alone,
/// so that it does not depend on threads or on the order of batches.
[[nodiscard]] inline std::uint8_t hnsw_level(std::uint64_t seed, std::uint32_t row, std::uint32_t connectivity) noexcept {
  const std::uint64_t drawn = mix64(mix64(seed) + row);
  const double uniform = (static_cast<double>(drawn >> 11) + 1.0) * 0x1p-53;
  const double level = -__builtin_log(uniform) / __builtin_log(static_cast<double>(connectivity));
  return level < hnsw_graph::most_levels ? static_cast<std::uint8_t>(level) : hnsw_graph::most_levels;
}

class hnsw_insertion {
 public:
  /// @param alpha  of the choice of neighbours, squared where distances are squares
  hnsw_insertion(const row_store& rows, const code_store& codes, hnsw_graph& graph, search_scratch& scratch,
                 std::size_t build_width, float alpha) noexcept
      : rows_(rows), codes_(codes), graph_(graph), scratch_(scratch), build_width_(build_width), alpha_(alpha) {}

  /// Links one row that lies in the store and whose lists are empty.
  /// @param by  in what candidates are found; which of them become neighbours is decided on the stored vectors
  /// @return  errc::no_memory before anything is linked, else ok
  [[nodiscard]] status insert(std::uint32_t row, hnsw_walk::measure_by by) noexcept {
    const std::uint32_t named = graph_.level(row);  // which for a slot used again may be a hostile file's
    const std::uint32_t level = named < hnsw_graph::most_levels ? named : hnsw_graph::most_levels;
    entry_point entry = entry_or_become(row, level);
    if (entry.row == row) return {};
    if (status found = choose_links(row, level, entry, by); !found.ok()) return found;
    // Nothing but removed rows there: it becomes the entry itself, unless another row just did, which it then has to find.
    for (int tries = 0; chosen_count_[0] == 0 && tries < most_tries; ++tries) {
      if (raise_entry(row, level)) return {};
      entry = graph_.entry();
      if (entry.row >= rows_.row_count()) continue;
      if (status found = choose_links(row, level, entry, by); !found.ok()) return found;
    }
    // The lowest level first: whoever meets the row on a level can then always go on below.
    for (std::uint32_t at = 0; at < chosen_levels_; ++at) {
      for (std::uint32_t i = 0; i < chosen_count_[at]; ++i) {
        const candidate neighbour = chosen(at)[i];
        link(row, at, neighbour);
        link(neighbour.row, at, {neighbour.distance, row});
      }
    }
    if (level > entry.level || has_lost_entry()) (void)raise_entry(row, level);
    return {};
  }

  /// Readies the scratch for relink and ensure_led_to.
  [[nodiscard]] status start_relinking() noexcept {
    const std::size_t list = graph_.base_capacity();
    if (status made = scratch_.start(list * (list + 1)); !made.ok()) return made;
    if (status made = scratch_.pruned.resize(list * (list + 1)); !made.ok()) return made;
    if (status made = scratch_.relinked.resize(list + 1); !made.ok()) return made;
    return scratch_.visited.start(rows_.row_count());
  }
  /// Fills up a row's links on a level: those that may stay do, and the best of what the others led to comes to them; what
  /// becomes a neighbour by that links back. @pre start_relinking()
  void relink(std::uint32_t row, std::uint32_t level) noexcept {
    candidate* sorted = scratch_.pruned.data();
    std::uint32_t kept = 0;
    {
      lock_guard<mutex> writing(graph_.lock_of(row));
      const link_list list = graph_.links(row, level);
      const gathered_rows found = gather_for_relinking(row, level, list);
      std::uint32_t* ids = scratch_.ids.data();
      measure_anew(row, ids, found.linked, sorted);
      measure_anew(row, ids + found.linked, found.all - found.linked, sorted + found.linked);
      kept = choose(sorted, found.all, row, list.capacity, sorted, static_cast<std::uint32_t>(found.linked));
      for (std::uint32_t i = 0; i < kept; ++i) ids[i] = sorted[i].row;
      list.write(ids, kept);
    }
    for (std::uint32_t i = 0; i < kept; ++i) {
      if (!is_linked(sorted[i].row, level, row)) link(sorted[i].row, level, {sorted[i].distance, row});
    }
  }
  /// Sees to it that a row whose neighbours have left is still led to on the lowest level. If few of those it has link back,
  /// it is searched for, as a few rows may lead to each other and no other row to them. @pre start_relinking()
  void ensure_led_to(std::uint32_t row) noexcept {
    std::uint32_t* ids = scratch_.ids.data();
    const std::size_t count = graph_.links(row, 0).read(rows_.row_count(), ids);
    std::uint32_t linking_back = 0;
    for (std::size_t i = 0; i < count; ++i) linking_back += is_linkable(ids[i]) && is_linked(ids[i], 0, row) ? 1U : 0U;
    if (linking_back >= graph_.connectivity() / 2) return;
    const candidate nearest = nearest_unless_found(row);
    if (nearest.row != row_store::no_row) link_surely(nearest, row);
    (void)start_relinking();  // which takes no memory the second time
  }

 private:
  static constexpr std::uint32_t most_levels = hnsw_graph::most_levels + 1;
  /// Candidates of a row that is linked anew; the first neighbours of the first lists, which are sorted by insertion.
  static constexpr std::size_t most_to_choose_from = 2048;
  static constexpr int most_tries = 64;  ///< each fails only if yet another row became the entry, and was removed, meanwhile

  /// The chosen neighbours of the row on one level, nearest first.
  [[nodiscard]] candidate* chosen(std::uint32_t level) noexcept {
    return scratch_.chosen.data() + std::size_t{level} * graph_.connectivity();
  }

  [[nodiscard]] status choose_links(std::uint32_t row, std::uint32_t level, entry_point entry, hnsw_walk::measure_by by) noexcept {
    const std::uint32_t top = level < entry.level ? level : entry.level;
    chosen_levels_ = top + 1;
    if (status made = scratch_.chosen.resize(std::size_t{chosen_levels_} * graph_.connectivity()); !made.ok()) return made;
    if (status made = scratch_.relinked.resize(graph_.base_capacity() + 1); !made.ok()) return made;
    if (status taken = scratch_.take_row(rows_, row); !taken.ok()) return taken;
    hnsw_walk walk({rows_, codes_, graph_}, scratch_, by);
    if (status ready = walk.start(); !ready.ok()) return ready;
    candidate from = walk.descend_to(entry, top);
    for (std::uint32_t at = top + 1; at-- > 0;) {
      if (at != top) {
        if (status ready = walk.forget_seen(); !ready.ok()) return ready;  // each level forgets what the one above saw
      }
      if (status walked = walk.nearest(from, at, build_width_); !walked.ok()) return walked;
      const candidate next_from = scratch_.pool.size() != 0 ? scratch_.pool.data()[0] : from;
      if (status taken = take_linkable(scratch_.pool.data(), scratch_.pool.size()); !taken.ok()) return taken;
      // Among many removed rows the pool may hold few others.
      if (at == 0 && scratch_.pruned.size() < graph_.connectivity() && rows_.removed_count() != 0) {
        if (status ready = walk.forget_seen(); !ready.ok()) return ready;
        const auto linkable = [this](std::uint32_t other) noexcept { return is_linkable(other); };
        if (status walked = walk.nearest_of(from, build_width_, linkable); !walked.ok()) return walked;
        if (status taken = take_linkable(scratch_.answers.data(), scratch_.answers.size()); !taken.ok()) return taken;
      }
      from = next_from;
      measure(row, scratch_.pruned.data(), scratch_.pruned.size(), walk.is_coded());
      chosen_count_[at] = choose(scratch_.pruned.data(), scratch_.pruned.size(), row, graph_.connectivity(), chosen(at));
    }
    return {};
  }
  /// Whether new links may lead to a row: removed ones are about to be taken out of all lists.
  [[nodiscard]] bool is_linkable(std::uint32_t row) const noexcept {
    const row_state state = rows_.state(row);
    return state == row_state::live || state == row_state::pending;
  }
  /// Candidates that may be linked to, into scratch.pruned.
  [[nodiscard]] status take_linkable(const candidate* found, std::size_t count) noexcept {
    auto& taken = scratch_.pruned;
    if (status made = taken.resize(count); !made.ok()) return made;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (is_linkable(found[i].row)) taken.data()[kept++] = found[i];
    }
    return taken.resize(kept);
  }
  /// Replaces codes' distances from a row by those of the vectors, and sorts: all but a few are in order.
  void measure(std::uint32_t row, candidate* sorted, std::size_t count, bool are_coded) noexcept {
    if (!are_coded) return;
    constexpr std::size_t batch = 32;
    std::uint32_t ids[batch];
    float distances[batch];
    for (std::size_t first = 0; first < count; first += batch) {
      const std::size_t size = count - first < batch ? count - first : batch;
      for (std::size_t i = 0; i < size; ++i) ids[i] = sorted[first + i].row;
      rows_.distances_from(row, ids, size, distances);
      for (std::size_t i = 0; i < size; ++i) {
        const candidate one{distances[i], ids[i]};
        std::size_t at = first + i;
        for (; at > 0 && is_walked_before(one, sorted[at - 1]); --at) sorted[at] = sorted[at - 1];
        sorted[at] = one;
      }
    }
  }

  /// Algorithm 4: of candidates sorted by distance to a centre, keeps each that is nearer to the centre than, alpha
  /// times, to every one kept before. Of many at one distance, which are mostly rows equal to the centre, it keeps half a list:
  /// they chain the equal rows together, and the other half leads on to different ones.
  /// @param self  a row that is never kept
  /// @param out   [most]; may be `sorted` itself, because a kept candidate never moves back
  /// @param kept  so many, the first, are kept already, and lie in `out`
  std::uint32_t choose(const candidate* sorted, std::size_t count, std::uint32_t self, std::uint32_t most, candidate* out,
                       std::uint32_t kept = 0) noexcept {
    std::uint32_t kept_at_distance = 0;
    for (std::size_t i = kept; i < count && kept < most; ++i) {
      const candidate one = sorted[i];
      if (kept != 0 && one.distance != out[kept - 1].distance) kept_at_distance = 0;
      if (one.row == self || kept_at_distance >= (most + 1) / 2 || is_covered(one, out, kept)) continue;
      out[kept++] = one;
      ++kept_at_distance;
    }
    return kept;
  }
  /// Whether a kept row is nearer to the candidate than the centre is. The kept are compared a few at a time,
  /// nearest first: the first four decide most cases.
  [[nodiscard]] bool is_covered(candidate one, const candidate* kept, std::uint32_t count) const noexcept {
    constexpr std::uint32_t group = 4;
    for (std::uint32_t first = 0; first < count; first += group) {
      std::uint32_t ids[group];
      float distances[group];
      const std::uint32_t size = count - first < group ? count - first : group;
      for (std::uint32_t i = 0; i < size; ++i) ids[i] = kept[first + i].row;
      rows_.distances_from(one.row, ids, size, distances);
      for (std::uint32_t i = 0; i < size; ++i) {
        if (times_as_far(distances[i], alpha_) < one.distance) return true;
      }
    }
    return false;
  }

  /// Adds `to` to the links of `from`, or, when the list is full, chooses anew among all of them.
  void link(std::uint32_t from, std::uint32_t level, candidate to) noexcept {
    lock_guard<mutex> writing(graph_.lock_of(from));
    const link_list list = graph_.links(from, level);
    const std::uint32_t size = list.size();
    for (std::uint32_t i = 0; i < size; ++i) {
      if (load_relaxed(list.ids + i) == to.row) return;
    }
    if (size < list.capacity) {
      store_release(list.ids + size, to.row);
      return;
    }
    if (size == 0) return;  // a hostile file's row without a list on this level

    std::uint32_t* ids = scratch_.ids.data();
    const std::size_t linked = list.read(rows_.row_count(), ids);
    std::size_t count = 0;
    for (std::size_t i = 0; i < linked; ++i) {
      if (is_linkable(ids[i])) ids[count++] = ids[i];
    }
    rows_.distances_from(from, ids, count, scratch_.distances.data());
    candidate* sorted = scratch_.relinked.data();
    std::size_t sorted_count = 0;
    const auto insert_sorted = [&](candidate one) noexcept {
      std::size_t at = sorted_count++;
      for (; at > 0 && is_walked_before(one, sorted[at - 1]); --at) sorted[at] = sorted[at - 1];
      sorted[at] = one;
    };
    for (std::size_t i = 0; i < count; ++i) insert_sorted({scratch_.distances.data()[i], ids[i]});
    insert_sorted(to);
    const std::uint32_t kept = choose(sorted, sorted_count, from, list.capacity, sorted);
    for (std::uint32_t i = 0; i < kept; ++i) ids[i] = sorted[i].row;
    list.write(ids, kept);
  }

  [[nodiscard]] bool is_linked(std::uint32_t from, std::uint32_t level, std::uint32_t to) const noexcept {
    const link_list list = graph_.links(from, level);
    for (std::uint32_t i = 0; i < list.capacity; ++i) {
      const std::uint32_t id = load_acquire(list.ids + i);
      if (id == to) return true;
      if (id == row_store::no_row) break;
    }
    return false;
  }
  struct gathered_rows {
    std::size_t linked;  ///< at the front, those that are in the list
    std::size_t all;
  };
  /// What a row may lead to, into scratch.ids: of its list what may stay, and what the rest of it leads to. Where most rows
  /// go at once that may be next to nothing: then also what is behind those, until it is enough to choose from.
  gathered_rows gather_for_relinking(std::uint32_t row, std::uint32_t level, const link_list& list) noexcept {
    const std::uint32_t row_count = rows_.row_count();
    std::uint32_t* ids = scratch_.ids.data();
    gathered_rows found = {0, 0};
    auto& leaving = scratch_.second_ids;  // in the order in which they were met
    leaving.clear();
    const std::size_t known = scratch_.visited.capacity();  // rows that came since start_relinking may be above: they are left out
    (void)scratch_.visited.start(known);                    // which takes no memory
    if (row < known) (void)scratch_.visited.insert(row);
    const auto meet = [&](const link_list& of) noexcept {
      for (std::uint32_t i = 0; i < of.capacity && found.all < most_to_choose_from; ++i) {
        const std::uint32_t id = load_acquire(of.ids + i);
        if (id == row_store::no_row) break;
        if (id >= row_count || id >= known || !scratch_.visited.insert(id)) continue;
        if (is_linkable(id)) {
          ids[found.all++] = id;
        } else {
          (void)leaving.push_back(id);  // without memory what is behind it is left out
        }
      }
    };
    meet(list);
    found.linked = found.all;
    const std::size_t direct = leaving.size();
    for (std::size_t next = 0; next < leaving.size() && (next < direct || found.all < list.capacity); ++next) {
      meet(graph_.links(leaving[next], level));
    }
    return found;
  }
  /// Distances from a row to others, sorted.
  void measure_anew(std::uint32_t row, const std::uint32_t* ids, std::size_t count, candidate* sorted) noexcept {
    rows_.distances_from(row, ids, count, scratch_.distances.data());
    for (std::size_t i = 0; i < count; ++i) {
      const candidate one{scratch_.distances.data()[i], ids[i]};
      std::size_t at = i;
      for (; at > 0 && is_walked_before(one, sorted[at - 1]); --at) sorted[at] = sorted[at - 1];
      sorted[at] = one;
    }
  }
  /// Searches for a row, and where that does not lead to it, the nearest row to which it does; else, or without memory, none.
  [[nodiscard]] candidate nearest_unless_found(std::uint32_t row) noexcept {
    constexpr candidate none = {0.0F, row_store::no_row};
    const entry_point entry = graph_.entry();
    if (!scratch_.take_row(rows_, row).ok()) return none;
    hnsw_walk walk({rows_, codes_, graph_}, scratch_);
    if (!walk.start().ok() || entry.row >= walk.row_count()) return none;
    if (!walk.nearest(walk.descend_to(entry, 0), 0, graph_.base_capacity()).ok()) return none;
    candidate nearest = none;
    for (std::size_t i = scratch_.pool.size(); i-- > 0;) {
      const candidate one = scratch_.pool.data()[i];
      if (one.row == row) return none;
      if (is_linkable(one.row)) nearest = one;
    }
    if (nearest.row != row_store::no_row) rows_.distances_from(row, &nearest.row, 1, &nearest.distance);
    return nearest;
  }
  /// Links to a row even where others cover it: then in place of the last.
  void link_surely(candidate from, std::uint32_t row) noexcept {
    link(from.row, 0, {from.distance, row});
    lock_guard<mutex> writing(graph_.lock_of(from.row));
    const link_list list = graph_.links(from.row, 0);
    const std::uint32_t size = list.size();
    for (std::uint32_t i = 0; i < size; ++i) {
      if (load_relaxed(list.ids + i) == row) return;
    }
    if (list.capacity != 0) store_release(list.ids + (size < list.capacity ? size : size - 1), row);
  }

  /// Where to start; the very first row of a graph becomes that itself. Of two first rows one wins, and the
  /// other is linked to it.
  [[nodiscard]] entry_point entry_or_become(std::uint32_t row, std::uint32_t level) noexcept {
    const entry_point seen = graph_.entry();
    if (seen.row < rows_.row_count()) return seen;
    lock_guard<mutex> raising(graph_.entry_lock());
    const entry_point now = graph_.entry();
    if (now.row < rows_.row_count()) return now;
    graph_.set_entry({row, level});
    return {row, level};
  }
  /// Whether walks have nowhere to begin: all rows that were there are about to leave the graph.
  [[nodiscard]] bool has_lost_entry() const noexcept {
    const std::uint32_t row = graph_.entry().row;
    return row >= rows_.row_count() || rows_.state(row) == row_state::unlinked;
  }
  /// A row above all others becomes the entry, and one that comes when the entry is no row to link to. Gives whether it did.
  bool raise_entry(std::uint32_t row, std::uint32_t level) noexcept {
    lock_guard<mutex> raising(graph_.entry_lock());
    const entry_point now = graph_.entry();
    if (level <= now.level && now.row < rows_.row_count() && is_linkable(now.row)) return false;
    graph_.set_entry({row, level});
    return true;
  }

  const row_store& rows_;
  const code_store& codes_;
  hnsw_graph& graph_;
  search_scratch& scratch_;
  std::size_t build_width_;
  float alpha_;
  std::uint32_t chosen_levels_ = 0;
  std::uint32_t chosen_count_[most_levels] = {};
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_BUILD_HPP
