"""Labelled corpora: texts and their classes by name, with where they come from."""

from data.labelled.corpus import Examples, LabelledCorpus
from data.labelled.registry import load, names

__all__ = ["Examples", "LabelledCorpus", "load", "names"]
