// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/folder_index.hpp -- a folder of documents in one file, and answers out of it.
//
// Room:      folder_index: build, open, search, add and remove documents, save, update, compact.
// Not here:  the passes of a build (folder/folder_build.hpp), the tables (folder/document_table.hpp).
// Depends:   folder/*, hnsw.hpp, embed/hashing_embedder.hpp; link utf8proc.
// Threads:   searches run beside each other and beside one change. Changes (add_document, remove_document), save, update and
//            the reading of compact wait for each other; from a callback of one of them, on its thread, they are refused
//            with errc::invalid_argument. Moving and destruction by one thread alone.
#ifndef ATLAS_FOLDER_FOLDER_INDEX_HPP
#define ATLAS_FOLDER_FOLDER_INDEX_HPP

#include <atlas/embed/hashing_embedder.hpp>  // hashing_embedder
#include <atlas/folder/change_lock.hpp>      // change_lock, change_turn
#include <atlas/folder/folder_build.hpp>     // folder_builder
#include <atlas/text/utf8_validity.hpp>      // first_ill_formed

namespace atlas { inline namespace ATLAS_ABI {

/// How compact runs.
struct compact_options {
  unsigned threads = 0;  ///< 0: all that the process may use
  function_ref<bool(const folder_progress&)> on_progress = {};  ///< as folder_options::on_progress
};

/// How update walks the folder. What it walks with is kept, as what build does is.
struct update_options {
  walk_options walk = {};        ///< as in folder_options; hidden files are looked at also if the index was built so
  std::uint64_t max_file_bytes = 0;  ///< 0: as the index was built; else as in folder_options
  unsigned threads = 0;          ///< 0: all that the process may use
  function_ref<bool(const folder_progress&)> on_progress = {};       ///< this and the next as in folder_options
  function_ref<void(text_view path, skip_reason why)> on_skip = {};
};

/// Documents, their chunks and the chunks' vectors. The file is an hnsw index under cosine with further sections, so
/// hnsw<float>::open reads it too; its keys are the chunks' numbers. A moved-from one may only be destroyed or
/// assigned to.
class folder_index {
 public:
  /// Reads every text file below a folder, cuts it by the rule of its kind (folder/document_kind.hpp), embeds the chunks with a
  /// hashing_embedder that has learned from them, and writes the index to a file.
  ///
  /// Two passes on options.threads threads (folder/ordered_pipeline.hpp): read, decode, cut and learn; then embed and
  /// add. In memory at the end: the texts, the vectors and the graph. Beside them in the first pass: 64 MiB of files
  /// being read, or one larger file; what these are decoded to and the tables of their chunks; and 1 MiB a thread kept
  /// for the next files. In the second: four times a thread the vectors of 32 chunks. Files are numbered in the order of their
  /// paths' bytes, chunks in the order of their files.
  ///
  /// @param folder   NUL-terminated
  /// @param output   the index file; what is there stays as it is until the new one is complete
  /// @param options  see folder_options
  /// @return  what was done, and what was left out and why; or errc::file_not_found, not_a_directory, permission_denied
  ///          (the folder itself, or the output's), invalid_argument (options), cancelled, no_space, no_memory,
  ///          limit_exceeded, io; what the embedder returns; not_finite or zero_vector, the row then the number of the
  ///          chunk whose vector it made so. On error nothing is left behind
  [[nodiscard]] static result<folder_report> build(const char* folder, const char* output,
                                                   const folder_options& options = {}) {
    result<hashing_embedder> model = hashing_embedder::create(options.hashing);
    if (!model.ok()) return model.error();
    return build(folder, output, *model, embedder_kind::hashing, options, &*model);
  }
  /// The same with an embedder of the caller's, whose vectors must be finite and not zero. The file does not
  /// hold it: open() must be given it again. If it learns (folder/embedder_ref.hpp), it is taught and frozen here.
  [[nodiscard]] static result<folder_report> build(const char* folder, const char* output, embedder_ref model,
                                                   const folder_options& options = {}) {
    return build(folder, output, model, embedder_kind::caller, options, nullptr);
  }

