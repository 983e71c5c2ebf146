// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_engine.hpp -- the graph as the engine of an index: link, search, save, open.
//
// Room:      which walk answers which search, and the graph's sections of a file.
// Not here:  the walks (index/hnsw_search.hpp), insertion (index/hnsw_build.hpp).
// Depends:   index/{basic_index,exact_search,hnsw_build,hnsw_options}.hpp.
// Threads:   as index/basic_index.hpp says.
#ifndef ATLAS_INDEX_HNSW_ENGINE_HPP
#define ATLAS_INDEX_HNSW_ENGINE_HPP

#include <atlas/index/basic_index.hpp>   // found_rows, section_writer
#include <atlas/index/hnsw_build.hpp>    // hnsw_insertion, hnsw_level
#include <atlas/index/hnsw_options.hpp>  // hnsw_options

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

class hnsw_engine {
 public:
  static constexpr file_kind kind = file_kind::hnsw;
  static constexpr std::uint32_t known_sections[] = {
      static_cast<std::uint32_t>(index_section::vectors),      static_cast<std::uint32_t>(index_section::keys),
      static_cast<std::uint32_t>(index_section::row_states),   static_cast<std::uint32_t>(index_section::key_map),
      static_cast<std::uint32_t>(index_section::base_links),   static_cast<std::uint32_t>(index_section::levels),
      static_cast<std::uint32_t>(index_section::upper_blocks), static_cast<std::uint32_t>(index_section::upper_links)};
  static constexpr std::uint32_t most_connectivity = 512;
  static constexpr std::uint32_t most_width = 65'536;

  [[nodiscard]] status create(const hnsw_options& options) noexcept {
    if (status fits = check(options.connectivity, options.build_width, options.search_width, errc::invalid_argument); !fits.ok()) return fits;
    build_width_ = options.build_width;
    search_width_.store_release(options.search_width);
    seed_ = options.seed;
    return graph_.create(options.connectivity, options.reserve_rows);
  }

  [[nodiscard]] const hnsw_graph& graph() const noexcept { return graph_; }
  [[nodiscard]] std::uint32_t build_width() const noexcept { return build_width_; }
  [[nodiscard]] std::uint32_t search_width() const noexcept { return search_width_.load_acquire(); }
  [[nodiscard]] status set_search_width(std::size_t width) noexcept {
    if (width == 0 || width > most_width) return error{errc::invalid_argument, "search_width", "1 to 65536", width};
    search_width_.store_release(static_cast<std::uint32_t>(width));
    return {};
  }

  // -- what basic_index asks of an engine
  [[nodiscard]] status make_room(std::uint32_t first, std::uint32_t count) noexcept {
    buffer<std::uint8_t> levels;
    if (status made = levels.resize(count); !made.ok()) return made;
    for (std::uint32_t i = 0; i < count; ++i) levels[i] = hnsw_level(seed_, first + i, graph_.connectivity());
    return graph_.grow(first, count, levels.data());
  }
  [[nodiscard]] status reserve(std::uint32_t rows) noexcept { return graph_.grow(0, rows, nullptr); }
  [[nodiscard]] status link(const row_store& rows, search_scratch& scratch, std::uint32_t row) noexcept {
    return hnsw_insertion(rows, graph_, scratch, build_width_).insert(row);
  }

  [[nodiscard]] result<found_rows> nearest(const row_store& rows, search_scratch& scratch, std::size_t k, std::size_t width,
                                           const filter& allowed) const noexcept {
    // The entry first: one that an add raised after the rows were counted would not be among them.
    const entry_point entry = graph_.entry();
    hnsw_walk walk(rows, graph_, scratch);
    if (status ready = walk.start(); !ready.ok()) return ready.error();
    if (entry.row >= walk.row_count()) return found_rows{};
    width = clamp_width(width, k, walk.row_count());
    if (status made = scratch.answers.reserve(width); !made.ok()) return made.error();
    const candidate from = walk.descend_to(entry, 0);
    if (allowed.is_empty() && rows.live_count() == walk.row_count()) {
      if (status walked = walk.nearest(from, 0, width); !walked.ok()) return walked.error();
      const found_rows found{scratch.pool.data(), scratch.pool.size() < k ? scratch.pool.size() : k};
      scratch.pool.settle_ties(found.size());
      bool all_live = true;
      for (const candidate& one : found) all_live = all_live && rows.state(one.row) == row_state::live;
      if (all_live) return found;
      // Rows were added or removed since they were counted: walk again, looking at each row's state.
      if (status ready = walk.start(); !ready.ok()) return ready.error();
    }
    if (status walked = walk.nearest_allowed(from, width, allowed); !walked.ok()) return walked.error();
    return found_rows{scratch.answers.data(), scratch.answers.size()};
  }
  [[nodiscard]] result<found_rows> within(const row_store& rows, search_scratch& scratch, float radius, std::size_t width,
                                          const filter& allowed) const noexcept {
    // The entry first: one that an add raised after the rows were counted would not be among them.
    const entry_point entry = graph_.entry();
    hnsw_walk walk(rows, graph_, scratch);
    if (status ready = walk.start(); !ready.ok()) return ready.error();
    if (entry.row >= walk.row_count()) return found_rows{};
    const candidate from = walk.descend_to(entry, 0);
    if (status walked = walk.within(from, radius, clamp_width(width, 1, walk.row_count()), allowed); !walked.ok()) return walked.error();
    return found_rows{scratch.answers.data(), scratch.answers.size()};
  }

