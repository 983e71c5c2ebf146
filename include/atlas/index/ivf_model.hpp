// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_model.hpp -- what an inverted file learned: a centroid for each list, and codes of what is left.
//
// Room:      training; the list of a row, the lists nearest to a query, and how far their centroids are.
// Not here:  the codes (index/ivf_coder.hpp), the lists (index/inverted_lists.hpp).
// Depends:   core, distance, quantize/{assign_to_centroids,kmeans}.hpp, index/{column,ivf_coder,ivf_graph,ivf_options,list_spread}.hpp.
// Threads:   const calls may run beside each other; memory to work in is the caller's.
#ifndef ATLAS_INDEX_IVF_MODEL_HPP
#define ATLAS_INDEX_IVF_MODEL_HPP

#include <atlas/core/mutex.hpp>                    // mutex
#include <atlas/core/thread_pool.hpp>              // thread_pool
#include <atlas/distance/batch.hpp>                // mean_of_rows
#include <atlas/distance/nearest.hpp>              // nearest
#include <atlas/index/column.hpp>                  // column
#include <atlas/index/ivf_coder.hpp>               // ivf_coder
#include <atlas/index/ivf_graph.hpp>               // ivf_graph
#include <atlas/index/list_spread.hpp>             // learn_spreads
#include <atlas/quantize/assign_to_centroids.hpp>  // assign_to_centroids
#include <atlas/quantize/kmeans.hpp>               // kmeans

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Where a list's centroid lies in memory and in a file: its components relative to the centre, and zeros to a multiple of
/// 16. Its code is an i8 for each of these: the component divided by a step, which is 1/127 of the largest, rounded to
/// nearest. Its terms are its squared length and that step.
struct centroid_layout {
  std::size_t padded = 0;        ///< components and zeros
  std::size_t stride_bytes = 0;
  explicit centroid_layout(std::size_t dimension = 0) noexcept
      : padded(static_cast<std::size_t>(round_up(dimension, 16))), stride_bytes(padded * sizeof(float)) {}
};
struct centroid_terms {
  float squares = 0.0F;
  float step = 0.0F;
};

class ivf_model {
 public:
  /// Learns from a sample.
  /// @param sample   shape [rows, dimension], under cosine of unit length; finite
  /// @param options  lists, codes, parts and rotation as chosen: not automatic
  /// @return         kmeans's and product_quantizer::train's errors
  /// Memory: beside what it learns, the sample once more, and with a rotation of product codes twice; kmeans's own on top.
  [[nodiscard]] status train(const matrix_view& sample, const ivf_pq_options& options, unsigned threads, progress on_progress) noexcept {
    set_shape(options.dimension, options.metric, static_cast<std::uint32_t>(options.lists));
    if (status made = coder_.create(options.codes, options.rotation, options.dimension, options.parts, options.seed); !made.ok()) return made;
    if (status made = owned_centre_.resize_zeroed(layout_.padded); !made.ok()) return made;
    if (status meant = mean_of_rows(sample, owned_centre_.data()); !meant.ok()) return meant;
    centre_ = owned_centre_.data();
    const std::size_t dimension = options.dimension;
    buffer<float> residuals;
    if (status made = residuals.resize(sample.rows * dimension); !made.ok()) return made;
    for (std::size_t i = 0; i < sample.rows; ++i) centre(sample.row(i), residuals.data() + i * dimension);
    const matrix_view centred = dense(residuals.data(), sample.rows, dimension);
    auto clustered = kmeans(centred, {.clusters = options.lists, .iterations = options.iterations, .seed = options.seed, .threads = threads, .on_progress = on_progress});
    if (!clustered.ok()) return clustered.error();
    if (status made = owned_.resize_zeroed(options.lists * layout_.stride_bytes); !made.ok()) return made;
    if (status made = owned_codes_.resize(options.lists * layout_.padded); !made.ok()) return made;
    if (status made = owned_terms_.resize(options.lists); !made.ok()) return made;
    centroids_ = owned_.data();
    codes_ = owned_codes_.data();
    terms_ = owned_terms_.data();
    for (std::size_t list = 0; list < options.lists; ++list) {
      std::byte* const to = owned_.data() + list * layout_.stride_bytes;
      std::memcpy(to, clustered->centroids.data() + list * dimension, dimension * sizeof(float));
      const auto* const floats = reinterpret_cast<const float*>(to);
      std::int8_t* const code = owned_codes_.data() + list * layout_.padded;
      owned_terms_.data()[list] = {squared_length(floats), encode(floats, code)};
    }
    buffer<float> some;  // of the rows, before they are relative to their centroids
    if (status taken = take_some(centred, some); !taken.ok()) return taken;
    for (std::size_t i = 0; i < sample.rows; ++i) {
      const float* const centroid = this->centroid(clustered->assigned.data()[i]);
      float* const residual = residuals.data() + i * dimension;
      for (std::size_t j = 0; j < dimension; ++j) residual[j] -= centroid[j];
    }
    if (status learned = learn_order(some, centred, clustered->assigned.data()); !learned.ok()) return learned;
    some = {};
    if (status trained = coder_.train(centred, options.seed, threads, on_progress); !trained.ok()) return trained;
    if (list_count_ > ivf_graph::most_compared) {
      if (status built = graph_.build(centroid_rows(), metric_, options.seed, threads, on_progress); !built.ok()) return built;
    }
    return rotate_centroids();
  }

