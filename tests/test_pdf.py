"""PDFs of several pages, and of fonts that do not tell their characters."""

from __future__ import annotations

import time

from tests.one_page_pdf import pdf, pdf_of_cells, pdf_of_pages
from tests.test_documents import failure, one, write

IDENTITY = (
    b"/Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X"
    b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>]"
)


def printed(number: int, *lines: str) -> list[tuple[int, str]]:
    """A page as a browser prints it."""
    head = [(770, "3/7/24, 10:30 AM    Readout of the Talks"), (20, f"https://example.org/talks    {number}/3")]
    return [head[0], *((700 - 13 * i, line) for i, line in enumerate(lines)), head[1]]


def test_what_a_browser_prints_on_every_page_is_left_out_and_pages_are_joined(tmp_path):
    content = pdf_of_pages(
        printed(1, "The two ministers met in Lindholm. They agreed to re-"),
        printed(2, "open the ferry. The road", "is closed."),
        printed(3, "The pier is open."),
    )
    assert one(write(tmp_path / "a.pdf", content)).text == (
        "The two ministers met in Lindholm. They agreed to reopen the ferry. The road is closed.\n\nThe pier is open."
    )


def test_a_margin_that_comes_once_and_lines_that_come_again_in_the_body_stay(tmp_path):
    content = pdf_of_pages(
        [(770, "Joint Statement"), (700, "Both sides agreed."), (20, "Lindholm, 7 March")],
        [(700, "Both sides agreed.")],
    )
    assert one(write(tmp_path / "a.pdf", content)).text.split("\n\n") == [
        "Joint Statement",
        "Both sides agreed.",
        "Lindholm, 7 March",
        "Both sides agreed.",
    ]


def test_a_hyphen_before_a_capital_stays(tmp_path):
    content = pdf("They spoke of the Norlandia-", "Quay talks and of the F-", "16 crates.")
    assert one(write(tmp_path / "a.pdf", content)).text == (
        "They spoke of the Norlandia-Quay talks and of the F-16 crates."
    )


def test_a_page_of_very_many_cells_is_read_row_by_row_in_linear_time(tmp_path):
    rows = [[f"r{y}c{x}" for x in range(20)] for y in range(90)]
    path = write(tmp_path / "a.pdf", pdf_of_cells(rows))
    started = time.process_time()
    assert one(path).text.split() == [cell for row in rows for cell in row]
    assert time.process_time() - started < 15


def test_a_font_that_does_not_tell_its_characters_is_refused(tmp_path):
    bad = failure(write(tmp_path / "a.pdf", pdf_of_pages([(700, "<002400250026>")], font=IDENTITY)))
    assert bad.reason == "its fonts do not tell which characters they draw"
    assert "ocrmypdf" in bad.cure
