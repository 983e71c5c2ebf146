// SPDX-License-Identifier: Apache-2.0
// c_api/arguments.hpp -- checks what a C caller gave, before any C++ of ours sees it.
//
// Room:      options structs by struct_size, pointers, matrices, numbers that stand for enums, callbacks.
// Not here:  the meaning of an option: the C++ call that takes it checks its range.
// Depends:   core, distance, atlas.h.
// Threads:   pure.
#ifndef ATLAS_C_API_ARGUMENTS_HPP
#define ATLAS_C_API_ARGUMENTS_HPP

#include "atlas.h"

#include <atlas/core/memory.hpp>            // buffer
#include <atlas/core/progress.hpp>          // progress
#include <atlas/core/result.hpp>            // status, result, error
#include <atlas/core/span.hpp>              // span
#include <atlas/core/text_view.hpp>         // text_view
#include <atlas/distance/first_pass.hpp>    // first_pass
#include <atlas/distance/matrix_view.hpp>   // matrix_view, any_matrix_view
#include <atlas/distance/metric.hpp>        // metric
#include <atlas/distance/scalar.hpp>        // scalar
#include <atlas/index/ivf_options.hpp>      // ivf_codes, ivf_rotation
#include <atlas/index/options.hpp>          // search_options, open_options
#include <atlas/index/traversal_codes.hpp>  // traversal_codes

#include <cstddef>  // offsetof
#include <cstdint>
#include <cstring>

/// Inside a function that returns a status or a result: ends it with the error of `expression`, if that is one.
#define ATLAS_C_TRY(expression)                                                      \
  do {                                                                               \
    if (const auto outcome_ = (expression); !outcome_.ok()) return outcome_.error(); \
  } while (false)

