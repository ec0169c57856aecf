"""Statistics of the contrasts in simulation: planted differences are found, nulls stay null, intervals cover.

All seeds are fixed. The bounds of a rate allow for the error of the number of runs (about two standard errors).
"""

import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

import stance
from stance.codebook import load_codebook
from stance.contrast.corrected import corrected
from stance.contrast.gold import attach_gold
from stance.contrast.prediction_powered import Sample, corrected_mean, interval
from stance.contrast.resampling import bootstrap_difference, bootstrap_mean, share_difference
from stance.contrast.result import make_sides
from stance.contrast.statistics import Design, adjusted, clustered_share, make_design
from stance.contrast.trend import trend
from stance.table import check_table

ISSUES = (
    "taiwan",
    "trade_economy",
    "climate_energy",
    "military",
    "cyber",
    "human_rights",
    "korean_peninsula",
    "maritime",
)
DOCUMENTS, MEETINGS = ("document", "document"), ("meeting", "meeting")


def two_sides(rng, shares, units, size, spread=0.0, paired=True):
    """Hits, all counted, and the design of two sides with the given shares; units differ with a spread."""
    unit = np.tile(np.repeat(np.arange(units), size), 2)
    group = np.repeat([0, 1], units * size)
    shift = rng.normal(0, spread, units) if paired else None
    hits = []
    for share in shares:
        level = shift if paired else rng.normal(0, spread, units)
        p = np.clip(share + np.repeat(level, size), 0, 1)
        hits.append(rng.random(units * size) < p)
    unit = unit if paired else np.concatenate([unit[group == 0], unit[group == 1] + units])
    names = MEETINGS if paired else DOCUMENTS
    return np.concatenate(hits), np.ones(2 * units * size, dtype=bool), Design(group, unit, names, paired)


@pytest.mark.parametrize("paired", [True, False])
def test_differences_of_shares_cover_at_their_nominal_rate(paired):
    rng = np.random.default_rng(11)
    covered = []
    for _ in range(300):
        found = share_difference(*two_sides(rng, (0.45, 0.25), 12, 10, 0.1, paired), samples=10)
        covered.append(found["low"] <= 0.2 <= found["high"])
    assert 0.93 <= np.mean(covered) <= 0.995  # the two sides' own intervals are joined: rather too wide than too narrow


def test_differences_of_rare_shares_keep_their_interval():
    rng = np.random.default_rng(12)
    covered = []
    for _ in range(300):
        found = share_difference(*two_sides(rng, (0.04, 0.0), 15, 8), samples=10)
        covered.append(found["low"] <= 0.04 <= found["high"])
    assert np.mean(covered) >= 0.93


@pytest.mark.parametrize("units", [6, 20])
def test_means_and_their_differences_cover_at_their_nominal_rate(units):
    rng = np.random.default_rng(13)
    mean, difference = [], []
    for _ in range(300):
        level = np.repeat(rng.normal(0, 0.3, 2 * units), 8)
        values = level + rng.normal(0, 0.5, len(level)) + np.repeat([0.2, 0.0], units * 8)
        design = Design(np.repeat([0, 1], units * 8), np.repeat(np.arange(2 * units), 8), DOCUMENTS, False)
        counted = np.ones(len(values), dtype=bool)
        _, low, high = bootstrap_mean(values, counted & (design.group == 0), design.unit, samples=500)
        mean.append(low <= 0.2 <= high)
        found = bootstrap_difference(values, counted, design, samples=500)
        difference.append(found["low"] <= 0.2 <= found["high"])
    assert 0.92 <= np.mean(mean) <= 0.985
    assert 0.92 <= np.mean(difference) <= 0.985


def test_resampling_agrees_with_the_closed_form():
    rng = np.random.default_rng(14)
    values, unit = rng.normal(0, 1, 400), np.arange(400)
    mean, low, high = bootstrap_mean(values, np.ones(400, dtype=bool), unit, samples=8_000)
    error = values.std(ddof=1) / 20
    assert (low, high) == pytest.approx((mean - 1.966 * error, mean + 1.966 * error), abs=0.1 * error)
    group = np.repeat([0, 1], 200)
    counted = np.ones(400, dtype=bool)
    found = bootstrap_difference(values, counted, Design(group, unit, DOCUMENTS, False), samples=8_000)
    assert found["p"] == pytest.approx(ttest_ind(values[:200], values[200:]).pvalue, abs=0.015)


