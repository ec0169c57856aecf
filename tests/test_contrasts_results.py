"""Cooperation, attribution, alignment, red lines, agenda and drift, on small tables whose answers are known."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from sklearn.feature_extraction.text import CountVectorizer

import stance
from stance.annotation.standoff import sentence_hash
from stance.cli import main
from stance.contrast.agenda import agenda
from stance.contrast.alignment import alignment
from stance.contrast.attribution import attribution
from stance.contrast.distinctive_words import weighted_log_odds
from stance.contrast.drift import drift
from stance.contrast.gold import read_gold
from stance.contrast.limit_wording import load_limit_wording
from stance.contrast.measures import measures
from stance.contrast.result import make_sides
from stance.contrast.wordings import align_wordings
from stance.report.html import render_report
from stance.report.page import Labels, agreed_chips, chips
from stance.report.page_cards import decks
from stance.report.style import interval, percent
from stance.report.text import findings_at_a_glance, findings_record
from stance.table import check_table, write_table
from tests.conftest import ROOT

FENTANYL = "Both sides agreed to resume joint work against fentanyl precursors."
TARIFFS = "China asked that the tariffs on solar panels be lifted."
ARMS = "China said that it would never yield on Taiwan arms sales."
RESUMED = "Joint work against fentanyl precursors is to resume."
LINE = "Whoever crosses the red line on Taiwan arms sales will pay a price."
INDEPENDENCE = "The US side said that it does not support independence."


def row(source, number, text, issue, act, holder, event="Vienna", **more):
    return {
        "event": event, "doc_id": f"{source}-{event}", "source": source, "sent_id": number, "start": number * 100,
        "end": number * 100 + 90, "text": text, "issue": [issue], "stance": act, "holder": holder, "frame": [],
        "paragraph": number, **more,
    }  # fmt: skip


@pytest.fixture
def table():
    return check_table(
        pd.DataFrame(
            [
                row("us", 0, FENTANYL, "counternarcotics", "agreement", "both"),
                row("us", 1, "The two sides welcomed new flights.", "people_exchange", "agreement", "both"),
                row("us", 2, TARIFFS, "trade_economy", "demand", "china"),
                row("us", 3, ARMS, "taiwan", "opposition", "china"),
                row("us", 4, "She opposed any use of force over Taiwan.", "taiwan", "opposition", "us"),
                row("china", 0, RESUMED, "counternarcotics", "agreement", "both"),
                row("china", 1, "The tariffs on solar panels have to be lifted.", "trade_economy", "demand", "china"),
                row("china", 2, LINE, "taiwan", "red_line", "china"),
                row("china", 3, INDEPENDENCE, "taiwan", "commitment", "us"),
            ]
        )
    )  # fmt: skip


@pytest.fixture
def sides(table):
    return make_sides(table, "source", ("us", "china"), stance.load_codebook())


def test_cooperation_tells_what_both_report_from_what_one_reports(table):
    cooperation = stance.compare(table).cooperation
    assert cooperation.reported_by("both") == ["counternarcotics"]
    assert cooperation.reported_by("us") == ["people_exchange"]
    assert cooperation.reported_by("china") == []
    match = cooperation.evidence.set_index("text")["match"]
    assert match[FENTANYL] == "same point"
    assert match["The two sides welcomed new flights."] == "not found"


def test_what_each_reports_of_another_meeting_is_told_apart(table):
    """The two sides report joint work against drugs as agreed, but of different meetings; every issue is listed."""
    apart = table.assign(event=np.where(table["source"] == "us", "Vienna", "Geneva"))
    apart.loc[apart[apart["source"] == "us"].index[0], "doc_id"] = "us-too"  # one document a side would be one meeting
    comparison = stance.compare(apart)
    cooperation = comparison.cooperation
    listed = {who: cooperation.reported_by(who) for who in ("both", "each", "us", "china")}
    assert listed == {"both": [], "each": ["counternarcotics"], "us": ["people_exchange"], "china": []}
    [found] = [f for f in comparison.findings if f.kind == "agreed"]
    assert found.text.startswith(
        "Each side, but never both in the same meeting, on counternarcotics (1 and 1 sentences)"
    )
    assert found.figures["each"] == ["counternarcotics"]
    assert found.brief.startswith("Nothing by both; by each, but never in the same meeting, on counternarcotics; ")
    chips = {c["heading"]: [chip["name"] for chip in c["chips"]] for c in agreed_chips(comparison)}
    assert chips["By each, but never in the same meeting"] == ["counternarcotics"]


@pytest.fixture
def series(table):
    """Five meetings: both raise Taiwan at the first; at the others only China does, at the last of them doubtfully."""
    parts = []
    for number in range(5):
        event = f"Meeting {number}"
        part = table.assign(event=event, doc_id=table["source"] + f"-{number}", date=f"2024-0{number + 1}-01")
        part["probs"] = [{"issue:taiwan": 0.9 if "taiwan" in given else 0.01} for given in part["issue"]]
        if number:
            part = part[~((part["source"] == "us") & (part["issue_main"] == "taiwan"))]
        parts.append(part)
    last = parts[4]
    last["probs"] = [{"issue:taiwan": 0.3 if "taiwan" in given else 0.01} for given in last["issue"]]
    return pd.concat(parts, ignore_index=True)


def test_who_raises_an_issue_is_told_meeting_by_meeting(series):
    """Pooled, both sides would raise Taiwan; the report must not hide that the United States did so once."""
    comparison = stance.compare(series)
    raised = comparison.agenda.raised.query("issue == 'taiwan'").set_index("event")
    assert raised["raised_by"].tolist() == ["both", "china", "china", "china", "china"]
    assert raised["uncertain"].tolist() == [False, False, False, False, True]
    assert raised.loc["Meeting 0", ["first", "second"]].tolist() == [2, 2]
    findings = {(f.kind, f.figures.get("group")): f for f in comparison.findings}
    shared, only = findings["shared", None], findings["only", "china"]
    assert "Taiwan (at 1; 2, 1 as words of China, and 2, 1 as words of United States)" in shared.text
    assert "people exchange" not in shared.text
    assert "only the China account raises Taiwan (at 3 of 5 meetings; 6, 3 as words of United States)" in only.text
    assert "Uncertain, read" not in only.text  # it is sure elsewhere
    assert shared.figures["meetings"]["taiwan"] == 1
    assert {k[0] for k in only.evidence} == {f"china-{i}" for i in range(1, 5)}
    assert "Taiwan (3 of 5 meetings)" in only.brief
    shown = {c["heading"]: {x["name"]: (x["meetings"], x["counts"]) for x in c["chips"]} for c in chips(comparison)}
    assert shown["Raised by both at a meeting"]["Taiwan"] == ("1 of 5 meetings", [2, 2])
    assert shown["Only China"]["Taiwan"] == ("3 of 5 meetings", [0, 6])


def test_a_meeting_of_one_account_tells_nothing_of_omissions(series):
    """A sixth meeting of which only Beijing has an account does not count, and alone sides are compared as wholes."""
    alone = series[(series["event"] == "Meeting 1") & (series["source"] == "china")]
    alone = alone.assign(event="Meeting 6", doc_id="china-6", issue_main="maritime")
    alone["issue"] = [["maritime"]] * len(alone)
    agenda_ = stance.compare(pd.concat([series, alone])).agenda
    assert "maritime" not in set(agenda_.raised["issue"])
    assert pd.isna(agenda_.differences.set_index("issue").loc["maritime", "raised_by"])
    apart = series.assign(event=series["event"] + series["source"])
    wholes = stance.compare(apart).agenda
    assert set(wholes.raised["event"]) == {""}
    assert "taiwan" in wholes.raised_by("both")


def test_one_sides_satisfaction_and_the_others_words_are_not_agreed(table):
    """Only what is said for both sides counts as agreed: in the finding, the evidence and the measures."""
    table.loc[table["text"] == FENTANYL, "holder"] = "us"  # its own praise
    table.loc[table["text"] == RESUMED, "holder"] = "us"  # what the Chinese account says of the other side
    comparison = stance.compare(table)
    cooperation = comparison.cooperation
    assert cooperation.evidence["text"].tolist() == ["The two sides welcomed new flights."]
    assert cooperation.claims[["text", "voice"]].to_numpy().tolist() == [[FENTANYL, "own"], [RESUMED, "reported"]]
    assert (cooperation.reported_by("both"), cooperation.reported_by("us")) == ([], ["people_exchange"])
    [found] = [f for f in comparison.findings if f.kind == "agreed"]
    assert "the United States account 1 of its own; the China account 1 of the other side; read." in found.text
    assert found.figures["claimed"] == {"us": {"own": 1, "reported": 0}, "china": {"own": 0, "reported": 1}}
    [agreed] = [m for m in measures(comparison.sides, comparison.sides.table) if m.name == "agreed"]
    assert agreed.values.sum() == 1
    decks_ = decks(comparison, Labels(comparison))
    assert (decks_["cooperation_evidence"]["total"], decks_["cooperation_claims"]["total"]) == (1, 2)


def test_agreement_that_the_other_account_holds_by_itself_makes_only_uncertain(table):
    """The other side's credit is no silence; and a term of a deal is a like report."""
    table.loc[table["text"] == RESUMED, "holder"] = "china"
    table["probs"] = [{"stance:agreement": 0.9 * (s == "agreement"), "holder:both": 0.4} for s in table["stance"]]
    comparison = stance.compare(table)
    cooperation = comparison.cooperation
    row = cooperation.reported.set_index("issue").loc["counternarcotics"]
    assert (row["reported_by"], row["claimed"], row["uncertain"]) == ("us", 1, True)
    assert cooperation.evidence.set_index("text").loc[FENTANYL, "match"] == "same point"
    assert cooperation.possible.empty  # what one side holds is not counted again
    [found] = [f for f in comparison.findings if f.kind == "agreed"]
    assert "as agreed by both on counternarcotics (1; the China account has 1 there held by one side)" in found.text
    assert "alone on counternarcotics" not in found.brief and "held by one side, China 1" in found.brief


