"""How the user's own files are to be read."""

from dataclasses import dataclass

from data.errors import UserError


@dataclass(frozen=True)
class FilesOptions:
    """The user's own files and how they are laid out.

    Attributes:
        train, validation, test: nothing, one path (TSV, or JSON lines by its ending .jsonl, .json
            or .ndjson) or two paths (parallel text, line N of the one translates line N of the
            other). Any of them may end in .gz.
        columns: the columns of source and target in a TSV, counted from 1.
        fields: the names of source and target in JSON lines.
        held_out: the share of distinct source sentences that validation and test each take from
            train where they are not given.
        seed: chooses which sentences are held out.

    Raises:
        UserError: a value that cannot be used.
    """

    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    columns: tuple[int, int] = (1, 2)
    fields: tuple[str, str] = ("source", "target")
    held_out: float = 0.05
    seed: int = 1

    def __post_init__(self):
        for split in ("train", "validation", "test"):
            paths = getattr(self, split)
            if isinstance(paths, str) or len(paths) > 2:
                raise UserError(
                    f"{split} takes one file (TSV or JSON lines) or two parallel files, "
                    f"not {paths!r}."
                )
        if len(self.columns) != 2 or min(self.columns) < 1:
            raise UserError(
                f"columns takes the numbers of the source and the target column, "
                f"counted from 1, not {self.columns!r}."
            )
        if isinstance(self.fields, str) or len(self.fields) != 2:
            raise UserError(
                f"fields takes the names of the source and the target field, not {self.fields!r}."
            )
        if not 0 < self.held_out < 0.5:
            raise UserError(
                f"held_out is the share that validation and test each take, "
                f"above 0 and below 0.5, not {self.held_out}."
            )

    @property
    def given(self) -> bool:
        """Whether any file is named."""
        return bool(self.train or self.validation or self.test)
