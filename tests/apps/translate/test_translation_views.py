"""What TensorBoard shows of a translator."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.figure import Figure

from apps.harness.figures import piece_labels
from apps.translate.__main__ import APP
from apps.translate.search import with_end
from apps.translate.watch import MAPS, watch
from data.corpora import Pairs
from data.tokenizer import END, PAD, START, UNKNOWN
from layers.decoding import greedy


@pytest.fixture(params=["transformer", "lstm"])
def trained(request, trained_with):
    config, run = trained_with(request.param)
    return config, run, run.load_model(), APP.prepare(config, run)


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_maps_show_where_the_model_looks_while_it_writes(trained):
    config, run, model, data = trained
    pairs = data.split("validation")
    # What it writes are not these references, and what is sampled would not be the same twice.
    splits = {"validation": Pairs(pairs.source, pairs.target[::-1])}
    others = replace(data, corpus=replace(data.corpus, splits=data.corpus.splits | splits))
    sampling = config.decode.model_copy(update={"sample": True, "temperature": 9.0})
    config = config.model_copy(update={"decode": sampling})
    figures = watch(config, run, model, others).figures()
    assert list(figures) == [f"attention/{i + 1}" for i in range(MAPS)]

    pieces = data.tokenizer.pieces
    for text, figure in zip(pairs.source, figures.values(), strict=False):
        source = with_end(data.tokenizer.tokenize(tf.constant([text])))
        step, state = model.begin(source, 40, return_attention_scores=True)
        rules = {"forbidden_tokens": (PAD, UNKNOWN, START), "memory_mask": source != PAD}
        found = greedy(step, state, [START], END, 40, **rules)
        written = found.tokens[0, 0][: found.lengths[0, 0]]
        first, *_ = maps = figure.axes
        for axis, ids in ((first.xaxis, source[0]), (first.yaxis, written)):
            assert labels(axis) == [*piece_labels([pieces[i] for i in ids[:-1]]), "END"]
        weights = np.mean([axes.collections[0].get_array() for axes in maps], axis=0)
        assert weights == pytest.approx(found.attention[0, 0, : len(written)].numpy(), abs=1e-4)


def test_what_else_is_shown(trained):
    config, run, model, data = trained
    shown = watch(config, run, model, data)
    assert shown.scores()["bleu"] > 99
    assert (
        "| We drink tea. | Wir trinken Tee. | Wir trinken Tee. |" in shown.texts()["translations"]
    )
    vectors, columns = shown.embedding()
    ((name, pieces),) = columns.items()
    assert (name, len(vectors)) == ("piece", len(pieces)) and not any("▁" in one for one in pieces)
    assert all(isinstance(figure, Figure) for figure in shown.figures().values())
    assert model(shown.inputs()).shape[-1] == len(pieces)