def test_agreement_on_a_doubtful_issue_makes_only_uncertain(table):
    table.loc[table["text"] == RESUMED, "probs"] = [{"issue:counternarcotics": 0.4}]
    reported = stance.compare(table).cooperation.reported.set_index("issue")
    assert reported.loc["people_exchange", ["unplaced", "uncertain"]].tolist() == [1, True]


def test_an_uncertain_meeting_of_both_does_not_hide_that_each_reports_it(table):
    """Each surely reports joint work against drugs at a meeting of its own, and both doubtfully at a third."""
    parts = []
    for number, silent in enumerate(("china", "us", "")):
        part = table.assign(event=f"Meeting {number}", doc_id=table["source"] + f"-{number}")
        drugs = part["issue_main"] == "counternarcotics"
        part = part[~(drugs & (part["source"] == silent))].copy()
        part["probs"] = [
            {"issue:counternarcotics": 0.9 if silent else 0.4, "stance:agreement": 1.0, "holder:both": 1.0}
            if "counternarcotics" in given else {} for given in part["issue"]
        ]  # fmt: skip
        parts.append(part)
    comparison = stance.compare(pd.concat(parts, ignore_index=True))
    [found] = [f for f in comparison.findings if f.kind == "agreed"]
    assert found.figures["each"] == ["counternarcotics"]
    assert "never surely both in the same meeting, on counternarcotics (at 2 of 3 meetings; 1 and 1" in found.text
    assert "never surely in the same meeting, on counternarcotics (2 of 3 meetings)" in found.brief
    [listed] = [c["chips"] for c in agreed_chips(comparison) if c["heading"].startswith("By each") and c["chips"]]
    assert [(c["counts"], c["meetings"]) for c in listed] == [([1, 1], "2 of 3 meetings")]


