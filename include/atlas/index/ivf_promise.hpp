// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_promise.hpp -- the recall that an inverted file was measured to have, and what it is measured with.
//
// Room:      the promise while rows come and go, and in a file; vectors that are held back from training, or chosen later.
// Not here:  the measuring (index/recall_measure.hpp), when it is done (index/ivf_engine.hpp, index/ivf_file_measure.hpp).
// Depends:   core, quantize/quantization_error.hpp, index/{options,row_store,sections}.hpp.
// Threads:   a promise is read by any, and set by one at a time.
#ifndef ATLAS_INDEX_IVF_PROMISE_HPP
#define ATLAS_INDEX_IVF_PROMISE_HPP

#include <atlas/core/atomic.hpp>                  // atomic
#include <atlas/core/memory.hpp>                  // buffer
#include <atlas/index/options.hpp>                // recall_promise
#include <atlas/index/row_store.hpp>              // row_store
#include <atlas/index/sections.hpp>               // ivf_parameters
#include <atlas/quantize/quantization_error.hpp>  // check_training_lengths

#include <cstring>  // std::memcpy

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A recall, and the number of rows that it was measured with. It holds while there are more than half as many rows and
/// fewer than twice as many.
class kept_promise {
 public:
  /// @param row_count  1 or more
  void set(const recall_promise& measured, std::size_t row_count) noexcept {
    const std::size_t k = measured.k < max_rows ? measured.k : max_rows;
    row_count_.store_release(row_count);
    packed_.store_release(std::uint64_t{bits_below(measured.recall)} << 32 | k);
  }
  void clear() noexcept { packed_.store_release(0); }
  /// What holds with so many rows.
  [[nodiscard]] recall_promise at(std::size_t row_count) const noexcept {
    const std::uint64_t packed = packed_.load_acquire();
    const std::uint64_t measured_rows = row_count_.load_acquire();
    if (packed >> 32 == 0 || row_count >= 2 * measured_rows || 2 * std::uint64_t{row_count} <= measured_rows) return {};
    return {static_cast<double>(float_of(static_cast<std::uint32_t>(packed >> 32))), static_cast<std::size_t>(packed & 0xFFFFFFFFU)};
  }

  void save(ivf_parameters& parameters, std::size_t row_count) const noexcept {
    const recall_promise held = at(row_count);
    parameters.promised_recall = static_cast<float>(held.recall);
    parameters.promised_k = static_cast<std::uint32_t>(held.k);
    parameters.promised_rows = held.k != 0 ? row_count_.load_acquire() : 0;
  }
  /// @pre check_promise accepted them
  void open(const ivf_parameters& parameters) noexcept {
    if (parameters.promised_k == 0) return clear();
    set({static_cast<double>(parameters.promised_recall), parameters.promised_k}, static_cast<std::size_t>(parameters.promised_rows));
  }

 private:
  /// The largest float that is not above a number from 0 to 1: no more is promised than was measured.
  [[nodiscard]] static std::uint32_t bits_below(double value) noexcept {
    const auto nearest = static_cast<float>(value);
    std::uint32_t bits = 0;
    std::memcpy(&bits, &nearest, sizeof bits);
    return static_cast<double>(nearest) > value ? bits - 1 : bits;
  }
  [[nodiscard]] static float float_of(std::uint32_t bits) noexcept {
    float value = 0.0F;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  atomic<std::uint64_t> packed_{0};     ///< a float's bits and k; a recall of 0 is no promise
  atomic<std::uint64_t> row_count_{0};
};

/// Refuses what no file was saved with.
[[nodiscard]] inline status check_promise(const ivf_parameters& parameters) noexcept {
  const auto corrupt = [](const char* field, const char* expected, std::uint64_t found) noexcept {
    return error{errc::corrupt_file, field, expected, found};
  };
  if (!(parameters.promised_recall >= 0.0F && parameters.promised_recall <= 1.0F)) {
    return error{errc::corrupt_file, "parameters.promised_recall", "0 to 1", "another number"};
  }
  const bool is_there = parameters.promised_recall != 0.0F;
  if (is_there && parameters.list_count == 0) return error{errc::corrupt_file, "parameters.promised_recall", "0, as there are no lists", "more"};
  if (is_there != (parameters.promised_k != 0)) return corrupt("parameters.promised_k", is_there ? "1 or more" : "0", parameters.promised_k);
  if (is_there != (parameters.promised_rows != 0)) return corrupt("parameters.promised_rows", is_there ? "1 or more" : "0", parameters.promised_rows);
  if (parameters.promised_k > max_rows) return corrupt("parameters.promised_k", "at most 2^32 - 2", parameters.promised_k);
  if (parameters.promised_rows > max_rows) return corrupt("parameters.promised_rows", "at most 2^32 - 2", parameters.promised_rows);
  if (!(parameters.wanted_recall >= 0.0 && parameters.wanted_recall <= 1.0)) {
    return error{errc::corrupt_file, "parameters.wanted_recall", "0 to 1", "another number"};
  }
  if (parameters.wanted_recall != 0.0 && parameters.wanted_k == 0) return corrupt("parameters.wanted_k", "1 or more", parameters.wanted_k);
  return {};
}

inline constexpr std::size_t fewest_held_back = 100;
inline constexpr std::size_t most_held_back = 1000;

/// How many vectors of a sample are not trained on, but measured with: a tenth, 100 to 1,000, or none where that were more
/// than half of them, or training needs them.
[[nodiscard]] constexpr std::size_t held_back_count(std::size_t sample_rows, std::size_t fewest_to_train) noexcept {
  const std::size_t tenth = sample_rows / 10;
  const std::size_t wanted = tenth < fewest_held_back ? fewest_held_back : tenth < most_held_back ? tenth : most_held_back;
  const std::size_t trained_on = fewest_to_train > wanted ? fewest_to_train : wanted;
  return sample_rows >= trained_on + wanted ? wanted : 0;
}
/// What was held back of a sample, and where the others stood in it.
struct held_back_rows {
  buffer<float> vectors;        ///< shape [count, dimension], in the sample's order
  std::size_t count = 0;
  std::size_t sample_rows = 0;  ///< of the sample as it was