  /// Columns of a file that a model takes over: mapped, or loaded. The file outlives it.
  struct columns {
    column centre;     ///< shape [centroid_layout(dimension).padded]
    column centroids;  ///< one a list; likewise their codes and terms
    column codes;
    column terms;
    column spreads;    ///< a float a list, or empty: then lists are as far as their centroids
  };
  /// Takes over what a file holds. @pre lengths were checked
  /// @param may_encode  whether rows are to be added: then a rotation turns all centroids
  [[nodiscard]] status adopt(const ivf_pq_options& options, std::uint32_t list_count, columns&& from, product_quantizer&& product,
                             learned_rotation&& learned, bool may_encode) noexcept {
    set_shape(options.dimension, options.metric, list_count);
    if (status made = coder_.create(options.codes, options.rotation, options.dimension, options.parts, options.seed); !made.ok()) return made;
    coder_.adopt(static_cast<product_quantizer&&>(product), static_cast<learned_rotation&&>(learned));
    adopted_ = static_cast<columns&&>(from);
    centre_ = adopted_.centre.as<const float>();
    centroids_ = adopted_.centroids.data();
    codes_ = adopted_.codes.as<const std::int8_t>();
    terms_ = adopted_.terms.as<const centroid_terms>();
    spreads_ = adopted_.spreads.data() != nullptr && may_have_order() ? adopted_.spreads.as<const float>() : nullptr;
    return may_encode ? rotate_centroids() : status{};
  }

