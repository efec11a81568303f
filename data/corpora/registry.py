"""The corpora by name. A new corpus is one file with a `READER`, and one line here."""

from typing import Any

from data.corpora import files, manythings, multi30k
from data.corpora.corpus import Corpus, Reader, Request
from data.corpora.options import FilesOptions
from data.errors import UserError, did_you_mean


def _read_builtin(request: Request) -> Corpus:
    from data.corpora import builtin

    return builtin.load()


def _read_builtin_blind(request: Request) -> Corpus:
    from data.corpora import builtin

    return builtin.load(see_first_sentence=False)


_READERS = {
    reader.name: reader
    for reader in (
        Reader("builtin", (("en", "de"),), _read_builtin),
        Reader("builtin-blind", (("en", "de"),), _read_builtin_blind),
        files.READER,
        manythings.READER,
        multi30k.READER,
    )
}


# ManyThings names languages by three letters; who comes from there may too.
_TWO_LETTERS = {"eng": "en", "deu": "de", "fra": "fr", "ces": "cs", "cmn": "zh"}


def names() -> tuple[str, ...]:
    """The names that `load` takes."""
    return tuple(_READERS)


def load(
    name: str, *, source: str, target: str, data_dir: str | None = None, **own_files: Any
) -> Corpus:
    """Reads a corpus in one direction.

    Args:
        name: one of `names()`.
        source, target: language codes of two letters; those of three are understood as well.
        data_dir: a folder with local copies of published corpora, looked up before the network;
            None stands for the environment variable DATA_DIR.
        **own_files: the fields of `FilesOptions`, for the corpus "files".

    Raises:
        UserError: an unknown corpus or direction, or text that cannot be had or read.
    """
    if name not in _READERS:
        choices = f": choose one of {', '.join(names())}."
        raise UserError(f"There is no corpus {name}{did_you_mean(name, names(), choices)}")
    reader = _READERS[name]
    source, target = (_TWO_LETTERS.get(code, code) for code in (source, target))
    options = FilesOptions(**own_files)
    if options.given and reader is not files.READER:
        raise UserError(
            f"train, validation and test name files of your own, which the corpus {name} "
            "does not read: choose the corpus files."
        )
    if reader.directions and (source, target) not in reader.directions:
        asked, known = f"{source}-{target}", [f"{a}-{b}" for a, b in reader.directions]
        raise UserError(f"The corpus {name} has no direction {asked}: it has {', '.join(known)}.")
    return reader.read(Request(source, target, data_dir, options))
