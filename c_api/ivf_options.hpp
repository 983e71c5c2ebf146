// SPDX-License-Identifier: Apache-2.0
// c_api/ivf_options.hpp -- a caller's options of an index as those of an inverted file.
//
// Room:      one function, for indexes in memory and for files that are built on disk.
// Depends:   c_api/arguments.hpp, the facade ivf_pq.
#ifndef ATLAS_C_API_IVF_OPTIONS_HPP
#define ATLAS_C_API_IVF_OPTIONS_HPP

#include "arguments.hpp"

namespace atlas::c_api {

/// @param wished  as read_options gives it; its kind is not looked at
/// @return  the errors of a number that names nothing; ranges are the C++ call's to check
[[nodiscard]] inline result<ivf_pq_options> read_ivf_options(const atlas_index_options& wished) noexcept {
  ATLAS_C_TRY(require_f32(wished.scalar, "options.scalar"));
  const auto which = read_metric(wished.metric);
  if (!which.ok()) return which.error();
  const auto stored = read_scalar(wished.stored, "options.stored");
  if (!stored.ok()) return stored.error();
  const auto codes = read_list_codes(wished.list_codes);
  if (!codes.ok()) return codes.error();
  const auto rotation = read_rotation(wished.rotation);
  if (!rotation.ok()) return rotation.error();
  const auto rerank_codes = read_codes(wished.rerank_codes, "options.rerank_codes");
  if (!rerank_codes.ok()) return rerank_codes.error();
  ivf_pq_options options;
  options.dimension = wished.dimension;
  options.metric = *which;
  options.lists = wished.lists;
  options.codes = *codes;
  options.parts = wished.parts;
  options.rotation = *rotation;
  options.train_from = wished.train_from;
  if (wished.iterations != 0) options.iterations = wished.iterations;
  options.probes = wished.probes;
  options.rerank = wished.rerank;
  if (wished.rerank_codes != 0) options.rerank_codes = *rerank_codes;
  options.recall = wished.recall;
  if (wished.recall_k != 0) options.recall_k = wished.recall_k;
  if (wished.seed != 0) options.seed = wished.seed;
  options.reserve_rows = wished.reserve_rows;
  options.stored = *stored;
  return options;
}

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_IVF_OPTIONS_HPP
