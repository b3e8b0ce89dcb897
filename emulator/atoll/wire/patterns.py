"""Whether a value matches a pattern of a model, in a time that grows with its length and never faster.

Patterns with at most one repetition go to `re`. Of the others some make a backtracking matcher take exponential time
(`[a-z](?:-?[a-z0-9]+)*`, RDS's), so they are run as automata, whose states are made as values come.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache

from atoll.wire.characters import ALL, Ranges
from atoll.wire.java_regex import Chars, Choice, Edge, Look, Node, Repeat, Sequence, Unsupported, parse

Matcher = Callable[[str], object]
"""Answers with something true where all of the value matches."""

_MAX_POSITIONS = 10_000
"""Of an automaton: `\\w{1,1024}` has 1,024."""
_MAX_TRANSITIONS = 2_000
"""Kept of an automaton; when there are more it starts anew."""
_MAX_WORK = 3_000_000
"""Positions times characters. What would take more is let pass: by its length it is wrong anyway."""
_MAX_BACKTRACKS = 100_000_000
"""Ways to split a value among repetitions one after the other. Of a pattern that looks ahead there is no automaton, so
that values are let pass whose length would allow for more."""


@cache
def matcher(pattern: str) -> Matcher | None:
    """What tells whether all of a value matches; None for the few patterns that it cannot be told of."""
    try:
        node = parse(pattern)
        if _repetitions(node) <= 1:
            return _backtracking(node, None)
        if _is_regular(node):
            return _Automaton(node).matches
        return _backtracking(node, int(_MAX_BACKTRACKS ** (1 / _repetitions(node)))) if _depth(node) <= 1 else None
    except Unsupported:
        return None


def _backtracking(node: Node, longest: int | None) -> Matcher:
    match = re.compile(_python(node), re.DOTALL).fullmatch
    if longest is None:
        return match
    return lambda value: len(value) > longest or match(value)


def _inner(node: Node) -> tuple[Node, ...]:
    match node:
        case Sequence(items) | Choice(items):
            return items
        case Repeat(item) | Look(_, item):
            return (item,)
    return ()


def _is_wide(node: Node) -> bool:
    """Whether it is a repetition that may stop at more than two places."""
    return isinstance(node, Repeat) and (node.most is None or node.most - node.least > 1)


def _repetitions(node: Node) -> int:
    return sum(map(_repetitions, _inner(node))) + _is_wide(node)


def _depth(node: Node) -> int:
    return max(map(_depth, _inner(node)), default=0) + _is_wide(node)


def _is_regular(node: Node) -> bool:
    return not isinstance(node, Look) and all(map(_is_regular, _inner(node)))


def _python(node: Node) -> str:
    match node:
        case Chars(ranges):
            return _python_class(ranges)
        case Sequence(items):
            return "".join(map(_python, items))
        case Choice(items):
            return f"(?:{'|'.join(map(_python, items))})"
        case Repeat(item, least, most):
            return f"(?:{_python(item)}){{{least},{'' if most is None else most}}}"
        case Edge(start):
            return r"\A" if start else r"\Z"
        case Look(kind, item):
            try:
                re.compile(f"(?{kind}{_python(item)})")
            except re.error:
                raise Unsupported("looking behind for what has no fixed length") from None
            return f"(?{kind}{_python(item)})"


def _python_class(ranges: Ranges) -> str:
    if ranges == ALL:
        return "."
    if not ranges:
        return r"[^\s\S]"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return re.escape(chr(ranges[0][0]))
    return "[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges) + "]"


class _State(dict[str, "_State"]):
    """A state of the automaton: the positions that it may be at, and where each character leads that has come."""

    __slots__ = ("accepts", "positions")

    def __init__(self, positions: tuple[int, ...], accepts: bool) -> None:
        super().__init__()
        self.positions = positions
        self.accepts = accepts


class _Automaton:
    """Thompson's construction: a position either reads a character or goes on to others without.

    https://swtch.com/~rsc/regexp/regexp1.html
    """

    def __init__(self, node: Node) -> None:
        self._reads: list[tuple[list[int], list[int]] | None] = []
        self._next: list[list[int]] = []
        self._edges: dict[int, bool] = {}
        self._end = self._position()
        start = self._build(node, self._end)
        self._start = self._closure([start], at_start=True)
        self._states: dict[tuple[int, ...], _State] = {}
        self._transitions = 0
        self._initial = self._state(self._start, empty=True)

    def matches(self, value: str) -> bool:
        if len(value) * len(self._next) > _MAX_WORK:
            return True
        state = self._initial
        for char in value:
            following = state.get(char)
            if following is None:
                following = self._step(state, char)
            state = following
            if not state.positions:
                return False
        return state.accepts

    def _position(self, *following: int) -> int:
        if len(self._next) >= _MAX_POSITIONS:
            raise Unsupported("too large")
        self._next.append(list(following))
        self._reads.append(None)
        return len(self._next) - 1

    def _build(self, node: Node, then: int) -> int:
        """Adds what matches `node` and goes on to `then`; returns where it starts."""
        match node:
            case Chars(ranges):
                at = self._position(then)
                self._reads[at] = [low for low, _ in ranges], [high for _, high in ranges]
                return at
            case Sequence(items):
                for item in reversed(items):
                    then = self._build(item, then)
                return then
            case Choice(items):
                return self._position(*[self._build(item, then) for item in items])
            case Edge(start):
                at = self._position(then)
                self._edges[at] = start
                return at
            case Repeat(item, least, most):
                return self._repeat(item, least, most, then)
        raise Unsupported("no automaton looks ahead")

    def _repeat(self, item: Node, least: int, most: int | None, then: int) -> int:
        if most is None:
            loop = self._position(then)
            self._next[loop].append(self._build(item, loop))
            at = loop
        else:
            at = then
            for _ in range(most - least):
                at = self._position(then, self._build(item, at))
        for _ in range(least):
            at = self._build(item, at)
        return at

    def _closure(self, positions: list[int], *, at_start: bool = False, at_end: bool = False) -> tuple[int, ...]:
        """All that is reached from `positions` without a character."""
        seen = set(positions)
        pending = list(positions)
        while pending:
            at = pending.pop()
            if self._reads[at] is not None:
                continue
            edge = self._edges.get(at)
            if edge is not None and not (at_start if edge else at_end):
                continue
            for following in self._next[at]:
                if following not in seen:
                    seen.add(following)
                    pending.append(following)
        # What is left to wait at: characters, edges that may come, the end.
        return tuple(sorted(at for at in seen if self._waits(at)))

    def _waits(self, at: int) -> bool:
        return self._reads[at] is not None or at in self._edges or at == self._end

    def _state(self, positions: tuple[int, ...], *, empty: bool = False) -> _State:
        state = self._states.get(positions)
        if state is None:
            ended = self._closure(list(positions), at_start=empty, at_end=True)
            state = _State(positions, self._end in ended)
            if not empty:
                self._states[positions] = state
        return state

    def _step(self, state: _State, char: str) -> _State:
        code = ord(char)
        following = self._state(self._closure(list(self._after(state, code))))
        self._transitions += 1
        if self._transitions > _MAX_TRANSITIONS:
            self._transitions = 0
            self._states.clear()
            self._initial = self._state(self._start, empty=True)
        else:
            state[char] = following
        return following

    def _after(self, state: _State, code: int) -> Iterator[int]:
        for at in state.positions:
            reads = self._reads[at]
            if reads is not None:
                lows, highs = reads
                index = bisect_right(lows, code) - 1
                if index >= 0 and code <= highs[index]:
                    yield from self._next[at]
