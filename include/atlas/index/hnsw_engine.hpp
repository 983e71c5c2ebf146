// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_engine.hpp -- the graph as the engine of an index: link, search, save, open.
//
// Room:      the parts of the graph's index, their options, and their sections of a file.
// Not here:  searches (index/hnsw_query.hpp), insertion (index/hnsw_build.hpp).
// Depends:   index/{basic_index,code_file,code_store,hnsw_build,hnsw_options,hnsw_query}.hpp.
// Threads:   as index/basic_index.hpp says.
#ifndef ATLAS_INDEX_HNSW_ENGINE_HPP
#define ATLAS_INDEX_HNSW_ENGINE_HPP

#include <atlas/index/basic_index.hpp>   // found_rows, section_writer
#include <atlas/index/code_file.hpp>     // save_codes, open_codes
#include <atlas/index/hnsw_build.hpp>    // hnsw_insertion, hnsw_level
#include <atlas/index/hnsw_file.hpp>     // order_by_links, save_graph
#include <atlas/index/hnsw_options.hpp>  // hnsw_options
#include <atlas/index/hnsw_query.hpp>    // hnsw_nearest, hnsw_within
#include <atlas/index/hnsw_repair.hpp>   // hnsw_repair
#include <atlas/index/hnsw_seal.hpp>     // sealing

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

class hnsw_engine {
 public:
  static constexpr file_kind kind = file_kind::hnsw;
  static constexpr bool may_leave_vectors = true;
  static constexpr bool tidies_to_save = true;
  using parameters_type = index_parameters;
  static constexpr std::uint32_t known_sections[] = {
      static_cast<std::uint32_t>(index_section::vectors),      static_cast<std::uint32_t>(index_section::keys),
      static_cast<std::uint32_t>(index_section::row_states),   static_cast<std::uint32_t>(index_section::key_map),
      static_cast<std::uint32_t>(index_section::base_links),   static_cast<std::uint32_t>(index_section::levels),
      static_cast<std::uint32_t>(index_section::upper_blocks), static_cast<std::uint32_t>(index_section::upper_links),
      static_cast<std::uint32_t>(index_section::codes),        static_cast<std::uint32_t>(index_section::code_centre),
      static_cast<std::uint32_t>(index_section::neighbours)};
  static constexpr std::uint32_t most_connectivity = 512;
  static constexpr std::uint32_t most_width = 65'536;

