// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/options.hpp -- what the calls of every index take and fill.
//
// Room:      the option and result structs that flat, hnsw and any_index share.
// Not here:  what only one kind takes at creation (index/flat_index.hpp, index/hnsw_options.hpp).
// Depends:   core, distance (the scalar and metric names), index/filter.hpp.
#ifndef ATLAS_INDEX_OPTIONS_HPP
#define ATLAS_INDEX_OPTIONS_HPP

#include <atlas/core/progress.hpp>          // progress
#include <atlas/core/span.hpp>              // span
#include <atlas/distance/first_pass.hpp>    // first_pass
#include <atlas/distance/matrix_view.hpp>   // basic_matrix_view, in every signature
#include <atlas/distance/metric.hpp>        // metric
#include <atlas/distance/scalar.hpp>        // scalar
#include <atlas/index/filter.hpp>           // filter

namespace atlas { inline namespace ATLAS_ABI {

/// How hnsw finds rows among allowed ones. All give the same kind of answer at other costs.
enum class filter_strategy : std::uint8_t {
  automatic = 0,  ///< by the share of allowed rows in a sample, and what each way would cost
  walk = 1,       ///< through all rows, keeping allowed ones; for filters that let much through
  two_hop = 2,    ///< from allowed row to allowed row, also over one that is not, as ACORN does
  scan = 3,       ///< over all allowed rows; for filters that let little through
};

/// Options of a search for the k nearest. What is said to be hnsw's, flat leaves aside.
struct search_options {
  std::size_t k = 10;     ///< answers a query, >= 1; more than the index holds is fine
  /// hnsw: candidates kept ("ef"); 0: the index's default; raised to k if below. With `starts` or `patience`, the time
  /// grows with its square from some thousands on
  std::size_t width = 0;
  /// ivf_pq: lists looked at; 0: the index's default. Where these hold fewer than k rows that may be answers, because a filter
  /// allows few, lists are short or rows were removed, the search goes on to the next nearest lists until it has k * rerank
  /// candidates, with estimates_only and without rerank_codes k, or all lists were looked at. The rows of a bitmap with few bits are
  /// instead looked up by their keys and compared, all of them, where that is shorter; answers are then exact, as far as
  /// rerank_codes leave them so
  std::size_t probes = 0;
  /// ivf_pq: rows for each of k whose distance is measured, of those that are estimated nearest; 0: the index's default
  std::size_t rerank = 0;
  unsigned threads = 1;   ///< threads for a batch; 0: all that the process may use
  filter allowed = {};         ///< which keys may be returned
  filter_strategy strategy = filter_strategy::automatic;  ///< hnsw: how allowed rows are found
  /// hnsw: rows from which the walk begins: the nearest that a search of the level above keeps. More of them find their
  /// way in data of separate clusters; 0 and 1: one
  std::uint32_t starts = 0;
  /// hnsw: the walk ends after so many expansions in a row that brought nothing among the k nearest; 0: not before no
  /// candidate of its width is left (Teofili and Lin, "Patience in Proximity", ECIR 2025). ivf_pq: lists in a row, for expansions
  std::uint32_t patience = 0;
  /// hnsw: nanoseconds a query; the answer is what was found by then, which may be fewer than k; 0: no limit. What was found
  /// is still measured; a query beside which an upsert is published may begin anew, once
  std::uint64_t time_limit_ns = 0;
  /// ivf_pq: answers are those estimated nearest, and have estimated distances; with rerank_codes, from 256 rows on, those that are
  /// nearest by these codes, of as many as rerank says, and their distances. No vector is read, but with flat codes and before training
  bool estimates_only = false;
  /// flat: in what numbers a batch rules rows out; the answers are the same
  atlas::first_pass first_pass = first_pass::f32;
};

/// Options of a search within a radius.
struct range_options {
  std::size_t width = 0;  ///< hnsw: candidates kept besides those within the radius; ivf_pq: lists; 0: the default
  filter allowed = {};         ///< which keys may be returned
};

/// Where a search writes. Row-major [queries, k], nearest first. Unused slots: reserved_key and +inf.
struct hits_view {
  std::uint64_t* keys = nullptr;     ///< shape [queries, k]
  float* distances = nullptr;        ///< shape [queries, k], in the index's metric
  std::uint32_t* counts = nullptr;   ///< shape [queries]; answers found, <= k; may be null
};

/// Options of add and upsert.
struct add_options {
  unsigned threads = 1;  ///< 0: all that the process may use. One thread and one seed give the same graph
  progress on_progress = {};  ///< called with rows done; cancelling leaves the whole batch out
};

/// How a file is opened.
enum class open_mode : std::uint8_t {
  read = 0,    ///< mapped and shared; every change is refused with errc::read_only
  change = 1,  ///< copy-on-write: changes stay in this process until save; the file stays as it is
};
/// Where the vectors of an opened file stay. Searches give the same answers either way.
enum class vector_residence : std::uint8_t {
  mapped = 0,  ///< in the mapping, as everything else: what was looked at once may stay resident
  /// hnsw and ivf_pq, open_mode::read: in the file, out of which each vector is read when its exact distance is wanted. Only codes and
  /// graph become resident; a search makes about as many small reads as it measures vectors, up to its width. Where
  /// there are no codes, walks read each vector they compare: the same answers, at some hundred reads a search. The file
  /// must not be cut while it is open; then calls that need a vector fail with errc::corrupt_file, or errc::io for a
  /// device that cannot read.
  on_disk = 1,
};
struct open_options {
  open_mode mode = open_mode::read;
  vector_residence vectors = vector_residence::mapped;
  /// Whether what searches read is copied into memory, in huge pages where the system has them, instead of being mapped:
  /// vectors too, unless they are left on disk; the key map is not. It takes as much memory as these sections of the file,
  /// without a limit of its own: a file that is larger than memory is one to map. Opening then takes as long as reading the file, and searches of files much
  /// larger than the processor's caches are faster, sealed ones most: 1.04 to 1.2 times (bench/README.md)
  bool load = false;
};

/// Options of the tune of hnsw and of ivf_pq.
struct tune_options {
  std::size_t k = 10;         ///< answers a query, >= 1
  double recall = 0.95;       ///< wanted share of the exact answers, above 0 to 1; as near as the k-th counts as exact
  progress on_progress = {};  ///< called with queries asked, of the most there may be; cancelling leaves the index as it was
  unsigned threads = 1;       ///< that count right answers; 0: all that the process may use. The clock is one thread's
};

/// What tune set, and measured.
struct tune_result {
  std::size_t width = 0;          ///< hnsw: candidates kept while searching
  std::size_t prefetch_rows = 0;  ///< hnsw: rows asked for ahead in a walk
  double recall = 0;              ///< share of the exact answers found so; below the wanted one if nothing reaches that
  double queries_per_second = 0;  ///< with what was set, on one thread that nothing disturbs
  std::size_t probes = 0;         ///< ivf_pq: lists looked at
  std::size_t rerank = 0;         ///< ivf_pq: rows measured for each of k
};

/// What share of the exact answers searches were measured to find that name no settings of their own.
struct recall_promise {
  double recall = 0;  ///< 0: nothing is promised
  std::size_t k = 0;  ///< for so many answers a query
};

/// A section of the caller's that is written into the file beside the index's own, marked optional.
struct extra_section {
  std::uint32_t id = 0;             ///< >= 0x200 and not used by the index
  std::uint32_t element_bytes = 1;  ///< for readers; 1 for plain bytes
  const void* data = nullptr;       ///< size_bytes bytes, borrowed for the call
  std::uint64_t size_bytes = 0;
};

struct save_options {
  span<const extra_section> extra = {};
  progress on_progress = {};  ///< called with bytes done; cancelling leaves the target as it was
};

/// Options of hnsw's seal.
struct seal_options {
  std::uint32_t degree = 32;     ///< neighbours a row, a multiple of 32 up to 128
  unsigned threads = 1;          ///< 0: all that the process may use; the file is the same
  std::uint64_t seed = 42;       ///< of the rotation of vectors before their bits are taken
  save_options save = {};        ///< what else the file holds, and progress
};

/// Bytes an index holds, by part, whether in memory or mapped.
struct memory_use {
  std::uint64_t vectors = 0;   ///< rows as stored, padding included; 0 where they are left on disk
  std::uint64_t keys = 0;      ///< keys, row states and the key map
  /// hnsw: links, codes, a sealed one's blocks of neighbours; ivf_pq: lists, codes beside rows, and what was learned; 0 for flat
  std::uint64_t graph = 0;
  std::uint64_t scratch = 0;   ///< kept between searches
  [[nodiscard]] std::uint64_t total() const noexcept { return vectors + keys + graph + scratch; }
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_OPTIONS_HPP
