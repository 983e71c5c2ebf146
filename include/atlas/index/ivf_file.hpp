// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_file.hpp -- an inverted file into a file, its rows in the order of lists, and back.
//
// Room:      the sections of lists, blocks and what was learned.
// Not here:  vectors, keys and states (index/index_file.hpp).
// Depends:   index/{code_file,index_file,ivf_options,ivf_promise,ivf_query,row_order}.hpp.
// Threads:   the caller keeps changes away.
#ifndef ATLAS_INDEX_IVF_FILE_HPP
#define ATLAS_INDEX_IVF_FILE_HPP

#include <atlas/index/code_file.hpp>    // save_codes
#include <atlas/index/index_file.hpp>   // section_writer, save_rows, open_column
#include <atlas/index/ivf_options.hpp>  // ivf_pq_options
#include <atlas/index/ivf_promise.hpp>  // check_promise
#include <atlas/index/ivf_query.hpp>    // ivf_parts
#include <atlas/index/row_order.hpp>    // row_order

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// The options that a file was made with.
[[nodiscard]] inline result<ivf_pq_options> options_of(const file_header& header, const ivf_parameters& parameters) noexcept {
  const auto corrupt = [](const char* field, const char* expected, std::uint64_t found) noexcept {
    return error{errc::corrupt_file, field, expected, found};
  };
  if (!is_stored_ivf_codes(parameters.codes)) return corrupt("parameters.codes", "0 to 4", parameters.codes);
  if (!is_stored_ivf_rotation(parameters.rotation)) return corrupt("parameters.rotation", "0 to 2", parameters.rotation);
  if (!is_stored_codes(parameters.rerank_codes_wanted)) return corrupt("parameters.rerank_codes_wanted", "0 to 4", parameters.rerank_codes_wanted);
  if (parameters.rerank_codes != 0 && parameters.rerank_codes != parameters.rerank_codes_wanted) {
    return corrupt("parameters.rerank_codes", "0 or as rerank_codes_wanted", parameters.rerank_codes);
  }
  if (parameters.rerank_codes_wanted != 0 && parameters.codes == static_cast<std::uint8_t>(ivf_codes::flat)) {
    return corrupt("parameters.rerank_codes_wanted", "0, as flat lists compare vectors", parameters.rerank_codes_wanted);
  }
  if (parameters.lists_wanted > most_lists) return corrupt("parameters.lists_wanted", "at most 2^20", parameters.lists_wanted);
  if (parameters.list_count > most_lists) return corrupt("parameters.list_count", "at most 2^20", parameters.list_count);
  if (parameters.probes > most_probes) return corrupt("parameters.probes", "at most 2^20", parameters.probes);
  if (parameters.usual_probes > most_probes) return corrupt("parameters.usual_probes", "at most 2^20", parameters.usual_probes);
  if (parameters.rerank > most_rerank) return corrupt("parameters.rerank", "at most 65536", parameters.rerank);
  if (parameters.train_from > max_rows) return corrupt("parameters.train_from", "at most 2^32 - 2", parameters.train_from);
  if (parameters.iterations == 0 || parameters.iterations > 10'000) return corrupt("parameters.iterations", "1 to 10000", parameters.iterations);
  if (status fits = check_promise(parameters); !fits.ok()) return fits.error();
  ivf_pq_options options;
  options.dimension = header.dimension;
  options.metric = static_cast<metric>(header.metric);
  options.stored = static_cast<scalar>(header.scalar);
  options.lists = static_cast<std::size_t>(parameters.lists_wanted);
  options.codes = static_cast<ivf_codes>(parameters.codes);
  options.rotation = static_cast<ivf_rotation>(parameters.rotation);
  options.parts = parameters.parts;
  options.seed = parameters.seed;
  options.train_from = static_cast<std::size_t>(parameters.train_from);
  options.iterations = parameters.iterations;
  options.probes = parameters.probes;
  options.rerank = parameters.rerank == 0 ? usual_rerank : parameters.rerank;
  options.rerank_codes = static_cast<traversal_codes>(parameters.rerank_codes_wanted);
  options.recall = parameters.wanted_recall;
  if (parameters.wanted_k != 0) options.recall_k = parameters.wanted_k;
  if (has_parts(options.codes)) {
    if (status fits = check_ivf_parts(options, errc::corrupt_file); !fits.ok()) return fits.error();
  } else if (options.parts != 0 || options.rotation == ivf_rotation::learned) {
    return corrupt("parameters.parts", "0, and no learned rotation, of codes without parts", options.parts);
  }
  return options;
}

/// What a file says of the options it was made with; of lists nothing yet.
[[nodiscard]] inline ivf_parameters parameters_of(const ivf_pq_options& options) noexcept {
  ivf_parameters parameters;
  parameters.codes = static_cast<std::uint8_t>(options.codes);
  parameters.rotation = static_cast<std::uint8_t>(options.rotation);
  parameters.parts = static_cast<std::uint32_t>(options.parts);
  parameters.seed = options.seed;
  parameters.lists_wanted = options.lists;
  parameters.train_from = options.train_from;
  parameters.iterations = options.iterations;
  parameters.probes = static_cast<std::uint32_t>(options.probes);
  parameters.rerank = static_cast<std::uint32_t>(options.rerank);
  parameters.wanted_recall = options.recall;
  parameters.wanted_k = static_cast<std::uint32_t>(options.recall_k);
  return parameters;
}
/// Gives the lists of a file their blocks, one list after the other: first_block and what follows from row_count.
/// @return  how many blocks there are
[[nodiscard]] inline std::uint32_t place_lists(buffer<list_version>& versions) noexcept {
  std::uint32_t block_count = 0;
  for (list_version& version : versions) {
    version.first_block = block_count;
    version.full_blocks = version.first_capacity = version.row_count / static_cast<std::uint32_t>(list_block_rows);
    version.last_block = block_count + version.full_blocks;
    block_count = version.last_block + (version.row_count % list_block_rows != 0 ? 1U : 0U);
  }
  return block_count;
}

/// The sections of what was learned.
class saved_model {
 public:
  [[nodiscard]] status create(const ivf_model& model) noexcept {
    model_ = &model;
    if (has_parts(model.coder().codes())) {
      if (status made = model.coder().product().save(product_); !made.ok()) return made;
    }
    if (model.graph().is_there()) {
      if (status made = model.graph().save_to(graph_); !made.ok()) return made;
    }
    return model.coder().turned() == ivf_rotation::learned ? model.coder().learned().save(rotation_) : status{};
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    const centroid_layout& layout = model_->layout();
    const std::size_t spread_bytes = model_->spreads() != nullptr ? sizeof(float) : 0;
    return std::uint64_t{model_->list_count()} * (layout.stride_bytes + layout.padded + sizeof(centroid_terms) + spread_bytes) + layout.padded * sizeof(float) + product_.size() + rotation_.size() + graph_.size();
  }
  [[nodiscard]] status write(section_writer& writer) const noexcept {
    const auto section = [&](index_section id, std::size_t element_bytes, const void* data, std::uint64_t bytes) noexcept {
      return writer.write(static_cast<std::uint32_t>(id), section_required, element_bytes, data, bytes);
    };
    const centroid_layout& layout = model_->layout();
    if (status w = section(index_section::centroids, layout.stride_bytes, model_->centroid(0), std::uint64_t{model_->list_count()} * layout.stride_bytes);
        !w.ok()) {
      return w;
    }
    if (status w = section(index_section::centroid_codes, layout.padded, model_->centroid_codes(), std::uint64_t{model_->list_count()} * layout.padded); !w.ok()) return w;
    if (status w = section(index_section::centroid_terms, sizeof(centroid_terms), model_->terms(), std::uint64_t{model_->list_count()} * sizeof(centroid_terms)); !w.ok()) return w;
    if (status w = section(index_section::list_centre, sizeof(float), model_->centre_vector(), layout.padded * sizeof(float)); !w.ok()) return w;
    if (model_->spreads() != nullptr) {
      if (status w = section(index_section::list_spreads, sizeof(float), model_->spreads(), std::uint64_t{model_->list_count()} * sizeof(float)); !w.ok()) return w;
    }
    if (!product_.empty()) {
      if (status w = section(index_section::quantizer, 1, product_.data(), product_.size()); !w.ok()) return w;
    }
    if (!graph_.empty()) {
      const auto id = static_cast<std::uint32_t>(index_section::list_graph);
      if (status w = writer.write(id, section_required | section_growable, 1, graph_.data(), graph_.size()); !w.ok()) return w;
    }
    return rotation_.empty() ? status{} : section(index_section::list_rotation, 1, rotation_.data(), rotation_.size());
  }

 private:
  const ivf_model* model_ = nullptr;
  buffer<std::byte> product_;
  buffer<std::byte> rotation_;
  buffer<std::byte> graph_;
};

/// Blocks of lists, one after the other, with the rows of a file's order.
class list_block_writer {
 public:
  list_block_writer(const inverted_lists& lists, const row_order& order) noexcept : lists_(lists), order_(order) {}
  /// Rows of a list that are in the file.
  [[nodiscard]] std::uint32_t row_count(std::uint32_t list) const noexcept {
    std::uint32_t rows = 0;
    lists_.for_each_row(lists_.version(list), [&](const std::byte*, std::size_t, std::uint32_t row) noexcept {
      rows += order_.number(row) != row_order::no_row ? 1U : 0U;
    });
    return rows;
  }
  /// The next block. @pre there is one
  [[nodiscard]] status write(std::byte* block) noexcept {
    while (next_ == lanes_.size()) {
      if (list_ == lists_.list_count()) return error{errc::corrupt_file, "rows of lists", "as many as were counted", "fewer"};
      lanes_.clear();
      next_ = 0;
      status noted;
      lists_.for_each_row(lists_.version(list_++), [&](const std::byte* from, std::size_t lane, std::uint32_t row) noexcept {
        const std::uint32_t number = order_.number(row);
        if (noted.ok() && number != row_order::no_row) noted = lanes_.push_back({from, static_cast<std::uint32_t>(lane), number});
      });
      if (!noted.ok()) return noted;
    }
    lists_.layout().clear(block);
    for (std::size_t lane = 0; lane < list_block_rows && next_ < lanes_.size(); ++lane) {
      const saved_lane& one = lanes_[next_++];
      lists_.layout().copy(one.block, one.lane, block, lane, one.number);
    }
    return {};
  }

 private:
  struct saved_lane {
    const std::byte* block;
    std::uint32_t lane;
    std::uint32_t number;
  };
  const inverted_lists& lists_;
  const row_order& order_;
  std::uint32_t list_ = 0;
  buffer<saved_lane> lanes_;
  std::size_t next_ = 0;
};

/// Live rows in the order of lists, then those that are in none.
[[nodiscard]] inline status order_by_lists(const row_store& rows, const ivf_parts* parts, row_order& order) noexcept {
  const std::uint32_t row_count = rows.row_count();
  if (status made = order.start(row_count); !made.ok()) return made;
  const auto keep = [&](std::uint32_t row) noexcept {
    if (row < row_count && rows.state(row) == row_state::live) (void)order.keep(row);
  };
  for (std::uint32_t list = 0; parts != nullptr && list < parts->lists.list_count(); ++list) {
    parts->lists.for_each_row(parts->lists.version(list), [&](const std::byte*, std::size_t, std::uint32_t row) noexcept { keep(row); });
  }
  for (std::uint32_t row = 0; row < row_count; ++row) keep(row);
  return {};
}

/// Writes live rows, their codes and the lists. Gives the number of rows.
[[nodiscard]] inline result<std::uint64_t> save_ivf(section_writer& writer, const row_store& rows, const code_store& codes, const ivf_parts* parts,
                                                    ivf_parameters& parameters) noexcept {
  row_order order;
  if (status made = order_by_lists(rows, parts, order); !made.ok()) return made.error();
  buffer<list_version> versions;
  saved_model model;
  std::uint32_t block_count = 0;
  std::uint64_t list_bytes = 0;
  if (parts != nullptr) {
    if (!parts->lists.may_change()) {
      if (status apart = parts->lists.check_apart(); !apart.ok()) return apart.error();
    }
    if (status made = model.create(parts->model); !made.ok()) return made.error();
    if (status made = versions.resize_zeroed(parts->lists.list_count()); !made.ok()) return made.error();
    const list_block_writer counted(parts->lists, order);
    for (std::uint32_t list = 0; list < parts->lists.list_count(); ++list) versions[list].row_count = counted.row_count(list);
    block_count = place_lists(versions);
    list_bytes = versions.size() * sizeof(list_version) + std::uint64_t{block_count} * parts->lists.layout().block_bytes + model.bytes();
  }
  writer.expect(saved_row_bytes(rows, order.size()) + saved_code_bytes(codes, order.size()) + list_bytes);
  if (status w = save_rows(writer, rows, order); !w.ok()) return w.error();
  if (status w = save_codes(writer, codes, order); !w.ok()) return w.error();
  parameters.rerank_codes_wanted = static_cast<std::uint8_t>(codes.kind());
  parameters.rerank_codes = codes.is_active() ? parameters.rerank_codes_wanted : std::uint8_t{0};
  if (parts != nullptr) {
    if (status w = writer.write(static_cast<std::uint32_t>(index_section::lists), section_required | section_growable, sizeof(list_version),
                                versions.data(), versions.size() * sizeof(list_version));
        !w.ok()) {
      return w.error();
    }
    list_block_writer blocks(parts->lists, order);
    const std::size_t block_bytes = parts->lists.layout().block_bytes;
    const auto fill = [&](std::uint64_t, std::size_t count, std::byte* out) noexcept -> status {
      for (std::size_t i = 0; i < count; ++i) {
        if (status written = blocks.write(out + i * block_bytes); !written.ok()) return written;
      }
      return {};
    };
    if (status w = writer.write_filled(index_section::list_blocks, block_bytes, block_count, fill); !w.ok()) return w.error();
    if (status w = model.write(writer); !w.ok()) return w.error();
    parameters.list_count = parts->lists.list_count();
    parameters.block_count = block_count;
    parameters.usual_probes = parts->usual_probes;
  }
  return std::uint64_t{order.size()};
}

/// @param wanted  from options_of
[[nodiscard]] inline status open_ivf(const file_reader& file, const open_options& options, const ivf_pq_options& wanted,
                                     const ivf_parameters& parameters, ivf_parts& parts) noexcept {
  const bool may_change = options.mode == open_mode::change;
  parts.usual_probes = parameters.usual_probes;
  const open_options to_read{.load = options.load};
  const centroid_layout of_centroids(wanted.dimension);
  auto centroids = open_column(file, index_section::centroids, of_centroids.stride_bytes, parameters.list_count, to_read);
  if (!centroids.ok()) return centroids.error();
  auto codes = open_column(file, index_section::centroid_codes, of_centroids.padded, parameters.list_count, to_read);
  if (!codes.ok()) return codes.error();
  auto terms = open_column(file, index_section::centroid_terms, sizeof(centroid_terms), parameters.list_count, to_read);
  if (!terms.ok()) return terms.error();
  auto centre = open_column(file, index_section::list_centre, sizeof(float), of_centroids.padded, to_read);
  if (!centre.ok()) return centre.error();
  column spreads;
  if (file.find(static_cast<std::uint32_t>(index_section::list_spreads)) != nullptr) {
    auto opened = open_column(file, index_section::list_spreads, sizeof(float), parameters.list_count, to_read);
    if (!opened.ok()) return opened.error();
    spreads = static_cast<column&&>(*opened);
  }
  product_quantizer product;
  if (has_parts(wanted.codes)) {
    const auto image = file.section(static_cast<std::uint32_t>(index_section::quantizer));
    if (!image.ok()) return image.error();
    auto loaded = product_quantizer::load(*image);
    if (!loaded.ok()) return loaded.error();
    product = static_cast<product_quantizer&&>(*loaded);
    const std::size_t dimension = turned_dimension(wanted.rotation, wanted.dimension, wanted.parts);
    const bool fits = product.dimension() == dimension && product.parts() == wanted.parts &&
                      product.bits() == (wanted.codes == ivf_codes::pq4 ? 4U : 8U);
    if (!fits) return error{errc::corrupt_file, "quantizer.shape", "the header's dimension, parts and bits", "others"};
  }
  learned_rotation learned;
  if (wanted.rotation == ivf_rotation::learned) {
    const auto image = file.section(static_cast<std::uint32_t>(index_section::list_rotation));
    if (!image.ok()) return image.error();
    auto loaded = learned_rotation::load(*image);
    if (!loaded.ok()) return loaded.error();
    learned = static_cast<learned_rotation&&>(*loaded);
    if (learned.padded() != turned_dimension(wanted.rotation, wanted.dimension, wanted.parts)) {
      return error{errc::corrupt_file, "rotation.padded", turned_dimension(wanted.rotation, wanted.dimension, wanted.parts), learned.padded()};
    }
    if (learned.dimension() != wanted.dimension) return error{errc::corrupt_file, "rotation.dimension", wanted.dimension, learned.dimension()};
  }
  if (status made = parts.model.adopt(wanted, parameters.list_count,
                                      {static_cast<column&&>(*centre), static_cast<column&&>(*centroids), static_cast<column&&>(*codes), static_cast<column&&>(*terms),
                                       static_cast<column&&>(spreads)},
                                      static_cast<product_quantizer&&>(product), static_cast<learned_rotation&&>(learned), may_change);
      !made.ok()) {
    return made;
  }
  if (parameters.list_count > ivf_graph::most_compared) {
    const section_entry* const graph = file.find(static_cast<std::uint32_t>(index_section::list_graph));
    if (graph == nullptr) return error{errc::corrupt_file, "section.id", static_cast<std::uint64_t>(index_section::list_graph), 0};
    if ((graph->flags & section_growable) == 0) return error{errc::corrupt_file, "section.flags", "growable, to be mapped by itself", graph->flags};
    if (status opened = parts.model.graph().open(file, *graph, wanted.dimension, wanted.metric, parameters.list_count, options.load); !opened.ok()) return opened;
  }
  const list_block_layout& layout = parts.model.coder().layout();
  auto versions = open_column(file, index_section::lists, sizeof(list_version), parameters.list_count, options);
  if (!versions.ok()) return versions.error();
  auto blocks = open_column(file, index_section::list_blocks, layout.block_bytes, parameters.block_count, options);
  if (!blocks.ok()) return blocks.error();
  parts.lists.adopt(parameters.list_count, layout, static_cast<column&&>(*versions), static_cast<column&&>(*blocks), parameters.block_count);
  return may_change ? parts.lists.start_changes() : status{};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_FILE_HPP
