"""The labelled corpora by name. A new one is one file with a function, and one line here."""

from typing import Any

from data.errors import UserError, did_you_mean
from data.labelled import files, imdb, sst
from data.labelled.corpus import LabelledCorpus
from data.labelled.options import FilesOptions


def _read_builtin(data_dir: str | None) -> LabelledCorpus:
    from data.labelled import builtin

    return builtin.load()


# Each takes the folder of local copies; the user's own files are told apart in `load`.
_READERS = {
    "builtin": _read_builtin,
    "imdb": imdb.read,
    "sst2": sst.read_two,
    "sst5": sst.read_five,
    "sst2_phrases": sst.read_two_phrases,
    "sst5_phrases": sst.read_five_phrases,
}


def names() -> tuple[str, ...]:
    """The names that `load` takes."""
    return (*_READERS, files.NAME)


def load(name: str, *, data_dir: str | None = None, **own_files: Any) -> LabelledCorpus:
    """Reads a labelled corpus.

    Args:
        name: one of `names()`.
        data_dir: a folder with local copies of published corpora, looked up before the network;
            None stands for the environment variable DATA_DIR.
        **own_files: the fields of `FilesOptions`, for the corpus "files".

    Raises:
        UserError: an unknown corpus, or text that cannot be had or read.
    """
    if name not in names():
        choices = f": choose one of {', '.join(names())}."
        raise UserError(f"There is no corpus {name}{did_you_mean(name, names(), choices)}")
    options = FilesOptions(**own_files)
    if name == files.NAME:
        return files.read(options)
    if options.given:
        raise UserError(
            f"train, validation and test name files of your own, which the corpus {name} "
            "does not read: choose the corpus files."
        )
    return _READERS[name](data_dir)
