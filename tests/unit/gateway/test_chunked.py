"""Chunks, however they are cut, and whatever they are."""

from __future__ import annotations

import itertools

from atoll.gateway.chunked import ChunkedDecoder
from atoll.gateway.http1 import Refused
from hypothesis import given, settings
from hypothesis import strategies as st


def decode(raw: bytes, cuts: list[int]) -> tuple[bytes, bytes, bool]:
    decoder = ChunkedDecoder()
    body = rest = b""
    places = [0, *sorted({cut % (len(raw) + 1) for cut in cuts}), len(raw)]
    for start, end in itertools.pairwise(places):
        if decoder.done:
            rest += raw[start:end]
        else:
            piece, rest = decoder.feed(raw[start:end])
            body += piece
    return body, rest, decoder.done


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=6),
    extension=st.sampled_from([b"", b";a", b" ; a=b", b';a="b c"', b";"]),
    trailers=st.sampled_from([b"", b"X: y\r\n", b"X: y\r\nZ:\r\n"]),
    rest=st.binary(max_size=10),
    cuts=st.lists(st.integers(0, 500), max_size=12),
)
def test_round_trip(chunks: list[bytes], extension: bytes, trailers: bytes, rest: bytes, cuts: list[int]) -> None:
    raw = b"".join(b"%X%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
    raw += b"000%b\r\n%b\r\n%b" % (extension, trailers, rest)
    assert decode(raw, cuts) == (b"".join(chunks), rest, True)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(raw=st.text(alphabet="0123456789aAfFgG;= \r\n\t-x", max_size=60), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_nonsense_is_refused_or_waits_whichever_way_it_is_cut(raw: str, cuts: list[int]) -> None:
    def outcome(cuts: list[int]) -> object:
        try:
            return decode(raw.encode(), cuts)
        except Refused as refused:
            return refused.status

    assert outcome(cuts) == outcome([])
