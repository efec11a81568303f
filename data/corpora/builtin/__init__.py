"""The built-in corpus: a small English-German grammar, written for this project."""

from .reader import load

__all__ = ["load"]
