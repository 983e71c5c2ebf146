// SPDX-License-Identifier: Apache-2.0
// c_api/shards.cpp -- atlas_shards: several index files as one.
#include "guard.hpp"
#include "handles.hpp"
#include "search_arguments.hpp"

#include <atlas/shards.hpp>

using namespace atlas::c_api;
using atlas::errc;
using atlas::error;
using atlas::shards;
using atlas::span;
using atlas::status;

static_assert(UINT64_MAX == atlas::no_shard);

namespace {

atlas::result<atlas::shards_options> read_shards_options(const atlas_shards_options* from) noexcept {
  const auto wished = read_options(from, "shards options");
  if (!wished.ok()) return wished.error();
  if (wished->vectors != ATLAS_VECTORS_MAPPED && wished->vectors != ATLAS_VECTORS_ON_DISK) {
    return no_such("options.vectors", "one of ATLAS_VECTORS_", wished->vectors);
  }
  if (wished->load != 0 && wished->load != 1) return no_such("options.load", "0 or 1", wished->load);
  if (wished->allow_missing != 0 && wished->allow_missing != 1) {
    return no_such("options.allow_missing", "0 or 1", wished->allow_missing);
  }
  atlas::shards_options how;
  how.vectors = static_cast<atlas::vector_residence>(wished->vectors);
  how.load = wished->load != 0;
  how.allow_missing = wished->allow_missing != 0;
  return how;
}

/// What opening tells of the shards that fail: the path of the last, and a line for each, with NULs between.
struct failed_shards {
  atlas::buffer<char> path;
  atlas::buffer<char> problems;
  status kept;

  void keep(const atlas::shard_failure& failure) noexcept {
    char line[512];
    const std::size_t size = atlas::describe(failure.why, line, sizeof line) + 1;
    path.clear();
    kept = path.append(failure.path, std::strlen(failure.path) + 1);
    if (kept.ok()) kept = problems.append(line, size);
  }
};

/// Opens, and puts the path of the shard that failed, if it was one, behind `paths`.
template <class Open>
status open(atlas_shards** out, const atlas_shards_options* options, about& paths, failed_shards& failed, Open call) noexcept {
  ATLAS_C_TRY(require(out, "out"));
  auto how = read_shards_options(options);
  if (!how.ok()) return how.error();
  bool has_kept = true;
  const auto keep = [&](const atlas::shard_failure& failure) noexcept {
    failed.keep(failure);
    has_kept = has_kept && failed.kept.ok();
  };
  how->on_failure = keep;
  auto opened = call(*how);
  if (!has_kept) return failed.kept;
  if (!opened.ok()) {
    const char* const path = failed.path.empty() ? nullptr : failed.path.data();
    (paths.path == nullptr ? paths.path : paths.output) = path;
    return opened.error();
  }
  return hand_out(out, opened_shards{static_cast<shards&&>(*opened), static_cast<atlas::buffer<char>&&>(failed.problems)});
}

status describe_shards(atlas_shards_info* out, const shards& index) noexcept {
  atlas_shards_info info = ATLAS_SHARDS_INFO_INIT;
  info.metric = static_cast<std::int32_t>(index.metric());
  info.dimension = static_cast<std::uint32_t>(index.dimension());
  info.shards = static_cast<std::uint32_t>(index.shard_count());
  info.missing = static_cast<std::uint32_t>(index.missing().size());
  info.size = index.size();
  const atlas::memory_use memory = index.memory();
  info.memory_vectors = memory.vectors;
  info.memory_keys = memory.keys;
  info.memory_graph = memory.graph;
  info.memory_scratch = memory.scratch;
  return write_info(out, "out", info);
}

status describe_shard(atlas_shard_info* out, const opened_shards& opened, std::size_t place) noexcept {
  const shards& index = opened.index;
  if (place >= index.shard_count()) return error{errc::limit_exceeded, "shard", "below", index.shard_count(), place};
  atlas_shard_info info = ATLAS_SHARD_INFO_INIT;
  info.path = index.path(place);
  info.problem = "";
  if (const atlas::any_index* shard = index.shard(place); shard != nullptr) {
    info.kind = static_cast<std::int32_t>(shard->kind());
    info.size = shard->size();
  }
  const char* problem = opened.problems.data();
  for (const atlas::shard_failure& missing : index.missing()) {
    if (missing.shard == place) {
      info.status = static_cast<atlas_status>(missing.why.code);
      info.problem = problem;
    }
    problem += std::strlen(problem) + 1;
  }
  return write_info(out, "out", info);
}

status write_answer(atlas_shards_answer* out, const atlas::shard_answer& answer) noexcept {
  atlas_shards_answer said = ATLAS_SHARDS_ANSWER_INIT;
  said.listed = static_cast<std::uint32_t>(answer.listed);
  said.answered = static_cast<std::uint32_t>(answer.answered);
  said.status = answer.is_whole() ? ATLAS_OK : static_cast<atlas_status>(answer.why.code);
  said.failed_shard = answer.failed_shard;
  said.found = answer.found;
  return write_info(out, "answer", said);
}

}  // namespace

