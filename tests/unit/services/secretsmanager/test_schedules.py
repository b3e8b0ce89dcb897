"""Rates, cron expressions and windows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from atoll.services.secretsmanager.schedules import read_rules

TUESDAY = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "duration", "start", "end"),
    [
        ("rate(1 day)", None, "2023-11-15 00:00:00", "2023-11-15 23:59:59"),
        ("rate(10 days)", "3h", "2023-11-24 00:00:00", "2023-11-24 02:59:59"),
        ("rate(4 hours)", None, "2023-11-15 02:00:00", "2023-11-15 02:59:59"),
        ("rate(12 hours)", "2h", "2023-11-15 10:00:00", "2023-11-15 11:59:59"),
        ("cron(0 8 * * ? *)", None, "2023-11-15 08:00:00", "2023-11-15 23:59:59"),
        ("cron(0 23 * * ? *)", "1h", "2023-11-14 23:00:00", "2023-11-14 23:59:59"),
        ("cron(0 4/12 * * ? *)", None, "2023-11-15 04:00:00", "2023-11-15 04:59:59"),
        ("cron(0 /8 * * ? *)", None, "2023-11-15 00:00:00", "2023-11-15 00:59:59"),
        ("cron(0 2/10 * * ? *)", "2h", "2023-11-15 02:00:00", "2023-11-15 03:59:59"),
        ("cron(0 1 ? 1/3 SUN#1 *)", None, "2024-01-07 01:00:00", "2024-01-07 23:59:59"),
        ("cron(0 0 ? * SUNL *)", None, "2023-11-26 00:00:00", "2023-11-26 23:59:59"),
        ("cron(0 0 1 * ? *)", None, "2023-12-01 00:00:00", "2023-12-01 23:59:59"),
        ("cron(0 16 L * ? *)", None, "2023-11-30 16:00:00", "2023-11-30 23:59:59"),
        ("cron(0 0 29 2 ? *)", None, "2024-02-29 00:00:00", "2024-02-29 23:59:59"),
        ("cron(0 12 ? * SUN *)", None, "2023-11-19 12:00:00", "2023-11-19 23:59:59"),
        ("cron(0 0 ? * MON-FRI *)", None, "2023-11-15 00:00:00", "2023-11-15 23:59:59"),
        ("cron(0 0 ? * SUN#1 *)", None, "2023-12-03 00:00:00", "2023-12-03 23:59:59"),
        ("cron(0 0 ? * 6L *)", None, "2023-11-24 00:00:00", "2023-11-24 23:59:59"),
        ("cron(0 0 1 JAN,JUL ? *)", None, "2024-01-01 00:00:00", "2024-01-01 23:59:59"),
        ("cron(0 8 1/14 * ? *)", None, "2023-11-15 08:00:00", "2023-11-15 23:59:59"),
        ("cron(0 0 1 */3 ? *)", None, "2024-01-01 00:00:00", "2024-01-01 23:59:59"),
    ],
)
def test_the_next_window(expression: str, duration: str | None, start: str, end: str) -> None:
    schedule = read_rules({"ScheduleExpression": expression, "Duration": duration})
    assert schedule is not None
    window = schedule.next_window(TUESDAY)
    assert [f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}" for moment in window] == [start, end]
    assert schedule.by_rate == expression.startswith("rate")


def test_windows_follow_each_other() -> None:
    schedule = read_rules({"ScheduleExpression": "cron(0 8/8 * * ? *)"})
    assert schedule is not None
    moment, found = TUESDAY, []
    for _ in range(4):
        moment = schedule.next_window(moment).start
        found.append(f"{datetime.fromtimestamp(moment, UTC):%d %H}")
    assert found == ["15 08", "15 16", "16 08", "16 16"]


def test_rules_without_a_schedule() -> None:
    assert read_rules({}) is None
    assert read_rules({"Duration": "3h"}) is None
