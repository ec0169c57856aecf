"""The page of benchmarks: what was measured replaces what was there, and the rest stays."""

import sys

from benchmarks import run

PAGE = """# Page

<!-- growth:start -->
Measured in May on A.

### Growth

old

### Growth to a million

a million

| 1 | 2 |
<!-- growth:end -->

End.
"""


def test_tables_that_were_not_measured_stay_with_how_they_were_made(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    kept = "### Growth to a million\n\nMeasured in May on A.\n\na million\n\n| 1 | 2 |\n<!-- growth:end -->\n\nEnd.\n"
    for month in ("June", "July"):
        run.put(page, "growth", f"Measured in {month} on B.\n\n### Growth\n\nnew {month}")
        expected = f"# Page\n\n<!-- growth:start -->\nMeasured in {month} on B.\n\n### Growth\n\nnew {month}\n\n{kept}"
        assert page.read_text(encoding="utf-8") == expected
    run.put(page, "growth", "Measured in August.\n\n### Growth\n\nx\n\n### Growth to a million\n\ny")
    assert "Measured in May" not in page.read_text(encoding="utf-8")


def test_the_page_says_by_which_command_it_was_measured(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(run, "PAGE", page)
    monkeypatch.setattr(run, "PARTS", {"growth": lambda options, _: [f"### Growth\n\nfull: {options.full}"]})
    monkeypatch.setattr(sys, "argv", ["run.py", "--full", "--documents", "my corpus.jsonl"])
    run.main()
    assert "by `python -m benchmarks.run --full --documents 'my corpus.jsonl'` on " in page.read_text(encoding="utf-8")
    assert "full: True" in page.read_text(encoding="utf-8")
