"""Decoding strategies: they see one step function and nothing of the model behind it."""

from layers.decoding.beam import beam_search
from layers.decoding.greedy import greedy
from layers.decoding.hypotheses import Hypotheses
from layers.decoding.sample import sample

__all__ = ["Hypotheses", "beam_search", "greedy", "sample"]
