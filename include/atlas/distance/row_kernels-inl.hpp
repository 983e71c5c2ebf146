// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/row_kernels-inl.hpp -- one query against rows; compiled once for each target.
//
// Room:      the loop over rows, and what it is given: a sort of components (distance/components-inl.hpp) and an
//            operation on them.
// Not here:  what the kernels promise (simd/kernel_entries.hpp), bits (distance/bit_kernels-inl.hpp), many queries at
//            once (distance/panel_kernels-inl.hpp).
// Depends:   simd/kernels-inl.hpp, which includes this and sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_DISTANCE_ROW_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_ROW_KERNELS_INL_HPP
#undef ATLAS_DISTANCE_ROW_KERNELS_INL_HPP
#else
#define ATLAS_DISTANCE_ROW_KERNELS_INL_HPP
#endif

#include <atlas/distance/components-inl.hpp>
#include <atlas/distance/row_places-inl.hpp>
#include <atlas/distance/short_rows-inl.hpp>

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// Four sums a row hide the latency of the multiply-add for one row alone, and 32 registers hold four
/// rows of them; with 16 registers two rows share the query's loads.
#if ATLAS_KERNELS_PLAIN
inline constexpr std::size_t rows_at_once = 1;
#elif HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM
inline constexpr std::size_t rows_at_once = 4;
#else
inline constexpr std::size_t rows_at_once = 2;
#endif

// ---- operations: what is added up for a query and a row, and how many components at a time -------------

#if ATLAS_KERNELS_PLAIN

/// Eight sums, so that the compiler may keep them in vectors without reordering anything.
template <class Kind>
struct plain_sums {
  typename Kind::plain_sum sums[8] = {};
  typename Kind::plain_sum total() const {
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
  }
};

template <class Kind>
struct l2sq_of {
  static constexpr std::size_t most_rows = 1;
  static void add(typename Kind::plain_number a, typename Kind::plain_number b, typename Kind::plain_sum& sum,
                  typename Kind::plain_sum&) {
    const auto difference = a - b;
    sum += static_cast<typename Kind::plain_sum>(difference * difference);
  }
  static float number(typename Kind::plain_sum sum) { return static_cast<float>(sum); }
};
template <class Kind>
struct dot_of {
  static constexpr std::size_t most_rows = 1;
  static void add(typename Kind::plain_number a, typename Kind::plain_number b, typename Kind::plain_sum& sum,
                  typename Kind::plain_sum&) {
    sum += static_cast<typename Kind::plain_sum>(a * b);
  }
  static float number(typename Kind::plain_sum sum) { return Kind::dot_number(sum); }
};
template <class Kind>
struct dot_and_square_of : dot_of<Kind> {
  static void add(typename Kind::plain_number a, typename Kind::plain_number b, typename Kind::plain_sum& sum,
                  typename Kind::plain_sum& square) {
    sum += static_cast<typename Kind::plain_sum>(a * b);
    square += static_cast<typename Kind::plain_sum>(b * b);
  }
};

template <template <class> class Operation, class Kind, std::size_t Rows>
inline void few_rows(const void* query_start, const void* const* rows, std::size_t dimension, std::size_t, float* out,
                     float* squares) {
  const auto* query = static_cast<const typename Kind::query_type*>(query_start);
  const auto* row = static_cast<const typename Kind::row_type*>(rows[0]);
  plain_sums<Kind> first;
  plain_sums<Kind> second;
  std::size_t i = 0;
  for (; i + 8 <= dimension; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      Operation<Kind>::add(Kind::query_number(query[i + lane]), Kind::row_number(row[i + lane]), first.sums[lane],
                           second.sums[lane]);
    }
  }
  for (std::size_t lane = 0; i < dimension; ++i, ++lane) {
    Operation<Kind>::add(Kind::query_number(query[i]), Kind::row_number(row[i]), first.sums[lane], second.sums[lane]);
  }
  out[0] = Operation<Kind>::number(first.total());
  if (squares != nullptr) squares[0] = static_cast<float>(second.total());
}

#else

template <class Kind>
struct l2sq_of {
  static constexpr std::size_t most_rows = rows_at_once;
  using sum = typename Kind::sum;
  static HWY_INLINE sum zero() { return Kind::zero(); }
  static HWY_INLINE sum add(typename Kind::part query, typename Kind::part row, sum so_far) {
    const auto difference = hn::Sub(query, row);
    return Kind::add_product(difference, difference, so_far);
  }
  template <std::size_t Rows, class Sums>
  static HWY_INLINE void store(const Sums& sums, float* out, float*) {
    Kind::template store_squares<Rows>(sums, out);
  }
};

