"""Translate sentences: an encoder memory, a decoder memory, and text in and out."""
