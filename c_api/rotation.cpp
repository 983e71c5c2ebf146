// SPDX-License-Identifier: Apache-2.0
// c_api/rotation.cpp -- rotations, random and learned.
#include "arguments.hpp"
#include "guard.hpp"
#include "handles.hpp"

#include <atlas/quantize.hpp>
#include <atlas/quantize/row_tasks.hpp>

using namespace atlas::c_api;
using atlas::errc;
using atlas::error;
using atlas::learned_rotation;
using atlas::matrix_view;
using atlas::rotation;
using atlas::status;

namespace {

/// What both directions check: `to` columns of each row are written, of `from` columns it is read, which may be a few more than
/// a vector may have.
atlas::result<matrix_view> read_rows(const float* out, const atlas_matrix* rows, std::size_t from, std::size_t to) noexcept {
  const auto read = read_matrix(rows, rows_fields);
  if (!read.ok()) return read.error();
  ATLAS_C_TRY(require_dimension(read->dimension, from, rows_fields.dimension));
  const auto slots = count_slots(read->rows, to, "rows.rows");
  if (!slots.ok()) return slots.error();
  ATLAS_C_TRY(require(out, "out", *slots));
  ATLAS_C_TRY(atlas::detail::check_apart(out, *slots * sizeof(float), "out", atlas::any_matrix_view::of(*read), atlas::detail::rows_block));
  return *read;
}

/// @param work  status(const matrix_view& some, float* out): rows of a task
template <class Work>
status turn_rows(float* out, const atlas_matrix* rows, std::size_t from, std::size_t to, const atlas_work_options* options, Work work) noexcept {
  const auto read = read_rows(out, rows, from, to);
  if (!read.ok()) return read.error();
  const auto how = read_options(options, "work options");
  if (!how.ok()) return how.error();
  const progress_call report(how->progress, how->progress_context);
  return atlas::detail::for_row_tasks(read->rows, 1024, 4096, {.threads = how->threads, .on_progress = report.view()},
                                      [&](std::size_t first, std::size_t count) { return work(read->subrows(first, count), out + first * to); });
}

status apply(float* out, const atlas_rotation* turn, const atlas_matrix* rows, const atlas_work_options* options) noexcept {
  ATLAS_C_TRY(require(turn, "rotation"));
  atlas::buffer<float> no_centre;
  ATLAS_C_TRY(no_centre.resize_zeroed(turn->dimension()));
  return turn_rows(out, rows, turn->dimension(), turn->padded(), options, [&](const matrix_view& some, float* to) -> status {
    if (turn->is_learned()) return turn->learned.apply(some, to);
    for (std::size_t row = 0; row < some.rows; ++row) turn->random.apply(some.row(row), 1.0F, no_centre.data(), to + row * turn->padded());
    return {};
  });
}

status apply_inverse(float* out, const atlas_rotation* turn, const atlas_matrix* rows, const atlas_work_options* options) noexcept {
  ATLAS_C_TRY(require(turn, "rotation"));
  const std::size_t dimension = turn->dimension();
  const std::size_t padded = turn->padded();
  return turn_rows(out, rows, padded, dimension, options, [&](const matrix_view& some, float* to) -> status {
    if (turn->is_learned()) return turn->learned.apply_inverse(some, to);
    atlas::buffer<float> numbers;
    if (status sized = numbers.resize(padded); !sized.ok()) return sized;
    for (std::size_t row = 0; row < some.rows; ++row) {
      std::memcpy(numbers.data(), some.row(row), padded * sizeof(float));
      turn->random.apply_inverse(numbers.data());
      std::memcpy(to + row * dimension, numbers.data(), dimension * sizeof(float));
    }
    return {};
  });
}

}  // namespace

extern "C" atlas_status atlas_rotation_create(atlas_rotation** out, size_t dimension, uint64_t seed) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    auto made = rotation::create(dimension, seed);
    if (!made.ok()) return made.error();
    return hand_out(out, static_cast<rotation&&>(*made));
  });
}

