// SPDX-License-Identifier: Apache-2.0
// c_api/ivf_builder.cpp -- atlas_ivf_builder: inverted files that are larger than memory.
#include "arguments.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "ivf_options.hpp"

#include <atlas/ivf_pq.hpp>
#include <atlas/storage/vector_file.hpp>

using namespace atlas::c_api;
using atlas::errc;
using atlas::error;
using atlas::ivf_pq_builder;
using atlas::lock_guard;
using atlas::mutex;
using atlas::result;
using atlas::span;
using atlas::status;
using atlas::vector_file;

namespace {

/// @param wished  as read_options gives it
result<atlas::ivf_build_options> read_build_options(const atlas_ivf_build_options& wished) noexcept {
  const auto index = read_options(wished.index, "options.index");
  if (!index.ok()) return index.error();
  if (index->kind != ATLAS_KIND_IVF_PQ && index->kind != ATLAS_KIND_DEFAULT) {
    return no_such("options.index.kind", "ATLAS_KIND_IVF_PQ or 0", index->kind);
  }
  const auto lists = read_ivf_options(*index);
  if (!lists.ok()) return lists.error();
  atlas::ivf_build_options how;
  how.index = *lists;
  how.temporary_folder = wished.temporary_folder;
  if (wished.memory_bytes != 0) how.memory_bytes = wished.memory_bytes;
  how.threads = wished.threads;
  return how;
}

status create(atlas_ivf_builder** out, const char* path, const atlas_ivf_build_options* options) noexcept {
  ATLAS_C_TRY(require(out, "out"));
  ATLAS_C_TRY(require(path, "path"));
  ATLAS_C_TRY(require(options, "options"));
  const auto wished = read_options(options, "build options");
  if (!wished.ok()) return wished.error();
  ATLAS_C_TRY(require(wished->index, "options.index"));
  const auto how = read_build_options(*wished);
  if (!how.ok()) return how.error();
  auto made = ivf_pq_builder::create(path, *how);
  if (!made.ok()) return made.error();
  return hand_out(out, static_cast<ivf_pq_builder&&>(*made));
}

status build_file(const char* path, const char* vectors, const uint64_t* keys, std::size_t key_count,
                  const atlas_ivf_build_options* options) noexcept {
  ATLAS_C_TRY(require(path, "path"));
  ATLAS_C_TRY(require(vectors, "vectors"));
  ATLAS_C_TRY(require(keys, "keys", key_count));
  const auto wished = read_options(options, "build options");
  if (!wished.ok()) return wished.error();
  const auto how = read_build_options(*wished);
  if (!how.ok()) return how.error();
  const auto file = vector_file::open(vectors);
  if (!file.ok()) return file.error();
  if (keys != nullptr && key_count != file->rows()) return error{errc::invalid_argument, "keys.size", file->rows(), key_count};
  const progress_call report(wished->progress, wished->progress_context);
  return ivf_pq_builder::build(path, *file, *how, span<const std::uint64_t>(keys, key_count), wished->train_rows, report.view());
}

/// Calls work(the builder, the caller's progress) while no other thread is inside a call on it.
template <class Work>
status with_builder(atlas_ivf_builder* builder, const atlas_save_options* options, Work work) noexcept {
  const auto wished = read_options(options, "save options");
  if (!wished.ok()) return wished.error();
  ATLAS_C_TRY(require_zero(wished->reserved, "options.reserved"));
  const progress_call report(wished->progress, wished->progress_context);
  const lock_guard<mutex> alone(builder->lock);
  return work(builder->builder, report.view());
}

}  // namespace

extern "C" atlas_status atlas_ivf_builder_create(atlas_ivf_builder** out, const char* path,
                                                 const atlas_ivf_build_options* options) {
  return guard({path}, [&] { return create(out, path, options); });
}

extern "C" void atlas_ivf_builder_close(atlas_ivf_builder* builder) { delete builder; }

extern "C" atlas_status atlas_ivf_builder_describe(atlas_ivf_builder_info* out, const atlas_ivf_builder* builder) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(builder, "builder"));
    atlas_ivf_builder_info info = ATLAS_IVF_BUILDER_INFO_INIT;
    {
      const lock_guard<mutex> alone(builder->lock);
      info.dimension = static_cast<std::uint32_t>(builder->builder.dimension());
      info.size = builder->builder.size();
      info.lists = builder->builder.lists();
      info.code_bytes = static_cast<std::uint32_t>(builder->builder.code_bytes());
    }
    return write_info(out, "out", info);
  });
}

extern "C" atlas_status atlas_ivf_builder_train(atlas_ivf_builder* builder, const atlas_matrix* sample,
                                                const atlas_save_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(builder, "builder"));
    const auto rows = read_matrix(sample, sample_fields);
    if (!rows.ok()) return rows.error();
    ATLAS_C_TRY(require_dimension(rows->dimension, builder->builder.dimension(), "sample.dimension"));
    return with_builder(builder, options, [&](ivf_pq_builder& own, atlas::progress on_progress) { return own.train(*rows, on_progress); });
  });
}

extern "C" atlas_status atlas_ivf_builder_add(atlas_ivf_builder* builder, const uint64_t* keys,
                                              const atlas_matrix* vectors, const atlas_save_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(builder, "builder"));
    const auto rows = read_matrix(vectors, vectors_fields);
    if (!rows.ok()) return rows.error();
    ATLAS_C_TRY(require(keys, "keys", rows->rows));
    ATLAS_C_TRY(require_dimension(rows->dimension, builder->builder.dimension(), "vectors.dimension"));
    return with_builder(builder, options, [&](ivf_pq_builder& own, atlas::progress on_progress) {
      return own.add(span<const std::uint64_t>(keys, rows->rows), *rows, on_progress);
    });
  });
}

extern "C" atlas_status atlas_ivf_builder_finish(atlas_ivf_builder* builder, const atlas_save_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(builder, "builder"));
    return with_builder(builder, options, [&](ivf_pq_builder& own, atlas::progress on_progress) { return own.finish(on_progress); });
  });
}

extern "C" atlas_status atlas_ivf_build_file(const char* path, const char* vectors, const uint64_t* keys,
                                             size_t key_count, const atlas_ivf_build_options* options) {
  return guard({vectors, path}, [&] { return build_file(path, vectors, keys, key_count, options); });
}
