"""What a model has to beat: two linear classifiers of words, phrases of words and punctuation.

* `tfidf_lr`: logistic regression on TF-IDF weights.
* `nbsvm`: a linear support vector machine on the log-count ratios of naive Bayes (Wang & Manning
  2012, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification").

Both see the same tokens, of a text without markup.
"""

import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from data.errors import UserError
from data.labelled.markup import strip_markup

# Phrases of up to this many words. What occurs in one text only tells nothing of another.
TFIDF_WORDS, NBSVM_WORDS = 2, 3
FEWEST_TEXTS = 2
# Settings with the best accuracy on the validation split of IMDB.
TFIDF_C, NBSVM_C = 30.0, 1.0
# Wang & Manning 2012, section 2: smoothing of the counts, and how far the weights of the machine
# are trusted beyond their mean magnitude.
ALPHA, BETA = 1.0, 0.25
# Written without blanks between words: each letter is a token, phrases of them stand for words.
# Thai and Lao, Burmese, Khmer, Japanese syllables, Chinese characters.
_WITHOUT_BLANKS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
