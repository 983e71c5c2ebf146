// SPDX-License-Identifier: Apache-2.0
// c_api/folder.cpp -- a folder of documents in one file, and answers out of it.
#include "arguments.hpp"
#include "embedder_options.hpp"
#include "guard.hpp"
#include "handles.hpp"

#include <atlas/folder.hpp>

using namespace atlas::c_api;
using atlas::errc;
using atlas::error;
using atlas::folder_hit;
using atlas::folder_index;
using atlas::folder_progress;
using atlas::skip_reason;
using atlas::span;
using atlas::status;
using atlas::text_view;

static_assert(ATLAS_FOLDER_WALKING == static_cast<int>(atlas::folder_phase::walking));
static_assert(ATLAS_FOLDER_READING == static_cast<int>(atlas::folder_phase::reading));
static_assert(ATLAS_FOLDER_INDEXING == static_cast<int>(atlas::folder_phase::indexing));
static_assert(ATLAS_FOLDER_SAVING == static_cast<int>(atlas::folder_phase::saving));
static_assert(ATLAS_SKIP_UNREADABLE == static_cast<int>(skip_reason::unreadable));
static_assert(ATLAS_SKIP_TOO_LARGE == static_cast<int>(skip_reason::too_large));
static_assert(ATLAS_SKIP_EMPTY == static_cast<int>(skip_reason::empty));
static_assert(ATLAS_SKIP_BINARY == static_cast<int>(skip_reason::binary));
static_assert(ATLAS_SKIP_BAD_ENCODING == static_cast<int>(skip_reason::bad_encoding));
static_assert(atlas::skip_reasons == 5);
static_assert(ATLAS_PACKING_FULL == static_cast<int>(atlas::chunk_packing::full));
static_assert(ATLAS_PACKING_DIVIDED == static_cast<int>(atlas::chunk_packing::divided));
static_assert(ATLAS_FOLDER_MOST_HEADINGS == atlas::heading_titles::most);

namespace {

status require_path(const char* path, const char* field) noexcept {
  ATLAS_C_TRY(require(path, field));
  if (path[0] == '\0') return error{errc::invalid_argument, field, "a path", "an empty one"};
  return {};
}

// The two callbacks of a build, borrowed by its options.
class folder_callbacks {
 public:
  explicit folder_callbacks(const atlas_folder_options& from) noexcept : from_(from) {}
  template <class Options>
  void progress_into(Options& options) noexcept {
    if (from_.progress != nullptr) options.on_progress = progress_;
  }
  template <class Options>
  void skips_into(Options& options) noexcept {
    if (from_.on_skip != nullptr) options.on_skip = skip_;
  }

