// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/code_correction.hpp -- a byte by which the distance to what stands for a row comes nearer to the row's.
//
// Room:      row_loss, what a code lost of its row; code_correction: what is added to distances, learned from near rows.
// Not here:  the codes themselves (quantize/corrected_quantizer.hpp).
// Depends:   core, simd, distance.
// Threads:   learn uses as many as it is told; const functions are pure.
//
// Of a row x, what stands for it x' and r = x - x', all relative to the rows' mean,
//   |q - x|^2 - |q - x'|^2 = 2 <x', r> + |r|^2 - 2 <q, r>.
// A query near the row is t x and something that knows nothing of r. Then <q, r> is t (<x', r> + |r|^2), and the difference
//   2 (1 - t) <x', r> + (1 - 2 t) |r|^2,
// two numbers of the row, times what depends on how near neighbours are. The two factors are learned by least squares, from the
// nearest of a few rows; t from -1 to 1 bounds them. The sum is a byte: one of 256 values.
#ifndef ATLAS_QUANTIZE_CODE_CORRECTION_HPP
#define ATLAS_QUANTIZE_CODE_CORRECTION_HPP

#include <atlas/distance/nearest.hpp>            // nearest
#include <atlas/quantize/product_quantizer.hpp>  // product_quantizer

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What a code lost of its row.
struct row_loss {
  double along = 0;    ///< <x', r>
  double squared = 0;  ///< |r|^2

  /// @param row         shape [dimension], relative to the mean of all
  /// @param stands_for  shape [dimension], likewise
  [[nodiscard]] static row_loss of(const float* row, const float* stands_for, std::size_t dimension) noexcept {
    row_loss loss;
    for (std::size_t i = 0; i < dimension; ++i) {
      const auto stand_in = static_cast<double>(stands_for[i]);
      const double left_over = static_cast<double>(row[i]) - stand_in;
      loss.along += stand_in * left_over;
      loss.squared += left_over * left_over;
    }
    return loss;
  }
};

class code_correction {
 public:
  static constexpr std::size_t value_count = 256;
  static constexpr double most_along = 4;
  static constexpr double least_squared = -1;
  static constexpr double most_squared = 3;

  /// @param rows    shape [rows, dimension], relative to their mean, at least 256
  /// @param decode  void(std::size_t row, float* stands_for)
  /// @return        errc::no_memory
  /// The same with any number of threads. Cost: 400 queries' nearest among the rows. Memory: 24 bytes a row.
  template <class Decode>
  [[nodiscard]] status learn(const matrix_view& rows, Decode decode, std::uint64_t seed, unsigned threads) noexcept {
    *this = {};
    buffer<row_loss> losses;
    buffer<float> decoded;
    status sized = losses.resize(rows.rows);
    if (sized.ok()) sized = decoded.resize(rows.dimension);
    if (!sized.ok()) return sized;
    double unit = 0;
    for (std::size_t i = 0; i < rows.rows; ++i) {
      decode(i, decoded.data());
      losses.data()[i] = row_loss::of(rows.row(i), decoded.data(), rows.dimension);
      unit += losses.data()[i].squared / static_cast<double>(rows.rows);
    }
    if (!(unit > 0)) return {};  // nothing is lost
    if (status fitted = fit_factors(rows, losses, decode, unit, decoded, threads); !fitted.ok()) return fitted;
    return choose_values(losses, unit, seed);
  }

  /// The number of the nearest value, of two equally near ones of the lower.
  [[nodiscard]] std::uint8_t code(const row_loss& loss) const noexcept {
    const double wanted = correction(loss);
    std::size_t first = 0;
    for (std::size_t count = value_count - 1; count != 0;) {  // the first that the next is no nearer than
      const std::size_t half = count / 2;
      const auto low = static_cast<double>(values[first + half]);
      const auto high = static_cast<double>(values[first + half + 1]);
      if (wanted - low > high - wanted) {
        first += half + 1;
        count -= half + 1;
      } else {
        count = half;
      }
    }
    return static_cast<std::uint8_t>(first);
  }
  /// What is to be added to distances to what stands for a row.
  [[nodiscard]] double correction(const row_loss& loss) const noexcept {
    return static_cast<double>(along) * loss.along + static_cast<double>(squared) * loss.squared;
  }

  float along = 0.0F;                ///< times <x', r>, 0 to most_along
  float squared = 0.0F;              ///< times |r|^2, least_squared to most_squared
  float values[value_count] = {};    ///< ascending; what a code adds to a squared distance

 private:
  static constexpr std::size_t query_rows = 400;
  static constexpr std::size_t near_rows = 50;

