"""The verb `predict`: texts in, answers out, one line for each, as a stream.

A thread reads the lines and the model takes whatever has arrived, so that a file goes through in
full batches while somebody typing gets each answer at once.
"""

from __future__ import annotations

import json
import math
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, TextIO

from data.errors import UserError

from .app import App, Prediction
from .config import merged
from .files import atomic_write
from .highlight import Words, marked, page, terminal, wants_colour
from .run_folder import RunFolder

BATCH = 1024
"""The most lines that are given to the model at once: many, so that it can put like lengths
together."""


def predict(
    app: App,
    run: RunFolder,
    lines: Iterable[str],
    sink: TextIO,
    *,
    as_json: bool = False,
    n_best: int = 1,
    explain: bool = False,
    html: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> None:
    """Answers every line, in order; an empty line is answered by an empty line.

    Args:
        lines: the texts, without line ends; read by a thread of its own.
        sink: where the answers go, one line each; flushed after each batch.
        as_json: write a JSON object a line (source, text, score) instead of the text. The score of
            an answer that the rules of decoding left none for is null.
        n_best: how many answers the JSON object lists, at most as many as the decoding keeps.
        explain: after the answer and a tab, write the text with the words marked that decided, in
            colour on a terminal; in the JSON object, list the words with their weights.
        html: a file for a page of all texts with their words in colour.
        overrides: dotted settings that differ from those of the run.

    Raises:
        UserError: the run has no trained model; a line is not UTF-8; `html` cannot be written.
    """
    config = merged(run.config(app.config), overrides or {})
    arrived = batches(lines)  # reads while the model is loaded
    respond = _responder(app, config, run, n_best, explained=explain or bool(html))
    mark = (terminal if wants_colour(sink) else marked) if explain else None
    entries: list[tuple[str, str, Words]] = []
    for batch in arrived:
        for source, answer in zip(batch, answers(respond, batch), strict=True):
            if as_json:
                sink.write(_as_json(source, answer, n_best, explain) + "\n")
            else:
                sink.write(_line(answer, mark) + "\n")
            if html and source.strip():
                entries.append((answer.text, f"{answer.score:.3f}", answer.words))
        sink.flush()
    if html:
        atomic_write(html, page(f"{app.name}: {run.name}", entries))


def _responder(
    app: App, config: Any, run: RunFolder, n_best: int, explained: bool
) -> Callable[[Sequence[str]], list[Prediction]]:
    """The function from texts to predictions, with the words of each if `explained`."""
    model = run.load_model()
    respond = app.predictor(config, run, model, n_best)
    if not explained:
        return respond
    explain = app.explainer(config, run, model)
    return lambda texts: explain(texts, respond(texts))


def answers(
    respond: Callable[[Sequence[str]], list[Prediction]], texts: Sequence[str]
) -> list[Prediction]:
    """What the model says to `texts`; blank texts never reach it."""
    asked = [text for text in texts if text.strip()]
    given = iter(respond(asked) if asked else [])
    return [next(given) if text.strip() else Prediction("", 0.0) for text in texts]


def _line(answer: Prediction, mark: Callable[[Words], str] | None) -> str:
    line = " ".join((answer.line or answer.text).splitlines())
    return f"{line}\t{mark(answer.words)}" if mark and answer.words else line


def _as_json(source: str, answer: Prediction, n_best: int, explain: bool) -> str:
    record: dict[str, Any] = {"source": source, "text": answer.text, "score": _number(answer.score)}
    if n_best > 1:
        record["n_best"] = [
            {"text": text, "score": _number(score)} for text, score in answer.alternatives[:n_best]
        ]
    if explain:
        record["words"] = [[word, float(weight)] for word, weight in answer.words]
    return json.dumps(record, ensure_ascii=False)


def _number(score: float) -> float | None:
    """The score, or None for one that JSON has no number for: minus infinity, say."""
    return score if math.isfinite(score) else None


def batches(lines: Iterable[str], size: int = BATCH) -> Iterator[list[str]]:
    """Groups `lines` into lists of what has arrived so far, at most `size` each.

    Reading begins at once. The iterator waits only while there is nothing at all; an error of
    `lines` is raised by it, after the lines before it.
    """
    arrived: queue.Queue[str | BaseException | None] = queue.Queue(maxsize=4 * size)
    closed = threading.Event()

    def read() -> None:
        end: BaseException | None = None
        try:
            for line in lines:
                _put(arrived, line, closed)
        except BaseException as error:  # it is raised again in the thread that asked
            end = error
        _put(arrived, end, closed)

    threading.Thread(target=read, daemon=True).start()
    return _grouped(arrived, closed, size)


def _grouped(arrived: queue.Queue, closed: threading.Event, size: int) -> Iterator[list[str]]:
    try:
        while True:
            found, end, ended = _take(arrived, size)
            if found:
                yield found
            if end is not None:
                raise end
            if ended:
                return
    finally:
        closed.set()


def _put(arrived: queue.Queue, item: Any, closed: threading.Event) -> None:
    while not closed.is_set():
        try:
            return arrived.put(item, timeout=0.5)
        except queue.Full:
            continue


def _take(arrived: queue.Queue, size: int) -> tuple[list[str], BaseException | None, bool]:
    """Lines, the error they ended with, and whether they ended."""
    found: list[str] = []
    item = arrived.get()
    while True:
        if not isinstance(item, str):
            return found, item, True
        found.append(item)
        if len(found) == size:
            return found, None, False
        try:
            item = arrived.get_nowait()
        except queue.Empty:
            return found, None, False


def read_lines(source: BinaryIO, name: str) -> Iterator[str]:
    """The lines of a binary stream as text, without their ends.

    Args:
        source: the stream.
        name: what to call it in an error.

    Raises:
        UserError: a line is not UTF-8.
    """
    for number, line in enumerate(source, start=1):
        try:
            yield line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise UserError(
                f"Line {number} of {name} is not UTF-8: convert it first, "
                "for example with `iconv -t utf-8`."
            ) from None