 private:
  struct progress_caller {
    const atlas_folder_options& from;
    bool operator()(const folder_progress& now) const {
      return from.progress(static_cast<std::int32_t>(now.phase), now.done, now.total, from.context) == 0;
    }
  };
  struct skip_caller {
    const atlas_folder_options& from;
    void operator()(text_view path, skip_reason why) const {
      from.on_skip(path.data(), path.size(), static_cast<std::int32_t>(why), from.context);
    }
  };
  const atlas_folder_options& from_;
  progress_caller progress_{from_};
  skip_caller skip_{from_};
};

status write_report(atlas_folder_report* out, const atlas::folder_report& from) noexcept {
  if (out == nullptr) return {};
  atlas_folder_report report = ATLAS_FOLDER_REPORT_INIT;
  report.files = from.files;
  report.chunks = from.chunks;
  report.source_bytes = from.source_bytes;
  report.skipped_unreadable = from.skipped[ATLAS_SKIP_UNREADABLE];
  report.skipped_too_large = from.skipped[ATLAS_SKIP_TOO_LARGE];
  report.skipped_empty = from.skipped[ATLAS_SKIP_EMPTY];
  report.skipped_binary = from.skipped[ATLAS_SKIP_BINARY];
  report.skipped_bad_encoding = from.skipped[ATLAS_SKIP_BAD_ENCODING];
  report.folders = from.walk.folders;
  report.unreadable_folders = from.walk.unreadable_folders;
  report.unreadable_files = from.walk.unreadable_files;
  report.ignored_folders = from.walk.ignored_folders;
  report.hidden = from.walk.hidden;
  report.linked_files = from.walk.linked_files;
  report.linked_folders = from.walk.linked_folders;
  report.broken_links = from.walk.broken_links;
  report.special_files = from.walk.special_files;
  report.too_deep_folders = from.walk.too_deep_folders;
  report.embedded = from.embedded;
  report.taken_over = from.taken_over;
  report.gone = from.gone;
  return write_info(out, "report", report);
}

// A report that cannot be written is refused before the work is done, not after.
status require_report(const atlas_folder_report* out) noexcept {
  return out == nullptr ? status() : require_info(out, "report");
}

// What the file was built with is kept: a wish for anything else must not be dropped in silence.
status require_nothing_else(const atlas_folder_options& rest, const char* taken) noexcept {
  const atlas_folder_options nothing = {};
  if (std::memcmp(&rest, &nothing, sizeof rest) == 0) return {};
  return error{errc::invalid_argument, "folder options", taken, "others"};
}

status build(atlas_folder_report* report, const char* folder, const char* output, const atlas_folder_options* options) {
  ATLAS_C_TRY(require_report(report));
  ATLAS_C_TRY(require_path(folder, "folder"));
  ATLAS_C_TRY(require_path(output, "output"));
  const auto wished = read_options(options, "folder options");
  if (!wished.ok()) return wished.error();
  ATLAS_C_TRY(require_zero(wished->reserved, "options.reserved"));
  ATLAS_C_TRY(require_zero(wished->reserved_too, "options.reserved_too"));
  if (wished->chunk_packing < 0 || wished->chunk_packing > ATLAS_PACKING_DIVIDED) {
    return no_such("options.chunk_packing", "one of ATLAS_PACKING_", wished->chunk_packing);
  }
  const auto hashing = read_hashing_options(wished->embedder);
  if (!hashing.ok()) return hashing.error();

  atlas::folder_options how;
  how.hashing = *hashing;
  how.threads = wished->threads;
  if (wished->chunk_size != 0) how.chunks.size = wished->chunk_size;
  const std::uint32_t fill = wished->chunk_fill_percent;
  if (fill > 100 && fill != ATLAS_ZERO_PERCENT) {
    return error{errc::invalid_argument, "options.chunk_fill_percent", "0 to 100, or ATLAS_ZERO_PERCENT", std::uint64_t{fill}};
  }
  if (fill != 0) how.chunks.fill_percent = fill == ATLAS_ZERO_PERCENT ? 0 : fill;
  how.chunks.overlap = wished->chunk_overlap;
  how.chunks.packing = static_cast<atlas::chunk_packing>(wished->chunk_packing);
  how.walk.hidden = wished->include_hidden != 0;
  if (wished->max_file_bytes != 0) how.max_file_bytes = wished->max_file_bytes;
  if (wished->connectivity != 0) how.connectivity = wished->connectivity;
  if (wished->build_width != 0) how.build_width = wished->build_width;
  if (wished->search_width != 0) how.search_width = wished->search_width;
  if (wished->seed != 0) how.seed = wished->seed;
  folder_callbacks callbacks(*wished);
  callbacks.progress_into(how);
  callbacks.skips_into(how);
  const auto done = folder_index::build(folder, output, how);
  if (!done.ok()) return done.error();
  return write_report(report, *done);
}

status update(atlas_folder_report* report, const atlas_folder* folder, const char* source, const char* output,
              const atlas_folder_options* options) {
  ATLAS_C_TRY(require_report(report));
  ATLAS_C_TRY(require(folder, "folder"));
  ATLAS_C_TRY(require_path(source, "source"));
  ATLAS_C_TRY(require_path(output, "output"));
  const auto wished = read_options(options, "folder options");
  if (!wished.ok()) return wished.error();
  atlas_folder_options rest = *wished;
  rest.struct_size = rest.threads = rest.include_hidden = 0;
  rest.max_file_bytes = 0;
  rest.progress = nullptr;
  rest.on_skip = nullptr;
  rest.context = nullptr;
  ATLAS_C_TRY(require_nothing_else(rest, "only threads, include_hidden, max_file_bytes, progress, on_skip and context"));
  atlas::update_options how;
  how.threads = wished->threads;
  how.walk.hidden = wished->include_hidden != 0;
  if (wished->max_file_bytes != 0) how.max_file_bytes = wished->max_file_bytes;
  folder_callbacks callbacks(*wished);
  callbacks.progress_into(how);
  callbacks.skips_into(how);
  const auto done = folder->index.update(source, output, how);
  if (!done.ok()) return done.error();
  return write_report(report, *done);
}

atlas_folder_hit to_c(const folder_hit& hit) noexcept {
  atlas_folder_hit out = {};
  out.path = hit.path.data();
  out.path_bytes = hit.path.size();
  out.text = hit.text.data();
  out.text_bytes = hit.text.size();
  out.line_begin = hit.line_begin;
  out.line_end = hit.line_end;
  out.byte_begin = hit.byte_begin;
  out.byte_end = hit.byte_end;
  out.key = hit.key;
  out.id_low = hit.id.low;
  out.id_high = hit.id.high;
  out.score = hit.score;
  return out;
}

}  // namespace

