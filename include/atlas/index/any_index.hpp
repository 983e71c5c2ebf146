// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/any_index.hpp -- an index of whatever kind a file says.
//
// Room:      any_index: one handle for flat, hnsw and ivf_pq, for callers that learn the kind at run time.
// Not here:  what its members promise (index/basic_index.hpp).
// Depends:   index/{flat_index,hnsw_index,ivf_index}.hpp.
// Threads:   as index/basic_index.hpp says.
#ifndef ATLAS_INDEX_ANY_INDEX_HPP
#define ATLAS_INDEX_ANY_INDEX_HPP

#include <atlas/index/flat_index.hpp>  // flat
#include <atlas/index/hnsw_index.hpp>  // hnsw
#include <atlas/index/ivf_index.hpp>   // ivf_pq

namespace atlas { inline namespace ATLAS_ABI {

/// One of flat<float>, hnsw<float> and ivf_pq<float>. Members without a comment are those of the index held.
class any_index {
 public:
  any_index(flat<float>&& index) noexcept : kind_(file_kind::flat) { hold(flat_, index); }      // NOLINT: any index is one
  any_index(hnsw<float>&& index) noexcept : kind_(file_kind::hnsw) { hold(hnsw_, index); }      // NOLINT: likewise
  any_index(ivf_pq<float>&& index) noexcept : kind_(file_kind::ivf_pq) { hold(ivf_pq_, index); }  // NOLINT: likewise
  any_index(any_index&& other) noexcept : kind_(other.kind_) {
    switch (kind_) {
      case file_kind::flat: hold(flat_, other.flat_); break;
      case file_kind::hnsw: hold(hnsw_, other.hnsw_); break;
      case file_kind::ivf_pq: hold(ivf_pq_, other.ivf_pq_); break;
    }
  }
  any_index& operator=(any_index&& other) noexcept {
    if (this != &other) {
      this->~any_index();
      ::new (static_cast<void*>(this)) any_index(static_cast<any_index&&>(other));
    }
    return *this;
  }
  any_index(const any_index&) = delete;
  any_index& operator=(const any_index&) = delete;
  ~any_index() {
    switch (kind_) {
      case file_kind::flat: flat_.~flat<float>(); break;
      case file_kind::hnsw: hnsw_.~hnsw<float>(); break;
      case file_kind::ivf_pq: ivf_pq_.~ivf_pq<float>(); break;
    }
  }

  /// Opens a file by what its header says. Reads the header page twice; otherwise as the kind's own open.
  /// @return  the errors of the kind's own open; errc::kind_mismatch for a kind this version does not know
  [[nodiscard]] static result<any_index> open(const char* path, const open_options& options = {}) noexcept {
    auto file = file_reader::open(path);
    if (!file.ok()) return file.error();
    const file_kind kind = file->header().kind;
    switch (kind) {
      case file_kind::flat: return wrap(flat<float>::open(path, options));
      case file_kind::hnsw: return wrap(hnsw<float>::open(path, options));
      case file_kind::ivf_pq: return wrap(ivf_pq<float>::open(path, options));
    }
    return error{errc::kind_mismatch, "header.kind", "1 flat, 2 hnsw or 3 ivf_pq", static_cast<std::uint64_t>(kind)};
  }

  [[nodiscard]] file_kind kind() const noexcept { return kind_; }
  [[nodiscard]] const char* kind_name() const noexcept {
    return kind_ == file_kind::flat ? "flat" : kind_ == file_kind::hnsw ? "hnsw" : "ivf_pq";
  }
  /// The index held, or null if it is of another kind.
  [[nodiscard]] flat<float>* as_flat() noexcept { return kind_ == file_kind::flat ? &flat_ : nullptr; }
  [[nodiscard]] const flat<float>* as_flat() const noexcept { return kind_ == file_kind::flat ? &flat_ : nullptr; }
  [[nodiscard]] hnsw<float>* as_hnsw() noexcept { return kind_ == file_kind::hnsw ? &hnsw_ : nullptr; }
  [[nodiscard]] const hnsw<float>* as_hnsw() const noexcept { return kind_ == file_kind::hnsw ? &hnsw_ : nullptr; }
  [[nodiscard]] ivf_pq<float>* as_ivf_pq() noexcept { return kind_ == file_kind::ivf_pq ? &ivf_pq_ : nullptr; }
  [[nodiscard]] const ivf_pq<float>* as_ivf_pq() const noexcept { return kind_ == file_kind::ivf_pq ? &ivf_pq_ : nullptr; }

