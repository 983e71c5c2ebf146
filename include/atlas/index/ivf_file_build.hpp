// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_file_build.hpp -- the steps of an inverted file's building on disk.
//
// Room:      keys that are claimed, rows that are coded and spilled, and the file's sections.
// Not here:  the calls of users and their order (index/ivf_builder.hpp), rows on their way (index/ivf_spill.hpp).
// Depends:   core, storage, index/{code_store,ivf_file,ivf_file_measure,ivf_spill}.hpp.
// Threads:   one thread at a time, which uses others.
#ifndef ATLAS_INDEX_IVF_FILE_BUILD_HPP
#define ATLAS_INDEX_IVF_FILE_BUILD_HPP

#include <atlas/core/thread_pool.hpp>  // thread_pool
#include <atlas/index/code_store.hpp>  // code_store
#include <atlas/index/ivf_file.hpp>    // saved_model, parameters_of, place_lists
#include <atlas/index/ivf_file_measure.hpp>  // measured_ivf_file
#include <atlas/index/ivf_spill.hpp>   // ivf_spill, ordered_rows

namespace atlas { inline namespace ATLAS_ABI {

/// How an inverted file is built on disk.
struct ivf_build_options {
  /// What it becomes. reserve_rows says how many rows there will be, and so how many lists, if `lists` does not, and into how
  /// many ranges of them rows are sorted; train_from counts only once the file is open
  ivf_pq_options index = {};
  /// Where rows lie until they are in their order, NUL-terminated: as much room as the vectors take, and their codes. Null:
  /// beside the file
  const char* temporary_folder = nullptr;
  /// For vectors and codes on their way. Beside it there are what was learned, up to three times; in training the sample, four
  /// times; in measuring of each of up to 1,000 vectors its floats and 20 bytes for each answer, of lists what one search looks at; of each row up to 24 bytes for its key, if reserve_rows said how many there are, else 40; and 16 for each range of
  /// lists that has some of the rows which are coded together, at most for each row. From 16 MiB on
  std::size_t memory_bytes = std::size_t{256} << 20;
  /// 0: all that the process may use. The file is the same up to 4,096 lists; above, the graph of their centroids needs 1 for that
  unsigned threads = 0;
};

namespace detail {

/// A file under way. Members are called in the order in which they stand.
struct ivf_file_build {
  ivf_pq_options options;
  row_layout layout;
  std::size_t memory_bytes;
  unsigned threads;
  std::size_t rows_at_once;
  thread_pool pool;
  file_writer file;
  ivf_model model;
  ivf_spill spill;
  ivf_encoding encoding;
  buffer<std::byte> waiting;    ///< rows that are not coded yet, as they are stored: however few a caller adds, many are coded at once
  buffer<double> first_sums;    ///< of the rows whose mean codes to rerank by are relative to
  std::size_t summed_rows = 0;
  buffer<std::uint64_t> keys;   ///< in the order in which they came
  key_map map;
  std::uint64_t row_count = 0;
  bool is_trained = false;
  buffer<float> held_back;      ///< shape [n, dimension]: what was not trained on, where a recall is wanted
  status failed;

