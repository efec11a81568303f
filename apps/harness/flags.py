"""From a command line to a validated pydantic model.

tyro reads the flags and prints the help; pydantic judges the values. Everything a person can get
wrong ends as one sentence in a `UserError`.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import typing
from typing import Any, TypeVar

import pydantic
import tyro
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    StructConstructorSpec,
    StructFieldSpec,
)

from data.errors import UserError, did_you_mean

from .config import settings, validated

M = TypeVar("M", bound=pydantic.BaseModel)


def parse(kind: type[M], arguments: list[str], default: M, prog: str, description: str) -> M:
    """Reads `arguments` over `default`.

    Args:
        kind: a model whose fields are the flags; nested models give dotted flags.
        arguments: the command line, without program and verb.
        default: the values of the flags that are not given.
        prog, description: for the help.

    Raises:
        UserError: an unknown flag or a value that does not fit.
        SystemExit: with code 0 after the help was printed.
    """
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            values, unknown = tyro.cli(
                kind,
                args=arguments,
                default=default,
                prog=prog,
                description=description,
                registry=_registry(),
                return_unknown_args=True,
            )
    except SystemExit as exit:
        if exit.code:
            raise UserError(_one_sentence(complaint.getvalue())) from None
        raise
    if unknown:
        raise UserError(_unknown(unknown[0], kind))
    return validated(kind, values)


def given(arguments: list[str], flag: str) -> str | None:
    """The value that `flag` has on the command line, before anything else is read of it."""
    value = None
    for position, word in enumerate(arguments):
        name, equals, rest = word.partition("=")
        if name.replace("_", "-") != flag:
            continue
        if equals:
            value = rest
        elif position + 1 < len(arguments):
            value = arguments[position + 1]
    return value


def _registry() -> ConstructorRegistry:
    """Rules by which tyro hands out what was typed, for pydantic to judge it."""
    registry = ConstructorRegistry()

    @registry.struct_rule
    def section(info) -> StructConstructorSpec | None:
        if not (isinstance(info.type, type) and issubclass(info.type, pydantic.BaseModel)):
            return None
        hints = typing.get_type_hints(info.type, include_extras=True)
        fields = tuple(
            StructFieldSpec(
                name=field.alias or name,
                type=hints[name],
                default=getattr(info.default, name),
                helptext=field.description,
            )
            for name, field in info.type.model_fields.items()
        )
        return StructConstructorSpec(instantiate=dict, fields=fields)

    @registry.primitive_rule
    def as_typed(info) -> PrimitiveConstructorSpec | None:
        if info.type in (int, float):
            return _typed(info.type.__name__.upper())
        if info.type_origin is typing.Literal:
            return _typed("{" + ",".join(map(str, typing.get_args(info.type))) + "}")
        if info.type_origin is dict:
            return PrimitiveConstructorSpec(
                nargs="*",
                metavar="KEY=VALUE ...",
                instance_from_str=_key_values,
                is_instance=lambda value: isinstance(value, dict),
                str_from_instance=lambda value: [f"{k}={v}" for k, v in value.items()],
            )
        return None

    return registry


def _typed(metavar: str) -> PrimitiveConstructorSpec:
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=metavar,
        instance_from_str=lambda words: words[0],
        is_instance=lambda value: True,
        str_from_instance=lambda value: [str(value)],
    )


def _key_values(words: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise ValueError(f"should be KEY=VALUE pairs like layers=2 heads=4, not {word!r}")
        try:
            found[key] = json.loads(value.lower() if value in ("True", "False") else value)
        except ValueError:
            found[key] = value
    return found


def _unknown(word: str, kind: type[pydantic.BaseModel]) -> str:
    if not word.startswith("-"):
        return f"{word!r} belongs to no flag; every setting is one, like --train.epochs 5."
    name = word.partition("=")[0]
    flags = ["--" + setting.replace("_", "-") for setting in settings(kind)]
    section, _, last = name.lstrip("-").replace("_", "-").rpartition(".")
    names = {flag: re.split(r"[.]|--", flag)[-1] for flag in flags}
    near = [
        flag
        for flag in flags
        if section
        and flag.startswith(f"--{section}.")
        and (names[flag].startswith(last) or last in names[flag].split("-"))
    ]
    near += [flag for flag in flags if names[flag] == last]
    if near:
        return f"There is no flag {name}: did you mean {near[0]}?"
    return f"There is no flag {name}{did_you_mean(name, flags, ': --help lists those there are.')}"


def _one_sentence(box: str) -> str:
    """What tyro says in a box: its first paragraph, without the frame."""
    lines = []
    for line in box.splitlines():
        text = line.strip("│ ")
        if re.fullmatch(r"[─╭╮╰╯ ]*", text) or text.startswith("╭"):
            if lines:
                break
        else:
            lines.append(text)
    sentence = " ".join(lines).removeprefix("Error parsing ")
    sentence = sentence.replace(": should", " should").replace(". Expected", ": expected")
    return sentence[:1].upper() + sentence[1:].rstrip(".") + "."
