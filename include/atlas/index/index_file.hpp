// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/index_file.hpp -- rows and columns into a file and out of it.
//
// Room:      what flat and hnsw files have in common: the checks of a header, row sections, extra sections.
// Not here:  the header's bytes (storage/file_header.hpp), the graph's sections (index/hnsw_engine.hpp).
// Depends:   core, storage, index/{row_store,options,sections}.hpp.
// Threads:   the caller keeps changes away while it saves.
#ifndef ATLAS_INDEX_INDEX_FILE_HPP
#define ATLAS_INDEX_INDEX_FILE_HPP

#include <atlas/distance/scalar.hpp>      // scalar
#include <atlas/index/options.hpp>        // open_mode, save_options
#include <atlas/index/row_order.hpp>      // row_order
#include <atlas/index/row_store.hpp>      // row_store, column
#include <atlas/storage/file_reader.hpp>  // file_reader
#include <atlas/storage/file_writer.hpp>  // file_writer

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Writes sections one after another and reports the bytes.
class section_writer {
 public:
  /// @param extra_bytes  of sections that are not the index's own
  section_writer(file_writer& file, progress on_progress, std::uint64_t extra_bytes) noexcept
      : file_(file), on_progress_(on_progress), total_bytes_(extra_bytes) {}
  /// Says, before anything is written, how many bytes the index's own sections have.
  void expect(std::uint64_t index_bytes) noexcept { total_bytes_ += index_bytes; }

  [[nodiscard]] status write(std::uint32_t id, std::uint32_t flags, std::size_t element_bytes, const void* data,
                             std::uint64_t size_bytes) noexcept {
    constexpr std::uint64_t step_bytes = std::uint64_t{8} << 20;
    if (status begun = file_.begin_section(id, static_cast<std::uint32_t>(element_bytes), flags); !begun.ok()) return begun;
    for (std::uint64_t at = 0; at < size_bytes;) {
      const std::uint64_t step = size_bytes - at < step_bytes ? size_bytes - at : step_bytes;
      if (status written = file_.append(static_cast<const std::byte*>(data) + at, step); !written.ok()) return written;
      at += step;
      done_bytes_ += step;
      if (on_progress_ && !on_progress_(done_bytes_, total_bytes_)) return errc::cancelled;
    }
    return file_.end_section();
  }
  /// A growable section of elements that `fill(first, count, out)` gives, some at a time. Where its status is not ok, nothing
  /// more is written, and that is returned.
  template <class Fill>
  [[nodiscard]] status write_filled(index_section id, std::size_t element_bytes, std::uint64_t count, Fill fill) noexcept {
    constexpr std::size_t step_bytes = std::size_t{1} << 20;
    const std::size_t at_once = step_bytes / element_bytes + 1;
    if (status made = step_.resize(at_once * element_bytes); !made.ok()) return made;
    const std::uint32_t flags = section_required | section_growable;
    if (status begun = file_.begin_section(static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(element_bytes), flags); !begun.ok()) return begun;
    for (std::uint64_t first = 0; first < count;) {
      const std::size_t size = count - first < at_once ? static_cast<std::size_t>(count - first) : at_once;
      if (status filled = fill(first, size, step_.data()); !filled.ok()) return filled;
      if (status written = file_.append(step_.data(), size * element_bytes); !written.ok()) return written;
      first += size;
      done_bytes_ += size * element_bytes;
      if (on_progress_ && !on_progress_(done_bytes_, total_bytes_)) return errc::cancelled;
    }
    return file_.end_section();
  }
  /// The elements of rows in the order of the file, as a growable section.
  [[nodiscard]] status write_rows(index_section id, const column& from, const row_order& order) noexcept {
    const std::size_t element_bytes = from.element_bytes();
    return write_filled(id, element_bytes, order.size(), [&](std::uint64_t first, std::size_t count, std::byte* out) noexcept -> status {
      const std::uint32_t* rows = order.rows().data() + first;
      for (std::size_t i = 0; i < count; ++i) std::memcpy(out + i * element_bytes, from.at(rows[i]), element_bytes);
      return {};
    });
  }
  /// The same of rows that are left in a file.
  [[nodiscard]] status write_rows(index_section id, const cold_rows& from, const row_order& order) noexcept {
    return write_filled(id, from.row_bytes(), order.size(), [&](std::uint64_t first, std::size_t count, std::byte* out) noexcept {
      return from.read(order.rows().data() + first, count, out);
    });
  }
  /// The first `rows` elements of a column, as a growable section.
  [[nodiscard]] status write_column(index_section id, const column& from, std::uint64_t rows) noexcept {
    return write(static_cast<std::uint32_t>(id), section_required | section_growable, from.element_bytes(), from.data(),
                 rows * from.element_bytes());
  }

 private:
  file_writer& file_;
  progress on_progress_;
  std::uint64_t total_bytes_;
  std::uint64_t done_bytes_ = 0;
  buffer<std::byte> step_;
};

