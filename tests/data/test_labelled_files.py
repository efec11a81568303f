import codecs
import csv
import gzip
import json

import pytest

from data.errors import UserError
from data.labelled import Examples, load
from data.labelled.markup import text_key

ROWS = [(f"A {('dull', 'good')[i % 2]} film number {i}.", ("neg", "pos")[i % 2]) for i in range(60)]


def read(**options):
    return load("files", **options)


def write(path, text):
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(path)


def table(rows, comma=",", heading=("text", "label")):
    return "".join(comma.join(row) + "\n" for row in ([heading] if heading else []) + list(rows))


def lines(rows):
    return "".join(json.dumps({"label": label, "text": text}) + "\n" for text, label in rows)


def everything(corpus):
    return sorted(
        (text, corpus.classes[label])
        for split in corpus.splits.values()
        for text, label in zip(split.texts, split.labels, strict=True)
    )


def fails(**options):
    with pytest.raises(UserError) as error:
        read(**options)
    message = str(error.value)
    assert "\n" not in message and message.endswith((".", "?"))
    return message


def fails_to_read(path, text, **options):
    return fails(train=write(path, text), **options)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_three_forms_hold_the_same(tmp_path, ending, newline):
    forms = {".csv": table(ROWS), ".tsv": table(ROWS, "\t"), ".jsonl": lines(ROWS)}
    corpora = [
        read(train=write(tmp_path / f"t{kind}{ending}", text.replace("\n", newline)))
        for kind, text in forms.items()
    ]
    assert everything(corpora[0]) == sorted(ROWS)
    assert corpora[0].splits == corpora[1].splits == corpora[2].splits
    assert (corpora[0].name, corpora[0].classes) == ("files", ("neg", "pos"))
    assert [len(part) for part in corpora[0].splits.values()] == [48, 6, 6]


def test_columns_by_name_and_by_number(tmp_path):
    rows = [(str(i), label, text) for i, (text, label) in enumerate(ROWS)]
    named = write(tmp_path / "n.csv", table(rows, heading=("id", " intent ", "said")))
    assert everything(read(train=named, text="said", label="intent")) == sorted(ROWS)
    bare = write(tmp_path / "b.tsv", table(rows, "\t", heading=None))
    assert everything(read(train=bare, text="3", label="2")) == sorted(ROWS)
    assert "b.tsv has no column 4: parted at tabs, it has columns 1 to 3." in fails(
        train=bare, text="4", label="2"
    )
    assert "has no column 0" in fails(train=bare, text="0", label="2")
    assert "or two numbers where there is no heading" in fails(train=bare, text="3", label="intent")


def test_a_missing_column_is_answered_with_those_that_exist(tmp_path):
    path = write(tmp_path / "t.csv", table(ROWS, heading=("review", "stars")))
    assert "t.csv has no column text: parted at commas, the columns it has are review, stars." in (
        fails(train=path)
    )
    assert "has no column label" in fails(train=path, text="review")
    other = write(tmp_path / "s.csv", table(ROWS, ";"))
    assert "parted at commas, the columns it has are text;label." in fails(train=other)
    twice = write(tmp_path / "u.csv", "text,text,label\na,b,c\n")
    assert "u.csv has 2 columns text: rename all but one." in fails(train=twice)
    path = write(tmp_path / "t.jsonl", '{"review": "a", "label": 1}\n')
    assert "line 1, has no field text: the fields it has are review, label." in fails(train=path)
    assert "line 1, has no field stars" in fails(train=path, text="review", label="stars")


def test_a_row_of_another_width(tmp_path):
    text = 'text,label\n\n"two\nlines",pos\nonly text\n'
    assert "t.csv, line 5, has another number of cells (1) than the first row (2)" in fails_to_read(
        tmp_path / "t.csv", text
    )
    message = fails_to_read(tmp_path / "t.csv", "text,label\nI like it, really,pos\n")
    assert (
        "line 2, has another number of cells (3)" in message and "needs quotation marks" in message
    )
    message = fails_to_read(tmp_path / "t.tsv", "text\tlabel\na\tb\tc\n")
    assert "line 2, has another number of cells (3)" in message and "quotation" not in message