  /// Where a vector that stayed stood before.
  [[nodiscard]] std::uint64_t row_before(std::uint64_t stayed) const noexcept {
    std::uint64_t row = stayed;
    for (std::size_t taken = 0; taken < count && taken * std::uint64_t{sample_rows} / count <= row; ++taken) ++row;
    return row;
  }
  /// The same for the row that an error of training on those that stayed names, if it names one.
  [[nodiscard]] error named(const error& why) const noexcept {
    return why.row == error::no_row ? why : why.at_row(row_before(why.row));
  }
};
/// Moves so many vectors, from all over a sample, out of it.
/// @return  errc::not_finite or limit_exceeded with the row, as the sample was, of a vector that cannot be trained on, wherever
///          it would go, unless `count` is 0; no_memory
[[nodiscard]] inline result<held_back_rows> hold_back(buffer<float>& sample, std::size_t dimension, std::size_t count) noexcept {
  held_back_rows held;
  held.count = count;
  held.sample_rows = sample.size() / dimension;
  if (count == 0) return held;
  if (status fits = check_training_lengths(dense(sample.data(), held.sample_rows, dimension)); !fits.ok()) return fits.error();
  if (status made = held.vectors.resize(count * dimension); !made.ok()) return made.error();
  std::size_t taken = 0;
  for (std::size_t row = 0; row < held.sample_rows; ++row) {
    const float* const from = sample.data() + row * dimension;
    const bool is_next = taken < count && row == taken * held.sample_rows / count;
    float* const to = is_next ? held.vectors.data() + taken++ * dimension : sample.data() + (row - taken) * dimension;
    if (to != from) std::memcpy(to, from, dimension * sizeof(float));
  }
  if (status cut = sample.resize((held.sample_rows - count) * dimension); !cut.ok()) return cut.error();
  return held;
}
/// Vectors of rows from all over an index, as many as there are up to `most`.
/// @param ids  rows to choose from, live ones or being added; null: the live ones of all
[[nodiscard]] inline status take_stored(const row_store& rows, const std::uint32_t* ids, std::size_t id_count, std::size_t most, buffer<float>& out) noexcept {
  const std::size_t dimension = rows.layout().dimension;
  const std::size_t row_count = ids != nullptr ? id_count : rows.row_count();
  const auto row_at = [&](std::size_t i) noexcept { return ids != nullptr ? ids[i] : static_cast<std::uint32_t>(i); };
  const auto is_there = [&](std::size_t i) noexcept {
    const row_state state = rows.state(row_at(i));
    return state == row_state::live || (ids != nullptr && state == row_state::pending);
  };
  std::size_t all = 0;
  for (std::size_t i = 0; i < row_count; ++i) all += is_there(i) ? 1U : 0U;
  const std::size_t count = all < most ? all : most;
  if (status made = out.resize(count * dimension); !made.ok()) return made;
  buffer<std::byte> room;
  std::size_t seen = 0;
  std::size_t next = 0;  // of those that are chosen
  std::size_t taken = 0;
  for (std::size_t i = 0; i < row_count && next < count; ++i) {
    if (!is_there(i) || seen++ != next * all / count) continue;
    ++next;
    const auto stored = rows.vector(row_at(i), room);
    if (!stored.ok()) return stored.error();
    float* const vector = out.data() + taken * dimension;
    rows.layout().read_unit(*stored, vector);
    if (checked_inverse_norm(vector, dimension, rows.layout().metric).ok()) ++taken;  // or a file holds what no index took
  }
  return out.resize(taken * dimension);
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_PROMISE_HPP