[[nodiscard]] inline std::uint64_t extra_bytes(const save_options& options) noexcept {
  std::uint64_t sum = 0;
  for (const extra_section& extra : options.extra) sum += extra.size_bytes;
  return sum;
}
[[nodiscard]] inline status write_extra(section_writer& writer, const save_options& options) noexcept {
  for (const extra_section& extra : options.extra) {
    if (extra.id < 0x200) return error{errc::invalid_argument, "extra_section.id", "0x200 or more", extra.id};
    if (extra.data == nullptr && extra.size_bytes != 0) return error{errc::invalid_argument, "extra_section.data", "a pointer", "null"};
    if (status written = writer.write(extra.id, 0, extra.element_bytes, extra.data, extra.size_bytes); !written.ok()) return written;
  }
  return {};
}

/// Refuses a header that does not describe an index of this kind; gives the index's parameters.
template <class Engine>
[[nodiscard]] inline result<typename Engine::parameters_type> check_index_header(const file_header& header) noexcept {
  constexpr file_kind kind = Engine::kind;
  if (header.kind != kind) {
    return error{errc::kind_mismatch, "header.kind (1 flat, 2 hnsw, 3 ivf_pq)", static_cast<std::uint64_t>(kind),
                 static_cast<std::uint64_t>(header.kind)};
  }
  if (!is_scalar(header.scalar) || !Engine::holds(static_cast<scalar>(header.scalar))) {
    return error{errc::scalar_mismatch, "header.scalar", "one that this kind of index stores (flat: 0 f32)", header.scalar};
  }
  if (header.metric > static_cast<std::uint8_t>(metric::cosine)) {
    return error{errc::metric_mismatch, "header.metric", "0 l2sq, 1 inner_product or 2 cosine", header.metric};
  }
  if (header.dimension == 0 || header.dimension > max_dimension) {
    return error{errc::corrupt_file, "header.dimension", "1 to 65535", header.dimension};
  }
  if (header.rows > max_rows) return error{errc::corrupt_file, "header.rows", max_rows, header.rows};
  if (header.count > header.rows) return error{errc::corrupt_file, "header.count", header.rows, header.count};
  const auto parameters = load_unaligned<typename Engine::parameters_type>(header.parameters);
  const row_layout layout(header.dimension, static_cast<metric>(header.metric), static_cast<scalar>(header.scalar));
  if (parameters.row_stride_bytes != layout.stride_bytes) {
    return error{errc::corrupt_file, "parameters.row_stride_bytes", layout.stride_bytes, parameters.row_stride_bytes};
  }
  return parameters;
}

/// A section as a column of exactly `rows` elements: loaded, borrowed for reading, or copy-on-write for change.
[[nodiscard]] inline result<column> open_column(const file_reader& file, index_section id, std::size_t element_bytes,
                                                std::uint64_t rows, const open_options& options) noexcept {
  const section_entry* entry = file.find(static_cast<std::uint32_t>(id));
  if (entry == nullptr) return error{errc::corrupt_file, "section.id", static_cast<std::uint64_t>(id), 0};
  if (entry->element_bytes != element_bytes) return error{errc::corrupt_file, "section.element_bytes", element_bytes, entry->element_bytes};
  if (entry->length_bytes != rows * element_bytes) {
    return error{errc::corrupt_file, "section.length_bytes", rows * element_bytes, entry->length_bytes};
  }
  const bool may_change = options.mode == open_mode::change;
  if (may_change && (entry->flags & section_growable) == 0) {
    return error{errc::corrupt_file, "section.flags", "growable, to be changed", entry->flags};
  }
  if (options.load) {
    return column::create_from(file.file(), entry->offset, entry->length_bytes, element_bytes, may_change);
  }
  if (may_change) return column::create_over(file.file(), entry->offset, entry->length_bytes, element_bytes);
  return column{file.file().data() + entry->offset, element_bytes};
}