  /// Opens an index file, also one from before documents were cut by their kind: its chunks stand under no headings, and update cuts
  /// and embeds it anew.
  ///
  /// @param options  open_mode::read maps it, in constant time but for the embedder's state (about 1 MiB);
  ///                 open_mode::change copies the tables and texts, not the vectors
  /// @return  hnsw::open's errors; errc::kind_mismatch for an index without documents; errc::metric_mismatch,
  ///          corrupt_file, unsupported_version, no_memory
  [[nodiscard]] static result<folder_index> open(const char* path, const open_options& options = {}) {
    return open(path, embedder_ref(), options);
  }
  /// The same with the embedder of the caller's that built it, borrowed as long as the index is open.
  /// @return  also errc::dimension_mismatch; errc::invalid_argument for a file that holds its embedder, as the vectors of another would
  ///          be mixed with its own
  [[nodiscard]] static result<folder_index> open(const char* path, embedder_ref model, const open_options& options = {}) {
    result<hnsw<float>> index = hnsw<float>::open(path, options);
    if (!index.ok()) return index.error();
    auto* made = new (std::nothrow) state(static_cast<hnsw<float>&&>(*index));
    if (made == nullptr) return error{errc::no_memory, "folder index"};
    folder_index opened(made);
    if (status said = opened.open_sections(model, options.mode); !said.ok()) return said.error();
    return opened;
  }

  folder_index(folder_index&& other) noexcept : state_(other.state_) { other.state_ = nullptr; }
  folder_index& operator=(folder_index&& other) noexcept {
    if (this != &other) {
      delete state_;
      state_ = other.state_;
      other.state_ = nullptr;
    }
    return *this;
  }
  folder_index(const folder_index&) = delete;
  folder_index& operator=(const folder_index&) = delete;
  ~folder_index() { delete state_; }

  /// The chunks nearest to a question, nearest first.
  ///
  /// @param question  any text
  /// @param hits      room for the answers, at least 1; what is not found is left as it was
  /// @return          how many were found; or errc::invalid_argument (no room; no embedder for this file, see open),
  ///                  corrupt_file when the file's tables are not consistent, no_memory, what the embedder returns
  /// Cost: one embedding and one graph search. Allocates the query's vector.
  [[nodiscard]] result<std::size_t> search(text_view question, span<folder_hit> hits,
                                           const folder_search_options& options = {}) const {
    if (!state_->model) return no_embedder();
    buffer<float> vector;
    if (status made = vector.resize(dimension()); !made.ok()) return made.error();
    if (status said = state_->model.embed({&question, 1}, vector.data()); !said.ok()) return said.error();
    return search_vector({vector.data(), vector.size()}, hits, options);
  }
  /// The same for a question that is a vector already.
  /// @param question  shape [dimension()]
  /// @return          also errc::dimension_mismatch, not_finite, zero_vector
  [[nodiscard]] result<std::size_t> search_vector(span<const float> question, span<folder_hit> hits,
                                                  const folder_search_options& options = {}) const {
    if (hits.empty()) return error{errc::invalid_argument, "hits", "room for at least 1", std::uint64_t{0}};
    buffer<std::uint64_t> keys;
    buffer<float> distances;
    if (status made = keys.resize(hits.size()); !made.ok()) return made.error();
    if (status made = distances.resize(hits.size()); !made.ok()) return made.error();
    std::uint32_t count = 0;
    search_options how;
    how.k = hits.size();
    how.width = options.width;
    how.allowed = options.allowed;
    how.strategy = options.strategy;
    how.starts = options.starts;
    how.patience = options.patience;
    how.time_limit_ns = options.time_limit_ns;
    const status said = state_->index.search(dense(question.data(), 1, question.size()), how,
                                             {keys.data(), distances.data(), &count});
    if (!said.ok()) return said.error();
    for (std::uint32_t i = 0; i < count; ++i) {
      result<folder_hit> hit = state_->table.hit(keys[i]);
      if (!hit.ok()) return hit.error();
      hit->distance = distances[i];
      hit->score = 1.0F - distances[i];
      hits[i] = *hit;
    }
    return std::size_t{count};
  }

