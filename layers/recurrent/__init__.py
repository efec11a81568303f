"""Cells whose memory is a state vector, and the layers that run a cell over a sequence."""

from layers.recurrent.ablated_lstm import AblatedLSTMCell
from layers.recurrent.cell import Cell
from layers.recurrent.coupled_lstm import CoupledLSTMCell
from layers.recurrent.lstm import LSTMCell
from layers.recurrent.peephole_lstm import PeepholeLSTMCell
from layers.recurrent.projected_lstm import ProjectedLSTMCell
from layers.recurrent.recurrent import Recurrent
from layers.recurrent.recurrent_decoder import RecurrentDecoder
from layers.recurrent.recurrent_dropout import RecurrentDropout
from layers.recurrent.recurrent_encoder import RecurrentEncoder
from layers.recurrent.recurrent_summary import RecurrentSummary
from layers.recurrent.residual_cell import ResidualCell
from layers.recurrent.stacked_cell import StackedCell
from layers.recurrent.stock_cell import StockCell
from layers.recurrent.zoneout import Zoneout

__all__ = [
    "AblatedLSTMCell",
    "Cell",
    "CoupledLSTMCell",
    "LSTMCell",
    "PeepholeLSTMCell",
    "ProjectedLSTMCell",
    "Recurrent",
    "RecurrentDecoder",
    "RecurrentDropout",
    "RecurrentEncoder",
    "RecurrentSummary",
    "ResidualCell",
    "StackedCell",
    "StockCell",
    "Zoneout",
]