template <class Kind>
struct dot_of {
  static constexpr std::size_t most_rows = rows_at_once;
  using sum = typename Kind::sum;
  static HWY_INLINE sum zero() { return Kind::zero(); }
  static HWY_INLINE sum add(typename Kind::part query, typename Kind::part row, sum so_far) {
    return Kind::add_product(query, row, so_far);
  }
  template <std::size_t Rows, class Sums>
  static HWY_INLINE void store(const Sums& sums, float* out, float*) {
    Kind::template store_products<Rows>(sums, out);
  }
};

/// The product with the query and the row's own square, from one load of the row.
template <class Kind>
struct dot_and_square_of {
  static constexpr std::size_t most_rows = rows_at_once / 2;
  struct sum {
    typename Kind::sum product;
    typename Kind::sum square;
    HWY_INLINE sum(typename Kind::sum of_product, typename Kind::sum of_square)
        : product(of_product), square(of_square) {}
    // No friend: gcc gives one no target.
    HWY_INLINE sum plus(const sum& other) const {
      return sum(hn::Add(product, other.product), hn::Add(square, other.square));
    }
  };
  static HWY_INLINE sum zero() { return sum(Kind::zero(), Kind::zero()); }
  static HWY_INLINE sum add(typename Kind::part query, typename Kind::part loaded, const sum& so_far) {
    const typename Kind::part row = kept(loaded);
    return sum(Kind::add_product(query, row, so_far.product), Kind::add_product(row, row, so_far.square));
  }
  template <std::size_t Rows, class Sums>
  static HWY_INLINE void store(const Sums& sums, float* out, float* squares) {
    const sum total = sums.total();
    if constexpr (Rows == 2) {
      const sum other = sums.others.total();
      Kind::store_products_and_squares(total.product, other.product, total.square, other.square, out, squares);
    } else {
      out[0] = Kind::product_number(total.product);
      squares[0] = Kind::square_number(total.square);
    }
  }
};

HWY_INLINE vector_f32 add_sums(vector_f32 a, vector_f32 b) { return hn::Add(a, b); }
HWY_INLINE vector_i32 add_sums(vector_i32 a, vector_i32 b) { return hn::Add(a, b); }
template <class Sum>
HWY_INLINE Sum add_sums(const Sum& a, const Sum& b) {
  return a.plus(b);
}

/// `Slots` sums of each of `Rows` rows. A list and not an array of rows, so that every vector has a register of its
/// own at any optimisation level.
template <class Operation, class Kind, std::size_t Slots, std::size_t Rows>
struct row_sums {
  typename Operation::sum sums[4];
  const typename Kind::row_type* row;
  row_sums<Operation, Kind, Slots, Rows - 1> others;

  // Not a member function called later: gcc gives an implicit constructor no target, and then refuses to
  // inline Highway's into it.
  HWY_INLINE explicit row_sums(const void* const* rows)
      : sums{Operation::zero(), Operation::zero(), Operation::zero(), Operation::zero()},
        row(static_cast<const typename Kind::row_type*>(rows[0])),
        others(rows + 1) {}
  template <std::size_t Slot>
  HWY_INLINE void add(typename Kind::part query, std::size_t at) {
    static_assert(Slot < Slots);
    sums[Slot] = Operation::add(query, Kind::load(row + at), sums[Slot]);
    others.template add<Slot>(query, at);
  }
  /// The lines of the next `Steps` steps, `ahead_bytes` further on.
  template <std::size_t Steps>
  HWY_INLINE void prefetch(std::size_t at, std::size_t ahead_bytes) const {
    const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(row + at) + ahead_bytes;  // may be past the rows
    for (std::size_t line = 0; line < Steps * Kind::step * sizeof(*row); line += cache_line) {
      __builtin_prefetch(reinterpret_cast<const void*>(start + line));
    }
    others.template prefetch<Steps>(at, ahead_bytes);
  }
  template <std::size_t Slot>
  HWY_INLINE void add_tail(typename Kind::part query, std::size_t dimension, std::size_t left) {
    sums[Slot] = Operation::add(query, Kind::load_tail(row, dimension, left), sums[Slot]);
    others.template add_tail<Slot>(query, dimension, left);
  }
  HWY_INLINE typename Operation::sum total() const {
    const auto first_two = add_sums(sums[0], sums[1]);
    if constexpr (Slots == 2) {
      return first_two;
    } else {
      return add_sums(first_two, add_sums(sums[2], sums[3]));
    }
  }
};
template <class Operation, class Kind, std::size_t Slots>
struct row_sums<Operation, Kind, Slots, 0> {
  HWY_INLINE explicit row_sums(const void* const*) {}
  template <std::size_t Slot>
  HWY_INLINE void add(typename Kind::part, std::size_t) {}
  template <std::size_t Steps>
  HWY_INLINE void prefetch(std::size_t, std::size_t) const {}
  template <std::size_t Slot>
  HWY_INLINE void add_tail(typename Kind::part, std::size_t, std::size_t) {}
};

