# SPDX-License-Identifier: Apache-2.0
"""Values that both backends give, and what a backend must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Protocol, Sequence, Tuple, Union

from ._arrays import Bitmap, Block, Floats, Keys

import numpy as np
import numpy.typing as npt

Progress = Callable[[int, int], object]
"""Called with (done, total) now and then; returning False stops the call with ``Cancelled``. An exception that
it raises stops the call too and comes out of it."""

FolderProgress = Callable[[str, int, int], object]
"""As Progress, with what is being done in front: "walking", "reading", "indexing" or "saving"."""

METRICS = ("l2sq", "inner_product", "cosine")
VECTOR_METRICS = METRICS + ("hamming", "jaccard")
FIRST_PASSES = ("f32", "bf16", "i8")
SCALINGS = ("row", "dimension")
KINDS = ("auto", "flat", "hnsw", "ivf_pq")
CODES = ("automatic", "none", "f16", "bf16", "lvq8", "lvq4")
RERANK_CODES = CODES[1:]  # of ivf_pq; 0 is the default, none
STORED = ("float32", "float16", "bfloat16", "int8", "uint8")
LIST_CODES = ("automatic", "flat", "pq4", "pq8", "rabitq", "sq8")
ROTATIONS = ("automatic", "none", "random", "learned")
KMEANS_STARTS = ("sampled", "plus_plus")
QUANTIZERS: Dict[str, int] = {"product": 1, "scalar": 3, "additive": 4, "corrected": 5, "bits": 6}
STRATEGIES = ("automatic", "walk", "two_hop", "scan")
RESIDENCES = ("mapped", "on_disk")
LEVELS: Dict[int, str] = {0: "character", 1: "word", 2: "clause", 3: "sentence", 4: "line", 5: "paragraph", 6: "section",
                          10: "heading_6", 11: "heading_5", 12: "heading_4", 13: "heading_3", 14: "heading_2", 15: "heading_1",
                          255: "text_end"}
CHUNK_RULES = ("plain_text", "fixed", "sentence", "uax29_sentence", "delimiter", "external", "markdown", "html", "code",
               "semantic", "content_defined")
CHUNK_SIZERS = ("characters", "bytes", "graphemes", "words", "tokens", "callback")
PACKINGS = ("full", "coherent", "divided")
PHASES = ("walking", "reading", "indexing", "saving")
SKIP_REASONS = ("unreadable", "too large", "empty", "binary", "bad encoding")


class Hits(NamedTuple):
    """What a search found: for each query the nearest first."""

    keys: Keys
    """uint64 [queries, k]; slots without an answer hold ``atlas.RESERVED_KEY``"""
    distances: Floats
    """float32 [queries, k], in the index's metric; slots without an answer hold +inf"""
    counts: "npt.NDArray[np.uint32]"
    """uint32 [queries]: answers found, at most k"""


class Tuned(NamedTuple):
    """What ``Index.tune`` chose and measured."""

    width: int
    """candidates kept while searching"""
    prefetch_rows: int
    """rows asked for ahead in a walk"""
    recall: float
    """share of the exact answers found so; below the wanted one if nothing reaches that"""
    queries_per_second: float
    """with what was chosen, on one thread that nothing disturbs"""
    probes: int = 0
    """ivf_pq: lists looked at; then width and prefetch_rows are 0"""
    rerank: int = 0
    """ivf_pq: vectors measured for each of k"""


class KMeansResult(NamedTuple):
    """What ``kmeans`` found."""

    centroids: Floats
    """float32 [clusters, dimension]"""
    assigned: "npt.NDArray[np.uint32]"
    """uint32 [n]: the centroid nearest to each vector"""
    sizes: "npt.NDArray[np.uint32]"
    """uint32 [clusters]: vectors of each"""
    error: float
    """mean squared distance of a vector to its centroid"""
    iterations: int
    """times the centroids moved"""


class KmeansOptions(NamedTuple):
    """Arguments of ``kmeans``, checked."""

    iterations: int
    start: int
    seed: int
    sample_rows: int
    batch_rows: int
    balance: float
    relaxation: float
    tolerance: float
    threads: int


class QuantizationError(NamedTuple):
    """How much of some vectors their codes lose."""

    mean_squared: float
    """mean of the squared distances between a vector and what its code stands for"""
    share: float
    """their sum by that of the vectors' squared lengths"""


class QuantizerOptions(NamedTuple):
    """Arguments of ``Quantizer.train``, checked."""

    kind: int
    code_bytes: int
    bits: int
    iterations: int
    beam: int
    rounds: int
    seed: int
    sample_rows: int
    threads: int