  [[nodiscard]] std::uint32_t list_count() const noexcept { return list_count_; }
  [[nodiscard]] const centroid_layout& layout() const noexcept { return layout_; }
  /// Shape [list_count(), layout().padded].
  [[nodiscard]] const std::int8_t* centroid_codes() const noexcept { return codes_; }
  [[nodiscard]] const centroid_terms* terms() const noexcept { return terms_; }
  /// Shape [list_count()], what is added to a centroid's squared distance in the order of lists; null: nothing.
  [[nodiscard]] const float* spreads() const noexcept { return spreads_; }
  /// Over centroids, where there are many; a file's is opened into it.
  [[nodiscard]] const ivf_graph& graph() const noexcept { return graph_; }
  [[nodiscard]] ivf_graph& graph() noexcept { return graph_; }
  /// Shape [layout().padded].
  [[nodiscard]] const float* centre_vector() const noexcept { return centre_; }
  /// Bytes of all that was learned, in memory or mapped.
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return std::uint64_t{list_count_} * (layout_.stride_bytes + layout_.padded + sizeof(centroid_terms) + (spreads_ != nullptr ? sizeof(float) : 0)) +
           (layout_.padded + rotated_.size()) * sizeof(float) +
           coder_.bytes() + graph_.bytes();
  }
  [[nodiscard]] std::size_t dimension() const noexcept { return dimension_; }
  [[nodiscard]] const ivf_coder& coder() const noexcept { return coder_; }
  [[nodiscard]] const float* centroid(std::uint32_t list) const noexcept {
    return reinterpret_cast<const float*>(centroids_ + list * layout_.stride_bytes);
  }

  // -- rows
  /// out = vector - the centre, which may be in place.
  void centre(const float* vector, float* out) const noexcept {
    for (std::size_t i = 0; i < dimension_; ++i) out[i] = vector[i] - centre_[i];
  }
  /// The list of each of some rows: that of the nearest centroid.
  /// @param centred  shape [rows, dimension]: relative to the centre
  /// @param threads  of the pool's at most; 0: all
  /// @param lists    shape [centred.rows]
  /// @return         assign_to_centroids's errors, and those of a search: a file may hold centroids that are no numbers
  [[nodiscard]] status assign(const matrix_view& centred, thread_pool& pool, unsigned threads, std::uint32_t* lists) const noexcept {
    if (graph_.is_there()) return assign_by_graph(centred, pool, threads, lists);
    const matrix_view centroids = centroid_rows();
    constexpr std::size_t few = 16;  // for which centroids are not worth preparing; the lists are the same
    if (centred.rows > few) {
      const auto assigned = detail::assign_with(pool, centred, centroids, {.threads = threads}, lists, nullptr);
      return assigned.ok() ? status{} : status{assigned.error()};
    }
    for (std::size_t i = 0; i < centred.rows; ++i) {
      neighbour found{};
      const auto count = nearest(centred.row(i), centroids, metric::l2sq, {&found, 1});
      if (!count.ok()) return count.error();
      lists[i] = *count == 1 ? found.id : 0;  // none if all are NaN
    }
    return {};
  }
  /// A centroid as the coder wants it.
  [[nodiscard]] const float* rotated_centroid(std::uint32_t list) const noexcept {
    return coder_.turned() == ivf_rotation::none ? centroid(list) : rotated_.data() + list * coder_.padded_rotated();
  }

  // -- queries
  /// @param query  shape [dimension], under cosine of unit length
  [[nodiscard]] status take(const float* query, centred_query& out) const noexcept {
    if (status made = out.vector.resize_zeroed(layout_.padded); !made.ok()) return made;
    if (metric_ == metric::inner_product) {
      std::memcpy(out.vector.data(), query, dimension() * sizeof(float));
      std::memset(out.vector.data() + dimension(), 0, (layout_.padded - dimension()) * sizeof(float));
      out.of_centre = product(out.vector.data(), centre_);
      return {};
    }
    centre(query, out.vector.data());
    std::memset(out.vector.data() + dimension(), 0, (layout_.padded - dimension()) * sizeof(float));
    out.squares = squared_length(out.vector.data());
    return {};
  }
  /// Whether the lists near to a query are found without a look at each centroid.
  [[nodiscard]] bool asks_graph(std::size_t probes) const noexcept { return graph_.is_there() && measured_lists(probes) < list_count_ / 8; }
  /// The products of some queries with all centroids, or with their codes: a few centroids are read from memory once for all.
  /// Where centroids do not fit the L2 cache beside anything else, their codes tell which are worth measuring.
  /// @param products  shape [count, list_count()]
  [[nodiscard]] status multiply(centred_query* queries, std::size_t count, std::size_t probes, float* products) const noexcept {
    constexpr std::size_t bytes_at_once = std::size_t{16} << 10;  // of the L1 cache
    const bool is_by_codes = looks_at_codes(probes);
    if (is_by_codes) {
      for (std::size_t i = 0; i < count; ++i) {
        if (status made = queries[i].code.resize(layout_.padded); !made.ok()) return made;
        queries[i].step = encode(queries[i].vector.data(), queries[i].code.data());
      }
    }
    const std::size_t stride_bytes = is_by_codes ? layout_.padded : layout_.stride_bytes;
    const std::size_t fit = bytes_at_once / stride_bytes;
    const std::size_t at_once = count == 1 ? list_count_ : fit < 4 ? 4 : fit;
    for (std::size_t first = 0; first < list_count_; first += at_once) {
      const std::size_t some = list_count_ - first < at_once ? list_count_ - first : at_once;
      for (std::size_t i = 0; i < count; ++i) {
        float* const out = products + i * list_count_ + first;
        if (is_by_codes) {
          kernels().dot[kernels_v1::i8_i8](queries[i].code.data(), codes_ + first * stride_bytes, stride_bytes, nullptr, some, layout_.padded, out);
        } else {
          kernels().steady_dot(queries[i].vector.data(), centroids_ + first * stride_bytes, stride_bytes, nullptr, some, layout_.padded, out);
        }
      }
    }
    return {};
  }
  /// The lists that are nearest to a query, as the distances of their centroids and their spreads tell, into out.nearest in that order, each
  /// with the distance of its centroid alone; of equally near ones the lower. What codes tell to be
  /// worth measuring is a half more than wanted and eight. The same lists on all instruction sets.
  /// @param products  of this query, as multiply gives them; of those that ask the graph null
  [[nodiscard]] status nearest_lists(std::size_t probes, const centred_query& query, const float* products, near_lists& out) const noexcept {
    estimated_rows& found = out.lists;
    found.clear();
    std::uint32_t* lists = nullptr;
    if (asks_graph(probes)) {
      const std::size_t measured = measured_lists(probes);
      if (status made = found.make_room(measured); !made.ok()) return made;
      lists = found.rows.data();
      const auto near = graph_.near(query.vector.data(), measured, list_count_, out.near, lists);
      if (!near.ok()) return near.error();
      found.count = *near;
    } else {
      if (status made = found.make_room(list_count_); !made.ok()) return made;
      lists = found.rows.data();
      for (std::uint32_t list = 0; list < list_count_; ++list) lists[list] = list;
      found.count = list_count_;
    }
    const bool is_by_codes = products != nullptr && looks_at_codes(probes);
    const bool are_of_all = products != nullptr && !is_by_codes;
    if (is_by_codes) {
      set_distances(query, products, found, [&](std::uint32_t list, float product) noexcept { return product * query.step * terms_[list].step; });
      found.keep_nearest(measured_lists(probes));
    }
    if (is_by_codes || products == nullptr) {
      if (status made = out.products.resize(found.count); !made.ok()) return made;
      kernels().steady_dot(query.vector.data(), centroids_, layout_.stride_bytes, lists, found.count, layout_.padded, out.products.data());
      products = out.products.data();
    }
    set_distances(query, products, found, [](std::uint32_t, float product) noexcept { return product; });
    found.keep_nearest(probes);
    out.nearest.clear();
    if (status made = out.nearest.reserve(found.count); !made.ok()) return made;
    for (std::size_t i = 0; i < found.count; ++i) (void)out.nearest.push({found.distances.data()[i], lists[i]});  // there is room
    out.nearest.sort();
    if (spreads_ == nullptr) return {};
    for (candidate* one = out.nearest.data(); one != out.nearest.data() + out.nearest.size(); ++one) {
      // Without the spread, which taken off again would leave its rounding.
      const float product = are_of_all ? products[one->row] : this->product(query.vector.data(), centroid(one->row));
      const float distance = this->distance(query, one->row, product);
      one->distance = distance == distance ? distance : __builtin_inff();
    }
    return {};
  }

 private:
  void set_shape(std::size_t dimension, metric which, std::uint32_t list_count) noexcept {
    layout_ = centroid_layout(dimension);
    metric_ = which;
    list_count_ = list_count;
    dimension_ = dimension;
  }
  [[nodiscard]] status rotate_centroids() noexcept {
    if (coder_.turned() == ivf_rotation::none) return {};
    if (status made = rotated_.resize_zeroed(list_count_ * coder_.padded_rotated()); !made.ok()) return made;
    for (std::uint32_t list = 0; list < list_count_; ++list) coder_.rotate(centroid(list), rotated_.data() + list * coder_.padded_rotated());
    return {};
  }
  [[nodiscard]] matrix_view centroid_rows() const noexcept {
    return {centroid(0), list_count_, dimension(), layout_.stride_bytes / sizeof(float)};
  }
  [[nodiscard]] status assign_by_graph(const matrix_view& centred, thread_pool& pool, unsigned threads, std::uint32_t* lists) const noexcept {
    constexpr std::size_t rows_of_task = 64;
    mutex failure_lock;
    std::size_t failed_row = centred.rows;
    status failure;
    const status ran = pool.run((centred.rows + rows_of_task - 1) / rows_of_task, [&](std::size_t task, unsigned) noexcept {
      near_memory memory;
      const std::size_t end = (task + 1) * rows_of_task < centred.rows ? (task + 1) * rows_of_task : centred.rows;
      for (std::size_t i = task * rows_of_task; i < end; ++i) {
        lists[i] = 0;
        const auto found = graph_.near(centred.row(i), 1, list_count_, memory, lists + i);
        if (found.ok()) continue;
        const lock_guard<mutex> writing(failure_lock);
        if (i > failed_row) return;
        failed_row = i;
        failure = found.error().at_row(i);
        return;
      }
    }, threads);
    return ran.ok() ? failure : ran;
  }
  [[nodiscard]] float product(const float* a, const float* b) const noexcept {
    float sum = 0.0F;
    kernels().steady_dot(a, b, 0, nullptr, 1, layout_.padded, &sum);
    return sum;
  }
  [[nodiscard]] float squared_length(const float* padded) const noexcept { return product(padded, padded); }
  [[nodiscard]] static std::size_t measured_lists(std::size_t probes) noexcept { return probes + probes / 2 + 8; }
  [[nodiscard]] bool looks_at_codes(std::size_t probes) const noexcept {
    constexpr std::size_t many_bytes = std::size_t{256} << 10;
    return measured_lists(probes) < list_count_ / 2 && list_count_ * layout_.stride_bytes > many_bytes;
  }
  [[nodiscard]] float distance(const centred_query& query, std::uint32_t list, float product) const noexcept {
    if (metric_ == metric::inner_product) return 1.0F - (query.of_centre + product);
    const float squared = (query.squares + terms_[list].squares) - 2.0F * product;
    return metric_ == metric::cosine ? 0.5F * squared : squared;
  }
  [[nodiscard]] float spread(std::uint32_t list) const noexcept {
    if (spreads_ == nullptr) return 0.0F;
    const float spread = spreads_[list];
    if (!(spread >= 0.0F && spread <= __FLT_MAX__)) return 0.0F;  // a file may hold anything
    return metric_ == metric::cosine ? 0.5F * spread : spread;
  }
  /// Of some rows, copies with zeros behind them.
  [[nodiscard]] status take_some(const matrix_view& centred, buffer<float>& out) const noexcept {
    if (!has_order(centred.rows)) return {};
    const std::size_t count = some_of(centred.rows);
    if (status made = out.resize_zeroed(count * layout_.padded); !made.ok()) return made;
    for (std::size_t i = 0; i < count; ++i) std::memcpy(out.data() + i * layout_.padded, centred.row(i * centred.rows / count), dimension_ * sizeof(float));
    return {};
  }
  /// Learns the spreads of lists. @param residuals  of all rows to their centroids
  [[nodiscard]] status learn_order(const buffer<float>& some, const matrix_view& residuals, const std::uint32_t* assigned) noexcept {
    spreads_ = nullptr;
    if (!has_order(residuals.rows)) return {};
    buffer<float> padded;
    buffer<double> sums;
    buffer<std::uint32_t> sizes;
    buffer<float> means;
    buffer<std::uint32_t> lists;
    const std::size_t count = some_of(residuals.rows);
    if (status made = padded.resize_zeroed(layout_.padded); !made.ok()) return made;
    if (status made = sums.resize_zeroed(list_count_); !made.ok()) return made;
    if (status made = sizes.resize_zeroed(list_count_); !made.ok()) return made;
    if (status made = means.resize_zeroed(list_count_); !made.ok()) return made;
    if (status made = lists.resize(count); !made.ok()) return made;
    if (status made = owned_spreads_.resize(list_count_); !made.ok()) return made;
    // Of some rows of each list; of all to count them.
    const std::size_t measured = residuals.rows < rows_of_mean * list_count_ ? residuals.rows : rows_of_mean * list_count_;
    buffer<std::uint32_t> counts;
    if (status made = counts.resize_zeroed(list_count_); !made.ok()) return made;
    double sum = 0.0;
    for (std::size_t i = 0; i < measured; ++i) {
      const std::size_t row = i * residuals.rows / measured;
      std::memcpy(padded.data(), residuals.row(row), dimension_ * sizeof(float));
      const auto squares = static_cast<double>(squared_length(padded.data()));
      sums[assigned[row]] += squares;
      ++counts[assigned[row]];
      sum += squares;
    }
    for (std::size_t i = 0; i < residuals.rows; ++i) ++sizes[assigned[i]];
    for (std::size_t list = 0; list < list_count_; ++list) {
      // One row is its own centroid, and tells nothing of the list.
      means[list] = static_cast<float>(counts[list] > 1 ? sums[list] / counts[list] : sum / static_cast<double>(measured));
    }
    for (std::size_t i = 0; i < count; ++i) lists[i] = assigned[i * residuals.rows / count];
    spread_sample sample;
    sample.rows = some.data();
    sample.lists = lists.data();
    sample.row_count = count;
    sample.padded = layout_.padded;
    sample.centroids = centroids_;
    sample.stride_bytes = layout_.stride_bytes;
    sample.list_count = list_count_;
    sample.mean_squares = means.data();
    sample.sizes = sizes.data();
    const auto learned = learn_spreads(sample, owned_spreads_.data());
    if (!learned.ok()) return learned.error();
    spreads_ = *learned ? owned_spreads_.data() : nullptr;
    return {};
  }
  /// Inner products order lists as they are, and a graph finds too few of them.
  [[nodiscard]] bool may_have_order() const noexcept { return metric_ != metric::inner_product && list_count_ > 1 && list_count_ <= ivf_graph::most_compared; }
  /// Few rows tell too little.
  [[nodiscard]] bool has_order(std::size_t rows) const noexcept {
    constexpr std::size_t fewest_rows = 1000;
    constexpr std::size_t fewest_of_list = 8;
    return may_have_order() && rows >= fewest_rows && rows >= fewest_of_list * list_count_;
  }
  static constexpr std::size_t rows_of_mean = 64;
  [[nodiscard]] static std::size_t some_of(std::size_t rows) noexcept { return rows < spread_sample::most_rows ? rows : spread_sample::most_rows; }
  /// @param products    of found.rows, in their order
  /// @param product_of  what a number of these says of a list's product
  template <class Product>
  void set_distances(const centred_query& query, const float* products, estimated_rows& found, Product product_of) const noexcept {
    for (std::size_t i = 0; i < found.count; ++i) {
      const std::uint32_t list = found.rows.data()[i];
      const float distance = this->distance(query, list, product_of(list, products[i])) + spread(list);
      found.distances.data()[i] = distance == distance ? distance : __builtin_inff();  // a file may hold anything
    }
  }
  /// Gives the step. @param vector  shape [padded]
  [[nodiscard]] float encode(const float* vector, std::int8_t* code) const noexcept {
    const float largest = kernels().largest_f32(vector, layout_.padded);
    const float inverse = largest > 0.0F ? 127.0F / largest : 0.0F;
    kernels().f32_to_i8(vector, &inverse, 1, code, layout_.padded);
    return largest / 127.0F;
  }

  metric metric_ = metric::l2sq;
  std::uint32_t list_count_ = 0;
  centroid_layout layout_;
  std::size_t dimension_ = 0;
  const float* centre_ = nullptr;  ///< the mean of the sample, with zeros behind it
  buffer<float> owned_centre_;
  columns adopted_;                ///< of a file
  buffer<std::byte> owned_;        ///< centroids that were trained here
  buffer<std::int8_t> owned_codes_;
  buffer<centroid_terms> owned_terms_;
  buffer<float> owned_spreads_;
  const std::byte* centroids_ = nullptr;
  const std::int8_t* codes_ = nullptr;
  const centroid_terms* terms_ = nullptr;
  const float* spreads_ = nullptr;
  buffer<float> rotated_;        ///< centroids as the coder wants them
  ivf_coder coder_;
  ivf_graph graph_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_MODEL_HPP
