// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/folder_build.hpp -- from a folder, or from documents kept, to tables and vectors.
//
// Room:      the two passes of a build: read, cut and learn; embed and add.
// Not here:  opening, searching and changing what was built (folder/folder_index.hpp).
// Depends:   core/os_error.hpp, folder/*, hnsw.hpp, storage/folder_walk.hpp.
// Threads:   one builder, one calling thread; the work runs on folder_options::threads more.
#ifndef ATLAS_FOLDER_FOLDER_BUILD_HPP
#define ATLAS_FOLDER_FOLDER_BUILD_HPP

#include <atlas/core/os_error.hpp>            // os_error
#include <atlas/folder/document_table.hpp>    // document_table
#include <atlas/folder/embedder_ref.hpp>      // embedder_ref
#include <atlas/folder/known_chunks.hpp>      // known_chunks
#include <atlas/folder/ordered_pipeline.hpp>  // ordered_pipeline
#include <atlas/folder/path_map.hpp>          // path_map
#include <atlas/hnsw.hpp>                     // hnsw
#include <atlas/storage/folder_walk.hpp>      // walk_folder

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Vectors of one batch of chunks.
struct embedding_job {
  std::uint64_t weight = 1;
  buffer<std::uint64_t> keys;
  buffer<std::uint64_t> known;    // for each key: that of another index's chunk, whose vector is taken over, or known_chunks::none
  buffer<text_view> texts;        // of the others, to be embedded
  buffer<float> vectors;
  buffer<float> embedded;

  void clear() noexcept {
    keys.clear();
    known.clear();
    texts.clear();
  }
  [[nodiscard]] status add(std::uint64_t key, text_view text, std::uint64_t known_key) noexcept {
    if (status said = keys.push_back(key); !said.ok()) return said;
    if (status said = known.push_back(known_key); !said.ok()) return said;
    return known_key == known_chunks::none ? texts.push_back(text) : status();
  }

  /// Makes or takes the vectors and adds them under the keys.
  /// @param from  of the known keys; may be null if there are none
  /// @return      errors of the index name the key as their row; what cannot be added of another index is errc::corrupt_file
  [[nodiscard]] status run(const embedder_ref& model, const known_chunks* from, hnsw<float>& index) {
    const std::size_t dimension = model.dimension();
    const bool is_all_new = texts.size() == keys.size();
    if (status made = vectors.resize(keys.size() * dimension); !made.ok()) return made;
    if (status made = embedded.resize(is_all_new ? 0 : texts.size() * dimension); !made.ok()) return made;
    float* const fresh = is_all_new ? vectors.data() : embedded.data();
    if (!texts.empty()) {
      if (status said = model.embed({texts.data(), texts.size()}, fresh); !said.ok()) return said;
    }
    if (!is_all_new) {
      std::size_t next = 0;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        float* const vector = vectors.data() + i * dimension;
        if (known[i] == known_chunks::none) {
          std::memcpy(vector, embedded.data() + next++ * dimension, dimension * sizeof(float));
        } else if (status said = from->vector(known[i], vector); !said.ok()) {
          return said;
        }
      }
    }
    const status added = index.add({keys.data(), keys.size()}, dense(vectors.data(), keys.size(), dimension));
    if (added.ok() || added.error().row >= keys.size()) return added;
    error why = added.error();
    const auto row = static_cast<std::size_t>(why.row);
    if (known[row] != known_chunks::none) why.code = errc::corrupt_file;
    return why.at_row(keys[row]);
  }
};

class folder_builder {
 public:
  /// All are borrowed.
  /// @param known  chunks whose vectors are taken over; the embedder then made these, and is not taught again
  folder_builder(const folder_options& options, embedder_ref model, const known_chunks* known = nullptr) noexcept
      : options_(options), model_(model), known_(known) {}

  [[nodiscard]] status check_options() const noexcept {
    if (status said = check_folder_chunks(options_.chunks); !said.ok()) return said;
    if (options_.max_file_bytes > most_document_bytes) {
      return error{errc::limit_exceeded, "folder_options.max_file_bytes", most_document_bytes, options_.max_file_bytes};
    }
    return {};
  }