  /// Cuts, embeds and adds a document, as the folder's were, by the kind that its path names. What the embedder learned from the folder stays as
  /// it is, so no other vector changes; compact learns anew. In this process only, until save.
  ///
  /// @param path  its name; not empty
  /// @param text  UTF-8; blank text is a document without chunks
  /// @return      errc::duplicate_key when a document has this path; errc::read_only, bad_encoding with the byte,
  ///              invalid_argument, limit_exceeded, no_memory: the index then answers as before
  [[nodiscard]] status add_document(text_view path, text_view text) {
    if (status said = can_change(path); !said.ok()) return said;
    if (!state_->model) return no_embedder();
    if (text.size() > most_document_bytes) {
      return error{errc::limit_exceeded, "document bytes", most_document_bytes, text.size()};
    }
    if (const std::size_t bad = first_ill_formed(text); bad != text.size()) {
      return error{errc::bad_encoding, "text byte", "well-formed UTF-8", bad};
    }
    const change_turn turn(state_->changes);
    if (!turn.said().ok()) return turn.said().error();
    document_table& table = state_->table;
    if (table.find(path) != path_map::none) {
      return error{errc::duplicate_key, "path", "one that no document has", "one that a document has"};
    }
    document content;
    content.text = text;
    if (!detail::is_blank(text)) {
      const span<const std::byte> source(reinterpret_cast<const std::byte*>(text.data()), text.size());
      if (status said = detail::cut_text(source, kind_of_path(path), table.chunking(), content); !said.ok()) return said;
    }
    file_record record;
    record.source_bytes = text.size();
    record.source_hash = xxh3_64(text.data(), text.size());
    const std::uint64_t first = table.chunk_count();
    const status kept = table.append(path, text, record, {content.chunks.data(), content.chunks.size()}, content.headings);
    if (!kept.ok()) return kept;
    const std::uint64_t end = table.chunk_count();
    status said = add_vectors(first, end);
    if (!said.ok()) {
      static_cast<void>(drop_vectors(first, end));
      table.remove(table.find(path));
    }
    return said;
  }
  /// Takes a document out: no search finds it any more. Its text stays in memory and in saved files until compact.
  /// @return errc::key_not_found when no document has this path; errc::read_only, invalid_argument; errc::no_memory:
  ///         some of its chunks may still be found, and doing it again finishes
  [[nodiscard]] status remove_document(text_view path) {
    if (status said = can_change(path); !said.ok()) return said;
    const change_turn turn(state_->changes);
    if (!turn.said().ok()) return turn.said().error();
    document_table& table = state_->table;
    const std::uint32_t number = table.find(path);
    if (number == path_map::none) return error{errc::key_not_found, "path", "one that a document has", "another"};
    const result<stored_document> stored = table.file_at(number);
    if (!stored.ok()) return stored.error();
    const file_record& record = stored->record;
    if (record.first_chunk > table.chunk_count() || record.chunk_count > table.chunk_count() - record.first_chunk) {
      return error{errc::corrupt_file, "folder.file.chunks", table.chunk_count(), record.first_chunk + record.chunk_count};
    }
    // The path goes last: as long as a chunk may be found, the document can be named, and this be done again.
    const status dropped = drop_vectors(record.first_chunk, record.first_chunk + record.chunk_count);
    if (dropped.ok()) table.remove(number);
    return dropped;
  }

