"""Keras layers that give a sequence model a working memory."""