  [[nodiscard]] static constexpr bool holds(scalar element) noexcept { return is_row_scalar(element); }
  [[nodiscard]] status create(const hnsw_options& options) noexcept {
    if (status fits = check(options.connectivity, options.build_width, options.search_width, errc::invalid_argument); !fits.ok()) return fits;
    if (!is_row_scalar(options.stored)) {
      return error{errc::scalar_mismatch, "stored", "f32, f16, bf16, i8 or u8", static_cast<std::uint64_t>(options.stored)};
    }
    if (!(options.alpha >= 1.0F && options.alpha <= 2.0F)) return error{errc::invalid_argument, "alpha", "1 to 2", "another number"};
    if (options.codes_from == 0) return error{errc::invalid_argument, "codes_from", "1 or more", options.codes_from};
    const traversal_codes codes = chosen_codes(options.codes, options.dimension);
    if (!is_stored_codes(static_cast<std::uint8_t>(codes))) {
      return error{errc::invalid_argument, "codes", "0 none, 1 f16, 2 bf16, 3 lvq8, 4 lvq4 or 255 automatic", static_cast<std::uint64_t>(codes)};
    }
    build_width_ = options.build_width;
    search_width_.store_release(options.search_width);
    seed_ = options.seed;
    codes_from_ = options.codes_from;
    alpha_ = options.alpha;
    if (status made = codes_.create(codes, options.dimension, options.metric, options.reserve_rows); !made.ok()) return made;
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
  /// Rows asked for ahead in a walk.
  [[nodiscard]] std::size_t prefetch_rows() const noexcept {
    const std::uint16_t rows = prefetch_rows_.load_acquire();
    return rows != 0 ? rows : codes_.usual_prefetch_rows();
  }
  /// @param rows  1 to 65,535. The usual number stays it in versions where it is another
  void set_prefetch_rows(std::size_t rows) noexcept {
    prefetch_rows_.store_release(rows == codes_.usual_prefetch_rows() ? std::uint16_t{0} : static_cast<std::uint16_t>(rows));
  }

  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  [[nodiscard]] float alpha() const noexcept { return alpha_; }
  [[nodiscard]] std::uint32_t codes_from() const noexcept { return codes_from_; }
  [[nodiscard]] const code_store& codes() const noexcept { return codes_; }

  // -- what basic_index asks of an engine
  [[nodiscard]] status make_room(const row_batch& batch) noexcept {
    std::size_t lists = 0;
    for (std::uint32_t i = 0; i < batch.fresh_count; ++i) lists += level_of(batch.first + i);
    const std::size_t rows_in_all = std::size_t{batch.first} + batch.fresh_count;
    if (status grown = codes_.make_room(rows_in_all); !grown.ok()) return grown;
    return graph_.make_room(rows_in_all, lists);
  }
  void store_beside(const row_store& rows, const row_batch& batch) noexcept {
    for (std::uint32_t i = 0; i < batch.fresh_count; ++i) graph_.place(batch.first + i, level_of(batch.first + i));
    codes_.store(rows, batch, codes_from_);
  }
  [[nodiscard]] status reserve(std::uint32_t rows) noexcept {
    if (status grown = codes_.make_room(rows); !grown.ok()) return grown;
    return graph_.make_room(rows, 0);
  }
  [[nodiscard]] status link(const row_store& rows, search_scratch& scratch, std::uint32_t row) noexcept {
    // The first rows are linked by their vectors however they come, in one batch or in many.
    const auto by = row < codes_from_ ? hnsw_walk::measure_by::vectors : hnsw_walk::measure_by::codes;
    return insertion(rows, scratch).insert(row, by);
  }
  /// Pays for `removals` removed rows: takes some of those there are out of the graph. Not inside a reader.
  void tidy(row_store& rows, reader_epochs& epochs, scratch_list& scratches, std::size_t removals) noexcept {
    if (!repair_.is_due(rows)) return;
    borrowed_scratch scratch(scratches);
    if (!scratch) return;  // out of memory: the next removal tries again
    hnsw_insertion linking = insertion(rows, *scratch);
    if (!linking.start_relinking().ok()) return;
    repair_.step({rows, graph_, epochs, linking, *scratch}, removals * hnsw_repair::rows_a_removal);
  }
  /// Takes all removed rows out of the graph. @pre no change is under way; not inside a reader
  /// @return  false if that cannot be now; nothing is wrong then
  [[nodiscard]] bool tidy_all(row_store& rows, reader_epochs& epochs, scratch_list& scratches) noexcept {
    if (rows.removed_count() == 0) return true;
    borrowed_scratch scratch(scratches);
    if (!scratch) return false;
    hnsw_insertion linking = insertion(rows, *scratch);
    return linking.start_relinking().ok() && repair_.finish({rows, graph_, epochs, linking, *scratch});
  }

  [[nodiscard]] result<found_rows> nearest(const row_store& rows, search_scratch& scratch, const search_options& options) const noexcept {
    return nearest(rows, scratch, options, prefetch_rows());
  }
  /// With so many rows asked for ahead, which is a matter of time only.
  [[nodiscard]] result<found_rows> nearest(const row_store& rows, search_scratch& scratch, const search_options& options,
                                           std::size_t prefetch_rows) const noexcept {
    // The entry first: one that an add raised after the rows were counted would not be among them.
    const entry_point entry = graph_.entry();
    hnsw_request request;
    request.k = options.k;
    request.width = clamp_width(options.width, options.k, rows.row_count());
    request.allowed = options.allowed;
    request.strategy = options.strategy;
    request.starts = options.starts;
    request.limits.patience = options.patience;
    request.limits.patience_k = options.k - 1;
    if (options.time_limit_ns != 0) {
      const std::uint64_t now = monotonic_ns();
      request.limits.deadline_ns = options.time_limit_ns < ~now ? now + options.time_limit_ns : ~std::uint64_t{0};
    }
    const sealed_parts sealed{&neighbours_, codes_.is_active() ? codes_.centre().data() : zeros_.data()};
    const status found = hnsw_nearest({rows, codes_, graph_}, neighbours_.is_there() ? &sealed : nullptr, scratch, entry, prefetch_rows, request);
    if (!found.ok()) return found.error();
    return found_rows{scratch.answers.data(), scratch.answers.size()};
  }
  [[nodiscard]] result<found_rows> within(const row_store& rows, search_scratch& scratch, float radius, const range_options& options) const noexcept {
    const entry_point entry = graph_.entry();
    const std::size_t width = clamp_width(options.width, 1, rows.row_count());
    const status found = hnsw_within({rows, codes_, graph_}, scratch, entry, prefetch_rows(), radius, width, options.allowed);
    if (!found.ok()) return found.error();
    return found_rows{scratch.answers.data(), scratch.answers.size()};
  }

  /// Writes the rows that are not free in an order in which neighbours lie near each other, and what leads from one to the
  /// other. Gives their number.
  /// A sealed graph is saved sealed.
  [[nodiscard]] result<std::uint64_t> save(section_writer& writer, const row_store& rows, index_parameters& parameters) const noexcept {
    if (!neighbours_.is_there()) return write(writer, rows, parameters, nullptr, 0, [](auto&&) noexcept { return status{}; });
    return write(writer, rows, parameters, &neighbours_, neighbours_.layout().stride_bytes(), [&](const row_order& order) noexcept {
      return writer.write_rows(index_section::neighbours, neighbours_.rows(), order);
    });
  }
  /// As save, with blocks of neighbours.
  [[nodiscard]] result<std::uint64_t> seal(section_writer& writer, const row_store& rows, index_parameters& parameters,
                                           const seal_options& options, thread_pool& pool, scratch_list& scratches) const noexcept {
    neighbour_store shape;
    const std::size_t dimension = rows.layout().dimension;
    if (status made = shape.set_shape(dimension, options.degree / neighbours_of_block, options.seed); !made.ok()) return made.error();
    buffer<float> zeros;
    buffer<float> rotated_centre;
    if (status made = zeros.resize_zeroed(dimension); !made.ok()) return made.error();
    if (status made = rotated_centre.resize(shape.layout().bits.dimension); !made.ok()) return made.error();
    const float* centre = codes_.is_active() ? codes_.centre().data() : zeros.data();
    shape.rotated_by().apply(centre, 1.0F, zeros.data(), rotated_centre.data());
    const std::size_t stride = shape.layout().stride_bytes();
    return write(writer, rows, parameters, &shape, stride, [&](const row_order& order) noexcept -> status {
      const hnsw_parts parts{rows, codes_, graph_};
      const sealing work(parts, shape, order, centre, rotated_centre.data());
      return writer.write_filled(index_section::neighbours, stride, order.size(), [&](std::uint64_t first, std::size_t count, std::byte* out) noexcept {
        return run_batch(pool, scratches, count, options.threads, {}, [&](search_scratch& scratch, std::size_t i) noexcept {
          return work.write(order.rows()[first + i], scratch, out + i * stride);
        });
      });
    });
  }
  [[nodiscard]] bool is_sealed() const noexcept { return neighbours_.is_there(); }

 private:
  /// @param neighbours  the shape of the blocks that write_neighbours writes, or null
  template <class WriteNeighbours>
  [[nodiscard]] result<std::uint64_t> write(section_writer& writer, const row_store& rows, index_parameters& parameters,
                                            const neighbour_store* neighbours, std::uint64_t neighbour_stride,
                                            WriteNeighbours write_neighbours) const noexcept {
    row_order order;
    if (status made = order_by_links(rows, graph_, order); !made.ok()) return made.error();
    writer.expect(saved_row_bytes(rows, order.size()) + saved_graph_bytes(graph_, order) + saved_code_bytes(codes_, order.size()) + order.size() * neighbour_stride);
    if (status w = save_rows(writer, rows, order); !w.ok()) return w.error();
    const auto upper_blocks = save_graph(writer, graph_, order);
    if (!upper_blocks.ok()) return upper_blocks.error();
    if (status w = save_codes(writer, codes_, order); !w.ok()) return w.error();
    if (neighbours != nullptr) {
      if (status w = write_neighbours(order); !w.ok()) return w.error();
      parameters.neighbour_blocks = neighbours->layout().blocks;
      parameters.rotation_seed = neighbours->seed();
    }
    const entry_point entry = graph_.entry();
    parameters.connectivity = graph_.connectivity();
    parameters.build_width = build_width_;
    parameters.search_width = search_width();
    parameters.seed = seed_;
    parameters.entry_row = order.number(entry.row);
    parameters.entry_level = entry.level;
    parameters.upper_block_count = *upper_blocks;
    parameters.codes_wanted = static_cast<std::uint8_t>(codes_.kind());
    parameters.codes = codes_.is_active() ? parameters.codes_wanted : std::uint8_t{0};
    parameters.prefetch_rows = prefetch_rows_.load_acquire();
    parameters.codes_from = codes_from_;
    parameters.alpha = alpha_;
    return std::uint64_t{order.size()};
  }

 public:
  [[nodiscard]] status open(const file_reader& file, const open_options& options, const index_parameters& parameters) noexcept {
    const std::uint64_t rows = file.header().rows;
    const std::uint32_t connectivity = parameters.connectivity;
    if (status fits = check(connectivity, parameters.build_width, parameters.search_width, errc::corrupt_file); !fits.ok()) return fits;
    if (parameters.upper_block_count > max_rows) {
      return error{errc::corrupt_file, "parameters.upper_block_count", max_rows, parameters.upper_block_count};
    }
    if (parameters.entry_row != row_store::no_row && parameters.entry_row >= rows) {
      return error{errc::corrupt_file, "parameters.entry_row", "a row of the file", parameters.entry_row};
    }
    auto base = open_column(file, index_section::base_links, 2 * std::size_t{connectivity} * sizeof(std::uint32_t), rows, options);
    if (!base.ok()) return base.error();
    auto levels = open_column(file, index_section::levels, 1, rows, options);
    if (!levels.ok()) return levels.error();
    auto blocks = open_column(file, index_section::upper_blocks, sizeof(std::uint32_t), rows, options);
    if (!blocks.ok()) return blocks.error();
    auto upper = open_column(file, index_section::upper_links, connectivity * sizeof(std::uint32_t), parameters.upper_block_count, options);
    if (!upper.ok()) return upper.error();
    graph_.adopt(connectivity, static_cast<column&&>(*base), static_cast<column&&>(*levels), static_cast<column&&>(*blocks),
                 static_cast<column&&>(*upper), static_cast<std::uint32_t>(parameters.upper_block_count),
                 {parameters.entry_row, parameters.entry_level});
    build_width_ = parameters.build_width;
    search_width_.store_release(parameters.search_width);
    seed_ = parameters.seed;
    alpha_ = parameters.alpha >= 1.0F && parameters.alpha <= 2.0F ? parameters.alpha : 1.0F;
    prefetch_rows_.store_release(parameters.prefetch_rows);
    codes_from_ = parameters.codes_from;
    if (status codes = open_codes(file, options, {parameters.codes, parameters.codes_wanted, codes_from_}, codes_); !codes.ok()) return codes;
    return open_neighbours(file, options, parameters);
  }
  [[nodiscard]] std::uint64_t bytes(std::uint32_t row_count) const noexcept { return graph_.bytes(row_count) + codes_.bytes(row_count) + neighbours_.bytes(row_count); }

 private:
  [[nodiscard]] static status check(std::uint32_t connectivity, std::uint32_t build_width, std::uint32_t search_width, errc why) noexcept {
    if (connectivity < 2 || connectivity > most_connectivity) return error{why, "connectivity", "2 to 512", connectivity};
    if (build_width == 0 || build_width > most_width) return error{why, "build_width", "1 to 65536", build_width};
    if (search_width == 0 || search_width > most_width) return error{why, "search_width", "1 to 65536", search_width};
    return {};
  }
  [[nodiscard]] std::uint8_t level_of(std::uint32_t row) const noexcept { return hnsw_level(seed_, row, graph_.connectivity()); }
  [[nodiscard]] hnsw_insertion insertion(const row_store& rows, search_scratch& scratch) noexcept {
    const float alpha = rows.layout().metric == metric::inner_product ? alpha_ : alpha_ * alpha_;
    return {rows, codes_, graph_, scratch, build_width_, alpha};
  }
  [[nodiscard]] status open_neighbours(const file_reader& file, const open_options& options, const index_parameters& parameters) noexcept {
    if (parameters.neighbour_blocks == 0) return {};
    if (parameters.neighbour_blocks > neighbour_rows::most_blocks) {
      return error{errc::corrupt_file, "parameters.neighbour_blocks", "0 to 4", parameters.neighbour_blocks};
    }
    if (options.mode == open_mode::change) return error{errc::read_only, "sealed index", "open_mode::read", "open_mode::change"};
    const std::size_t dimension = file.header().dimension;
    if (status made = neighbours_.set_shape(dimension, parameters.neighbour_blocks, parameters.rotation_seed); !made.ok()) return made;
    auto rows = open_column(file, index_section::neighbours, neighbours_.layout().stride_bytes(), file.header().rows, options);
    if (!rows.ok()) return rows.error();
    neighbours_.adopt(static_cast<column&&>(*rows));
    return zeros_.resize_zeroed(dimension);
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
  atomic<std::uint16_t> prefetch_rows_{0};  ///< 0: the default
  std::uint64_t seed_ = 0;
  std::uint32_t codes_from_ = 0;
  float alpha_ = 1.0F;
  code_store codes_;
  hnsw_repair repair_;
  neighbour_store neighbours_;  ///< of a sealed graph
  buffer<float> zeros_;         ///< what blocks are relative to without codes
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_ENGINE_HPP
