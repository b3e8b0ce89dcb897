"""Which requests the server serves, which it refuses, and what it makes of them."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

END = b"HTTP/1.1\r\nHost: end\r\nConnection: close\r\n\r\n"


def last(path: bytes = b"/end") -> bytes:
    return b"GET " + path + b" " + END


def answers(raw: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Splits whole answers, each with a Content-Length."""
    found = []
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers.get("content-length", "0"))
        found.append((int(status.split(" ")[1]), headers, raw[:length]))
        raw = raw[length:]
    return found


SERVED = {
    "plain": (b"GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", ["GET", "/a", "b=c", {"host": "h"}, ""]),
    "question marks": (b"GET /a?b?c HTTP/1.1\r\nHost: h\r\n\r\n", ["GET", "/a", "b?c", {"host": "h"}, ""]),
    "escapes stay": (
        b"GET /a%2Fb%3F?%20+ HTTP/1.1\r\nHost: h\r\n\r\n",
        ["GET", "/a%2Fb%3F", "%20+", {"host": "h"}, ""],
    ),
    "names in lower case": (
        b"GET / HTTP/1.1\r\nHOST: h\r\nX-Amz-Target: A.B\r\n\r\n",
        ["GET", "/", "", {"host": "h", "x-amz-target": "A.B"}, ""],
    ),
    "repeated header": (
        b"GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\nX-A:3\r\n\r\n",
        ["GET", "/", "", {"host": "h", "x-a": "1, 2, 3"}, ""],
    ),
    "blanks around values": (
        b"GET / HTTP/1.1\r\nHost:  \th \t \r\nX:\r\n\r\n",
        ["GET", "/", "", {"host": "h", "x": ""}, ""],
    ),
    "latin-1 value": (
        b"GET / HTTP/1.1\r\nHost: h\r\nX: \xe9\x85\r\n\r\n",
        ["GET", "/", "", {"host": "h", "x": "\xe9\x85"}, ""],
    ),
    "length": (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        ["POST", "/", "", {"host": "h", "content-length": "3"}, "abc"],
    ),
    "length with blanks": (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3 \r\n\r\nabc",
        ["POST", "/", "", {"host": "h", "content-length": "3"}, "abc"],
    ),
    "length zero": (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
        ["POST", "/", "", {"host": "h", "content-length": "0"}, ""],
    ),
    "chunks": (
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n",
        ["POST", "/", "", {"host": "h", "transfer-encoding": "Chunked"}, "abcd"],
    ),
    "trailers": (
        b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0A\r\n0123456789\r\n0\r\nX: y\r\nZ: 1\r\n\r\n",
        ["PUT", "/", "", {"host": "h", "transfer-encoding": "chunked"}, "0123456789"],
    ),
    "absolute form": (
        b"GET http://real:4566/a?b HTTP/1.1\r\nHost: other\r\n\r\n",
        ["GET", "/a", "b", {"host": "real:4566"}, ""],
    ),
    "absolute form, no path": (
        b"GET HTTP://real?b HTTP/1.1\r\nHost: other\r\n\r\n",
        ["GET", "/", "b", {"host": "real"}, ""],
    ),
    "IPv6": (
        b"GET / HTTP/1.1\r\nHost: [::ffff:127.0.0.1]:4566\r\n\r\n",
        ["GET", "/", "", {"host": "[::ffff:127.0.0.1]:4566"}, ""],
    ),
    "bucket in Host": (
        b"GET / HTTP/1.1\r\nHost: my_bucket.s3.localhost:\r\n\r\n",
        ["GET", "/", "", {"host": "my_bucket.s3.localhost:"}, ""],
    ),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", ["OPTIONS", "*", "", {"host": "h"}, ""]),
    "empty lines ahead": (b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", ["GET", "/", "", {"host": "h"}, ""]),
    "offer of HTTP/2": (
        b"POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab",
        ["POST", "/", "", {"host": "h", "connection": "Upgrade", "upgrade": "h2c", "content-length": "2"}, "ab"],
    ),
    "kept HTTP/1.0": (
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        ["GET", "/", "", {"connection": "keep-alive"}, ""],
    ),
}


@pytest.mark.parametrize("name", SERVED)
def test_served(name: str, ask: Any, echo: Any) -> None:
    """The next request on the connection shows that the server knows where this one ended."""
    raw, seen = SERVED[name]
    first, second = answers(ask(echo, raw + last()))
    assert first[0] == 200
    assert json.loads(first[2]) == seen
    assert second[0] == 200
    assert json.loads(second[2])[1] == "/end"


@pytest.mark.parametrize("name", SERVED)
def test_served_byte_by_byte(name: str, serving: Any, run: Any, echo: Any) -> None:
    """Straight into the protocol: the way that a stream is cut must never matter."""
    raw, seen = SERVED[name]
    for at in range(1, len(raw)):
        assert next(r[2] for r in feed(run, echo, raw[:at], raw[at:] + last())) == json.dumps(seen).encode()
    single = feed(run, echo, *(bytes([byte]) for byte in raw + last()))
    assert json.loads(single[0][2]) == seen
    assert len(single) == 2


POST = b"POST / HTTP/1.1\r\nHost: h\r\n"
REFUSED = {
    "length beside chunks": (400, POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunks beside length": (400, POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    "length twice": (400, POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    "two lengths": (400, POST + b"Content-Length: 3\r\ncontent-length: 4\r\n\r\nabcd"),
    "list of lengths": (400, POST + b"Content-Length: 3, 3\r\n\r\nabc"),
    "signed length": (400, POST + b"Content-Length: +3\r\n\r\nabc"),
    "negative length": (400, POST + b"Content-Length: -3\r\n\r\nabc"),
    "hexadecimal length": (400, POST + b"Content-Length: 0x3\r\n\r\nabc"),
    "length with underscore": (400, POST + b"Content-Length: 1_0\r\n\r\n0123456789"),
    "empty length": (400, POST + b"Content-Length:\r\n\r\nabc"),
    "length beyond 64 bits": (400, POST + b"Content-Length: 99999999999999999999999\r\n\r\n"),
    "large length": (413, POST + b"Content-Length: 9999999999\r\n\r\n"),
    "unknown coding": (400, POST + b"Transfer-Encoding: gzip\r\n\r\n"),
    "coding before chunked": (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "chunked twice": (400, POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunked not last": (400, POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    "coding in disguise": (400, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "coding after a tab": (400, POST + b"Transfer-Encoding:\tchunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
    "coding in HTTP/1.0": (400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunk of no size": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n\r\nabc"),
    "chunk of bad size": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n3g\r\nabc\r\n0\r\n\r\n"),
    "chunk of negative size": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n"),
    "chunk of 0x size": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"),
    "chunk of huge size": (400, POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc"),
    "chunk ended by LF": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"),
    "chunk longer than its size": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
    "chunk's data ended by LF": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n"),
    "bare CR in an extension": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n3;a\rb\r\nabc\r\n0\r\n\r\n"),
    "bad trailer": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n"),
    "chunks above the limit": (
        413,
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"40000\r\n" + b"x" * 0x40000 + b"\r\n0\r\n\r\n",
    ),
    "folded header": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"),
    "folded by tab": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n"),
    "space in a name": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX y: a\r\n\r\n"),
    "space after a name": (400, POST + b"Content-Length : 3\r\n\r\nabc"),
    "space before a name": (400, b"GET / HTTP/1.1\r\n Host: h\r\n\r\n"),
    "no name": (400, b"GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n"),
    "no colon": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n"),
    "umlaut in a name": (400, b"GET / HTTP/1.1\r\nHost: h\r\n\xe4: a\r\n\r\n"),
    "bare LF": (400, b"GET / HTTP/1.1\nHost: h\n\n"),
    "bare LF in the headers": (400, b"GET / HTTP/1.1\r\nHost: h\nX: a\r\n\r\n"),
    "bare LF at the end": (400, b"GET / HTTP/1.1\r\nHost: h\r\n\n"),
    "bare CR": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"),
    "NUL": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"),
    "control character": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x01b\r\n\r\n"),
    "DEL": (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x7fb\r\n\r\n"),
    "no Host": (400, b"GET / HTTP/1.1\r\nX: a\r\n\r\n"),
    "two Hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    "half of a literal in Host": (400, b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    "no literal in Host": (400, b"GET / HTTP/1.1\r\nHost: [:::::]\r\n\r\n"),
    "no port in Host": (400, b"GET / HTTP/1.1\r\nHost: h:x\r\n\r\n"),
    "endless port in Host": (400, b"GET / HTTP/1.1\r\nHost: h:" + b"9" * 5000 + b"\r\n\r\n"),
    "port beyond the last in Host": (400, b"GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n"),
    "path in Host": (400, b"GET / HTTP/1.1\r\nHost: h/a?b\r\n\r\n"),
    "user in Host": (400, b"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n"),
    "blank in Host": (400, b"GET / HTTP/1.1\r\nHost: h i\r\n\r\n"),
    "umlaut in Host": (400, b"GET / HTTP/1.1\r\nHost: \xe4\r\n\r\n"),
    "no host in the target": (400, b"GET http://[::1/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    "HTTP/2's preface": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/2.0": (505, b"GET / HTTP/2.0\r\nHost: h\r\n\r\n"),
    "HTTP/0.9": (400, b"GET /\r\n\r\n"),
    "HTTP/1.2": (400, b"GET / HTTP/1.2\r\nHost: h\r\n\r\n"),
    "another protocol": (505, b"OPTIONS / RTSP/1.0\r\nHost: h\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "method unknown": (400, b"FOO / HTTP/1.1\r\nHost: h\r\n\r\n"),
    "method in lower case": (400, b"get / HTTP/1.1\r\nHost: h\r\n\r\n"),
    "CONNECT": (400, b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "no target": (400, b"GET  HTTP/1.1\r\nHost: h\r\n\r\n"),
    "two spaces": (400, b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n"),
    "space in the target": (400, b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"),
    "target not a path": (400, b"GET a HTTP/1.1\r\nHost: h\r\n\r\n"),
    "target of another scheme": (400, b"GET ftp://a/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    "target without host": (400, b"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n"),
    "asterisk for another method": (400, b"GET * HTTP/1.1\r\nHost: h\r\n\r\n"),
    "space after the version": (400, b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n"),
    "unknown expectation": (417, POST + b"Expect: miracles\r\nContent-Length: 3\r\n\r\nabc"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, ask: Any, echo: Any) -> None:
    """Refused, and what follows on the connection is not taken for a request."""
    status, raw = REFUSED[name]
    echo.plan.limit = 0x3FFFF
    (answer,) = answers(ask(echo, raw + last(b"/smuggled")))
    assert answer[0] == status
    assert answer[1]["connection"] == "close"
    assert echo.requests == []
    # Once: a refused client is told nothing more, and the app knows whose body it was, where there is one.
    assert [refused for _, refused in echo.refused] == [status]
    assert echo.refused[0][0] == ("/" if echo.admitted or name == "unknown expectation" else None)


def feed(run: Any, echo: Any, *pieces: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """The answers of a connection without a socket, to pieces that arrive one by one."""
    import asyncio

    from atoll.gateway.connection import Connection
    from atoll.gateway.server import Server

    class Transport(asyncio.Transport):
        written = b""

        def write(self, data: Any) -> None:
            self.written += data

        def close(self) -> None:
            pass

        def can_write_eof(self) -> bool:
            return False

    async def play() -> bytes:
        transport = Transport()
        connection = Connection(Server(echo))
        connection.connection_made(transport)
        for piece in pieces:
            connection.data_received(piece)
        connection.connection_lost(None)
        return transport.written

    return answers(run(play()))


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.sampled_from(sorted(set(SERVED) - {"empty lines ahead"})), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_pipelined_requests_cut_anywhere(names: list[str], cuts: list[int], run: Any, echo: Any) -> None:
    raw = b"".join(SERVED[name][0] for name in names)
    places = sorted({0, len(raw), *(cut % len(raw) for cut in cuts)})
    got = feed(run, echo, *(raw[a:b] for a, b in itertools.pairwise(places)))
    assert [json.loads(body) for _, _, body in got] == [SERVED[name][1] for name in names]


def test_thousands_of_pipelined_requests(run: Any, echo: Any) -> None:
    """Neither recursion nor squares: the chunked ones are served from within one piece of data as well."""
    one = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" + POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
    assert len(feed(run, echo, one * 3000)) == 6000