/// Up to four rows side by side, of at most eight steps. Two sums a row are enough for so few, and adding them up again
/// costs less. Steps go to the sums in turn, the last one too if it is not whole.
template <template <class> class Operation, class Kind, std::size_t Rows>
HWY_INLINE void few_short_rows(const typename Kind::query_type* query, const void* const* rows, std::size_t dimension,
                               std::size_t ahead_bytes, float* out, float* squares) {
  constexpr std::size_t step = Kind::step;
  row_sums<Operation<Kind>, Kind, 2, Rows> sums(rows);
  std::size_t at = 0;
  for (; at + 2 * step <= dimension; at += 2 * step) {
    sums.template prefetch<2>(at, ahead_bytes);
    sums.template add<0>(Kind::load(query + at), at);
    sums.template add<1>(Kind::load(query + at + step), at + step);
  }
  const std::size_t left = dimension % step;
  if (at + step <= dimension) {
    sums.template add<0>(Kind::load(query + at), at);
    if (left != 0) sums.template add_tail<1>(Kind::load_tail(query, dimension, left), dimension, left);
  } else if (left != 0) {
    sums.template add_tail<0>(Kind::load_tail(query, dimension, left), dimension, left);
  }
  Operation<Kind>::template store<Rows>(sums, out, squares);
}

/// Whether rows in order that no cache holds come fastest one after the other, with lines asked for shortly before they
/// are needed. l2sq, dot and cosine of 128, 384 and 784 f32 from 512 MiB on Sapphire Rapids, against four rows side by
/// side: 1.03 to 1.11 times as fast from huge pages, 0.90 to 1.05 times from pages of 4 KiB; f16 and bf16 0.95 to 1.27
/// times, and 0.83 to 1.02 times. Bytes are too much work for one row at a time.
template <class Kind>
inline constexpr bool is_best_alone_from_memory = sizeof(typename Kind::row_type) > 1;

/// Up to four rows side by side. If `IsPrefetched`, lines `ahead_bytes` further on are asked for. Rows of smaller
/// types, which are more work a byte, gain by it in L2 too; of f32 it costs 7 to 10 % there.
template <template <class> class Operation, class Kind, std::size_t Rows,
          bool IsPrefetched = (sizeof(typename Kind::row_type) < 4)>
HWY_INLINE void few_rows(const void* query_start, const void* const* rows, std::size_t dimension,
                         std::size_t ahead_bytes, float* out, float* squares) {
  const auto* query = static_cast<const typename Kind::query_type*>(query_start);
  constexpr std::size_t step = Kind::step;
  if (dimension <= 8 * step) {
    return few_short_rows<Operation, Kind, Rows>(query, rows, dimension, ahead_bytes, out, squares);
  }
  row_sums<Operation<Kind>, Kind, 4, Rows> sums(rows);
  std::size_t at = 0;
  for (; at + 4 * step <= dimension; at += 4 * step) {
    if constexpr (IsPrefetched) sums.template prefetch<4>(at, ahead_bytes);
    sums.template add<0>(Kind::load(query + at), at);
    sums.template add<1>(Kind::load(query + at + step), at + step);
    sums.template add<2>(Kind::load(query + at + 2 * step), at + 2 * step);
    sums.template add<3>(Kind::load(query + at + 3 * step), at + 3 * step);
  }
  if (at + 2 * step <= dimension) {
    sums.template add<0>(Kind::load(query + at), at);
    sums.template add<1>(Kind::load(query + at + step), at + step);
    at += 2 * step;
  }
  if (at + step <= dimension) {
    sums.template add<2>(Kind::load(query + at), at);
    at += step;
  }
  if (const std::size_t left = dimension - at; left != 0) {
    sums.template add_tail<3>(Kind::load_tail(query, dimension, left), dimension, left);
  }
  Operation<Kind>::template store<Rows>(sums, out, squares);
}

