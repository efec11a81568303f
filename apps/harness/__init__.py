"""What every app shares: configuration, run folders, training, TensorBoard, the command line."""

from .app import App, Evaluation, Prediction, later
from .command_line import run
from .config import BaseConfig, ModelConfig, Section, TrainConfig

__all__ = [
    "App",
    "BaseConfig",
    "Evaluation",
    "ModelConfig",
    "Prediction",
    "Section",
    "TrainConfig",
    "later",
    "run",
]
