import pytest

from data.errors import UserError
from data.labelled import Examples, load, names


def test_an_unknown_corpus_is_answered_with_the_right_names():
    assert names() == ("builtin", "imdb", "sst2", "sst5", "sst2_phrases", "sst5_phrases", "files")
    with pytest.raises(UserError, match="no corpus mine: choose one of builtin, imdb, sst2, sst5"):
        load("mine")
    with pytest.raises(UserError, match=r"no corpus sst-2: did you mean sst2\?"):
        load("sst-2")


def test_examples_come_in_pairs():
    with pytest.raises(ValueError, match="2 texts cannot pair with 1 labels"):
        Examples(["a", "b"], [0])


def test_the_builtin_corpus_is_asked_for_like_any_other():
    corpus = load("builtin")
    assert corpus.name == "builtin" and len(corpus.classes) >= 2
    for split in ("train", "validation", "test"):
        assert set(corpus.splits[split].labels) == set(range(len(corpus.classes)))


@pytest.mark.parametrize("name", ["builtin", "imdb", "sst2", "sst5"])
def test_own_files_are_for_the_corpus_files(name):
    with pytest.raises(UserError, match=f"corpus {name} does not read: choose the corpus files"):
        load(name, train="a.csv")