  /// First pass over a folder: its documents are in the table, and the embedder has learned them and is frozen.
  [[nodiscard]] status read_folder(const char* folder, embedder_kind kind) {
    if (status said = table_.create(options_.chunks, kind); !said.ok()) return said;
    table_.keep_walk(options_.walk.hidden, options_.max_file_bytes);
    if (status said = walk(folder); !said.ok()) return said;
    if (status said = read_files(folder); !said.ok()) return said;
    if (known_ == nullptr) model_.freeze();
    return {};
  }
  /// First pass over the live documents of another table, which nobody changes meanwhile.
  [[nodiscard]] status read_table(const document_table& from) {
    if (status said = table_.create(from.chunking(), from.info().embedder); !said.ok()) return said;
    table_.keep_walk(options_.walk.hidden, options_.max_file_bytes);
    if (status said = copy_documents(from); !said.ok()) return said;
    model_.freeze();
    return {};
  }
  /// Between the passes of an update: compares the documents with those there were.
  /// @return errc::corrupt_file, when the other table is not consistent; what the operating system said of a folder or file of documents
  ///         that are not here for no other reason; errc::file_not_found when all are gone
  [[nodiscard]] status count_gone(const document_table& before) {
    std::uint64_t path_bytes = 0;  // paths that overlap would make this loop as long as a hostile file likes
    for (std::uint64_t number = 0; number < before.file_count(); ++number) {
      if (!before.is_live(number)) continue;
      const result<stored_document> there = before.file_at(number);
      if (!there.ok()) return there.error();
      path_bytes += there->path.size();
      if (path_bytes > before.path_bytes()) return error{errc::corrupt_file, "folder.path bytes", before.path_bytes(), path_bytes};
      if (table_.find(there->path) != path_map::none) continue;
      ++report_.gone;
      if (const int why = why_unreadable(there->path); why != 0) {
        error lost = os_error(why, "folder");
        lost.expected_text = "to read what the index has documents of";
        lost.found_text = "a folder or file that cannot be read";
        return lost;
      }
    }
    if (report_.gone != 0 && table_.live_files() == 0) {
      return error{errc::file_not_found, "folder", "a document, as there are in the index (build makes an empty one)", "none"};
    }
    return {};
  }
  /// Second pass: every chunk of the table has its vector in the index.
  [[nodiscard]] status make_index() {
    const std::uint64_t total = table_.chunk_count();
    hnsw_options shape;
    shape.dimension = model_.dimension();
    shape.metric = metric::cosine;
    shape.connectivity = options_.connectivity;
    shape.build_width = options_.build_width;
    shape.search_width = options_.search_width;
    shape.seed = options_.seed;
    shape.reserve_rows = total;
    index_ = hnsw<float>::create(shape);
    if (!index_.ok()) return index_.error();

    std::uint64_t next = 0;
    std::uint64_t done = 0;
    const std::size_t most_chunks = batch_chunks();
    const auto produce = [&](embedding_job& job) -> result<bool> {
      job.clear();
      for (; next < total && job.texts.size() < batch_texts && job.keys.size() < most_chunks; ++next) {
        const result<folder_hit> chunk = table_.hit(next);
        if (!chunk.ok()) return chunk.error();
        const std::uint64_t known = known_ == nullptr ? known_chunks::none : known_->find(chunk->id);
        if (status said = job.add(next, chunk->text, known); !said.ok()) return said.error();
      }
      return !job.keys.empty();
    };
    const auto work = [&](embedding_job& job) { return job.run(model_, known_, *index_); };
    const auto collect = [&](embedding_job& job) {
      done += job.keys.size();
      report_.embedded += job.texts.size();
      report_.taken_over += job.keys.size() - job.texts.size();
      return report(folder_phase::indexing, done, total);
    };
    const auto wait = [&] { return report(folder_phase::indexing, done, total); };
    if (status said = wait(); !said.ok()) return said;
    return ordered_pipeline<embedding_job>::run(options_.threads, ~std::uint64_t{0}, {produce, work, collect, wait});
  }

