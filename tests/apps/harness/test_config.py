"""Configuration: validation, files, presets, differences."""

import pydantic
import pytest

from apps.harness.config import (
    BaseConfig,
    Section,
    TrainConfig,
    differences,
    flat,
    load_config,
    merged,
    save_config,
    settings,
)
from data.errors import UserError


class Data(Section):
    corpus: str = "builtin"
    columns: tuple[int, int] = (1, 2)
    files: tuple[str, ...] = ()


class Config(BaseConfig):
    data: Data = Data()


def test_a_configuration_is_frozen_and_closed():
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Config().train.epochs = 3
    with pytest.raises(pydantic.ValidationError, match="extra"):
        TrainConfig(epoch=3)


def test_every_setting_says_what_it_does():
    for section in (TrainConfig, BaseConfig.model_fields["model"].annotation):
        undocumented = [
            name for name, field in section.model_fields.items() if not field.description
        ]
        assert undocumented == []


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"train.epochs": 0}, "train.epochs should be greater than or equal to 1, not 0."),
        ({"train.epochs": "many"}, "train.epochs should be a valid integer, not 'many'."),
        ({"model": {"dropout": 1.0}}, "model.dropout should be less than 1, not 1.0."),
        ({"train.learning_rate": float("nan")}, "train.learning_rate should be a finite number"),
        (
            {"train.schedule": "cosin"},
            "train.schedule should be 'inverse_square_root', 'cosine' or 'constant', not 'cosin'.",
        ),
        ({"train.epoch": 3}, "There is no setting train.epoch: did you mean train.epochs?"),
        ({"tran": {"epochs": 3}}, "There is no setting tran"),
    ],
)
def test_a_wrong_setting_is_one_sentence(changes, sentence):
    with pytest.raises(UserError) as caught:
        merged(Config(), changes)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_an_apps_own_check_is_told_as_it_is():
    class Checked(Config):
        @pydantic.model_validator(mode="after")
        def _agree(self):
            if self.train.xla:
                raise ValueError("train.xla does not go with this")
            return self

    with pytest.raises(UserError, match=r"^train.xla does not go with this\.$"):
        merged(Checked(), {"train.xla": True})


def test_merged_takes_nested_and_dotted_settings_and_leaves_the_rest():
    start = Config()
    config = merged(start, {"train": {"epochs": 3}, "train.seed": 7, "model.options": {"heads": 2}})
    assert (config.train.epochs, config.train.seed) == (3, 7)
    assert config.train.patience == start.train.patience
    more = merged(config, {"model.options.layers": 1, "data.files": ["a", "b"]})
    assert more.model.options == {"heads": 2, "layers": 1}
    assert more.data.files == ("a", "b")
    assert config.model.options == {"heads": 2}
    assert start == Config()


def test_differences_name_both_values_options_included():
    a = merged(Config(), {"model.options": {"heads": 2, "layers": 1}})
    b = merged(Config(), {"model.options": {"heads": 4}, "train.epochs": 3})
    assert differences(a, b) == {
        "train.epochs": (a.train.epochs, 3),
        "model.options.heads": (2, 4),
        "model.options.layers": (1, None),
    }
    assert differences(a, a) == {}


def test_flat_and_settings_name_the_same_things():
    assert list(flat(merged(Config(), {"model.options": {"heads": 2}})))[-4:] == [
        "model.options.heads",
        "data.corpus",
        "data.columns",
        "data.files",
    ]
    assert set(flat(Config())) | {"model.options"} == set(settings(Config))


def test_a_file_gives_back_what_was_saved(tmp_path):
    config = merged(
        Config(),
        {"model.options": {"a": 2, "b": 0.5, "c": True, "d": "x"}, "data.columns": (3, 4)},
    )
    save_config(config, tmp_path / "config.json")
    again = load_config(tmp_path / "config.json", Config)
    assert again == config
    assert [type(value) for value in again.model.options.values()] == [int, float, bool, str]


@pytest.mark.parametrize(
    "content, sentence",
    [
        (None, "is no run folder: it has no config.json"),
        ("{", "holds no settings in JSON"),
        ("[]", "holds no settings in JSON"),
        ('{"train": {"epochz": 1}}', "There is no setting train.epochz"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path, content, sentence):
    file = tmp_path / "config.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UserError, match=sentence):
        load_config(file, Config)
