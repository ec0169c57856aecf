"""Reader of PDFs: the text that pdfminer finds, with the lines of a paragraph joined.

What a PDF unpacks to is bounded while it is unpacked: its streams do not say how long they will be.
"""

from __future__ import annotations

import io
import logging
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

from stance.documents.encoding import UNPACKED, UnreadableError, unpacks_to_too_much
from stance.documents.records import Located

MOST_GLYPHS = 0.03
"""Share of characters that may be given as the number of a glyph, because their font does not say what it draws."""
MOST_BOXES = 200
"""Boxes of text on a page up to which pdfminer finds their order, comparing each with each; prose has some tens."""
_GLYPH = re.compile(r"\(cid:\d+\)")
_MARGIN = 0.08
_FINAL = re.compile(r"[.!?;:。！？；：…][\"'”’)\]]*$")
_HAN = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef"


def _inflate(data: bytes, most: int) -> bytes:
    """What a zlib stream holds, up to ``most`` and one more bytes; a damaged end is left out, as pdfminer does."""
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(data[:-3], most + 1)
    except zlib.error:
        return b""
    with suppress(zlib.error):  # the checksum may be wrong
        found += inflater.decompress(inflater.unconsumed_tail + data[-3:], most + 1)
    return found


def _unfilter(name: Any, params: Any, data: bytes, most: int) -> bytes:
    """Decode one filter of a PDF stream, and stop soon after ``most`` bytes."""
    from pdfminer import pdftypes
    from pdfminer.lzw import LZWDecoder

    if name in pdftypes.LITERALS_CCITTFAX_DECODE:  # only images are
        return b""
    if name in pdftypes.LITERALS_RUNLENGTH_DECODE and len(data) * 64 > most:
        return bytes(most + 1)
    if name in pdftypes.LITERALS_FLATE_DECODE:
        data, name = _inflate(data, most), pdftypes.LITERALS_DCT_DECODE[0]
    elif name in pdftypes.LITERALS_LZW_DECODE:
        found = bytearray()
        for piece in LZWDecoder(io.BytesIO(data)).run():
            found += piece
            if len(found) > most:
                break
        data, name = bytes(found), pdftypes.LITERALS_DCT_DECODE[0]
    if len(data) > most:
        return data
    # pdfminer leaves DCT as it is, and undoes the predictor
    return pdftypes.PDFStream({"Filter": name, "DecodeParms": params or {}}, data).get_data()


def _bounded_parser(file: BinaryIO) -> Any:
    """A parser of pdfminer whose streams may hold `UNPACKED` megabytes together, each filter counted."""
    from pdfminer.pdfparser import PDFParser
    from pdfminer.pdftypes import PDFStream

    class Stream(PDFStream):
        def decode(self) -> None:
            data = self.rawdata or b""
            if self.decipher:
                data = self.decipher(self.objid or 0, self.genno or 0, data, self.attrs)
            for name, params in self.get_filters():
                data = _unfilter(name, params, data, parser.room)
                parser.room -= len(data)
                if parser.room < 0:
                    raise unpacks_to_too_much()
            self.data, self.rawdata = data, None

    class Parser(PDFParser):
        room = UNPACKED << 20

        def push(self, *objects: tuple[int, Any]) -> None:
            for _, found in objects:
                if type(found) is PDFStream:
                    found.__class__ = Stream
            super().push(*objects)

    parser = Parser(file)
    return parser


class _Block(NamedTuple):
    """Lines of text that stand together, and whether they stand in the upper or lower margin of the page."""

    text: str
    in_margin: bool