  /// @param hashing_state  of the embedder, or empty
  [[nodiscard]] status save(const char* output, span<const std::byte> hashing_state) const {
    return save_folder(*index_, table_, hashing_state, output, [this](std::uint64_t done, std::uint64_t total) {
      return report(folder_phase::saving, done, total).ok();
    });
  }
  [[nodiscard]] const folder_report& summary() const noexcept { return report_; }

  /// The index's sections and the folder's in one file.
  [[nodiscard]] static status save_folder(const hnsw<float>& index, const document_table& table,
                                          span<const std::byte> hashing_state, const char* output,
                                          progress on_progress) {
    extra_section tables[document_table::section_count];
    table.list_sections(tables);
    extra_section sections[document_table::section_count + 1];
    std::size_t count = 0;
    for (const extra_section& one : tables) sections[count++] = one;
    if (!hashing_state.empty()) {
      sections[count++] = {static_cast<std::uint32_t>(folder_section::hashing_state), 1, hashing_state.data(),
                           hashing_state.size()};
    }
    return index.save(output, {.extra = {sections, count}, .on_progress = on_progress});
  }

 private:
  static constexpr std::size_t batch_texts = 32;    // to embed in one call
  static constexpr std::size_t most_batch_chunks = 256;  // to add in one call
  static constexpr std::size_t most_batch_bytes = std::size_t{1} << 20;  // of their vectors, or what batch_texts have
  static constexpr std::uint64_t most_bytes_in_flight = std::uint64_t{64} << 20;
  static constexpr std::uint64_t most_idle_bytes = std::uint64_t{256} << 10;

  struct walked_file {
    std::uint64_t path_begin = 0;  // in walked_paths_
    std::uint64_t path_bytes = 0;
    std::uint64_t size_bytes = 0;
  };
  struct unreadable_path {
    std::uint64_t begin = 0;  // in unreadable_paths_
    std::uint64_t bytes = 0;
    int why = 0;
  };
  struct unreadable_reader {
    const folder_builder* builder;
    [[nodiscard]] text_view operator()(std::uint32_t number) const noexcept {
      const unreadable_path& path = builder->unreadable_[number];
      return {builder->unreadable_paths_.data() + path.begin, path.bytes};
    }
  };
  struct reading_job {
    std::uint64_t weight = 0;
    std::uint64_t number = 0;  // in walked_, or of a file in the other table
    buffer<char> path;         // NUL-terminated
    document content;
    buffer<text_view> texts;

    /// A job waits for its next file without the memory of a large one.
    void rest() noexcept {
      if (content.held_bytes() + texts.capacity() * sizeof(text_view) <= most_idle_bytes) return;
      content = document();
      texts = buffer<text_view>();
    }
  };

  [[nodiscard]] std::size_t batch_chunks() const noexcept {
    const std::size_t fit = most_batch_bytes / (model_.dimension() * sizeof(float));
    return fit < batch_texts ? batch_texts : fit < most_batch_chunks ? fit : most_batch_chunks;
  }
  [[nodiscard]] status report(folder_phase phase, std::uint64_t done, std::uint64_t total) const {
    if (options_.on_progress && !options_.on_progress({phase, done, total})) return errc::cancelled;
    return {};
  }
  [[nodiscard]] text_view walked_path(const walked_file& file) const noexcept {
    return {walked_paths_.data() + file.path_begin, file.path_bytes};
  }

  [[nodiscard]] status walk(const char* folder) {
    constexpr std::uint64_t report_every = 256;
    status said = report(folder_phase::walking, 0, 0);
    if (!said.ok()) return said;
    const auto note = [&](text_view path, int why) {
      if (options_.walk.on_unreadable) options_.walk.on_unreadable(path, why);
      if (said.ok()) said = unreadable_.push_back({unreadable_paths_.size(), path.size(), why});
      if (said.ok()) said = unreadable_paths_.append(path.data(), path.size());
      if (said.ok()) said = unreadable_numbers_.put(static_cast<std::uint32_t>(unreadable_.size() - 1), unreadable_reader{this});
      if (longest_unreadable_ < path.size()) longest_unreadable_ = path.size();
    };
    walk_options how = options_.walk;
    how.on_unreadable = note;
    const result<walk_report> walked = walk_folder(folder, how, [&](const walk_entry& entry) {
      if (said.ok()) said = walked_.push_back({walked_paths_.size(), entry.relative.size(), entry.size_bytes});
      if (said.ok()) said = walked_paths_.append(entry.relative.data(), entry.relative.size());
      if (said.ok() && walked_.size() % report_every == 0) said = report(folder_phase::walking, walked_.size(), 0);
      return said.ok();
    });
    if (!said.ok()) return said;
    if (!walked.ok()) return walked.error();
    report_.walk = *walked;
    return {};
  }

