"""The report: its structure, its findings, its charts, its files, and that no text can break out of it."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import stance
from stance.errors import StanceError
from stance.report.charts import agenda_chart, stance_chart, to_png, to_svg, words_chart
from stance.report.findings import headline
from stance.report.html import render_report, safe_json
from stance.report.style import stance_colors, stance_order
from tests.report_samples import SCRIPT, invented_table


class Page(HTMLParser):
    """Collects what the tests ask about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == name]


@pytest.fixture(scope="module")
def comparison() -> stance.Comparison:
    return stance.compare(invented_table())


@pytest.fixture(scope="module")
def html(comparison) -> str:
    return render_report(comparison, title=f"Talks {SCRIPT}")


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


def test_sections_headings_and_landmarks(page):
    ids = [attrs.get("id") for _, attrs in page.tags]
    sections = ["findings", "agenda", "stances", "disagreements", "red-lines", "framing", "sentences", "method"]
    assert [i for i in ids if i in sections] == sections
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("header")) == len(page.all("footer")) == 1
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
    assert len(set(ids) - {None}) == len([i for i in ids if i])


def test_text_of_documents_stays_text(html, page):
    assert SCRIPT not in html
    assert "&lt;script&gt;alert(1)" in html
    assert not page.all("img")
    assert [a.get("type") for a in page.all("script")] == ["application/json", None]
    assert not [attrs for _, attrs in page.tags if any(k.startswith("on") for k in attrs)]
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    assert data
    texts = [row[3] for row in json.loads(data[1])["sentences"]]
    assert texts == invented_table()["text"].tolist()


def test_nothing_is_loaded(html, page):
    assert not [a for name in ("img", "iframe", "object", "embed", "audio", "video", "source") for a in page.all(name)]
    assert all("src" not in attrs for _, attrs in page.tags)
    assert all((a.get("href") or "").startswith(("#", "data:,")) for _, a in page.tags if "href" in a)
    assert "@import" not in html and "url(http" not in html
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy and "default-src 'none'" in policy and "unsafe-eval" not in policy
    assert len(html.encode()) < 1_000_000


def test_every_badge_has_its_probability_and_every_control_a_label(html, page):
    badges = re.findall(r'<a class="badge.*?</a>', html, re.S)
    assert badges and all(re.search(r'class="p"[^>]*>(&gt; |&lt; )?[\d.–]+<', b) for b in badges)
    labels = {a["for"] for a in page.all("label")}
    assert {a["id"] for name in ("select", "input") for a in page.all(name)} <= labels
    assert all("scope" in a for a in page.all("th"))


def test_charts_are_named_images_with_links_into_the_page(page):
    images = page.all("svg")
    assert len(images) == 12 and all(a["role"] == "img" and a["aria-label"] for a in images)
    assert any(a.get("href") == "#issue=taiwan" and a.get("tabindex") == "-1" for a in page.all("a"))


def test_context_and_counterpart_stand_in_the_cards(html):
    card = next(c for c in re.findall(r'<article class="card.*?</article>', html, re.S) if "Whoever plays" in c)
    assert "中方希望双方扩大大学交流" in card and 'class="context"' in card
    assert "Washington opposes" in card and "similarity" in card


def test_findings_are_careful(comparison):
    findings = headline(comparison)
    assert 5 <= len(findings) <= 9
    text = " ".join(f.text for f in findings)
    assert "(1 of 5 sentences) and human rights (1)" in text and "no counterpart found" in text
    assert "1 red line, on Taiwan (p = 0.60)" in text and "1 more sentence may name one" not in text
    assert "deliberate" not in text and "thin" in text
    keys = set(zip(comparison.table["doc_id"], comparison.table["sent_id"], strict=True))
    assert all(set(f.evidence) <= keys for f in findings)
    assert json.dumps([f.figures for f in findings], allow_nan=False)


def test_hand_coded_tables_and_one_sided_issues_do_not_fail():
    table = invented_table(probs=False)
    quiet = table[table["issue_main"].isin(["none", "human_rights"])]
    for part in (table, quiet):
        rendered = render_report(stance.compare(part))
        assert "names no model" in rendered and ">1.00<" in rendered


def test_groups_need_not_be_sources():
    table = invented_table(copies=2).assign(period=lambda t: t["date"].str[-1])
    comparison = stance.compare(table, by="period", groups=("1", "2"), names=("before", "after"))
    assert "both groups" in headline(comparison)[0].text.lower()
    assert "before" in render_report(comparison)


def test_empty_charts_say_so():
    table = invented_table(probs=False)
    comparison = stance.compare(table[table["issue_main"] == "none"])
    for chart in (*(c.plot() for c in comparison.contrasts.values()), words_chart(comparison.framing, "taiwan", 5)):
        assert "nothing to show" in to_svg(chart)


def test_charts_link_issues_and_name_labels(comparison):
    svg = to_svg(agenda_chart(comparison.agenda))
    assert (
        'xlink:href="#issue=taiwan"' in svg
        and "trade and economy" in svg
        and "trade_economy" not in svg.split("href")[0]
    )
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", svg)
    assert to_png(stance_chart(comparison.stances)).startswith(b"\x89PNG")


def test_palette_is_ordered_and_distinct():
    codebook = stance.load_codebook()
    order, colors = stance_order(codebook), stance_colors(codebook)
    assert order[0] == "red_line" and order[-1] == "agreement"
    assert len(set(colors.values())) == len(order)


def test_json_cannot_end_its_element():
    text = safe_json({"a": "</script><!-- & \u2028"})
    assert "<" not in text and "&" not in text and json.loads(text) == {"a": "</script><!-- & \u2028"}


def test_written_files(comparison, tmp_path: Path):
    files = comparison.write(tmp_path / "out")
    assert files[0].name == "report.html" and all(f.stat().st_size for f in files)
    names = {f.relative_to(tmp_path / "out").as_posix() for f in files}
    assert {"findings.json", "sentences.parquet", "tables/agenda_differences.csv", "figures/red_lines.svg"} <= names
    assert {"tables/framing_words.csv", "tables/red_lines_possible.csv", "tables/agenda_sensitivity.csv"} <= names
    with (tmp_path / "out/tables/disagreements_evidence.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(comparison.disagreements.evidence) and not [r for r in rows if r["text"].startswith("=")]
    assert len(pd.read_csv(tmp_path / "out/tables/agenda_differences.csv")) == len(comparison.agenda.differences)
    assert json.loads((tmp_path / "out/findings.json").read_text())["sides"] == {
        "us": "United States",
        "china": "China",
    }
    assert len(stance.read_table(tmp_path / "out/sentences.parquet")) == len(comparison.table)


def test_a_folder_that_cannot_be_written_says_so(comparison, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StanceError, match=r"file/report\.html: the file cannot be written .*another folder"):
        comparison.write(tmp_path / "file")
