"""Measures decoding: with a cache and without, and a beam beside that of KerasHub.

python -m benchmarks.decoding
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

from apps.translate.model import Translator
from data.errors import UserError
from data.tokenizer import PAD, START
from layers.decoding import beam_search, greedy

from . import kerashub
from .record import record_and_show
from .timing import interleaved_medians

FILE = "decoding"
PROGRAM = f"python -m benchmarks.{FILE}"
VOCABULARY, UNITS, TIME, STEPS, SENTENCES, WIDTH = 8000, 128, 16, 64, 32, 5
NEVER = -1
"""An end token that no model chooses, so that all contenders take all steps."""


def translator() -> Translator:
    """The tiny Transformer of the app, untrained: what it says is no matter here."""
    model = Translator(VOCABULARY, "transformer", UNITS)
    model.build()
    return model


def sources() -> tf.Tensor:
    """Token ids of some sentences, none of them padding."""
    shape = (SENTENCES, TIME)
    return tf.constant(np.random.default_rng(0).integers(4, VOCABULARY, shape), tf.int32)


def starts() -> tf.Tensor:
    """The start token of each sentence."""
    return tf.fill((SENTENCES,), START)


def cached(model: Translator, source) -> tf.Tensor:
    """Greedy decoding as the app does it."""
    step, state = model.begin(source, STEPS)
    return greedy(step, state, starts(), NEVER, STEPS).tokens


def uncached(model: Translator, source) -> tf.Tensor:
    """Greedy decoding that runs the decoder over all positions at each step, as XLA can."""
    return _without_cache(model, source, lambda written, now: written)


def uncached_prefix(model: Translator, source) -> tf.Tensor:
    """The same over what is written so far alone: less work, but of shapes that XLA cannot."""
    return _without_cache(model, source, lambda written, now: written[:, : now + 1])


def _without_cache(model, source, read):
    memory, mask = model.encode(source)
    state = (tf.fill((SENTENCES, STEPS), PAD), tf.zeros((SENTENCES,), tf.int32))

    def step(tokens, state):
        written, position = state
        now = position[0]
        written = tf.where(tf.range(STEPS) == now, tokens[:, None], written)
        inputs = model.embedding(read(written, now)) * UNITS**0.5
        outputs = model.decoder(inputs, memory, memory_mask=mask)
        return model.logits(tf.gather(outputs, now, axis=1)), (written, position + 1)

    return greedy(step, state, starts(), NEVER, STEPS).tokens


def our_beam(model: Translator, source) -> tf.Tensor:
    """Our beam search."""
    step, state = model.begin(source, STEPS)
    return beam_search(step, state, starts(), NEVER, STEPS, width=WIDTH).tokens


def peer_beam(model: Translator, source) -> tf.Tensor:
    """The beam search of KerasHub, which drives the same step with the same cache."""
    step, state = model.begin(source, STEPS)
    vars(step).clear()  # it repeats and reorders every tensor of the cache by itself
    sampler = kerashub.hub().samplers.BeamSampler(num_beams=WIDTH)
    prompt = tf.concat([starts()[:, None], tf.fill((SENTENCES, STEPS), PAD)], axis=1)

    def following(prompt, cache, index):
        logits, cache = step(prompt[:, index - 1], cache)
        return logits, None, cache

    return sampler(following, prompt, cache=state, index=1)[:, 1:]


def compare(contenders: Mapping[str, Callable], rounds: int) -> dict[str, float]:
    """Median seconds of each contender's graph, called with the same model and sources.

    All are compiled by XLA, as in the app, but for the one of growing shapes.
    """
    model, source = translator(), sources()
    graphs = {
        name: tf.function(
            lambda source, run=run: run(model, source),
            autograph=False,
            jit_compile=run is not uncached_prefix,
        )
        for name, run in contenders.items()
    }
    for name, graph in graphs.items():
        print(f"{name}: {graph(source).shape}", flush=True)
    return interleaved_medians(
        {name: lambda graph=graph: graph(source).numpy() for name, graph in graphs.items()}, rounds
    )


def main(words: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    argparse.ArgumentParser(prog=PROGRAM, description=__doc__.splitlines()[0]).parse_args(words)
    try:
        started = time.monotonic()
        contenders = {"cached": cached, "uncached": uncached, "prefix": uncached_prefix}
        medians = compare(contenders, rounds=3)
        ratio = min(medians["uncached"], medians["prefix"]) / medians["cached"]
        seconds = time.monotonic() - started
        record_and_show(FILE, "greedy.cached_vs_uncached", ratio, "ratio", PROGRAM, seconds)
        started = time.monotonic()
        medians = compare({"ours": our_beam, "KerasHub": peer_beam}, rounds=5)
        ratio = medians["KerasHub"] / medians["ours"]
        seconds = time.monotonic() - started
        record_and_show(FILE, "beam5.vs_kerashub", ratio, "ratio", PROGRAM, seconds)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
