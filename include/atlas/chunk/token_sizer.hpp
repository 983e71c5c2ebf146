// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/token_sizer.hpp -- sizes in tokens of a byte-pair encoding.
//
// Room:      the sizer.
// Not here:  the encoding (text/bpe_encoder.hpp), what the sizer remembers (chunk/token_runs.hpp, text/bpe_counter.hpp).
// Depends:   chunk/{chunk_sizer,token_runs}.hpp, text/bpe_counter.hpp.
// Threads:   a sizer is used by one thread at a time, as it remembers what it counted; copies share nothing but the encoder.
//
// A piece of text measures the tokens that the encoder gives for it alone. That is not additive: "two words" may take fewer tokens than
// its halves, and a longer text fewer than a shorter one. Where a text is cut behind a pre-token, its two sides do add up.
#ifndef ATLAS_CHUNK_TOKEN_SIZER_HPP
#define ATLAS_CHUNK_TOKEN_SIZER_HPP

#include <atlas/chunk/chunk_sizer.hpp>  // chunk_sizer, fitted_text
#include <atlas/chunk/token_runs.hpp>   // token_runs
#include <atlas/text/bpe_counter.hpp>   // bpe_counter

namespace atlas { inline namespace ATLAS_ABI {

class token_sizer {
 public:
  [[nodiscard]] static constexpr bool is_additive() noexcept { return false; }
  /// Of the ranks and the pattern.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return encoder().ranks().fingerprint() + static_cast<std::uint64_t>(pattern()); }

  /// @param encoder  must outlive the sizer and its copies
  explicit token_sizer(const bpe_encoder& encoder) noexcept : counter_(encoder) {}
  token_sizer(const token_sizer& other) noexcept : counter_(other.encoder()) {}
  token_sizer& operator=(const token_sizer& other) noexcept {
    if (this != &other) *this = token_sizer(other);
    return *this;
  }
  token_sizer(token_sizer&&) noexcept = default;
  token_sizer& operator=(token_sizer&&) noexcept = default;
  ~token_sizer() = default;

  /// The pre-tokens of the text that fit together, and of the first one that does not fit the whole tokens that do, as far as they end
  /// between characters. A prefix that ends inside of a token, which might fit as well, is not looked for.
  /// @return  settled as soon as the first pre-token that does not fit is known as far as it matters
  /// Cost:    what fits is counted, unless the text begins as one of the last three that were asked about: what is known of them is not
  ///          counted again. English: some 120 MB/s, known 7 GB/s. Errors: no_memory
  [[nodiscard]] result<fitted_text> fit(text_view text, std::uint64_t limit, bool is_whole) const noexcept {
    // No more than this can fit. What is behind it does not change the answer.
    const std::size_t most = most_bytes(limit);
    bool is_cut = false;
    if (text.size() > most && text.size() - most > beyond_bytes) {
      text = text.subview(0, most + beyond_bytes);
      is_cut = true;
    }
    fit_state state;
    if (status done = fit_pretokens(text, limit, state); !done.ok()) return done.error();
    if (state.fitted.bytes == text.size()) {
      state.fitted.is_settled = is_whole || is_cut;
      return state.fitted;
    }
    const bool is_settled = is_whole || is_cut || state.is_open || state.next.reach <= text.size();

    // A word that ends early may be split otherwise ("don'|t"), and white space at the end is one pre-token. So what ends there is counted
    // as it is, and if that is too much, a little less is tried.
    std::uint64_t room = limit - state.fitted.units;
    bool is_tried_settled = true;
    for (int tries = 0; tries < 4 && room != 0; ++tries) {
      fitted_text out = state.fitted;
      if (status done = fit_beginning(text, state.next.end, room, out, state.is_open); !done.ok()) return done.error();
      is_tried_settled = is_tried_settled && out.is_settled;
      if (out.bytes == state.fitted.bytes) break;
      const result<std::uint64_t> units = measure(text.subview(0, out.bytes), 0);
      if (!units.ok()) return units.error();
      out.units = *units;
      out.is_settled = is_settled || is_tried_settled;
      if (out.units <= limit) return out;
      room = out.units - limit < room ? room - (out.units - limit) : 0;
    }
    const fitted_text* const whole[] = {&state.fitted, &state.before};
    for (const fitted_text* const one : whole) {
      const bool is_known = !ends_with_space(text, one->bytes);
      const result<std::uint64_t> units = is_known ? result<std::uint64_t>(one->units) : measure(text.subview(0, one->bytes), 0);
      if (!units.ok()) return units.error();
      if (*units <= limit) return fitted_text{one->bytes, *units, is_settled, false};
    }
    return fitted_text{0, 0, is_settled, false};
  }