  explicit ivf_file_build(const ivf_build_options& wanted) noexcept
      : options(with_choices(wanted.index)), layout(wanted.index.dimension, wanted.index.metric, wanted.index.stored),
        memory_bytes(wanted.memory_bytes), threads(wanted.threads) {
    // An eighth of the memory: they are held as floats, as stored, and with their codes as they are written.
    const std::size_t fit = memory_bytes / 8 / (layout.dimension * sizeof(float));
    const std::size_t most = ivf_encoding::rows_at_once(layout.dimension);
    rows_at_once = fit == 0 ? 1 : fit < most ? fit : most;
  }
  /// Whether a call may go on. A child of fork() shares the files, in which both would write to the same places.
  [[nodiscard]] status usable() const noexcept {
    if (!failed.ok()) return failed;
    if (!file.is_of_this_process()) return error{errc::invalid_argument, "builder", "the process that made it", "a child of it"};
    return {};
  }
  /// Gives the disk and the memory of rows back; every later call gives `why`.
  status end(const status& why) noexcept {
    failed = why;
    file = file_writer();
    spill = ivf_spill();
    encoding = ivf_encoding();
    waiting = {};
    held_back = {};
    keys = {};
    map = {};
    return why;
  }
  /// @param path    of the file
  /// @param folder  of rows on their way; null: the file's
  [[nodiscard]] status open(const char* path, const char* folder) noexcept {
    auto created = file_writer::create(path);
    if (!created.ok()) return created.error();
    file = static_cast<file_writer&&>(*created);
    if (folder != nullptr) return spill.open(folder);
    buffer<char> beside;
    const char* const slash = std::strrchr(path, '/');
    const std::size_t length = slash == nullptr ? 0 : static_cast<std::size_t>(slash - path) + 1;  // "/" stays
    if (status made = beside.append(length == 0 ? "." : path, length == 0 ? 1 : length); !made.ok()) return made;
    if (status made = beside.push_back('\0'); !made.ok()) return made;
    return spill.open(beside.data());
  }
  /// As many ranges of lists as have the vectors of each in a quarter of the memory.
  [[nodiscard]] status shape_spill() noexcept {
    const std::uint64_t expected = options.reserve_rows != 0 ? options.reserve_rows : std::uint64_t{10'000'000};
    std::uint64_t ranges = expected * layout.stride_bytes / (memory_bytes / 4) + 1;
    constexpr std::uint64_t most_ranges = 1024;
    if (ranges > most_ranges) ranges = most_ranges;
    if (ranges > model.list_count()) ranges = model.list_count();
    if (status made = waiting.reserve(rows_at_once * layout.stride_bytes); !made.ok()) return made;  // it would grow to more
    return spill.shape(model.list_count(), static_cast<std::uint32_t>(ranges), model.coder().layout().code_bytes, layout.stride_bytes);
  }
  /// Notes new keys: all or, on error, none.
  [[nodiscard]] status claim(span<const std::uint64_t> wanted) noexcept {
    const std::size_t before = keys.size();
    if (status made = keys.reserve(options.reserve_rows); !made.ok()) return made;
    if (status made = keys.append(wanted.data(), wanted.size()); !made.ok()) return made;
    const auto claimed = static_cast<std::uint32_t>(before);
    const status roomy = map.reserve(keys.size() > options.reserve_rows ? keys.size() : options.reserve_rows, keys.data(), claimed);
    std::size_t noted = 0;
    status refused = roomy;
    for (; refused.ok() && noted < wanted.size(); ++noted) {
      const auto row = static_cast<std::uint32_t>(before + noted);
      if (map.find(wanted[noted], keys.data(), row) != key_map::no_row) {
        refused = error{errc::duplicate_key, "key", "a key that is not taken yet", wanted[noted]}.at_row(noted);
        break;
      }
      map.insert(wanted[noted], row);
    }
    if (refused.ok()) {
      row_count = keys.size();
      return {};
    }
    while (noted != 0) {
      --noted;
      map.erase(wanted[noted], static_cast<std::uint32_t>(before + noted));
    }
    (void)keys.resize(before);  // shrinking cannot fail
    return refused;
  }
  /// Takes rows whose keys were claimed. @pre there are at most rows_at_once
  [[nodiscard]] status take(span<const std::uint64_t> their_keys, const matrix_view& vectors) noexcept {
    const auto inverse_norms = row_store::check_batch(layout, their_keys, vectors);
    if (!inverse_norms.ok()) return inverse_norms.error();
    for (std::size_t i = 0; i < vectors.rows; ++i) {
      if (waiting.size() == rows_at_once * layout.stride_bytes) {
        if (status spilled = spill_waiting(); !spilled.ok()) return spilled;
      }
      const std::size_t at = waiting.size();
      if (status made = waiting.resize(at + layout.stride_bytes); !made.ok()) return made;
      layout.write(waiting.data() + at, vectors.row(i), inverse_norms->data()[i]);
      if (status summed = sum_first(waiting.data() + at); !summed.ok()) return summed;
    }
    return {};
  }
  /// Adds up the first rows, as far as codes want their mean. @param row  as it is stored
  [[nodiscard]] status sum_first(const std::byte* row) noexcept {
    if (options.rerank_codes == traversal_codes::none || summed_rows == rerank_codes_from) return {};
    buffer<float> vector;
    if (status made = vector.resize(layout.dimension); !made.ok()) return made;
    if (status made = first_sums.resize_zeroed(layout.dimension); !made.ok()) return made;
    layout.read_unit(row, vector.data());
    kernels().add_to_f64(vector.data(), first_sums.data(), layout.dimension);
    ++summed_rows;
    return {};
  }
  [[nodiscard]] status spill_waiting() noexcept {
    const std::size_t count = waiting.size() / layout.stride_bytes;
    if (count == 0) return {};
    const status encoded = encoding.encode(model, layout.metric, count, pool, threads, [this](std::size_t i, float* out) noexcept {
      layout.read_unit(waiting.data() + i * layout.stride_bytes, out);
    });
    if (!encoded.ok()) return encoded;
    if (status spilled = spill.append(encoding, count, keys.data() + spill.row_count(), waiting.data()); !spilled.ok()) return spilled;
    waiting.clear();
    return {};
  }

