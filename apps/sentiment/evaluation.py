"""The verb `evaluate` for classes: scores, baselines, noise, bias, report."""

import time
from collections.abc import Mapping, Sequence

import numpy as np

from data.labelled.builtin import kinds as kinds_of
from data.labelled.builtin.people import PAIRS

from ..harness.app import Evaluation
from ..harness.report import WIDTH, render, table, wrap
from ..harness.run_folder import RunFolder
from . import baselines
from .config import Config
from .data import SentimentData
from .metrics import (
    MEASURES,
    class_table,
    confusion,
    confusion_table,
    fit_temperature,
    mcnemar,
    per_class,
    score,
    softmax,
)
from .model import Classifier
from .predictor import Scorer, temperature
from .robustness import FIRST_NAMES, GENDERED, flip_rate, swapped, with_typos

TYPING_ERRORS = (0.0, 0.05, 0.10)
"""Shares of letters that typing errors hit."""
FEWEST_EXCHANGED = 0.01
"""Of fewer texts than this share, a change of words tells nothing."""
QUICK = 10_000_000
"""With training texts of up to so many characters, times classes, the baselines take seconds."""
TITLES = {
    "bag_of_words": "Words alone, TF-IDF + logistic regression",
    "tfidf_lr": "Phrases, TF-IDF + logistic regression",
    "nbsvm": "Phrases, NB-SVM",
}


def evaluate(
    config: Config, run: RunFolder, model: Classifier, data: SentimentData, split: str
) -> Evaluation:
    """Scores the model on one split of the corpus, beside baselines fitted on its train split.

    Their settings are chosen on validation, so there they look better than they are.
    The temperature that makes probabilities honest is fitted when the split is validation, which
    training ends with, and taken from there for the test.
    """
    texts, labels = data.split(split).texts, np.asarray(data.split(split).labels)
    classes = data.corpus.classes
    scorer = Scorer(config, model, data.tokenizer)
    scorer(texts[:1])  # traces
    started = time.monotonic()
    logits = scorer(texts)
    seconds, cut, lost = time.monotonic() - started, scorer.cut, scorer.lost
    guessed = logits.argmax(axis=1)
    calibration = fit_temperature(labels, logits) if split == "validation" else temperature(run)
    honest = softmax(logits, calibration)
    metrics = {
        **score(labels, softmax(logits), classes),
        **_calibrated(score(labels, honest, classes)),
        "temperature": calibration,
        **_exchanged(scorer, texts, guessed, data),
        "texts_per_second": len(texts) / seconds,
    }
    noise = _under_noise(scorer, texts, labels, logits, classes, config.train.seed)
    beside, verdicts = {}, ["They are fitted by `evaluate`, on the test split."]
    size = len(classes) * sum(map(len, data.split("train").texts))
    if split == "test" or size <= QUICK:
        beside, verdicts = _baselines(config, data, split, texts, labels, guessed)
    rows = [
        {"text": text, "label": classes[label], "guess": classes[guess], "probability": sure}
        for text, label, guess, sure in zip(
            texts, labels, guessed, honest.max(axis=1).tolist(), strict=True
        )
    ]
    title = f"{run.name}: {data.corpus.name}, {split}, {len(texts):,} texts"
    kinds = _by_kind(data, texts, guessed == labels)
    notes = [
        *data.corpus.notes,
        f"{cut:,} of the {split} texts are longer than what is read, the {config.data.keep} of "
        f"{config.data.max_length} tokens: {lost:.1%} of all tokens are lost.",
    ]
    parts = {
        "About the texts": "\n".join(line for note in notes for line in wrap(note, WIDTH - 2)),
        "Classes": class_table(labels, guessed, classes),
        "Confusion: a row is a true class": confusion_table(labels, guessed, classes),
        **({"Kinds of reviews": _kind_table(kinds)} if kinds else {}),
        "Under typing errors: share of letters hit": _noise_table(noise),
        "Against the baselines": "\n".join(verdicts),
    }
    sections = [_titled(heading, body) for heading, body in parts.items()]
    overview = render(title, {**metrics, **beside}, MEASURES)
    report = "\n".join([overview, *sections, _shown(rows)])
    details = {
        "classes": per_class(labels, guessed, classes),
        "confusion": confusion(labels, guessed, classes).tolist(),
        "cut": cut,
        "lost": lost,
        **({"kinds": kinds} if kinds else {}),
        "typing_errors_percent": noise,
    }
    return Evaluation(
        {**metrics, **beside},
        report,
        rows,
        headline=("accuracy", "f1_macro", "ece"),
        details=details,
    )


def versus(config: Config, ours: Sequence[Mapping], theirs: Sequence[Mapping]) -> str:
    """One sentence: whether two runs differ in how many texts they have right."""
    if [(row["text"], row["label"]) for row in ours] != [
        (row["text"], row["label"]) for row in theirs
    ]:
        return "not the same texts, so there is nothing to compare."
    classes = {row["label"] for row in ours} | {row["guess"] for row in [*ours, *theirs]}
    index = {name: number for number, name in enumerate(sorted(classes))}
    labels, a = ([index[row[key]] for row in ours] for key in ("label", "guess"))
    return _verdict(labels, a, [index[row["guess"]] for row in theirs])