  /// The errno of the path, or of a folder above it, in this walk; 0 if all could be read.
  [[nodiscard]] int why_unreadable(text_view path) const noexcept {
    for (std::size_t bytes = 1; bytes <= path.size() && bytes <= longest_unreadable_; ++bytes) {
      if (bytes != path.size() && path[bytes - 1] != '/') continue;
      const std::uint32_t number = unreadable_numbers_.find(path.subview(0, bytes), unreadable_reader{this});
      if (number != path_map::none) return unreadable_[number].why;
    }
    return 0;
  }

  [[nodiscard]] status read_files(const char* folder) {
    std::uint64_t total = 0;
    for (const walked_file& file : walked_) total += file.size_bytes;
    std::uint64_t next = 0;
    std::uint64_t done = 0;
    const std::size_t folder_bytes = std::strlen(folder);
    const bool needs_slash = folder_bytes != 0 && folder[folder_bytes - 1] != '/';

    const auto produce = [&](reading_job& job) -> result<bool> {
      if (next == walked_.size()) return false;
      const walked_file& file = walked_[next];
      job.number = next++;
      job.weight = file.size_bytes;
      job.path.clear();
      status said = job.path.append(folder, folder_bytes);
      if (said.ok() && needs_slash) said = job.path.push_back('/');
      if (said.ok()) said = job.path.append(walked_path(file).data(), file.path_bytes);
      if (said.ok()) said = job.path.push_back('\0');
      if (!said.ok()) return said.error();
      return true;
    };
    const auto work = [&](reading_job& job) -> status {
      document& content = job.content;
      const status read = read_document(job.path.data(), options_.max_file_bytes, options_.chunks, content);
      if (!read.ok() || content.is_skipped || known_ != nullptr) return read;
      job.texts.clear();
      for (const chunk_record& chunk : content.chunks) {
        const status said = job.texts.push_back(content.text.subview(chunk.text_begin, chunk.text_bytes));
        if (!said.ok()) return said;
      }
      return model_.learn({job.texts.data(), job.texts.size()});
    };
    const auto collect = [&](reading_job& job) -> status {
      const walked_file& file = walked_[job.number];
      done += file.size_bytes;
      if (status said = keep(walked_path(file), job.content); !said.ok()) return said;
      job.rest();
      return report(folder_phase::reading, done, total);
    };
    const auto wait = [&] { return report(folder_phase::reading, done, total); };
    if (status said = wait(); !said.ok()) return said;
    return ordered_pipeline<reading_job>::run(options_.threads, most_bytes_in_flight, {produce, work, collect, wait});
  }

  [[nodiscard]] status keep(text_view path, const document& content) {
    if (content.is_skipped) {
      ++report_.skipped[static_cast<unsigned>(content.why)];
      if (options_.on_skip) options_.on_skip(path, content.why);
      return {};
    }
    file_record record;
    record.encoding = content.encoding;
    record.mark_bytes = content.mark_bytes;
    record.source_bytes = content.source_bytes;
    record.source_hash = content.source_hash;
    return keep(path, content.text, record, content);
  }
  /// @param content  its chunks and headings
  [[nodiscard]] status keep(text_view path, text_view text, const file_record& record, const document& content) {
    const span<const chunk_record> chunks(content.chunks.data(), content.chunks.size());
    if (status said = table_.append(path, text, record, chunks, content.headings); !said.ok()) return said;
    ++report_.files;
    report_.chunks += chunks.size();
    report_.source_bytes += record.source_bytes;
    return {};
  }

