// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/progress.hpp -- how a long call reports itself and is asked to stop.
//
// Room:      the one callback shape of every long call.
// Depends:   core/function_ref.hpp.
#ifndef ATLAS_CORE_PROGRESS_HPP
#define ATLAS_CORE_PROGRESS_HPP

#include <atlas/core/function_ref.hpp>  // function_ref

namespace atlas { inline namespace ATLAS_ABI {

/// Called now and then during a long call, from one thread at a time, with `done` of `total` items
/// (total 0: not known yet). Return false to stop: the call then ends with errc::cancelled.
using progress = function_ref<bool(std::uint64_t done, std::uint64_t total)>;

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_PROGRESS_HPP