def test_the_hardest_sentence_of_each_side_is_its_own_nearest_to_conflict(table):
    """What a side reports of the other is not its own. Of equals: the main issue, then policy, then the surer one."""
    more = [
        row("us", 5, "She warned that arms sales would go on.", "trade_economy", "opposition", "us", p_stance=0.9),
        row("us", 6, "She would not allow tariffs to rise.", "trade_economy", "opposition", "us", p_stance=0.6),
        row("us", 7, "Taiwan was discussed.", "taiwan", "neutral", "us"),
        row("us", 8, "They exchanged views on the oceans.", "maritime", "neutral", "us", p_stance=0.9),
        row("us", 9, "Our ships will sail where the law allows.", "maritime", "commitment", "us", p_stance=0.6),
    ]
    more[0]["issue"] = ["taiwan", "trade_economy"]
    whole = check_table(pd.concat([table, pd.DataFrame(more)], ignore_index=True))
    hardest = stance.compare(whole).stances.hardest.set_index(["issue", "group"])
    assert hardest.loc[("taiwan", "china"), "text"] == LINE
    assert hardest.loc[("taiwan", "us"), ["sent_id", "n", "position"]].tolist() == [4, 3, -0.8]
    assert hardest.loc[("trade_economy", "us"), ["sent_id", "n"]].tolist() == [6, 2]
    assert hardest.loc[("maritime", "us"), ["sent_id", "n"]].tolist() == [9, 2]
    assert ("people_exchange", "china") not in hardest.index
    assert not hardest["text"].isin([ARMS, TARIFFS, INDEPENDENCE]).any()


def test_a_sentence_that_is_hardly_on_an_issue_is_its_hardest_only_for_want_of_another(table):
    line = table.index[table["text"] == LINE][0]
    table.at[line, "probs"] = {"issue:taiwan": 0.3, "stance:red_line": 0.9}
    more = row("china", 5, "Taiwan was discussed.", "taiwan", "neutral", "china")
    whole = check_table(pd.concat([table, pd.DataFrame([more])], ignore_index=True))
    hardest = stance.compare(whole).stances.hardest.set_index(["issue", "group"])
    assert hardest.loc[("taiwan", "china"), ["sent_id", "n", "p_issue"]].tolist() == [5, 2, 1.0]
    alone = stance.compare(table)
    assert alone.stances.hardest.set_index(["issue", "group"]).loc[("taiwan", "china"), "text"] == LINE
    assert f"{LINE} (red line 0.90, issue 0.30)" in findings_at_a_glance(alone)
    assert "issue 0.30, " in render_report(alone)


def test_a_terminal_shows_hard_words_only_where_difference_is_voiced(table):
    others = table.assign(doc_id=table["doc_id"] + "-2", event="Oslo", date="2031-02-03")
    whole = check_table(pd.concat([table.assign(date="2030-01-01"), others], ignore_index=True))
    told = findings_at_a_glance(stance.compare(whole))
    assert f"  China          {LINE} (red line 1.00, 2030-01-01)" in told
    table.loc[table["text"] == LINE, "stance"] = "neutral"
    told = findings_at_a_glance(stance.compare(table)).split("The hardest")[1]
    assert "China          voices no difference" in told and "counternarcotics" not in told and "2030" not in told
    table["stance"] = "neutral"
    assert "No difference is voiced on an issue on which both" in findings_at_a_glance(stance.compare(table))


def test_attribution_is_set_against_the_holders_own_words(sides):
    found = attribution(sides, threshold=0.25)
    reports = found.evidence.set_index("text")
    tariffs = reports.loc[TARIFFS]
    assert tariffs["counterpart_text"] == "The tariffs on solar panels have to be lifted."
    assert (tariffs["verdict"], tariffs["shift"], tariffs["p_confirmed"]) == ("confirmed", 0.0, 1.0)
    taiwan = reports.loc[ARMS]
    assert taiwan["counterpart_stance"] == "red_line"
    assert taiwan["verdict"] == "confirmed"  # opposition and red line are one step apart
    own = reports.loc[INDEPENDENCE]
    assert own["verdict"] == "absent"  # the American document says nothing like it
    counts = found.table.set_index(["source", "verdict"])["count"]
    assert (counts["us", "confirmed"], counts["china", "absent"]) == (2, 1)


def test_attribution_softens_and_hardens_along_the_scale(table):
    table["stance"] = table["stance"].where(table["sent_id"] != 2, "overture")
    softened = attribution(make_sides(table, "source", ("us", "china"), stance.load_codebook()), threshold=0.25)
    verdicts = softened.evidence.set_index("text")["verdict"]
    assert verdicts[TARIFFS] == "softened"
    assert verdicts[ARMS] == "hardened"


def test_no_verdict_without_each_others_nearest(table):
    """The other side's sentence is nearer to the second report, so it cannot confirm the first one, too."""
    first = row("us", 5, "China asked that the tariffs on solar panels go.", "trade_economy", "demand", "china")
    second = row("us", 6, "The tariffs on solar panels have to be lifted.", "trade_economy", "demand", "china")
    more = check_table(pd.concat([table, pd.DataFrame([first, second])], ignore_index=True))
    found = attribution(make_sides(more, "source", ("us", "china"), stance.load_codebook()), threshold=0.25).evidence
    verdicts = found.set_index("text")["verdict"]
    assert verdicts[second["text"]] == "confirmed"
    assert verdicts[first["text"]] == "absent"
    assert verdicts[TARIFFS] == "absent"


def test_the_doubt_of_a_verdict_comes_from_the_probabilities(table):
    table.at[2, "probs"] = {"stance:demand": 0.6, "stance:overture": 0.4, "issue:trade_economy": 1.0}
    sides = make_sides(table, "source", ("us", "china"), stance.load_codebook())
    tariffs = attribution(sides, threshold=0.25).evidence.iloc[0]
    assert tariffs["p_confirmed"] == pytest.approx(0.6)
    assert tariffs["p_softened"] == pytest.approx(0.4)


def test_groups_that_hold_no_positions_attribute_nothing(table):
    table["ministry"] = ["state", "treasury", "defence"] * 3
    comparison = stance.compare(table, by="ministry", groups=("state", "treasury"))
    assert comparison.attribution.table.empty
    assert "nothing is attributed" in " ".join(comparison.attribution.notes)


def test_alignment_pairs_mutual_neighbours_of_one_meeting_only(table, sides):
    found = alignment(sides, threshold=0.25)
    pairs = set(zip(found.evidence["text"], found.evidence["counterpart_text"], strict=True))
    assert (FENTANYL, RESUMED) in pairs
    assert len(found.evidence) + len(found.unpaired[found.unpaired["source"] == "us"]) == 3  # own sentences of the US
    assert found.sensitivity["count"].is_monotonic_decreasing
    other = table.assign(event=np.where(table["source"] == "us", "Vienna", "Geneva"))
    other.loc[4, ["doc_id", "event"]] = ["us-Rome", "Rome"]
    assert stance.compare(other).alignment.evidence.empty


