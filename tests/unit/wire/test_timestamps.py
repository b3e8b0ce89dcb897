from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from atoll.wire import timestamps

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.000Z",
        "2026-01-02T04:04:05+01:00",
        "2026-01-02T03:04:05",
        "20260102T030405Z",
        "Fri, 02 Jan 2026 03:04:05 GMT",
        "02 Jan 2026 03:04:05 UTC",
        "Fri, 02 Jan 2026 01:34:05 -0130",
        "1767323045",
        "1767323045.0",
        "1.767323045E9",
    ],
)
def test_read(text: str) -> None:
    assert timestamps.read_text(text) == MOMENT


def test_read_fractions() -> None:
    expected = MOMENT + timedelta(milliseconds=456)
    for text in ("2026-01-02T03:04:05.456Z", "Fri, 02 Jan 2026 03:04:05.456 GMT", "1767323045.456"):
        assert timestamps.read_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-13-02T03:04:05Z",
        "Fri, 02 Foo 2026 03:04:05 GMT",
        "Fri, 32 Jan 2026 03:04:05 GMT",
        "9" * 15,
        "0001-01-01T00:00:00+23:59",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Fri, 02 Jan 2026 03:04:05 +9999",
        "1e99",
    ],
)
def test_read_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError):
        timestamps.read_text(text)


@pytest.mark.parametrize(
    "moment",
    [MOMENT, MOMENT.replace(tzinfo=None), MOMENT.astimezone(timezone(timedelta(hours=5))), 1767323045, 1767323045.0],
)
def test_write(moment: timestamps.Moment) -> None:
    assert timestamps.write_iso8601(moment) == "2026-01-02T03:04:05Z"
    assert timestamps.write_http_date(moment) == "Fri, 02 Jan 2026 03:04:05 GMT"
    assert timestamps.write_seconds(moment) == 1767323045
    assert isinstance(timestamps.write_seconds(moment), int)


def test_write_fractions() -> None:
    moment = MOMENT + timedelta(microseconds=456_700)
    assert timestamps.write_iso8601(moment) == "2026-01-02T03:04:05.456Z"
    assert timestamps.write_http_date(moment) == "Fri, 02 Jan 2026 03:04:05 GMT"
    assert timestamps.write_seconds(moment) == 1767323045.457
    assert timestamps.text_writer("unixTimestamp")(moment) == "1767323045.457"
    assert timestamps.write_iso8601(MOMENT + timedelta(microseconds=9)) == "2026-01-02T03:04:05Z"
