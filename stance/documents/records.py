"""Readers of files that hold many documents: JSONL, CSV, Parquet, JSON. All but JSON are read as a stream.

A record that is broken is named and the others go on. Memory stays bounded whatever the size of the file.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import IO, Any, AnyStr, BinaryIO, TextIO

from stance.documents.document import METADATA, folded
from stance.documents.encoding import UnreadableError, decode, encoding_of
from stance.table.schema import csv_delimiter

Record = dict[str, Any]
Located = tuple[str, Record | ValueError]
"""Where in the file a record stands (``""``: the file; ``":7"``: line 7), and the record or what is wrong."""

MAX_RECORD = 16 * 1024 * 1024
"""Longest record, in bytes or characters: over two thousand pages."""
MAX_PACKING = 100
"""How many times its size on the disk a large part of a Parquet file may unpack to; prose packs to a third."""
HEAD = 1 << 20
_DAMAGED = re.compile(r"[\udc80-\udcff]")


def open_stream(file: BinaryIO) -> tuple[BinaryIO, bytes]:
    """Make a stream whose beginning can be looked at.

    Returns:
        the stream, and up to `HEAD` bytes of its beginning, which are still to be read.
    """
    stream = io.BufferedReader(_Raw(file), HEAD)
    return stream, stream.peek(HEAD)[:HEAD]


class _Raw(io.RawIOBase):
    """Any binary stream as a raw one, so that it can be buffered anew. Reads until the buffer asked for is full."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        got = 0
        while got < len(view) and (data := self._file.read(len(view) - got)):
            view[got : got + len(data)] = data
            got += len(data)
        return got


def read_jsonl(file: BinaryIO) -> Iterator[Located]:
    """Read one JSON object a line; a line that is broken is named and the others go on."""
    stream, head = open_stream(file)
    encoding = encoding_of(head)
    lines = _lines(stream, b"\n")
    if encoding.startswith("utf-16"):
        text = io.TextIOWrapper(stream, "utf-16", errors="replace", newline="\n")
        lines = (None if line is None else line.encode("utf-8", "replace") for line in _lines(text, "\n"))
    for number, line in enumerate(lines, 1):
        if line is None:
            yield f":{number}", ValueError(f"the line is longer than {MAX_RECORD >> 20} MB")
            continue
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        line = line.strip()
        if not line:
            continue
        try:
            record = json.loads(line if encoding.startswith("utf") else line.decode(encoding))
        except (ValueError, RecursionError) as error:
            yield f":{number}", ValueError(f"the line is not valid JSON ({str(error)[:60]})")
            continue
        yield f":{number}", checked(record)


def _lines(stream: IO[AnyStr], end: AnyStr) -> Iterator[AnyStr | None]:
    """Lines of a stream; None for one that is too long."""
    while line := stream.readline(MAX_RECORD):
        if len(line) < MAX_RECORD or line.endswith(end):
            yield line
            continue
        while line and not line.endswith(end):
            line = stream.readline(MAX_RECORD)
        yield None


def read_json(file: BinaryIO) -> Iterator[Located]:
    """Read a JSON object, or a list of them."""
    try:
        content = json.loads(decode(file.read()))
    except UnreadableError:
        raise
    except (ValueError, RecursionError) as error:
        cure = "Write it with a JSON library"
        raise UnreadableError(f"it is not valid JSON ({str(error)[:60]})", cure) from error
    for number, record in enumerate(content if isinstance(content, list) else [content], 1):
        yield f":{number}" if isinstance(content, list) else "", checked(record)