#endif  // ATLAS_KERNELS_PLAIN

// ---- the loops over rows -------------------------------------------------------------------------------

/// `count` rows in groups, so that the misses of one group overlap; the next group is asked for before
/// this one is computed. What is left over is computed as one smaller group, of three rows as four.
/// may_be_cached: of the rows of the whole call, of which these may be a part.
template <template <class> class Operation, class Kind>
HWY_INLINE void each_row(const void* query, const row_places& places, [[maybe_unused]] bool may_be_cached,
                         std::size_t count, std::size_t dimension, float* out, float* squares) {
#if !ATLAS_KERNELS_PLAIN
  if constexpr (is_best_alone_from_memory<Kind>) {
    if (!may_be_cached) {
      constexpr std::size_t ahead_bytes = 1024;  // 2,048: up to 5 % faster from pages of 4 KiB, 4 % slower from huge ones
      for (std::size_t row = 0; row < count; ++row) {
        const void* const one = places.row(row);
        few_rows<Operation, Kind, 1, true>(query, &one, dimension, ahead_bytes, out + row,
                                           squares == nullptr ? nullptr : squares + row);
      }
      return;
    }
  }
#endif
  constexpr std::size_t group = Operation<Kind>::most_rows == 0 ? 1 : Operation<Kind>::most_rows;
  const std::size_t ahead_bytes = places.ids == nullptr ? prefetched_bytes : 0;
  const void* rows[group];
  std::size_t done = 0;
  for (; done + group <= count; done += group) {
    const std::size_t next = done + group;
    for (std::size_t row = 0; row < group; ++row) rows[row] = places.row(done + row);
    if (places.ids != nullptr) {
      for (std::size_t row = next; row < next + group && row < count; ++row) places.prefetch(row);
    }
    few_rows<Operation, Kind, group>(query, rows, dimension, ahead_bytes, out + done,
                                     squares == nullptr ? nullptr : squares + done);
  }
  if constexpr (group > 1) {
    const std::size_t left = count - done;
    if (left == 0) return;
    float* const left_squares = squares == nullptr ? nullptr : squares + done;
    for (std::size_t row = 0; row < group; ++row) rows[row] = places.row(done + (row < left ? row : 0));
    if (left == 1) return few_rows<Operation, Kind, 1>(query, rows, dimension, 0, out + done, left_squares);
    if constexpr (group == 4) {
      if (left == 2) return few_rows<Operation, Kind, 2>(query, rows, dimension, 0, out + done, left_squares);
      float numbers[4];
      float numbers_squared[4];
      few_rows<Operation, Kind, 4>(query, rows, dimension, 0, numbers, numbers_squared);
      for (std::size_t row = 0; row < 3; ++row) out[done + row] = numbers[row];
      if (squares != nullptr) {
        for (std::size_t row = 0; row < 3; ++row) left_squares[row] = numbers_squared[row];
      }
    }
  }
}

/// A query that lies across cache lines costs two accesses for each load, and a group of rows loads it as a whole: with
/// a copy that does not, rows from the second-level cache come up to 10 % faster (Sapphire Rapids). Rows by id mostly
/// miss, which hides that, and come in short calls, which would pay for the copy.
class aligned_query {
 public:
  static constexpr std::size_t least_rows = 16;
  /// The query itself if it lies well or is too long for the copy.
  HWY_INLINE const void* copy(const void* query, std::size_t bytes) {
    if (reinterpret_cast<std::uintptr_t>(query) % cache_line == 0 || bytes > sizeof bytes_) return query;
    __builtin_memcpy(bytes_, query, bytes);
    return bytes_;
  }

 private:
  alignas(cache_line) char bytes_[8192];
};

template <template <class> class Operation, class Kind>
inline void each_row_kernel(const void* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                            std::size_t count, std::size_t dimension, float* out) {
  const row_places places{static_cast<const char*>(rows), stride_bytes, ids};
  const bool may_be_cached = places.may_be_cached(count);
#if HWY_TARGET == HWY_AVX3
  if constexpr (std::is_same_v<Kind, float_kind<stored_f32, stored_f32>>) {
    if (dimension != 0 && dimension <= 8 * lane_count && may_be_cached) {
      return any_short_rows<Operation<Kind>>(static_cast<const float*>(query), places, count, dimension, out);
    }
  }
#endif
  aligned_query aligned;
  if (ids == nullptr && count >= aligned_query::least_rows) {
    query = aligned.copy(query, dimension * sizeof(typename Kind::query_type));
  }
  each_row<Operation, Kind>(query, places, may_be_cached, count, dimension, out, nullptr);
}