  /// Where the first pre-token begins from which on the rest fits; if the last one alone does not fit, one of its tokens.
  [[nodiscard]] result<std::size_t> fit_back(text_view text, std::uint64_t limit) const noexcept {
    const result<std::uint64_t> all = measure(text, 0);
    if (!all.ok()) return all.error();
    if (*all <= limit) return std::size_t{0};
    const std::uint64_t before = *all - limit;  // at least so many tokens are left out
    detail::token_run& run = runs_.of(text);
    const std::size_t known = run.match(text);
    std::size_t at = 0;
    std::uint64_t tokens = 0;
    if (const std::size_t first = run.first_beyond(known, before - 1); first != 0) {
      at = run[first - 1].end;
      tokens = run[first - 1].tokens;
    }
    std::size_t begin = at;
    while (at < text.size() && tokens < before) {
      begin = at;
      at = next_pretoken(pattern(), text, at).end;
      if (status done = counter_.count_pretoken(text, begin, at, tokens); !done.ok()) return done.error();
    }
    return at < text.size() ? result<std::size_t>(at) : fit_end(text, begin, limit);
  }

  /// The tokens of the text. Cost: as fit; no more than counting.
  [[nodiscard]] result<std::uint64_t> measure(text_view text, std::uint64_t /*characters*/) const noexcept {
    detail::token_run& run = runs_.of(text);
    const std::size_t known = run.match(text);
    fitted_text out;
    if (known != 0) go_behind(run[known - 1], out);
    const bool is_new = known == run.size();
    while (out.bytes < text.size()) {
      const pretoken next = next_pretoken(pattern(), text, out.bytes);
      if (encoder().is_token(text, out.bytes, next.end)) {
        ++out.units;
      } else if (status done = counter_.count_merged(text, out.bytes, next.end, out.units); !done.ok()) {
        run.clear();
        return done.error();
      }
      if (is_new) run.add(text, out.bytes, next, out.units);
      out.bytes = next.end;
    }
    run.keep_bytes(text);
    return out.units;
  }

  [[nodiscard]] std::size_t most_bytes(std::uint64_t limit) const noexcept {
    const std::size_t longest = encoder().ranks().longest_bytes();
    return limit > most_chunk_bytes / longest ? most_chunk_bytes : static_cast<std::size_t>(limit) * longest;
  }

 private:
  static constexpr std::size_t most_chunk_bytes = std::size_t{1} << 62;
  static constexpr std::size_t beyond_bytes = 64;     ///< enough for a pre-token to show that it goes on
  static constexpr std::size_t long_pretoken = 4096;  ///< bytes from which on one is not counted whole to see that it does not fit

  [[nodiscard]] const bpe_encoder& encoder() const noexcept { return counter_.encoder(); }
  [[nodiscard]] bpe_pattern pattern() const noexcept { return encoder().pattern(); }
  static void go_behind(const detail::counted_pretoken& last, fitted_text& out) noexcept {
    out.bytes = last.end;
    out.units = last.tokens;
  }

  struct fit_state {
    fitted_text fitted;    ///< of whole pre-tokens
    fitted_text before;    ///< without the last of them
    pretoken next;         ///< the first that does not fit
    bool is_open = false;  ///< it may be longer than that, but its beginning does not fit
  };

  [[nodiscard]] status fit_pretokens(text_view text, std::uint64_t limit, fit_state& state) const noexcept {
    detail::token_run& run = runs_.of(text);
    const std::size_t known = run.match(text);
    const std::size_t beyond = run.first_beyond(known, limit);
    if (beyond > 1) go_behind(run[beyond - 2], state.before);
    if (beyond > 0) go_behind(run[beyond - 1], state.fitted);
    if (beyond < known) {
      state.next = {run[beyond].end, run[beyond].reach};
      return {};
    }
    status done = count_on(run, known == run.size(), text, limit, state);
    if (done.ok()) {
      run.keep_bytes(text);
    } else {
      run.clear();
    }
    return done;
  }
  /// Counts on until a pre-token does not fit, or the text ends.
  [[nodiscard]] status count_on(detail::token_run& run, bool is_new, text_view text, std::uint64_t limit, fit_state& state) const noexcept {
    fitted_text& out = state.fitted;
    text_view seen = text.subview(0, smaller(text.size(), out.bytes + 2 * long_pretoken));
    while (out.bytes < text.size()) {
      const pretoken next = next_pretoken(pattern(), seen, out.bytes);
      state.next = next;
      const std::uint64_t room = limit - out.units;
      const std::size_t length = next.end - out.bytes;
      if (next.reach > seen.size() && seen.size() != text.size()) {
        // It may be longer, but perhaps its beginning is too long already. If not, twice as much is looked at.
        if (length > long_pretoken) {
          fitted_text beginning = out;
          const status done = fit_beginning(seen, next.end, room, beginning, /*is_open=*/true);
          if (!done.ok()) return done;
          state.is_open = beginning.is_settled;
          if (state.is_open) return {};
        }
        seen = text.subview(0, smaller(text.size(), seen.size() + (seen.size() - out.bytes)));
        continue;
      }
      std::uint64_t tokens = out.units;
      if (length > long_pretoken) {
        fitted_text longer = out;
        if (status done = fit_beginning(text, next.end, room, longer); !done.ok()) return done;
        if (longer.bytes != next.end) return {};
        tokens = longer.units;
      } else if (encoder().is_token(text, out.bytes, next.end)) {
        ++tokens;
      } else if (status done = counter_.count_merged(text, out.bytes, next.end, tokens); !done.ok()) {
        return done;
      }
      if (is_new) run.add(text, out.bytes, next, tokens);
      if (tokens > limit) return {};
      state.before = out;
      out.units = tokens;
      out.bytes = next.end;
      if (seen.size() - out.bytes < long_pretoken) seen = text.subview(0, smaller(text.size(), out.bytes + 2 * long_pretoken));
    }
    return {};
  }
  [[nodiscard]] static std::size_t smaller(std::size_t left, std::size_t right) noexcept { return left < right ? left : right; }
  [[nodiscard]] static bool ends_with_space(text_view text, std::size_t bytes) noexcept {
    return bytes != 0 && kind_at(text, character_start(text, bytes - 1)).kind == unicode_kind::white_space;
  }