class RotationOptions(NamedTuple):
    """Arguments of ``Rotation.train``, checked."""

    parts: int
    bits: int
    rounds: int
    seed: int
    sample_rows: int
    threads: int


class Promise(NamedTuple):
    """What searches with an index's own settings were measured to find."""

    recall: float
    """share of the exact answers"""
    k: int
    """for so many answers a query"""


class Chunk(NamedTuple):
    """A part of a text. Offsets count from the text's start; ``_end`` is the first behind the chunk."""

    text: Union[str, bytes]
    """as the text was given: str or bytes"""
    byte_begin: int
    byte_end: int
    byte_fresh: int
    """the first byte that the chunk before does not hold; byte_begin without overlap"""
    char_begin: int
    char_end: int
    """code points: for a str, ``text[char_begin:char_end]`` of the whole is the chunk"""
    line_begin: int
    line_end: int
    """of the first and the last byte; the first line is 1"""
    level: str
    """of the boundary behind: "character", "word", "clause", "sentence", "line", "paragraph", "section", "heading_6" to
    "heading_1" or "text_end\""""
    id: str
    """XXH3-128 of the bytes, 32 hexadecimal digits: the same text cut by the same rule has the same id"""
    column_begin: int
    """of the first character in its line, in code points; the first is 1"""
    units: int
    """the chunk's size as its sizer measures it"""
    depth: int
    """0; of chunks that larger ones are cut into 1 and more"""
    headings: Tuple[str, ...]
    """the titles that it stands under, the outermost first; of the rules "markdown" and "html\""""
    source_begin: int
    source_end: int
    """as byte_begin and byte_end, in the bytes of a stream that was decoded from another encoding"""


@dataclass(frozen=True)
class SemanticOptions:
    """Where a meaning changes; of ``Chunker``'s rule "semantic"."""

    embed: Any
    """a frozen ``Embedder``; or a callable that is given a list of str and gives float32 [n, dimension], the vector of each,
    none of them zero. A text's vector depends on that text alone"""
    dimension: int = 0
    """of a callable's vectors"""
    mode: str = "drop"
    """"drop": where what follows is less like what stands before than at most other places; "partition": the parts whose
    sentences are together most like each other"""
    window: int = 4
    """of "drop": sentences before and behind a boundary that are compared; 1 to 8"""
    quantile: float = 0.8
    """of "drop": the share of boundaries that are no changes, at least; above 0, up to 1"""
    most_sentences: int = 16
    """of "partition": of a part; 2 to 16"""
    part_bytes: int = 0
    """of "partition": of a part of more than one sentence; 0: any number"""
    batch_texts: int = 64
    """texts of one call of ``embed`` at most, 1 to 256; and"""
    batch_bytes: int = 16384
    """their bytes, 1024 to 32768"""


@dataclass(frozen=True)
class ContentDefinedOptions:
    """Sizes of chunks that their bytes alone divide; of ``Chunker``'s rule "content_defined"."""

    average_bytes: int = 8192
    """up to 2**24"""
    least_bytes: int = 0
    """no chunk is smaller but the last, at least 64; 0: a quarter of the average"""
    most_bytes: int = 0
    """no chunk is larger, up to 2**28; 0: eight times the average"""
    is_binary: bool = False
    """bytes are no text: cuts may lie anywhere, characters and lines are not counted"""
    seed: int = 0
    """what is to be compared must be cut with the same"""


@dataclass(frozen=True)
class IndexInfo:
    """What an index is."""

    kind: str
    metric: str
    dimension: int
    size: int
    read_only: bool
    connectivity: int
    """this and what follows to sealed: 0, "none" or False unless hnsw"""
    build_width: int
    search_width: int
    max_level: int
    codes: str
    codes_from: int
    alpha: float
    sealed: bool
    """opened from what ``Index.seal`` wrote"""
    stored: str
    """what vectors are stored as; float32 goes in and comes out"""
    lists: int
    """this and what follows to rerank_codes: 0 or "none" unless ivf_pq; 0 before training"""
    list_codes: str
    rotation: str
    parts: int
    code_bytes: int
    probes: int
    rerank: int
    rerank_codes: str
    """by what candidates are compared before the best are measured"""
    promised: Optional[Promise]
    """ivf_pq: what searches with the defaults were measured to find; None: nothing is promised"""
    memory: Dict[str, int]
    """bytes by part: vectors, keys, graph (links, codes, a sealed one's blocks of neighbours; lists and centroids), scratch"""


