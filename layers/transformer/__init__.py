"""Transformer blocks, and the stacks of them that encode, decode, summarise and remember."""

from layers.transformer.decoder import TransformerDecoder
from layers.transformer.decoder_block import TransformerDecoderBlock
from layers.transformer.encoder import TransformerEncoder
from layers.transformer.encoder_block import TransformerEncoderBlock
from layers.transformer.feed_forward import FeedForward
from layers.transformer.positions import SinusoidalPositions
from layers.transformer.segment_memory import SegmentMemoryBlock, SegmentMemoryTransformer
from layers.transformer.summary import TransformerSummary

__all__ = [
    "FeedForward",
    "SegmentMemoryBlock",
    "SegmentMemoryTransformer",
    "SinusoidalPositions",
    "TransformerDecoder",
    "TransformerDecoderBlock",
    "TransformerEncoder",
    "TransformerEncoderBlock",
    "TransformerSummary",
]
