"""Cells whose memory is a state vector, and the layers that run a cell over a sequence."""

from layers.recurrent.ablated_lstm import AblatedLSTMCell
from layers.recurrent.cell import Cell
from layers.recurrent.coupled_lstm import CoupledLSTMCell
from layers.recurrent.layer_norm_lstm import LayerNormLSTMCell
from layers.recurrent.lstm import LSTMCell
from layers.recurrent.min_gru import MinGRUCell
from layers.recurrent.min_lstm import MinLSTMCell
from layers.recurrent.mlstm import MLSTMCell
from layers.recurrent.multiplicative_lstm import MultiplicativeLSTMCell
from layers.recurrent.nas import NASCell
from layers.recurrent.peephole_lstm import PeepholeLSTMCell
from layers.recurrent.projected_lstm import ProjectedLSTMCell
from layers.recurrent.recurrent import Recurrent
from layers.recurrent.recurrent_decoder import RecurrentDecoder
from layers.recurrent.recurrent_dropout import RecurrentDropout
from layers.recurrent.recurrent_encoder import RecurrentEncoder
from layers.recurrent.recurrent_summary import RecurrentSummary
from layers.recurrent.residual_cell import ResidualCell
from layers.recurrent.slstm import SLSTMCell
from layers.recurrent.stacked_cell import StackedCell
from layers.recurrent.stock_cell import StockCell
from layers.recurrent.zoneout import Zoneout

__all__ = [
    "AblatedLSTMCell",
    "Cell",
    "CoupledLSTMCell",
    "LSTMCell",
    "LayerNormLSTMCell",
    "MLSTMCell",
    "MinGRUCell",
    "MinLSTMCell",
    "MultiplicativeLSTMCell",
    "NASCell",
    "PeepholeLSTMCell",
    "ProjectedLSTMCell",
    "Recurrent",
    "RecurrentDecoder",
    "RecurrentDropout",
    "RecurrentEncoder",
    "RecurrentSummary",
    "ResidualCell",
    "SLSTMCell",
    "StackedCell",
    "StockCell",
    "Zoneout",
]
