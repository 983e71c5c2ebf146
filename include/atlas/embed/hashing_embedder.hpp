// SPDX-License-Identifier: Apache-2.0
// include/atlas/embed/hashing_embedder.hpp -- vectors from the words of a text, without a model.
//
// Room:      the built-in embedder: features hashed into a signed vector, weighed by how rare they are.
// Not here:  which features (embed/text_features.hpp), the bytes of a saved one (embed/embedder_state.hpp).
// Depends:   embed/*, core; link utf8proc. <cmath> would triple what this header costs.
// Threads:   learn() and embed() from any number of threads; the first freeze() and moving from one alone.
#ifndef ATLAS_EMBED_HASHING_EMBEDDER_HPP
#define ATLAS_EMBED_HASHING_EMBEDDER_HPP

#include <atlas/core/span.hpp>                   // span
#include <atlas/embed/document_frequencies.hpp>  // document_frequencies
#include <atlas/embed/embedder.hpp>              // the concept that this models
#include <atlas/embed/embedder_state.hpp>        // write_embedder_state, read_embedder_state
#include <atlas/embed/hashing_options.hpp>       // hashing_options
#include <atlas/embed/text_features.hpp>         // count_features

namespace atlas { inline namespace ATLAS_ABI {

/// Turns a text into a unit vector by hashing its features: case-folded words, pairs of neighbouring words,
/// and runs of characters. A feature that occurs `tf` times in the text and in `df` of N learned texts adds
/// weight * (1 + ln tf) * idf^0.7 to one component, with a sign, both taken from its hash, where
/// idf = ln(1 + (N - df + 0.5) / (df + 0.5)). Texts that share rare words lie near each other under
/// metric::cosine: the sum of equal features' products, plus a noise of about 1 / sqrt(dimension) from
/// features that meet in one component. No list of stop words: idf makes them light in any language.
///
/// Life: create, learn() every text of the corpus, freeze(), embed(). Frozen, nothing changes any more: a text
/// has one vector for ever, and save_state() / open_state() keep it. Without learn(), every idf is 1.
/// The same texts learned in any order and by any number of threads give the same state and the same vectors.
/// Source: hashing with signs is Weinberger et al., "Feature hashing for large scale multitask learning",
/// ICML 2009; 1 + ln tf is Manning, Raghavan, Schuetze, "Introduction to information retrieval", section 6.4.1;
/// idf is that of BM25 as Lucene has it. The weights and the exponent are measured (bench/retrieval_bench.cpp, five
/// corpora, five seeds): an exponent of 1 loses 0.01 of recall to the noise, without character runs 0.03 are lost.
class hashing_embedder {
 public:
  /// Counts below this have their weight computed once, when frozen: a logarithm and a power each.
  static constexpr std::size_t tabled_counts = 2048;

  hashing_embedder(hashing_embedder&&) noexcept = default;
  hashing_embedder& operator=(hashing_embedder&&) noexcept = default;

  /// @return  an embedder that has learned nothing, or errc::invalid_argument, errc::no_memory
  [[nodiscard]] static result<hashing_embedder> create(const hashing_options& options = {}) noexcept {
    if (status checked = check(options); !checked.ok()) return checked.error();
    result<document_frequencies> table = document_frequencies::create(options.frequency_buckets);
    if (!table.ok()) return table.error();
    return with(options, static_cast<document_frequencies&&>(*table));
  }

  /// Counts in how many texts each feature occurs. Each span element is one text.
  ///
  /// @return  errc::read_only once frozen; errc::no_memory, errc::limit_exceeded: the texts before are learned
  /// Cost: linear in the texts. Memory beside the table: in proportion to one text's different features.
  [[nodiscard]] status learn(span<const text_view> texts) noexcept {
    if (frozen_) return error{errc::read_only, "hashing_embedder", "one that still learns", "a frozen one"};
    feature_scratch scratch;
    for (const text_view text : texts) {
      if (status s = count_features(text, gram_length(), options_.seed, scratch); !s.ok()) return s;
      frequencies_.add_text();
      for (const feature_count& feature : scratch.features) frequencies_.add(frequencies_.bucket_of(feature.hash));
    }
    return {};
  }

  /// Ends learning; embed() works from here on. Does nothing to a frozen one, beside any number of threads that embed.
  /// @pre the first time: no other thread uses this embedder
  void freeze() noexcept {
    if (frozen_) return;
    for (std::size_t count = 0; count < tabled_counts; ++count) {
      rarities_[count] = computed_rarity(static_cast<std::uint32_t>(count));
    }
    frozen_ = true;
  }
  [[nodiscard]] bool is_frozen() const noexcept { return frozen_; }

  [[nodiscard]] std::size_t dimension() const noexcept { return options_.dimension; }
  [[nodiscard]] const hashing_options& options() const noexcept { return options_; }
  /// Texts learned.
  [[nodiscard]] std::uint64_t texts() const noexcept { return frequencies_.texts(); }