  /// Writes the index with its changes to a file, which may be the one it was opened from: complete or not at all.
  /// @return  what hnsw::save returns
  [[nodiscard]] status save(const char* path, progress on_progress = {}) const {
    const change_turn turn(state_->changes);
    if (!turn.said().ok()) return turn.said().error();
    span<const std::byte> hashing_state;
    if (const file_reader* file = state_->index.file(); state_->hashing.ok()) {
      const auto section = file->section(static_cast<std::uint32_t>(folder_section::hashing_state));
      if (!section.ok()) return section.error();
      hashing_state = *section;
    }
    return detail::folder_builder::save_folder(state_->index, state_->table, hashing_state, path, on_progress);
  }

  /// Walks the folder again and writes the index of what is there now: what build would write, but for the embedder, which stays as it
  /// is in this index (the frequencies of words are those of the last build or compact), so that no vector changes. Every file is read
  /// and cut again; only chunks whose id this index does not have (chunk_view::id, the XXH3-128 of text and rule) are embedded, and
  /// the vectors of the others are taken over. Documents that are not below the folder, or are now left out, go and are counted, those
  /// that add_document added too. Chunks are numbered as in a new build. Chunks that an older version of a rule has cut are cut, and
  /// embedded, anew.
  ///
  /// Refused, so that an index is not lost by what may pass: when no document is left of those there were; when a folder that holds
  /// documents of the index cannot be read, or a file of theirs cannot be looked at. (A file that cannot be opened is left out, as in
  /// build.) Nothing is taken over of a file whose checksums do not match: it would be hidden under new ones. build() makes the index
  /// anew in either case.
  ///
  /// @param folder  NUL-terminated
  /// @param output  may be the file this index was opened from; this index itself stays as it is, and changes to it wait
  /// @return        as build, with how many chunks were embedded and how many vectors taken over; errc::invalid_argument without an
  ///                embedder (see open); errc::read_only for a sealed index, as the new one would not be; errc::corrupt_file for a
  ///                checksum that does not match, or a vector to take over that is not finite or zero, its row the chunk's number in
  ///                the new index; errc::file_not_found when no document is left; permission_denied, io and the like with errno for
  ///                what cannot be read. On error nothing is left behind
  /// Cost: one pass over the index file; reading and cutting as build; an embedding for each new chunk; the graph is built anew.
  /// In memory as build, but that in the second pass vectors are taken over up to 1 MiB at a time, if that is more, beside what is
  /// embedded; and what known_chunks takes.
  [[nodiscard]] result<folder_report> update(const char* folder, const char* output, const update_options& options = {}) const {
    if (folder == nullptr || output == nullptr) return error{errc::invalid_argument, "path", "a path", "null"};
    if (!state_->model) return no_embedder();
    if (state_->index.is_sealed()) return error{errc::read_only, "update", "the index that was sealed, to be sealed again", "a sealed one"};
    folder_options how = kept_options();
    how.chunks = state_->table.chunking();
    const bool hidden = how.walk.hidden || options.walk.hidden;
    how.walk = options.walk;
    how.walk.hidden = hidden;
    if (options.max_file_bytes != 0) how.max_file_bytes = options.max_file_bytes;
    how.threads = options.threads;
    how.on_progress = options.on_progress;
    how.on_skip = options.on_skip;
    const change_turn turn(state_->changes);
    if (!turn.said().ok()) return turn.said().error();
    const result<known_chunks> known = known_chunks::create(state_->table, state_->index);
    if (!known.ok()) return known.error();
    detail::folder_builder builder(how, state_->model, &*known);
    if (status said = check_build(builder, output); !said.ok()) return said.error();
    const auto go_on = [&](std::uint64_t, std::uint64_t) { return !options.on_progress || options.on_progress({folder_phase::walking, 0, 0}); };
    if (status said = state_->index.file()->verify(go_on); !said.ok()) return said.error();
    if (status said = builder.read_folder(folder, embedder()); !said.ok()) return said.error();
    if (status said = builder.count_gone(state_->table); !said.ok()) return said.error();
    return finish(builder, output, state_->hashing.ok() ? &*state_->hashing : nullptr);
  }