extern "C" atlas_status atlas_folder_build(atlas_folder_report* report, const char* folder, const char* output,
                                           const atlas_folder_options* options) {
  return guard({folder, output}, [&] { return build(report, folder, output, options); });
}

extern "C" atlas_status atlas_folder_open(atlas_folder** out, const char* path, const atlas_open_options* options) {
  return guard({path}, [&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require_path(path, "path"));
    const auto how = read_open_options(options);
    if (!how.ok()) return how.error();
    auto opened = folder_index::open(path, *how);
    if (!opened.ok()) return opened.error();
    return hand_out(out, static_cast<folder_index&&>(*opened));
  });
}

extern "C" void atlas_folder_close(atlas_folder* folder) { delete folder; }

extern "C" atlas_status atlas_folder_describe(atlas_folder_info* out, const atlas_folder* folder) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(folder, "folder"));
    const folder_index& index = folder->index;
    atlas_folder_info info = ATLAS_FOLDER_INFO_INIT;
    info.dimension = static_cast<std::uint32_t>(index.dimension());
    info.files = index.file_count();
    info.chunks = index.chunk_count();
    const atlas::chunker_options cut = index.chunking();
    info.chunk_size = cut.size;
    info.chunk_overlap = cut.overlap;
    info.chunk_fill_percent = cut.fill();
    info.chunk_packing = static_cast<std::int32_t>(cut.packing);
    info.is_read_only = index.is_read_only() ? 1 : 0;
    info.has_embedder = index.embedder() == atlas::embedder_kind::hashing ? 1 : 0;
    return write_info(out, "out", info);
  });
}

extern "C" atlas_status atlas_folder_search(uint64_t* found, atlas_folder_hit* hits, const atlas_folder* folder,
                                            const char* question, size_t question_bytes, size_t k,
                                            const atlas_search_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(found, "found"));
    ATLAS_C_TRY(require(folder, "folder"));
    ATLAS_C_TRY(require(question, "question", question_bytes));
    if (k == 0) return error{errc::invalid_argument, "k", "at least 1", std::uint64_t{0}};
    ATLAS_C_TRY(require(hits, "hits", k));
    const auto wished = read_search_options(options);
    if (!wished.ok()) return wished.error();

    // More than there are chunks cannot be found, and room for them would be taken in vain.
    const std::size_t chunks = folder->index.chunk_count();
    const std::size_t wanted = k < chunks ? k : chunks != 0 ? chunks : 1;
    atlas::buffer<folder_hit> answers;
    ATLAS_C_TRY(answers.resize_zeroed(wanted));
    atlas::folder_search_options how;
    how.width = wished->width;
    how.allowed = wished->allowed;
    how.strategy = wished->strategy;
    how.starts = wished->starts;
    how.patience = wished->patience;
    how.time_limit_ns = wished->time_limit_ns;
    const auto count =
        folder->index.search(text_view(question, question_bytes), span<folder_hit>(answers.data(), wanted), how);
    if (!count.ok()) return count.error();
    for (std::size_t i = 0; i < *count; ++i) hits[i] = to_c(answers[i]);
    *found = *count;
    return {};
  });
}

