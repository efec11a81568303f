"""The Python of the pages about layers runs as it stands there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("layers/**/README.md"))]
SNIPPETS = [
    pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, text in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text(), re.S | re.M)
    )
]


def test_pages_have_snippets():
    assert len(SNIPPETS) >= len(PAGES) - 1


@pytest.mark.parametrize("text", SNIPPETS)
def test_snippet_runs(text):
    exec(compile(text, "snippet", "exec"), {"__name__": "snippet"})
