# SPDX-License-Identifier: Apache-2.0
"""Texts into chunks: whole texts, and streams of any length."""

from __future__ import annotations

import io
import os
import threading
from contextlib import contextmanager
from typing import Any, BinaryIO, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, TextIO, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _backend
from ._arrays import checked_count, checked_key
from ._chunks import Chunks, FoundChunks
from ._closing import Closing
from ._encoding import checked_bytes, checked_label
from ._errors import BadEncoding, InvalidArgument, refused
from ._text_types import TextDecoderBackend
from ._texts import Embedder, Text, checked_text
from ._types import (CHUNK_RULES, CHUNK_SIZERS, LEVELS, PACKINGS, Chunk, ChunkerBackend, ChunkerOptions, ContentDefinedOptions,
                     Progress, SemanticOptions)

Measure = Callable[[str], int]
Source = Union[str, "os.PathLike[str]", BinaryIO, TextIO, Iterable[bytes], Iterable[str]]

_READ_BYTES = 1 << 18
AS_IT_IS = "as it is"
"""In place of an encoding: no bytes are decoded."""
_LEVEL_NUMBERS: Dict[str, int] = {name: number for number, name in LEVELS.items()}


class Chunker(Closing):
    """Cuts texts into chunks at the best boundaries within a size.

        with atlas.Chunker(800, 100, rule="markdown") as chunker:
            for chunk in chunker.chunk(text): ...
            for chunk in chunker.stream("huge.md"): ...

    No chunk is empty or larger than the size, overlap included, but for what a reader takes for one character and is
    alone larger. No cut lies inside of a character, of an accent on a letter, or of a CR LF. Without ``trim`` and
    ``inner_sizes`` the parts ``[byte_fresh, byte_end)`` laid end to end are the text. The chunks depend on the text and
    the options alone: not on how the text is fed.

    A chunker is used by one call at a time; one that comes beside another raises RuntimeError.
    """

    def __init__(self, size: int = 1000, overlap: int = 0, *, rule: str = "plain_text", sizer: Any = "characters",
                 fill_percent: Optional[int] = None, packing: str = "full", coherent_percent: int = 30,
                 inner_sizes: Sequence[int] = (), trim: bool = False, delimiters: Iterable[Text] = (),
                 delimiters_begin_chunks: bool = False, boundaries: Iterable[Any] = (),
                 semantic: Optional[SemanticOptions] = None, content_defined: Optional[ContentDefinedOptions] = None,
                 bytes_a_unit: int = 32, threads: int = 0) -> None:
        """
        @param size              units of the longest chunk, overlap included; 1 to 2**31
        @param overlap           units of the chunk before that a chunk repeats at most; less than size
        @param rule              where a text may be cut: "plain_text" (paragraphs, lines, sentences, clauses, words),
                                 "markdown", "html", "code", "sentence", "uax29_sentence", "fixed", "delimiter",
                                 "external", "semantic" or "content_defined"
        @param sizer             what units are: "characters" (code points), "bytes", "graphemes", "words", a ``Tokenizer``,
                                 or a callable that is given a str and gives a number
        @param fill_percent      of the room beside the overlap that a chunk fills if it can, 0 to 100; None: 35, coherent 0
        @param packing           "full": few chunks, evenly filled; "coherent": a chunk that began inside of something ends
                                 where that ends, if it is filled to coherent_percent; "divided": a chunk ends wherever more
                                 than a sentence ends, if it is filled to coherent_percent
        @param inner_sizes       each chunk is also cut into chunks of the first of these sizes, those into ones of the second,
                                 and so on; at most 3, each less than the one before
        @param trim              leave white space at both ends of chunks out, and chunks that are nothing else
        @param delimiters        of the rule "delimiter": 1 to 16 texts of 1 to 64 bytes, the strongest first
        @param delimiters_begin_chunks  they begin the chunk behind them, instead of ending the one before
        @param boundaries        of the rule "external": byte offsets, or pairs of an offset and the name of a level, in order
        @param semantic          of the rule "semantic", which needs it
        @param content_defined   of the rule "content_defined", whose chunks have these sizes alone
        @param bytes_a_unit      of a callable sizer: a chunk is cut at so many bytes for each unit, which bounds the memory of
                                 a stream
        @param threads           of ``chunk`` (for texts of 2 MiB and more) and ``chunk_many`` at most; 0: all. Callables are
                                 called on one, which may be another than the caller's
        """
        self._begin(_checked_options(locals()), None)

    @classmethod
    def open_state(cls, state: bytes, size: int = 1000, overlap: int = 0, **options: Any) -> "Chunker":
        """A chunker that stands where another one was saved. The options must be those of that one."""
        if not isinstance(state, (bytes, bytearray, memoryview)):
            raise TypeError(f"state: expected bytes, found {type(state).__qualname__}")
        given = _signature_defaults()
        unknown = set(options) - set(given)
        if unknown:
            raise TypeError(f"open_state() got an unexpected keyword argument {sorted(unknown)[0]!r}")
        given.update(options, size=size, overlap=overlap)
        opened = cls.__new__(cls)
        opened._begin(_checked_options(given), bytes(state))
        return opened

    def _begin(self, options: ChunkerOptions, state: Optional[bytes]) -> None:
        self._backend: ChunkerBackend = _backend.create_chunker(options, state)
        self._is_binary = options.content_defined is not None and options.content_defined.is_binary
        self._busy = threading.Lock()
        self._stream: Optional[object] = None  # whose document is being fed

    def chunk(self, text: Text, *, progress: Optional[Progress] = None) -> Chunks:
        """The chunks of a text. What was fed before is forgotten.

        @param text  str, or bytes of UTF-8 as a rule; the chunks' texts are of the same type
        """
        data = self._checked("text", text)
        with self._alone():
            self._stream = None
            return Chunks(text, self._backend.read(data, progress))

    def chunk_many(self, texts: Iterable[Text], *, progress: Optional[Progress] = None) -> List[Chunks]:
        """The chunks of each of many texts, cut side by side on all cores. What was fed before is forgotten.

        @param progress  is told texts
        """
        if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
            raise TypeError(f"texts: expected an iterable of str or bytes, found {type(texts).__qualname__}")
        documents = list(texts)
        data = [self._checked("texts", text, row) for row, text in enumerate(documents)]
        with self._alone():
            self._stream = None
            found, firsts = self._backend.read_many(data, progress)
        return [Chunks(document, found._replace(rows=found.rows[int(first):int(end)])) for document, first, end in zip(documents, firsts, firsts[1:])]

    def feed(self, piece: Text) -> Chunks:
        """Goes on with a document: the next piece of it. Gives the chunks that no later piece can change, often none.

        After an error the piece was taken as far as ``taken`` says and nothing is lost: feed what is left.
        """
        data = self._checked("piece", piece)
        with self._alone():
            self._stream = None
            return Chunks(None, self._backend.feed(data), isinstance(piece, str))

    def finish(self, as_text: bool = False) -> Chunks:
        """Ends the document and gives the rest of its chunks. The next ``feed`` begins another one.

        @param as_text  give texts as str, as ``feed`` does for a str; else as bytes
        """
        with self._alone():
            self._stream = None
            return Chunks(None, self._backend.finish(), as_text)

    def stream(self, source: Source, *, encoding: Optional[str] = AS_IT_IS, errors: str = "replace") -> Iterator[Chunk]:
        """The chunks of a document of any length, in memory that does not grow with it (without the native library the
        document is kept whole). Another call on the chunker ends the stream: asked for more, it raises RuntimeError.

        @param source    a path; an open file, binary or text; or an iterable of pieces, bytes or str
        @param encoding  of bytes: a label as of ``decode``; None: told by the first MiB, and 64 KiB behind the first byte that tells
                         anything. Both need the native library. The text is without byte-order mark, texts of chunks are str, and
                         chunks say in source_begin and source_end where they lie in the bytes. "as it is": bytes are UTF-8 as a rule,
                         and cut as they are; texts of chunks are bytes if the pieces are, else str, in which what is no UTF-8
                         becomes U+FFFD
        @param errors    of an encoding other than "as it is". "replace": what is badly encoded becomes U+FFFD; "strict": BadEncoding
                         is raised, behind the chunks that are sure by then
        """
        decoder: Optional[TextDecoderBackend] = None
        if errors not in ("strict", "replace") or (errors == "strict" and encoding == AS_IT_IS):
            raise refused(InvalidArgument, "errors", "replace, or strict with an encoding", repr(errors))
        if encoding != AS_IT_IS:
            if self._is_binary:
                raise refused(InvalidArgument, "encoding", "none with content_defined.is_binary", repr(encoding))
            decoder = _backend.create_text_decoder(checked_label(encoding), ("strict", "replace").index(errors))
            decoder.keep_source(0)
        return self._cut_pieces(source) if decoder is None else self._cut_decoded(source, decoder)

    def _cut_pieces(self, source: Source) -> Iterator[Chunk]:
        as_text = True
        with self._fed() as own:
            for piece in _pieces(source):
                as_text = isinstance(piece, str) or isinstance(source, (str, os.PathLike))
                data = self._checked("piece", piece)
                with self._alone(own):
                    found = self._backend.feed(data)
                yield from Chunks(None, found, as_text)
            with self._alone(own):
                found = self._backend.finish()
                self._stream = None
            yield from Chunks(None, found, as_text)

    def _cut_decoded(self, source: Source, decoder: TextDecoderBackend) -> Iterator[Chunk]:
        def located(found: FoundChunks) -> Chunks:
            rows = found.rows
            places = decoder.source_offsets(np.concatenate([rows["byte_begin"], rows["byte_end"]]))
            return Chunks(None, found._replace(sources=places.reshape(2, len(rows))), True)

        def texts() -> Iterator[Tuple[bytes, Optional[BadEncoding]]]:
            try:
                for piece in _pieces(source):
                    yield decoder.feed_bytes(checked_bytes("piece", piece)), None
                yield decoder.finish_bytes(), None
            except BadEncoding as problem:
                yield (problem.text or "").encode(), problem

        try:
            with self._fed() as own:
                for text, problem in texts():
                    with self._alone(own):
                        found = self._backend.feed(text)
                        kept_from = self._backend.kept_from()
                    chunks = located(found)
                    decoder.keep_source(kept_from)
                    yield from chunks
                    if problem is not None:
                        raise problem
                with self._alone(own):
                    found = self._backend.finish()
                    self._stream = None
                yield from located(found)
        finally:
            decoder.close()

    @contextmanager
    def _fed(self) -> Iterator[object]:
        """A stream's hold on the chunker: nothing of the document is left behind when it ends."""
        self.restart()
        own = self._stream = object()
        try:
            yield own
        finally:
            if self._stream is own:  # it was left early
                self.restart()

    def restart(self) -> None:
        """Forgets the document that is being fed."""
        with self._alone():
            self._stream = None
            self._backend.restart()

    def close(self) -> None:
        """Ends it; further calls raise Closed."""
        self._stream = None
        self._backend.close()

    def save_state(self) -> bytes:
        """Where the document stands that is being fed, as bytes; ``open_state`` goes on there."""
        with self._alone():
            return self._backend.save_state()

    @property
    def taken(self) -> int:
        """Bytes of the document that were fed so far."""
        with self._alone():
            return self._backend.taken()

    def _checked(self, name: str, text: object, row: Optional[int] = None) -> bytes:
        if self._is_binary and isinstance(text, str):
            raise refused(InvalidArgument, name, "bytes, as content_defined.is_binary says", "str")
        return checked_text(name, text, row)

    @contextmanager
    def _alone(self, stream: Optional[object] = None) -> Iterator[None]:
        if not self._busy.acquire(blocking=False):
            raise RuntimeError("chunker: another call on it is under way; each thread needs its own")
        try:
            if stream is not None and self._stream is not stream:
                raise RuntimeError("stream: the chunker went on to another document meanwhile")
            yield
        finally:
            self._busy.release()


