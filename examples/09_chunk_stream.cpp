// SPDX-License-Identifier: Apache-2.0
// examples/09_chunk_stream.cpp -- a file larger than memory cut into chunks, in pieces; stopped and taken up again.
//   g++ -std=c++20 -O2 -Iinclude examples/09_chunk_stream.cpp -o 09_chunk_stream && ./09_chunk_stream [FILE]
// Without FILE it reads 64 MB that it makes up, a piece at a time.
#include <atlas/chunk.hpp>

#include <cstdio>
#include <memory>
#include <string>

namespace {

using plain_chunker = atlas::chunker<atlas::plain_text_rule, atlas::character_sizer>;

/// Prints why a call failed. Errors are values; what to do about one is the caller's choice.
int fail(const char* what, const atlas::error& why) {
  char text[512];
  atlas::describe(why, text, sizeof text);
  std::fprintf(stderr, "%s: %s\n", what, text);
  return 1;
}

/// A document that comes in pieces: of a file, or made up.
class document {
 public:
  explicit document(const char* path) : file_(path != nullptr ? std::fopen(path, "rb") : nullptr, &std::fclose), is_made_up_(path == nullptr) {}
  [[nodiscard]] bool is_open() const { return is_made_up_ || file_ != nullptr; }

  /// The next bytes, at most 64 KiB; none at the end.
  atlas::text_view next() {
    if (is_made_up_) {
      if (++pieces_ > 1000) return {};
      piece_.clear();
      while (piece_.size() < 64'000) {
        piece_ += "Paragraph " + std::to_string(++paragraphs_) + " of a long document. It has a few sentences, as Dr. Smith said. This is the last one.\n\n";
      }
      return piece_;
    }
    piece_.resize(std::size_t{64} << 10);
    piece_.resize(std::fread(piece_.data(), 1, piece_.size(), file_.get()));
    return piece_;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  bool is_made_up_;
  std::string piece_;
  unsigned pieces_ = 0;
  unsigned paragraphs_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  document from(argc > 1 ? argv[1] : nullptr);
  if (!from.is_open()) {
    std::fprintf(stderr, "%s: cannot be opened\n", argv[1]);
    return 1;
  }
  const atlas::chunker_options options{.size = 1000, .overlap = 200};
  auto chunker = plain_chunker::create(options);
  if (!chunker.ok()) return fail("options", chunker.error());

  unsigned long long chunks = 0;
  unsigned long long characters = 0;
  const auto take = [&](const atlas::chunk_view& chunk) {
    // Here a program would embed chunk.text, which is valid during the call, and store it under chunk.id.
    if (chunks < 3) {
      std::printf("chunk %llu: bytes %llu to %llu, from line %llu, column %llu\n", chunks, static_cast<unsigned long long>(chunk.byte_begin),
                  static_cast<unsigned long long>(chunk.byte_end), static_cast<unsigned long long>(chunk.line_begin), static_cast<unsigned long long>(chunk.column_begin));
    }
    ++chunks;
    characters = chunk.char_end;
    return true;
  };

  unsigned long long pieces = 0;
  for (atlas::text_view piece = from.next(); !piece.empty(); piece = from.next()) {
    if (auto fed = chunker->feed(piece, take); !fed.ok()) return fail("feed", fed.error());
    if (++pieces != 100) continue;
    // In the middle: what a program would keep to go on after a restart.
    atlas::buffer<std::byte> saved;
    if (auto kept = chunker->save(saved); !kept.ok()) return fail("save", kept.error());
    auto resumed = plain_chunker::resume({saved.data(), saved.size()}, options);
    if (!resumed.ok()) return fail("resume", resumed.error());
    std::printf("saved behind %llu bytes in a checkpoint of %zu\n", static_cast<unsigned long long>(resumed->taken()), saved.size());
    chunker = static_cast<atlas::result<plain_chunker>&&>(resumed);
  }
  if (auto ended = chunker->finish(take); !ended.ok()) return fail("finish", ended.error());
  std::printf("%llu characters in %llu chunks\n", characters, chunks);
  return 0;
}