// ---- cosine --------------------------------------------------------------------------------------------

/// Rows whose products and squares wait on the stack for the square roots.
inline constexpr std::size_t cosine_batch = 64;

/// 1 - product / sqrt(query_squared * square), as atlas::cosine defines its ends. In double, where the product of two
/// squared lengths neither overflows nor underflows, and where every operation is exactly rounded: the same bits on
/// each target.
#if ATLAS_KERNELS_PLAIN
inline void finish_cosine(float query_squared, float* products, const float* squares, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const double lengths_squared = static_cast<double>(query_squared) * static_cast<double>(squares[i]);
    double distance = 1.0 - static_cast<double>(products[i]) / __builtin_sqrt(lengths_squared);
    if (distance < 0.0) distance = 0.0;  // rounding may step over the ends of the range
    if (distance > 2.0) distance = 2.0;
    if (lengths_squared == 0.0) distance = 1.0;
    if (!(lengths_squared < __builtin_inf())) distance = __builtin_nan("");
    products[i] = static_cast<float>(distance);
  }
}
#else
inline void finish_cosine(float query_squared, float* products, float* squares, std::size_t count) {
  const hn::ScalableTag<double> wide;
  const hn::Rebind<float, hn::ScalableTag<double>> narrow;
  constexpr std::size_t lanes = HWY_LANES(double);
  const auto one = hn::Set(wide, 1.0);
  const auto two = hn::Set(wide, 2.0);
  const auto zero = hn::Zero(wide);
  const auto query = hn::Set(wide, static_cast<double>(query_squared));
  for (std::size_t i = count; i % lanes != 0; ++i) products[i] = squares[i] = 1.0F;
  for (std::size_t i = 0; i < count; i += lanes) {
    const auto lengths_squared = hn::Mul(query, hn::PromoteTo(wide, hn::LoadU(narrow, squares + i)));
    const auto product = hn::PromoteTo(wide, hn::LoadU(narrow, products + i));
    auto distance = hn::Sub(one, hn::Div(product, hn::Sqrt(lengths_squared)));
    // Rounding may step over the ends of the range; a NaN passes both comparisons.
    distance = hn::IfThenElse(hn::Lt(distance, zero), zero, distance);
    distance = hn::IfThenElse(hn::Gt(distance, two), two, distance);
    distance = hn::IfThenElse(hn::Eq(lengths_squared, zero), one, distance);
    distance = hn::IfThenElse(hn::Lt(lengths_squared, hn::Set(wide, __builtin_inf())), distance,
                              hn::Set(wide, __builtin_nan("")));
    hn::StoreU(hn::DemoteTo(narrow, distance), narrow, products + i);
  }
}
#endif

template <class Kind, class QueryKind>
inline void cosine_kernel(const void* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                          std::size_t count, std::size_t dimension, float* out) {
  aligned_query aligned;
  if (ids == nullptr && count >= aligned_query::least_rows) {
    query = aligned.copy(query, dimension * sizeof(typename Kind::query_type));
  }
  float query_squared = 0.0F;
  each_row_kernel<dot_of, QueryKind>(query, query, 0, nullptr, 1, dimension, &query_squared);
  const bool may_be_cached = row_places{static_cast<const char*>(rows), stride_bytes, ids}.may_be_cached(count);
  float products[cosine_batch];
  float squares[cosine_batch];
  for (std::size_t first = 0; first < count; first += cosine_batch) {
    const std::size_t batch = count - first < cosine_batch ? count - first : cosine_batch;
    const row_places places{static_cast<const char*>(rows) + (ids == nullptr ? first * stride_bytes : 0), stride_bytes,
                            ids == nullptr ? nullptr : ids + first};
    each_row<dot_and_square_of, Kind>(query, places, may_be_cached, batch, dimension, products, squares);
    finish_cosine(query_squared, products, squares, batch);
    __builtin_memcpy(out + first, products, batch * sizeof(float));
  }
}

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_ROW_KERNELS_INL_HPP
