// SPDX-License-Identifier: Apache-2.0
// c_api/vectors.cpp -- what is asked of all rows that the caller holds: lengths, means, other scalars, codes.
#include "arguments.hpp"
#include "guard.hpp"

#include <atlas/distance.hpp>

using namespace atlas::c_api;
using atlas::any_matrix_view;
using atlas::basic_matrix_view;
using atlas::errc;
using atlas::error;
using atlas::scalar;
using atlas::span;
using atlas::status;

static_assert(ATLAS_SCALING_PER_ROW == static_cast<int>(atlas::scaling::per_row));
static_assert(ATLAS_SCALING_PER_DIMENSION == static_cast<int>(atlas::scaling::per_dimension));

namespace {

template <class Scalar>
basic_matrix_view<Scalar> view_as(const any_matrix_view& rows) noexcept {
  return {static_cast<const Scalar*>(rows.data), rows.rows, rows.dimension, rows.stride};
}

/// Calls body(rows as their own type); bits are refused.
template <class Body>
status with_numbers(const any_matrix_view& rows, Body&& body) noexcept {
  switch (rows.element) {
    case scalar::f32: return body(view_as<float>(rows));
    case scalar::f16: return body(view_as<atlas::f16>(rows));
    case scalar::bf16: return body(view_as<atlas::bf16>(rows));
    case scalar::i8: return body(view_as<std::int8_t>(rows));
    case scalar::u8: return body(view_as<std::uint8_t>(rows));
    case scalar::b1: break;
  }
  return error{errc::scalar_mismatch, "rows.scalar", "f32, f16, bf16, i8 or u8", name(rows.element)};
}

atlas::result<atlas::scaling> read_scaling(std::int32_t number) noexcept {
  if (number != ATLAS_SCALING_PER_ROW && number != ATLAS_SCALING_PER_DIMENSION) {
    return no_such("scaling", "one of ATLAS_SCALING_", number);
  }
  return static_cast<atlas::scaling>(number);
}

status convert(void* out, std::int32_t to, const atlas_matrix* from, std::size_t out_stride, const float* scales,
               std::int32_t scaling) noexcept {
  const auto rows = read_any_matrix(from, rows_fields);
  if (!rows.ok()) return rows.error();
  const auto wanted = read_scalar(to, "scalar");
  if (!wanted.ok()) return wanted.error();
  const auto slots = count_slots(rows->rows, out_stride == 0 ? rows->dimension : out_stride, "out_stride");
  if (!slots.ok()) return slots.error();
  const bool is_scaled = *wanted == scalar::i8 || rows->element == scalar::i8;
  const auto how = read_scaling(is_scaled ? scaling : ATLAS_SCALING_PER_ROW);
  if (!how.ok()) return how.error();
  if (is_scaled) {
    const std::uint64_t count = *how == atlas::scaling::per_row ? rows->rows : rows->dimension;
    ATLAS_C_TRY(require(scales, "scales", rows->rows == 0 ? 0 : count));
  }
  if (rows->element == scalar::f32) {
    const auto floats = view_as<float>(*rows);
    auto* const halves = static_cast<atlas::f16*>(out);
    auto* const uppers = static_cast<atlas::bf16*>(out);
    auto* const bytes = static_cast<std::int8_t*>(out);
    if (*wanted == scalar::i8) {
      ATLAS_C_TRY(require(bytes, "out", *slots));
      return atlas::convert(floats, *how, scales, bytes, out_stride);
    }
    ATLAS_C_TRY(require(halves, "out", *slots));
    if (*wanted == scalar::f16) return atlas::convert(floats, halves, out_stride);
    if (*wanted == scalar::bf16) return atlas::convert(floats, uppers, out_stride);
    return error{errc::scalar_mismatch, "scalar", "f16, bf16 or i8 for rows of f32", name(*wanted)};
  }
  if (*wanted != scalar::f32) return error{errc::scalar_mismatch, "scalar", "f32", name(*wanted)};
  auto* const floats = static_cast<float*>(out);
  ATLAS_C_TRY(require(floats, "out", *slots));
  if (rows->element == scalar::f16) return atlas::convert(view_as<atlas::f16>(*rows), floats, out_stride);
  if (rows->element == scalar::bf16) return atlas::convert(view_as<atlas::bf16>(*rows), floats, out_stride);
  if (rows->element == scalar::i8) {
    return atlas::convert(view_as<std::int8_t>(*rows), *how, scales, floats, out_stride);
  }
  return error{errc::scalar_mismatch, "rows.scalar", "f16, bf16 or i8", name(rows->element)};
}

}  // namespace

