import gzip
import json

import pytest

from data.corpora import load, names
from data.errors import UserError
from data.text import same

PAIRS = [(f"A dog number {i}.", f"Ein Hund Nummer {i}.") for i in range(40)]


def read(**options):
    return load("files", source="en", target="de", **options)


def write(path, text):
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(path)


def tsv(pairs):
    return "".join(f"{source}\t{target}\n" for source, target in pairs)


def all_pairs(corpus):
    return sorted(
        pair
        for split in corpus.splits.values()
        for pair in zip(split.source, split.target, strict=True)
    )


def fails(**options):
    with pytest.raises(UserError) as error:
        read(**options)
    message = str(error.value)
    assert "\n" not in message and message.endswith(".")
    return message


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_three_forms_hold_the_same_pairs(tmp_path, ending, newline):
    table = tsv(PAIRS).replace("\n", newline)
    rows = "".join(json.dumps({"de": b, "en": a}) + newline for a, b in PAIRS)
    source, target = (
        "".join(side + newline for side in sides) for sides in zip(*PAIRS, strict=True)
    )
    forms = (
        {"train": (write(tmp_path / f"t.tsv{ending}", table),)},
        {"train": (write(tmp_path / f"t.jsonl{ending}", rows),), "fields": ("en", "de")},
        {
            "train": (
                write(tmp_path / f"t.en{ending}", source),
                write(tmp_path / f"t.de{ending}", target.removesuffix(newline)),
            )
        },
    )
    corpora = [read(**form, seed=3) for form in forms]
    assert all_pairs(corpora[0]) == sorted(PAIRS)
    assert corpora[0].splits == corpora[1].splits == corpora[2].splits
    assert (corpora[0].name, corpora[0].source, corpora[0].target) == ("files", "en", "de")


def test_columns_are_counted_from_one_and_a_byte_order_mark_is_no_text(tmp_path):
    rows = "".join(f"{i}\t{b}\tx\t{a}\n" for i, (a, b) in enumerate(PAIRS))
    path = write(tmp_path / "t.txt", "\ufeff" + rows)
    assert all_pairs(read(train=(path,), columns=(4, 2))) == sorted(PAIRS)
    assert [a for a, _ in all_pairs(read(train=(path,), columns=(1, 2)))] == sorted(
        str(i) for i in range(len(PAIRS))
    )
    assert "counted from 1" in fails(train=(path,), columns=(0, 1))


def test_given_splits_are_taken_as_they_are(tmp_path):
    train = write(tmp_path / "train.tsv", tsv(PAIRS[:30]))
    validation = write(tmp_path / "val.tsv", tsv(PAIRS[30:35]))
    test = write(tmp_path / "test.tsv", tsv([*PAIRS[35:], PAIRS[0]]))
    corpus = read(train=(train,), validation=(validation,), test=(test,))
    assert [len(pairs) for pairs in corpus.splits.values()] == [30, 5, 6]
    assert corpus.splits["validation"].source == [source for source, _ in PAIRS[30:35]]
    assert corpus.notes == (
        "1 of 6 test sentences also occur in train, so scores on them flatter.",
    )


def test_what_is_not_given_is_split_off_by_distinct_source(tmp_path):
    twins = [(source.upper().replace(".", "!"), target + " Ja.") for source, target in PAIRS]
    path = write(tmp_path / "t.tsv", tsv(PAIRS + twins))
    corpus = read(train=(path,), held_out=0.1, seed=7)
    assert [len(pairs) for pairs in corpus.splits.values()] == [64, 8, 8]
    keys = [{same(text) for text in pairs.source} for pairs in corpus.splits.values()]
    assert [len(key) for key in keys] == [32, 4, 4]
    assert len(keys[0] | keys[1] | keys[2]) == len(PAIRS)
    assert all_pairs(corpus) == sorted(PAIRS + twins)
    assert "split off train with seed 7" in corpus.notes[0]

    assert read(train=(path,), held_out=0.1, seed=7).splits == corpus.splits
    assert read(train=(path,), held_out=0.1, seed=8).splits != corpus.splits
    turned = write(tmp_path / "turned.tsv", tsv((PAIRS + twins)[::-1]))
    other = read(train=(turned,), held_out=0.1, seed=7)
    assert set(other.splits["test"].source) == set(corpus.splits["test"].source)


def test_only_the_missing_split_is_split_off(tmp_path):
    train = write(tmp_path / "train.tsv", tsv(PAIRS[:30]))
    test = write(tmp_path / "test.tsv", tsv(PAIRS[30:]))
    corpus = read(train=(train,), test=(test,), held_out=0.1)
    assert [len(corpus.splits[split]) for split in ("train", "validation", "test")] == [27, 3, 10]


def test_blank_pairs_are_dropped_and_counted(tmp_path):
    rows = tsv([*PAIRS, ("only source", " "), ("", "nur Ziel")]) + "\n"
    corpus = read(train=(write(tmp_path / "t.tsv", rows),))
    assert all_pairs(corpus) == sorted(PAIRS)
    assert "3 of 43 train pairs were blank and were left out." in corpus.notes


def test_a_sentence_stays_on_one_line(tmp_path):
    rows = "".join(json.dumps({"source": f"{a}\nMore.", "target": b}) + "\n" for a, b in PAIRS)
    corpus = read(train=(write(tmp_path / "t.jsonl", rows),))
    assert all(text.endswith(". More.") for text in corpus.splits["train"].source)


def test_line_separators_inside_a_sentence_do_not_part_it(tmp_path):
    source = "".join(f"One\u2028two\x85three {i}\n" for i in range(5))
    target = "".join(f"Eins {i}\n" for i in range(5))
    pair = (write(tmp_path / "a.en", source), write(tmp_path / "a.de", target))
    assert len(all_pairs(read(train=pair))) == 5