def test_alignment_refuses_an_unknown_similarity(sides):
    with pytest.raises(stance.StanceError, match="lexical"):
        alignment(sides, similarity="telepathy")


@pytest.mark.parametrize(
    ("text", "kind", "hardness", "addressee"),
    [
        ("Taiwan is the first red line of this relationship.", "explicit", 1, "unnamed"),
        ("We will never allow the US to do so.", "explicit", 2, "us"),
        ("Whoever plays with fire will be burned.", "implied", 3, "anyone"),
        ("If Washington goes on, there will be consequences.", "implied", 3, "us"),
        ("The matter is of the greatest weight.", "implied", 0, "unnamed"),
    ],
)
def test_wording_of_limits(text, kind, hardness, addressee):
    found = load_limit_wording().read(text, "en", "us")
    assert (found.kind, found.hardness, found.addressee) == (kind, hardness, addressee)


@pytest.mark.parametrize(
    ("text", "other", "addressee"),
    [
        ("They must not drag us into a conflict.", "us", "unnamed"),
        ("This would shake the foundation of China-US relations.", "us", "unnamed"),
        ("This would shake the foundation of China–U.S. relations.", "us", "unnamed"),
        ("The U.S. must stop before it harms China-U.S. relations.", "us", "us"),
        ("This would harm the U.S.-China relationship.", "china", "unnamed"),
        ("Our one China policy and the calm of the South China Sea are not for sale.", "china", "unnamed"),
        ("China's navy must keep out of the East China Sea.", "china", "china"),
    ],
)
def test_a_limit_is_addressed_to_the_side_that_it_names_alone(text, other, addressee):
    assert load_limit_wording().read(text, "en", other).addressee == addressee


def test_wording_of_limits_in_chinese():
    found = load_limit_wording().read("台湾问题是不可逾越的红线，美方必将付出代价。", "zh", "us")
    assert (found.kind, found.hardness, found.addressee) == ("explicit", 3, "us")


def test_every_key_of_a_sign_is_read():
    signs = yaml.safe_load((ROOT / "configs" / "limit_wording.yaml").read_text(encoding="utf-8"))["signs"]
    assert {key for sign in signs.values() for key in sign} == {"hardness", "explicit", "patterns"}


def test_a_list_of_wordings_that_is_none_is_refused(tmp_path):
    bad = tmp_path / "wording.yaml"
    bad.write_text("signs: {a: {hardness: 1, explicit: true, patterns: {en: ['(']}}}", encoding="utf-8")
    with pytest.raises(stance.StanceError, match=r"wording\.yaml"):
        load_limit_wording(bad)


def test_red_lines_are_read_and_said_to_be_noted(table):
    lines = stance.compare(table).red_lines
    line = lines.evidence.iloc[0]
    assert (line["kind"], line["hardness"], line["addressee"]) == ("explicit", 3, "anyone")
    assert line["noted"]
    assert line["noted_text"] == ARMS
    figures = lines.table.set_index(["issue", "group"]).loc[("taiwan", "china")]
    assert (figures["count"], figures["explicit"], figures["noted"], figures["hardness"]) == (1, 1, 1, 3)


def test_wording_of_red_lines_is_followed_from_meeting_to_meeting(table):
    later = table.assign(event="Geneva", date="2025-05-01", doc_id=table["source"] + "-Geneva")
    later["text"] = later["text"].str.replace(
        "red line on Taiwan arms sales will pay a price", "bottom line will regret it"
    )
    wording = stance.compare(pd.concat([table.assign(date="2024-05-01"), later])).red_lines.wording
    assert wording["event"].tolist() == ["Vienna", "Geneva"]
    assert np.isnan(wording["similarity"].iloc[0])
    assert "bottom line" in wording["added"].iloc[1]
    assert wording["dropped"].iloc[1]


def test_agenda_tells_order_and_what_only_one_account_of_a_meeting_raises(sides):
    found = agenda(sides)
    order = found.order.set_index(["issue", "group"])
    assert order.loc[("counternarcotics", "us"), "estimate"] == 0.0
    assert order.loc[("taiwan", "china"), "rank"] == 3
    assert found.order_agreement["n"].tolist() == [3]
    assert found.order_agreement["estimate"].iloc[0] == pytest.approx(1.0)
    raised = found.raised.set_index("issue")
    assert raised["raised_by"].to_dict() == {
        "counternarcotics": "both", "trade_economy": "both", "taiwan": "both", "people_exchange": "us",
    }  # fmt: skip
    alone = raised.loc["people_exchange"]
    assert (alone["event"], alone["first"], alone["second"], alone["uncertain"]) == ("Vienna", 1, 0, False)
    assert alone[["mention", "highest"]].isna().all()  # the labels have no probabilities


@pytest.mark.parametrize(
    ("mention", "elsewhere", "uncertain"), [(0.5, 0.19, False), (0.49, 0.0, True), (0.9, 0.2, True), (0.12, 0.45, True)]
)
def test_what_only_one_side_raises_is_proved_on_both_sides(table, mention, elsewhere, uncertain):
    """A mention that is more likely wrong than right, or a silence that may be none, is to be read and not said."""
    named = table["issue_main"] == "people_exchange"
    china = table["text"] == RESUMED
    table["probs"] = [
        {"issue:people_exchange": mention if n else elsewhere if c else 0.0} for n, c in zip(named, china, strict=True)
    ]
    comparison = stance.compare(table)
    agenda_ = comparison.agenda
    assert (agenda_.raised_by("us"), agenda_.uncertain("us"))[uncertain] == ["people_exchange"]
    assert (agenda_.raised_by("us"), agenda_.uncertain("us"))[not uncertain] == []
    assert agenda_.raised.set_index("issue").loc["people_exchange", "uncertain"] == uncertain
    [found] = [f for f in comparison.findings if f.kind == "only" and f.figures["group"] == "us"]
    assert f"exchange (1, p = {mention:.2f} against {elsewhere:.2f})" in found.text
    assert ("Uncertain, read: " in found.text) == uncertain
    assert found.brief.startswith("Uncertain, read") == (uncertain and mention >= 0.2)  # the brief leaves out the rest
    assert found.evidence == [("us-Vienna", 1)]
    chips_ = {c["heading"]: [chip["name"] for chip in c["chips"]] for c in chips(comparison)}
    assert bool(chips_["Only United States, uncertain: read"]) == uncertain


