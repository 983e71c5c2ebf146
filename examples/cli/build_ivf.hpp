// SPDX-License-Identifier: Apache-2.0
// examples/cli/build_ivf.hpp -- atlas build --kind ivf_pq: its options, and what its lists are learned from.
#ifndef ATLAS_EXAMPLES_CLI_BUILD_IVF_HPP
#define ATLAS_EXAMPLES_CLI_BUILD_IVF_HPP

#include "command.hpp"

#include <atlas/ivf_pq.hpp>
#include <atlas/storage/vector_file.hpp>

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
  double recall = -1;  ///< below 0: not said
  std::uint64_t recall_k = atlas::ivf_pq_options().recall_k;
};

/// Adds --lists, --parts and so on to a subcommand.
void add_ivf_options(CLI::App& command, ivf_arguments& arguments);

/// "automatic", "flat", "pq4", ...
std::vector<std::string> names_of_list_codes();

/// Into the options of an index. Throws a failure of usage where these words do not go together.
void fill_ivf_options(atlas::ivf_pq_options& options, const ivf_arguments& arguments, const std::string& codes);

/// Trains an empty index on every n-th vector of a file, unless there are so few that it stays without lists.
/// @return  how many it was trained on; 0: it was not
std::uint64_t train_on_file(atlas::ivf_pq<float>& index, const atlas::vector_file& vectors, const ivf_arguments& arguments,
                            unsigned threads, const std::string& path);

/// Sets the probes and rerank that find the wanted recall, of a filled index that was made to want one.
void tune_to_recall(atlas::ivf_pq<float>& index, unsigned threads, const std::string& path);

/// "recall@10 0.957", rounded down; "" for none.
std::string promise_text(const atlas::recall_promise& promised);
/// {"recall": .957, "k": 10}, or null.
json promise_json(const atlas::recall_promise& promised);

}  // namespace cli

#endif  // ATLAS_EXAMPLES_CLI_BUILD_IVF_HPP
