"""How translations are scored: pure functions on strings and arrays, without TensorFlow.

`score` compares texts, `token_metrics` compares token ids under teacher forcing, and
`paired_bootstrap` says whether one system is better than another on the same sentences.

Two BLEU scores are printed, because two are in use and they differ by several points:

* `sacrebleu` (Post 2018, "A Call for Clarity in Reporting BLEU Scores"): cased, on the text a
  reader would see; sacreBLEU tokenizes both sides itself and hands out a signature.
* `lc_bleu`: the form of the Multi30k papers. Both sides are lower-cased, their punctuation is
  normalised and they are tokenized as by the Moses scripts, in this order, which is how the
  data set's own `lc.norm.tok` files were made; then BLEU-4 without smoothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sacrebleu
from sacrebleu.significance import PairedTest

from data.corpora.corpus import Check

from ..harness.report import Measure

# scikit-learn and sacremoses are imported where they are used: together they take two seconds,
# which commands that score nothing need not wait for.

RESAMPLES = 1000
# sacreBLEU's bootstrap holds resamples x sentences x 10 numbers at once: 0.8 GB here.
MOST_SENTENCES_FOR_AN_INTERVAL = 20_000

# Corpora name languages by two letters or by three.
_TWO_LETTERS = {
    "ces": "cs",
    "cmn": "zh",
    "deu": "de",
    "eng": "en",
    "fra": "fr",
    "ita": "it",
    "jpn": "ja",
    "kor": "ko",
    "nld": "nl",
    "por": "pt",
    "rus": "ru",
    "spa": "es",
    "tha": "th",
    "zho": "zh",
}
# sacreBLEU's word tokenizers for Japanese and Korean need packages with compiled dictionaries.
# Characters need none, so that a score is the same on every machine; the signature says which.
_TOKENIZERS = {"zh": "zh", "ja": "char", "ko": "char", "th": "char", "lo": "char", "km": "char"}

_QUALITY = "Translation quality (0 to 100, higher is better)"
_CHECKS = "Checks of the corpus"
_TOKENS = "Tokens under teacher forcing (0 to 1, padding never counted)"

MEASURES: Mapping[str, Measure] = {
    "sacrebleu": Measure(_QUALITY, "BLEU, cased, detokenised (sacreBLEU)"),
    "sacrebleu_low": Measure(_QUALITY, "95 % bootstrap interval of it, from"),
    "sacrebleu_high": Measure(_QUALITY, "to"),
    "chrf": Measure(_QUALITY, "chrF2: F-score of character n-grams"),
    "lc_bleu": Measure(_QUALITY, "lower-cased Moses tokens (Multi30k papers)"),
    "length_ratio": Measure("Length", "words produced / words in the references", 3),
    "pronoun_accuracy": Measure(_CHECKS, "sentences with the right pronoun", 3),
    "sentences_per_second": Measure("Speed", "sentences translated a second"),
    "token_accuracy": Measure(_TOKENS, "tokens predicted right", 3),
    "token_precision_macro": Measure(_TOKENS, "precision, mean over token types", 3),
    "token_recall_macro": Measure(_TOKENS, "recall, mean over token types", 3),
    "token_f1_macro": Measure(_TOKENS, "F1, mean over token types", 3),
    "token_precision_weighted": Measure(_TOKENS, "precision, weighted by frequency", 3),
    "token_recall_weighted": Measure(_TOKENS, "recall, weighted by frequency", 3),
    "token_f1_weighted": Measure(_TOKENS, "F1, weighted by frequency", 3),
}


def two_letters(language: str) -> str:
    """The two-letter code of a language: `cmn`, `zho` and `zh-CN` are all `zh`."""
    language = language.lower().replace("_", "-").split("-")[0]
    return _TWO_LETTERS.get(language, language)


def bleu_tokenizer(language: str) -> str:
    """The name of the sacreBLEU tokenizer for texts in `language`."""
    return _TOKENIZERS.get(two_letters(language), "13a")


def bleu(references: Sequence[str], hypotheses: Sequence[str], target_language: str) -> float:
    """sacreBLEU alone, without interval: quick enough to watch while training."""
    _check_lengths(references, hypotheses)
    return _sacrebleu(target_language).corpus_score(hypotheses, [references]).score


def score(
    sources: Sequence[str],
    references: Sequence[str],
    hypotheses: Sequence[str],
    target_language: str,
    checks: Mapping[str, Check] | None = None,
) -> dict[str, dict[str, Any]]:
    """Scores translations against one reference each.

    Args:
        sources: the sentences that were translated.
        references: their translations by a person, detokenised and cased.
        hypotheses: the translations to score, detokenised and cased, in the same order.
        target_language: code of the language translated into; chooses the tokenizers.
        checks: measures that a corpus adds, by name, each called with
            `(sources, references, hypotheses)`.

    Returns:
        `{"metrics": {name: number}, "signatures": {name: text}}`. The metrics are `sacrebleu`
        with its 95 % interval `sacrebleu_low` to `sacrebleu_high` (left out above 20,000
        sentences), `chrf`, `lc_bleu` (left out for languages written without spaces, where it
        is not defined), `length_ratio` and the checks.

    Raises:
        ValueError: if there is nothing to score or the lists differ in length.
    """
    _check_lengths(references, hypotheses, sources)
    references, hypotheses = list(references), list(hypotheses)
    metrics: dict[str, float] = {}
    signatures: dict[str, str] = {}

    metric = _sacrebleu(target_language)
    resamples = RESAMPLES if len(references) <= MOST_SENTENCES_FOR_AN_INTERVAL else 1
    result = metric.corpus_score(hypotheses, [references], n_bootstrap=resamples)
    metrics["sacrebleu"] = result.score
    if resamples > 1:
        metrics["sacrebleu_low"], metrics["sacrebleu_high"] = _interval(result)
    signatures["sacrebleu"] = str(metric.get_signature())
    length_ratio = result.sys_len / result.ref_len if result.ref_len else 0.0

    metric = sacrebleu.CHRF()
    metrics["chrf"] = metric.corpus_score(hypotheses, [references]).score
    signatures["chrf"] = str(metric.get_signature())

    if bleu_tokenizer(target_language) == "13a":
        metrics["lc_bleu"], signatures["lc_bleu"] = _lower_cased_bleu(
            references, hypotheses, two_letters(target_language)
        )
    metrics["length_ratio"] = length_ratio
    for name, check in (checks or {}).items():
        metrics[name] = float(check(sources, references, hypotheses))
    return {"metrics": metrics, "signatures": signatures}


def token_metrics(reference: Any, predicted: Any, mask: Any) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 of next-token predictions under teacher forcing.

    Macro averages run over the token types that occur in the counted references or predictions;
    a type never predicted has precision 0, one never expected has recall 0.

    Args:
        reference: the right token ids, integers `(batch, time)`.
        predicted: the most probable token ids, of the same shape.
        mask: booleans of the same shape, False where `reference` is padding.

    Raises:
        ValueError: if the shapes differ or the mask keeps no token.
    """
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    reference, predicted = np.asarray(reference), np.asarray(predicted)
    mask = np.asarray(mask, dtype=bool)
    if not reference.shape == predicted.shape == mask.shape:
        raise ValueError(
            "Reference, predicted ids and mask must have one shape; they have "
            f"{reference.shape}, {predicted.shape} and {mask.shape}."
        )
    # Flat and consecutive ids: scikit-learn then counts in arrays as long as what occurs.
    kept = np.stack([reference[mask], predicted[mask]])
    if not kept.size:
        raise ValueError("The mask keeps no token, so there is nothing to count.")
    types, ids = np.unique(kept, return_inverse=True)
    right, guessed = ids.reshape(kept.shape)

    metrics = {"token_accuracy": float(accuracy_score(right, guessed))}
    for average in ("macro", "weighted"):
        precision, recall, f1, _ = precision_recall_fscore_support(
            right, guessed, labels=np.arange(len(types)), average=average, zero_division=0.0
        )
        metrics[f"token_precision_{average}"] = float(precision)
        metrics[f"token_recall_{average}"] = float(recall)
        metrics[f"token_f1_{average}"] = float(f1)
    return metrics