def test_what_an_account_raises_in_the_other_sides_words_is_marked(table):
    alone = (table["source"] == "us") & table["issue"].map(lambda given: "people_exchange" in given)
    [before] = [f for f in stance.compare(table).findings if f.kind == "only" and f.figures["group"] == "us"]
    assert before.figures["reported"] == {"people_exchange": 0} and "as words of" not in before.text
    table.loc[alone, "holder"] = "china"
    [found] = [f for f in stance.compare(table).findings if f.kind == "only" and f.figures["group"] == "us"]
    assert found.figures["reported"] == {"people_exchange": 1}
    assert "people-to-people exchange (1, all as words of China" in found.text
    assert found.brief == "People-to-people exchange (in China words)"
    [alone] = [c for c in chips(stance.compare(table)) if c["heading"] == "Only United States"]
    assert [c["words"] for c in alone["chips"]] == ["in China words"]
    twice = pd.concat([table, table.assign(event="Oslo", doc_id=table["doc_id"] + "-2")], ignore_index=True)
    found = {f.kind: f for f in stance.compare(check_table(twice)).findings if f.figures.get("group", "us") == "us"}
    assert found["only"].brief == "People-to-people exchange (2 of 2 meetings; in China words)"
    assert "people-to-people exchange (at 2 of 2 meetings; 2, all as words of China)" in found["only"].text
    assert (
        "Taiwan (at 2 of 2 meetings; 4, 2 as words of China, and 4, 2 as words of United States" in found["shared"].text
    )


def test_reports_on_what_the_other_account_never_raises_come_first(table):
    table.loc[table["text"] == INDEPENDENCE, "p_stance"] = 0.6
    table.loc[table["text"] == INDEPENDENCE, "issue_main"] = "human_rights"
    table["issue"] = [
        ["human_rights"] if t == INDEPENDENCE else i for t, i in zip(table["text"], table["issue"], strict=True)
    ]
    more = row("china", 4, "The US side hoped for calm over Taiwan.", "taiwan", "overture", "us", p_stance=0.9)
    comparison = stance.compare(check_table(pd.concat([table, pd.DataFrame([more])], ignore_index=True)))
    [found] = [f for f in comparison.findings if f.kind == "attribution"]
    assert found.evidence[0] == ("china-Vienna", 3)
    assert decks(comparison, Labels(comparison))["attribution_evidence"]["open"][0]["text"] == INDEPENDENCE
    assert found.brief.endswith("; on human rights nothing in the United States account")
    assert "(on human rights (1) nothing is found in the United States account of the meeting)" in found.text


STATEMENT = (
    "Both ministers met in Lindholm on the second day of the talks and settled the terms of the ferry line. The "
    "harbour is to be dredged before the spring, at the cost of both ports. A joint office will hear the fishermen."
)
OTHER_WORDS = (
    "The two ministers met in Lindholm on the second day of the talks, and they settled the terms of the ferry line. "
    "The port is to be dredged by spring at the cost of both ports. A common office will hear the fishermen."
)
ACCOUNT = (
    "She told her colleague that the dues had to fall, and heard that they would not. The fishermen of the "
    "southern coast had waited since the autumn, said the spokesman, who gave no date for the next meeting."
)


@pytest.mark.parametrize(
    ("texts", "across", "within"),
    [
        ({"us": STATEMENT, "china": OTHER_WORDS}, [("us", "china")], []),
        ({"us": STATEMENT, "china": ACCOUNT}, [], []),
        ({"us": STATEMENT, "china": ACCOUNT, "china-again": ACCOUNT.upper()}, [], [("china-again", "china")]),
    ],
)
def test_joint_statements_and_copies_are_told_first(texts, across, within):
    rows = [
        row(name.partition("-")[0], n, text, "trade_economy", "neutral", "both", doc_id=name)
        for name, whole in texts.items()
        for n, text in enumerate(whole.split(". "))
    ]
    findings = stance.compare(check_table(pd.DataFrame(rows))).findings
    told = [f for f in findings if f.kind == "copies"]
    assert bool(told) == bool(across or within)
    if told:
        assert findings[0] is told[0]
        for kind, pairs in (("across", across), ("within", within)):
            assert [(p["doc_id"], p["other_doc_id"]) for p in told[0].figures[kind]] == pairs
        assert ("differences are of wording" in told[0].text) == bool(across)
        assert ("China repeats another" in told[0].text) == bool(within)