  /// Least squares over the nearest rows of some, each query's about their mean: what all rows of a query have in common
  /// changes no order.
  template <class Decode>
  [[nodiscard]] status fit_factors(const matrix_view& rows, const buffer<row_loss>& losses, Decode decode, double unit,
                                   buffer<float>& decoded, unsigned threads) noexcept {
    const std::size_t dimension = rows.dimension;
    const std::size_t query_count = rows.rows < query_rows ? rows.rows : query_rows;
    const std::size_t k = rows.rows < near_rows + 1 ? rows.rows : near_rows + 1;
    buffer<float> queries;
    buffer<neighbour> found;
    status sized = queries.resize(query_count * dimension);
    if (sized.ok()) sized = found.resize(query_count * k);
    if (!sized.ok()) return sized;
    const auto row_of = [&](std::size_t query) { return rows.rows * query / query_count; };
    for (std::size_t query = 0; query < query_count; ++query) {
      std::memcpy(queries.data() + query * dimension, rows.row(row_of(query)), dimension * sizeof(float));
    }
    const auto searched = nearest(dense(queries.data(), query_count, dimension), rows, metric::l2sq,
                                  {.k = k, .threads = threads}, found.data());
    if (!searched.ok()) return searched.error();

    double products[3] = {};  // of the two terms with each other
    double wanted[2] = {};
    for (std::size_t query = 0; query < query_count; ++query) {
      double terms[near_rows + 1][3];
      double mean[3] = {};
      std::size_t count = 0;
      for (std::size_t i = 0; i < k; ++i) {
        const std::size_t row = found.data()[query * k + i].id;
        if (row == row_of(query)) continue;
        decode(row, decoded.data());
        terms[count][0] = losses.data()[row].along / unit;
        terms[count][1] = losses.data()[row].squared / unit;
        terms[count][2] = excess(queries.data() + query * dimension, rows.row(row), decoded.data(), dimension) / unit;
        for (std::size_t term = 0; term < 3; ++term) mean[term] += terms[count][term];
        ++count;
      }
      for (std::size_t i = 0; i < count; ++i) {
        const auto about_mean = [&](std::size_t term) { return terms[i][term] - mean[term] / static_cast<double>(count); };
        products[0] += about_mean(0) * about_mean(0);
        products[1] += about_mean(0) * about_mean(1);
        products[2] += about_mean(1) * about_mean(1);
        wanted[0] += about_mean(0) * about_mean(2);
        wanted[1] += about_mean(1) * about_mean(2);
      }
    }
    const double determinant = products[0] * products[2] - products[1] * products[1];
    // Where one term is a multiple of the other, the second says what both would.
    const bool are_two = determinant > 1e-9 * products[0] * products[2];
    const double first = are_two ? (wanted[0] * products[2] - wanted[1] * products[1]) / determinant : 0;
    const double second = are_two            ? (wanted[1] * products[0] - wanted[0] * products[1]) / determinant
                          : products[2] > 0 ? wanted[1] / products[2]
                                            : 0;
    along = static_cast<float>(within(first, 0, most_along));
    squared = static_cast<float>(within(second, least_squared, most_squared));
    return {};
  }

  /// How much farther the row is than what stands for it.
  [[nodiscard]] static double excess(const float* query, const float* row, const float* stands_for, std::size_t dimension) noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < dimension; ++i) {
      const double true_difference = static_cast<double>(query[i]) - static_cast<double>(row[i]);
      const double difference = static_cast<double>(query[i]) - static_cast<double>(stands_for[i]);
      sum += true_difference * true_difference - difference * difference;
    }
    return sum;
  }
  [[nodiscard]] static double within(double number, double least, double most) noexcept {
    return number < least ? least : number > most ? most : number;
  }

  /// The rows' corrections, as centroids of a vector of one component.
  [[nodiscard]] status choose_values(const buffer<row_loss>& losses, double unit, std::uint64_t seed) noexcept {
    buffer<float> corrections;
    if (status sized = corrections.resize(losses.size()); !sized.ok()) return sized;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      corrections.data()[i] = static_cast<float>(correction(losses.data()[i]) / unit);
    }
    const auto made = product_quantizer::train(dense(corrections.data(), losses.size(), 1),
                                               {.parts = 1, .seed = seed, .rows_a_centroid = losses.size()});
    if (!made.ok()) return made.error();
    for (std::size_t i = 0; i < value_count; ++i) {
      const auto value = static_cast<float>(static_cast<double>(made.value().codebook()[i]) * unit);
      std::size_t at = i;
      for (; at != 0 && value < values[at - 1]; --at) values[at] = values[at - 1];
      values[at] = value;
    }
    return {};
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_CODE_CORRECTION_HPP