def chunk(text: Text, size: int = 1000, overlap: int = 0, *, progress: Optional[Progress] = None, **options: Any) -> Chunks:
    """The chunks of a text; sizes and options as of ``Chunker``.

        for chunk in atlas.chunk(text, 800, 100, rule="markdown"):
            print(chunk.headings, chunk.text)
    """
    with Chunker(size, overlap, **options) as chunker:
        return chunker.chunk(text, progress=progress)


def stream(source: Source, size: int = 1000, overlap: int = 0, *, encoding: Optional[str] = AS_IT_IS, errors: str = "replace",
           **options: Any) -> Iterator[Chunk]:
    """The chunks of a file or of pieces, of any length; as ``Chunker.stream``.

        for chunk in atlas.stream("letters.txt", 800, 100, encoding=None):
            print(chunk.source_begin, chunk.text)
    """
    chunker = Chunker(size, overlap, **options)  # refuses wrong options at once, not with the first chunk
    found = chunker.stream(source, encoding=encoding, errors=errors)

    def chunks() -> Iterator[Chunk]:
        with chunker:
            yield from found

    return chunks()


def _pieces(source: Source) -> Iterator[Text]:
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            yield from iter(lambda: file.read(_READ_BYTES), b"")
        return
    read = getattr(source, "read", None)
    if read is not None:
        empty: Text = "" if isinstance(source, io.TextIOBase) else b""
        while True:
            piece = read(_READ_BYTES)
            if piece is None:
                raise BlockingIOError("source: expected bytes or an end, found neither: it does not block")
            if piece == empty or len(piece) == 0:
                return
            yield piece
    if isinstance(source, (bytes, bytearray, memoryview)) or not isinstance(source, Iterable):
        raise TypeError(f"source: expected a path, a file or an iterable of pieces, found {type(source).__qualname__}")
    yield from source


