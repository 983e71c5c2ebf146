// SPDX-License-Identifier: Apache-2.0
// tests/c_api/chunker_test.cpp -- chunkers of every rule and sizer: read whole, fed, saved; callbacks that fail; wrong wishes.
#include "c_api/c_api_support.hpp"
#include "support/known_chunks.hpp"
#include "support/rank_file.hpp"

#include <algorithm>
#include <string>

TEST_SUITE("c_api") {
namespace {
using namespace c_api_support;

/// One chunk with all that the arrays say of it.
struct c_chunk {
  atlas_text_chunk where = {};
  std::string text;
  std::vector<std::string> headings;
  friend bool operator==(const c_chunk& left, const c_chunk& right) {
    atlas_text_chunk a = left.where;
    atlas_text_chunk b = right.where;
    a.text_begin = b.text_begin = 0;  // where the bytes lie and which number a heading has is the call's own affair
    a.heading = b.heading = 0;
    return std::memcmp(&a, &b, sizeof a) == 0 && left.text == right.text && left.headings == right.headings;
  }
};
using c_chunks = std::vector<c_chunk>;

void collect(c_chunks& into, const atlas_chunks& found) {
  for (std::uint64_t i = 0; i < found.count; ++i) {
    c_chunk one;
    one.where = found.chunks[i];
    const std::uint64_t size = one.where.byte_end - one.where.byte_begin;
    REQUIRE(one.where.text_begin + size <= found.text_bytes);
    one.text.assign(found.text + one.where.text_begin, size);
    for (std::uint32_t at = one.where.heading; at != ATLAS_NO_HEADING; at = found.headings[at].parent) {
      REQUIRE(at < found.heading_count);
      const atlas_heading& heading = found.headings[at];
      REQUIRE(heading.title_begin + heading.title_bytes <= found.titles_bytes);
      CHECK((heading.parent == ATLAS_NO_HEADING || heading.parent < at));
      one.headings.insert(one.headings.begin(), std::string(found.titles + heading.title_begin, heading.title_bytes));
    }
    into.push_back(one);
  }
}

c_chunks read_by(atlas_chunker* chunker, const std::string& text) {
  atlas_chunks found = {};
  REQUIRE(atlas_chunker_read(&found, chunker, text.data(), text.size()) == ATLAS_OK);
  if (found.count != 0) CHECK(found.text == text.data());
  c_chunks out;
  collect(out, found);
  return out;
}

c_chunks fed_to(atlas_chunker* chunker, const std::string& text, std::size_t piece, std::size_t begin = 0) {
  c_chunks out;
  atlas_chunks found = {};
  for (std::size_t at = begin; at < text.size(); at += piece) {
    REQUIRE(atlas_chunker_feed(&found, chunker, text.data() + at, std::min(piece, text.size() - at)) == ATLAS_OK);
    collect(out, found);
  }
  REQUIRE(atlas_chunker_finish(&found, chunker) == ATLAS_OK);
  collect(out, found);
  return out;
}

chunker_handle make_chunker(const atlas_chunker_options& options) {
  atlas_chunker* made = nullptr;
  REQUIRE_MESSAGE(atlas_chunker_create(&made, &options) == ATLAS_OK, std::string(atlas_last_error()));
  return chunker_handle(made);
}

std::int64_t count_of_e(const char* text, std::uint64_t text_bytes, void* calls) {
  ++*static_cast<int*>(calls);
  std::int64_t count = 0;
  for (std::uint64_t i = 0; i < text_bytes; ++i) count += text[i] == 'e' ? 1 : 0;
  return count;
}

std::int32_t embed_by_length(float* out, const atlas_text* texts, std::uint64_t text_count, std::uint64_t dimension, void* /*context*/) {
  for (std::uint64_t i = 0; i < text_count; ++i) {
    for (std::uint64_t d = 0; d < dimension; ++d) out[i * dimension + d] = static_cast<float>((texts[i].size_bytes * (d + 3)) % 11) + 0.5F;
  }
  return 0;
}
}  // namespace

  TEST_CASE("chunker: every rule and sizer gives the same chunks read, fed and taken up, and their fresh parts are the text") {
    const std::string& text = support::known_document();
    atlas_tokenizer* tokens = nullptr;
    const std::string ranks = support::rank_file(support::ranks_of_bytes_and({"en", "Sent", "te", " a"}));
    REQUIRE(atlas_tokenizer_open_ranks(&tokens, ranks.data(), ranks.size(), ATLAS_PATTERN_CL100K) == ATLAS_OK);
    const tokenizer_handle tokenizer(tokens);
    const atlas_text delimiters[] = {{"\r\n", 2}, {";", 1}};
    const atlas_text_boundary boundaries[] = {{500, ATLAS_BOUNDARY_SECTION, 0}, {2000, ATLAS_BOUNDARY_HEADING_2, 0}};
    atlas_semantic_options semantic = ATLAS_SEMANTIC_OPTIONS_INIT;
    semantic.embed = embed_by_length;
    semantic.dimension = 5;
    int calls = 0;
    for (std::int32_t rule = 0; rule <= ATLAS_RULE_CONTENT_DEFINED; ++rule) {
      for (std::int32_t sizer = 0; sizer <= ATLAS_SIZER_CALLBACK; ++sizer) {
        CAPTURE(rule);
        CAPTURE(sizer);
        atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
        options.rule = rule;
        atlas_content_defined_options content = ATLAS_CONTENT_DEFINED_OPTIONS_INIT;
        if (rule == ATLAS_RULE_CONTENT_DEFINED) {
          if (sizer != 0) continue;
          content.average_bytes = 512;
          options.content_defined = &content;
        } else {
          options.sizer = sizer;
          options.size = sizer == ATLAS_SIZER_WORDS || sizer == ATLAS_SIZER_CALLBACK ? 40 : 200;
          options.overlap = options.size / 5;
        }
        if (rule == ATLAS_RULE_DELIMITER) {
          options.delimiters = delimiters;
          options.delimiter_count = 2;
        }
        if (rule == ATLAS_RULE_EXTERNAL) {
          options.boundaries = boundaries;
          options.boundary_count = 2;
        }
        if (rule == ATLAS_RULE_SEMANTIC) options.semantic = &semantic;
        if (sizer == ATLAS_SIZER_TOKENS) options.tokenizer = tokens;
        if (sizer == ATLAS_SIZER_CALLBACK) {
          options.measure = count_of_e;
          options.measure_context = &calls;
        }
        const chunker_handle chunker = make_chunker(options);
        const c_chunks wanted = read_by(chunker.get(), text);
        REQUIRE(wanted.size() > 10);
        std::string joined;
        for (const c_chunk& one : wanted) {
          joined += text.substr(one.where.byte_fresh, one.where.byte_end - one.where.byte_fresh);
          CHECK(one.where.units != 0);
        }
        CHECK(joined == text);
        CHECK(wanted.back().where.level == ATLAS_BOUNDARY_TEXT_END);
        CHECK(fed_to(chunker.get(), text, 331) == wanted);
        CHECK(fed_to(chunker.get(), text, text.size()) == wanted);

        // Saved in the middle and taken up by another handle.
        c_chunks out;
        atlas_chunks found = {};
        const std::size_t middle = text.size() / 2;
        REQUIRE(atlas_chunker_feed(&found, chunker.get(), text.data(), middle) == ATLAS_OK);
        collect(out, found);
        std::uint64_t taken = 0;
        REQUIRE(atlas_chunker_taken(&taken, chunker.get()) == ATLAS_OK);
        CHECK(taken == middle);
        std::uint64_t kept_from = 0;
        REQUIRE(atlas_chunker_kept_from(&kept_from, chunker.get()) == ATLAS_OK);
        CHECK(kept_from <= middle);
        CHECK(kept_from >= out.back().where.byte_begin);
        std::uint64_t needed = 0;
        REQUIRE(atlas_chunker_save_state(&needed, nullptr, chunker.get(), 0) == ATLAS_OK);
        std::vector<char> state(needed);
        REQUIRE(atlas_chunker_save_state(&needed, state.data(), chunker.get(), state.size()) == ATLAS_OK);
        atlas_chunker* opened = nullptr;
        REQUIRE(atlas_chunker_open_state(&opened, state.data(), state.size(), &options) == ATLAS_OK);
        const chunker_handle second(opened);
        const c_chunks rest = fed_to(opened, text, 100, middle);
        out.insert(out.end(), rest.begin(), rest.end());
        CHECK(out == wanted);
        state[state.size() / 2] = static_cast<char>(state[state.size() / 2] + 1);
        CHECK(atlas_chunker_open_state(&opened, state.data(), state.size(), &options) == ATLAS_ERR_CORRUPT_FILE);
      }
    }
    CHECK(calls > 0);
  }

  TEST_CASE("chunker: chunks are the known ones, with headings, columns and units") {
    const std::string& text = support::known_document();
    atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
    options.rule = ATLAS_RULE_MARKDOWN;
    options.size = 300;
    options.inner_sizes[0] = 80;
    options.trim = 1;
    options.packing = ATLAS_PACKING_COHERENT;
    options.coherent_percent = 20;
    const c_chunks found = read_by(make_chunker(options).get(), text);
    support::known_digest digest;
    std::size_t deepest = 0;
    for (const c_chunk& one : found) {
      const atlas_text_chunk& where = one.where;
      for (const std::uint64_t number : {where.byte_begin, where.byte_end, where.byte_fresh, where.char_begin, where.char_end, where.line_begin, where.line_end,
                                         where.column_begin, where.units, std::uint64_t{where.level}, std::uint64_t{where.depth}, where.id_low, where.id_high}) {
        digest.add(number);
      }
      digest.add(one.text);
      for (const std::string& title : one.headings) digest.add(title);
      deepest = std::max(deepest, one.headings.size());
    }
    CHECK(digest.value() == support::known_markdown_digest);
    CHECK(deepest == 3);
  }

  TEST_CASE("chunker: a large text on all threads has the chunks of one thread, and tells progress") {
    std::string text;
    while (text.size() < (std::size_t{3} << 20)) text += support::known_document();
    struct told {
      std::uint64_t calls = 0, last = 0, stop_at = 0;
    } progress;
    atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
    options.rule = ATLAS_RULE_MARKDOWN;
    options.progress_context = &progress;
    options.progress = [](std::uint64_t done, std::uint64_t total, void* context) {
      told& seen = *static_cast<told*>(context);
      ++seen.calls;
      CHECK(done <= total);
      CHECK(done >= seen.last);
      seen.last = done;
      return std::int32_t{seen.calls == seen.stop_at ? 1 : 0};
    };
    const chunker_handle many = make_chunker(options);
    const c_chunks wanted = read_by(many.get(), text);
    CHECK(progress.calls >= 3);
    CHECK(progress.last == text.size());
    options.progress = nullptr;
    options.threads = 1;
    CHECK(read_by(make_chunker(options).get(), text) == wanted);

    progress = {};
    progress.stop_at = 2;
    atlas_chunks found = {};
    CHECK(atlas_chunker_read(&found, many.get(), text.data(), text.size()) == ATLAS_ERR_CANCELLED);
    CHECK(found.count == 0);
    progress = {};
    CHECK(read_by(many.get(), text) == wanted);
  }

  TEST_CASE("chunker: many documents have the chunks that each has alone") {
    std::vector<std::string> documents = {"", support::known_document(), "# Other\n\nShort.\n", "", support::known_document().substr(700, 9000), "x"};
    for (int i = 0; i < 40; ++i) documents.push_back(support::known_document().substr(static_cast<std::size_t>(i) * 31, 400));
    std::vector<atlas_text> texts;
    for (const std::string& one : documents) texts.push_back({one.data(), one.size()});
    for (const std::int32_t rule : {ATLAS_RULE_MARKDOWN, ATLAS_RULE_CONTENT_DEFINED}) {
      for (const std::uint32_t threads : {0U, 1U}) {
        atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
        options.rule = rule;
        options.threads = threads;
        if (rule == ATLAS_RULE_MARKDOWN) options.size = 200;
        const chunker_handle chunker = make_chunker(options);
        std::vector<std::uint64_t> firsts(texts.size() + 1);
        atlas_chunks found = {};
        REQUIRE(atlas_chunker_read_many(&found, firsts.data(), chunker.get(), texts.data(), texts.size()) == ATLAS_OK);
        CHECK(firsts.front() == 0);
        CHECK(firsts.back() == found.count);
        c_chunks all;
        for (std::size_t i = 0; i < documents.size(); ++i) {
          atlas_chunks own = found;
          own.chunks += firsts[i];
          own.count = firsts[i + 1] - firsts[i];
          own.text = documents[i].data();
          own.text_bytes = documents[i].size();
          collect(all, own);
        }
        std::size_t at = 0;
        const chunker_handle alone = make_chunker(options);
        for (std::size_t i = 0; i < documents.size(); ++i) {
          for (const c_chunk& one : read_by(alone.get(), documents[i])) {
            REQUIRE(at < all.size());
            CHECK(all[at++] == one);
          }
          CHECK(at == firsts[i + 1]);
        }
      }
    }
    const chunker_handle chunker = make_chunker(atlas_chunker_options ATLAS_CHUNKER_OPTIONS_INIT);
    std::uint64_t first = 9;
    atlas_chunks found = {};
    REQUIRE(atlas_chunker_read_many(&found, &first, chunker.get(), nullptr, 0) == ATLAS_OK);
    CHECK(first == 0);
    CHECK(found.count == 0);
  }

  TEST_CASE("chunker: a callback that fails loses nothing") {
    struct failing {
      int calls = 0, fail_at = 0;
    } measure;
    atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
    options.sizer = ATLAS_SIZER_CALLBACK;
    options.size = 30;
    options.measure_context = &measure;
    options.measure = [](const char*, std::uint64_t text_bytes, void* context) {
      failing& one = *static_cast<failing*>(context);
      return ++one.calls == one.fail_at ? std::int64_t{-1} : static_cast<std::int64_t>(text_bytes / 4);
    };
    const std::string text = support::known_document().substr(0, 5000);
    const chunker_handle chunker = make_chunker(options);
    const c_chunks wanted = read_by(chunker.get(), text);
    const int calls_in_all = measure.calls;
    for (int fail_at = 1; fail_at < calls_in_all; fail_at += 37) {
      measure = {0, fail_at};
      c_chunks out;
      atlas_chunks found = {};
      int failures = 0;
      for (std::uint64_t at = 0; at < text.size();) {
        const atlas_status status = atlas_chunker_feed(&found, chunker.get(), text.data() + at, std::min<std::size_t>(700, text.size() - at));
        if (status == ATLAS_OK) {
          collect(out, found);
        } else {
          REQUIRE(status == ATLAS_ERR_CANCELLED);
          CHECK(last_error_says("measure"));
          ++failures;
        }
        REQUIRE(atlas_chunker_taken(&at, chunker.get()) == ATLAS_OK);
      }
      while (atlas_chunker_finish(&found, chunker.get()) != ATLAS_OK) ++failures;
      collect(out, found);
      CHECK(out == wanted);
      CHECK(failures <= 1);
    }
    measure = {0, 5};
    atlas_chunks found = {};
    CHECK(atlas_chunker_read(&found, chunker.get(), text.data(), text.size()) == ATLAS_ERR_CANCELLED);
    CHECK(read_by(chunker.get(), text) == wanted);
  }

  TEST_CASE("chunker: the built-in embedder finds where the meaning changes") {
    atlas_embedder* model = nullptr;
    REQUIRE(atlas_embedder_create(&model, nullptr) == ATLAS_OK);
    const embedder_handle embedder(model);
    std::string text;
    for (int i = 0; i < 12; ++i) text += "The cat and the mouse sat with another cat number " + std::to_string(i) + ". ";
    const std::size_t change = text.size();
    for (int i = 0; i < 12; ++i) text += "Interest rates of banks rose while bonds and shares fell by " + std::to_string(i) + ". ";
    atlas_semantic_options semantic = ATLAS_SEMANTIC_OPTIONS_INIT;
    semantic.embedder = model;
    atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
    options.rule = ATLAS_RULE_SEMANTIC;
    options.semantic = &semantic;
    options.packing = ATLAS_PACKING_DIVIDED;
    atlas_chunker* made = nullptr;
    CHECK(atlas_chunker_create(&made, &options) == ATLAS_ERR_READ_ONLY);  // it learns still
    const atlas_text learned = {text.data(), text.size()};
    REQUIRE(atlas_embedder_learn(model, &learned, 1, nullptr) == ATLAS_OK);
    REQUIRE(atlas_embedder_freeze(model) == ATLAS_OK);
    bool is_found = false;
    for (const c_chunk& one : read_by(make_chunker(options).get(), text)) is_found = is_found || one.where.byte_end == change;
    CHECK(is_found);
    semantic.dimension = 7;
    CHECK(atlas_chunker_create(&made, &options) == ATLAS_ERR_DIMENSION_MISMATCH);
    semantic.dimension = 0;
    semantic.embed = embed_by_length;
    CHECK(atlas_chunker_create(&made, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("one of embedder and embed"));
    semantic.embedder = nullptr;
    CHECK(atlas_chunker_create(&made, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("dimension"));
    semantic.dimension = 3;
    semantic.embed = [](float*, const atlas_text*, std::uint64_t, std::uint64_t, void*) { return std::int32_t{7}; };
    atlas_chunks found = {};
    CHECK(atlas_chunker_read(&found, make_chunker(options).get(), text.data(), text.size()) == ATLAS_ERR_CANCELLED);
    CHECK(last_error_says("embed"));
  }

  TEST_CASE("chunker: what cannot be is refused, and says why") {
    const auto refusal = [](void (*change)(atlas_chunker_options&)) {
      atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
      change(options);
      atlas_chunker* made = nullptr;
      CHECK(atlas_chunker_create(&made, &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(made == nullptr);
      return std::string(atlas_last_error());
    };
    const auto says = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
    CHECK(says(refusal([](atlas_chunker_options& o) { o.overlap = 1000; }), "overlap"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.size = (std::uint64_t{1} << 31) + 1; }), "size"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.rule = 11; }), "rule"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.rule = -1; }), "rule"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.sizer = 6; }), "sizer"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.packing = 3; }), "packing"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.fill_percent = 101; }), "fill_percent"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.coherent_percent = 101; }), "coherent_percent"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.inner_sizes[0] = 1000; }), "inner_sizes"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.bytes_a_unit = 4; }), "bytes_a_unit"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.delimiter_count = 1; }), "delimiters"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.boundary_count = 1; }), "boundaries"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.measure = count_of_e; }), "measure"));
    CHECK(says(refusal([](atlas_chunker_options& o) { o.rule = ATLAS_RULE_DELIMITER; }), "1 to 16"));
    CHECK(says(refusal([](atlas_chunker_options& o) {
            static const atlas_text_boundary two[] = {{9, 1, 0}, {9, 1, 0}};
            o.rule = ATLAS_RULE_EXTERNAL;
            o.boundaries = two;
            o.boundary_count = 2;
          }),
               "boundary.offset"));
    CHECK(atlas_last_error_row() == 1);
    CHECK(says(refusal([](atlas_chunker_options& o) {
            o.rule = ATLAS_RULE_CONTENT_DEFINED;
            o.size = 5;
          }),
               "content_defined"));

    // A state of another chunker.
    atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
    const chunker_handle chunker = make_chunker(options);
    std::uint64_t needed = 0;
    REQUIRE(atlas_chunker_save_state(&needed, nullptr, chunker.get(), 0) == ATLAS_OK);
    std::vector<char> state(needed);
    REQUIRE(atlas_chunker_save_state(&needed, state.data(), chunker.get(), state.size()) == ATLAS_OK);
    atlas_chunker* opened = nullptr;
    options.sizer = ATLAS_SIZER_BYTES;
    CHECK(atlas_chunker_open_state(&opened, state.data(), state.size(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("sizer_fingerprint"));
    options = ATLAS_CHUNKER_OPTIONS_INIT;
    options.rule = ATLAS_RULE_MARKDOWN;
    CHECK(atlas_chunker_open_state(&opened, state.data(), state.size(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(opened == nullptr);
  }

  TEST_CASE("chunker: no text has no chunks, and restart forgets") {
    const chunker_handle chunker = make_chunker(atlas_chunker_options ATLAS_CHUNKER_OPTIONS_INIT);
    CHECK(read_by(chunker.get(), "").empty());
    CHECK(fed_to(chunker.get(), "", 1).empty());
    atlas_chunks found = {};
    REQUIRE(atlas_chunker_feed(&found, chunker.get(), "begun", 5) == ATLAS_OK);
    REQUIRE(atlas_chunker_restart(chunker.get()) == ATLAS_OK);
    std::uint64_t taken = 9;
    REQUIRE(atlas_chunker_taken(&taken, chunker.get()) == ATLAS_OK);
    CHECK(taken == 0);
    const c_chunks all = fed_to(chunker.get(), "other", 2);
    REQUIRE(all.size() == 1);
    CHECK(all[0].text == "other");
  }
}