@dataclass(frozen=True)
class FolderHit:
    """One answer of a folder index."""

    path: str
    """from the folder, '/' between names; bytes that are not UTF-8 as os.fsdecode gives them"""
    line_begin: int
    line_end: int
    score: float
    """cosine similarity, -1 to 1; larger is nearer"""
    text: str
    byte_begin: int
    byte_end: int
    """[byte_begin, byte_end) in the source file"""
    key: int
    """the chunk's number"""
    id: str
    """XXH3-128 of the text and of the rule that cut it"""
    headings: Tuple[str, ...] = ()
    """of Markdown and HTML: the titles that the chunk's first fresh byte stands under, the outermost first"""


@dataclass(frozen=True)
class FolderReport:
    """What a build, an update or a compact did, and what it left out."""

    files: int
    chunks: int
    source_bytes: int
    skipped: Dict[str, int]
    """files by reason: unreadable, too large, empty, binary, bad encoding"""
    skipped_files: List[Tuple[str, str]]
    """(path, reason) of each; at most the first 10,000"""
    walk: Dict[str, int]
    """what the walk met: folders walked, and by reason folders and files left out before they were read"""
    embedded: int
    """of the chunks, those whose vector was made"""
    taken_over: int
    """of the chunks, those whose vector is that of the index that was updated"""
    gone: int
    """documents of the index that was updated, and not of the new one"""


@dataclass(frozen=True)
class FolderInfo:
    """What a folder index holds."""

    files: int
    chunks: int
    dimension: int
    chunk_size: int
    chunk_overlap: int
    chunk_fill_percent: int
    chunk_packing: str
    read_only: bool
    has_embedder: bool


@dataclass(frozen=True)
class EmbedderOptions:
    """How texts become vectors; see ``Embedder``."""

    dimension: int = 1024
    frequency_buckets: int = 1 << 18
    seed: int = 0
    word_weight: float = 1.0
    pair_weight: float = 0.3
    gram_weight: float = 1.0
    gram_length: int = 4


class IndexOptions(NamedTuple):
    """As ``Index.create`` takes them; codes, stored, list codes, rotation and rerank codes by their places in CODES and so on."""

    dimension: int
    metric: str
    kind: str
    connectivity: int
    build_width: int
    search_width: int
    seed: int
    reserve: int
    codes: int
    stored: int
    codes_from: int
    alpha: float
    lists: int
    train_from: int
    list_codes: int
    rotation: int
    parts: int
    iterations: int
    probes: int
    rerank: int
    rerank_codes: int
    recall: float
    recall_k: int


class BuildOptions(NamedTuple):
    """As ``IvfBuilder`` takes them."""

    index: IndexOptions
    memory: int
    temporary_folder: Optional[bytes]
    threads: int


class SearchOptions(NamedTuple):
    """As ``Index.search`` takes them; strategy and first pass by their places in STRATEGIES and FIRST_PASSES."""

    width: int = 0
    threads: int = 1
    allowed: Optional[Bitmap] = None
    strategy: int = 0
    starts: int = 0
    patience: int = 0
    time_limit_ns: int = 0
    """0: none"""
    first_pass: int = 0
    probes: int = 0
    rerank: int = 0
    estimates_only: bool = False


class ChunkerOptions(NamedTuple):
    """As ``Chunker`` takes them, checked; rule, sizer and packing by their places in CHUNK_RULES and so on."""

    rule: int
    sizer: int
    packing: int
    size: int
    overlap: int
    fill_percent: Optional[int]
    coherent_percent: int
    inner_sizes: Tuple[int, ...]
    trim: bool
    delimiters: Tuple[bytes, ...]
    delimiters_begin_chunks: bool
    boundaries: Tuple[Tuple[int, int], ...]
    measure: Optional[Callable[[str], int]]
    tokenizer: Any
    bytes_a_unit: int
    semantic: Optional[SemanticOptions]
    content_defined: Optional[ContentDefinedOptions]
    threads: int


