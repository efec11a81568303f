"""Scores against sacreBLEU itself and against small cases counted by hand."""

import math

import numpy as np
import pytest
import sacrebleu

from apps.translate import metrics
from apps.translate.metrics import MEASURES, bleu, paired_bootstrap, score, token_metrics

SOURCES = ["The cat sleeps.", "The dog saw a bird and a fish.", "It was big."]
REFERENCES = ["Die Katze schläft.", "Der Hund sah einen Vogel und einen Fisch.", "Er war groß."]
HYPOTHESES = ["Die Katze schläft.", "Der Hund sah einen Vogel und den Fisch.", "Sie war groß."]


def system(errors, count=120):
    """`count` references, and translations of which every `errors`-th has one wrong word."""
    references = [f"Der Mann Nummer {i} sieht heute einen roten Ball ." for i in range(count)]
    return references, [
        r.replace("roten", "blauen") if i % errors == 0 else r for i, r in enumerate(references)
    ]


def test_equals_sacrebleu():
    found = score(SOURCES, REFERENCES, HYPOTHESES, "de")
    values, signatures = found["metrics"], found["signatures"]
    assert values["sacrebleu"] == sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES]).score
    assert values["chrf"] == sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score
    assert bleu(REFERENCES, HYPOTHESES, "de") == values["sacrebleu"]
    assert "case:mixed" in signatures["sacrebleu"] and "tok:13a" in signatures["sacrebleu"]
    assert f"version:{sacrebleu.__version__}" in signatures["chrf"]


def test_bleu_by_hand():
    # One sentence of 5 tokens against one of 6, with "a b c d" in common: precisions 4/5, 3/4,
    # 2/3 and 1/2, and the penalty for being short, exp(1 - 6/5).
    by_hand = 100 * math.exp(1 - 6 / 5) * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    found = score(["x"], ["a b c d e f"], ["a b c d x"], "en")["metrics"]
    assert found["sacrebleu"] == pytest.approx(by_hand)
    assert found["lc_bleu"] == pytest.approx(by_hand)
    assert found["length_ratio"] == pytest.approx(5 / 6)


def test_identical_texts_are_perfect():
    found = score(SOURCES, REFERENCES, REFERENCES, "de")["metrics"]
    for name in ("sacrebleu", "sacrebleu_low", "sacrebleu_high", "chrf", "lc_bleu"):
        assert found[name] == pytest.approx(100)
    assert found["length_ratio"] == 1


def test_nothing_right_is_zero():
    found = score(["a"], ["Die Katze schläft."], [""], "de")["metrics"]
    assert found["sacrebleu"] == found["lc_bleu"] == found["length_ratio"] == 0
    assert found["sacrebleu_low"] == found["sacrebleu_high"] == 0


def test_lower_cased_form_forgives_case_and_kinds_of_quotes():
    references = ["Der Mann sagt „Guten Tag“ zu Anna."]
    hypotheses = ['der mann sagt "guten tag" zu anna.']
    found = score(["x"], references, hypotheses, "de")
    assert found["metrics"]["lc_bleu"] == pytest.approx(100)
    assert found["metrics"]["sacrebleu"] < 50
    assert "case:lc" in found["signatures"]["lc_bleu"]
    assert "tok:norm+moses-de" in found["signatures"]["lc_bleu"]


def test_lower_cased_form_splits_words_as_moses_does():
    # Moses cuts the French article off (l' eau: 4 tokens and a full stop) where 13a does not,
    # so the wrong noun costs one of five tokens, not one of four.
    found = score(["x"], ["Il boit de l'eau."], ["Il boit de l'air."], "fr")["metrics"]
    precisions = 5 / 6 * 3 / 5 * 2 / 4 * 1 / 3
    assert found["lc_bleu"] == pytest.approx(100 * precisions**0.25)


@pytest.mark.parametrize("language", ["zh", "cmn", "zh-CN"])
def test_chinese(language):
    references, hypotheses = ["我喜欢喝绿茶。", "他在家。"], ["我喜欢喝红茶。", "他在家。"]
    found = score(["I like green tea.", "He is home."], references, hypotheses, language)
    right = sacrebleu.corpus_bleu(hypotheses, [references], tokenize="zh").score
    assert found["metrics"]["sacrebleu"] == right > 50
    assert "tok:zh" in found["signatures"]["sacrebleu"]
    assert "lc_bleu" not in found["metrics"]
    assert found["metrics"]["length_ratio"] == 1


def test_japanese_needs_no_dictionary():
    found = score(["x"], ["私は学生です。"], ["私は先生です。"], "ja")
    assert 0 < found["metrics"]["sacrebleu"] < 100
    assert "tok:char" in found["signatures"]["sacrebleu"]