def test_paired_permutation_agrees_with_all_sign_flips():
    rng = np.random.default_rng(15)
    differences = rng.normal(0.4, 1, 10)
    values = np.concatenate([differences, np.zeros(10)])
    design = Design(np.repeat([0, 1], 10), np.tile(np.arange(10), 2), MEETINGS, True)
    found = bootstrap_difference(values, np.ones(20, dtype=bool), design, samples=8_000)
    signs = np.array(np.meshgrid(*[[-1, 1]] * 10)).reshape(10, -1)
    exact = np.mean(np.abs(differences @ signs) >= abs(differences.sum()) - 1e-9)
    assert found["p"] == pytest.approx(exact, abs=0.015)


def test_one_side_split_against_itself_keeps_the_false_discovery_rate():
    rng = np.random.default_rng(16)
    discoveries = []
    for _ in range(150):
        p = [
            share_difference(*two_sides(rng, (s, s), 10, 8, 0.1, paired=False), samples=300)["p"]
            for s in (0.1, 0.2, 0.3, 0.4, 0.5)
        ]
        discoveries.append((adjusted(pd.Series(p)) < 0.05).any())
    assert np.mean(discoveries) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 150)


def documents_of(rng, sizes, share, correlation):
    """Hits and the unit of each row; shares of units of these sizes are beta distributed about one share."""
    a, b = (x * (1 - correlation) / correlation for x in (share, 1 - share))
    unit = np.repeat(np.arange(len(sizes)), sizes)
    return rng.random(len(unit)) < rng.beta(a, b, len(sizes))[unit], unit


def two_sides_of(rng, sizes, shares, correlation, paired=False):
    """As `two_sides`, of units of the given sizes."""
    hits, units = zip(*(documents_of(rng, s, p, correlation) for s, p in zip(sizes, shares, strict=True)), strict=True)
    unit = np.concatenate([units[0], units[1] + (0 if paired else len(sizes[0]))])
    group = np.repeat([0, 1], [len(h) for h in hits])
    counted = np.ones(len(group), dtype=bool)
    return np.concatenate(hits), counted, Design(group, unit, MEETINGS if paired else DOCUMENTS, paired)


def test_few_units_are_exchanged_in_every_way():
    """The least p of ten meetings, and of six documents a side, is exact, not that of a random choice."""
    for units, paired, least in ((10, True, 2 / 2**10), (6, False, 2 / 924)):
        group = np.repeat([0, 1], units)
        unit = np.tile(np.arange(units), 2) + (0 if paired else group * units)
        design = Design(group, unit, MEETINGS if paired else DOCUMENTS, paired)
        found = bootstrap_difference(1.0 - group, np.ones(2 * units, dtype=bool), design)
        assert found["p"] == pytest.approx(least)
        assert (f"no p can be below {least:.2g}" in design.note) == (least > 0.05 / 20)
    few = Design(np.repeat([0, 1], 5), np.arange(10), DOCUMENTS, False)
    assert "With 5 and 5 documents no p can be below 0.0079" in few.note


@pytest.mark.parametrize("sizes", [([200, 5, 5, 5, 5], [20] * 20), ([60, 10, 10, 5, 5], [20] * 20)])
def test_a_side_that_is_mostly_one_document_has_no_test(sizes):
    """It rejected up to a third of such nulls; the intervals of the shares hold."""
    rng = np.random.default_rng(25)
    found = [share_difference(*two_sides_of(rng, sizes, (0.3, 0.3), 0.2), samples=50) for _ in range(100)]
    assert all(np.isnan(f["p"]) for f in found)
    assert np.mean([f["low"] <= 0 <= f["high"] for f in found]) >= 0.93


@pytest.mark.parametrize("share", [0.3, 0.05])
@pytest.mark.parametrize(
    ("sizes", "paired"),
    [
        (([5] * 8, [50] * 40), False),
        (([1] * 10, [20] * 40), False),
        (([50] * 8, [5] * 40), False),
        (([2] * 20, [40] * 20), True),
    ],
)
def test_sides_whose_documents_differ_in_length_keep_the_level(sizes, paired, share):
    """Without the standard error of each exchange, up to half of these nulls were rejected."""
    rng = np.random.default_rng(23)
    p = [
        share_difference(*two_sides_of(rng, sizes, (share, share), 0.05, paired), samples=300)["p"] for _ in range(150)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 150)