def paired_bootstrap(
    references: Sequence[str],
    ours: Sequence[str],
    theirs: Sequence[str],
    target_language: str,
) -> tuple[float, float]:
    """Whether two systems differ on the same sentences (paired bootstrap, Koehn 2004).

    Returns:
        `(delta, p)`: sacreBLEU of ours minus theirs, and the probability of a difference this
        large if the two were equally good, from 1000 resamples with a fixed seed.

    Raises:
        ValueError: if there is nothing to score or the lists differ in length.
    """
    _check_lengths(references, ours, theirs)
    if list(ours) == list(theirs):
        return 0.0, 1.0  # sacreBLEU would call "no difference at all" significant (p = 0.001).
    test = PairedTest(
        [("theirs", list(theirs)), ("ours", list(ours))],
        {"BLEU": _sacrebleu(target_language)},
        [list(references)],
        test_type="bs",
        n_samples=RESAMPLES,
    )
    _, results = test()
    baseline, result = results["BLEU"]
    return float(result.score - baseline.score), float(result.p_value)


def _sacrebleu(language: str) -> sacrebleu.BLEU:
    # `force` only silences the advice about texts that look tokenized already.
    return sacrebleu.BLEU(tokenize=bleu_tokenizer(language), force=True)


def _interval(result: Any) -> tuple[float, float]:
    """The 95 % interval of a bootstrapped sacreBLEU result; it shares these only when printed."""
    import json

    shown = json.loads(result.format(width=6, is_json=True, signature="metric:BLEU"))
    mean, half = shown.get("confidence_mean", 0.0), shown.get("confidence_var", 0.0)
    return max(0.0, mean - half), min(100.0, mean + half)


def _lower_cased_bleu(
    references: Sequence[str], hypotheses: Sequence[str], language: str
) -> tuple[float, str]:
    """BLEU on lower-cased, punctuation-normalised Moses tokens, and its signature."""
    import sacremoses

    normalizer = sacremoses.MosesPunctNormalizer(lang=language)
    tokenizer = sacremoses.MosesTokenizer(lang=language)

    def tokens(text: str) -> str:
        text = normalizer.normalize(text.strip().lower())
        return tokenizer.tokenize(text, return_str=True, escape=False)

    metric = sacrebleu.BLEU(tokenize="none", smooth_method="none", force=True)
    result = metric.corpus_score([tokens(h) for h in hypotheses], [[tokens(r) for r in references]])
    signature = metric.get_signature()
    signature.update("case", "lc")
    signature.update("tok", f"norm+moses-{language}")
    signature.update("sacremoses", sacremoses.__version__)
    return result.score, str(signature)


def _check_lengths(references: Sequence[str], *others: Sequence[str]) -> None:
    if not len(references):
        raise ValueError("There are no sentences to score.")
    for other in others:
        if len(other) != len(references):
            raise ValueError(
                f"Each of the {len(references)} references needs one sentence beside it; "
                f"there are {len(other)}."
            )
