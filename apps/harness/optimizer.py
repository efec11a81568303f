"""Adam with warm-up and decay, as the configuration asks for it."""

from collections.abc import Sequence

import keras
from keras import ops

from .config import TrainConfig


@keras.saving.register_keras_serializable(package="working_memory")
class WarmUpDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises linearly to `peak`, then falls.

    With step t from 1, w warm-up steps and T steps in all, after the warm-up the rate is `peak`
    times: "inverse_square_root": √(w / t) (Vaswani et al. 2017, equation 3, scaled to its peak);
    "cosine": (1 + cos(π (t - w) / (T - w))) / 2 (Loshchilov and Hutter 2017); "constant": 1.
    """

    def __init__(self, peak: float, warmup_steps: int, decay: str, total_steps: int):
        self.peak = peak
        self.warmup_steps = warmup_steps
        self.decay = decay
        self.total_steps = total_steps

    def __call__(self, step):
        step = ops.cast(step, "float32") + 1.0
        warm = float(max(1, self.warmup_steps))
        factor = ops.ones_like(step)
        if self.decay == "inverse_square_root":
            factor = ops.sqrt(warm / ops.maximum(step, warm))
        elif self.decay == "cosine":
            rest = max(1.0, self.total_steps - warm)
            done = ops.clip((step - warm) / rest, 0.0, 1.0)
            factor = 0.5 * (1.0 + ops.cos(done * 3.141592653589793))
        return self.peak * ops.minimum(step / warm, factor)

    def get_config(self):
        return {
            "peak": self.peak,
            "warmup_steps": self.warmup_steps,
            "decay": self.decay,
            "total_steps": self.total_steps,
        }


def make_optimizer(
    config: TrainConfig, steps_per_epoch: int, variables: Sequence[keras.Variable] = ()
) -> keras.optimizers.Optimizer:
    """Adam (β₂ 0.98, as Transformers are trained), decoupled weight decay on matrices only.

    Args:
        config: the settings of training.
        steps_per_epoch: batches of an epoch, for the schedule.
        variables: those to train; vectors among them do not decay, nor do embeddings.
    """
    optimizer = keras.optimizers.Adam(
        learning_rate=WarmUpDecay(
            config.learning_rate,
            config.warmup_steps,
            config.schedule,
            config.epochs * steps_per_epoch,
        ),
        beta_2=0.98,
        epsilon=1e-9,
        weight_decay=config.weight_decay or None,
        global_clipnorm=config.clip_norm or None,
    )
    if config.weight_decay:
        vectors = [variable for variable in variables if len(variable.shape) < 2]
        names = ["bias", "gamma", "beta", "embedding"]
        optimizer.exclude_from_weight_decay(var_list=vectors, var_names=names)
    return optimizer
