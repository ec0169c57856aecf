"""The smallest PDFs that hold lines of text, made anew for every test."""


def pdf(*lines: str, gap_after: int | None = None) -> bytes:
    """A one-page PDF; after the line of that number stands an empty line."""
    drawn, y = [], 740
    for number, line in enumerate(lines):
        drawn.append(f"BT /F1 11 Tf 72 {y} Td ({line}) Tj ET")
        y -= 48 if number == gap_after else 13
    return _page(drawn)


def pdf_of_cells(rows: list[list[str]]) -> bytes:
    """A one-page PDF of small cells that stand far from each other."""
    cells = ((72 + 24 * x, 780 - 8 * y, cell) for y, row in enumerate(rows) for x, cell in enumerate(row))
    return _page([f"BT /F1 4 Tf {x} {y} Td ({cell}) Tj ET" for x, y, cell in cells])


def _page(drawn: list[str]) -> bytes:
    stream = "\n".join(drawn).encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    return _file(objects)


def pdf_of_pages(*pages: list[tuple[int, str]], font: bytes = b"/Type1 /BaseFont /Helvetica") -> bytes:
    """A PDF of several pages, each a list of heights (of 792) and lines; a line in angle brackets is hexadecimal."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * i) for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype %s >>" % font,
    ]
    for number, lines in enumerate(pages):
        drawn = (f"BT /F1 11 Tf 72 {y} Td {x if x[0] == '<' else f'({x})'} Tj ET" for y, x in lines)
        stream = "\n".join(drawn).encode("latin-1")
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * number),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        ]
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%s"
        b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (len(objects) + 1, table, len(objects) + 1, len(out))
    )
