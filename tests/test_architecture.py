"""Who may import whom, and what a file may be, read from the sources."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"apps", "benchmarks", "data", "layers", "tests"}
LONGEST = 350


def sources(*folders):
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


@functools.cache
def imports(file: Path) -> list[tuple[str, bool]]:
    """Every imported name, dotted, and whether the import was written relatively."""
    package = file.relative_to(ROOT).with_suffix("").parts[:-1]
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, False) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [(f"{module}.{alias.name}", node.level > 0) for alias in node.names]
    return found


def violations(files, allowed) -> list[str]:
    """The imports of `files` that `allowed(file, name, relative)` does not allow."""
    return [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files
        for name, relative in imports(file)
        if not allowed(file, name, relative)
    ]


def top(name: str) -> str:
    return name.partition(".")[0]


def test_layers_import_keras_and_numpy_only():
    allowed = {"keras", "numpy", "layers", "__future__"} | sys.stdlib_module_names
    assert violations(sources("layers"), lambda file, name, _: top(name) in allowed) == []


def test_data_imports_neither_apps_nor_layers():
    foreign = OURS - {"data"} | {"keras"}
    assert violations(sources("data"), lambda file, name, _: top(name) not in foreign) == []


def test_nothing_that_is_used_imports_tests_or_benchmarks():
    foreign = {"tests", "benchmarks"}
    files = sources("layers", "data", "apps")
    assert violations(files, lambda file, name, _: top(name) not in foreign) == []


def test_apps_import_the_harness_and_themselves():
    def allowed(file, name, relative):
        own = file.relative_to(ROOT).parts[1]
        if top(name) != "apps" or len(file.relative_to(ROOT).parts) == 2:
            return True
        app = [*name.split("."), ""][1]
        return app == "harness" or (app == own and relative)

    assert violations(sources("apps"), allowed) == []


def test_private_parts_of_others_are_left_alone():
    private = ("keras.src", "tensorflow.python", "tyro._", "pydantic._")
    files = sources(*OURS)
    assert violations(files, lambda file, name, _: not name.startswith(private)) == []


def test_the_rule_reader_sees_every_form_of_import(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    file = tmp_path / "apps" / "mine" / "model.py"
    file.parent.mkdir(parents=True)
    file.write_text(
        "import keras.src\nfrom ..theirs.data import read\nfrom . import config\n"
        "def f():\n    from apps.mine import data\n"
    )
    assert imports(file) == [
        ("keras.src", False),
        ("apps.theirs.data.read", True),
        ("apps.mine.config", True),
        ("apps.mine.data", False),
    ]


@pytest.mark.parametrize("folder", ["layers", "data", "apps"])
def test_no_file_outgrows_its_reader(folder):
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in sources(folder)}
    assert {str(file): count for file, count in lines.items() if count > LONGEST} == {}


def test_no_file_knows_a_machine():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = re.compile("|".join([r"(?<![\w.])/(home|root|Users|work|opt)/\w", r"\.\./sha" + "red"]))
    found = []
    for name in listed.stdout.splitlines():
        file = ROOT / name
        if name == ".ci/run" or not file.is_file():
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {match.group()}" for match in paths.finditer(text)]
    assert found == []
