import json

import pytest

from data.errors import UserError
from data.labelled import load


@pytest.fixture
def file(tmp_path):
    def write(text, name="t.jsonl"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def fails(path):
    with pytest.raises(UserError) as error:
        load("files", train=path)
    return str(error.value)


@pytest.mark.parametrize(
    "line, says",
    [
        ('{"text": "a"', "line 2, is not valid JSON (Expecting ',' delimiter at character 13)"),
        ('["a", "b"]', "line 2, is not a JSON object"),
        ("[" * 100_000, "line 2, is more than can be read as JSON"),
        ('{"text": 3, "label": "b"}', "line 2, has a field text that is no text (int)"),
        ('{"text": "a", "label": ["b"]}', "line 2, has a field label that is no text (list)"),
        ('{"text": "\\ud83d", "label": "b"}', "line 2, has a field text with half a character"),
        ('{"text": "a", "label": "\\ude00"}', "line 2, has a field label with half a character"),
        ('{"text": "a\\u0000", "label": "b"}', "line 2, has a field text with a zero byte in it"),
        ('{"text": "a", "label": "\\u0000"}', "line 2, has a field label with a zero byte in it"),
        ('{"text": "a", "label": null}', "line 2, has a text without a label: label is empty."),
        ('{"text": "a", "label": " "}', "line 2, has a text without a label: label is empty."),
    ],
)
def test_a_json_line_that_cannot_be_read(file, line, says):
    path = file('{"text": "a", "label": "b"}\n' + line + "\n")
    assert says in fails(path)


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_not_one_object_a_line(file, indent):
    array = json.dumps([{"text": "a", "label": "b"}, {"text": "c", "label": "d"}], indent=indent)
    path = file("\n" + array, "t.json")
    assert fails(path) == (
        f"{path} begins with [ as a JSON array does: one object a line is needed, "
        "with nothing around and between them."
    )


@pytest.mark.parametrize(
    "labels, classes",
    [
        ((True, False), ("false", "true")),
        ((10, 9, -1), ("-1", "9", "10")),
        ((1, "1", "zero"), ("1", "zero")),
        ((0.5, "x"), ("0.5", "x")),
        (("b", "B", "a"), ("B", "a", "b")),
        (("10", "9", "x"), ("10", "9", "x")),
    ],
)
def test_the_order_of_classes(file, labels, classes):
    text = "".join(
        json.dumps({"text": f"t{i}", "label": its}) + "\n" for i, its in enumerate(labels)
    )
    path = file(text, "t.ndjson")
    corpus = load("files", train=path, validation=path, test=path)
    assert corpus.classes == classes
    names_of = [corpus.classes[label] for label in corpus.splits["train"].labels]
    assert names_of == [its if isinstance(its, str) else json.dumps(its) for its in labels]