@pytest.mark.parametrize(("documents", "paragraphs"), [(40, 10), (5, 10), (5, 1)])
def test_one_document_against_several_leaves_their_sentences_clustered(documents, paragraphs):
    """With paragraphs or sentences as the unit of both sides, the several covered in half to two thirds of the runs."""
    rng = np.random.default_rng(27)
    number = np.repeat(np.arange(documents + 1), 30)
    table = pd.DataFrame({"doc_id": number.astype(str), "side": np.where(number == 0, "one", "several"), "event": None})
    table["paragraph"] = np.tile(np.arange(30) * paragraphs // 30, documents + 1)
    design, counted = make_design(table, "side", ("one", "several")), np.ones(len(table), dtype=bool)
    several, difference, rejected = [], [], []
    for _ in range(300):
        alone = rng.random(30) < 0.3  # of this text, which is all that one document can tell of
        hit = np.concatenate([alone, documents_of(rng, [30] * documents, 0.3, 0.2)[0]])
        _, low, high = clustered_share(hit, counted & (design.group == 1), design.unit)
        several.append(low <= 0.3 <= high)
        found = share_difference(hit, counted, design, samples=199)
        difference.append(found["low"] <= 0 <= found["high"])
        rejected.append(found["p"] <= 0.05)
    error = np.sqrt(0.05 * 0.95 / 300)
    assert np.mean(several) >= 0.95 - 2 * error
    assert np.mean(difference) >= 0.95 - 2 * error
    assert np.mean(rejected) <= 0.05 + 2 * error


def test_documents_that_do_not_raise_an_issue_do_not_hide_a_difference():
    rng = np.random.default_rng(24)
    hit, counted, design = two_sides_of(rng, ([5] * 10, [5] * 10), (0.8, 0.2), 0.1)
    silent = np.arange(90)
    more = Design(
        np.concatenate([design.group, np.zeros(90, dtype=int)]), np.concatenate([design.unit, 100 + silent]),
        DOCUMENTS, False,
    )  # fmt: skip
    alone = share_difference(hit, counted, design)["p"]
    joined = share_difference(
        np.concatenate([hit, silent < 0]), np.concatenate([counted, silent < 0]), more
    )["p"]  # fmt: skip
    assert alone == joined < 0.01


@pytest.mark.parametrize(("units", "share", "correlation"), [(8, 0.3, 0.2), (15, 0.1, 0.4), (30, 0.1, 0.4)])
def test_shares_cover_where_few_documents_are_much_longer_than_the_others(units, share, correlation):
    """Sizes are log-normal: a median of 7 sentences, one document in twenty beyond 90."""
    rng = np.random.default_rng(25)
    covered = []
    for _ in range(300):
        sizes = np.ceil(7 * np.exp(rng.normal(0, 1.55, units))).astype(int)
        hit, unit = documents_of(rng, sizes, share, correlation)
        _, low, high = clustered_share(hit, np.ones(len(hit), dtype=bool), unit)
        covered.append(low <= share <= high)
    assert np.mean(covered) >= 0.87, "0.74 to 0.79 with plain residuals and all units"


def test_a_planted_difference_is_found_with_the_stated_power():
    """Twenty meetings of twelve sentences a side: 25 points are found in at least nine of ten runs."""
    rng = np.random.default_rng(17)
    found = [share_difference(*two_sides(rng, (0.5, 0.25), 20, 12, 0.08), samples=300)["p"] < 0.05 for _ in range(60)]
    assert np.mean(found) >= 0.9


def test_trends_are_found_cover_and_keep_their_level():
    rng = np.random.default_rng(18)
    dates = pd.Series(pd.date_range("2020-01-15", periods=24, freq="60D")).repeat(10).reset_index(drop=True)
    unit = np.repeat(np.arange(24), 10)
    years = (dates - dates.min()).dt.days.to_numpy() / 365.25

    def run(slope):
        level = np.repeat(rng.normal(0, 0.06, 24), 10)
        hit = rng.random(240) < np.clip(0.2 + slope * years + level, 0, 1)
        return trend(hit.astype(float), np.ones(240, dtype=bool), unit, dates, samples=300)

    planted = [run(0.1) for _ in range(80)]
    assert np.mean([p < 0.05 for *_, p in planted]) >= 0.8
    assert np.mean([low <= 0.1 <= high for _, low, high, _ in planted]) >= 0.88
    assert np.mean([run(0.0)[3] < 0.05 for _ in range(150)]) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 150)