def test_quotation_marks(tmp_path):
    texts = ['"Great", she said', "two\nlines, and\r\na comma", "plain\ttab"]
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *zip(texts, "abc", strict=True)])
    got = read(train=str(path), validation=str(path), test=str(path))
    assert got.splits["train"].texts == texts
    for row in ('"never closed,neg\nb,pos\n', '"Great" film,neg\n'):
        message = fails_to_read(path, "text,label\na,pos\n" + row)
        assert "t.csv, line 3, begins a row that cannot be read" in message
    tabs = write(tmp_path / "t.tsv", '"Great" film\tpos\n"never closed\tneg\n')
    got = read(train=tabs, validation=tabs, test=tabs, text="1", label="2")
    assert got.splits["train"].texts == ['"Great" film', '"never closed']


def test_a_review_of_a_megabyte(tmp_path):
    before = csv.field_size_limit()
    long = "So very long. " * 75_000
    rows = [*ROWS, (long.strip(), "pos")]
    for name, text in (
        ("a.csv", table(rows)),
        ("a.tsv", table(rows, "\t")),
        ("a.json", lines(rows)),
    ):
        assert everything(read(train=write(tmp_path / name, text))) == sorted(rows)
    assert csv.field_size_limit() == before


def test_letters_of_every_script_stay_as_they_are(tmp_path):
    texts = [
        "👩‍👩‍👧 😀",
        "שלום \u200fעולם\u200e",
        "مرحبا",
        "e\u0301 and é",
        "한국어",
        "a\u2028b\x85c",
    ]
    rows = [(text, ("x", "y")[i % 2]) for i, text in enumerate(texts)]
    for name, text in (
        ("a.csv", table(rows)),
        ("a.tsv", table(rows, "\t")),
        ("a.json", lines(rows)),
    ):
        path = write(tmp_path / name, text)
        assert read(train=path, validation=path, test=path).splits["test"].texts == texts


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252", "gb18030"]
)
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_encodings_and_byte_order_marks(tmp_path, encoding, name):
    rows = [(text + " é", label) for text, label in ROWS]
    text = table(rows) if name == "t.csv" else lines(rows).replace("\\u00e9", "é")
    path = write(tmp_path / name, text.encode(encoding))
    assert everything(read(train=path, encoding=encoding)) == sorted(rows)
    if encoding == "utf-8-sig":
        assert everything(read(train=path)) == sorted(rows)


def test_a_wrong_encoding(tmp_path):
    path, text = tmp_path / "t.csv", "text,label\ngood,pos\ncafé “x”,neg\n"
    assert "t.csv is not utf-8 in line 3: name the encoding that it has, perhaps cp1252." in (
        fails_to_read(path, text.encode("cp1252"))
    )
    assert "is not ascii in line 3: name the encoding that it has, perhaps utf-8." in (
        fails_to_read(path, text.encode(), encoding="ascii")
    )
    assert "perhaps latin-1" in fails_to_read(path, b"text,label\n\x81,neg\n")
    for mark, family, encoding in (
        (codecs.BOM_UTF16_LE, "utf-16", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16", "utf-16-be"),
        (codecs.BOM_UTF16_BE, "utf-16", "utf-16-le"),
        (codecs.BOM_UTF32_LE, "utf-32", "utf-32-be"),
        (codecs.BOM_UTF32_BE, "utf-32", "utf-32-le"),
        (codecs.BOM_UTF32_LE, "utf-32", "utf-16-le"),
    ):
        end = "le" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF32_LE) else "be"
        content = mark + text.encode(f"{family}-{end}")
        assert fails_to_read(path, content, encoding=encoding) == (
            f"{path} begins with the byte order mark of {family}-{end} and is not {encoding} "
            f"in line 1: give encoding {family}."
        )
        assert read(train=str(path), test=str(path), encoding=family, validation=str(path))
    assert "give encoding utf-8." in fails_to_read(
        path, text.encode("utf-8-sig"), encoding="latin-1"
    )
    assert "perhaps utf-16." in fails_to_read(path, text.encode("utf-16-le"))
    assert "zero byte in line 1: it is no text, or in another encoding than utf-8" in (
        fails_to_read(path, "text,label\na,b\n".encode("utf-16-le"))
    )
    assert "is not utf-16" in fails_to_read(path, b"text,label\na,b\nc\n", encoding="utf-16")
    half = b"text,label\na,b\n+2AA-,c\n"
    assert "is not utf-7 in line" in fails_to_read(path, half, encoding="utf-7")