def test_the_versions_of_a_joint_statement_are_set_side_by_side(tmp_path):
    added = ["The boats are blue and <green>.", "The boats are green."]
    versions = {"us": [*STATEMENT.split(". "), added[0]], "china": [added[1], *OTHER_WORDS.split(". ")]}
    versions["china"][3] = "a joint office will hear, the fishermen"  # the same words
    rows = [
        row(side, n, text, "trade_economy", "neutral", "both", doc_id=side)
        for side, texts in versions.items()
        for n, text in enumerate(texts)
    ]
    comparison = stance.compare(check_table(pd.DataFrame(rows)))
    found = comparison.wordings
    assert found is not None and found.same == 1
    kept = found.table[["sent_id", "other_sent_id"]].astype(object).where(found.table["sent_id"].notna(), None)
    assert [tuple(r) for r in kept.to_numpy()] == [(0, 1), (1, 2), (3, 0)]
    first, second = found.marked[1]
    assert [text.strip() for text, new in first if new] == ["harbour", "before the"]
    assert [text.strip() for text, new in second if new] == ["port", "by"]
    assert "".join(text for text, _ in first) == versions["us"][1]
    [told] = [f for f in comparison.findings if f.kind == "copies"]
    assert "1 sentence has the same words in both versions, 3 differ." in told.text
    comparison.write(tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<section id="wordings"' in page and "<mark>blue and &lt;</mark>" in page
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| The **harbour** is to be dredged **before the** spring, at the cost" in text
    assert len(pd.read_csv(tmp_path / "tables" / "wordings.csv")) == 3
    apart = {"us": STATEMENT, "china": ACCOUNT}
    rows = [row(s, 0, t, "trade_economy", "neutral", "both", doc_id=s) for s, t in apart.items()]
    assert stance.compare(check_table(pd.DataFrame(rows))).wordings is None


def test_a_sentence_without_a_like_in_the_other_version_keeps_its_place():
    one = pd.DataFrame({"sent_id": [0, 1], "text": ["The ferry runs daily.", "Ports are open."]})
    other = pd.DataFrame({"sent_id": [0, 1, 2], "text": ["The ferry runs weekly.", "Nobody pays.", "Ports are open!"]})
    found = align_wordings(one, other)
    assert found.same == 1
    assert found.table["text"].tolist() == ["The ferry runs daily.", None]
    assert found.table["other_text"].tolist() == ["The ferry runs weekly.", "Nobody pays."]
    assert found.marked[1] == ([], [("Nobody pays.", True)])


def test_sensitivity_counts_over_the_threshold(table):
    table["probs"] = [{"issue:people_exchange": p} for p in (0.02, 0.9, 0.1, 0.0, 0.0, 0.32, 0.1, 0.0, 0.0)]
    curve = stance.compare(table).agenda.sensitivity
    curve = curve[curve["issue"] == "people_exchange"].set_index(["group", "threshold"])
    assert (curve.loc[("china", 0.3), "count"], curve.loc[("china", 0.35), "count"]) == (1, 0)
    assert not curve.loc[("china", 0.35), "raised"]


def test_drift_needs_dates_and_says_so(table):
    found = stance.compare(table).drift
    assert found.table.empty
    assert "have no date" in " ".join(found.notes)
    with pytest.raises(stance.StanceError, match="decade"):
        drift(stance.compare(table).sides, period="decade")


def test_drift_follows_meetings_in_time(table):
    parts = [
        table.assign(event=f"m{year}", doc_id=table["source"] + f"-{year}", date=f"{year}-06-01")
        for year in range(2013, 2023)
    ]
    late = pd.concat(parts, ignore_index=True)
    rising = (late["source"] == "china") & (late["sent_id"] == 0) & (late["date"] < "2018")
    late.loc[rising, "stance"] = "criticism"
    found = stance.compare(late).drift
    trends = found.trends.set_index(["measure", "label", "group"])
    assert trends.loc[("position", "", "china"), "estimate"] > 0
    assert trends.loc[("position", "", "china"), "p"] < 0.05
    assert trends.loc[("position", "", "us"), "estimate"] == pytest.approx(0, abs=1e-9)
    assert found.table.loc[found.table["measure"] == "position", "period"].nunique() == 10


def test_log_odds_agree_with_convokit():
    """z of FightingWords of ConvoKit 5.0.0 on these texts, prior 0.1 for every word, run by hand."""
    expected = {
        "above": -0.788003, "and": -0.079821, "channels": 1.139865, "harm": -0.788003, "on": 0.725999,
        "open": 0.97388, "sovereignty": -1.041169, "talks": 0.549395, "tariffs": -1.262879,
    }  # fmt: skip
    texts = [
        "channels open channels", "open talks on tariffs", "channels and talks", "tariffs harm talks",
        "tariffs and sovereignty", "sovereignty above tariffs",
    ]  # fmt: skip
    vectorizer = CountVectorizer()
    counts = vectorizer.fit_transform(texts).toarray()
    log_odds, se = weighted_log_odds(counts[:3].sum(axis=0), counts[3:].sum(axis=0), prior=np.full(9, 0.1))
    found = dict(zip(vectorizer.get_feature_names_out(), log_odds / se, strict=True))
    assert found == pytest.approx(expected, abs=1e-5)


def gold_of(table, share, rng):
    coded = table[rng.random(len(table)) < share]
    return coded[["doc_id", "start", "end", "issue", "stance", "holder", "frame"]].copy()


@pytest.fixture
def many(table):
    parts = [table.assign(event=f"m{i}", doc_id=table["source"] + f"-{i}", model="invented") for i in range(20)]
    return pd.concat(parts, ignore_index=True)


def test_gold_corrects_predicted_shares(many):
    truth = many.copy()
    wrong = (many["source"] == "us") & (many["sent_id"] == 4)
    many.loc[wrong, "stance"] = "neutral"  # what the model misses
    comparison = stance.compare(many, gold=gold_of(truth, 0.5, np.random.default_rng(1)))
    figures = comparison.corrected.table.set_index(["measure", "label", "group"])
    row = figures.loc[("difference", "", "us")]
    assert row["predicted"] == 0.0
    assert row["estimate"] == pytest.approx(1 / 3, abs=0.12)
    assert row["low"] < 1 / 3 < row["high"]
    assert figures.loc[("difference", "", "difference"), "p"] < 0.05
    assert "hand-coded" in comparison.corrected.notes[0]
    assert comparison.corrected.plot("frame").to_dict()
    finding = next(f for f in comparison.findings if f.kind == "corrected")
    assert finding.figures["difference"]["us"]["estimate"] == pytest.approx(row["estimate"], abs=1e-4)
    shown = f"United States {percent(row['estimate'])} {interval(row['low'], row['high'], True)}"
    assert f"share voicing difference {shown}, China" in finding.text and "(by the model alone 0% and" in finding.text
    assert f"Difference {shown}, China" in finding.brief


def test_too_few_hand_coded_sentences_correct_no_headline(many):
    few = gold_of(many, 1, np.random.default_rng(1)).groupby("doc_id").head(1).head(4)
    comparison = stance.compare(many, gold=few)
    finding = next(f for f in comparison.findings if f.kind == "corrected")
    assert "too few to correct the model's error: 10 of each side" in finding.text
    assert "Too few" in finding.brief and set(finding.figures) == {"coded"}
    assert all(f.kind != "corrected" for f in stance.compare(many).findings)


def test_without_gold_a_comparison_says_that_it_is_not_corrected(many):
    comparison = stance.compare(many)
    assert comparison.corrected.table.empty
    assert "not corrected" in comparison.corrected.notes[0]
    for name in ("agenda", "stances", "disagreements", "cooperation", "framing", "drift"):
        assert "not corrected" in " ".join(getattr(comparison, name).notes), name


def test_gold_that_does_not_fit_is_refused(many):
    gold = gold_of(many, 0.5, np.random.default_rng(2))
    with pytest.raises(stance.StanceError, match="none of the"):
        stance.compare(many, gold=gold.assign(doc_id="elsewhere-" + gold["doc_id"]))
    with pytest.raises(stance.StanceError, match="more than once"):
        stance.compare(many, gold=pd.concat([gold, gold.head(1)]))
    with pytest.raises(stance.StanceError, match="unknown label 'rage'"):
        stance.compare(many, gold=gold.assign(stance="rage"))
    with pytest.raises(stance.StanceError, match="lack the columns frame"):
        stance.compare(many, gold=gold.drop(columns="frame"))
    with pytest.raises(stance.StanceError, match="sampling_probability"):
        stance.compare(many, gold=gold.assign(sampling_probability=0.0))


def test_gold_of_which_a_part_does_not_fit_is_no_random_sample_any_more(many, caplog):
    gold = gold_of(many, 0.5, np.random.default_rng(2))
    shifted = gold.assign(start=gold["start"] + (np.arange(len(gold)) < 3))
    with pytest.raises(
        stance.StanceError, match=rf"3 of the {len(gold)} hand-coded sentences are not in the table; the"
    ):
        stance.compare(many, gold=shifted)
    with pytest.raises(stance.StanceError, match="the column start of the hand-coded labels holds '1,234'"):
        stance.compare(many, gold=gold.astype({"start": object}).assign(start=["1,234", *gold["start"][1:]]))
    other = gold.assign(sha256=[sentence_hash("Another text.")] * len(gold))
    with pytest.raises(stance.StanceError, match="is another text in the table"):
        stance.compare(many, gold=other)
    assert not caplog.records
    elsewhere = gold.assign(doc_id=["elsewhere", *gold["doc_id"][1:]])
    assert len(stance.compare(many, gold=elsewhere).corrected.evidence) == len(gold) - 1
    assert f"1 of the {len(gold)} hand-coded sentences are of documents that are not in the table" in caplog.text


def test_gold_is_read_as_spreadsheets_save_it(many, tmp_path):
    gold = gold_of(many, 0.5, np.random.default_rng(2)).assign(sampling_probability=0.5)
    for column in ("issue", "frame"):
        gold[column] = gold[column].map(";".join)
    gold.to_csv(tmp_path / "g.csv", sep=";", decimal=",", index=False, encoding="utf-16")
    found = read_gold(tmp_path / "g.csv")
    assert found["sampling_probability"].tolist() == [0.5] * len(gold)
    assert len(stance.compare(many, gold=found).corrected.evidence) == len(gold)
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(stance.StanceError, match="hand-coded labels are empty"):
        read_gold(tmp_path / "empty.jsonl")


def test_a_corrected_report_says_so_in_words_and_for_machines(many, tmp_path):
    comparison = stance.compare(many, gold=gold_of(many, 0.5, np.random.default_rng(2)))
    assert "but those that are called corrected" in comparison.findings[-1].text
    comparison.write(tmp_path)
    record = json.loads((tmp_path / "findings.json").read_text())
    assert len(record["corrected"]) == len(comparison.corrected.table)
    assert "## Corrected in figures" in (tmp_path / "report.md").read_text()


def test_a_second_report_leaves_nothing_of_the_first(table, tmp_path):
    stance.compare(table).write(tmp_path)
    (tmp_path / "figures" / "mine.svg").write_text("<svg/>")
    assert (tmp_path / "figures" / "red_lines.svg").is_file()
    stance.compare(table[table["stance"] != "red_line"].assign(probs=None)).write(tmp_path)
    names = {p.name for p in (tmp_path / "figures").iterdir()}
    assert "red_lines.svg" not in names
    assert {"mine.svg", "agenda.svg"} <= names


def test_documents_in_a_language_that_the_model_does_not_read_are_named_in_the_report(table):
    chinese = table.assign(model="readout-small@0", lang=np.where(table["source"] == "china", "zh", "en"))
    carries = stance.compare(chinese).findings[0].text  # before all that it takes away
    assert "labelled 1 document (china-Vienna) does not read the language (zh)" in carries
    assert "does not read" not in stance.compare(table.assign(lang="zh")).findings[-1].text  # coded by hand


def test_two_documents_can_be_compared_by_their_ids_and_names_must_differ(table):
    comparison = stance.compare(table, by="doc_id", groups=("us-Vienna", "china-Vienna"))
    assert {f.kind for f in comparison.findings} >= {"shared", "disagreements"}
    with pytest.raises(stance.StanceError, match="give two different names"):
        stance.compare(table, names=("Here", "Here"))


def test_red_lines_address_the_other_government_whatever_the_groups_are(table):
    named = table.assign(year=np.where(table["doc_id"].str.startswith("us"), "2023", "2024"))
    named.loc[named["text"] == LINE, "text"] = "The United States must not cross the red line on Taiwan arms sales."
    lines = stance.compare(named, by="year", groups=("2023", "2024")).red_lines.evidence
    assert lines["addressee"].tolist() == ["us"]


def test_full_dates_beside_partial_ones_are_kept(table):
    later = table.assign(doc_id=table["doc_id"] + "-2", event="Graz", date="2024-11-16")
    found = stance.compare(pd.concat([table.assign(date="2023"), later])).drift
    assert set(found.table["date"]) == {"2023-01-01", "2024-11-16"}
    assert not any("no date" in note for note in found.notes)


def test_gold_on_the_command_line(many, tmp_path):
    write_table(many, tmp_path / "table.parquet")
    gold = gold_of(many, 0.5, np.random.default_rng(3))
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in gold.to_dict("records")), encoding="utf-8")
    assert len(read_gold(path)) == len(gold)
    arguments = ["compare", str(tmp_path / "table.parquet"), "-o", str(tmp_path / "out")]
    plain = CliRunner().invoke(main, arguments)
    assert plain.exit_code == 0, plain.output
    assert "not corrected" in plain.output
    done = CliRunner().invoke(main, [*arguments, "--gold", str(path)])
    assert done.exit_code == 0, done.output
    assert "Corrected by" in done.output
    assert len(pd.read_csv(tmp_path / "out" / "tables" / "corrected.csv")) > 10
    bad = CliRunner().invoke(main, [*arguments, "--gold", str(tmp_path / "none.jsonl")])
    assert bad.exit_code == 2
    assert "none.jsonl" in bad.output


