// SPDX-License-Identifier: Apache-2.0
// examples/cli/encoder.hpp -- an encoder of tokens by a rank file that the command line names.
#ifndef ATLAS_EXAMPLES_CLI_ENCODER_HPP
#define ATLAS_EXAMPLES_CLI_ENCODER_HPP

#include "command.hpp"

#include <atlas/storage/file_bytes.hpp>
#include <atlas/text/bpe_encoder.hpp>

#include <map>
#include <string>

namespace cli {

inline const std::map<std::string, atlas::bpe_pattern> bpe_patterns = {
    {"gpt2", atlas::bpe_pattern::gpt2}, {"cl100k", atlas::bpe_pattern::cl100k}, {"o200k", atlas::bpe_pattern::o200k}};

inline atlas::bpe_encoder open_encoder(const std::string& rank_file, const std::string& pattern) {
  constexpr std::uint64_t most_rank_bytes = std::uint64_t{1} << 30;
  atlas::buffer<char> ranks;
  take(atlas::read_file(rank_file.c_str(), most_rank_bytes, ranks), rank_file);
  return take(atlas::bpe_encoder::create({ranks.data(), ranks.size()}, bpe_patterns.at(pattern)), rank_file);
}

}  // namespace cli

#endif  // ATLAS_EXAMPLES_CLI_ENCODER_HPP