  /// The vector of each text, of length 1 (to about 1e-6).
  ///
  /// @param texts  any bytes; those that are not UTF-8 count as white space
  /// @param out    shape [texts.size(), dimension()], float32, row-major; every component finite
  /// @return       errc::read_only if not frozen yet; errc::no_memory, errc::limit_exceeded
  /// A text without any feature (empty, or punctuation only) gets the vector of one reserved feature: such texts
  /// are near each other and far from others. Cost: linear in the texts plus dimension() for each.
  [[nodiscard]] status embed(span<const text_view> texts, float* out) const noexcept {
    if (!frozen_) return error{errc::read_only, "hashing_embedder", "a frozen one", "one that still learns"};
    feature_scratch scratch;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const status counted = count_features(texts[i], gram_length(), options_.seed, scratch);
      if (!counted.ok()) return counted.error().at_row(i);
      write_vector(scratch.features, out + i * options_.dimension);
    }
    return {};
  }

  /// The whole embedder as bytes for open_state(); see embed/embedder_state.hpp.
  /// @return  errc::read_only if not frozen yet; errc::no_memory
  [[nodiscard]] status save_state(buffer<std::byte>& out) const noexcept {
    if (!frozen_) return error{errc::read_only, "hashing_embedder", "a frozen one", "one that still learns"};
    return detail::write_embedder_state(options_, frequencies_, out);
  }
  /// The embedder that was saved, frozen. The bytes are checked and copied.
  /// @return  errc::corrupt_file, errc::unsupported_version, errc::no_memory
  [[nodiscard]] static result<hashing_embedder> open_state(span<const std::byte> bytes) noexcept {
    hashing_options options;
    document_frequencies frequencies;
    if (status s = detail::read_embedder_state(bytes, options, frequencies); !s.ok()) return s.error();
    result<hashing_embedder> opened = with(options, static_cast<document_frequencies&&>(frequencies));
    if (opened.ok()) opened->freeze();
    return opened;
  }

 private:
  hashing_embedder(const hashing_options& options, document_frequencies&& frequencies) noexcept
      : options_(options), frequencies_(static_cast<document_frequencies&&>(frequencies)) {}

  [[nodiscard]] static result<hashing_embedder> with(const hashing_options& options,
                                                     document_frequencies&& frequencies) noexcept {
    hashing_embedder made(options, static_cast<document_frequencies&&>(frequencies));
    if (status s = made.rarities_.resize(tabled_counts); !s.ok()) return s.error();
    return made;
  }
  [[nodiscard]] std::size_t gram_length() const noexcept {
    return options_.gram_weight > 0.0F ? options_.gram_length : 0;
  }
  [[nodiscard]] float weight_of(feature_kind kind) const noexcept {
    switch (kind) {
      case feature_kind::word: return options_.word_weight;
      case feature_kind::pair: return options_.pair_weight;
      case feature_kind::gram: return options_.gram_weight;
    }
    return 0.0F;
  }
  /// idf^0.7 of a feature that `count` texts have.
  [[nodiscard]] double computed_rarity(std::uint32_t count) const noexcept {
    const std::uint64_t texts = frequencies_.texts();
    if (texts == 0) return 1.0;
    const auto n = static_cast<double>(texts);
    const auto df = static_cast<double>(count < texts ? count : texts);
    return __builtin_pow(__builtin_log(1.0 + (n - df + 0.5) / (df + 0.5)), 0.7);
  }
  [[nodiscard]] double rarity(std::uint64_t hash) const noexcept {
    const std::uint32_t count = frequencies_.count(frequencies_.bucket_of(hash));
    return count < tabled_counts ? rarities_[count] : computed_rarity(count);
  }
  void add_feature(float* out, std::uint64_t hash, double value) const noexcept {
    const std::uint64_t mixed = mix64(hash);
    const auto place = static_cast<std::size_t>(((mixed >> 32) * options_.dimension) >> 32);
    out[place] += static_cast<float>((mixed & 1U) != 0 ? value : -value);
  }
  void write_vector(const feature_counts& features, float* out) const noexcept {
    std::memset(static_cast<void*>(out), 0, options_.dimension * sizeof(float));
    for (const feature_count& feature : features) {
      const double often = feature.count == 1 ? 1.0 : 1.0 + __builtin_log(static_cast<double>(feature.count));
      add_feature(out, feature.hash, static_cast<double>(weight_of(feature.kind)) * often * rarity(feature.hash));
    }
    double square = 0.0;
    for (std::size_t i = 0; i < options_.dimension; ++i) {
      const auto component = static_cast<double>(out[i]);
      square += component * component;
    }
    if (!(square > 1e-30)) {
      std::memset(static_cast<void*>(out), 0, options_.dimension * sizeof(float));
      add_feature(out, options_.seed, 1.0);
      return;
    }
    const double scale = 1.0 / __builtin_sqrt(square);
    for (std::size_t i = 0; i < options_.dimension; ++i) {
      out[i] = static_cast<float>(static_cast<double>(out[i]) * scale);
    }
  }

  hashing_options options_;
  document_frequencies frequencies_;
  buffer<double> rarities_;  // by count, for the small ones; filled when frozen
  bool frozen_ = false;
};

static_assert(embedder<hashing_embedder>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_EMBED_HASHING_EMBEDDER_HPP
