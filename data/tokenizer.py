"""A joint subword tokenizer: trained by SentencePiece, run in the graph by `tensorflow_text`."""

import io
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import sentencepiece
import tensorflow as tf
import tensorflow_text

from data.errors import UserError

PAD, UNKNOWN, START, END = 0, 1, 2, 3

# SentencePiece skips a text of more bytes. A piece has as many characters as surely fit, and ends
# with a blank where it has one.
_MOST_BYTES = 1 << 16
_FIT = _MOST_BYTES // 4
_PIECE = re.compile(rf".{{1,{_FIT - 1}}}(?:\s|\Z)|.{{1,{_FIT}}}", re.DOTALL)


class Tokenizer:
    """Strings to token ids and back, as graph operations.

    The text is not normalised, apart from runs of blanks and byte order marks: SentencePiece's
    default rules would turn Chinese punctuation into ASCII and so change what is to be written.

    `keras.utils.set_random_seed` destroys the native tokenizer of an object made before the call:
    seed first, make tokenizers afterwards.
    """

    def __init__(self, model: bytes):
        """Args: model: a serialized SentencePiece model, as `train` makes it."""
        self.model = model
        self.native = tensorflow_text.SentencepieceTokenizer(model=model, out_type=tf.int32)
        self._samplers: dict[float, tensorflow_text.SentencepieceTokenizer] = {}

    @classmethod
    def train(cls, texts: Iterable[str], vocabulary: int) -> "Tokenizer":
        """Learns byte-pair merges until there are `vocabulary` pieces (four of them special).

        Raises:
            UserError: the texts cannot give that many pieces, or need more for their characters.
        """
        model = io.BytesIO()
        try:
            with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
                # With no rule at all the native tokenizer writes a line to stderr at every start.
                rules.write("FEFF\t\n")
                rules.flush()
                sentencepiece.SentencePieceTrainer.train(
                    sentence_iterator=(part for text in texts for part in _PIECE.findall(text)),
                    model_writer=model,
                    model_type="bpe",
                    vocab_size=vocabulary,
                    normalization_rule_tsv=rules.name,
                    character_coverage=1.0,
                    max_sentence_length=_MOST_BYTES,
                    pad_id=PAD,
                    unk_id=UNKNOWN,
                    bos_id=START,
                    eos_id=END,
                    minloglevel=2,
                )
        except RuntimeError as error:
            raise UserError(_vocabulary_sentence(str(error), vocabulary)) from error
        return cls(model.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Reads the model file that a run folder keeps."""
        try:
            return cls(Path(path).read_bytes())
        except (OSError, tf.errors.OpError) as error:
            raise UserError(
                f"{path}, the tokenizer, is missing or damaged: restore it, or delete its folder."
            ) from error

    @property
    def pieces(self) -> list[str]:
        """All subwords, in the order of their ids; `▁` stands for a blank."""
        ids = tf.range(self.native.vocab_size())
        return [piece.decode() for piece in self.native.id_to_string(ids).numpy()]

    def tokenize(self, texts, merge_dropout: float = 0.0) -> tf.RaggedTensor:
        """Token ids of each text, without start or end.

        Args:
            texts: strings `(batch,)`.
            merge_dropout: probability with which a merge is left out, so that the same word is
                seen cut in several ways (Provilkov et al. 2020). Draws from SentencePiece's own
                generator, which no seed of TensorFlow reaches.
        """
        texts = tf.convert_to_tensor(texts, tf.string)
        if merge_dropout:
            return self._sampler(merge_dropout).tokenize(texts)
        # No subword reaches over a blank, so each different word is cut once, however often it
        # occurs.
        words = tf.strings.split(texts, sep=" ")
        different, places = tf.unique(words.flat_values)
        pieces = tf.gather(self.native.tokenize(different), places)
        return words.with_flat_values(pieces).merge_dims(1, 2)

    def detokenize(self, ids) -> tf.Tensor:
        """Strings `(batch,)` of token ids `(batch, time)`, up to each row's first end token."""
        ids = tf.convert_to_tensor(ids)
        is_end = tf.cast(ids == END, tf.int32)
        keep = (tf.cumsum(is_end, axis=1) == 0) & (ids != PAD) & (ids != START)
        return self.native.detokenize(tf.ragged.boolean_mask(ids, keep))

    def _sampler(self, merge_dropout: float):
        # With a BPE model, `nbest_size=-1` makes `alpha` the dropout probability of a merge.
        if merge_dropout not in self._samplers:
            with tf.init_scope():  # it outlives the graph that may be traced just now
                self._samplers[merge_dropout] = tensorflow_text.SentencepieceTokenizer(
                    model=self.model, out_type=tf.int32, nbest_size=-1, alpha=merge_dropout
                )
        return self._samplers[merge_dropout]


def _vocabulary_sentence(message: str, vocabulary: int) -> str:
    """SentencePiece's complaint about a vocabulary size as one sentence that says what is right."""
    if limit := re.search(r"value <= (\d+)", message):
        return (
            f"A vocabulary of {vocabulary} is more than this corpus can give: "
            f"use at most {limit[1]} (--data.vocabulary)."
        )
    if limit := re.search(r"smaller than required_chars\. \d+ vs (\d+)", message):
        return (
            f"A vocabulary of {vocabulary} cannot hold this corpus's characters: "
            f"use at least {limit[1]} (--data.vocabulary)."
        )
    return f"SentencePiece could not learn a vocabulary of {vocabulary}: {message.strip()}"