namespace atlas::c_api {

/// The size of each options struct when it was first released: no caller can rightly send a shorter one.
/// tests/abi holds the same numbers against the frozen header.
template <class Options>
inline constexpr std::size_t first_size = 0;
template <>
inline constexpr std::size_t first_size<atlas_index_options> = 48;
template <>
inline constexpr std::size_t first_size<atlas_open_options> = 8;
template <>
inline constexpr std::size_t first_size<atlas_work_options> = 24;
template <>
inline constexpr std::size_t first_size<atlas_search_options> = 40;
template <>
inline constexpr std::size_t first_size<atlas_hits> = 48;
template <>
inline constexpr std::size_t first_size<atlas_nearest_options> = 32;
template <>
inline constexpr std::size_t first_size<atlas_save_options> = 24;
template <>
inline constexpr std::size_t first_size<atlas_seal_options> = 40;
template <>
inline constexpr std::size_t first_size<atlas_tune_options> = 40;
template <>
inline constexpr std::size_t first_size<atlas_tune_result> = 40;
template <>
inline constexpr std::size_t first_size<atlas_index_info> = 80;
template <>
inline constexpr std::size_t first_size<atlas_shards_options> = 16;
template <>
inline constexpr std::size_t first_size<atlas_shards_info> = 64;
template <>
inline constexpr std::size_t first_size<atlas_shard_info> = 40;
template <>
inline constexpr std::size_t first_size<atlas_shards_answer> = 32;
template <>
inline constexpr std::size_t first_size<atlas_ivf_build_options> = 56;
template <>
inline constexpr std::size_t first_size<atlas_ivf_builder_info> = 32;
template <>
inline constexpr std::size_t first_size<atlas_kmeans_options> = 72;
template <>
inline constexpr std::size_t first_size<atlas_kmeans_result> = 16;
template <>
inline constexpr std::size_t first_size<atlas_quantizer_options> = 72;
template <>
inline constexpr std::size_t first_size<atlas_quantizer_info> = 16;
template <>
inline constexpr std::size_t first_size<atlas_rotation_options> = 56;
template <>
inline constexpr std::size_t first_size<atlas_rotation_info> = 16;
template <>
inline constexpr std::size_t first_size<atlas_encoding_guess> = 16;
template <>
inline constexpr std::size_t first_size<atlas_decoded_text> = 48;
template <>
inline constexpr std::size_t first_size<atlas_tokenizer_info> = 24;
template <>
inline constexpr std::size_t first_size<atlas_chunker_options> = 168;
template <>
inline constexpr std::size_t first_size<atlas_semantic_options> = 72;
template <>
inline constexpr std::size_t first_size<atlas_content_defined_options> = 40;
template <>
inline constexpr std::size_t first_size<atlas_chunk_options> = 24;
template <>
inline constexpr std::size_t first_size<atlas_embedder_options> = 40;
template <>
inline constexpr std::size_t first_size<atlas_embedder_info> = 24;
template <>
inline constexpr std::size_t first_size<atlas_folder_options> = 96;
template <>
inline constexpr std::size_t first_size<atlas_folder_report> = 152;
template <>
inline constexpr std::size_t first_size<atlas_folder_info> = 56;
template <>
inline constexpr std::size_t first_size<atlas_queue_options> = 32;
template <>
inline constexpr std::size_t first_size<atlas_queue_info> = 88;
template <>
inline constexpr std::size_t first_size<atlas_channel_options> = 32;
template <>
inline constexpr std::size_t first_size<atlas_channel_receiver_info> = 24;
template <>
inline constexpr std::size_t first_size<atlas_channel_sender_info> = 24;

/// No struct of this ABI will be longer; a larger struct_size is uninitialised memory, not a newer caller.
inline constexpr std::uint32_t longest_struct = 4096;

[[nodiscard]] inline error missing(const char* field) noexcept {
  return error{errc::invalid_argument, field, "a pointer", "NULL"};
}

/// Refuses a null pointer and, for arrays, one that is not aligned as its elements need.
/// @param count  elements behind it; an array of none may be null
template <class T>
[[nodiscard]] status require(const T* pointer, const char* field, std::uint64_t count = 1) noexcept {
  if (count == 0) return {};
  if (pointer == nullptr) return missing(field);
  if (reinterpret_cast<std::uintptr_t>(pointer) % alignof(T) != 0) {
    return error{errc::invalid_argument, field, "a pointer aligned to its element", "one that is not"};
  }
  if (count > static_cast<std::uint64_t>(PTRDIFF_MAX) / sizeof(T)) {
    return error{errc::limit_exceeded, field, static_cast<std::uint64_t>(PTRDIFF_MAX) / sizeof(T), count};
  }
  return {};
}

[[nodiscard]] inline status check_struct_size(std::uint32_t size, std::size_t least, const char* what) noexcept {
  if (size < least) {
    return error{errc::invalid_argument, what, "struct_size = sizeof the struct (set it with its _INIT macro)", size};
  }
  if (size > longest_struct) return error{errc::limit_exceeded, what, "a struct_size of at most 4096", size};
  return {};
}

/// The caller's struct in this library's layout: what the caller's version lacks is zero.
///
/// @param from       null gives all zeros
/// @param what       names the struct in an error, for example "add options"
/// @return           errc::invalid_argument for a struct_size below the first release's, or for a longer
///                   struct whose unknown tail is not zero: no wish is dropped in silence
template <class Options>
[[nodiscard]] result<Options> read_options(const Options* from, const char* what) noexcept {
  static_assert(first_size<Options> != 0 && first_size<Options> <= sizeof(Options), "name its first size above");
  Options options;
  std::memset(static_cast<void*>(&options), 0, sizeof options);
  options.struct_size = static_cast<std::uint32_t>(sizeof options);
  if (from == nullptr) return options;
  ATLAS_C_TRY(require(from, what));

  const std::uint32_t size = from->struct_size;
  ATLAS_C_TRY(check_struct_size(size, first_size<Options>, what));
  const auto* bytes = reinterpret_cast<const unsigned char*>(from);
  for (std::size_t at = sizeof options; at < size; ++at) {
    if (bytes[at] != 0) {
      return error{errc::invalid_argument, what, "zeros behind the fields this library knows", at};
    }
  }
  std::memcpy(static_cast<void*>(&options), from, size < sizeof options ? size : sizeof options);
  options.struct_size = static_cast<std::uint32_t>(sizeof options);
  return options;
}

/// Whether write_info can fill this struct of the caller's.
template <class Info>
[[nodiscard]] status require_info(const Info* to, const char* what) noexcept {
  static_assert(first_size<Info> != 0 && first_size<Info> <= sizeof(Info), "name its first size above");
  ATLAS_C_TRY(require(to, what));
  return check_struct_size(to->struct_size, first_size<Info>, what);
}
/// Fills a caller's struct of results: as much of it as the caller knows, and zeros where it knows more.
template <class Info>
[[nodiscard]] status write_info(Info* to, const char* what, const Info& info) noexcept {
  ATLAS_C_TRY(require_info(to, what));
  const std::uint32_t size = to->struct_size;
  std::memset(static_cast<void*>(to), 0, size);
  std::memcpy(static_cast<void*>(to), &info, size < sizeof info ? size : sizeof info);
  to->struct_size = size;
  return {};
}

[[nodiscard]] inline status require_zero(std::uint64_t value, const char* field) noexcept {
  if (value != 0) return error{errc::invalid_argument, field, std::uint64_t{0}, value};
  return {};
}

/// Bytes into the caller's if they are enough.
/// @param make  status(buffer<Byte>&)
template <class Byte, class Make>
[[nodiscard]] status write_bytes(std::uint64_t* needed, void* out, std::size_t capacity, Make make) noexcept {
  static_assert(sizeof(Byte) == 1);
  ATLAS_C_TRY(require(needed, "needed"));
  ATLAS_C_TRY(require(static_cast<const std::byte*>(out), "out", capacity));
  buffer<Byte> bytes;
  ATLAS_C_TRY(make(bytes));
  *needed = bytes.size();
  if (bytes.size() != 0 && bytes.size() <= capacity) std::memcpy(out, bytes.data(), bytes.size());
  return {};
}
/// A state as bytes.
/// @param save  status(buffer<std::byte>&)
template <class Save>
[[nodiscard]] status write_state(std::uint64_t* needed, void* out, std::size_t capacity, Save save) noexcept {
  return write_bytes<std::byte>(needed, out, capacity, save);
}
/// Bytes that a caller gives.
[[nodiscard]] inline result<span<const std::byte>> read_bytes(const void* from, const char* field, std::size_t size) noexcept {
  const auto* const bytes = static_cast<const std::byte*>(from);
  ATLAS_C_TRY(require(bytes, field, size));
  return span<const std::byte>(bytes, size);
}
/// A state that a caller gives; its bytes are the opening call's to check.
[[nodiscard]] inline result<span<const std::byte>> read_state(const void* state, std::size_t state_bytes) noexcept {
  return read_bytes(state, "state", state_bytes);
}

/// A number that names nothing.
[[nodiscard]] inline error no_such(const char* field, const char* expected, std::int32_t number) noexcept {
  if (number < 0) return error{errc::invalid_argument, field, expected, "a negative number"};
  return error{errc::invalid_argument, field, expected, static_cast<std::uint64_t>(number)};
}

[[nodiscard]] inline result<metric> read_metric(std::int32_t number) noexcept {
  if (number < 0 || number > 255 || !is_metric(static_cast<std::uint8_t>(number))) {
    return no_such("metric", "one of ATLAS_METRIC_", number);
  }
  return static_cast<metric>(number);
}

[[nodiscard]] inline result<scalar> read_scalar(std::int32_t number, const char* field) noexcept {
  if (number < 0 || number > 255 || !is_scalar(static_cast<std::uint8_t>(number))) {
    return no_such(field, "one of ATLAS_SCALAR_", number);
  }
  return static_cast<scalar>(number);
}

/// @return  errc::scalar_mismatch unless it is f32
[[nodiscard]] inline status require_f32(std::int32_t number, const char* field) noexcept {
  const auto which = read_scalar(number, field);
  if (!which.ok()) return which.error();
  if (*which != scalar::f32) return error{errc::scalar_mismatch, field, "f32", name(*which)};
  return {};
}

/// What errors call a matrix argument and its fields.
struct matrix_fields {
  const char* matrix;
  const char* data;
  const char* scalar;
  const char* stride;
  const char* dimension;
};
inline constexpr matrix_fields vectors_fields{"vectors", "vectors.data", "vectors.scalar", "vectors.stride",
                                              "vectors.dimension"};
inline constexpr matrix_fields sample_fields{"sample", "sample.data", "sample.scalar", "sample.stride",
                                             "sample.dimension"};
inline constexpr matrix_fields queries_fields{"queries", "queries.data", "queries.scalar", "queries.stride",
                                              "queries.dimension"};
inline constexpr matrix_fields rows_fields{"rows", "rows.data", "rows.scalar", "rows.stride", "rows.dimension"};
inline constexpr matrix_fields centroids_fields{"centroids", "centroids.data", "centroids.scalar", "centroids.stride",
                                                "centroids.dimension"};
inline constexpr matrix_fields codes_fields{"codes", "codes.data", "codes.scalar", "codes.stride", "codes.dimension"};
inline constexpr matrix_fields query_fields{"query", "query.data", "query.scalar", "query.stride", "query.dimension"};

/// A caller's matrix of any scalar, its pointer, stride and size in bytes checked; its dimension is not.
[[nodiscard]] inline result<any_matrix_view> read_any_matrix(const atlas_matrix* from,
                                                             const matrix_fields& fields) noexcept {
  ATLAS_C_TRY(require(from, fields.matrix));
  const auto element = read_scalar(from->scalar, fields.scalar);
  if (!element.ok()) return element.error();
  const std::uint64_t least = *element == scalar::b1 ? elements_of<b1x8>(from->dimension) : from->dimension;
  const std::uint64_t stride = from->stride == 0 ? least : from->stride;
  if (stride < least) return error{errc::invalid_argument, fields.stride, "0, or at least", least, from->stride};
  std::uint64_t elements = 0;
  if (__builtin_mul_overflow(from->rows, stride, &elements)) {
    return error{errc::limit_exceeded, fields.matrix, "fewer than 2^61 components", from->rows};
  }
  switch (*element) {
    case scalar::f32: ATLAS_C_TRY(require(static_cast<const float*>(from->data), fields.data, elements)); break;
    case scalar::f16:
    case scalar::bf16:
      ATLAS_C_TRY(require(static_cast<const std::uint16_t*>(from->data), fields.data, elements));
      break;
    case scalar::i8:
    case scalar::u8:
    case scalar::b1: ATLAS_C_TRY(require(static_cast<const std::uint8_t*>(from->data), fields.data, elements)); break;
  }
  return any_matrix_view{from->data, from->rows, from->dimension, stride, *element};
}

/// The same of f32 alone.
[[nodiscard]] inline result<matrix_view> read_matrix(const atlas_matrix* from, const matrix_fields& fields) noexcept {
  const auto any = read_any_matrix(from, fields);
  if (!any.ok()) return any.error();
  ATLAS_C_TRY(require_f32(from->scalar, fields.scalar));
  return matrix_view{static_cast<const float*>(any->data), any->rows, any->dimension, any->stride};
}

/// Codes, a row of bytes each.
[[nodiscard]] inline result<basic_matrix_view<std::uint8_t>> read_codes_matrix(const atlas_matrix* from) noexcept {
  const auto any = read_any_matrix(from, codes_fields);
  if (!any.ok()) return any.error();
  if (any->element != scalar::u8) return error{errc::scalar_mismatch, codes_fields.scalar, "u8", name(any->element)};
  return basic_matrix_view<std::uint8_t>{static_cast<const std::uint8_t*>(any->data), any->rows, any->dimension, any->stride};
}

/// `rows` times `columns`, refused where no array can have so many.
[[nodiscard]] inline result<std::uint64_t> count_slots(std::uint64_t rows, std::uint64_t columns,
                                                       const char* field) noexcept {
  std::uint64_t slots = 0;
  if (__builtin_mul_overflow(rows, columns, &slots)) {
    return error{errc::limit_exceeded, field, "at most", ~std::uint64_t{0} / rows, columns};
  }
  return slots;
}

[[nodiscard]] inline status require_dimension(std::uint64_t found, std::uint64_t expected, const char* field) noexcept {
  if (found != expected) return error{errc::dimension_mismatch, field, expected, found};
  return {};
}

[[nodiscard]] inline result<first_pass> read_first_pass(std::int32_t number) noexcept {
  if (number < 0 || number > 255 || !is_first_pass(static_cast<std::uint8_t>(number))) {
    return no_such("options.first_pass", "one of ATLAS_FIRST_PASS_", number);
  }
  return static_cast<first_pass>(number);
}

/// ATLAS_CODES_ begins with what 0 means, traversal_codes with what files number as 0.
[[nodiscard]] inline result<traversal_codes> read_codes(std::int32_t number, const char* field) noexcept {
  if (number == ATLAS_CODES_AUTOMATIC) return traversal_codes::automatic;
  if (number < ATLAS_CODES_NONE || number > ATLAS_CODES_LVQ4) return no_such(field, "one of ATLAS_CODES_", number);
  return static_cast<traversal_codes>(number - ATLAS_CODES_NONE);
}
[[nodiscard]] constexpr std::int32_t codes_number(traversal_codes which) noexcept {
  if (which == traversal_codes::automatic) return ATLAS_CODES_AUTOMATIC;
  return ATLAS_CODES_NONE + static_cast<std::int32_t>(which);
}
static_assert(codes_number(traversal_codes::none) == ATLAS_CODES_NONE);
static_assert(codes_number(traversal_codes::f16) == ATLAS_CODES_F16);
static_assert(codes_number(traversal_codes::bf16) == ATLAS_CODES_BF16);
static_assert(codes_number(traversal_codes::lvq8) == ATLAS_CODES_LVQ8);
static_assert(codes_number(traversal_codes::lvq4) == ATLAS_CODES_LVQ4);

/// ATLAS_LIST_CODES_ and ATLAS_ROTATION_ begin with what 0 means, as ATLAS_CODES_.
[[nodiscard]] inline result<ivf_codes> read_list_codes(std::int32_t number) noexcept {
  if (number == ATLAS_LIST_CODES_AUTOMATIC) return ivf_codes::automatic;
  if (number < ATLAS_LIST_CODES_FLAT || number > ATLAS_LIST_CODES_SQ8) {
    return no_such("options.list_codes", "one of ATLAS_LIST_CODES_", number);
  }
  return static_cast<ivf_codes>(number - ATLAS_LIST_CODES_FLAT);
}
[[nodiscard]] constexpr std::int32_t list_codes_number(ivf_codes which) noexcept {
  return ATLAS_LIST_CODES_FLAT + static_cast<std::int32_t>(which);
}
static_assert(list_codes_number(ivf_codes::flat) == ATLAS_LIST_CODES_FLAT);
static_assert(list_codes_number(ivf_codes::pq4) == ATLAS_LIST_CODES_PQ4);
static_assert(list_codes_number(ivf_codes::pq8) == ATLAS_LIST_CODES_PQ8);
static_assert(list_codes_number(ivf_codes::rabitq) == ATLAS_LIST_CODES_RABITQ);
static_assert(list_codes_number(ivf_codes::sq8) == ATLAS_LIST_CODES_SQ8);
[[nodiscard]] inline result<ivf_rotation> read_rotation(std::int32_t number) noexcept {
  if (number == ATLAS_ROTATION_AUTOMATIC) return ivf_rotation::automatic;
  if (number < ATLAS_ROTATION_NONE || number > ATLAS_ROTATION_LEARNED) {
    return no_such("options.rotation", "one of ATLAS_ROTATION_", number);
  }
  return static_cast<ivf_rotation>(number - ATLAS_ROTATION_NONE);
}
[[nodiscard]] constexpr std::int32_t rotation_number(ivf_rotation which) noexcept {
  return ATLAS_ROTATION_NONE + static_cast<std::int32_t>(which);
}
static_assert(rotation_number(ivf_rotation::none) == ATLAS_ROTATION_NONE);
static_assert(rotation_number(ivf_rotation::random) == ATLAS_ROTATION_RANDOM);
static_assert(rotation_number(ivf_rotation::learned) == ATLAS_ROTATION_LEARNED);

static_assert(ATLAS_STRATEGY_AUTOMATIC == static_cast<int>(filter_strategy::automatic));
static_assert(ATLAS_STRATEGY_WALK == static_cast<int>(filter_strategy::walk));
static_assert(ATLAS_STRATEGY_TWO_HOP == static_cast<int>(filter_strategy::two_hop));
static_assert(ATLAS_STRATEGY_SCAN == static_cast<int>(filter_strategy::scan));

/// What a search is asked for but its k. The pointer of an allow-list must not be missing behind a length; what not
/// every search heeds is checked all the same.
[[nodiscard]] inline result<search_options> read_search_options(const atlas_search_options* from) noexcept {
  const auto wished = read_options(from, "search options");
  if (!wished.ok()) return wished.error();
  ATLAS_C_TRY(require_zero(wished->reserved, "options.reserved"));
  ATLAS_C_TRY(require_zero(wished->reserved_2, "options.reserved_2"));
  ATLAS_C_TRY(require_zero(wished->reserved_3, "options.reserved_3"));
  if (wished->estimates_only > 1) {
    return error{errc::invalid_argument, "options.estimates_only", "0 or 1", wished->estimates_only};
  }
  const auto first = read_first_pass(wished->first_pass);
  if (!first.ok()) return first.error();
  if (wished->strategy < ATLAS_STRATEGY_AUTOMATIC || wished->strategy > ATLAS_STRATEGY_SCAN) {
    return no_such("options.strategy", "one of ATLAS_STRATEGY_", wished->strategy);
  }
  const std::uint64_t words = wished->allowed_bits / 64 + (wished->allowed_bits % 64 != 0 ? 1 : 0);
  ATLAS_C_TRY(require(wished->allowed, "options.allowed", words));
  search_options how;
  how.width = wished->width;
  how.threads = wished->threads;
  how.allowed.bitmap = wished->allowed;
  how.allowed.bitmap_bits = wished->allowed_bits;
  how.strategy = static_cast<filter_strategy>(wished->strategy);
  how.starts = wished->starts;
  how.patience = wished->patience;
  how.time_limit_ns = wished->time_limit_ns;
  how.probes = wished->probes;
  how.rerank = wished->rerank;
  how.estimates_only = wished->estimates_only == 1;
  how.first_pass = *first;
  return how;
}

[[nodiscard]] inline result<open_options> read_open_options(const atlas_open_options* from) noexcept {
  const auto wished = read_options(from, "open options");
  if (!wished.ok()) return wished.error();
  if (wished->mode != ATLAS_OPEN_READ && wished->mode != ATLAS_OPEN_CHANGE) {
    return no_such("options.mode", "one of ATLAS_OPEN_", wished->mode);
  }
  if (wished->vectors != ATLAS_VECTORS_MAPPED && wished->vectors != ATLAS_VECTORS_ON_DISK) {
    return no_such("options.vectors", "one of ATLAS_VECTORS_", wished->vectors);
  }
  if (wished->load != 0 && wished->load != 1) return no_such("options.load", "0 or 1", wished->load);
  open_options how;
  how.mode = static_cast<open_mode>(wished->mode);
  how.vectors = static_cast<vector_residence>(wished->vectors);
  how.load = wished->load != 0;
  return how;
}

/// A C callback as the progress of a C++ call. Lives on the stack of the exported function.
class progress_call {
 public:
  progress_call(atlas_progress call, void* context) noexcept : call_(call), context_(context) {}
  bool operator()(std::uint64_t done, std::uint64_t total) const { return call_(done, total, context_) == 0; }
  /// Empty if the caller gave none. Borrows this object.
  [[nodiscard]] progress view() const noexcept { return call_ == nullptr ? progress{} : progress{*this}; }

 private:
  atlas_progress call_;
  void* context_;
};

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_ARGUMENTS_HPP
