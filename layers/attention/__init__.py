"""Layers that read a memory by similarity."""

from layers.attention.attention_cell import AttentionCell
from layers.attention.luong import LuongAttention
from layers.attention.multi_head import MultiHeadAttention

__all__ = ["AttentionCell", "LuongAttention", "MultiHeadAttention"]