@pytest.mark.parametrize("encoding", ["latin-99", "hex", "idna", "undefined", "", "a\0b"])
def test_an_unknown_encoding(encoding):
    assert fails(encoding="lattin-1") == "There is no encoding lattin-1: did you mean latin-1?"
    assert f"There is no encoding {encoding}" in fails(train="t.csv", encoding=encoding)


def test_text_that_cannot_be_read(tmp_path):
    missing = str(tmp_path / "missing.csv")
    assert f"There is no file {missing}." in fails(train=missing)
    (tmp_path / "folder.csv").mkdir()
    assert "is a folder" in fails(train=str(tmp_path / "folder.csv"))
    for empty in ("", "\n \n", "\ufeff"):
        assert "e.csv is empty." in fails_to_read(tmp_path / "e.csv", empty)
    for blank in ("text,label\n", ",,\n"):
        assert "holds no text to learn from: there is no row." in fails_to_read(
            tmp_path / "e.csv", blank
        )
    assert "zero byte in line 2" in fails_to_read(tmp_path / "z.csv", "text,label\na\0,b\n")
    (tmp_path / "plain.csv.gz").write_bytes(b"text,label\n")
    assert "is not a whole gz file" in fails(train=str(tmp_path / "plain.csv.gz"))
    message = fails_to_read(tmp_path / "t.xlsx", "PK")
    assert "which has to be one of .csv, .tsv, .jsonl, .json, .ndjson" in message


def test_empty_texts_are_left_out_and_counted(tmp_path):
    rows = [*ROWS, ("", "neg"), (" \t", "pos"), ("<br />", "pos")]
    corpus = read(train=write(tmp_path / "t.csv", table(rows)))
    assert everything(corpus) == sorted(ROWS)
    assert corpus.notes[0] == "3 of 63 train texts were empty and were left out."
    null = write(tmp_path / "t.jsonl", lines([*ROWS, (None, "neg")]))
    assert everything(read(train=null)) == sorted(ROWS)
    all_empty = write(tmp_path / "e.csv", table([("", "a"), (" ", "b")]))
    assert "e.csv holds no text to learn from: all 2 texts in text are empty." in fails(
        train=all_empty
    )


def test_markup_alone_is_text_where_it_is_not_taken_out(tmp_path):
    rows = [*ROWS, ("<br />", "pos"), ("<hr />", "neg")]
    path = write(tmp_path / "t.csv", table(rows))
    assert everything(read(train=path, clean=False)) == sorted(rows)


def test_a_label_is_on_one_line(tmp_path):
    labels = [("not\tgood", "very\r\n good")[i % 2] for i in range(len(ROWS))]
    rows = [(text, label) for (text, _), label in zip(ROWS, labels, strict=True)]
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    for name in (str(path), write(tmp_path / "t.jsonl", lines(rows))):
        assert read(train=name).classes == ("not good", "very good")


def test_texts_that_differ_in_an_emoji_are_distinct(tmp_path):
    rows = [(f"order {i} {'👎👍'[i % 2]}", ("neg", "pos")[i % 2]) for i in range(40)]
    rows += [(f"order {i} {'👍👎'[i % 2]}", ("pos", "neg")[i % 2]) for i in range(40)]
    corpus = read(train=write(tmp_path / "t.csv", table(rows)))
    assert everything(corpus) == sorted(rows) and len(corpus.notes) == 1


def test_an_empty_label(tmp_path):
    path = write(tmp_path / "t.csv", table([*ROWS, ("No label", " ")]))
    assert "t.csv, line 62, has a text without a label: label is empty." in fails(train=path)


