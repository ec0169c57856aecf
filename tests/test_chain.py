"""Neighbouring sentences: transitions, marginals of a chain, and what calibration makes of them."""

import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import stance
from stance.annotation.standoff import AnnotatedDocument, Annotation, annotations_of
from stance.classifier.calibrate import LEAST_PAIRS, fit_calibration, learn_neighbours
from stance.classifier.chain import PSEUDO_COUNT, chain_marginals, runs_of, transition_scores
from stance.classifier.decision import Calibration, ScoringSettings, decide, main_probabilities
from stance.classifier.predict import Model
from stance.codebook import load_codebook
from stance.sentences import split_sentences


def rows(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.dirichlet(np.ones(shape[1]), shape[0])


def test_marginals_are_those_of_all_sequences_of_labels():
    rng = np.random.default_rng(0)
    own, transitions = rows(rng, (5, 3)), rng.normal(0, 1, (3, 3))
    expected = np.zeros((5, 3))
    for labels in itertools.product(range(3), repeat=5):
        joint = np.prod([own[i, k] for i, k in enumerate(labels)])
        joint *= np.exp(sum(transitions[a, b] for a, b in itertools.pairwise(labels)))
        for i, k in enumerate(labels):
            expected[i, k] += joint
    expected /= expected.sum(axis=1, keepdims=True)
    assert chain_marginals(own, transitions, [5]) == pytest.approx(expected)


def test_documents_do_not_reach_into_each_other_and_lengths_must_fit():
    rng = np.random.default_rng(1)
    own, transitions = rows(rng, (7, 4)), rng.normal(0, 1, (4, 4))
    together = chain_marginals(own, transitions, [4, 1, 2])
    parts = [chain_marginals(own[a:b], transitions, [b - a]) for a, b in ((0, 4), (4, 5), (5, 7))]
    assert together == pytest.approx(np.concatenate(parts))
    assert together[4] == pytest.approx(own[4])
    assert not np.allclose(together, chain_marginals(own, transitions, [7]))
    assert chain_marginals(own[:0], transitions, []).shape == (0, 4)
    with pytest.raises(ValueError, match="6 sentences for 7"):
        chain_marginals(own, transitions, [4, 2])


def test_a_long_document_does_not_underflow():
    own = np.tile([1e-12, 1 - 1e-12], (3000, 1))
    found = chain_marginals(own, np.array([[2.0, -2.0], [-2.0, 2.0]]), [3000])
    assert np.isfinite(found).all() and found[:, 1] == pytest.approx(1.0)


def test_transitions_count_neighbours_within_runs():
    labels = np.array([0, 0, 1, 1, 1, 0])
    scores = transition_scores(labels, [3, 3], 2)  # pairs: 00, 01 | 11, 10
    assert scores == pytest.approx(np.log((1 + PSEUDO_COUNT) / (2 * 0.5 + PSEUDO_COUNT)) * np.ones((2, 2)))
    sticky = transition_scores(np.repeat([0, 1, 0, 1], 50), [200], 2)
    assert sticky[0, 0] > 0.5 and sticky[1, 1] > 0.5 and sticky[0, 1] < -1
    rare = transition_scores(np.array([0] * 40 + [2]), [41], 3)
    assert np.abs(rare).max() < 0.2, "pairs that were hardly to be expected say little"
    assert transition_scores(np.array([1, 0]), [1, 1], 2) == pytest.approx(np.zeros((2, 2)))


def test_a_gap_ends_a_run():
    assert runs_of([[0, 1, 2], [5], [7, 3, 4, 8, 9], {}, range(2)]) == [3, 1, 2, 3, 2]


def coded(stay: float, seed: int, documents: int = 60) -> tuple[list[AnnotatedDocument], np.ndarray]:
    """Invented labels whose main issue stays for the next sentence at a rate, and logits that tell it dimly."""
    codebook, rng = load_codebook(), np.random.default_rng(seed)
    issues, found, logits = codebook["issue"].keys, [], []
    for d in range(documents):
        now, annotations = 0, {}
        for i in range(20):
            now = int(rng.integers(len(issues))) if i == 0 or rng.random() > stay else now
            annotations[i] = Annotation(f"d{d}", i, i, i + 1, (issues[now],), "neutral", "us", ())
            logits.append(rng.normal(0, 1, len(codebook.outputs)))
            logits[-1][codebook.outputs.index(f"issue:{issues[now]}")] += 1.5
        found.append(AnnotatedDocument(stance.Document(f"d{d}", "", "us"), (), annotations))
    return found, np.array(logits)


def right(documents: list[AnnotatedDocument], logits: np.ndarray, settings: ScoringSettings) -> float:
    found = decide(logits, load_codebook(), settings, runs_of(d.annotations for d in documents))
    return float(np.mean([a.issue[0] == g[0] for a, g in zip(annotations_of(documents), found.issue, strict=True)]))


def test_calibration_weighs_neighbours_as_far_as_they_tell_something():
    codebook = load_codebook()
    learned, _ = coded(0.8, 1)
    validation, logits = coded(0.8, 2)
    new, new_logits = coded(0.8, 3)
    annotations = annotations_of(validation)
    neighbours = learn_neighbours(learned, validation, codebook)
    plain = ScoringSettings(calibration=fit_calibration(logits, annotations, codebook))
    chained = ScoringSettings(calibration=fit_calibration(logits, annotations, codebook, neighbours))
    assert not any(c.transitions for c in plain.calibration.values())
    assert [k for k, c in chained.calibration.items() if c.transitions] == ["issue"]
    assert right(new, new_logits, chained) > right(new, new_logits, plain) + 0.1
    issue = chained.of("issue")  # sentences that stand alone are read as without neighbours
    assert issue.temperature == plain.of("issue").temperature != issue.chained_temperature
    loose, logits = coded(0.0, 4)  # labels follow each other in training, and do not where it is calibrated
    apart = fit_calibration(logits, annotations_of(loose), codebook, learn_neighbours(learned, loose, codebook))
    assert np.abs(apart["issue"].transitions).max() < 0.3 * np.abs(issue.transitions).max()


def test_order_is_learned_from_published_documents_and_judged_on_enough_pairs():
    codebook = load_codebook()
    published, _ = coded(0.8, 1)
    shuffled, _ = coded(0.0, 2)
    written = [
        replace(d, annotations={i: replace(a, round="written") for i, a in d.annotations.items()}) for d in shuffled
    ]
    validation, _ = coded(0.8, 3, documents=10)
    found = learn_neighbours([*written, *published], validation, codebook)
    alone = learn_neighbours(published, validation, codebook)
    assert found.lengths == [20] * 10 and (found.scores == alone.scores).all()
    only = learn_neighbours(written, validation, codebook)
    assert np.diag(only.scores).max() < np.diag(found.scores).min()
    few, _ = coded(0.8, 4, documents=LEAST_PAIRS // 19)
    assert learn_neighbours(published, few, codebook) is None
    apart = [replace(d, annotations={i: a for i, a in d.annotations.items() if i % 2}) for d in validation]
    assert learn_neighbours(published, apart, codebook) is None, "no sentence follows another"
    assert learn_neighbours([], validation, codebook) is None


def test_settings_with_transitions_survive_writing_and_reach_the_table(tmp_path, random_model, monkeypatch):
    keys = load_codebook()["issue"].keys
    strong = tuple(tuple(9.0 if k == "cyber" else 0.0 for k in keys) for _ in keys)
    model = Model(random_model, threads=1)
    fitted = {**model.settings.calibration, "issue": Calibration(2.0, transitions=strong, chained_temperature=3.0)}
    settings = replace(model.settings, calibration=fitted)
    settings.write(tmp_path)
    assert ScoringSettings.read(tmp_path) == settings
    assert len(json.loads((tmp_path / "scoring.json").read_text())["calibration"]["issue"]["transitions"]) == len(keys)
    model.settings = settings
    documents = [
        stance.Document("long", "The talks began on Monday. They went on. They ended on Friday.", "us"),
        stance.Document("short", "The talks began on Monday.", "us"),
    ]
    table = stance.score(documents, model)
    assert table["issue_main"].tolist()[1:3] == ["cyber", "cyber"], "what follows another sentence is drawn to it"
    asked = [(d, split_sentences(d), chosen) for d, chosen in zip(documents, ([2], [0]), strict=True)]
    drawn = model.decide(asked)
    assert drawn.stance == table["stance"].tolist()[2:] and drawn.issue == [list(i) for i in table["issue"][2:]]
    whole = table["p_issue_main"].tolist()
    assert drawn.main.max(axis=1) == pytest.approx(whole[2:], abs=1e-3), "as if the whole document were scored"
    monkeypatch.setattr("stance.classifier.tokenization.BLOCK", 2)
    apart = stance.score(documents, model)["p_issue_main"].tolist()
    assert apart[3] == pytest.approx(whole[3]) and apart[2] != pytest.approx(whole[2]), "a block is a chain"
    assert model.decide(asked).main[0].max() == pytest.approx(apart[2], abs=1e-3)


def test_sentences_alone_are_read_without_neighbours():
    codebook, rng = load_codebook(), np.random.default_rng(5)
    logits = rng.normal(0, 1, (4, len(codebook.outputs)))
    sticky = tuple(map(tuple, np.eye(len(codebook["issue"].keys)).tolist()))
    chained = ScoringSettings(calibration={"issue": Calibration(transitions=sticky, chained_temperature=2.0)})
    own = main_probabilities(logits, codebook, ScoringSettings(), None)
    assert main_probabilities(logits, codebook, chained, None) == pytest.approx(own)
    assert main_probabilities(logits, codebook, chained, [1, 1, 1, 1]) == pytest.approx(own)
    assert not np.allclose(main_probabilities(logits, codebook, chained, [4]), own)


@pytest.mark.parametrize("transitions", [[[0.0, 1.0]], [[0.0], [1.0, 2.0]], [[float("nan")]], {"us": 1}, [[0.0]]])
def test_broken_transitions_are_named(tmp_path, random_model, transitions):
    folder = shutil.copytree(random_model, tmp_path / "broken")
    content = json.loads((folder / "scoring.json").read_text())
    content["calibration"]["issue"]["transitions"] = transitions
    (folder / "scoring.json").write_text(json.dumps(content))
    with pytest.raises(stance.StanceError, match=r"scoring\.json: .*transitions|scoring\.json: .*cannot be read"):
        Model(folder)
