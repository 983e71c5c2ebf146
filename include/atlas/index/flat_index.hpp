// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/flat_index.hpp -- exact search: every row is compared.
//
// Room:      flat<Scalar>: for some ten thousand rows, and the truth to measure approximate indexes by.
// Not here:  what its members promise (index/basic_index.hpp), approximate search (index/hnsw_index.hpp).
// Depends:   index/{basic_index,exact_search,flat_batch}.hpp.
// Threads:   as index/basic_index.hpp says.
#ifndef ATLAS_INDEX_FLAT_INDEX_HPP
#define ATLAS_INDEX_FLAT_INDEX_HPP

#include <atlas/index/basic_index.hpp>   // basic_index
#include <atlas/index/exact_search.hpp>  // exact_nearest, exact_range
#include <atlas/index/flat_batch.hpp>    // nearest_of_batch

namespace atlas { inline namespace ATLAS_ABI {

struct flat_options {
  std::size_t dimension = 0;            ///< components a vector, 1 to max_dimension; no default
  atlas::metric metric = metric::l2sq;
  std::size_t reserve_rows = 0;         ///< rows to make room for at once
};

namespace detail {

/// Nothing lies beside the rows, and every search looks at all of them.
struct flat_engine {
  static constexpr file_kind kind = file_kind::flat;
  static constexpr bool may_leave_vectors = false;
  static constexpr bool tidies_to_save = false;
  using parameters_type = index_parameters;
  static constexpr std::uint32_t known_sections[] = {
      static_cast<std::uint32_t>(index_section::vectors), static_cast<std::uint32_t>(index_section::keys),
      static_cast<std::uint32_t>(index_section::row_states), static_cast<std::uint32_t>(index_section::key_map)};

  [[nodiscard]] static constexpr bool holds(scalar element) noexcept { return element == scalar::f32; }
  [[nodiscard]] status make_room(const row_batch&) noexcept { return {}; }
  void store_beside(const row_store&, const row_batch&) noexcept {}
  [[nodiscard]] status reserve(std::uint32_t) noexcept { return {}; }
  [[nodiscard]] status link(const row_store&, search_scratch&, std::uint32_t) noexcept { return {}; }
  void tidy(row_store&, reader_epochs&, scratch_list&, std::size_t) noexcept {}
  [[nodiscard]] bool tidy_all(row_store&, reader_epochs&, scratch_list&) noexcept { return true; }
  [[nodiscard]] result<found_rows> nearest(const row_store& rows, search_scratch& scratch, const search_options& options) const noexcept {
    if (status scanned = exact_nearest(rows, options.k, options.allowed, scratch); !scanned.ok()) return scanned.error();
    return found_rows{scratch.answers.data(), scratch.answers.size()};
  }
  [[nodiscard]] static status nearest_of_batch(const row_store& rows, thread_pool& pool, const matrix_view& queries,
                                               const search_options& options, const hits_view& hits) noexcept {
    return detail::nearest_of_batch(rows, pool, queries, options, hits);
  }
  [[nodiscard]] result<found_rows> within(const row_store& rows, search_scratch& scratch, float radius, const range_options& options) const noexcept {
    if (status scanned = exact_range(rows, radius, options.allowed, scratch); !scanned.ok()) return scanned.error();
    return found_rows{scratch.answers.data(), scratch.answers.size()};
  }
  /// Gives the number of rows written.
  [[nodiscard]] result<std::uint64_t> save(section_writer& writer, const row_store& rows, index_parameters&) const noexcept {
    writer.expect(rows.vector_bytes() + rows.key_bytes());
    if (status saved = save_rows(writer, rows); !saved.ok()) return saved.error();
    return std::uint64_t{rows.row_count()};
  }
  [[nodiscard]] status open(const file_reader&, const open_options&, const index_parameters&) noexcept { return {}; }
  [[nodiscard]] std::uint64_t bytes(std::uint32_t) const noexcept { return 0; }
};

}  // namespace detail

/// Vectors by key, searched exactly. Its members are basic_index's.
/// @tparam Scalar  float
template <class Scalar>
class flat : public detail::basic_index<detail::flat_engine> {
  static_assert(detail::is_index_scalar<Scalar>, "atlas::flat holds float vectors in this version");
  using base = detail::basic_index<detail::flat_engine>;
  explicit flat(base&& made) noexcept : base(static_cast<base&&>(made)) {}

 public:
  /// An empty index in memory.
  /// @return  errc::invalid_argument or limit_exceeded (dimension), metric_mismatch, no_memory
  [[nodiscard]] static result<flat> create(const flat_options& options) noexcept {
    if (status fits = detail::check_shape(options.dimension, options.metric, options.reserve_rows); !fits.ok()) return fits.error();
    auto made = base::make();
    if (!made.ok()) return made.error();
    flat index(static_cast<base&&>(*made));
    if (status rows = index.state_->rows.create(row_layout(options.dimension, options.metric), options.reserve_rows); !rows.ok()) return rows.error();
    return index;
  }
  /// An index file. Cost: O(1), whatever its size. The file must not shrink while it is open.
  /// @return  every code that storage/file_reader.hpp names, kind_mismatch, scalar_mismatch, metric_mismatch;
  ///          errc::invalid_argument for vectors left on disk, which every search would read whole
  [[nodiscard]] static result<flat> open(const char* path, const open_options& options = {}) noexcept {
    auto opened = base::open_file(path, options);
    if (!opened.ok()) return opened.error();
    return flat(static_cast<base&&>(*opened));
  }
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_FLAT_INDEX_HPP