def test_classes_that_cannot_be_told_apart(tmp_path):
    train = write(tmp_path / "train.csv", table(ROWS))
    one = write(tmp_path / "one.csv", table([row for row in ROWS if row[1] == "pos"]))
    assert "one.csv has one class, pos: two at least are needed" in fails(train=one)
    other = write(tmp_path / "other.csv", table([ROWS[0], ("So so.", "neutral")]))
    for split in ("validation", "test"):
        message = fails(train=train, **{split: other})
        assert "other.csv, line 3, has the label neutral, which no text of" in message
        assert "its labels are neg, pos." in message
    many = write(tmp_path / "many.csv", table([(f"t{i}", f"c{i:02}") for i in range(40)]))
    assert "c08, c09 and 30 more." in fails(train=many, test=other)


def test_given_splits_are_taken_as_they_are(tmp_path):
    train = write(tmp_path / "train.csv", table(ROWS[:40]))
    validation = write(tmp_path / "val.tsv", table(ROWS[40:50], "\t"))
    test = write(tmp_path / "test.jsonl", lines([*ROWS[50:], ("a DULL film, number 0", "pos")]))
    corpus = read(train=train, validation=validation, test=test)
    assert [len(part) for part in corpus.splits.values()] == [40, 10, 11]
    assert corpus.splits["train"] == Examples([text for text, _ in ROWS[:40]], [0, 1] * 20)
    assert corpus.notes == ("1 of 11 test texts also occur in train, so scores on them flatter.",)


def test_what_is_not_given_is_held_out_per_class_and_the_same_texts_together(tmp_path):
    rare = [(f"A rare film {i}.", "rare") for i in range(5)]
    rows = ROWS + rare + [(f"<b>{text.upper()}</b>", label) for text, label in ROWS + rare]
    path = write(tmp_path / "t.csv", table(rows))
    corpus = read(train=path, held_out=0.2, seed=7)
    assert everything(corpus) == sorted(rows)
    keys = [{text_key(text) for text in part.texts} for part in corpus.splits.values()]
    assert len(keys[0] | keys[1] | keys[2]) == sum(map(len, keys)) == 65
    for split, counts in (("train", [36, 36, 6]), ("validation", [12, 12, 2])):
        assert [corpus.splits[split].labels.count(i) for i in range(3)] == counts
    assert corpus.notes == (
        "26 texts for validation and 26 texts for test were held out of train with seed 7, "
        "per class and the same texts together.",
    )
    assert read(train=path, held_out=0.2, seed=7).splits == corpus.splits
    assert read(train=path, held_out=0.2, seed=8).splits != corpus.splits
    turned = write(tmp_path / "turned.csv", table(rows[::-1]))
    other = read(train=turned, held_out=0.2, seed=7)
    assert sorted(other.splits["test"].texts) == sorted(corpus.splits["test"].texts)


def test_a_class_that_would_not_stay_in_train(tmp_path):
    path = write(tmp_path / "t.csv", table([*ROWS, ("Rare.", "rare"), ("Rarer.", "rare")]))
    message = fails(train=path)
    assert (
        "The class rare has too few distinct texts of its own in train (2) to hold out" in message
    )
    assert read(train=path, test=path).splits["validation"].labels.count(2) == 1
    shared = write(tmp_path / "s.csv", table([*ROWS, (ROWS[0][0], "the same")]))
    assert "The class the same has too few distinct texts of its own in train (0)" in fails(
        train=shared
    )


def test_columns_that_were_mistaken_make_no_long_message(tmp_path):
    rows = [(label, f"Long\n{i} " + "words " * 10_000) for i, (_, label) in enumerate(ROWS)]
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    other = write(tmp_path / "o.csv", table(ROWS))
    for options in ({}, {"text": "words"}, {"validation": other}):
        assert len(fails(train=str(path), **options)) < 1500
    bare = write(tmp_path / "b.jsonl", lines(rows))
    assert len(fails(train=bare)) < 1500


def test_options_that_cannot_be_used():
    assert "name them with train" in fails()
    assert "name them with train" in fails(test="a.csv")
    assert "train takes one path, not ('a.csv',)" in fails(train=("a.csv",))
    assert "text takes the name of a column" in fails(train="a.csv", text="")
    assert "said is named for both" in fails(train="a.csv", text="said", label="said")
    for share in (0, 0.5, -1):
        assert "above 0 and below 0.5" in fails(train="a.csv", held_out=share)