def read_csv(file: BinaryIO) -> Iterator[Located]:
    """Read a CSV with a header row and a ``text`` column; the commas may be semicolons or tabs.

    Blank rows above the header are passed over. Every cell is taken as text. A row with cells too many, or with bytes
    that are not in the file's encoding, is named and the others go on; after a broken quote they cannot.
    """
    stream, head = open_stream(file)
    encoding = encoding_of(head)
    lines_of_head = head.decode(encoding, errors="replace").splitlines()
    header = next((line for line in lines_of_head if line.strip(" \ufeff\t,;")), "")
    errors = "surrogateescape" if encoding != "utf-16" else "replace"
    text = io.TextIOWrapper(stream, encoding, errors=errors, newline="")
    csv.field_size_limit(MAX_RECORD)
    lines = _CsvLines(text)
    reader = csv.DictReader(lines, delimiter=csv_delimiter(header), strict=True)
    try:
        reader.fieldnames = next((row for row in reader.reader if any(cell.strip() for cell in row)), [])
        check_columns(list(reader.fieldnames))
        before, lines.row = reader.line_num, 0
        for row in reader:
            lines.row = 0
            where, before = f":{before + 1}", reader.line_num
            cells = [v for v in row.values() if isinstance(v, str)]
            if not any(v.strip() for v in (*cells, *row.get(None, ()))):
                continue  # spreadsheets write such rows at the end
            if None in row:
                yield where, ValueError("the row has more cells than the header")
            elif any(_DAMAGED.search(v) for v in cells):
                yield where, ValueError("the row is damaged UTF-8")
            elif any("\x00" in v for v in cells):
                yield where, ValueError("the row holds binary data")
            else:
                yield where, checked(row)
    except csv.Error as error:
        raise UnreadableError(f"it is broken near line {reader.line_num} ({error})", "Check its quotes") from error


class _CsvLines:
    """Lines of a CSV file, refused where one row of it grows beyond `MAX_RECORD`.

    Attributes:
        row: characters of the present row; whoever reads sets it to 0 when a row is complete.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.row = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_RECORD + 1 - self.row)
        self.row += len(line)
        if self.row > MAX_RECORD:
            raise csv.Error(f"a row is longer than {MAX_RECORD >> 20} MB")
        if not line:
            raise StopIteration
        return line


def read_parquet(file: BinaryIO) -> Iterator[Located]:
    """Read a Parquet table with a ``text`` column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(file)
        check_columns(schema.names)
        wanted = [c for c in schema.names if c.strip().casefold() in ("text", *METADATA)]
        # as dictionaries: a long text that stands in many rows is held once
        texts = [c for c in wanted if c.strip().casefold() == "text" or pa.types.is_string(schema.field(c).type)]
        table = pq.ParquetFile(file, read_dictionary=texts, pre_buffer=False, buffer_size=HEAD)
        _check_packing(table.metadata, wanted)
        number = 0
        for batch in table.iter_batches(batch_size=32, columns=wanted, use_threads=False):
            for i in range(batch.num_rows):  # one by one: a few long texts may stand in many rows
                number += 1
                yield f":{number}", checked(batch.slice(i, 1).to_pylist()[0])
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnreadableError("it is not a readable Parquet file", "Write it again") from error


def _check_packing(metadata: Any, wanted: list[str]) -> None:
    """Refuse a Parquet file that is small on the disk and huge in memory, before any page is decoded."""
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            unpacked = column.total_uncompressed_size
            if (
                column.path_in_schema.split(".")[0] in wanted
                and unpacked > 4 * MAX_RECORD
                and unpacked > MAX_PACKING * column.total_compressed_size
            ):
                reason = f"its column {column.path_in_schema[:40]} unpacks to {unpacked >> 20} MB, from next to nothing"
                raise UnreadableError(reason, "Write it in smaller row groups, or as JSONL")


def check_columns(columns: list[str]) -> None:
    """Raise an `UnreadableError` where a table has no text."""
    if "text" not in folded(dict.fromkeys(columns)):
        cure = f"Rename the column (it has: {', '.join(c[:40] for c in columns[:12]) or 'none'})"
        raise UnreadableError("it has no column named text", cure)


def checked(record: object) -> Record | ValueError:
    """The record with its keys `folded`, or what is wrong with it."""
    if not isinstance(record, dict):
        return ValueError("the record is not a JSON object")
    record = folded(record)
    if not isinstance(record.get("text"), str):
        return ValueError("the record has no text field")
    if len(record["text"]) > MAX_RECORD:
        return ValueError(f"the text is longer than {MAX_RECORD >> 20} million characters")
    return record
