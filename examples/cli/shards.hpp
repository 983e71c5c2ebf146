// SPDX-License-Identifier: Apache-2.0
// examples/cli/shards.hpp -- opening several index files as one, with the one that fails named.
#ifndef ATLAS_EXAMPLES_CLI_SHARDS_HPP
#define ATLAS_EXAMPLES_CLI_SHARDS_HPP

#include <atlas/shards.hpp>

#include <string>
#include <vector>

namespace cli {

/// The files of a list; a failure names the list and the shard.
atlas::shards open_shards(const std::string& list, bool allow_missing);
/// The same of paths without a list.
atlas::shards open_shards(const std::vector<std::string>& paths);

}  // namespace cli

#endif  // ATLAS_EXAMPLES_CLI_SHARDS_HPP