def test_text_that_cannot_be_read(tmp_path):
    good = write(tmp_path / "good.txt", "a\nb\n")
    missing = str(tmp_path / "missing.tsv")
    assert f"There is no file {missing}" in fails(train=(missing,))
    assert "missing.tsv" in fails(train=(good, missing))
    assert "There is no file ~nobody/pairs.tsv" in fails(train=("~nobody/pairs.tsv",))
    assert "is a folder" in fails(train=(str(tmp_path),))
    for empty in ("", "\n \n"):
        assert "empty.tsv is empty" in fails(train=(write(tmp_path / "empty.tsv", empty),))
    binary = write(tmp_path / "b.tsv", b"a\tb\n\x00\x01\x02")
    assert "b.tsv is binary (a zero byte in line 2)" in fails(train=(binary,))
    sixteen = write(tmp_path / "u.tsv", "a\tb\n".encode("utf-16"))
    assert "UTF-8 is needed" in fails(train=(sixteen,))
    for mark in (b"", b"\xef\xbb\xbf"):
        latin = write(tmp_path / "l.tsv", mark + b"a\tb\nc\td\n" + "ä\tö\n".encode("latin-1"))
        assert "l.tsv is not UTF-8 in line 3" in fails(train=(latin,))
    (tmp_path / "plain.tsv.gz").write_bytes(b"a\tb\n")
    assert "is not a whole gz file" in fails(train=(str(tmp_path / "plain.tsv.gz"),))
    blank = write(tmp_path / "blank.tsv", "a\t\n\tb\n")
    assert "no pair with text on both sides" in fails(train=(blank,))


def test_parallel_files_of_different_length(tmp_path):
    source = write(tmp_path / "a.en", "one\ntwo\nthree\n")
    target = write(tmp_path / "a.de", "eins\nzwei\n")
    message = fails(train=(source, target))
    assert f"{source} has 3 lines and {target} has 2" in message
    table = write(tmp_path / "a.tsv", tsv(PAIRS))
    assert "name it alone" in fails(train=(table, table))


def test_a_table_line_without_its_tab(tmp_path):
    path = write(tmp_path / "t.tsv", "a\tb\nc d\n")
    assert "t.tsv, line 2, has no tab" in fails(train=(path,))
    path = write(tmp_path / "t.tsv", "a\tb\tc\nd\te\n")
    assert "t.tsv, line 2, has only 2 columns: columns 1 and 3" in fails(
        train=(path,), columns=(1, 3)
    )


@pytest.mark.parametrize(
    "line, says",
    [
        ('{"source": "a"', "line 2, is not valid JSON (Expecting ',' delimiter at character 15)"),
        ('["a", "b"]', "line 2, is not a JSON object"),
        ("[" * 100_000, "line 2, is more than can be read as JSON"),
        ("1" * 5000, "line 2, is more than can be read as JSON"),
        ('{"source": "a", "de": "b"}', "line 2, has no field target: the fields it has are source"),
        ('{"source": "a", "target": 3}', "line 2, has a field target that is no text (int)"),
        ('{"source": "\\ud800", "target": "b"}', "line 2, has a field source with half a"),
    ],
)
def test_a_json_line_that_cannot_be_read(tmp_path, line, says):
    path = write(tmp_path / "t.jsonl", '{"source": "a", "target": "b"}\n' + line + "\n")
    assert says in fails(train=(path,))


def test_sentences_that_differ_in_a_vowel_sign_are_two(tmp_path):
    path = write(tmp_path / "t.tsv", tsv([("की", "a"), ("कि", "b"), ("को", "c")]))
    corpus = read(train=(path,))
    assert [len(pairs) for pairs in corpus.splits.values()] == [1, 1, 1]


def test_too_few_pairs_to_split(tmp_path):
    path = write(tmp_path / "t.tsv", tsv([PAIRS[0], PAIRS[1], PAIRS[1]]))
    message = fails(train=(path,))
    assert "2 distinct source sentences, too few to split off validation and test" in message
    assert len(read(train=(path,), test=(path,)).splits["validation"]) > 0


def test_options_that_cannot_be_used(tmp_path):
    path = write(tmp_path / "t.tsv", tsv(PAIRS))
    assert "name it with train" in fails()
    assert "one file (TSV or JSON lines) or two" in fails(train=(path, path, path))
    assert "one file (TSV or JSON lines) or two" in fails(train=path)
    assert "held_out" in fails(train=(path,), held_out=0.5)
    with pytest.raises(UserError, match="choose the corpus files"):
        load("multi30k", source="en", target="de", train=(path,))


def test_an_unknown_corpus_is_answered_with_the_right_names():
    assert {"builtin", "builtin-blind", "files", "manythings", "multi30k"} <= set(names())
    with pytest.raises(UserError, match="no corpus mine: choose one of builtin, .*multi30k"):
        load("mine", source="en", target="de")
    with pytest.raises(UserError, match=r"no corpus Multi31k: did you mean multi30k\?"):
        load("Multi31k", source="en", target="de")
    with pytest.raises(UserError, match="The corpus builtin has no direction en-fr: it has en-de"):
        load("builtin", source="en", target="fr")
    with pytest.raises(UserError, match="multi30k has no direction en-dee: it has en-de, "):
        load("multi30k", source="en", target="dee")


def test_the_builtin_corpora_are_asked_for_like_any_other():
    seen, blind = (load(name, source="en", target="de") for name in ("builtin", "builtin-blind"))
    assert (seen.name, blind.name) == ("builtin", "builtin-blind")
    assert len(seen.splits["test"]) == len(blind.splits["test"]) > 0
    assert seen.splits["test"].source != blind.splits["test"].source