def _signature_defaults() -> Dict[str, Any]:
    assert Chunker.__init__.__kwdefaults__ is not None
    return {"size": 1000, "overlap": 0, **Chunker.__init__.__kwdefaults__}


def _name(field: str, value: object, names: Sequence[str]) -> int:
    if not isinstance(value, str):
        raise TypeError(f"{field}: expected str, found {type(value).__qualname__}")
    if value not in names:
        raise refused(InvalidArgument, field, "one of " + ", ".join(names), value)
    return names.index(value)


def _checked_options(given: Dict[str, Any]) -> ChunkerOptions:
    rule = _name("rule", given["rule"], CHUNK_RULES)
    rule_name = CHUNK_RULES[rule]
    delimiters = _checked_delimiters(given["delimiters"], rule_name)
    boundaries = _checked_boundaries(given["boundaries"])
    for option, owner, some in (("delimiters", "delimiter", delimiters), ("boundaries", "external", boundaries)):
        if rule_name != owner and some:
            raise refused(InvalidArgument, option, f"none with a rule other than {owner!r}", "some")
    if given["delimiters_begin_chunks"] and rule_name != "delimiter":
        raise refused(InvalidArgument, "delimiters_begin_chunks", "False with a rule other than 'delimiter'", True)
    sizer, measure, tokenizer = _checked_sizer(given["sizer"])
    if measure is None and given["bytes_a_unit"] != 32:
        raise refused(InvalidArgument, "bytes_a_unit", "32 without a callable sizer", given["bytes_a_unit"])
    size = checked_count("size", given["size"], 1, 1 << 31)
    overlap = checked_count("overlap", given["overlap"], 0, 1 << 31)
    if overlap >= size:
        raise refused(InvalidArgument, "overlap", f"less than the size, {size}", overlap)
    inner: List[int] = []
    for one in given["inner_sizes"]:
        inner.append(checked_count("inner_sizes", one, 1, 1 << 31))
        if inner[-1] >= ([size, *inner])[len(inner) - 1]:
            raise refused(InvalidArgument, "inner_sizes", "less than the size above", inner[-1])
    if len(inner) > 3:
        raise refused(InvalidArgument, "inner_sizes", "at most 3", len(inner))
    fill = given["fill_percent"]
    semantic, content = given["semantic"], given["content_defined"]
    if semantic is not None:
        if rule_name != "semantic":
            raise refused(InvalidArgument, "semantic", "None with another rule", "options")
        semantic = _checked_semantic(semantic)
    elif rule_name == "semantic":
        raise TypeError("semantic: expected atlas.SemanticOptions, found None")
    if rule_name == "content_defined":
        content = _checked_content_defined(content, given)
    elif content is not None:
        raise refused(InvalidArgument, "content_defined", "None with another rule", "options")
    return ChunkerOptions(
        rule=rule, sizer=sizer, packing=_name("packing", given["packing"], PACKINGS), size=size, overlap=overlap,
        fill_percent=None if fill is None else checked_count("fill_percent", fill, 0, 100),
        coherent_percent=checked_count("coherent_percent", given["coherent_percent"], 0, 100), inner_sizes=tuple(inner),
        trim=bool(given["trim"]), delimiters=delimiters,
        delimiters_begin_chunks=bool(given["delimiters_begin_chunks"]), boundaries=boundaries,
        measure=measure, tokenizer=tokenizer, bytes_a_unit=checked_count("bytes_a_unit", given["bytes_a_unit"], 1, 4096),
        semantic=semantic, content_defined=content, threads=checked_count("threads", given["threads"], 0, 4096))