def judged_folder(tmp_path, table):
    """Four sentences of two invented documents, and two judged pairs of them."""
    frame = [
        {"event": "Vienna", "doc_id": f"{s}-Vienna", "source": s, "spans": [[0, 90], [100, 190]]}
        for s in ("us", "china")
    ]
    spans = {(r["doc_id"], r["start"]): r["text"] for r in table.to_dict("records")}

    def side(source, start):
        text = spans[f"{source}-Vienna", start]
        return {"doc_id": f"{source}-Vienna", "start": start, "end": start + 90, "sha256": sentence_hash(text)}

    pairs = [
        {"event": "Vienna", "split": "report", "stratum": "a", "probability": 1.0, "first": side("us", 0),
         "second": side("china", 0), "answers": True},
        {"event": "Vienna", "split": "report", "stratum": "b", "probability": 0.5, "first": side("us", 100),
         "second": side("china", 100), "answers": False},
    ]  # fmt: skip
    for name, records in (("frame", frame), ("pairs", pairs)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(r) for r in records), encoding="utf-8")
    return tmp_path


def test_similarities_are_measured_on_judged_pairs(table, tmp_path):
    folder = judged_folder(tmp_path, table)
    write_table(table, tmp_path / "table.parquet")
    arguments = ["corpus", "alignment", str(tmp_path / "table.parquet"), "--pairs", str(folder), "--json"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    figures = {r["similarity"]: r for r in json.loads(done.output)}
    assert (figures["mixed"]["selected"], figures["mixed"]["precision"], figures["mixed"]["recall"]) == (1, 1.0, 1.0)
    table["text"] = table["text"].str.upper()
    write_table(table, tmp_path / "table.parquet")
    other = CliRunner().invoke(main, arguments)
    assert other.exit_code == 2
    assert "not the judged one" in other.output


def test_the_judged_pairs_are_sound():
    """At least 150 judged pairs of both halves, every one drawn from the frame with a known chance."""
    folder = ROOT / "corpus" / "alignment"
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    frame = [json.loads(line) for line in (folder / "frame.jsonl").read_text(encoding="utf-8").splitlines()]
    spans = {(r["event"], r["doc_id"], *s) for r in frame for s in r["spans"]}
    assert len(pairs) >= 150
    assert {p["split"] for p in pairs} == {"choice", "report"}
    for pair in pairs:
        assert 0 < pair["probability"] <= 1
        assert all(
            (pair["event"], pair[k]["doc_id"], pair[k]["start"], pair[k]["end"]) in spans for k in ("first", "second")
        )
    halves = {e: {p["split"] for p in pairs if p["event"] == e} for e in {p["event"] for p in pairs}}
    assert all(len(h) == 1 for h in halves.values())  # no meeting is in both halves


def test_few_documents_on_an_issue_are_not_told_by_their_paragraphs():
    """Twelve documents a side, of which four raise Taiwan and report the other side, in ten paragraphs each."""
    rows = []
    for source, other in (("us", "china"), ("china", "us")):
        for document in range(12):
            for number in range(10):
                taiwan = document < 4
                text = f"The {source} spoke of {'the island' if taiwan else 'tariffs'} in words{document}."
                one = row(source, number, text, "taiwan" if taiwan else "trade_economy", "criticism", source)
                event = f"m{document}" if taiwan else None
                one |= {"doc_id": f"{source}-{document}", "event": event, "paragraph": number}
                rows.append(one)
                rows.append(one | {"sent_id": 10 + number, "start": 1000 + 100 * number, "end": 1090 + 100 * number,
                                   "holder": other if taiwan else source})  # fmt: skip
    found = stance.compare(check_table(pd.DataFrame(rows)))
    assert found.sides.design(found.sides.substantive()).names == ("document", "document")
    words = found.framing.words
    assert words[words["issue"] == "taiwan"]["p_units"].isna().all()
    assert words[words["issue"] == "trade_economy"]["p_units"].notna().all()
    table = found.attribution.table
    assert len(table) and table[["low", "high"]].isna().all(axis=None)
    assert any("the document as the unit" in note for note in found.attribution.notes)


def test_a_full_separation_is_told_as_a_difference():
    rows = []
    for source, label in (("us", "commitment"), ("china", "opposition")):
        for document in range(6):
            for number in range(4):
                one = row(source, number, f"The {source} spoke of the island {number}.", "taiwan", label, source)
                rows.append(one | {"doc_id": f"{source}-{document}", "event": None})
    found = stance.compare(check_table(pd.DataFrame(rows)))
    finding = next(f for f in found.findings if f.kind == "positions")
    assert "(no interval, as nothing varies within the sides), p = 0.0022 after correction." in finding.text
    assert finding.brief.endswith("significant")


def test_probabilities_of_some_dimensions_leave_the_labels_of_others(table):
    """As where the labels are of another model: known issues say nothing of stances."""
    table["probs"] = [{f"issue:{issue[0]}": 0.9} for issue in table["issue"]]
    assert stance.compare(table).red_lines.named["p_limit"].tolist() == [1.0]


def test_sentences_are_quoted_where_groups_are_numbers(table, tmp_path):
    table["year"] = [2023 if source == "us" else 2024 for source in table["source"]]
    stance.compare(table, by="year", groups=(2023, 2024)).write(tmp_path)
    assert "\n> " in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_the_codebook_of_the_labels_is_named_and_another_is_warned_of(table, caplog):
    table["codebook"] = "0.1"
    comparison = stance.compare(table)
    assert "labels are of codebook 0.1, and are read by" in caplog.text
    assert findings_record(comparison)["codebook"] == "0.1"


def test_an_archive_that_was_stopped_is_told_from_documents(tmp_path):
    (tmp_path / "part-000000.parquet").write_bytes(b"")
    result = CliRunner().invoke(main, ["compare", str(tmp_path), "-o", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "run the same command again" in result.output