def _calibrated(scores: Mapping[str, float]) -> dict[str, float]:
    return {f"{name}_calibrated": scores[name] for name in ("log_loss", "brier", "ece")}


def _under_noise(scorer, texts, labels, logits, classes, seed: int) -> dict[str, dict[str, float]]:
    """Per cent of letters hit by typing errors to all scores, and how many classes change."""
    found = {}
    for rate in TYPING_ERRORS:
        after = scorer(with_typos(texts, rate, seed)) if rate else logits
        flips = flip_rate(logits.argmax(axis=1), after.argmax(axis=1))
        scores = score(labels, softmax(after), classes)
        found[f"{100 * rate:.0f}"] = {**scores, "flips": flips}
    return found


def _by_kind(
    data: SentimentData, texts: Sequence[str], right: np.ndarray
) -> dict[str, dict[str, float]]:
    """Of the built-in corpus, which kinds of reviews are hard."""
    if data.corpus.name != "builtin":
        return {}
    of_texts = np.array(kinds_of(texts))
    return {
        str(kind): {
            "accuracy": float(right[of_texts == kind].mean()),
            "number": int((of_texts == kind).sum()),
        }
        for kind in np.unique(of_texts)
    }


def _kind_table(kinds: Mapping[str, Mapping[str, float]]) -> str:
    rows = [[kind, f"{one['accuracy']:.4f}", str(one["number"])] for kind, one in kinds.items()]
    return table(["", "accuracy", "number"], rows)


def _noise_table(noise: Mapping[str, Mapping[str, float]]) -> str:
    names = ("accuracy", "f1_macro", "log_loss", "ece", "flips")
    rows = [[name, *(f"{scores[name]:.4f}" for scores in noise.values())] for name in names]
    return table(["", *(f"{percent} %" for percent in noise)], rows)


def _exchanged(scorer, texts, guessed, data: SentimentData) -> dict[str, float]:
    """How many classes change when women and men, or their names, change places.

    Of texts in English: where few have such words, nothing is said.
    """
    lists = {"gender": GENDERED, "name": FIRST_NAMES}
    if all(text == text.lower() for text in texts):  # names, too, are written small there
        lists["name"] = [(a.lower(), b.lower()) for a, b in FIRST_NAMES]
    # Those of the built-in corpus are pairs by construction, "her" and "him" among them.
    if data.corpus.name == "builtin":
        lists = {"gender": PAIRS}
    found = {}
    for name, pairs in lists.items():
        changed, indices, left_out = swapped(texts, pairs)
        if len(indices) >= FEWEST_EXCHANGED * len(texts):
            after = scorer(changed).argmax(axis=1)
            found[f"{name}_flips"] = flip_rate(guessed[indices], after)
            found[f"{name}_texts"] = float(len(indices))
            if left_out:
                found[f"{name}_left_out"] = float(left_out)
    return found


def _baselines(config, data, split, texts, labels, guessed) -> tuple[dict[str, float], list[str]]:
    scores, verdicts = {}, []
    if split == "validation":
        verdicts.append("Their settings are chosen on these texts, which flatters them.")
    fitted = baselines.fit(data.split("train"), data.split("validation"))
    for name, baseline in fitted.items():
        theirs = baseline.predict(texts)
        scores[f"{name}_accuracy"] = float(np.mean(theirs == labels))
        *_, scores[f"{name}_p"] = mcnemar(labels, guessed, theirs)
        verdicts.append(f"{TITLES[name]}: {_verdict(labels, guessed, theirs)}")
    return scores, verdicts


def _verdict(labels, ours, theirs) -> str:
    only_ours, only_theirs, p = mcnemar(labels, ours, theirs)
    accuracy = float(np.mean(np.asarray(theirs) == np.asarray(labels)))
    verdict = "a real difference" if p < 0.05 else "no difference that is certain"
    return (
        f"accuracy {accuracy:.4f}; {only_ours:,} texts right here alone, {only_theirs:,} there "
        f"alone, p = {p:.3g} (McNemar, exact): {verdict}."
    )


def _titled(title: str, body: str) -> str:
    lines = "\n".join(f"  {line}".rstrip() for line in body.splitlines())
    return f"{title}\n{lines}\n"


def _shown(rows: Sequence[Mapping]) -> str:
    """Some texts that were wrong, the surest first."""
    wrong = sorted(
        (row for row in rows if row["label"] != row["guess"]), key=lambda row: -row["probability"]
    )[:5]
    if not wrong:
        return "Every text has its class.\n"
    lines = ["Wrong, and surest of it"]
    for row in wrong:
        text = " ".join(row["text"].split())
        lines.append(f"  {row['label']} read as {row['guess']} ({row['probability']:.2f}): ")
        lines.append(f"    {text[:200]}{'…' if len(text) > 200 else ''}")
    return "\n".join(lines) + "\n"