def _checked_sizer(given: Any) -> Tuple[int, Optional[Measure], Any]:
    """Its number, and what it is made of."""
    if isinstance(given, str):
        return _name("sizer", given, CHUNK_SIZERS[:4]), None, None
    tokenizer = getattr(given, "_chunk_tokenizer", None)  # of atlas.Tokenizer
    if tokenizer is not None:
        return CHUNK_SIZERS.index("tokens"), None, given
    if callable(given):
        return CHUNK_SIZERS.index("callback"), given, None
    raise TypeError(f"sizer: expected a name, an atlas.Tokenizer or a callable, found {type(given).__qualname__}")


def _checked_delimiters(given: Iterable[Text], rule: str) -> Tuple[bytes, ...]:
    if isinstance(given, (str, bytes)):
        raise TypeError(f"delimiters: expected an iterable of str or bytes, found {type(given).__qualname__}")
    out = tuple(checked_text("delimiters", one, row) for row, one in enumerate(given))
    if rule == "delimiter" and not 1 <= len(out) <= 16:
        raise refused(InvalidArgument, "delimiters", "1 to 16", len(out))
    for row, one in enumerate(out):
        if not 1 <= len(one) <= 64:
            raise refused(InvalidArgument, "delimiters", "1 to 64 bytes", len(one), row)
    return out


