"""The built-in reviews: opinions that a bag of words gets wrong, written for this project."""

from .reader import kinds, load
from .templates import KINDS

__all__ = ["KINDS", "kinds", "load"]
