"""Layers that read a memory by similarity."""

from layers.attention.additive import AdditiveAttention, coverage_loss
from layers.attention.attention_cell import AttentionCell
from layers.attention.content import ContentAttention
from layers.attention.luong import LuongAttention
from layers.attention.monotonic import MonotonicAdditiveAttention, MonotonicLuongAttention
from layers.attention.multi_head import MultiHeadAttention
from layers.attention.multi_head_content import MultiHeadContentAttention
from layers.attention.pointer_generator import PointerGenerator
from layers.attention.pooling import SequencePooling

__all__ = [
    "AdditiveAttention",
    "AttentionCell",
    "ContentAttention",
    "LuongAttention",
    "MonotonicAdditiveAttention",
    "MonotonicLuongAttention",
    "MultiHeadAttention",
    "MultiHeadContentAttention",
    "PointerGenerator",
    "SequencePooling",
    "coverage_loss",
]