  /// Builds the index anew from the documents it holds, without those removed, and writes it to a file: the
  /// embedder learns from them what it learned from the folder, so every vector may change.
  ///
  /// @param output  may be the file this index was opened from; this index itself stays as it is. Of a sealed index, too, the new one
  ///                is not sealed
  /// @return        as build; errc::invalid_argument for an index of a caller's embedder (use the other one)
  [[nodiscard]] result<folder_report> compact(const char* output, const compact_options& options = {}) const {
    if (!state_->hashing.ok()) {
      return error{errc::invalid_argument, "embedder", "an embedder to compact with", "none"};
    }
    result<hashing_embedder> model = hashing_embedder::create(state_->hashing->options());
    if (!model.ok()) return model.error();
    return compact(output, *model, options, &*model);
  }
  /// The same with an embedder of the caller's; one that learns must be a fresh one.
  [[nodiscard]] result<folder_report> compact(const char* output, embedder_ref model,
                                              const compact_options& options = {}) const {
    return compact(output, model, options, nullptr);
  }

  [[nodiscard]] std::uint64_t file_count() const noexcept { return state_->table.live_files(); }
  [[nodiscard]] std::uint64_t chunk_count() const noexcept { return state_->index.size(); }
  [[nodiscard]] std::size_t dimension() const noexcept { return state_->index.dimension(); }
  [[nodiscard]] bool is_read_only() const noexcept { return !state_->table.can_change(); }
  [[nodiscard]] embedder_kind embedder() const noexcept { return state_->table.info().embedder; }
  [[nodiscard]] chunker_options chunking() const noexcept { return state_->table.chunking(); }
  /// The vectors, by chunk number.
  [[nodiscard]] const hnsw<float>& vectors() const noexcept { return state_->index; }
  [[nodiscard]] const document_table& documents() const noexcept { return state_->table; }

 private:
  struct state {
    explicit state(hnsw<float>&& opened) noexcept : index(static_cast<hnsw<float>&&>(opened)) {}

    hnsw<float> index;
    document_table table;
    result<hashing_embedder> hashing{errc::file_not_found};
    embedder_ref model;
    mutable change_lock changes;
  };
  explicit folder_index(state* made) noexcept : state_(made) {}

  [[nodiscard]] static result<folder_report> build(const char* folder, const char* output, embedder_ref model,
                                                   embedder_kind kind, const folder_options& options,
                                                   const hashing_embedder* hashing) {
    if (folder == nullptr || output == nullptr) return error{errc::invalid_argument, "path", "a path", "null"};
    detail::folder_builder builder(options, model);
    if (status said = check_build(builder, output); !said.ok()) return said.error();
    if (status said = builder.read_folder(folder, kind); !said.ok()) return said.error();
    return finish(builder, output, hashing);
  }
  [[nodiscard]] static status check_build(const detail::folder_builder& builder, const char* output) {
    if (status said = builder.check_options(); !said.ok()) return said;
    return can_write(output);
  }
  [[nodiscard]] result<folder_report> compact(const char* output, embedder_ref model, const compact_options& options,
                                              const hashing_embedder* hashing) const {
    if (output == nullptr) return error{errc::invalid_argument, "path", "a path", "null"};
    if (model.dimension() != dimension()) {
      return error{errc::dimension_mismatch, "embedder.dimension", dimension(), model.dimension()};
    }
    if (status said = can_write(output); !said.ok()) return said.error();
    folder_options how = kept_options();
    how.threads = options.threads;
    how.on_progress = options.on_progress;
    detail::folder_builder builder(how, model);
    {
      const change_turn turn(state_->changes);
      if (!turn.said().ok()) return turn.said().error();
      if (status said = builder.read_table(state_->table); !said.ok()) return said.error();
    }
    return finish(builder, output, hashing);
  }
  /// What the file says of how it was built, but for how documents are cut.
  [[nodiscard]] folder_options kept_options() const noexcept {
    folder_options how;
    how.connectivity = state_->index.connectivity();
    how.build_width = state_->index.build_width();
    how.search_width = state_->index.search_width();
    how.seed = state_->index.seed();
    const folder_record& kept = state_->table.info();
    how.walk.hidden = kept.walk_hidden != 0;
    if (kept.max_file_bytes != 0) how.max_file_bytes = kept.max_file_bytes;
    return how;
  }
  [[nodiscard]] static error no_embedder() noexcept {
    return {errc::invalid_argument, "embedder", "the one that built this index, given to open", "none"};
  }
  [[nodiscard]] static result<folder_report> finish(detail::folder_builder& builder, const char* output,
                                                    const hashing_embedder* hashing) {
    if (status said = builder.make_index(); !said.ok()) return said.error();
    buffer<std::byte> hashing_state;
    if (hashing != nullptr) {
      if (status said = hashing->save_state(hashing_state); !said.ok()) return said.error();
    }
    if (status said = builder.save(output, {hashing_state.data(), hashing_state.size()}); !said.ok()) return said.error();
    return builder.summary();
  }
  /// A build takes long: an output that cannot be written is found out before it.
  [[nodiscard]] static status can_write(const char* output) noexcept {
    const result<replacement_file> target = replacement_file::create(output);
    if (!target.ok()) return target.error();
    return {};
  }