def test_interval_is_deterministic_and_holds_the_score():
    references, hypotheses = system(errors=3)
    first = score(references, references, hypotheses, "de")
    assert first == score(references, references, hypotheses, "de")
    found = first["metrics"]
    assert 0 < found["sacrebleu_low"] < found["sacrebleu"] < found["sacrebleu_high"] < 100
    assert "bs:1000" in first["signatures"]["sacrebleu"]
    assert "seed:" in first["signatures"]["sacrebleu"]


def test_no_interval_of_very_many_sentences(monkeypatch):
    monkeypatch.setattr(metrics, "MOST_SENTENCES_FOR_AN_INTERVAL", 2)
    found = score(SOURCES, REFERENCES, HYPOTHESES, "de")
    assert "sacrebleu_low" not in found["metrics"]
    assert "bs:" not in found["signatures"]["sacrebleu"]


def test_checks_of_the_corpus_see_the_three_lists():
    def pronoun_accuracy(sources, references, hypotheses):
        assert sources == SOURCES
        first = [(r.split()[0], h.split()[0]) for r, h in zip(references, hypotheses, strict=True)]
        return sum(r == h for r, h in first) / len(first)

    found = score(SOURCES, REFERENCES, HYPOTHESES, "de", {"pronoun_accuracy": pronoun_accuracy})
    assert found["metrics"]["pronoun_accuracy"] == pytest.approx(2 / 3)
    assert set(found["metrics"]) <= set(MEASURES)


@pytest.mark.parametrize("hypotheses", [[], ["one"]])
def test_lists_of_different_lengths(hypotheses):
    with pytest.raises(ValueError, match="Each of the 3 references"):
        score(SOURCES, REFERENCES, hypotheses, "de")


def test_nothing_to_score():
    with pytest.raises(ValueError, match="no sentences"):
        score([], [], [], "de")


def test_token_metrics_against_a_count_by_hand():
    reference = np.array([[5, 5, 5, 7], [5, 7, 0, 0]])
    predicted = np.array([[5, 5, 7, 7], [9, 7, 5, 7]])
    found = token_metrics(reference, predicted, reference != 0)
    # Counted pairs: 5>5 5>5 5>7 7>7 5>9 7>7. Type 5: precision 2/2, recall 2/4. Type 7:
    # precision 2/3, recall 2/2. Type 9: predicted once and wrong, never expected: 0, 0.
    f5, f7 = 2 / 3, 4 / 5
    expected = {
        "token_accuracy": 4 / 6,
        "token_precision_macro": (1 + 2 / 3 + 0) / 3,
        "token_recall_macro": (1 / 2 + 1 + 0) / 3,
        "token_f1_macro": (f5 + f7 + 0) / 3,
        "token_precision_weighted": (4 * 1 + 2 * 2 / 3) / 6,
        "token_recall_weighted": (4 * 1 / 2 + 2 * 1) / 6,
        "token_f1_weighted": (4 * f5 + 2 * f7) / 6,
    }
    assert found == pytest.approx(expected)
    assert set(found) <= set(MEASURES)


def test_padding_never_counts():
    rng = np.random.default_rng(0)
    reference, predicted = rng.integers(1, 30, (2, 4, 9))
    mask = rng.random((4, 9)) < 0.7
    found = token_metrics(reference, predicted, mask)
    scrambled = np.where(mask, predicted, 77)
    wider = [np.pad(a, ((0, 2), (0, 3))) for a in (reference, scrambled, mask)]
    assert token_metrics(*wider) == found


def test_many_types_and_one_token_raise_no_warning():
    ids = np.arange(1, 500).reshape(1, -1)
    assert token_metrics(ids, ids, ids > 0)["token_f1_macro"] == 1
    assert token_metrics(ids, ids[:, ::-1], ids == 7)["token_accuracy"] == 0


def test_token_metrics_reject_shapes_and_empty_masks():
    ids = np.ones((2, 3), int)
    with pytest.raises(ValueError, match="one shape"):
        token_metrics(ids, ids[:, :2], ids > 0)
    with pytest.raises(ValueError, match="keeps no token"):
        token_metrics(ids, ids, ids < 0)


def test_paired_bootstrap():
    references, good = system(errors=20)
    _, bad = system(errors=2)
    delta, p = paired_bootstrap(references, good, bad, "de")
    assert delta == pytest.approx(bleu(references, good, "de") - bleu(references, bad, "de"))
    assert delta > 10 and p < 0.01
    reverse, _ = paired_bootstrap(references, bad, good, "de")
    assert reverse == pytest.approx(-delta)
    assert paired_bootstrap(references, good, bad, "de") == (delta, p)


def test_equal_systems_do_not_differ():
    references, good = system(errors=20)
    assert paired_bootstrap(references, good, good, "de") == (0.0, 1.0)
    # The same errors, made in other sentences: equally good, so no evidence of a difference.
    wrong_elsewhere = [good[i ^ 1].replace(str(i ^ 1), str(i)) for i in range(len(good))]
    delta, p = paired_bootstrap(references, good, wrong_elsewhere, "de")
    assert abs(delta) < 2 and p > 0.1
