"""Layers that read a memory by similarity."""

from layers.attention.attention_cell import AttentionCell
from layers.attention.luong import LuongAttention

__all__ = ["AttentionCell", "LuongAttention"]