  /// The sections in the order in which an index saves them.
  [[nodiscard]] status write(progress on_progress) noexcept {
    if (status spilled = spill_waiting(); !spilled.ok()) return spilled;
    ATLAS_ASSERT(spill.row_count() == row_count);
    keys = {};
    map = {};
    waiting = {};
    encoding = {};
    spill.number_rows();
    buffer<list_version> versions;
    if (status made = versions.resize_zeroed(model.list_count()); !made.ok()) return made;
    for (std::uint32_t list = 0; list < model.list_count(); ++list) {
      versions[list].row_count = static_cast<std::uint32_t>(spill.first_row(list + 1) - spill.first_row(list));
    }
    const std::uint32_t block_count = place_lists(versions);
    saved_model learned;
    if (status made = learned.create(model); !made.ok()) return made;
    const bool is_measured = row_count > 1 && (options.recall != 0 || options.probes == 0);
    std::uint64_t written_bytes = 0;
    std::uint64_t measured_bytes = 0;  // as if measuring were writing so many
    const auto report = [&](std::uint64_t done, std::uint64_t total) noexcept {
      written_bytes = done;
      if (is_measured) measured_bytes = options.recall != 0 ? 3 * total : total / 4;
      return on_progress(done, total + measured_bytes);
    };
    section_writer writer(file, on_progress ? progress(report) : progress{}, 0);
    const std::size_t block_bytes = model.coder().layout().block_bytes;
    writer.expect(row_count * (layout.stride_bytes + sizeof(std::uint64_t) + 1) + key_map::slots_for(static_cast<std::size_t>(row_count)) * sizeof(std::uint32_t) +
                  versions.size() * sizeof(list_version) + std::uint64_t{block_count} * block_bytes + learned.bytes() +
                  (has_codes() ? row_count * code_stride_bytes(options.rerank_codes, layout.dimension) + layout.dimension * sizeof(float) : 0));
    if (status w = write_rows(writer); !w.ok()) return w;
    ivf_parameters parameters = parameters_of(options);
    if (status w = write_codes(writer, parameters); !w.ok()) return w;
    if (status w = writer.write(static_cast<std::uint32_t>(index_section::lists), section_required | section_growable, sizeof(list_version),
                                versions.data(), versions.size() * sizeof(list_version));
        !w.ok()) {
      return w;
    }
    if (status w = write_blocks(writer, versions, block_count); !w.ok()) return w;
    if (status w = learned.write(writer); !w.ok()) return w;
    parameters.row_stride_bytes = static_cast<std::uint32_t>(layout.stride_bytes);
    parameters.list_count = model.list_count();
    parameters.block_count = block_count;
    file_header header{};
    describe_rows(header, file_kind::ivf_pq, layout, row_count, row_count, parameters);
    if (!is_measured) return file.commit(header);
    const auto measuring = [&](std::uint64_t done, std::uint64_t total) noexcept {
      const double share = static_cast<double>(done) / static_cast<double>(total);
      return on_progress(written_bytes + static_cast<std::uint64_t>(share * static_cast<double>(measured_bytes)), written_bytes + measured_bytes);
    };
    if (status measured = measure(header, on_progress ? progress(measuring) : progress{}, parameters); !measured.ok()) return measured;
    if (on_progress && !measuring(1, 1)) return errc::cancelled;
    describe_rows(header, file_kind::ivf_pq, layout, row_count, row_count, parameters);
    return file.commit(header);
  }
  /// What the file's default probes and reranking are to be.
  [[nodiscard]] status measure(file_header& header, progress on_progress, ivf_parameters& parameters) noexcept {
    auto readable = file.seal(header);
    if (!readable.ok()) return readable.error();
    auto written = measured_ivf_file::open(static_cast<file_descriptor&&>(*readable), file.size_bytes());
    if (!written.ok()) return written.error();
    return written->measure(held_back, memory_bytes / 4, threads, on_progress, parameters);
  }
  [[nodiscard]] status write_rows(section_writer& writer) noexcept {
    const auto write_column = [&](index_section id, spill_column which, std::byte* kept) noexcept -> status {
      ordered_rows source(spill, which, memory_bytes / 2);
      const std::size_t width = spill.width(which);
      return writer.write_filled(id, width, row_count, [&](std::uint64_t first, std::size_t count, std::byte* out) noexcept -> status {
        if (status got = source.read(count, out); !got.ok()) return got;
        if (kept != nullptr) std::memcpy(kept + static_cast<std::size_t>(first) * width, out, count * width);
        return {};
      });
    };
    if (status w = write_column(index_section::vectors, spill_column::vectors, nullptr); !w.ok()) return w;
    buffer<std::uint64_t> ordered_keys;
    if (status made = ordered_keys.resize(static_cast<std::size_t>(row_count)); !made.ok()) return made;
    if (status w = write_column(index_section::keys, spill_column::keys, reinterpret_cast<std::byte*>(ordered_keys.data())); !w.ok()) return w;
    const auto live = [](std::uint64_t, std::size_t count, std::byte* out) noexcept -> status {
      std::memset(out, static_cast<int>(row_state::live), count);
      return {};
    };
    if (status w = writer.write_filled(index_section::row_states, 1, row_count, live); !w.ok()) return w;
    return save_key_map(writer, ordered_keys, [](std::size_t) noexcept { return true; });
  }
  /// Whether there are rows enough for codes to rerank by, where they are wanted.
  [[nodiscard]] bool has_codes() const noexcept { return options.rerank_codes != traversal_codes::none && summed_rows >= rerank_codes_from; }
  /// Codes to rerank by, of the vectors as they are read once more, from as many rows on as an index has them from.
  [[nodiscard]] status write_codes(section_writer& writer, ivf_parameters& parameters) noexcept {
    parameters.rerank_codes_wanted = static_cast<std::uint8_t>(options.rerank_codes);
    if (!has_codes()) return {};
    parameters.rerank_codes = parameters.rerank_codes_wanted;
    buffer<float> vector;
    if (status made = vector.resize(layout.dimension); !made.ok()) return made;
    for (std::size_t i = 0; i < layout.dimension; ++i) vector[i] = static_cast<float>(first_sums[i] / static_cast<double>(summed_rows));
    code_store codes;
    if (status made = codes.adopt(options.rerank_codes, layout.dimension, layout.metric, {}, vector.data()); !made.ok()) return made;
    buffer<std::byte> row;
    if (status made = row.resize(layout.stride_bytes); !made.ok()) return made;
    ordered_rows source(spill, spill_column::vectors, memory_bytes / 2);
    const auto fill = [&](std::uint64_t, std::size_t count, std::byte* out) noexcept -> status {
      for (std::size_t i = 0; i < count; ++i) {
        if (status got = source.read(1, row.data()); !got.ok()) return got;
        layout.read_unit(row.data(), vector.data());
        codes.encode(vector.data(), out + i * codes.stride_bytes());
      }
      return {};
    };
    if (status w = writer.write_filled(index_section::codes, codes.stride_bytes(), row_count, fill); !w.ok()) return w;
    const span<const float> centre = codes.centre();
    return writer.write(static_cast<std::uint32_t>(index_section::code_centre), section_required, sizeof(float), centre.data(), centre.size() * sizeof(float));
  }
  [[nodiscard]] status write_blocks(section_writer& writer, const buffer<list_version>& versions, std::uint32_t block_count) noexcept {
    const list_block_layout& blocks = model.coder().layout();
    const std::size_t width = spill.width(spill_column::codes);
    ordered_rows source(spill, spill_column::codes, memory_bytes / 2);
    buffer<std::byte> codes;
    if (status made = codes.resize(list_block_rows * width); !made.ok()) return made;
    std::uint32_t list = 0;
    std::uint32_t written = 0;  // rows of the list
    std::uint32_t row = 0;
    const auto fill = [&](std::uint64_t, std::size_t count, std::byte* out) noexcept -> status {
      for (std::size_t i = 0; i < count; ++i) {
        while (written == versions[list].row_count) {
          ++list;
          written = 0;
        }
        const std::uint32_t left = versions[list].row_count - written;
        const std::uint32_t lanes = left < list_block_rows ? left : static_cast<std::uint32_t>(list_block_rows);
        if (status got = source.read(lanes, codes.data()); !got.ok()) return got;
        std::byte* const block = out + i * blocks.block_bytes;
        blocks.clear(block);
        for (std::uint32_t lane = 0; lane < lanes; ++lane) {
          const auto terms = load_unaligned<coded_row>(codes.data() + lane * width);
          blocks.write(block, lane, terms.add, terms.mul, row++, reinterpret_cast<const std::uint8_t*>(codes.data() + lane * width + sizeof terms));
        }
        written += lanes;
      }
      return {};
    };
    return writer.write_filled(index_section::list_blocks, blocks.block_bytes, block_count, fill);
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_FILE_BUILD_HPP