extern "C" atlas_status atlas_folder_headings(uint64_t* found, atlas_folder_heading* headings, const atlas_folder* folder,
                                              uint64_t key) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(found, "found"));
    ATLAS_C_TRY(require(headings, "headings", ATLAS_FOLDER_MOST_HEADINGS));
    ATLAS_C_TRY(require(folder, "folder"));
    const atlas::document_table& documents = folder->index.documents();
    if (key >= documents.chunk_count()) return error{errc::key_not_found, "key", "the number of a chunk", key};
    const auto titles = documents.headings().of_chunk(key);
    if (!titles.ok()) return titles.error();
    for (std::size_t i = 0; i < titles->size(); ++i) {
      headings[i] = {titles->title(i).data(), static_cast<std::uint32_t>(titles->title(i).size()), titles->depth(i)};
    }
    *found = titles->size();
    return {};
  });
}

extern "C" atlas_status atlas_folder_add_document(atlas_folder* folder, const char* path, const char* text,
                                                  size_t text_bytes) {
  return guard({path}, [&]() -> status {
    ATLAS_C_TRY(require(folder, "folder"));
    ATLAS_C_TRY(require_path(path, "path"));
    ATLAS_C_TRY(require(text, "text", text_bytes));
    return folder->index.add_document(path, text_view(text, text_bytes));
  });
}

extern "C" atlas_status atlas_folder_remove_document(atlas_folder* folder, const char* path) {
  return guard({path}, [&]() -> status {
    ATLAS_C_TRY(require(folder, "folder"));
    ATLAS_C_TRY(require_path(path, "path"));
    return folder->index.remove_document(path);
  });
}

extern "C" atlas_status atlas_folder_save(const atlas_folder* folder, const char* path,
                                          const atlas_save_options* options) {
  return guard({path}, [&]() -> status {
    ATLAS_C_TRY(require(folder, "folder"));
    ATLAS_C_TRY(require_path(path, "path"));
    const auto wished = read_options(options, "save options");
    if (!wished.ok()) return wished.error();
    ATLAS_C_TRY(require_zero(wished->reserved, "options.reserved"));
    const progress_call report(wished->progress, wished->progress_context);
    return folder->index.save(path, report.view());
  });
}

extern "C" atlas_status atlas_folder_update(atlas_folder_report* report, const atlas_folder* folder, const char* source,
                                            const char* output, const atlas_folder_options* options) {
  return guard({source, output}, [&] { return update(report, folder, source, output, options); });
}

extern "C" atlas_status atlas_folder_compact(atlas_folder_report* report, const atlas_folder* folder,
                                             const char* output, const atlas_folder_options* options) {
  return guard({output}, [&]() -> status {
    ATLAS_C_TRY(require_report(report));
    ATLAS_C_TRY(require(folder, "folder"));
    ATLAS_C_TRY(require_path(output, "output"));
    const auto wished = read_options(options, "folder options");
    if (!wished.ok()) return wished.error();
    atlas_folder_options rest = *wished;
    rest.struct_size = rest.threads = 0;
    rest.progress = nullptr;
    rest.context = nullptr;
    ATLAS_C_TRY(require_nothing_else(rest, "only threads, progress and context"));
    atlas::compact_options how;
    how.threads = wished->threads;
    folder_callbacks callbacks(*wished);
    callbacks.progress_into(how);
    const auto done = folder->index.compact(output, how);
    if (!done.ok()) return done.error();
    return write_report(report, *done);
  });
}