class IndexBackend(Protocol):
    """Arguments are checked already; see ``Index`` for what they mean."""

    def info(self) -> IndexInfo: ...
    def add(self, keys: Keys, vectors: Floats, threads: int, progress: Optional[Progress], replace: bool) -> None: ...
    def remove(self, keys: Keys, missing_ok: bool) -> int: ...
    def contains(self, keys: Keys) -> "npt.NDArray[np.bool_]": ...
    def get(self, keys: Keys) -> Floats: ...
    def search(self, queries: Floats, k: int, options: SearchOptions) -> Hits: ...
    def range(self, query: Floats, radius: float, limit: Optional[int], options: SearchOptions) -> Tuple[Keys, Floats]: ...
    def distances(self, queries: Floats, keys: Keys) -> Floats: ...
    def keys(self) -> Keys: ...
    def reserve(self, rows: int) -> None: ...
    def compact(self) -> None: ...
    def train(self, sample: Optional[Floats], threads: int, progress: Optional[Progress]) -> None: ...
    def tune(self, queries: Optional[Floats], k: int, recall: float, threads: int, progress: Optional[Progress]) -> Tuned: ...
    def save(self, path: bytes, progress: Optional[Progress]) -> None: ...
    def seal(self, path: bytes, degree: int, threads: int, seed: int, progress: Optional[Progress]) -> None: ...
    def close(self) -> None: ...


class BuilderBackend(Protocol):
    def train(self, sample: Floats, progress: Optional[Progress]) -> None: ...
    def add(self, keys: Keys, vectors: Floats, progress: Optional[Progress]) -> None: ...
    def finish(self, progress: Optional[Progress]) -> None: ...
    def facts(self) -> Tuple[int, int]:
        """Vectors, lists."""
    def close(self) -> None: ...


class QuantizerBackend(Protocol):
    def facts(self) -> Tuple[int, int, int]:
        """Kind, dimension, bytes of a code."""
    def encode(self, rows: Block, threads: int, progress: Optional[Progress]) -> "npt.NDArray[np.uint8]": ...
    def decode(self, codes: Block, threads: int, progress: Optional[Progress]) -> Floats: ...
    def error_of(self, rows: Block, threads: int, progress: Optional[Progress]) -> QuantizationError: ...
    def distances(self, out: Floats, errors: Optional[Floats], queries: Block, codes: Block, threads: int,
                  progress: Optional[Progress]) -> None: ...
    def save_state(self) -> bytes: ...
    def close(self) -> None: ...


class RotationBackend(Protocol):
    def facts(self) -> Tuple[int, int, int]:
        """Kind, dimension, padded."""
    def apply(self, rows: Block, threads: int, progress: Optional[Progress]) -> Floats: ...
    def apply_inverse(self, rows: Block, threads: int, progress: Optional[Progress]) -> Floats: ...
    def orthogonality_error(self, threads: int) -> float: ...
    def save_state(self) -> bytes: ...
    def close(self) -> None: ...


class ChunkerBackend(Protocol):
    """Each gives a FoundChunks."""

    def read(self, text: bytes, progress: Optional[Progress]) -> Any: ...
    def read_many(self, texts: Sequence[bytes], progress: Optional[Progress]) -> Any:
        """A FoundChunks of all, and int64 [n + 1]: where the chunks of each begin."""
    def feed(self, piece: bytes) -> Any: ...
    def finish(self) -> Any: ...
    def restart(self) -> None: ...
    def taken(self) -> int: ...
    def kept_from(self) -> int:
        """No later chunk begins before this byte; for a stream that is decoded, which the native library alone does."""
    def save_state(self) -> bytes: ...
    def close(self) -> None: ...


class EmbedderBackend(Protocol):
    def handle(self) -> Any:
        """The native handle; NativeRequired without the library."""
    def dimension(self) -> int: ...
    def is_frozen(self) -> bool: ...
    def texts(self) -> int: ...
    def learn(self, texts: Sequence[bytes], threads: int, progress: Optional[Progress]) -> None: ...
    def freeze(self) -> None: ...
    def embed(self, texts: Sequence[bytes], threads: int, progress: Optional[Progress]) -> Floats: ...
    def save_state(self) -> bytes: ...
    def close(self) -> None: ...


class FolderBackend(Protocol):
    def info(self) -> FolderInfo: ...
    def search(self, question: bytes, k: int, options: SearchOptions) -> List[FolderHit]: ...
    def add_document(self, path: bytes, text: bytes) -> None: ...
    def remove_document(self, path: bytes) -> None: ...
    def save(self, path: bytes, progress: Optional[Progress]) -> None: ...
    def update(self, folder: bytes, output: bytes, threads: int, include_hidden: bool, max_file_bytes: int,
               progress: Optional[FolderProgress]) -> FolderReport: ...
    def compact(self, output: bytes, threads: int, progress: Optional[FolderProgress]) -> FolderReport: ...
    def close(self) -> None: ...