extern "C" atlas_status atlas_shards_write(const char* path, const char* const* shards, size_t shard_count) {
  return guard({path}, [&]() -> status {
    ATLAS_C_TRY(require(path, "path"));
    ATLAS_C_TRY(require(shards, "shards", shard_count));
    return atlas::shard_manifest::write(path, {shards, shard_count});
  });
}

extern "C" atlas_status atlas_shards_open(atlas_shards** out, const char* path, const atlas_shards_options* options) {
  failed_shards failed;
  about paths{path};
  return guard(paths, [&]() -> status {
    ATLAS_C_TRY(require(path, "path"));
    return open(out, options, paths, failed, [&](const atlas::shards_options& how) noexcept { return shards::open(path, how); });
  });
}

extern "C" atlas_status atlas_shards_open_files(atlas_shards** out, const char* const* paths, size_t path_count,
                                                const atlas_shards_options* options) {
  failed_shards failed;
  about named;
  return guard(named, [&]() -> status {
    ATLAS_C_TRY(require(paths, "paths", path_count));
    for (std::size_t i = 0; i < path_count; ++i) {
      if (paths[i] == nullptr) return missing("paths").at_row(i);
    }
    const span<const char* const> list(paths, path_count);
    return open(out, options, named, failed, [&](const atlas::shards_options& how) noexcept { return shards::open(list, how); });
  });
}

extern "C" void atlas_shards_close(atlas_shards* shards) { delete shards; }

extern "C" atlas_status atlas_shards_describe(atlas_shards_info* out, const atlas_shards* shards) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(shards, "shards"));
    return describe_shards(out, shards->opened.index);
  });
}

extern "C" atlas_status atlas_shards_describe_shard(atlas_shard_info* out, const atlas_shards* shards, size_t shard) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_info(out, "out"));
    ATLAS_C_TRY(require(shards, "shards"));
    return describe_shard(out, shards->opened, shard);
  });
}

extern "C" atlas_status atlas_shards_search(atlas_hits* hits, atlas_shards_answer* answer, const atlas_shards* shards,
                                            const atlas_matrix* queries, const atlas_search_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(hits, "hits"));
    ATLAS_C_TRY(require_info(answer, "answer"));
    ATLAS_C_TRY(require(shards, "shards"));
    const auto call = read_nearest(hits, queries, options, shards->opened.index.dimension());
    if (!call.ok()) return call.error();
    const auto said = shards->opened.index.search(call->queries, call->options, call->hits);
    if (!said.ok()) return said.error();
    return write_answer(answer, *said);
  });
}

extern "C" atlas_status atlas_shards_range(atlas_shards_answer* answer, uint64_t* keys, float* distances,
                                           const atlas_shards* shards, const atlas_matrix* query, float radius,
                                           size_t capacity, const atlas_search_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_info(answer, "answer"));
    ATLAS_C_TRY(require(shards, "shards"));
    const auto call = read_range(keys, distances, query, capacity, options, shards->opened.index.dimension());
    if (!call.ok()) return call.error();
    atlas::shard_range_options how;
    how.width = call->options.width;
    how.probes = call->options.probes;
    how.threads = call->options.threads;
    how.allowed = call->options.allowed;
    const auto said = shards->opened.index.range(call->query, radius, how, {keys, capacity}, {distances, capacity});
    if (!said.ok()) return said.error();
    return write_answer(answer, *said);
  });
}

extern "C" atlas_status atlas_shards_find(uint64_t* out, const atlas_shards* shards, const uint64_t* keys, size_t key_count) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(shards, "shards"));
    ATLAS_C_TRY(require(out, "out", key_count));
    ATLAS_C_TRY(require(keys, "keys", key_count));
    for (std::size_t i = 0; i < key_count; ++i) out[i] = shards->opened.index.find(keys[i]);
    return {};
  });
}

extern "C" atlas_status atlas_shards_get(void* out, const atlas_shards* shards, const uint64_t* keys, size_t key_count,
                                         int32_t scalar, size_t dimension) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(shards, "shards"));
    const atlas::shards& index = shards->opened.index;
    return get_vectors(out, keys, key_count, scalar, dimension, index.dimension(),
                       [&](std::uint64_t key, float* row) noexcept { return index.get(key, row); });
  });
}

extern "C" atlas_status atlas_shards_distances(float* out, const atlas_shards* shards, const atlas_matrix* queries,
                                               const uint64_t* keys, size_t key_count) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(shards, "shards"));
    const auto rows = read_distances(out, queries, keys, key_count, shards->opened.index.dimension());
    if (!rows.ok()) return rows.error();
    for (std::size_t i = 0; i < rows->rows; ++i) {
      const span<const float> query(rows->row(i), rows->dimension);
      ATLAS_C_TRY(shards->opened.index.distances(query, {keys, key_count}, out + i * key_count));
    }
    return {};
  });
}

extern "C" atlas_status atlas_shards_list_keys(uint64_t* written, uint64_t* keys, uint64_t* cursor,
                                               const atlas_shards* shards, size_t capacity) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(written, "written"));
    ATLAS_C_TRY(require(keys, "keys", capacity));
    ATLAS_C_TRY(require(cursor, "cursor"));
    ATLAS_C_TRY(require(shards, "shards"));
    *written = shards->opened.index.list_keys(*cursor, {keys, capacity});
    return {};
  });
}