@pytest.mark.parametrize("sizes", [[3] * 9 + [60] * 6 + [3] * 9, [2] * 3 + [30] * 18 + [2] * 3])
def test_a_trend_keeps_its_level_where_long_documents_lie_together(sizes):
    rng = np.random.default_rng(26)
    dates = pd.Series(pd.date_range("2020-01-15", periods=24, freq="60D"))
    rejected = []
    for _ in range(150):
        hit, unit = documents_of(rng, sizes, 0.3, 0.1)
        when = dates.iloc[unit].reset_index(drop=True)
        rejected.append(trend(hit.astype(float), np.ones(len(hit), dtype=bool), unit, when, samples=300)[3] < 0.05)
    assert np.mean(rejected) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 150)


def biased_sample(rng, n=1500, share=0.3, coded=150, unequal=False):
    """A classifier that calls a third of all negatives positive; some sentences are coded by hand."""
    truth = rng.random(n) < share
    predicted = np.where(truth, rng.random(n) < 0.8, rng.random(n) < 0.33)
    chance = np.full(n, coded / n)
    if unequal:  # sentences predicted positive are coded more often
        chance = np.where(predicted, 2.0, 0.5) * coded / n
    labelled = rng.random(n) < chance
    everything = np.ones(n, dtype=bool)
    unit = np.repeat(np.arange(n // 5), 5)
    return Sample(predicted.astype(float), everything, truth.astype(float), everything, labelled, chance, unit)


@pytest.mark.parametrize(("unequal", "tuned"), [(False, True), (False, False), (True, False)])
def test_corrected_shares_cover_where_predictions_alone_do_not(unequal, tuned):
    rng = np.random.default_rng(19)
    covered, naive, width = [], [], []
    for _ in range(300):
        sample = biased_sample(rng, unequal=unequal)
        result = corrected_mean(sample, tuned=tuned)
        low, high, _ = interval(result.estimate, result.influence, result.unseen, sample.unit, result.units)
        covered.append(low <= 0.3 <= high)
        naive.append(abs(sample.predicted.mean() - 0.3))
        width.append(high - low)
    assert np.mean(naive) > 0.1  # what the predictions alone would be off by
    assert 0.92 <= np.mean(covered) <= 0.985
    assert np.mean(width) < 0.25


def rare_sample(rng, share, recall, false_rate, coded, n=1000, documents=40):
    """A label that few sentences have: a classifier misses some of them, and calls few others so."""
    truth = rng.random(n) < share
    predicted = rng.random(n) < np.where(truth, recall, false_rate)
    labelled = np.isin(np.arange(n), rng.choice(n, coded, replace=False))
    everything, chance = np.ones(n, dtype=bool), np.full(n, coded / n)
    unit = np.arange(n) * documents // n
    return Sample(predicted.astype(float), everything, truth.astype(float), everything, labelled, chance, unit)


@pytest.mark.parametrize("coded", [20, 40, 100])
@pytest.mark.parametrize(("share", "recall", "false_rate"), [(0.05, 0.6, 0.01), (0.03, 0.5, 0.005)])
def test_corrected_shares_of_rare_labels_cover(share, recall, false_rate, coded):
    rng = np.random.default_rng(23)
    covered, width = [], []
    for _ in range(200):
        sample = rare_sample(rng, share, recall, false_rate, coded)
        result = corrected_mean(sample)
        low, high, _ = interval(result.estimate, result.influence, result.unseen, sample.unit, result.units)
        covered.append(low <= share <= high)
        width.append(high - low)
    assert np.mean(covered) >= 0.93
    assert min(width) > 2 / coded  # where no error was seen, there may still be some


@pytest.mark.parametrize("coded", [20, 40, 100])
def test_a_classifier_that_finds_more_of_one_side_makes_no_corrected_difference(coded):
    rng = np.random.default_rng(24)
    found = []
    for _ in range(150):
        first, second = (rare_sample(rng, 0.04, recall, 0.005, coded) for recall in (0.9, 0.3))
        a, b = corrected_mean(first), corrected_mean(second)
        influence, unit = np.concatenate([a.influence, -b.influence]), np.concatenate([first.unit, second.unit + 40])
        units = min(a.units, b.units)
        found.append(interval(a.estimate - b.estimate, influence, a.unseen + b.unseen, unit, units)[2] <= 0.05)
    assert np.mean(found) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 150)


@pytest.mark.parametrize("coded", [20, 100])
def test_a_classifier_that_misses_criticism_of_one_side_makes_no_corrected_position(coded):
    """Without an allowance for errors that the sample does not show, a quarter differed with 20 coded a side."""
    rng = np.random.default_rng(26)
    i = np.arange(1200)
    source = np.where(i < 600, "us", "china")
    found = []
    for _ in range(40):
        critical = rng.random(1200) < 0.25
        missed = critical & (source == "us") & (rng.random(1200) < 0.2)
        truth = pd.DataFrame(
            {
                "doc_id": source + (i // 30).astype(str).astype(object), "start": i * 50, "end": i * 50 + 40,
                "source": source, "text": "word", "sent_id": i, "event": None, "frame": [[]] * 1200,
                "issue": [["taiwan"]] * 1200, "holder": source, "stance": np.where(critical, "criticism", "overture"),
            }
        )  # fmt: skip
        table = truth.assign(stance=np.where(missed, "overture", truth["stance"]))
        gold = truth.groupby("source").sample(coded, random_state=rng)
        codebook = load_codebook()
        sides = make_sides(attach_gold(check_table(table), gold, codebook), "source", ("us", "china"), codebook)
        rows = corrected(sides).table
        found.append(rows[(rows["measure"] == "position") & (rows["group"] == "difference")]["p"].iloc[0] <= 0.05)
    assert np.mean(found) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 40)


def test_power_tuning_never_loses_much_to_the_coded_sample_alone():
    rng = np.random.default_rng(20)
    sample = biased_sample(rng)
    useless = Sample(
        rng.random(1500), sample.predicted_counted, sample.coded, sample.coded_counted, sample.labelled,
        sample.probability, sample.unit,
    )  # fmt: skip
    result = corrected_mean(useless)
    assert result.tuning < 0.3
    alone = sample.coded[sample.labelled].mean()
    assert result.estimate == pytest.approx(alone, abs=0.03)


def test_corrected_shares_agree_with_ppi_python():
    """ppi_mean_ci of ppi-python 0.2.3 on these numbers, lam=1, run by hand: 0.3, [0.2163, 0.3837].

    Its interval takes the coded sentences as drawn apart from the others; here they are a part of them, which makes the
    variance a little smaller (Egami et al. 2023).
    """
    i = np.arange(400)
    truth = ((i * 7) % 10 < 3).astype(float)
    predicted = np.where((i * 13) % 10 < 8, truth, 1 - truth)
    everything = np.ones(400, dtype=bool)
    sample = Sample(predicted, everything, truth, everything, i % 4 == 0, np.full(400, 0.25), i)
    result = corrected_mean(sample, tuned=False)
    assert result.estimate == pytest.approx(0.3, abs=1e-9)
    low, high, _ = interval(result.estimate, result.influence, 0.0, i, result.units)  # ppi-python adds nothing
    assert (low, high) == pytest.approx((0.2162703, 0.3837297), abs=0.005)


def synthetic_table(rng, meetings, planted=0.0, sides=("us", "china")):
    """A sentence table of meetings with drawn labels; the first side criticises on taiwan more often, if planted."""
    rows = []
    for meeting in range(meetings):
        for source in sides:
            for number in range(12):
                issue = str(rng.choice(ISSUES))
                chance = 0.3 + (planted if source == "us" and issue == "taiwan" else 0.0)
                rows.append(
                    {
                        "event": f"m{meeting}", "doc_id": f"{source}-{meeting}", "source": source, "sent_id": number,
                        "start": number * 50, "end": number * 50 + 40, "date": f"{2010 + meeting}-01-01",
                        "text": f"word{rng.integers(50)} word{rng.integers(50)} word{rng.integers(50)} {issue}",
                        "issue": [issue], "stance": "criticism" if rng.random() < chance else "overture",
                        "holder": source, "frame": ["security"] if rng.random() < 0.3 else [],
                    }
                )  # fmt: skip
    return check_table(pd.DataFrame(rows))


def test_a_null_comparison_finds_nothing_and_a_planted_one_its_issue():
    rng = np.random.default_rng(21)
    null = [stance.compare(synthetic_table(rng, 12)) for _ in range(4)]
    tests = [t for c in null for t in (c.agenda.differences, c.stances.differences, c.framing.differences)]
    assert np.mean([(t["p_adjusted"] < 0.05).any() for t in tests]) <= 0.25
    assert np.mean([(c.framing.words["p_units"] < 0.05).any() for c in null]) <= 0.5
    planted = stance.compare(synthetic_table(rng, 30, planted=0.5))
    for differences in (planted.stances.differences, planted.disagreements.differences):
        top = differences.iloc[0]
        assert top["issue"] == "taiwan"
        assert top["p_adjusted"] < 0.05


def test_thirty_meetings_take_seconds():
    table = synthetic_table(np.random.default_rng(22), 30)
    start = time.process_time()
    assert len(stance.compare(table).contrasts) == 9
    assert time.process_time() - start < 15
