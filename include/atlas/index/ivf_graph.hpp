// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_graph.hpp -- a graph over centroids, for more of them than a query should be compared with.
//
// Room:      building it, asking it for near lists, its bytes, and a part of a file as one.
// Not here:  the graph itself (index/hnsw_index.hpp), fewer centroids (index/ivf_model.hpp).
// Depends:   core, storage, index/hnsw_index.hpp.
// Threads:   const calls may run beside each other.
#ifndef ATLAS_INDEX_IVF_GRAPH_HPP
#define ATLAS_INDEX_IVF_GRAPH_HPP

#include <atlas/index/hnsw_index.hpp>  // hnsw

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

class ivf_graph {
 public:
  /// More lists than these have a graph: comparing a query with 4,096 centroids of 96 components takes 25 us (Zen 4).
  static constexpr std::uint32_t most_compared = 4096;

  ivf_graph() noexcept = default;
  ivf_graph(const ivf_graph&) = delete;
  ivf_graph& operator=(const ivf_graph&) = delete;
  ~ivf_graph() { delete index_; }

  [[nodiscard]] bool is_there() const noexcept { return index_ != nullptr; }
  /// @param centroids  shape [lists, dimension]; the number of a list is its key
  [[nodiscard]] status build(const matrix_view& centroids, metric which, std::uint64_t seed, unsigned threads, progress on_progress) noexcept {
    auto made = hnsw<float>::create({.dimension = centroids.dimension,
                                     .metric = which == metric::inner_product ? metric::inner_product : metric::l2sq,
                                     .seed = seed,
                                     .reserve_rows = centroids.rows});
    if (!made.ok()) return made.error();
    buffer<std::uint64_t> keys;
    if (status sized = keys.resize(centroids.rows); !sized.ok()) return sized;
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = i;
    if (status added = made->add({keys.data(), keys.size()}, centroids, {.threads = threads, .on_progress = on_progress}); !added.ok()) return added;
    return hold(static_cast<hnsw<float>&&>(*made));
  }
  /// A part of an inverted file.
  /// @param section  its entry in `file`, growable
  /// @param load     as open_options::load
  [[nodiscard]] status open(const file_reader& file, const section_entry& section, std::size_t dimension, metric which,
                            std::uint32_t list_count, bool load) noexcept {
    if (section.length_bytes == 0) return error{errc::corrupt_file, "list graph bytes", "at least 1", section.length_bytes};
    auto part = mapped_file::open_part(file.file(), section.offset, section.length_bytes);
    if (!part.ok()) return part.error();
    auto reader = file_reader::from(static_cast<mapped_file&&>(*part));
    if (!reader.ok()) return reader.error();
    auto opened = hnsw<float>::open(static_cast<file_reader&&>(*reader), {.load = load});
    if (!opened.ok()) return opened.error();
    const metric wanted = which == metric::inner_product ? metric::inner_product : metric::l2sq;
    if (opened->dimension() != dimension) return error{errc::corrupt_file, "list graph dimension", dimension, opened->dimension()};
    if (opened->metric() != wanted) {
      return error{errc::corrupt_file, "list graph metric", static_cast<std::uint64_t>(wanted), static_cast<std::uint64_t>(opened->metric())};
    }
    if (opened->size() != list_count) return error{errc::corrupt_file, "list graph size", list_count, opened->size()};
    return hold(static_cast<hnsw<float>&&>(*opened));
  }
  [[nodiscard]] status save_to(buffer<std::byte>& bytes) const noexcept { return index_->save_to(bytes); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return is_there() ? index_->memory().total() : 0; }

  /// Lists whose centroids may be the nearest to a query, each once, as many as are found up to `count`.
  /// @param query  shape [dimension]
  /// @param lists  shape [count], below list_count
  [[nodiscard]] result<std::size_t> near(const float* query, std::size_t count, std::uint32_t list_count, near_memory& memory,
                                         std::uint32_t* lists) const noexcept {
    if (status made = memory.keys.resize(count); !made.ok()) return made.error();
    if (status made = memory.distances.resize(count); !made.ok()) return made.error();
    std::uint32_t found = 0;
    const search_options options{.k = count, .width = count < 32 ? std::size_t{64} : 2 * count};
    const matrix_view one = dense(query, 1, index_->dimension());
    if (status asked = index_->search(one, options, {memory.keys.data(), memory.distances.data(), &found}); !asked.ok()) return asked.error();
    memory.seen.clear();
    if (status made = memory.seen.resize_zeroed(list_count / 64 + std::size_t{1}); !made.ok()) return made.error();
    std::size_t written = 0;
    for (std::uint32_t i = 0; i < found; ++i) {
      const std::uint64_t list = memory.keys[i];
      if (list >= list_count) continue;  // a file may hold any key, and one for many rows
      std::uint64_t& word = memory.seen[static_cast<std::size_t>(list / 64)];
      const std::uint64_t bit = std::uint64_t{1} << (list % 64);
      if ((word & bit) == 0) lists[written++] = static_cast<std::uint32_t>(list);
      word |= bit;
    }
    return written;
  }

 private:
  [[nodiscard]] status hold(hnsw<float>&& index) noexcept {
    delete index_;
    index_ = new (std::nothrow) hnsw<float>(static_cast<hnsw<float>&&>(index));
    return index_ != nullptr ? status{} : status{error{errc::no_memory, "list graph"}};
  }

  hnsw<float>* index_ = nullptr;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_GRAPH_HPP
