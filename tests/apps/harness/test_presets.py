"""The presets of the apps."""

import pytest

from apps.harness.config import flat, flat_values, merged
from apps.sentiment import config as sentiment
from apps.translate import config as translate
from layers.catalogue import MEMORIES

PRESETS = [
    pytest.param(app.Config, preset, id=name)
    for app in (sentiment, translate)
    for name, preset in app.PRESETS.items()
]


@pytest.mark.parametrize("config, preset", PRESETS)
def test_a_preset_holds_what_differs_from_the_defaults_alone(config, preset):
    whole, asked = merged(config(), preset), flat_values(preset)
    options = flat_values(MEMORIES[whole.model.memory].options, "model.options.")
    defaults = flat(config()) | options
    assert [name for name, value in asked.items() if value == defaults[name]] == []
    found = flat(whole)
    assert {name: found[name] for name in asked} == asked
