// SPDX-License-Identifier: Apache-2.0
// c_api/quantizer.cpp -- quantisers of every kind.
#include "arguments.hpp"
#include "guard.hpp"
#include "handles.hpp"

#include <atlas/quantize.hpp>

using namespace atlas::c_api;
using atlas::any_quantizer;
using atlas::quantizer_kind;
using atlas::status;

static_assert(ATLAS_QUANTIZER_PRODUCT == static_cast<int>(quantizer_kind::product));
static_assert(ATLAS_QUANTIZER_SCALAR == static_cast<int>(quantizer_kind::scalar));
static_assert(ATLAS_QUANTIZER_ADDITIVE == static_cast<int>(quantizer_kind::additive));
static_assert(ATLAS_QUANTIZER_CORRECTED == static_cast<int>(quantizer_kind::corrected));
static_assert(ATLAS_QUANTIZER_BITS == static_cast<int>(quantizer_kind::bits));

namespace {

/// @return  the errors of a number that names nothing; ranges are the C++ call's to check
atlas::result<atlas::quantizer_options> read_quantizer_options(const atlas_quantizer_options& wished) noexcept {
  ATLAS_C_TRY(require_zero(wished.reserved, "options.reserved"));
  atlas::quantizer_options how;
  switch (wished.kind) {
    case 0: break;
    case ATLAS_QUANTIZER_PRODUCT:
    case ATLAS_QUANTIZER_SCALAR:
    case ATLAS_QUANTIZER_ADDITIVE:
    case ATLAS_QUANTIZER_CORRECTED:
    case ATLAS_QUANTIZER_BITS: how.kind = static_cast<quantizer_kind>(wished.kind); break;
    default: return no_such("options.kind", "one of ATLAS_QUANTIZER_", wished.kind);
  }
  how.code_bytes = wished.code_bytes;
  if (wished.bits != 0) how.bits = wished.bits;
  if (wished.iterations != 0) how.iterations = wished.iterations;
  if (wished.beam != 0) how.beam = wished.beam;
  if (wished.rounds != 0) how.rounds = wished.rounds;
  if (wished.seed != 0) how.seed = wished.seed;
  how.sample_rows = wished.sample_rows;
  how.threads = wished.threads;
  return how;
}

/// Reads what a call on a batch of rows has in common, and gives the rows to `body` with how they are worked on.
/// @param body  status(rows, const atlas::coding_options&)
template <class Rows, class Body>
status with_work(const atlas::result<Rows>& rows, const atlas_work_options* options, Body body) noexcept {
  if (!rows.ok()) return rows.error();
  const auto wished = read_options(options, "work options");
  if (!wished.ok()) return wished.error();
  const progress_call report(wished->progress, wished->progress_context);
  return body(*rows, atlas::coding_options{.threads = wished->threads, .on_progress = report.view()});
}

/// @return  the errors of an array of `columns` a row that no memory can hold, or is missing
template <class Element>
status require_rows(const Element* out, const char* field, std::uint64_t rows, std::uint64_t columns) noexcept {
  const auto slots = count_slots(rows, columns, field);
  if (!slots.ok()) return slots.error();
  return require(out, field, *slots);
}

}  // namespace

extern "C" atlas_status atlas_quantizer_train(atlas_quantizer** out, const atlas_matrix* rows, const atlas_quantizer_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    const auto from = read_matrix(rows, rows_fields);
    if (!from.ok()) return from.error();
    const auto wished = read_options(options, "quantizer options");
    if (!wished.ok()) return wished.error();
    auto how = read_quantizer_options(*wished);
    if (!how.ok()) return how.error();
    const progress_call report(wished->progress, wished->progress_context);
    how->on_progress = report.view();
    auto made = any_quantizer::train(*from, *how);
    if (!made.ok()) return made.error();
    return hand_out(out, static_cast<any_quantizer&&>(*made));
  });
}

