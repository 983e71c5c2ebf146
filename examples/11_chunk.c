/* SPDX-License-Identifier: Apache-2.0
 * examples/11_chunk.c -- a file of any length cut into chunks from C: fed in pieces, in memory that does not grow with it.
 *
 *   cc -std=c99 examples/11_chunk.c -Ic_api -Lbuild/release -latlas -o example && LD_LIBRARY_PATH=build/release ./example [FILE]
 */
#include <atlas.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(atlas_status status) {
  if (status != ATLAS_OK) {
    fprintf(stderr, "%s: %s\n", atlas_status_name(status), atlas_last_error());
    exit(1);
  }
}

/* Shows the headings that a chunk stands under, the outermost first. */
static void print_path(const atlas_chunks* found, uint32_t heading) {
  if (heading == ATLAS_NO_HEADING) return;
  print_path(found, found->headings[heading].parent);
  printf("%.*s > ", (int)found->headings[heading].title_bytes, found->titles + found->headings[heading].title_begin);
}

/* What a call found is the chunker's, and valid until the next call on it. */
static size_t print_chunks(const atlas_chunks* found) {
  uint64_t i;
  for (i = 0; i < found->count; ++i) {
    const atlas_text_chunk* chunk = &found->chunks[i];
    const uint64_t bytes = chunk->byte_end - chunk->byte_begin;
    const char* text = found->text + chunk->text_begin; /* no NUL is behind it */
    const char* line_end = (const char*)memchr(text, '\n', (size_t)bytes);
    const uint64_t shown = line_end != NULL ? (uint64_t)(line_end - text) : bytes;
    print_path(found, chunk->heading);
    printf("line %llu, %llu characters: %.*s\n", (unsigned long long)chunk->line_begin, (unsigned long long)chunk->units,
           (int)(shown < 40 ? shown : 40), text);
  }
  return (size_t)found->count;
}

int main(int argument_count, char** arguments) {
  static const char sample[] =
      "# Bread\n\nFlour, water, salt. A night of patience.\n\n## Baking\n\nHeat the oven, as hot as it gets. Wait.\n\n"
      "# Bridges\n\nA suspension bridge hangs from cables, e.g. of steel. Its towers carry the weight.\n";
  atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT; /* 0 in a field means the default */
  atlas_chunker* chunker = NULL;
  atlas_chunks found;
  size_t count = 0;

  options.rule = ATLAS_RULE_MARKDOWN;
  options.sizer = ATLAS_SIZER_CHARACTERS;
  options.size = argument_count > 1 ? 1000 : 60;
  check(atlas_chunker_create(&chunker, &options));

  if (argument_count > 1) {
    static char piece[1 << 16];
    size_t bytes;
    FILE* file = fopen(arguments[1], "rb");
    if (file == NULL) {
      perror(arguments[1]);
      return 1;
    }
    while ((bytes = fread(piece, 1, sizeof piece, file)) != 0) {
      check(atlas_chunker_feed(&found, chunker, piece, bytes));
      count += print_chunks(&found);
    }
    if (ferror(file) || fclose(file) != 0) {
      perror(arguments[1]);
      return 1;
    }
  } else {
    check(atlas_chunker_feed(&found, chunker, sample, 70)); /* pieces may end anywhere */
    count += print_chunks(&found);
    check(atlas_chunker_feed(&found, chunker, sample + 70, sizeof sample - 1 - 70));
    count += print_chunks(&found);
  }
  check(atlas_chunker_finish(&found, chunker));
  count += print_chunks(&found);
  printf("%lu chunks\n", (unsigned long)count);

  /* A text that is all there: one call, on all cores if it is large. The chunks point into the text. */
  check(atlas_chunker_read(&found, chunker, sample, sizeof sample - 1));
  if (found.text != sample || (argument_count == 1 && found.count != count)) return 1;

  /* What cannot be is refused, and says what was expected and what was found. */
  options.overlap = options.size;
  atlas_chunker_close(chunker);
  chunker = NULL;
  if (atlas_chunker_create(&chunker, &options) == ATLAS_OK) return 1;
  printf("refused: %s\n", atlas_last_error());
  return 0;
}
