// SPDX-License-Identifier: Apache-2.0
// tests/support/topic_texts.hpp -- texts whose subject changes at known places, and a model that sees it.
#ifndef ATLAS_TESTS_SUPPORT_TOPIC_TEXTS_HPP
#define ATLAS_TESTS_SUPPORT_TOPIC_TEXTS_HPP

#include <atlas/core/hash.hpp>
#include <atlas/core/result.hpp>
#include <atlas/core/span.hpp>
#include <atlas/core/text_view.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace support {

/// Sentences of words, those of each topic from words of its own.
struct topic_text {
  std::string text;
  std::vector<std::uint64_t> changes;  ///< where a sentence begins that is of another topic than the one before

  topic_text(std::uint64_t seed, std::size_t topics, std::size_t least_sentences, std::size_t most_sentences) {
    std::mt19937_64 random(seed);
    for (std::size_t topic = 0; topic < topics; ++topic) {
      if (topic != 0) changes.push_back(text.size());
      const std::size_t sentences = least_sentences + random() % (most_sentences - least_sentences + 1);
      for (std::size_t i = 0; i < sentences; ++i) {
        const std::size_t words = 6 + random() % 8;
        for (std::size_t word = 0; word < words; ++word) {
          const bool is_common = random() % 5 == 0;
          const std::string own = "topic" + std::string(1, static_cast<char>('a' + topic % 26)) + std::to_string(topic / 26);
          text += word == 0 ? "The " : " ";
          text += is_common ? "common" : own;
          text += static_cast<char>('a' + random() % 12);
        }
        text += random() % 5 == 0 ? ".\n" : ". ";
      }
    }
  }
};

/// Words counted by the hash of each: a vector for each text that depends on that text alone.
struct word_model {
  static constexpr std::size_t dimension = 512;
  std::vector<std::size_t> batches;     ///< texts of each call
  std::vector<std::size_t> batch_bytes;
  std::vector<std::string> seen;        ///< all texts

  atlas::result<std::size_t> operator()(atlas::span<const atlas::text_view> texts, float* out) {
    batches.push_back(texts.size());
    batch_bytes.push_back(0);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      float* const row = out + i * dimension;
      for (std::size_t k = 0; k < dimension; ++k) row[k] = 0;
      row[0] = 0.01F;
      const atlas::text_view text = texts[i];
      seen.emplace_back(text.data(), text.size());
      batch_bytes.back() += text.size();
      for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && text[end] != ' ' && text[end] != '.' && text[end] != '\n') ++end;
        if (end > at) row[atlas::xxh3_64(text.data() + at, end - at) % dimension] += 1;
        at = end + 1;
      }
    }
    return texts.size();
  }
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_TOPIC_TEXTS_HPP
