// SPDX-License-Identifier: Apache-2.0
// examples/cli/build_ivf.hpp -- atlas build --kind ivf_pq: its options, and the file written without holding its vectors in memory.
#ifndef ATLAS_EXAMPLES_CLI_BUILD_IVF_HPP
#define ATLAS_EXAMPLES_CLI_BUILD_IVF_HPP

#include "command.hpp"

#include <atlas/ivf_pq.hpp>
#include <atlas/storage/vector_file.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cli {

struct ivf_arguments {
  std::uint64_t lists = 0;
  std::uint64_t parts = 0;
  std::string rotation = "automatic";
  std::uint32_t iterations = atlas::ivf_pq_options().iterations;
  std::uint64_t probes = 0;
  std::uint64_t rerank = 0;
  std::uint64_t train_rows = 0;
  std::string rerank_codes = "none";
  std::uint64_t memory_bytes = atlas::ivf_build_options().memory_bytes;
  std::string temporary_folder;
  double recall = -1;  ///< below 0: not said
  std::uint64_t recall_k = atlas::ivf_pq_options().recall_k;
};

/// Adds --lists, --parts and so on to a subcommand.
void add_ivf_options(CLI::App& command, ivf_arguments& arguments);

/// "automatic", "flat", "pq4", ...
std::vector<std::string> names_of_list_codes();

/// Into the options of an index. Without --recall, --probes and --rerank the usual recall is wanted. Throws a failure of usage
/// where these words do not go together.
void fill_ivf_options(atlas::ivf_pq_options& options, const ivf_arguments& arguments, const std::string& codes);

/// Whether so many vectors get lists: few are left to exact searches unless lists are asked for.
bool gets_lists(const ivf_arguments& arguments, std::uint64_t rows);

/// What a building took.
struct lists_built {
  std::uint64_t trained_on = 0;
  double training_seconds = 0;
  double seconds = 0;  ///< until the file was to be written
};
/// Writes the index of a file of vectors.
/// @param keys  of each row; empty: the rows' numbers
/// @param path  of the vectors, for errors
lists_built build_lists(const std::string& output, const atlas::vector_file& vectors, const std::vector<std::uint64_t>& keys,
                        const atlas::ivf_pq_options& options, const ivf_arguments& arguments, unsigned threads, const std::string& path);

/// "recall@10 0.957", rounded down; "" for none.
std::string promise_text(const atlas::recall_promise& promised);
/// {"recall": .957, "k": 10}, or null.
json promise_json(const atlas::recall_promise& promised);

}  // namespace cli

#endif  // ATLAS_EXAMPLES_CLI_BUILD_IVF_HPP
