"""Reader of web pages: trafilatura finds the main text, in a page from which what misleads it is mended first."""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from typing import Any, BinaryIO

from stance.documents.encoding import UnreadableError, decode
from stance.documents.records import Located

PAGE_MEGABYTES = 8
"""Largest page that is read."""
_MOST_TAGS = 100_000
"""Tags of a page: trafilatura's time grows with the square of their number. Long transcripts have some thousands."""
_PAGE_TAG = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{1,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_AS_BROWSERS_READ = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030",
    "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
}  # fmt: skip
"""Encodings that browsers take for larger ones, as the Encoding Standard of the WHATWG says."""
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "br", "center", "div", "dl", "fieldset", "figure", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "ul",
))  # fmt: skip


def encoding_named(name: str) -> str:
    """The encoding that browsers use where text declares a name.

    Raises:
        LookupError: if there is none.
    """
    known = codecs.lookup(name).name
    return _AS_BROWSERS_READ.get(known, known)


def read_html(file: BinaryIO) -> Iterator[Located]:
    """Read the main text of a web page, with its title and date where the page tells them.

    Raises:
        UnreadableError: if no main text is found, there are very many tags, or the encoding cannot be told.
    """
    import trafilatura
    from trafilatura.metadata import extract_metadata

    for library in ("trafilatura", "htmldate"):  # they warn without saying of which file
        logging.getLogger(library).setLevel(logging.CRITICAL)
    content = decode_page(file.read())
    if content.count("<") > _MOST_TAGS:
        raise UnreadableError(f"it has more than {_MOST_TAGS:,} tags", "Save the text of the page as a .txt file")
    if not _PAGE_TAG.search(content):  # a fragment, of which trafilatura reads nothing if it has a single root
        content = f"<html><body>{content}</body></html>"
    tree: Any = trafilatura.load_html(content)
    metadata: Any = None
    text = ""
    if tree is not None:
        # Only dates that the page marks as its own: any year in the text would do for an extensive search.
        metadata = extract_metadata(tree, date_config={"extensive_search": False, "original_date": True})
        _mend(tree)
        page: Any = trafilatura.bare_extraction(tree, include_comments=False, include_tables=True, favor_recall=True)
        text = (page.text or "") if page is not None else ""
    if not text.strip():
        cure = "Save the text of the page as a .txt file"
        raise UnreadableError("no main text was found in the page", cure)
    yield "", {"text": text, "title": metadata.title or "", "date": metadata.date}


def decode_page(data: bytes) -> str:
    """Decode a page: Unicode where it is valid, else the encoding that its first 1,024 bytes declare, else a guess.

    Raises:
        UnreadableError: as `decode`.
    """
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8-sig")
    if declared := _CHARSET.search(data[:1024]):
        with suppress(LookupError, UnicodeDecodeError):
            name = encoding_named(declared[1].decode("ascii"))
            if not name.startswith("utf"):
                return data.decode(name)
    return decode(data)


def _mend(tree: Any) -> None:
    """Change what makes trafilatura lose or join text.

    That is a first paragraph without a tag of its own, tables for layout, quotations, and tags inside sentences.
    """
    for box in tree.xpath("//body | //div[br]"):
        if (box.text or "").strip():
            lead = tree.makeelement("p")
            lead.text, box.text = box.text, None
            lead.extend(takewhile(lambda child: child.tag not in _BLOCKS, list(box)))
            box.insert(0, lead)
    for quotation in tree.xpath("//q"):
        quotation.text = f"“{quotation.text or ''}"
        if len(quotation):
            quotation[-1].tail = f"{quotation[-1].tail or ''}”"
        else:
            quotation.text += "”"
    for wrapper in tree.xpath("//q | //time[../text()[normalize-space()]] | //center | //form[.//p]"):
        if wrapper.getparent() is not None:
            wrapper.drop_tag()
    for block in tree.xpath("//blockquote"):
        block.tag = "div" if block.xpath(".//p | .//div | .//blockquote | .//ul | .//ol") else "p"
    for table in tree.xpath("//table[.//p or .//td//br or not(.//tr[count(td | th) > 1])]"):
        for part in table.xpath(
            "descendant-or-self::*[self::table or self::tbody or self::tr or self::td or self::th]"
        ):
            part.tag = "div"
