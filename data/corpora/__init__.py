"""Corpora: pairs of sentences by name, with where they come from and what they allow."""

from data.corpora.corpus import Corpus, Pairs
from data.corpora.options import FilesOptions
from data.corpora.registry import load, names

__all__ = ["Corpus", "FilesOptions", "Pairs", "load", "names"]
