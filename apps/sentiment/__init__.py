"""Sentiment: the class of a text."""