[[nodiscard]] inline status save_rows(section_writer& writer, const row_store& rows) noexcept {
  const std::uint64_t count = rows.row_count();
  if (status w = writer.write_column(index_section::vectors, rows.vector_column(), count); !w.ok()) return w;
  if (status w = writer.write_column(index_section::keys, rows.key_column(), count); !w.ok()) return w;
  if (status w = writer.write_column(index_section::row_states, rows.state_column(), count); !w.ok()) return w;
  return writer.write(static_cast<std::uint32_t>(index_section::key_map), section_required, sizeof(std::uint32_t),
                      rows.map().slots(), rows.map().slot_count() * sizeof(std::uint32_t));
}
/// Bytes that it writes.
[[nodiscard]] inline std::uint64_t saved_row_bytes(const row_store& rows, std::uint64_t row_count) noexcept {
  return row_count * (rows.layout().stride_bytes + sizeof(std::uint64_t) + 1) +
         key_map::slots_for(static_cast<std::size_t>(row_count)) * sizeof(std::uint32_t);
}
/// A map of the keys of those rows that is_live(i) says are live.
template <class IsLive>
[[nodiscard]] inline status save_key_map(section_writer& writer, const buffer<std::uint64_t>& keys, IsLive is_live) noexcept {
  key_map map;
  if (status made = map.reserve(keys.size(), keys.data(), 0); !made.ok()) return made;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!is_live(i)) continue;
    // A hostile file may have the same key many times: each behind the others would take the square of their number in steps.
    if (map.find(keys.data()[i], keys.data(), static_cast<std::uint32_t>(keys.size())) != key_map::no_row) continue;
    map.insert(keys.data()[i], static_cast<std::uint32_t>(i));
  }
  return writer.write(static_cast<std::uint32_t>(index_section::key_map), section_required, sizeof(std::uint32_t), map.slots(),
                      map.slot_count() * sizeof(std::uint32_t));
}
/// The same in an order of their own, with a key map for it.
[[nodiscard]] inline status save_rows(section_writer& writer, const row_store& rows, const row_order& order) noexcept {
  const cold_rows& cold = rows.cold_vectors();
  const status vectors = cold.are_there() ? writer.write_rows(index_section::vectors, cold, order)
                                          : writer.write_rows(index_section::vectors, rows.vector_column(), order);
  if (!vectors.ok()) return vectors;
  if (status w = writer.write_rows(index_section::keys, rows.key_column(), order); !w.ok()) return w;
  const auto state_of = [&](std::size_t i) noexcept {
    return rows.state(order.rows()[i]) == row_state::live ? row_state::live : row_state::removed;
  };
  if (status w = writer.write_filled(index_section::row_states, 1, order.size(),
                                     [&](std::uint64_t first, std::size_t count, std::byte* out) noexcept -> status {
        for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::byte>(state_of(static_cast<std::size_t>(first) + i));
        return {};
      });
      !w.ok()) {
    return w;
  }
  buffer<std::uint64_t> keys;
  if (status made = keys.resize(order.size()); !made.ok()) return made;
  for (std::size_t i = 0; i < order.size(); ++i) keys.data()[i] = rows.key(order.rows()[i]);
  return save_key_map(writer, keys, [&](std::size_t i) noexcept { return state_of(i) == row_state::live; });
}
/// Fills what a file of rows says in its header.
/// @param live_count  rows that are found
/// @param row_count   rows in the file
template <class Parameters>
inline void describe_rows(file_header& header, file_kind kind, const row_layout& layout, std::uint64_t live_count, std::uint64_t row_count,
                          const Parameters& parameters) noexcept {
  header.kind = kind;
  header.scalar = static_cast<std::uint8_t>(layout.element);
  header.metric = static_cast<std::uint8_t>(layout.metric);
  header.dimension = static_cast<std::uint32_t>(layout.dimension);
  header.count = live_count < row_count ? live_count : row_count;  // a damaged file may have counted more
  header.rows = row_count;
  store_unaligned(header.parameters, parameters);
}

/// @param file  where vectors are left on disk, it outlives the rows and is not moved
/// @pre check_index_header accepted the header
[[nodiscard]] inline status open_rows(const file_reader& file, const open_options& options, row_store& rows) noexcept {
  const file_header& header = file.header();
  const row_layout layout(header.dimension, static_cast<metric>(header.metric), static_cast<scalar>(header.scalar));
  const bool are_cold = options.vectors == vector_residence::on_disk;
  auto vectors = open_column(file, index_section::vectors, layout.stride_bytes, header.rows, are_cold ? open_options{} : options);
  if (!vectors.ok()) return vectors.error();
  cold_rows cold;
  if (are_cold) {
    const section_entry* entry = file.find(static_cast<std::uint32_t>(index_section::vectors));
    cold = cold_rows(file.file().file(), file.file().base() + entry->offset, layout.stride_bytes);
    *vectors = column(nullptr, layout.stride_bytes);  // nobody reads them through the mapping
  }
  auto keys = open_column(file, index_section::keys, sizeof(std::uint64_t), header.rows, options);
  if (!keys.ok()) return keys.error();
  auto states = open_column(file, index_section::row_states, 1, header.rows, options);
  if (!states.ok()) return states.error();
  const auto slots = file.section(static_cast<std::uint32_t>(index_section::key_map));
  if (!slots.ok()) return slots.error();
  const std::size_t slot_count = slots->size() / sizeof(std::uint32_t);
  if (slots->size() % sizeof(std::uint32_t) != 0 || (slot_count != 0 && !is_power_of_two(slot_count))) {
    return error{errc::corrupt_file, "key map slots", "a power of two", slot_count};
  }
  rows.adopt(layout, static_cast<column&&>(*vectors), static_cast<column&&>(*keys), static_cast<column&&>(*states),
             key_map(reinterpret_cast<const std::uint32_t*>(slots->data()), slot_count),
             static_cast<std::uint32_t>(header.rows), static_cast<std::size_t>(header.count), cold);
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_INDEX_FILE_HPP