extern "C" atlas_status atlas_rotation_train(atlas_rotation** out, const atlas_matrix* rows, const atlas_rotation_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    const auto from = read_matrix(rows, rows_fields);
    if (!from.ok()) return from.error();
    const auto wished = read_options(options, "rotation options");
    if (!wished.ok()) return wished.error();
    ATLAS_C_TRY(require_zero(wished->reserved, "options.reserved"));
    const progress_call report(wished->progress, wished->progress_context);
    atlas::opq_options how;
    how.parts = wished->parts;
    if (wished->bits != 0) how.bits = wished->bits;
    how.rounds = wished->rounds;
    if (wished->seed != 0) how.seed = wished->seed;
    if (wished->sample_rows != 0) how.sample_rows = wished->sample_rows;
    how.threads = wished->threads;
    how.on_progress = report.view();
    auto made = learned_rotation::train(*from, how);
    if (!made.ok()) return made.error();
    return hand_out(out, static_cast<learned_rotation&&>(*made));
  });
}

extern "C" atlas_status atlas_rotation_open_state(atlas_rotation** out, const void* state, size_t state_bytes) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    const auto bytes = read_state(state, state_bytes);
    if (!bytes.ok()) return bytes.error();
    const auto header = atlas::detail::read_image_header(*bytes);
    if (!header.ok()) return header.error();
    if (header->kind == atlas::detail::image_kind::random_rotation) {
      auto opened = rotation::load(*bytes);
      if (!opened.ok()) return opened.error();
      return hand_out(out, static_cast<rotation&&>(*opened));
    }
    if (header->kind != atlas::detail::image_kind::rotation) {
      return error{errc::corrupt_file, "quantizer.kind", "2 learned or 7 random rotation", static_cast<std::uint64_t>(header->kind)};
    }
    auto opened = learned_rotation::load(*bytes);
    if (!opened.ok()) return opened.error();
    return hand_out(out, static_cast<learned_rotation&&>(*opened));
  });
}

extern "C" void atlas_rotation_close(atlas_rotation* turn) { delete turn; }

extern "C" atlas_status atlas_rotation_describe(atlas_rotation_info* out, const atlas_rotation* turn) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(turn, "rotation"));
    atlas_rotation_info info = ATLAS_ROTATION_INFO_INIT;
    info.kind = turn->is_learned() ? ATLAS_ROTATION_LEARNED : ATLAS_ROTATION_RANDOM;
    info.dimension = static_cast<std::uint32_t>(turn->dimension());
    info.padded = static_cast<std::uint32_t>(turn->padded());
    return write_info(out, "out", info);
  });
}

extern "C" atlas_status atlas_rotation_apply(float* out, const atlas_rotation* turn, const atlas_matrix* rows, const atlas_work_options* options) {
  return guard([&] { return apply(out, turn, rows, options); });
}

extern "C" atlas_status atlas_rotation_apply_inverse(float* out, const atlas_rotation* turn, const atlas_matrix* rows,
                                                     const atlas_work_options* options) {
  return guard([&] { return apply_inverse(out, turn, rows, options); });
}

extern "C" atlas_status atlas_rotation_orthogonality_error(float* out, const atlas_rotation* turn, uint32_t threads) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(turn, "rotation"));
    if (!turn->is_learned()) {
      *out = 0.0F;
      return {};
    }
    const auto off = turn->learned.orthogonality_error(threads);
    if (!off.ok()) return off.error();
    *out = *off;
    return {};
  });
}

extern "C" atlas_status atlas_rotation_save_state(uint64_t* needed, void* out, const atlas_rotation* turn, size_t capacity) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(turn, "rotation"));
    return write_state(needed, out, capacity, [&](atlas::buffer<std::byte>& state) {
      return turn->is_learned() ? turn->learned.save(state) : turn->random.save(state);
    });
  });
}
