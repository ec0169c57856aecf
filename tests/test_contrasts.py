"""Contrasts: on small tables whose answers are known, and in simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import stance
from stance.contrast.distinctive_words import weighted_log_odds
from stance.contrast.resampling import bootstrap_difference
from stance.contrast.statistics import (
    Design,
    adjusted,
    clustered_share,
    expected_count,
    make_design,
    wilson_interval,
)
from stance.table import check_table


def sentence(source, issue, stance_, holder, text="A sentence of the text.", **more):
    row = {
        "doc_id": f"{source}-1", "source": source, "sent_id": 0, "text": text, "issue": issue, "stance": stance_,
        "holder": holder, "frame": [],
    }  # fmt: skip
    return {**row, **more}


@pytest.fixture
def table():
    return pd.DataFrame(
        [
            sentence(
                "us", ["taiwan"], "opposition", "us", "We oppose changes to the status quo of the Strait by force."
            ),
            sentence(
                "us", ["taiwan", "maritime"], "criticism", "us", "He raised concern over drills around the Strait."
            ),
            sentence("us", ["human_rights"], "criticism", "us", "She raised concern over the jailed lawyers."),
            sentence("us", ["trade_economy"], "demand", "china", "China asked for the tariffs to be lifted."),
            sentence("us", ["none"], "neutral", "both", "They met on Tuesday."),
            sentence(
                "china", ["taiwan"], "red_line", "china", "Force over the Strait status quo is a line not to cross."
            ),
            sentence("china", ["trade_economy"], "demand", "china", "Tariffs have to be lifted.", frame=["rules_law"]),
            sentence("china", ["trade_economy"], "agreement", "both", "Both sides agreed on talks."),
            sentence("china", ["taiwan"], "commitment", "us", "The US side said that its policy has not changed."),
            sentence("china", ["taiwan"], "neutral", "other", "Q: What about the Strait?"),
        ]
    )


def test_agenda_counts_and_omissions(table):
    agenda = stance.compare(table).agenda
    counts = agenda.table.set_index(["issue", "group"])["count"]
    assert counts["taiwan", "us"] == 2
    assert counts["taiwan", "china"] == 2  # the journalist's question is not China's agenda
    assert agenda.table["n"].unique().tolist() == [4]
    assert set(agenda.raised_by("both")) == {"taiwan", "trade_economy"}
    assert agenda.raised_by("china") == []


def test_issues_are_listed_from_the_most_frequent(table):
    assert set(stance.compare(table).agenda.raised_by("us")) == {"maritime", "human_rights"}
    for often, seldom in (("maritime", "human_rights"), ("human_rights", "maritime")):
        more = pd.DataFrame([sentence("us", [often], "criticism", "us", f"Concern {i}.") for i in range(2)])
        agenda = stance.compare(pd.concat([table, more], ignore_index=True)).agenda
        assert agenda.raised_by("us") == [often, seldom]


def test_stances_leave_out_what_is_reported_of_the_other(table):
    stances = stance.compare(table).stances
    rows = stances.table.set_index(["issue", "group"])
    assert rows.loc[("taiwan", "us"), "n"] == 2
    assert rows.loc[("taiwan", "us"), "estimate"] == pytest.approx((-0.8 - 0.6) / 2)
    assert rows.loc[("taiwan", "china"), "n"] == 1  # the report of the US policy is left out
    assert rows.loc[("taiwan", "china"), "estimate"] == -1.0
    assert rows.loc[("trade_economy", "us"), "n"] == 0  # only China's demand, reported
    assert rows.loc[("trade_economy", "china"), "estimate"] == pytest.approx((-0.4 + 1.0) / 2)


def test_disagreements_stand_beside_their_counterparts(table):
    found = stance.compare(table).disagreements.evidence
    assert found["stance"].tolist() == ["red_line", "opposition", "criticism", "criticism", "demand"]
    opposition = found[found["stance"] == "opposition"].iloc[0]
    assert opposition["counterpart_text"] == "Force over the Strait status quo is a line not to cross."
    rights = found[found["issue_main"] == "human_rights"].iloc[0]
    assert rights["counterpart_text"] is None or pd.isna(rights["counterpart_text"])
    assert np.isnan(rights["similarity"])


def test_red_lines_tell_the_sure_from_the_possible(table):
    table["probs"] = [
        {"stance:red_line": p, "issue:taiwan": 0.9} for p in (0.3, 0.0, 0.0, 0.0, 0.0, 0.8, 0.1, 0.0, 0.9, 0.0)
    ]
    lines = stance.compare(table).red_lines
    row = lines.table.set_index(["issue", "group"]).loc[("taiwan", "china")]
    assert (row["count"], row["acknowledged"]) == (1, 0)
    assert row["expected"] == pytest.approx(0.8)  # the sentence held by the US side does not count for China
    assert lines.evidence["text"].tolist() == ["Force over the Strait status quo is a line not to cross."]
    assert lines.possible["text"].tolist() == ["We oppose changes to the status quo of the Strait by force."]


def test_the_holder_other_counts_where_it_is_one_of_the_groups(table):
    line = sentence("other", ["taiwan"], "red_line", "other", "Those who redraw the Strait cross our red line.")
    table = pd.concat([table, pd.DataFrame([line])], ignore_index=True)
    third = stance.compare(table, groups=("us", "other"))
    assert third.red_lines.evidence["text"].tolist() == [line["text"]]
    assert line["text"] in third.disagreements.evidence["text"].tolist()
    quoted = table.assign(source=table["source"].replace("other", "us"))  # a third party's words in a side's document
    lines = stance.compare(quoted).red_lines.evidence
    assert lines["text"].tolist() == ["Force over the Strait status quo is a line not to cross."]


def test_framing_shares_and_words(table):
    framing = stance.compare(table).framing
    row = framing.table.set_index(["frame", "group"]).loc[("rules_law", "china")]
    assert (row["count"], row["n"]) == (1, 3)
    words = framing.words[framing.words["issue"] == "all issues"].set_index("term")
    assert words.loc["raised", "log_odds"] > 0  # only the US side raises concern
    assert words.loc["raised", "count_second"] == 0


def test_words_end_before_an_abbreviation(table):
    words = stance.compare(table.assign(text="China-U.S. ties, a well-known matter.")).framing.words["term"]
    assert {"china", "well-known"} <= set(words)
    assert not words.str.contains("china-u").any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("text", "terms"), [("Ferry ferry.", 2), ("The ferry.", 0), ("Of the.", 0)])
def test_of_a_single_word_there_are_no_odds(table, text, terms):
    assert len(stance.compare(table.assign(text=text, issue=[["taiwan"]] * len(table))).framing.words) == terms


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("stance", np.nan, "the column stance is empty in 1 sentences; the first is doc_id"),
        ("holder", None, "the column holder is empty in 1 sentences"),
        ("text", None, "the column text is empty in 1 sentences"),
        ("p_stance", 98.5, r"the column p_stance holds 98.5 \(doc_id .*Give numbers from 0 to 1"),
        ("p_holder", -0.1, "which is no probability"),
    ],
)
def test_gaps_of_a_table_are_refused(table, column, value, said):
    table["p_stance"] = table["p_holder"] = 0.9
    table[column] = table[column].astype(object)
    table.loc[table.index[3], column] = value
    with pytest.raises(stance.StanceError, match=said):
        stance.compare(table)


def test_a_sentence_that_stands_there_twice_is_named(table, caplog):
    table["sent_id"] = range(len(table))
    stance.compare(table)
    assert not caplog.text
    stance.compare(pd.concat([table, table]))
    assert f"{len(table)} rows have the doc_id and sent_id of an earlier one" in caplog.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"groups": ("us", "us")}, "give two different values of source"),
        ({"groups": "us,china"}, "give two different values of source"),
        ({"groups": ("us",)}, "give two different values of source"),
        ({"by": "issue"}, "no column 'issue' that tells groups apart. It has: .*source"),
        ({"names": "US"}, "give two names"),
        ({"names": ("US",)}, "give two names"),
    ],
)
def test_what_does_not_tell_two_groups_apart_is_refused(table, options, said):
    with pytest.raises(stance.StanceError, match=said):
        stance.compare(table, **options)
    with pytest.raises(stance.StanceError, match="a sentence table is needed, not str"):
        stance.compare("table.csv", **options)


def test_groups_may_be_numbers(table):
    table["year"] = np.where(table["source"] == "us", 2025, 2026)
    groups = stance.compare(table, by="year", groups=(2025, 2026)).agenda.table["group"]
    assert set(groups) == {"2025", "2026"}


def test_an_empty_side_is_refused_by_name(table):
    with pytest.raises(stance.StanceError, match="no sentence has source 'china'"):
        stance.compare(table[table["source"] == "us"])
    with pytest.raises(stance.StanceError, match="no column 'party'"):
        stance.compare(table, by="party")


def test_any_two_groups_can_be_compared(table):
    table["ministry"] = ["state", "treasury"] * 5
    comparison = stance.compare(table, by="ministry", groups=("state", "treasury"))
    assert comparison.stances.table["n"].sum() > 0
    assert comparison.sides.names == ("state", "treasury")


@pytest.mark.parametrize(("hits", "n"), [(0, 12), (3, 20), (20, 20), (55, 110)])
def test_wilson_interval_agrees_with_scipy(hits, n):
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson_interval(hits / n, n) == pytest.approx((expected.low, expected.high))


def test_clustered_share_is_wider_than_the_naive_one_where_clusters_agree():
    hit = np.repeat([True, False, True, False, False, True], 10)
    counted, unit = np.ones(60, dtype=bool), np.repeat(np.arange(6), 10)
    share, low, high = clustered_share(hit, counted, unit)
    naive = wilson_interval(0.5, 60)
    assert share == 0.5
    assert high - low > 2 * (naive[1] - naive[0])
    alone = clustered_share(hit, counted, np.arange(60))
    assert alone[1:] == pytest.approx(naive, abs=0.01)


def test_intervals_of_shares_cover_at_their_nominal_rate():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        p = rng.beta(3, 7, 30)  # documents differ
        hit = rng.random((30, 12)) < p[:, None]
        _, low, high = clustered_share(hit.ravel(), np.ones(360, dtype=bool), np.repeat(np.arange(30), 12))
        covered += low <= 0.3 <= high
    assert 0.92 <= covered / 400 <= 0.985


def test_permutation_test_keeps_its_level_and_finds_a_planted_difference():
    rng = np.random.default_rng(2)

    def p_value(effect):
        level = np.repeat(rng.normal(0, 0.5, 24), 8) + np.repeat([0, effect], 96)
        design = Design(np.repeat([0, 1], 96), np.repeat(np.arange(24), 8), ("document", "document"), False)
        values = level + rng.normal(0, 1, 192)
        return bootstrap_difference(values, np.ones(192, dtype=bool), design, samples=200)["p"]

    null = [p_value(0.0) for _ in range(150)]
    planted = [p_value(1.2) for _ in range(40)]
    assert np.mean(np.array(null) < 0.05) <= 0.09
    assert np.mean(np.array(planted) < 0.05) >= 0.9


def test_paired_design_resamples_meetings():
    rng = np.random.default_rng(3)
    meeting = np.repeat(np.arange(12), 2)
    group = np.tile([0, 1], 12)
    values = np.repeat(rng.normal(0, 5, 12), 2) + np.where(group == 1, 1.0, 0.0) + rng.normal(0, 0.1, 24)
    counted = np.ones(24, dtype=bool)
    paired = bootstrap_difference(values, counted, Design(group, meeting, ("meeting", "meeting"), True))
    assert paired["difference"] == pytest.approx(-1.0, abs=0.15)
    assert paired["high"] < 0
    assert paired["p"] < 0.01
    loose = bootstrap_difference(values, counted, Design(group, np.arange(24), ("sentence", "sentence"), False))
    assert loose["p"] > 0.2  # the meetings differ so much that an unpaired test sees nothing


def documents_of_two_sides(counts, paragraphs=(6, 6), event=None):
    """Six sentences on Taiwan of each of so many documents a side, in so many paragraphs each."""
    rows = [
        {
            "event": event and event.format(number), "doc_id": f"{source}-{number}", "source": source, "sent_id": i,
            "text": f"Sentence {i}.", "issue": ["taiwan"], "stance": "criticism" if i % 2 else "neutral",
            "holder": source, "frame": [], "paragraph": i * parts // 6,
        }
        for source, count, parts in zip(("us", "china"), counts, paragraphs, strict=True)
        for number in range(count)
        for i in range(6)
    ]  # fmt: skip
    return check_table(pd.DataFrame(rows))


@pytest.mark.parametrize(
    ("counts", "paragraphs", "names", "units"),
    [
        ((1, 40), (6, 6), ("paragraph", "document"), (6, 40)),
        ((40, 1), (6, 2), ("document", "sentence"), (40, 6)),
        ((4, 5), (6, 1), ("paragraph", "document"), (24, 5)),
        ((1, 1), (6, 1), ("paragraph", "sentence"), (6, 6)),
        ((1, 1), (6, 6), ("paragraph", "paragraph"), (6, 6)),
        ((5, 5), (6, 6), ("document", "document"), (5, 5)),
        ((0, 40), (6, 6), ("document", "document"), (0, 40)),
        ((1, 0), (6, 6), ("paragraph", "paragraph"), (6, 0)),
    ],
)
def test_each_side_has_the_largest_unit_of_which_it_has_enough(counts, paragraphs, names, units):
    design = make_design(documents_of_two_sides(counts, paragraphs), "source", ("us", "china"))
    assert design.names == names
    assert not design.paired
    assert tuple(len(set(design.unit[design.group == side])) for side in (0, 1)) == units
    assert len(set(design.unit)) == sum(units)


def test_sides_that_share_enough_meetings_are_paired():
    design = make_design(documents_of_two_sides((5, 6), event="Vienna {}"), "source", ("us", "china"))
    assert (design.names, design.paired) == (("meeting", "meeting"), True)
    few = make_design(documents_of_two_sides((1, 6), event="Vienna {}"), "source", ("us", "china"))
    assert (few.names, few.paired) == (("paragraph", "document"), False)


@pytest.mark.parametrize("paragraphs", [6, 2])
def test_units_that_differ_are_named_with_what_they_mean(paragraphs):
    comparison = stance.compare(documents_of_two_sides((1, 6), (paragraphs, 6)))
    name = "paragraph" if paragraphs == 6 else "sentence"
    said = (
        "There are fewer than 5 documents of one side (United States): intervals of its figures, and of differences, "
        "tell of these texts, not of that side in general."
    )
    if name == "sentence":
        said += " They treat its sentences as independent and are too narrow."
    taken = f"the {name} (United States) and the document (China) as units of sampling"
    for contrast in ("agenda", "stances", "disagreements", "cooperation", "framing"):
        assert f"Intervals and tests take {taken}. {said}" in comparison.contrasts[contrast].notes, contrast
    assert f"The {name}s of one side cannot be exchanged with documents" in comparison.framing.notes[0]
    assert comparison.framing.words["p_units"].isna().all()
    [finding] = [f for f in comparison.findings if f.kind == "evidence"]
    assert said in finding.text
    assert finding.figures["units"] == [name, "document"]


def test_two_single_documents_with_different_units_tell_of_both_texts():
    comparison = stance.compare(documents_of_two_sides((1, 1), (6, 1)))
    said = (
        "Intervals tell how far these texts differ, not how the two sides do in general. They treat the sentences "
        "of one side (China) as independent and are too narrow."
    )
    taken = "the paragraph (United States) and the sentence (China) as units of sampling"
    assert f"Intervals and tests take {taken}. {said}" in comparison.agenda.notes
    assert said in comparison.findings[-1].text


def test_expected_count_is_exact_for_equal_probabilities():
    mean, low, high = expected_count(np.full(20, 0.3))
    assert mean == pytest.approx(6.0)
    assert (low, high) == (2.0, 10.0)  # quantiles of the binomial with n = 20, p = 0.3


def test_adjusted_p_values_keep_missing_ones():
    result = adjusted(pd.Series([0.01, np.nan, 0.04, 0.03]))
    assert result.round(3).tolist()[0] == 0.03
    assert np.isnan(result[1])


def test_log_odds_follow_the_formula():
    first, second = np.array([10, 5, 1]), np.array([2, 5, 9])
    log_odds, se = weighted_log_odds(first, second, prior_words=16)
    prior = np.array([6, 5, 5])
    a, b = first + prior, second + prior
    assert log_odds == pytest.approx(np.log(a / (32 - a)) - np.log(b / (32 - b)))
    assert se == pytest.approx(np.sqrt(1 / a + 1 / b))
    swapped, _ = weighted_log_odds(second, first, prior_words=16)
    assert swapped == pytest.approx(-log_odds)