def _pages(data: bytes) -> list[list[_Block]]:
    """The blocks of text on each page of a PDF, as pdfminer draws them."""
    from pdfminer.converter import TextConverter
    from pdfminer.layout import LAParams, LTPage, LTTextBoxVertical
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage

    manager, text = PDFResourceManager(), io.StringIO()
    pages: list[list[_Block]] = []

    class Page(LTPage):
        def group_textboxes(self, laparams: Any, boxes: Any) -> Any:
            if len(boxes) <= MOST_BOXES:
                return super().group_textboxes(laparams, boxes)
            return sorted(boxes, key=lambda b: (-b.x1, -b.y0) if isinstance(b, LTTextBoxVertical) else (-b.y0, b.x0))

    class Converter(TextConverter):
        def begin_page(self, page: Any, ctm: Any) -> None:
            super().begin_page(page, ctm)
            self.cur_item.__class__ = Page

        def receive_layout(self, ltpage: Any) -> None:
            pages.append([])
            low, high = ltpage.y0 + _MARGIN * ltpage.height, ltpage.y1 - _MARGIN * ltpage.height
            for item in ltpage:
                super().receive_layout(item)
                found = re.split(r"\n\s*\n", text.getvalue().replace("\x0c", "\n\n"))
                pages[-1] += [_Block(b.strip(), item.y1 < low or item.y0 > high) for b in found if b.strip()]
                text.seek(0)
                text.truncate()

    interpreter = PDFPageInterpreter(manager, Converter(manager, text, laparams=LAParams()))
    parser = _bounded_parser(io.BytesIO(data))
    for page in PDFPage.create_pages(PDFDocument(parser)):
        interpreter.process_page(page)
    if parser.room < 0:  # pdfminer may have gone on without the stream
        raise unpacks_to_too_much()
    return pages


def _without_running_heads(pages: list[list[_Block]]) -> list[list[str]]:
    """Texts of the blocks of each page, without those in a margin that come again on another, but for their numbers."""

    def masked(block: _Block) -> str:
        return re.sub(r"\d+", "#", " ".join(block.text.split()))

    counts = Counter(key for page in pages for key in {masked(b) for b in page if b.in_margin})
    return [[b.text for b in page if not (b.in_margin and counts[masked(b)] > 1)] for page in pages]


def _joined(pages: list[list[str]]) -> list[str]:
    """The blocks of all pages; one that is cut by the end of a page is joined with the rest on the next."""
    blocks: list[str] = []
    for page in pages:
        for number, block in enumerate(page):
            if number == 0 and blocks and block[:1].islower() and not _FINAL.search(blocks[-1]):
                blocks[-1] += f"\n{block}"
            else:
                blocks.append(block)
    return blocks


def read_pdf(file: BinaryIO) -> Iterator[Located]:
    """Read the text of a PDF, without running heads; lines of one paragraph are joined, hyphenation is undone.

    Raises:
        UnreadableError: if it is damaged, unpacks to too much, or holds no text or only numbers of glyphs.
    """
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    data = file.read()
    try:
        pages = _pages(data)
    except UnreadableError:
        raise
    except Exception as error:  # damaged files make pdfminer raise errors of many kinds
        cure = "Open it in a PDF viewer and save it again"
        raise UnreadableError("it is not a readable PDF", cure) from error
    joined = [re.sub(r"(?<=\w)-\n(?=[a-z])", "", b) for b in _joined(_without_running_heads(pages))]
    joined = [re.sub(r"(?<=\w)-[ \t]*\n[ \t]*(?=[A-Z\d])", "-", b) for b in joined]
    joined = [re.sub(rf"(?<=[{_HAN}])[ \t]*\n[ \t]*(?=[{_HAN}])", "", b) for b in joined]
    text = "\n\n".join(re.sub(r"(?<![ \t])[ \t]*\n[ \t]*", " ", b) for b in joined)
    if not text.strip():
        cure = "Run it through OCR first, for example ocrmypdf"
        raise UnreadableError("the PDF holds no text (a scan?)", cure)
    rest, glyphs = _GLYPH.subn("", text)
    if glyphs > MOST_GLYPHS * (glyphs + len("".join(rest.split()))):
        cure = "Run it through OCR first, for example ocrmypdf --force-ocr"
        raise UnreadableError("its fonts do not tell which characters they draw", cure)
    yield "", {"text": text}