  [[nodiscard]] status open_sections(embedder_ref model, open_mode mode) {
    const file_reader& file = *state_->index.file();
    if (status said = state_->table.open(file, mode); !said.ok()) return said;
    if (state_->index.metric() != metric::cosine) {
      return error{errc::metric_mismatch, "folder index metric", name(metric::cosine), name(state_->index.metric())};
    }
    state_->model = model;
    if (state_->table.info().embedder == embedder_kind::hashing) {
      if (model) return error{errc::invalid_argument, "embedder", "none, as the file holds the one that built it", "one"};
      const auto section = file.section(static_cast<std::uint32_t>(folder_section::hashing_state));
      if (!section.ok()) return section.error();
      state_->hashing = hashing_embedder::open_state(*section);
      if (!state_->hashing.ok()) return state_->hashing.error();
      if (state_->hashing->dimension() != dimension()) {
        return error{errc::corrupt_file, "embedder.dimension", dimension(), state_->hashing->dimension()};
      }
      state_->model = *state_->hashing;
    }
    if (model && model.dimension() != dimension()) {
      return error{errc::dimension_mismatch, "embedder.dimension", dimension(), model.dimension()};
    }
    return {};
  }

  [[nodiscard]] status can_change(text_view path) const noexcept {
    if (is_read_only()) return error{errc::read_only, "folder index", "open_mode::change", "open_mode::read"};
    if (path.empty()) return error{errc::invalid_argument, "path", "a path", "an empty one"};
    return {};
  }
  [[nodiscard]] status add_vectors(std::uint64_t first, std::uint64_t end) {
    constexpr std::uint64_t batch_chunks = 64;
    detail::embedding_job job;
    for (std::uint64_t key = first; key < end;) {
      job.clear();
      for (; key < end && job.keys.size() < batch_chunks; ++key) {
        const result<folder_hit> chunk = state_->table.hit(key);
        if (!chunk.ok()) return chunk.error();
        if (status said = job.add(key, chunk->text, known_chunks::none); !said.ok()) return said;
      }
      if (status said = job.run(state_->model, nullptr, state_->index); !said.ok()) return said;
    }
    return {};
  }
  /// Takes what is there of these keys out of the index.
  status drop_vectors(std::uint64_t first, std::uint64_t end) noexcept {
    for (std::uint64_t key = first; key < end; ++key) {
      const status said = state_->index.remove(key);
      if (!said.ok() && !(said.error() == errc::key_not_found)) return said;
    }
    return {};
  }

  state* state_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_FOLDER_INDEX_HPP
