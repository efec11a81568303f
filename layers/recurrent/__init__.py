"""Cells whose memory is a state vector, and the layers that run a cell over a sequence."""

from layers.recurrent.cell import Cell
from layers.recurrent.lstm import LSTMCell
from layers.recurrent.recurrent import Recurrent
from layers.recurrent.recurrent_decoder import RecurrentDecoder
from layers.recurrent.recurrent_encoder import RecurrentEncoder
from layers.recurrent.recurrent_summary import RecurrentSummary
from layers.recurrent.stacked_cell import StackedCell

__all__ = [
    "Cell",
    "LSTMCell",
    "Recurrent",
    "RecurrentDecoder",
    "RecurrentEncoder",
    "RecurrentSummary",
    "StackedCell",
]
