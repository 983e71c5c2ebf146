// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/semantic_vectors.hpp -- the vectors of the sentences that a decision is made about.
//
// Room:      semantic_vectors: a run of pieces with a unit vector each, and how alike they are.
// Not here:  which pieces there are (chunk/semantic_pieces.hpp), what is decided (chunk/semantic_rule.hpp).
// Depends:   core, distance, chunk/semantic_options.hpp.
// Threads:   used by one thread at a time.
#ifndef ATLAS_CHUNK_SEMANTIC_VECTORS_HPP
#define ATLAS_CHUNK_SEMANTIC_VECTORS_HPP

#include <atlas/chunk/semantic_options.hpp>   // embed_texts, semantic_options
#include <atlas/chunk/semantic_pieces.hpp>    // semantic_piece
#include <atlas/core/hash.hpp>                // xxh3_64
#include <atlas/core/memory.hpp>              // buffer
#include <atlas/distance/pair_distance.hpp>   // cosine, l2sq

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Pieces one behind the other, and the sums of their vectors up to each, of which everything is computed that is asked.
class semantic_vectors {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return pieces_.size(); }
  [[nodiscard]] const semantic_piece& operator[](std::size_t i) const noexcept { return pieces_[i]; }

  /// Names the pieces; those at the beginning that had vectors keep them.
  void clear_pieces() noexcept { pieces_.clear(); }
  [[nodiscard]] status add_piece(const semantic_piece& piece) noexcept { return pieces_.push_back(piece); }

  /// Sees to it that every piece has its vector.
  /// @param text   from the first piece's begin on, at least to the last one's end
  /// @param first  so many pieces have been embedded before, if it was by this object
  /// @return       errors: the callable's; no_memory; invalid_argument if it wrote another number of vectors; not_finite and zero_vector with
  ///               the row. Then the pieces before `first` keep their vectors
  [[nodiscard]] status embed(text_view text, std::size_t first, embed_texts model, const semantic_options& options) noexcept {
    const std::size_t dimension = options.dimension;
    if (status made = vectors_.resize(size() * dimension); !made.ok()) return forget(made);
    const std::uint64_t known = hash_of(text, first);
    if (first != embedded_ || known != hash_) embedded_ = 0;
    // What was embedded once and has to be again, behind a checkpoint, is no part of the batch.
    while (embedded_ < first) {
      if (status done = embed_batch(text, first, model, options); !done.ok()) return done;
    }
    hash_ = known;
    while (embedded_ < size()) {
      if (status done = embed_batch(text, size(), model, options); !done.ok()) {
        embedded_ = first;
        return done;
      }
    }
    return sum_up(dimension);
  }
  /// Forgets the first pieces.
  /// @param text  as of embed()
  void drop(text_view text, std::size_t count, std::size_t dimension) noexcept {
    const std::size_t left = size() - count;
    const auto bytes = count == size() ? text.size() : static_cast<std::size_t>(pieces_[count].begin - pieces_[0].begin);
    if (left != 0) {
      std::memmove(static_cast<void*>(pieces_.data()), pieces_.data() + count, left * sizeof(semantic_piece));
      std::memmove(vectors_.data(), vectors_.data() + count * dimension, left * dimension * sizeof(float));
    }
    static_cast<void>(pieces_.resize(left));  // smaller: never fails
    static_cast<void>(vectors_.resize(left * dimension));
    embedded_ = left;
    hash_ = hash_of(text.subview(bytes, text.size() - bytes), left);
  }

  /// 1 - the cosine of the angle between the sums of pieces [first, middle) and [middle, last); 0 if one of them is 0.
  /// @param scratch  room for twice the dimension
  [[nodiscard]] double drop_at(std::size_t first, std::size_t middle, std::size_t last, std::size_t dimension, float* scratch) const noexcept {
    const float* const begin = sums_.data() + first * dimension;
    const float* const at = sums_.data() + middle * dimension;
    const float* const end = sums_.data() + last * dimension;
    float* const before = scratch;
    float* const behind = scratch + dimension;
    for (std::size_t i = 0; i < dimension; ++i) before[i] = at[i] - begin[i];
    for (std::size_t i = 0; i < dimension; ++i) behind[i] = end[i] - at[i];
    const auto distance = static_cast<double>(cosine(before, behind, dimension));
    return distance == distance ? distance : 0;
  }
  /// The sum of the products of all pairs of different pieces in [first, last), each pair twice.
  [[nodiscard]] double likeness(std::size_t first, std::size_t last, std::size_t dimension) const noexcept {
    const float square = l2sq(sums_.data() + last * dimension, sums_.data() + first * dimension, dimension);
    return static_cast<double>(square) - static_cast<double>(last - first);
  }

 private:
  [[nodiscard]] text_view text_of(text_view text, const semantic_piece& piece) const noexcept {
    text_view out = text.subview(static_cast<std::size_t>(piece.begin - pieces_[0].begin), static_cast<std::size_t>(piece.end - piece.begin));
    if (is_white_space(out)) return out;
    while (is_white_space(out.subview(out.size() - 1, 1))) out = out.subview(0, out.size() - 1);
    return out;
  }
  [[nodiscard]] std::uint64_t hash_of(text_view text, std::size_t count) const noexcept {
    return xxh3_64(text.data(), count == 0 ? 0 : static_cast<std::size_t>(pieces_[count - 1].end - pieces_[0].begin));
  }
  [[nodiscard]] status forget(const status& why) noexcept {
    embedded_ = 0;
    return why.error();
  }
  [[nodiscard]] status embed_batch(text_view text, std::size_t end, embed_texts model, const semantic_options& options) noexcept {
    text_view texts[256];
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (; embedded_ + count < end && count < options.batch_texts; ++count) {
      texts[count] = text_of(text, pieces_[embedded_ + count]);
      if (count != 0 && bytes + texts[count].size() > options.batch_bytes) break;
      bytes += texts[count].size();
    }
    float* const rows = vectors_.data() + embedded_ * options.dimension;
    const result<std::size_t> wrote = model(span<const text_view>(texts, count), rows);
    if (!wrote.ok()) return wrote.error();
    if (*wrote != count) return error{errc::invalid_argument, "embedded texts", count, *wrote};
    for (std::size_t i = 0; i < count; ++i) {
      if (status unit = make_unit(rows + i * options.dimension, options.dimension); !unit.ok()) return unit.error().at_row(i);
    }
    embedded_ += count;
    return {};
  }
  [[nodiscard]] static status make_unit(float* vector, std::size_t dimension) noexcept {
    double square = 0;
    for (std::size_t i = 0; i < dimension; ++i) square += static_cast<double>(vector[i]) * static_cast<double>(vector[i]);
    if (!(square < 1e300)) return error{errc::not_finite, "embedded text", "finite numbers", "NaN or infinity"};
    if (square == 0) return error{errc::zero_vector, "embedded text", "a direction", "a vector of zeros"};
    const double factor = 1 / __builtin_sqrt(square);
    for (std::size_t i = 0; i < dimension; ++i) vector[i] = static_cast<float>(static_cast<double>(vector[i]) * factor);
    return {};
  }
  [[nodiscard]] status sum_up(std::size_t dimension) noexcept {
    if (status made = sums_.resize((size() + 1) * dimension); !made.ok()) return made;
    for (std::size_t i = 0; i < dimension; ++i) sums_[i] = 0;
    for (std::size_t piece = 0; piece < size(); ++piece) {
      const float* const sum = sums_.data() + piece * dimension;
      const float* const vector = vectors_.data() + piece * dimension;
      float* const next = sums_.data() + (piece + 1) * dimension;
      for (std::size_t i = 0; i < dimension; ++i) next[i] = sum[i] + vector[i];
    }
    return {};
  }

  buffer<semantic_piece> pieces_;
  buffer<float> vectors_;     ///< shape [size(), dimension], each of length 1 once it is embedded
  buffer<float> sums_;        ///< shape [size() + 1, dimension]: of the vectors of the pieces before
  std::size_t embedded_ = 0;  ///< pieces that have their vectors
  std::uint64_t hash_ = 0;    ///< of the text of those that were embedded before
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_SEMANTIC_VECTORS_HPP
