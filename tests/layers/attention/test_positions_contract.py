"""The layer contract for MultiHeadAttention with every kind of positions."""

import numpy as np
import pytest
from layer_contract import check_layer

from layers.attention import MultiHeadAttention


def normal(*shape):
    return np.random.default_rng([0, *shape]).normal(size=shape).astype("float32")


@pytest.mark.parametrize("positions", ["rotary", "alibi", "relative"])
def test_contract(positions):
    relative = positions == "relative"
    check_layer(
        MultiHeadAttention,
        {
            "num_heads": 4,
            "key_dim": 4,
            "value_dim": 3,
            "dropout": 0.3,
            "use_bias": not relative,
            "seed": 3,
            "num_key_value_heads": 2,
            "positions": positions,
            "window": 4,
        },
        {"query": normal(3, 5, 8), "value": normal(3, 7, 6)},
        options={"use_causal_mask": True, "offset": 2},
        masks={"query_mask": "query", "value_mask": "value"},
        seed_generators=1,
        trainable_weights=7 if relative else 8,
        no_gradient=() if positions == "rotary" else ("key_bias",),
        output_shape=(3, 5, 8),
        xla=relative,  # the others add nothing that XLA may not know
    )
