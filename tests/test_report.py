"""The report: its structure, its findings, its charts, its files, and that no text can break out of it."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import stance
from stance.errors import StanceError
from stance.report.briefs import brief
from stance.report.charts import agenda_chart, stance_chart, svg_to_png, to_svg, words_chart
from stance.report.cooperation_charts import cooperation_chart
from stance.report.findings import headline
from stance.report.html import render_report, safe_json
from stance.report.meetings import agenda_by_meeting, find_meetings, positions_by_meeting, red_line_history
from stance.report.position_charts import divergence_chart, ladder_chart
from stance.report.style import stance_colors, stance_order
from stance.report.text import findings_json, markdown_report
from stance.report.time_charts import agenda_matrix, red_line_timeline, stance_timeline
from tests.report_samples import SCRIPT, invented_series, invented_table, repeating_documents


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
def html() -> str:
    return render_report(stance.compare(invented_table().assign(event=f"Talks {SCRIPT}")))


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


def test_sections_headings_and_landmarks(page):
    ids = [attrs.get("id") for _, attrs in page.tags]
    sections = ["findings", "agenda", "stances", "disagreements", "red-lines", "cooperation", "attribution"]
    sections += ["alignment", "framing", "sentences", "downloads", "method"]
    assert [i for i in ids if i in sections] == sections and "over-time" not in ids
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("header")) == len(page.all("footer")) == 1
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
    assert len(set(ids) - {None}) == len([i for i in ids if i])


def test_text_of_documents_stays_text(html, page):
    assert SCRIPT not in html
    assert "&lt;script&gt;alert(1)" in html
    assert not page.all("img")
    assert [a.get("type") for a in page.all("script")] == ["application/json", "application/octet-stream", None]
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
    assert len(images) >= 20 and all(a["role"] == "img" and a["aria-label"] for a in images)
    offered = {a["data-name"] for a in page.all("button") if a.get("data-kind") == "svg"}
    assert {f"figure-{name}".replace("_", "-") for name in offered} == {a["id"] for a in page.all("figure")}
    assert any(a.get("data-go") == "#issue=taiwan" for a in page.all("g"))
    assert any(a.get("href") == "#issue=taiwan" for a in page.all("a"))


def test_context_and_counterpart_stand_in_the_cards(html):
    card = next(c for c in re.findall(r'<article class="card.*?</article>', html, re.S) if "Whoever plays" in c)
    assert "中方希望双方扩大大学交流" in card and 'class="context"' in card
    assert "Washington opposes" in card and "similarity" in card


def test_a_sentence_has_one_number_everywhere(comparison, html):
    """Cards, script and Markdown say the ``sent_id`` of the tables."""
    line = comparison.red_lines.evidence.iloc[0]
    assert line["sent_id"] == 0
    assert f"({line['doc_id']}, sentence 0)" in markdown_report(comparison)
    card = next(c for c in re.findall(r'<article class="card.*?</article>', html, re.S) if "Whoever plays" in c)
    assert re.search(r'<a href="#s=china-0%3Aa%26b:0">sentence 0</a>', card)
    assert "String(s.id + 1)" not in html and "sentence ${s.id + 1}" not in html


def test_findings_are_careful(comparison):
    findings = headline(comparison)
    assert 5 <= len(findings) <= 11
    text = " ".join(f.text for f in findings)
    assert "only the United States account raises military (1, p = 0.80) and human rights (1, p = 0.80);" in text
    assert "no counterpart found" in text
    assert (
        "1 red line, on Taiwan (p = 0.60; implied, no line named)" in text
        and "1 more sentence may name one" not in text
    )
    assert "deliberate" not in text and "thin" in text
    keys = set(zip(comparison.table["doc_id"], comparison.table["sent_id"], strict=True))
    assert all(set(f.evidence) <= keys for f in findings)
    assert json.dumps([f.figures for f in findings], allow_nan=False)


def test_every_finding_is_told_in_one_line(comparison, html):
    for finding in headline(comparison):
        assert 10 < len(finding.brief) < 160 and "\n" not in finding.brief
    assert html.count('class="brief"') == len(headline(comparison))


def test_a_series_is_shown_over_time():
    page = Page(render_report(stance.compare(invented_table(copies=4))))
    ids = {attrs.get("id") for _, attrs in page.tags}
    assert {"over-time", "figure-stance-timeline", "figure-agenda-matrix", "figure-red-line-timeline"} <= ids
    assert any(a.get("href") == "#meeting=2024-01-03" for a in page.all("a"))
    assert any(a.get("data-go") == "#issue=taiwan&meeting=2024-01-02" for a in page.all("g"))


def test_a_report_of_thirty_meetings_is_below_two_megabytes():
    html = render_report(stance.compare(invented_series(meetings=30, sentences=30)))
    assert 1_000_000 < len(html.encode()) < 2_000_000


def test_accounts_without_events_that_lie_a_day_apart_are_one_meeting():
    table = invented_table(copies=3)
    number = table["event"].str[-1].astype(int)
    days = pd.Timestamp("2024-01-05") + pd.to_timedelta(30 * number + (table["source"] == "china"), unit="D")
    sides = stance.compare(table.assign(event=None, date=days.dt.strftime("%Y-%m-%d"))).sides
    found = find_meetings(sides)
    assert found.labels == ("2024-01-05", "2024-02-04", "2024-03-05")
    assert len(found.labels) == len(sides.compared)


@pytest.mark.parametrize(
    ("dates", "events", "labels"),
    [
        (["2024-01-05", "2024-03-01"], ["A", "B"], ("Jan 2024", "Mar 2024")),
        (["2024-01-05", "2024-01-20"], ["A", "B"], ("5 Jan 2024", "20 Jan 2024")),
        (["2024-01-05", "2024-01-05"], ["A", "B"], ("1: 5 Jan 2024", "2: 5 Jan 2024")),
        ([None, None], ["A", "B"], ("A", "B")),
        (["2024-01-05", "2024-03-01"], [None, None], ("2024-01-05", "2024-03-01")),
        (["2024-01-05", "2024-01-06"], ["A", "A"], ("Jan 2024",)),
        (["2024-01-05", "2024-01-06"], ["A", None], ("Jan 2024",)),
        ([None, None], [None, None], ()),
    ],
)
def test_meetings_are_found(dates, events, labels):
    table = invented_table(copies=2)
    number = table["event"].str[-1].astype(int)
    table = table.assign(date=number.map(dict(enumerate(dates))), event=number.map(dict(enumerate(events))))
    found = find_meetings(stance.compare(table).sides)
    assert found.labels == labels
    assert found.several == (len(labels) > 1)
    assert set(found.of_document.values()) == set(found.keys)
    assert len(set(found.keys)) == len(labels)


@pytest.mark.parametrize("event", ["Vienna", None])
def test_two_accounts_dated_a_day_apart_are_one_meeting(event):
    table = invented_table().assign(event=event)
    table["date"] = table["source"].map({"us": "2024-01-05", "china": "2024-01-06"})
    comparison = stance.compare(table)
    found = find_meetings(comparison.sides)
    assert not found.several and len(found.of_document) == 2


@pytest.mark.parametrize(("days", "label"), [(2, "6 Jan"), (200, "May 2024"), (2000, "2026")])
def test_an_axis_of_time_names_each_date_once(days, label):
    table = invented_table(copies=2)
    last = f"{pd.Timestamp('2024-01-05') + pd.Timedelta(days=days):%Y-%m-%d}"
    comparison = stance.compare(table.assign(date=table["event"].map({"Vienna 0": "2024-01-05", "Vienna 1": last})))
    labels = re.findall(r">([^<>]+)</text>", to_svg(comparison.drift.plot()))
    assert label in labels
    named = [text for text in labels if re.search(r"\b(20\d\d|Jan)$", text)]
    assert len(set(named)) == len(named)


def test_hundreds_of_dates_are_taken_together():
    rows = invented_table(copies=1)
    days = pd.date_range("2015-01-01", periods=120, freq="20D")
    tables = [rows.assign(date=f"{d:%Y-%m-%d}", event=None, doc_id=rows["doc_id"] + str(d)) for d in days]
    found = find_meetings(stance.compare(pd.concat(tables)).sides)
    assert 20 < len(found.keys) <= 40 and found.keys[0] == "2015Q1"


def _without_red_lines(table):
    return table[table["stance"] != "red_line"].assign(probs=None)


@pytest.mark.parametrize(
    "emptied",
    [
        _without_red_lines,
        lambda table: table.assign(issue=[["none"]] * len(table), issue_main="none"),
        lambda table: table.assign(holder="other"),
        lambda table: table.assign(holder=table["source"].map({"us": "china", "china": "us"})),
    ],
    ids=["no red line", "no issue", "third parties only", "reports of the other side only"],
)
def test_several_meetings_with_nothing_found_are_reported(emptied, tmp_path: Path):
    comparison = stance.compare(emptied(invented_table(copies=2)))
    comparison.write(tmp_path)
    assert 'id="over-time"' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_series_charts_say_what_the_table_says():
    comparison = stance.compare(invented_table(copies=3))
    meetings = find_meetings(comparison.sides)
    cells = agenda_by_meeting(comparison, meetings).set_index(["issue", "group", "meeting"])
    assert cells.loc[("taiwan", "china", "2024-01-02"), ["count", "n"]].tolist() == [2, 4]
    positions = positions_by_meeting(comparison, meetings).set_index(["issue", "group", "meeting"])
    assert positions.loc[("taiwan", "us", "2024-01-01"), "estimate"] == pytest.approx(-0.8)
    assert positions.loc[("taiwan", "china", "2024-01-01"), "estimate"] == pytest.approx((-1 + 0) / 2)
    assert red_line_history(comparison, meetings)["meeting"].tolist() == ["2024-01-01", "2024-01-02", "2024-01-03"]
    for chart in (stance_timeline, agenda_matrix, red_line_timeline):
        svg = to_svg(chart(comparison, meetings, 720))
        assert "Taiwan" in svg and "meeting=2024-01-03" in svg
    assert "United States, 12 sentences" in to_svg(ladder_chart(comparison.stances))
    assert "Taiwan" in to_svg(divergence_chart(comparison.stances))


def test_markdown_and_json_hold_the_findings(comparison):
    text = markdown_report(comparison)
    record = json.loads(findings_json(comparison, []))
    assert SCRIPT not in text and "\\<script\\>" in text
    for finding, given in zip(headline(comparison), record["findings"], strict=True):
        assert given["text"] == finding.text and len(given["evidence"]) == len(finding.evidence)
        assert re.sub(r"\\", "", text).count(finding.text) == 1
    assert {e["text"] for f in record["findings"] for e in f["evidence"]} <= set(comparison.table["text"])
    assert text.startswith("# Vienna 0\n")
    row = next(line for line in text.splitlines() if line.startswith("| Taiwan | Washington"))
    assert (
        "over Taiwan. (opposition 0.70, sentence 2, the only one) | Whoever plays with fire over Taiwan will be burned."
        in row
    )


def test_hand_coded_tables_and_one_sided_issues_do_not_fail():
    table = invented_table(probs=False)
    quiet = table[table["issue_main"].isin(["none", "human_rights"])]
    for part in (table, quiet):
        rendered = render_report(stance.compare(part))
        assert "names no model" in rendered and ">1.00<" in rendered


def test_groups_need_not_be_sources():
    table = invented_table(copies=2).assign(period=lambda t: t["date"].str[-1])
    comparison = stance.compare(table, by="period", groups=("1", "2"), names=("before", "after"))
    assert "both groups" in next(f for f in headline(comparison) if f.kind == "shared").text.lower()
    assert "before" in render_report(comparison)


def test_empty_charts_say_so():
    table = invented_table(probs=False)
    comparison = stance.compare(table[table["issue_main"] == "none"])
    for chart in (*(c.plot() for c in comparison.contrasts.values()), words_chart(comparison.framing, "taiwan", 5)):
        assert "nothing to show" in to_svg(chart)


def test_words_that_documents_repeat_are_not_named_as_a_sides():
    comparison = stance.compare(repeating_documents())
    words = comparison.framing.words
    assert (words["p_adjusted"] < 0.05).sum() > 5  # what each word as an independent draw would make of it
    text = next(f.text for f in headline(comparison) if f.kind == "framing")
    assert "No word or phrase sets the sides apart beyond chance" in text
    assert "topic" not in text
    chart = words_chart(comparison.framing, "all issues", 12).to_dict()
    marks = [row["hollow"] for rows in chart["datasets"].values() for row in rows if "hollow" in row]
    assert marks
    assert all(marks)
    assert "No word or phrase stands out beyond chance" in render_report(comparison)


def test_words_that_set_all_documents_apart_are_named():
    comparison = stance.compare(repeating_documents(planted="harbour"))
    assert "«harbour" in next(f.text for f in headline(comparison) if f.kind == "framing")


def test_words_of_too_few_documents_are_not_named():
    table = repeating_documents(documents=2, planted="harbour").assign(paragraph=0)
    comparison = stance.compare(table)
    assert comparison.framing.words["p_units"].isna().all()
    assert "Too few documents to tell" in next(f.text for f in headline(comparison) if f.kind == "framing")
    assert "cite no word" in comparison.framing.notes[0]
    assert "There are too few documents to tell" in render_report(comparison)


def test_charts_link_issues_and_name_labels(comparison):
    svg = to_svg(agenda_chart(comparison.agenda))
    assert (
        'xlink:href="#issue=taiwan"' in svg
        and "trade and economy" in svg
        and "trade_economy" not in svg.split("href")[0]
    )
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", svg)
    assert svg_to_png(to_svg(stance_chart(comparison.stances))).startswith(b"\x89PNG")


def test_what_the_other_account_reports_less_is_paler(comparison):
    svg = to_svg(cooperation_chart(comparison.cooperation, 330))
    assert 'opacity="0.18"' in svg and 'opacity="0.75"' not in svg


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
    assert {"report.md", "figures/divergence.png", "figures/ladder.svg"} <= names
    assert (tmp_path / "out/figures/agenda.png").read_bytes().startswith(b"\x89PNG")
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


def test_a_codebook_of_other_labels_is_reported(tmp_path: Path):
    stances = {
        "praise": {"position": 1, "roles": ["cooperation", "agreed"], "name": "praise"},
        "pact": {"position": 0.8, "roles": ["cooperation", "agreed"], "name": "a pact"},
        "reproach": {"position": -0.5, "roles": ["difference"]},
        "threat": {"position": -1, "roles": ["difference", "limit"]},
    }
    issues = {"arity": "one_or_more", "null_label": "nothing", "labels": {"ferry": {}, "port": {}, "nothing": {}}}
    holders = {key: {} for key in ("north", "south", "both", "other")}
    dimensions = {
        "issue": issues, "stance": {"arity": "one", "labels": stances}, "holder": {"arity": "one", "labels": holders},
        "frame": {"arity": "any", "labels": {"law": {}}},
    }  # fmt: skip
    book = tmp_path / "book.yaml"
    book.write_text(json.dumps({"version": 9, "dimensions": dimensions}), encoding="utf-8")
    said = [("ferry", "praise", "both"), ("ferry", "pact", "both"), ("port", "threat", ""), ("", "reproach", "")]
    table = pd.DataFrame(
        [
            {
                "doc_id": side, "source": side, "sent_id": number, "text": f"Sentence {number} of the {side}.",
                "issue": issue, "stance": act, "holder": holder or side, "frame": "law",
            }
            for side in ("north", "south")
            for number, (issue, act, holder) in enumerate(said)
        ]
    )  # fmt: skip
    comparison = stance.compare(stance.check_table(table), groups=("north", "south"), codebook=book)
    assert comparison.table["issue_main"].tolist() == ["ferry", "ferry", "port", "nothing"] * 2
    html = comparison.write(tmp_path / "out")[0].read_text(encoding="utf-8")
    assert 'href="#issue=ferry&amp;stance=praise,pact&amp;holder=both"' in html
    assert '<option value="praise,pact">praise or a pact</option>' in html
    assert "agreement" not in re.findall(r"stance=([^&\"]*)", html)


def test_a_folder_that_cannot_be_written_says_so(comparison, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StanceError, match=r"file/report\.html: the file cannot be written .*another folder"):
        comparison.write(tmp_path / "file")


def test_difference_names_every_stance_and_no_issue_above_its_equals():
    table = invented_table()
    own = table[(table["source"] == "china") & (table["holder"] == "china") & (table["issue_main"] != "none")]
    first, second = own.index[:2]
    table.loc[table["stance"].isin(["criticism", "demand", "opposition", "red_line", "management"]), "stance"] = (
        "neutral"
    )
    for row, stance_, issue in ((first, "demand", "taiwan"), (second, "management", "climate_energy")):
        table.at[row, "stance"], table.at[row, "issue_main"], table.at[row, "issue"] = stance_, issue, [issue]
    [told] = [f.text for f in headline(stance.compare(table)) if f.kind == "disagreements"]
    assert "by the China account in 2 of" in told
    assert "demand 1, management 1), on Taiwan, and climate and energy." in told
    table.at[second, "issue_main"], table.at[second, "issue"] = "taiwan", ["taiwan"]
    [told] = [f.text for f in headline(stance.compare(table)) if f.kind == "disagreements"]
    assert told.endswith("), on Taiwan.")


def test_that_nothing_is_agreed_is_said():
    table = invented_table()
    table.loc[table["stance"] == "agreement", "stance"] = "neutral"
    [found] = [f for f in headline(stance.compare(table)) if f.kind == "agreed"]
    assert found.brief == "Nothing by both; 1 possible"
    assert found.text.startswith("No sentence is found to report something agreed by both. 1 sentence may report ")
    assert "(United States 1 and China 0; with another label and a probability of 0.20 or more): read." in found.text
    assert len(found.evidence) == 1
    table["probs"] = [{} for _ in range(len(table))]
    [found] = [f for f in headline(stance.compare(table)) if f.kind == "agreed"]
    assert (found.brief, found.evidence) == ("Nothing by both", [])
    assert found.text == "No sentence is found to report something agreed by both."


def test_possible_red_lines_are_told_by_side():
    table = invented_table()
    us = table.index[(table["source"] == "us") & (table["issue_main"] == "taiwan")][0]
    table.at[us, "probs"] = {**table.at[us, "probs"], "stance:red_line": 0.3}
    [found] = [f for f in headline(stance.compare(table)) if f.kind == "red_lines"]
    told = "may name one (United States 1 and China 1; labelled so below 0.50, or with another label and 0.20 or"
    assert found.text.endswith(f"{told} more): read.")


def test_a_red_line_that_is_less_likely_than_not_is_only_possible():
    """Labelled for want of a likelier label: no side is said to name it, and the sentence is still there to read."""
    table = invented_table()
    line = table.index[table["stance"] == "red_line"][0]
    table.at[line, "probs"] = {**table.at[line, "probs"], "stance:red_line": 0.49}
    comparison = stance.compare(table)
    [found] = [f for f in headline(comparison) if f.kind == "red_lines"]
    assert found.text.startswith("Neither side surely names a red line.")
    assert found.brief == "None surely; 1 labelled so at 0.49 (China); 2 more possible"
    [told] = [f for f in headline(comparison) if f.kind == "disagreements"]
    assert "red line 1 (0.49), demand 1)" in told.brief and "red line 1 (0.49), demand 1)" in told.text
    assert found.figures["china"]["count"] == 0 and "China 2; labelled so below 0.50" in found.text
    assert ("china-0:a&b", int(table.at[line, "sent_id"])) in found.evidence
    assert comparison.red_lines.evidence["text"].tolist() == [table.at[line, "text"]]
    table.at[line, "probs"] = {**table.at[line, "probs"], "stance:red_line": 0.5}
    [found] = [f for f in headline(stance.compare(table)) if f.kind == "red_lines"]
    assert "the China account names 1 red line, on Taiwan (p = 0.50; implied, no line named)" in found.text
    assert found.brief.startswith("United States none; China 1 (Taiwan; implied, no line named); ")
    alone = table.assign(probs=[p | {"stance:red_line": 0.0} if i != line else p for i, p in table["probs"].items()])
    alone.at[line, "probs"] = {**alone.at[line, "probs"], "stance:red_line": 0.48}
    [found] = [f for f in headline(stance.compare(alone)) if f.kind == "red_lines"]
    assert found.text.endswith("1 sentence may name one (China, labelled so at 0.48): read.")


def test_findings_of_nothing_go_behind_the_others():
    table = invented_table()
    assert headline(stance.compare(table))[0].kind == "red_lines"
    table.loc[table["stance"] == "red_line", "stance"] = "opposition"
    table["probs"] = [{k: v for k, v in p.items() if k != "stance:red_line"} for p in table["probs"]]
    found = headline(stance.compare(table))
    order = [f.kind for f in found]
    assert order.index("red_lines") > order.index("only") > order.index("disagreements") and order[-1] == "evidence"
    assert found[order.index("red_lines")].brief == "None found"


def test_one_issue_is_not_the_furthest_and_chance_is_no_difference(comparison):
    [found] = [f for f in headline(comparison) if f.kind == "positions"]
    some = replace(
        found, figures={**found.figures, "enough": True, "ranking": "", "issues": 1, "low": -0.5, "high": 0.5}
    )
    assert brief(comparison, some).startswith("On ")
    several = replace(some, figures={**some.figures, "issues": 2})
    assert brief(comparison, several).startswith("No clear difference in position (largest on ")
    apart = replace(several, figures={**several.figures, "low": 0.1})
    assert brief(comparison, apart).startswith("Furthest apart on ")
