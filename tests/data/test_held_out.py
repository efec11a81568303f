from data.held_out import draw, draw_per_class


def test_a_text_of_two_classes_goes_to_one_split():
    keys = [f"text {i}" for i in range(20)] * 2
    labels = ["a"] * 20 + ["b"] * 10 + ["a"] * 10
    keys[20:30] = [f"other {i}" for i in range(10)]
    keys, labels = [*keys, "text 1", "text 2"], [*labels, "b", "b"]
    split_of = draw_per_class(keys, labels, ["test"], 0.3, 1)
    splits = {key: {s for k, s in zip(keys, split_of, strict=True) if k == key} for key in keys}
    assert all(len(its) == 1 for its in splits.values())
    assert sum(its == {"test"} for its in splits.values()) == 6 + 3


def test_all_keys_are_drawn_where_they_are_too_few():
    assert draw(["a", "b", "a"], ["validation", "test"], 0.1, 1).keys() == {"a", "b"}
    assert len(draw("abcdefghij", ["test"], 0.2, 1)) == 2
    assert draw(reversed("abcdefghij"), ["test"], 0.2, 1) == draw("abcdefghij", ["test"], 0.2, 1)
