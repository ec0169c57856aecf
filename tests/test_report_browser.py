"""The report in a real browser: filters, links, layout, downloads, access, and that the page asks for nothing."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import stance
from stance.report.html import render_report
from stance.report.table_files import all_tables
from tests.report_samples import SCRIPT, invented_table

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
BINARIES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    binary = os.environ.get("CHROMIUM") or next((found for b in BINARIES if (found := shutil.which(b))), None)
    if not binary:
        pytest.skip(f"no Chromium: set CHROMIUM to its path, or install one of {', '.join(BINARIES)}")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=binary, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> dict[str, str]:
    """Addresses of the report of a pair and of one with many documents."""
    folder: Path = tmp_path_factory.mktemp("reports")
    for name, copies in (("pair", 1), ("many", 8)):
        (folder / f"{name}.html").write_text(render_report(stance.compare(invented_table(copies))), encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in ("pair", "many")}


@pytest.fixture
def open_page(browser, reports) -> Iterator:
    """Opens a report; at the end there must have been no error, no dialog and no request but for the file."""
    faults: list[str] = []
    pages = []

    def opener(name: str = "pair", fragment: str = "", **options):
        page = browser.new_page(**({"viewport": {"width": 1280, "height": 900}} | options))
        page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: faults.append(str(e)))
        page.on("dialog", lambda d: (faults.append(f"dialog {d.message}"), d.dismiss()))
        page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else faults.append(r.url))
        page.goto(reports[name] + fragment)
        pages.append(page)
        return page

    yield opener
    for page in pages:
        page.close()
    assert not faults


def shown(page) -> list[str]:
    return page.locator(".sentence .text").all_inner_texts()


def wait_for_sentences(page, count: int) -> None:
    """Waits without JavaScript of its own: the page's policy forbids `eval`, which `wait_for_function` needs."""
    sync_api.expect(page.locator(".sentence")).to_have_count(count)


def test_all_sentences_of_a_pair_are_shown_as_text(open_page):
    page = open_page()
    assert len(shown(page)) == 12
    assert any(SCRIPT in text for text in shown(page))
    assert page.locator("#side-0 .sentence").count() == page.locator("#side-1 .sentence").count() == 6
    assert page.locator(".sentence .badge .p").first.inner_text() == "0.60"


def test_a_chip_shows_exactly_the_sentences_of_its_issue(open_page):
    page = open_page()
    page.locator(".chip", has_text="Taiwan").click()
    table = invented_table()
    assert sorted(shown(page)) == sorted(table.loc[table["issue"].map(lambda i: "taiwan" in i), "text"])
    assert page.url.endswith("#issue=taiwan")
    assert page.locator("#f-issue").input_value() == "taiwan"
    assert page.locator(".chip[aria-current]").count() == 1
    page.go_back()
    wait_for_sentences(page, 12)


def test_a_row_of_a_chart_filters_by_its_issue(open_page):
    page = open_page()
    page.locator("#agenda .wide [data-go='#issue=human_rights']").first.click()
    wait_for_sentences(page, 1)
    assert "beliefs" in shown(page)[0]


def test_filters_add_up_and_live_in_the_address(open_page):
    page = open_page()
    page.select_option("#f-issue", "trade_economy")
    assert len(shown(page)) == 5
    assert "third party" in page.locator("#status").inner_text()
    page.select_option("#f-side", "1")
    assert len(shown(page)) == 3
    page.select_option("#f-stance", "demand")
    assert len(shown(page)) == 1
    assert page.url.endswith("#issue=trade_economy&stance=demand&side=1")
    page.fill("#f-q", "no such words")
    assert shown(page) == []
    page.get_by_role("button", name="Show all").click()
    page.fill("#f-q", "TARIFFS")
    assert len(shown(page)) == 3 and page.locator(".sentence mark").first.inner_text().lower() == "tariffs"
    page.fill("#f-q", "")
    page.locator("#f-p").fill("0.8")
    assert len(shown(page)) == 4
    again = open_page(fragment="#side=0&holder=china")
    assert len(shown(again)) == 1


def test_a_deep_link_highlights_its_sentence(open_page):
    page = open_page(fragment="#s=us-0%3Aa%26b:3")
    target = page.locator(".sentence.target")
    assert target.count() == 1 and SCRIPT in target.inner_text()
    assert target.evaluate("e => { const r = e.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight }")
    assert target.evaluate("e => document.activeElement === e")
    lost = open_page(fragment="#s=nowhere:99")
    assert "not in this report" in lost.locator("#status").inner_text()


def test_with_many_documents_only_filtered_sentences_are_shown(open_page):
    page = open_page("many")
    assert shown(page) == [] and "Choose" in page.locator("#status").inner_text()
    page.locator(".chip", has_text="human rights").click()
    wait_for_sentences(page, 8)
    assert page.locator("#side-0 h4").count() == 8
    page.locator("#side-0 h4 a").first.click()
    wait_for_sentences(page, 6)