extern "C" atlas_status atlas_norms(float* out, const atlas_matrix* rows) {
  return guard([&]() -> status {
    const auto from = read_any_matrix(rows, rows_fields);
    if (!from.ok()) return from.error();
    ATLAS_C_TRY(require(out, "out", from->rows));
    return with_numbers(*from, [&](const auto& typed) { return atlas::norms(typed, out); });
  });
}

extern "C" atlas_status atlas_normalize(float* out, uint64_t* zero_rows, const atlas_matrix* rows, size_t out_stride) {
  return guard([&]() -> status {
    const auto from = read_matrix(rows, rows_fields);
    if (!from.ok()) return from.error();
    const auto slots = count_slots(from->rows, out_stride == 0 ? from->dimension : out_stride, "out_stride");
    if (!slots.ok()) return slots.error();
    ATLAS_C_TRY(require(out, "out", *slots));
    if (zero_rows != nullptr) ATLAS_C_TRY(require(zero_rows, "zero_rows"));
    const auto zeros = atlas::normalise_rows(*from, out, out_stride);
    if (!zeros.ok()) return zeros.error();
    if (zero_rows != nullptr) *zero_rows = *zeros;
    return {};
  });
}

extern "C" atlas_status atlas_mean(float* out, const atlas_matrix* rows) {
  return guard([&]() -> status {
    const auto from = read_matrix(rows, rows_fields);
    if (!from.ok()) return from.error();
    ATLAS_C_TRY(require(out, "out", from->dimension));
    return atlas::mean_of_rows(*from, out);
  });
}

extern "C" atlas_status atlas_consecutive_cosine(float* out, const atlas_matrix* rows) {
  return guard([&]() -> status {
    const auto from = read_any_matrix(rows, rows_fields);
    if (!from.ok()) return from.error();
    ATLAS_C_TRY(require(out, "out", from->rows < 2 ? 0 : from->rows - 1));
    return with_numbers(*from, [&](const auto& typed) { return atlas::consecutive_cosine(typed, out); });
  });
}

extern "C" atlas_status atlas_i8_scales(float* scales, const atlas_matrix* rows, int32_t scaling) {
  return guard([&]() -> status {
    const auto from = read_matrix(rows, rows_fields);
    if (!from.ok()) return from.error();
    const auto how = read_scaling(scaling);
    if (!how.ok()) return how.error();
    const std::uint64_t count = *how == atlas::scaling::per_row ? from->rows : from->dimension;
    ATLAS_C_TRY(require(scales, "scales", from->rows == 0 ? 0 : count));
    return atlas::i8_scales(*from, *how, scales);
  });
}

extern "C" atlas_status atlas_convert(void* out, int32_t scalar, const atlas_matrix* rows, size_t out_stride,
                                      const float* scales, int32_t scaling) {
  return guard([&] { return convert(out, scalar, rows, out_stride, scales, scaling); });
}

extern "C" atlas_status atlas_pq_distances(float* out, const float* tables, const atlas_matrix* codes) {
  return guard([&]() -> status {
    const auto from = read_codes_matrix(codes);
    if (!from.ok()) return from.error();
    const std::size_t entries = from->dimension * 256;
    if (from->rows != 0) ATLAS_C_TRY(require(tables, "tables", entries));
    ATLAS_C_TRY(require(out, "out", from->rows));
    return atlas::pq_distances(span<const float>(tables, entries), *from, out);
  });
}