  [[nodiscard]] status save(section_writer& writer, const row_store& rows) const noexcept {
    const std::uint64_t count = rows.row_count();
    if (status w = writer.write_column(index_section::base_links, graph_.base_column(), count); !w.ok()) return w;
    if (status w = writer.write_column(index_section::levels, graph_.level_column(), count); !w.ok()) return w;
    if (status w = writer.write_column(index_section::upper_blocks, graph_.block_column(), count); !w.ok()) return w;
    return writer.write_column(index_section::upper_links, graph_.upper_column(), graph_.upper_block_count());
  }
  void describe(index_parameters& parameters) const noexcept {
    const entry_point entry = graph_.entry();
    parameters.connectivity = graph_.connectivity();
    parameters.build_width = build_width_;
    parameters.search_width = search_width();
    parameters.seed = seed_;
    parameters.entry_row = entry.row;
    parameters.entry_level = entry.level;
    parameters.upper_block_count = graph_.upper_block_count();
  }
  [[nodiscard]] status open(const file_reader& file, open_mode mode, const index_parameters& parameters) noexcept {
    const std::uint64_t rows = file.header().rows;
    const std::uint32_t connectivity = parameters.connectivity;
    if (status fits = check(connectivity, parameters.build_width, parameters.search_width, errc::corrupt_file); !fits.ok()) return fits;
    if (parameters.upper_block_count > max_rows) {
      return error{errc::corrupt_file, "parameters.upper_block_count", max_rows, parameters.upper_block_count};
    }
    if (parameters.entry_row != row_store::no_row && parameters.entry_row >= rows) {
      return error{errc::corrupt_file, "parameters.entry_row", "a row of the file", parameters.entry_row};
    }
    auto base = open_column(file, index_section::base_links, 2 * std::size_t{connectivity} * sizeof(std::uint32_t), rows, mode);
    if (!base.ok()) return base.error();
    auto levels = open_column(file, index_section::levels, 1, rows, mode);
    if (!levels.ok()) return levels.error();
    auto blocks = open_column(file, index_section::upper_blocks, sizeof(std::uint32_t), rows, mode);
    if (!blocks.ok()) return blocks.error();
    auto upper = open_column(file, index_section::upper_links, connectivity * sizeof(std::uint32_t), parameters.upper_block_count, mode);
    if (!upper.ok()) return upper.error();
    graph_.adopt(connectivity, static_cast<column&&>(*base), static_cast<column&&>(*levels), static_cast<column&&>(*blocks),
                 static_cast<column&&>(*upper), static_cast<std::uint32_t>(parameters.upper_block_count),
                 {parameters.entry_row, parameters.entry_level});
    build_width_ = parameters.build_width;
    search_width_.store_release(parameters.search_width);
    seed_ = parameters.seed;
    return {};
  }
  [[nodiscard]] std::uint64_t bytes(std::uint32_t row_count) const noexcept { return graph_.bytes(row_count); }

 private:
  [[nodiscard]] static status check(std::uint32_t connectivity, std::uint32_t build_width, std::uint32_t search_width, errc why) noexcept {
    if (connectivity < 2 || connectivity > most_connectivity) return error{why, "connectivity", "2 to 512", connectivity};
    if (build_width == 0 || build_width > most_width) return error{why, "build_width", "1 to 65536", build_width};
    if (search_width == 0 || search_width > most_width) return error{why, "search_width", "1 to 65536", search_width};
    return {};
  }
  /// 0 means the default; at least k; no more than there are rows, so that memory follows the index.
  [[nodiscard]] std::size_t clamp_width(std::size_t width, std::size_t k, std::size_t row_count) const noexcept {
    if (width == 0) width = search_width();
    if (width < k) width = k;
    return width < row_count ? width : row_count;
  }

  hnsw_graph graph_;
  std::uint32_t build_width_ = 0;
  atomic<std::uint32_t> search_width_{0};
  std::uint64_t seed_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_ENGINE_HPP