def test_a_meeting_shows_its_two_accounts_side_by_side(open_page):
    page = open_page("many")
    page.get_by_role("link", name="Vienna 3").click()
    wait_for_sentences(page, 12)
    assert page.locator("#side-0 .sentence").count() == page.locator("#side-1 .sentence").count() == 6
    assert page.locator("#f-meeting").input_value() == "2024-01-04"
    page.select_option("#f-meeting", "2024-01-05")
    assert page.locator("h4").filter(has_text="no. 4").count() == 2


def test_a_mark_of_the_agenda_shows_its_issue_at_its_meeting(open_page):
    page = open_page("many")
    mark = page.locator("#figure-agenda-matrix .wide [data-go='#issue=taiwan&meeting=2024-01-02']").first
    mark.click()
    wait_for_sentences(page, 3)
    assert page.url.endswith("#issue=taiwan&meeting=2024-01-02")


def test_a_finding_unfolds_and_shows_exactly_the_sentences_behind_it(open_page):
    page = open_page()
    finding = page.locator(".findings li", has_text="Red lines")
    assert not finding.locator("p").first.is_visible()
    finding.locator("summary").focus()
    page.keyboard.press("Enter")
    assert "p = 0.60" in finding.locator("p").first.inner_text()
    assert "2 more sentences may name one" in finding.locator("p").first.inner_text()
    finding.get_by_role("link", name="Read the 3 sentences").click()
    wait_for_sentences(page, 3)
    assert any("plays with fire" in text for text in shown(page))
    assert "Red lines" in page.locator("#status").inner_text()


def test_the_theme_follows_the_system_until_it_is_chosen(open_page):
    page = open_page(color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    button = page.get_by_role("button", name="Dark", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    dark = page.evaluate(paper)
    assert dark != light
    assert open_page(color_scheme="dark").evaluate(paper) == dark
    button.click()
    assert page.evaluate(paper) == light and button.get_attribute("aria-pressed") == "false"


def saved(page, button) -> bytes:
    with page.expect_download() as waiting:
        button.click()
    return Path(waiting.value.path()).read_bytes()


def test_every_table_can_be_taken_out_of_the_page(open_page):
    page = open_page()
    tables = all_tables(stance.compare(invented_table()))
    buttons = page.locator("#downloads button[data-kind=csv]")
    assert {b.get_attribute("data-name") for b in buttons.all()} == set(tables)
    for name in ("agenda", "disagreements_evidence"):
        text = saved(page, page.locator(f"#downloads button[data-kind=csv][data-name={name}]")).decode()
        rows = list(csv.DictReader(io.StringIO(text)))
        assert list(rows[0]) == list(tables[name].columns) and len(rows) == len(tables[name])


def test_the_sentences_shown_can_be_taken_out_of_the_page(open_page):
    page = open_page(fragment="#holder=other")
    text = saved(page, page.locator("button[data-name=shown]")).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(shown(page)) == 2
    assert rows[1]["text"].startswith("'=SUM(A1)") and "</script><img" in rows[1]["text"]


def test_every_figure_can_be_taken_out_of_the_page(open_page):
    page = open_page(color_scheme="dark")
    for name in ("divergence", "agenda"):
        svg = saved(page, page.locator(f"#downloads button[data-kind=svg][data-name={name}]")).decode()
        assert svg.startswith("<svg") and "#FFFFFF" in svg and "http://www.w3.org/2000/svg" in svg
        png = saved(page, page.locator(f"#downloads button[data-kind=png][data-name={name}]"))
        assert png.startswith(b"\x89PNG") and len(png) > 5000


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["pair", "many"])
def test_nothing_stands_in_the_way_of_access(open_page, name, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")
    page = open_page(name, "#issue=taiwan", viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["pair", "many"])
def test_nothing_overflows_on_a_phone(open_page, name, scheme):
    page = open_page(name, "#issue=taiwan", viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("#figure-agenda .narrow").is_visible()
    assert not page.locator("#figure-agenda .wide").is_visible()


def test_every_focusable_thing_has_a_name_and_the_skip_link_comes_first(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#sentences") and len(shown(page)) == 12
    nameless = (
        "es => es.filter(e => !(e.textContent || e.ariaLabel || e.labels?.length || '').toString().trim()).length"
    )
    assert page.locator("a:not(svg a), button, select, input, summary").evaluate_all(nameless) == 0


def test_print_shows_the_cards_and_no_controls(open_page):
    page = open_page()
    page.emulate_media(media="print")
    assert not page.locator("#filters").is_visible() and not page.locator("nav").is_visible()
    assert page.locator(".card").first.is_visible() and page.locator(".sentence").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
