"""What a model has to beat: linear classifiers of words, punctuation and phrases of them.

* `bag_of_words`: logistic regression on TF-IDF weights of single words, whatever their order.
* `tfidf_lr`: the same with phrases of up to three.
* `nbsvm`: a linear support vector machine on the log-count ratios of these, see `nbsvm.py`.

Each is trained with a few settings, of which that with the best accuracy on validation is kept.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from data.errors import UserError
from data.labelled import Examples
from data.labelled.markup import strip_markup

from . import nbsvm

LONGEST_PHRASE = 3
LOGISTIC_CS = (1.0, 10.0)
"""Inverse strengths of regularization."""

# Letters that are written without blanks between words are tokens one by one, and phrases of them
# stand for words: Thai, Lao, Burmese, Khmer, Japanese syllables and Chinese characters.
_NO_BLANKS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
# Parts of words that `\w` leaves out: accents and vowel signs (such as those of Hindi), and the
# joiners of Persian. With the rare ones above U+FFFF, searching is ten times as slow.
_MARKS = "\u200c\u200d" + "".join(
    mark for mark in map(chr, range(0x300, 0x10000)) if unicodedata.category(mark)[0] == "M"
)
_SINGLE = re.compile(f"[{_NO_BLANKS}][{_MARKS}]*")
# "don't" is one word; what belongs to no word is a token by itself: "!", "?", half a smiley.
_TOKEN = re.compile(rf"\w+(?:[{_MARKS}]+\w*|'\w+)*|\S[{_MARKS}]*")


@dataclass(frozen=True)
class Baseline:
    """A classifier that has been trained."""

    vectorizer: CountVectorizer
    """From texts to the counts of phrases `(texts, phrases)`."""
    classify: Callable[[sparse.csr_matrix], np.ndarray]
    """From these to classes `(texts,)`."""

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """The class of each text, `(texts,)`, one of the labels that it was trained with."""
        return self.classify(self.vectorizer.transform(texts))


def fit(train: Examples, validation: Examples) -> dict[str, Baseline]:
    """Trains the baselines, `bag_of_words`, `tfidf_lr` and `nbsvm`, on the same counts.

    Args:
        train, validation: texts and labels to train on, and to choose settings by.

    Raises:
        UserError: the training texts are of one class only, or nothing is in them.
    """
    labels = np.asarray(train.labels)
    if len(np.unique(labels)) < 2:
        raise UserError("The baselines need training texts of at least two classes.")
    vectorizer, counts = _counted(train.texts)
    single = np.flatnonzero([" " not in phrase for phrase in vectorizer.get_feature_names_out()])
    unseen, answers = vectorizer.transform(validation.texts), np.asarray(validation.labels)
    machine = nbsvm.best(_present(counts), labels, _present(unseen), answers)

    def best(candidates: Iterable[Callable]) -> Baseline:
        return Baseline(
            vectorizer, max(candidates, key=lambda one: np.mean(one(unseen) == answers))
        )

    return {
        "bag_of_words": best(_tfidf_lr(counts, labels, c, single) for c in LOGISTIC_CS),
        "tfidf_lr": best(_tfidf_lr(counts, labels, c) for c in LOGISTIC_CS),
        "nbsvm": Baseline(vectorizer, lambda counts: machine(_present(counts))),
    }


def words(text: str) -> list[str]:
    """The tokens of a text: words and single marks, without markup, case and kinds of letters.

    "Don’t &amp; won't!" is `["don't", "&", "won't", "!"]`.
    """
    text = unicodedata.normalize("NFKC", strip_markup(text)).casefold().replace("\u2019", "'")
    return _TOKEN.findall(_SINGLE.sub(r" \g<0> ", text))


def _counted(texts: Sequence[str]) -> tuple[CountVectorizer, sparse.csr_matrix]:
    for fewest in (nbsvm.FEWEST_TEXTS, 1):
        vectorizer = CountVectorizer(
            lowercase=False,
            tokenizer=words,
            token_pattern=None,
            ngram_range=(1, LONGEST_PHRASE),
            min_df=fewest,
            dtype=np.float64,
        )
        try:
            return vectorizer, vectorizer.fit_transform(texts)
        except ValueError:
            continue  # No phrase is in so many texts.
    raise UserError("The baselines need training texts with words in them.")


def _tfidf_lr(
    counts: sparse.csr_matrix, labels: np.ndarray, strength: float, phrases=slice(None)
) -> Callable:
    """A classifier by some of the phrases, all unless said otherwise."""
    model = make_pipeline(TfidfTransformer(sublinear_tf=True), LogisticRegression(C=strength))
    with nbsvm.as_far_as_it_gets():
        model.fit(counts[:, phrases], labels)
    return lambda unseen: model.predict(unseen[:, phrases])


def _present(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """1 where a phrase occurs, however often."""
    return (counts > 0).astype("float64")
