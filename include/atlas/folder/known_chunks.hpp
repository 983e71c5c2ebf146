// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/known_chunks.hpp -- which chunk of an index has this id, so that its vector need not be made again.
//
// Room:      known_chunks, an open-addressing table of chunks by id, in memory only.
// Depends:   folder/document_table.hpp, hnsw.hpp.
// Threads:   find() by any number of threads beside readers of the index, as long as nobody changes it.
#ifndef ATLAS_FOLDER_KNOWN_CHUNKS_HPP
#define ATLAS_FOLDER_KNOWN_CHUNKS_HPP

#include <atlas/core/bits.hpp>              // next_power_of_two
#include <atlas/folder/document_table.hpp>  // document_table
#include <atlas/hnsw.hpp>                   // hnsw

namespace atlas { inline namespace ATLAS_ABI {

/// Two chunks with one id are taken for the same text: an id is the XXH3-128 of the text and of the rule it was cut by. A file whose
/// ids lie leads to wrong vectors, and to no other harm.
class known_chunks {
 public:
  static constexpr std::uint64_t none = ~std::uint64_t{0};

  /// @param table, vectors  of one index; borrowed
  /// @return                errc::no_memory
  /// Cost: a pass over the chunks; 8 to 16 bytes of memory a chunk.
  [[nodiscard]] static result<known_chunks> create(const document_table& table, const hnsw<float>& vectors) noexcept {
    known_chunks made(table, vectors);
    const std::uint64_t count = table.chunk_count() < max_rows ? table.chunk_count() : max_rows;
    if (status said = made.slots_.resize(next_power_of_two((count + 1) * 2)); !said.ok()) return said.error();
    for (std::uint32_t& slot : made.slots_) slot = empty;
    for (std::uint64_t key = 0; key < count; ++key) {
      if (!vectors.contains(key)) continue;  // of a document that was removed
      const std::size_t place = made.place_of(table.chunk_at(key).id);
      if (place != made.slots_.size() && made.slots_[place] == empty) made.slots_[place] = static_cast<std::uint32_t>(key);
    }
    return made;
  }

  /// The key of a chunk with this id, or none.
  [[nodiscard]] std::uint64_t find(const hash128& id) const noexcept {
    const std::size_t place = place_of(id);
    return place == slots_.size() || slots_[place] == empty ? none : slots_[place];
  }
  /// The vector of a key that find() gave. @return as hnsw::get
  [[nodiscard]] status vector(std::uint64_t key, float* out) const noexcept { return vectors_->get(key, out); }

 private:
  static constexpr std::uint32_t empty = 0xFFFFFFFFU;
  // Ids that were chosen to collide must not make the table slow: what finds no place so near is not known. In a table that is at most
  // half full, runs of hashes that are so long do not come about by chance.
  static constexpr std::size_t most_probes = 128;

  known_chunks(const document_table& table, const hnsw<float>& vectors) noexcept : table_(&table), vectors_(&vectors) {}

  /// Where the id is or would be; slots_.size(): there is no place for it.
  [[nodiscard]] std::size_t place_of(const hash128& id) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    auto place = static_cast<std::size_t>(id.low) & mask;
    for (std::size_t probe = 0; probe < most_probes; ++probe, place = (place + 1) & mask) {
      if (slots_[place] == empty || table_->chunk_at(slots_[place]).id == id) return place;
    }
    return slots_.size();
  }

  const document_table* table_;
  const hnsw<float>* vectors_;
  buffer<std::uint32_t> slots_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_KNOWN_CHUNKS_HPP
