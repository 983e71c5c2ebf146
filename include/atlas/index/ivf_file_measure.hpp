// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_file_measure.hpp -- what the searches of an inverted file find, before it has its name.
//
// Room:      the file's default probes and reranking, and its promise.
// Not here:  how it is written (index/ivf_file_build.hpp), which settings are tried (index/ivf_tune.hpp).
// Depends:   core, storage, index/{basic_index,ivf_engine,ivf_promise,ivf_tune}.hpp.
// Threads:   one thread at a time, which uses others.
#ifndef ATLAS_INDEX_IVF_FILE_MEASURE_HPP
#define ATLAS_INDEX_IVF_FILE_MEASURE_HPP

#include <atlas/index/ivf_engine.hpp>   // ivf_engine, basic_index
#include <atlas/index/ivf_promise.hpp>  // kept_promise, take_stored
#include <atlas/index/ivf_tune.hpp>     // ivf_tuning

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A file whose sections are written. Vectors are read from it as they are asked for, and of its lists no more than was said
/// stays in the process between searches.
class measured_ivf_file : private basic_index<ivf_engine> {
  using base = basic_index<ivf_engine>;
  explicit measured_ivf_file(base&& made) noexcept : base(static_cast<base&&>(made)) {}

 public:
  /// @param file    as file_writer::seal gave it
  /// @return  open_reader's errors
  [[nodiscard]] static result<measured_ivf_file> open(file_descriptor&& file, std::uint64_t size_bytes) noexcept {
    auto mapped = mapped_file::of(static_cast<file_descriptor&&>(file), size_bytes);
    if (!mapped.ok()) return mapped.error();
    auto reader = file_reader::from(static_cast<mapped_file&&>(*mapped));
    if (!reader.ok()) return reader.error();
    auto opened = base::open_reader(static_cast<file_reader&&>(*reader), {.vectors = vector_residence::on_disk});
    if (!opened.ok()) return opened.error();
    return measured_ivf_file(static_cast<base&&>(*opened));
  }
  /// As ivf_pq::tune without queries for the wanted recall, else as a training finds the usual probes: what it finds goes into
  /// the parameters. @pre there are two rows or more
  /// @param held_back  vectors that were not trained on; empty: some of the rows
  /// @return  no_memory, io, corrupt_file, cancelled
  [[nodiscard]] status measure(const buffer<float>& held_back, std::uint64_t resident_bytes, unsigned threads, progress on_progress,
                               ivf_parameters& parameters) noexcept {
    auto& own = *this->state_;
    const ivf_pq_options& options = own.engine.options();
    const bool is_wanted = options.recall != 0;
    buffer<float> stored;
    const buffer<float>* sample = is_wanted && !held_back.empty() ? &held_back : &stored;
    if (sample == &stored) {
      if (status taken = take_stored(own.rows, nullptr, 0, is_wanted ? most_held_back : rows_measured_by, stored); !taken.ok()) return taken;
    }
    const matrix_view queries = dense(sample->data(), sample->size() / options.dimension, options.dimension);
    tune_options wanted{.k = is_wanted ? options.recall_k : 10, .recall = is_wanted ? options.recall : usual_recall};
    wanted.on_progress = on_progress;
    wanted.threads = threads;
    const ivf_tuning_of how{.own = own_row::left_out, .rerank = is_wanted ? 0 : own.engine.rerank(), .mapped = &own.file.file(), .resident_bytes = resident_bytes};
    const auto found = ivf_tuning({own.rows, own.pool, own.scratches, own.epochs}, *own.engine.trained(), own.engine.codes(), queries, wanted, how).find();
    if (!found.ok()) return found.error();
    if (is_wanted) {
      parameters.probes = static_cast<std::uint32_t>(found->probes);
      parameters.rerank = static_cast<std::uint32_t>(found->rerank);
      kept_promise promise;
      promise.set({found->recall, options.recall_k}, this->size());
      promise.save(parameters, this->size());
    } else if (found->recall >= usual_recall) {
      parameters.usual_probes = static_cast<std::uint32_t>(found->probes);
    }
    return {};
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_FILE_MEASURE_HPP
