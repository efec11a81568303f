"""`make new-app NAME=mine FROM=translate`: copies an app under a new name, ready to train.

Inside an app imports are relative and only its page says its name, so the copy needs no edit.
"""

from __future__ import annotations

import keyword
import re
import shutil
import sys
from pathlib import Path

from data.errors import UserError, did_you_mean

NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*")


def new_app(name: str, source: str, root: str | Path = ".") -> Path:
    """Copies `apps/<source>` to `apps/<name>`.

    Args:
        name: the new app, a Python identifier in lower case.
        source: the app to start from.
        root: the repository.

    Returns:
        The new folder.

    Raises:
        UserError: `name` cannot be the name of a new app, or there is no app `source`.
    """
    folder = Path(root) / "apps"
    apps = sorted(file.parent.name for file in folder.glob("*/__main__.py"))
    if source not in apps:
        raise UserError(
            f"There is no app {source!r} to start from"
            + did_you_mean(source, apps, f": FROM can be {', '.join(apps)}.")
        )
    if not name:
        raise UserError("A new app needs a name, as in make new-app NAME=mine FROM=translate.")
    if not (name.isidentifier() and name.isascii() and name == name.lower()):
        raise UserError(
            f"{name!r} cannot name an app: use lower-case letters, digits and '_', beginning "
            "with a letter, as in make new-app NAME=mine."
        )
    if keyword.iskeyword(name):
        raise UserError(f"{name!r} is a word of Python's own: choose another name.")
    target = folder / name
    if target.exists():
        raise UserError(f"{target} is already there: choose another name, or delete it.")
    partial = folder / f".{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(folder / source, partial, ignore=NOT_COPIED)
    for page in ("README.md", "__main__.py"):  # where commands are written out
        _rename_commands(partial / page, source, name)
    partial.rename(target)
    return target


def _rename_commands(page: Path, source: str, name: str) -> None:
    """Has commands for the app `source` name the copy instead: `make train-translate`, ..."""
    if page.is_file():
        text = page.read_text(encoding="utf-8")
        text = re.sub(rf"(\bmake\b.*-|\bapps[./]){source}\b", rf"\g<1>{name}", text)
        page.write_text(text, encoding="utf-8")


def main(arguments: list[str], root: str | Path = ".") -> int:
    """`NAME FROM` as make hands them over; returns the exit status."""
    name, source = arguments
    try:
        folder = new_app(name, source, root)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{folder} is a copy of apps/{source}. Next:")
    steps = {
        f"make train-{name}": "train it as it is",
        f"edit {folder}/config.py": "its settings and their defaults",
        f"edit {folder}/data.py": "what it reads",
        "apps/README.md": "from template to a task of your own",
    }
    for step, what in steps.items():
        print(f"  {step:<{max(map(len, steps))}}  {what}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
