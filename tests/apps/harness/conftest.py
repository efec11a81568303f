"""What tests of figures share."""

import pytest


@pytest.fixture
def no_chinese(monkeypatch):
    """A machine whose only font is matplotlib's own, wherever the tests run."""
    from apps.harness import figures  # matplotlib takes a while, and most tests draw nothing

    monkeypatch.setattr(figures, "CJK_FONTS", ())
    figures.fonts.cache_clear()
    figures._glyphs.cache_clear()
    yield
    figures.fonts.cache_clear()
    figures._glyphs.cache_clear()
