"""How the user's own labelled files are to be read."""

from dataclasses import dataclass

from data.errors import UserError, did_you_mean

_COMMON = (
    "utf-8",
    "utf-16",
    "latin-1",
    "cp1252",
    "gb18030",
    "big5",
    "shift_jis",
    "euc_kr",
    "koi8-r",
)


@dataclass(frozen=True)
class FilesOptions:
    """The user's own files and how they are laid out.

    Attributes:
        train, validation, test: nothing or one path: CSV (.csv), TSV (.tsv) or JSON lines (.jsonl,
            .json or .ndjson), each of which may end in .gz.
        text, label: the names of the columns, or of the fields in JSON lines. Two numbers are the
            columns of a table without a heading, counted from 1.
        encoding: how the files write letters, by a name that Python knows.
        clean: whether markup is no text, so that a text of nothing else counts as empty.
        held_out: the share of the distinct texts of each class that validation and test each take
            from train where they are not given.
        seed: chooses which texts are held out.

    Raises:
        UserError: a value that cannot be used.
    """

    train: str = ""
    validation: str = ""
    test: str = ""
    text: str = "text"
    label: str = "label"
    encoding: str = "utf-8"
    clean: bool = True
    held_out: float = 0.1
    seed: int = 1

    def __post_init__(self):
        for split in ("train", "validation", "test"):
            if not isinstance(getattr(self, split), str):
                raise UserError(f"{split} takes one path, not {getattr(self, split)!r}.")
        for which in ("text", "label"):
            if not (isinstance(getattr(self, which), str) and getattr(self, which)):
                raise UserError(
                    f"{which} takes the name of a column or field, not {getattr(self, which)!r}."
                )
        if self.text == self.label:
            raise UserError(
                f"text and label are two columns or fields, but {self.text} is named for both."
            )
        if not _is_encoding(self.encoding):
            otherwise = f": {', '.join(_COMMON)} are some that there are."
            raise UserError(
                f"There is no encoding {self.encoding}"
                f"{did_you_mean(str(self.encoding), _COMMON, otherwise)}"
            )
        if not 0 < self.held_out < 0.5:
            raise UserError(
                "held_out is the share that validation and test each take, "
                f"above 0 and below 0.5, not {self.held_out}."
            )

    @property
    def given(self) -> bool:
        """Whether any file is named."""
        return bool(self.train or self.validation or self.test)


def _is_encoding(name: str) -> bool:
    """Whether Python knows this name for a way to write letters (it has codecs of other kinds)."""
    try:
        return bool("a".encode(name, "ignore"))
    except (LookupError, ValueError, TypeError):
        return False