extern "C" atlas_status atlas_quantizer_open_state(atlas_quantizer** out, const void* state, size_t state_bytes) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    const auto bytes = read_state(state, state_bytes);
    if (!bytes.ok()) return bytes.error();
    auto opened = any_quantizer::load(*bytes);
    if (!opened.ok()) return opened.error();
    return hand_out(out, static_cast<any_quantizer&&>(*opened));
  });
}

extern "C" void atlas_quantizer_close(atlas_quantizer* quantizer) { delete quantizer; }

extern "C" atlas_status atlas_quantizer_describe(atlas_quantizer_info* out, const atlas_quantizer* quantizer) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(quantizer, "quantizer"));
    atlas_quantizer_info info = ATLAS_QUANTIZER_INFO_INIT;
    info.kind = static_cast<std::int32_t>(quantizer->quantizer.kind());
    info.dimension = static_cast<std::uint32_t>(quantizer->quantizer.dimension());
    info.code_bytes = static_cast<std::uint32_t>(quantizer->quantizer.code_bytes());
    return write_info(out, "out", info);
  });
}

extern "C" atlas_status atlas_quantizer_encode(uint8_t* codes, const atlas_quantizer* quantizer, const atlas_matrix* rows,
                                               const atlas_work_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(quantizer, "quantizer"));
    return with_work(read_matrix(rows, rows_fields), options, [&](const auto& from, const auto& how) -> status {
      ATLAS_C_TRY(require_rows(codes, "codes", from.rows, quantizer->quantizer.code_bytes()));
      return quantizer->quantizer.encode(from, codes, how);
    });
  });
}

extern "C" atlas_status atlas_quantizer_decode(float* out, const atlas_quantizer* quantizer, const atlas_matrix* codes,
                                               const atlas_work_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(quantizer, "quantizer"));
    return with_work(read_codes_matrix(codes), options, [&](const auto& from, const auto& how) -> status {
      ATLAS_C_TRY(require_rows(out, "out", from.rows, quantizer->quantizer.dimension()));
      return quantizer->quantizer.decode(from, out, how);
    });
  });
}

extern "C" atlas_status atlas_quantizer_error_of(double* mean_squared, double* share, const atlas_quantizer* quantizer, const atlas_matrix* rows,
                                                 const atlas_work_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(quantizer, "quantizer"));
    if (mean_squared == nullptr || share != nullptr) ATLAS_C_TRY(require(share, "mean_squared and share"));
    if (mean_squared != nullptr) ATLAS_C_TRY(require(mean_squared, "mean_squared"));
    return with_work(read_matrix(rows, rows_fields), options, [&](const auto& from, const auto& how) -> status {
      const auto lost = quantizer->quantizer.error_of(from, how);
      if (!lost.ok()) return lost.error();
      if (mean_squared != nullptr) *mean_squared = lost->mean_squared;
      if (share != nullptr) *share = lost->share;
      return {};
    });
  });
}

extern "C" atlas_status atlas_quantizer_distances(float* out, float* errors, const atlas_quantizer* quantizer, const atlas_matrix* queries,
                                                  const atlas_matrix* codes, const atlas_work_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(quantizer, "quantizer"));
    const auto from = read_codes_matrix(codes);
    if (!from.ok()) return from.error();
    return with_work(read_matrix(queries, queries_fields), options, [&](const auto& asked, const auto& how) -> status {
      ATLAS_C_TRY(require_rows(out, "out", asked.rows, from->rows));
      if (errors != nullptr) ATLAS_C_TRY(require_rows(errors, "errors", asked.rows, from->rows));
      return quantizer->quantizer.distances(asked, *from, out, errors, how);
    });
  });
}

extern "C" atlas_status atlas_quantizer_save_state(uint64_t* needed, void* out, const atlas_quantizer* quantizer, size_t capacity) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(quantizer, "quantizer"));
    return write_state(needed, out, capacity, [&](atlas::buffer<std::byte>& state) { return quantizer->quantizer.save(state); });
  });
}
