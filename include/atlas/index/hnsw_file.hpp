// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_file.hpp -- a graph into a file, its rows in the order of its links.
//
// Room:      the order of rows in a file, and the sections of links in that order.
// Not here:  vectors, keys and states (index/index_file.hpp), reading them back (index/hnsw_engine.hpp).
// Depends:   index/{hnsw_graph,index_file,row_order}.hpp.
// Threads:   the caller keeps changes away.
#ifndef ATLAS_INDEX_HNSW_FILE_HPP
#define ATLAS_INDEX_HNSW_FILE_HPP

#include <atlas/index/hnsw_graph.hpp>  // hnsw_graph
#include <atlas/index/index_file.hpp>  // section_writer
#include <atlas/index/row_order.hpp>   // row_order

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Breadth first from the entry along the lowest links, then what that did not reach, as it lies; free rows are left out.
/// A row's neighbours, which a walk reads together, so come to lie near each other; and a file that was opened and is
/// saved unchanged keeps its order.
[[nodiscard]] inline status order_by_links(const row_store& rows, const hnsw_graph& graph, row_order& order) noexcept {
  const std::uint32_t row_count = rows.row_count();
  if (status made = order.start(row_count); !made.ok()) return made;
  const auto keep = [&](std::uint32_t row) noexcept {
    if (row < row_count && rows.state(row) != row_state::free) (void)order.keep(row);
  };
  keep(graph.entry().row);
  for (std::size_t next = 0; next < order.size(); ++next) {
    const link_list list = graph.links(order.rows()[next], 0);
    for (std::uint32_t i = 0; i < list.capacity; ++i) {
      const std::uint32_t id = load_acquire(list.ids + i);
      if (id == row_store::no_row) break;
      keep(id);
    }
  }
  for (std::uint32_t row = 0; row < row_count; ++row) keep(row);
  return {};
}

/// A row's level as it is saved: 0 where a hostile file's row has no lists for the one it claims.
[[nodiscard]] inline std::uint32_t saved_level(const hnsw_graph& graph, std::uint32_t row) noexcept {
  const std::uint32_t level = graph.level(row);
  return level <= hnsw_graph::most_levels && (level == 0 || graph.links(row, level).capacity != 0) ? level : 0;
}
/// Blocks above the lowest level.
[[nodiscard]] inline std::uint64_t saved_blocks(const hnsw_graph& graph, const row_order& order) noexcept {
  std::uint64_t sum = 0;
  for (const std::uint32_t row : order.rows()) sum += saved_level(graph, row);
  return sum;
}
/// Bytes that save_graph writes.
[[nodiscard]] inline std::uint64_t saved_graph_bytes(const hnsw_graph& graph, const row_order& order) noexcept {
  return order.size() * ((std::uint64_t{graph.base_capacity()} + 1) * sizeof(std::uint32_t) + 1) +
         saved_blocks(graph, order) * graph.connectivity() * sizeof(std::uint32_t);
}
/// Writes the sections of links. Gives the number of blocks above the lowest level.
[[nodiscard]] inline result<std::uint64_t> save_graph(section_writer& writer, const hnsw_graph& graph, const row_order& order) noexcept {
  const std::uint64_t blocks = saved_blocks(graph, order);
  if (blocks > max_rows) return error{errc::limit_exceeded, "upper-level blocks", max_rows, blocks};
  // A list with the numbers of the file; what leads to no row of it is left out.
  const auto write_list = [&](const link_list& list, std::uint32_t capacity, std::byte* out) noexcept {
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < list.capacity; ++i) {
      const std::uint32_t id = load_acquire(list.ids + i);
      if (id == row_store::no_row) break;
      const std::uint32_t number = order.number(id);
      if (number != row_order::no_row) store_unaligned(out + sizeof number * kept++, number);
    }
    std::memset(out + sizeof(std::uint32_t) * kept, 0xFF, sizeof(std::uint32_t) * (capacity - kept));
  };
  const std::uint32_t base_capacity = graph.base_capacity();
  const std::size_t base_bytes = base_capacity * sizeof(std::uint32_t);
  if (status w = writer.write_filled(index_section::base_links, base_bytes, order.size(),
                                     [&](std::uint64_t first, std::size_t count, std::byte* out) noexcept -> status {
        for (std::size_t i = 0; i < count; ++i) write_list(graph.links(order.rows()[first + i], 0), base_capacity, out + i * base_bytes);
        return {};
      });
      !w.ok()) {
    return w.error();
  }
  if (status w = writer.write_filled(index_section::levels, 1, order.size(),
                                     [&](std::uint64_t first, std::size_t count, std::byte* out) noexcept -> status {
        for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::byte>(saved_level(graph, order.rows()[first + i]));
        return {};
      });
      !w.ok()) {
    return w.error();
  }
  std::uint32_t next_block = 0;
  if (status w = writer.write_filled(index_section::upper_blocks, sizeof(std::uint32_t), order.size(),
                                     [&](std::uint64_t first, std::size_t count, std::byte* out) noexcept -> status {
        for (std::size_t i = 0; i < count; ++i) {
          const std::uint32_t level = saved_level(graph, order.rows()[first + i]);
          store_unaligned(out + i * sizeof(std::uint32_t), level == 0 ? row_store::no_row : next_block);
          next_block += level;
        }
        return {};
      });
      !w.ok()) {
    return w.error();
  }
  const std::size_t upper_bytes = graph.connectivity() * sizeof(std::uint32_t);
  std::size_t next_row = 0;
  std::uint32_t next_level = 1;
  if (status w = writer.write_filled(index_section::upper_links, upper_bytes, blocks,
                                     [&](std::uint64_t, std::size_t count, std::byte* out) noexcept -> status {
        for (std::size_t i = 0; i < count; ++i) {
          // A mapped file's levels may be changed under us; then some list is empty.
          while (next_row + 1 < order.size() && next_level > saved_level(graph, order.rows()[next_row])) {
            ++next_row;
            next_level = 1;
          }
          write_list(graph.links(order.rows()[next_row], next_level++), graph.connectivity(), out + i * upper_bytes);
        }
        return {};
      });
      !w.ok()) {
    return w.error();
  }
  return blocks;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_FILE_HPP