  /// Calls `call(index)` with the index held, whatever its kind; all calls must give the same type.
  template <class Call>
  auto visit(Call call) noexcept {
    return kind_ == file_kind::flat ? call(flat_) : kind_ == file_kind::hnsw ? call(hnsw_) : call(ivf_pq_);
  }
  template <class Call>
  auto visit(Call call) const noexcept {
    return kind_ == file_kind::flat ? call(flat_) : kind_ == file_kind::hnsw ? call(hnsw_) : call(ivf_pq_);
  }

  [[nodiscard]] status add(span<const std::uint64_t> keys, const matrix_view& vectors, const add_options& options = {}) noexcept {
    return visit([&](auto& index) noexcept { return index.add(keys, vectors, options); });
  }
  [[nodiscard]] status upsert(span<const std::uint64_t> keys, const matrix_view& vectors, const add_options& options = {}) noexcept {
    return visit([&](auto& index) noexcept { return index.upsert(keys, vectors, options); });
  }
  [[nodiscard]] status remove(std::uint64_t key) noexcept {
    return visit([&](auto& index) noexcept { return index.remove(key); });
  }
  [[nodiscard]] bool contains(std::uint64_t key) const noexcept {
    return visit([&](auto& index) noexcept { return index.contains(key); });
  }
  [[nodiscard]] status get(std::uint64_t key, float* out) const noexcept {
    return visit([&](auto& index) noexcept { return index.get(key, out); });
  }
  std::size_t list_keys(std::uint64_t& cursor, span<std::uint64_t> out) const noexcept {
    return visit([&](auto& index) noexcept { return index.list_keys(cursor, out); });
  }
  [[nodiscard]] status search(const matrix_view& queries, const search_options& options, hits_view hits) const noexcept {
    return visit([&](auto& index) noexcept { return index.search(queries, options, hits); });
  }
  [[nodiscard]] result<std::size_t> range(span<const float> query, float radius, const range_options& options,
                                          span<std::uint64_t> keys, span<float> distances) const noexcept {
    return visit([&](auto& index) noexcept { return index.range(query, radius, options, keys, distances); });
  }
  [[nodiscard]] status distances(span<const float> query, span<const std::uint64_t> keys, float* out) const noexcept {
    return visit([&](auto& index) noexcept { return index.distances(query, keys, out); });
  }
  [[nodiscard]] status reserve(std::size_t rows) noexcept {
    return visit([&](auto& index) noexcept { return index.reserve(rows); });
  }
  [[nodiscard]] status compact() noexcept {
    return visit([](auto& index) noexcept { return index.compact(); });
  }
  [[nodiscard]] status save(const char* path, const save_options& options = {}) const noexcept {
    return visit([&](auto& index) noexcept { return index.save(path, options); });
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return visit([](auto& index) noexcept { return index.size(); });
  }
  [[nodiscard]] std::size_t dimension() const noexcept {
    return visit([](auto& index) noexcept { return index.dimension(); });
  }
  [[nodiscard]] atlas::metric metric() const noexcept {
    return visit([](auto& index) noexcept { return index.metric(); });
  }
  [[nodiscard]] scalar element() const noexcept {
    return visit([](auto& index) noexcept { return index.element(); });
  }
  [[nodiscard]] bool is_read_only() const noexcept {
    return visit([](auto& index) noexcept { return index.is_read_only(); });
  }
  [[nodiscard]] const file_reader* file() const noexcept {
    return visit([](auto& index) noexcept { return index.file(); });
  }
  [[nodiscard]] memory_use memory() const noexcept {
    return visit([](auto& index) noexcept { return index.memory(); });
  }

 private:
  template <class Index>
  [[nodiscard]] static result<any_index> wrap(result<Index>&& opened) noexcept {
    if (!opened.ok()) return opened.error();
    return any_index(static_cast<Index&&>(*opened));
  }

  template <class Index>
  static void hold(Index& place, Index& index) noexcept {
    ::new (static_cast<void*>(&place)) Index(static_cast<Index&&>(index));
  }

  union {
    flat<float> flat_;
    hnsw<float> hnsw_;
    ivf_pq<float> ivf_pq_;
  };
  file_kind kind_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_ANY_INDEX_HPP
