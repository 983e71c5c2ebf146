// SPDX-License-Identifier: Apache-2.0
// c_api/rotation.cpp -- rotations, random and learned.
#include "arguments.hpp"
#include "guard.hpp"
#include "handles.hpp"

#include <atlas/quantize.hpp>

using namespace atlas::c_api;
using atlas::errc;
using atlas::learned_rotation;
using atlas::matrix_view;
using atlas::rotation;
using atlas::status;

namespace {

constexpr std::size_t block_rows = std::size_t{1} << 14;
constexpr std::size_t task_rows = 64;

/// Rows in blocks, after each of which progress is told, each block in tasks.
/// @param work  status(const matrix_view& some, float* out, thread_pool&): a block of rows
template <class Work>
status turn_rows(float* out, std::size_t padded, const matrix_view& rows, const atlas_work_options& how, Work work) noexcept {
  const progress_call report(how.progress, how.progress_context);
  atlas::thread_pool pool(how.threads);
  for (std::size_t first = 0; first < rows.rows; first += block_rows) {
    const std::size_t count = rows.rows - first < block_rows ? rows.rows - first : block_rows;
    ATLAS_C_TRY(work(rows.subrows(first, count), out + first * padded, pool));
    if (report.view() && !report(first + count, rows.rows)) return errc::cancelled;
  }
  return {};
}
/// @param turn  void(const float* row, float* out, float* numbers): one row; numbers: [padded], to work in
template <class Turn>
status turn_each(const matrix_view& rows, float* out, std::size_t columns, std::size_t padded, atlas::thread_pool& pool, Turn turn) noexcept {
  atlas::buffer<float> numbers;
  if (status sized = numbers.resize(pool.thread_count() * padded); !sized.ok()) return sized;
  return pool.run((rows.rows + task_rows - 1) / task_rows, [&](std::size_t task, unsigned worker) {
    const std::size_t end = (task + 1) * task_rows < rows.rows ? (task + 1) * task_rows : rows.rows;
    for (std::size_t row = task * task_rows; row < end; ++row) turn(rows.row(row), out + row * columns, numbers.data() + worker * padded);
  });
}

/// What both directions check: `to` columns of each row are written, of `from` columns it is read.
atlas::result<matrix_view> read_rows(const float* out, const atlas_matrix* rows, std::size_t from, std::size_t to) noexcept {
  const auto read = read_matrix(rows, rows_fields);
  if (!read.ok()) return read.error();
  ATLAS_C_TRY(atlas::detail::check_rows_of(*read, from));
  const auto slots = count_slots(read->rows, to, "rows.rows");
  if (!slots.ok()) return slots.error();
  ATLAS_C_TRY(require(out, "out", *slots));
  ATLAS_C_TRY(atlas::detail::check_apart(out, *slots * sizeof(float), "out", atlas::any_matrix_view::of(*read), atlas::detail::rows_block));
  return *read;
}

status apply(float* out, const atlas_rotation* turn, const atlas_matrix* rows, const atlas_work_options* options) noexcept {
  ATLAS_C_TRY(require(turn, "rotation"));
  const std::size_t padded = turn->padded();
  const auto from = read_rows(out, rows, turn->dimension(), padded);
  if (!from.ok()) return from.error();
  const auto how = read_options(options, "work options");
  if (!how.ok()) return how.error();
  if (turn->is_learned()) {
    return turn_rows(out, padded, *from, *how, [&](const matrix_view& some, float* to, atlas::thread_pool&) {
      return turn->learned.apply(some, to, how->threads);
    });
  }
  atlas::buffer<float> no_centre;
  ATLAS_C_TRY(no_centre.resize_zeroed(turn->dimension()));
  return turn_rows(out, padded, *from, *how, [&](const matrix_view& some, float* to, atlas::thread_pool& pool) {
    return turn_each(some, to, padded, 0, pool, [&](const float* row, float* one, float*) {
      turn->random.apply(row, 1.0F, no_centre.data(), one);
    });
  });
}

status apply_inverse(float* out, const atlas_rotation* turn, const atlas_matrix* rows, const atlas_work_options* options) noexcept {
  ATLAS_C_TRY(require(turn, "rotation"));
  const std::size_t dimension = turn->dimension();
  const std::size_t padded = turn->padded();
  const auto from = read_rows(out, rows, padded, dimension);
  if (!from.ok()) return from.error();
  const auto how = read_options(options, "work options");
  if (!how.ok()) return how.error();
  return turn_rows(out, dimension, *from, *how, [&](const matrix_view& some, float* to, atlas::thread_pool& pool) {
    return turn_each(some, to, dimension, padded, pool, [&](const float* row, float* one, float* numbers) {
      if (turn->is_learned()) return turn->learned.apply_inverse(row, one);
      std::memcpy(numbers, row, padded * sizeof(float));
      turn->random.apply_inverse(numbers);
      std::memcpy(one, numbers, dimension * sizeof(float));
    });
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

extern "C" atlas_status atlas_rotation_error(float* out, const atlas_rotation* turn, uint32_t threads) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(turn, "rotation"));
    if (!turn->is_learned()) {
      *out = 0.0F;
      return {};
    }
    const auto error = turn->learned.orthogonality_error(threads);
    if (!error.ok()) return error.error();
    *out = *error;
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
