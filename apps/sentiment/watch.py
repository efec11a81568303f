"""What TensorBoard shows of a classifier beside its curves."""

import numpy as np

from ..harness.class_figures import calibration, confusion_matrix, precision_recall, word_weights
from ..harness.run_folder import RunFolder
from ..harness.watch import Watch, markdown_table
from .config import Config
from .data import SentimentData
from .explain import Explainer
from .metrics import confusion, fit_temperature, reliability, score, softmax
from .model import Classifier
from .predictor import Scorer

SCORED = 2000
"""Validation texts that are classified while training: enough for a curve."""
SHOWN = 12
EXPLAINED = 2
"""Texts, right and wrong each, whose words are shown."""
PROJECTED = 500
LETTERS = 80
"""Of a text, beside its point in the projector."""


def watch(config: Config, run: RunFolder, model: Classifier, data: SentimentData) -> Watch:
    """Scores of classes, mistakes, figures of both, words that count, and texts as vectors."""
    examples, classes = data.split("validation"), data.corpus.classes
    # In random order, as a corpus may come class by class.
    chosen = np.random.default_rng(0).permutation(len(examples))[:SCORED]
    texts = [examples.texts[index] for index in chosen]
    labels = np.array([examples.labels[index] for index in chosen])
    scorer = Scorer(config, model, data.tokenizer)
    vectors = Scorer(config, model, data.tokenizer, of=model.vectors)
    explainers = {"words": Explainer(config, model, data.tokenizer, "gradients")}
    if config.model.pooling == "attention":
        explainers["attention"] = Explainer(config, model, data.tokenizer, "attention")
    latest: list[np.ndarray] = []

    def logits() -> np.ndarray:
        # Of weights that have diverged nothing can be drawn; training says so itself.
        latest[:] = latest or [np.nan_to_num(scorer(texts))]
        return latest[0]

    def scores():
        latest.clear()
        found = score(labels, softmax(logits()), classes)
        return {name: found[name] for name in ("f1_macro", "roc_auc", "ece") if name in found}

    def mistakes():
        probabilities = softmax(logits())
        guessed = probabilities.argmax(axis=1)
        wrong = np.flatnonzero(guessed != labels)
        surest = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:SHOWN]
        # In one column: beside a long text TensorBoard leaves others no room for a word.
        rows = [
            (
                f"{classes[labels[i]]} → {classes[guessed[i]]} {probabilities[i].max():.2f}: "
                f"{texts[i]}",
            )
            for i in surest
        ]
        return {"mistakes": markdown_table(("class → read as, how surely: text",), rows)}

    def figures():
        found, probabilities = logits(), softmax(logits())
        guessed = probabilities.argmax(axis=1)
        honest = softmax(found, fit_temperature(labels, found))
        curves = {
            "as trained": reliability(labels, probabilities),
            "temperature fitted": reliability(labels, honest),
        }
        latest.clear()
        return {
            "confusion": confusion_matrix(confusion(labels, guessed, classes), classes),
            "precision_recall": precision_recall(labels, probabilities, classes),
            "calibration": calibration(curves),
            **{
                name: word_weights(_explained(one, texts, labels, probabilities, classes))
                for name, one in explainers.items()
            },
        }

    def embedding():
        shown = labels[:PROJECTED]
        return vectors(texts[:PROJECTED]), {
            "class": [classes[label] for label in shown],
            "text": [_beginning(text) for text in texts[:PROJECTED]],
        }

    return Watch(
        texts=mistakes,
        figures=figures,
        embedding=embedding,
        scores=scores,
        inputs=lambda: next(iter(data.validation.validation()))[0],
        unit="texts",
    )


def _beginning(text: str) -> str:
    """The text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= LETTERS else line[: LETTERS - 1] + "…"


def _explained(explain: Explainer, texts, labels, probabilities, classes):
    """Some texts that are right and some that are wrong, with the weights of their words."""
    guessed = probabilities.argmax(axis=1)
    found = []
    for name, which in (("right", guessed == labels), ("wrong", guessed != labels)):
        for index in np.flatnonzero(which)[:EXPLAINED]:
            label = int(guessed[index])
            title = f"{name}: {classes[label]} {probabilities[index, label]:.2f}"
            found.append((title, explain(texts[index], label)))
    return found