def _checked_boundaries(given: Iterable[Any]) -> Tuple[Tuple[int, int], ...]:
    out: List[Tuple[int, int]] = []
    for row, one in enumerate(given):
        offset, level = one if isinstance(one, tuple) else (one, "section")
        if level not in _LEVEL_NUMBERS:
            raise refused(InvalidArgument, "boundaries", "a level: " + ", ".join(_LEVEL_NUMBERS), level, row)
        offset = checked_count("boundaries", offset, 0, (1 << 63) - 1)
        if out and offset <= out[-1][0]:
            raise refused(InvalidArgument, "boundaries", f"an offset of more than {out[-1][0]}", offset, row)
        out.append((offset, _LEVEL_NUMBERS[level]))
    return tuple(out)


def _checked_semantic(given: object) -> SemanticOptions:
    if not isinstance(given, SemanticOptions):
        raise TypeError(f"semantic: expected atlas.SemanticOptions, found {type(given).__qualname__}")
    if not isinstance(given.embed, Embedder) and not callable(given.embed):
        raise TypeError(f"semantic.embed: expected an atlas.Embedder or a callable, found {type(given.embed).__qualname__}")
    quantile = float(given.quantile)
    if not 0.0 < quantile <= 1.0:
        raise refused(InvalidArgument, "semantic.quantile", "above 0, up to 1", quantile)
    dimension = given.embed.dimension if isinstance(given.embed, Embedder) else checked_count("semantic.dimension", given.dimension, 1, 65535)
    if given.mode not in ("drop", "partition"):
        raise refused(InvalidArgument, "semantic.mode", "drop or partition", given.mode)
    return SemanticOptions(
        given.embed, dimension, given.mode, checked_count("semantic.window", given.window, 1, 8), quantile,
        checked_count("semantic.most_sentences", given.most_sentences, 2, 16),
        checked_count("semantic.part_bytes", given.part_bytes, 0, 1 << 31),
        checked_count("semantic.batch_texts", given.batch_texts, 1, 256),
        checked_count("semantic.batch_bytes", given.batch_bytes, 1024, 32768))


def _checked_content_defined(given: Optional[ContentDefinedOptions], all_of: Dict[str, Any]) -> ContentDefinedOptions:
    usual = _signature_defaults()
    for field in ("size", "overlap", "fill_percent", "coherent_percent", "inner_sizes", "trim", "packing", "sizer"):
        if (tuple(all_of[field]) if field == "inner_sizes" else all_of[field]) != usual[field]:
            raise refused(InvalidArgument, field, "no sizes but those of content_defined", all_of[field])
    if given is None:
        given = ContentDefinedOptions()
    if not isinstance(given, ContentDefinedOptions):
        raise TypeError(f"content_defined: expected atlas.ContentDefinedOptions, found {type(given).__qualname__}")
    return ContentDefinedOptions(
        checked_count("content_defined.average_bytes", given.average_bytes, 64, 1 << 24),
        checked_count("content_defined.least_bytes", given.least_bytes, 0, 1 << 24),
        checked_count("content_defined.most_bytes", given.most_bytes, 0, 1 << 28), bool(given.is_binary),
        checked_key("content_defined.seed", given.seed))


__all__ = ["Chunker", "Chunks", "chunk", "stream"]