  /// Adds to what fits as many tokens of the piece from out.bytes to `end` as `room` lets.
  /// @param is_open  the text goes on, and so may the piece; it may also lack its last character. Then the answer is settled, or out is
  ///                 unchanged where more must be known
  [[nodiscard]] status fit_beginning(text_view text, std::size_t end, std::uint64_t room, fitted_text& out, bool is_open = false) const noexcept {
    const std::size_t begin = out.bytes;
    const std::size_t size = end - begin;
    if (room == 0) {
      out.is_settled = is_open;
      return {};
    }
    // Of a long piece only so much is merged as takes more tokens than there is room for, by what its first bytes take; a beginning that
    // ends where one of its tokens ends has just the tokens before it. How much depends on nothing but the piece and the room.
    std::size_t seen = size;
    if (size > 2 * sample_bytes) {
      const result<span<const std::uint32_t>> sample = counter_.token_ends(text, begin, begin + sample_bytes);
      if (!sample.ok()) return sample.error();
      constexpr std::uint64_t most_room = std::uint64_t{1} << 40;  // so that nothing wraps
      const std::uint64_t enough = (room < most_room ? room : most_room) * sample_bytes / sample->size();
      seen = static_cast<std::size_t>(enough + enough / 8) + sample_bytes;
    }
    for (;; seen *= 2) {
      if (is_open && seen + most_character_bytes > size) return {};
      const std::size_t merged = smaller(seen, size);
      const result<span<const std::uint32_t>> ends = counter_.token_ends(text, begin, begin + merged);
      if (!ends.ok()) return ends.error();
      if (ends->size() <= room && merged != size) continue;
      std::size_t tokens = ends->size() < room ? ends->size() : static_cast<std::size_t>(room);
      while (tokens != 0 && !begins_character(text, begin + (*ends)[tokens - 1])) --tokens;
      if (tokens != 0) out.bytes = begin + (*ends)[tokens - 1];
      out.units += tokens;
      out.is_settled = merged + most_character_bytes <= size;
      return {};
    }
  }
  [[nodiscard]] static bool begins_character(text_view text, std::size_t at) noexcept {
    return at == text.size() || character_start(text, at) == at;
  }

  /// Where a text of at most `limit` tokens begins that is an end of the last pre-token, which has more; text.size() if none is found.
  [[nodiscard]] result<std::size_t> fit_end(text_view text, std::size_t begin, std::uint64_t limit) const noexcept {
    const result<span<const std::uint32_t>> ends = counter_.token_ends(text, begin, text.size());
    if (!ends.ok()) return ends.error();
    std::size_t tries = 8;
    for (std::size_t i = ends->size() > limit ? ends->size() - static_cast<std::size_t>(limit) : 0; i < ends->size() && tries != 0; ++i) {
      const std::size_t at = begin + (i == 0 ? 0 : (*ends)[i - 1]);
      if (!begins_character(text, at)) continue;
      --tries;
      const result<std::uint64_t> units = encoder().count(text.subview(at, text.size() - at));
      if (!units.ok()) return units.error();
      if (*units <= limit) return at;
    }
    return text.size();
  }

  static constexpr std::size_t sample_bytes = 256;
  static constexpr std::size_t most_character_bytes = 4;

  mutable bpe_counter counter_;
  mutable detail::token_runs runs_;
};

static_assert(chunk_sizer<token_sizer>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_TOKEN_SIZER_HPP