  [[nodiscard]] status copy_documents(const document_table& from) {
    std::uint64_t next = 0;
    std::uint64_t text_bytes = 0;
    const std::uint64_t total = from.file_count();
    // A chunk of a hostile file may lie anywhere in the texts; here it must lie in its document.
    const auto load = [&from](reading_job& job) -> result<stored_document> {
      const result<stored_document> stored = from.file_at(job.number);
      if (!stored.ok() || !stored->is_live) return errc::corrupt_file;
      const file_record& record = stored->record;
      if (record.first_chunk > from.chunk_count() || record.chunk_count > from.chunk_count() - record.first_chunk) {
        return error{errc::corrupt_file, "folder.file.chunks", from.chunk_count(), record.first_chunk + record.chunk_count};
      }
      job.texts.clear();
      job.content.chunks.clear();
      job.content.headings.clear();
      for (std::uint64_t i = 0; i < record.chunk_count; ++i) {
        chunk_record chunk = from.chunk_at(record.first_chunk + i);
        const std::uint64_t begin = chunk.text_begin - record.text_begin;
        if (chunk.text_begin < record.text_begin || begin > record.text_bytes || chunk.text_bytes > record.text_bytes - begin) {
          return error{errc::corrupt_file, "folder.chunk.text", record.text_bytes, begin}.at_row(i);
        }
        chunk.text_begin = begin;
        const result<heading_titles> headings = from.headings().of_chunk(record.first_chunk + i);
        if (!headings.ok()) return headings.error();
        status said = job.content.chunks.push_back(chunk);
        if (said.ok()) said = job.content.headings.add_chunk(*headings);
        if (said.ok()) said = job.texts.push_back(stored->text.subview(begin, chunk.text_bytes));
        if (!said.ok()) return said.error();
      }
      return *stored;
    };
    const auto produce = [&](reading_job& job) -> result<bool> {
      while (next < total && !from.is_live(next)) ++next;
      if (next == total) return false;
      job.number = next++;
      job.weight = 1;
      return true;
    };
    const auto work = [&](reading_job& job) -> status {
      const result<stored_document> loaded = load(job);
      if (!loaded.ok()) return loaded.error();
      return model_.learn({job.texts.data(), job.texts.size()});
    };
    const auto collect = [&](reading_job& job) -> status {
      const result<stored_document> stored = from.file_at(job.number);
      if (!stored.ok()) return stored.error();
      // Documents of a hostile file may overlap, and then be more than there is.
      text_bytes += stored->text.size();
      if (text_bytes > from.text_bytes()) {
        return error{errc::corrupt_file, "folder.text bytes", from.text_bytes(), text_bytes};
      }
      if (report_.chunks + job.content.chunks.size() > from.chunk_count()) {
        return error{errc::corrupt_file, "folder.chunks", from.chunk_count(), report_.chunks + job.content.chunks.size()};
      }
      const document_headings& headings = job.content.headings;
      if (headings.records().size() > from.headings().size() - table_.headings().size() ||
          headings.titles().size() > from.headings().title_bytes() - table_.headings().title_bytes()) {
        return error{errc::corrupt_file, "folder.headings", from.headings().size(), table_.headings().size() + headings.records().size()};
      }
      const status said = keep(stored->path, stored->text, stored->record, job.content);
      job.rest();
      return said.ok() ? report(folder_phase::reading, job.number + 1, total) : said;
    };
    const auto wait = [&] { return report(folder_phase::reading, next, total); };
    return ordered_pipeline<reading_job>::run(options_.threads, ~std::uint64_t{0}, {produce, work, collect, wait});
  }

  const folder_options& options_;
  embedder_ref model_;
  const known_chunks* known_;
  document_table table_;
  result<hnsw<float>> index_{errc::internal};
  folder_report report_;
  buffer<walked_file> walked_;
  buffer<char> walked_paths_;
  buffer<unreadable_path> unreadable_;
  buffer<char> unreadable_paths_;
  path_map unreadable_numbers_;
  std::size_t longest_unreadable_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_FOLDER_FOLDER_BUILD_HPP
