"""Schedules of timer triggers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from infra.local.host.errors import Refused
from infra.local.host.ncrontab import Cron, Every, parse_schedule


def occurrences(text: str, start: datetime, count: int) -> list[str]:
    schedule, found = parse_schedule(text, "schedule"), []
    for _ in range(count):
        start = schedule.after(start)
        found.append(start.strftime("%Y-%m-%d %H:%M:%S"))
    return found


START = datetime(2026, 11, 20, 16, 0, 0, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/10 * * * * *", ["2026-11-20 16:00:10", "2026-11-20 16:00:20", "2026-11-20 16:00:30"]),
        ("0 */5 * * * *", ["2026-11-20 16:05:00", "2026-11-20 16:10:00", "2026-11-20 16:15:00"]),
        ("0 30 9 * * 1-5", ["2026-11-23 09:30:00", "2026-11-24 09:30:00", "2026-11-25 09:30:00"]),
        ("0 30 9 * Jan Mon", ["2027-01-04 09:30:00", "2027-01-11 09:30:00", "2027-01-18 09:30:00"]),
        ("0 0 0 * january,december sunday", ["2026-12-06 00:00:00", "2026-12-13 00:00:00", "2026-12-20 00:00:00"]),
        ("0 0 0 13 * 5", ["2027-08-13 00:00:00", "2028-10-13 00:00:00", "2029-04-13 00:00:00"]),
        ("0 0 12 29 2 *", ["2028-02-29 12:00:00", "2032-02-29 12:00:00", "2036-02-29 12:00:00"]),
        ("5/20 0,30 8-9 1 * *", ["2026-12-01 08:00:05", "2026-12-01 08:00:25", "2026-12-01 08:00:45"]),
        ("15 10 * * *", ["2026-11-21 10:15:00", "2026-11-22 10:15:00", "2026-11-23 10:15:00"]),
    ],
)
def test_occurrences_follow_the_expression(text: str, expected: list[str]) -> None:
    assert occurrences(text, START, 3) == expected


def test_day_and_weekday_must_both_match() -> None:
    """Unix cron would fire on every Friday and on every 13th."""
    cron = parse_schedule("0 0 0 13 * fri", "schedule")
    assert isinstance(cron, Cron)
    day = START
    for _ in range(5):
        day = cron.after(day)
        assert (day.day, day.strftime("%a")) == (13, "Fri")


def test_an_occurrence_is_strictly_later_and_in_utc() -> None:
    cron = parse_schedule("0 0 * * * *", "schedule")
    assert cron.after(START) == START + timedelta(hours=1)
    assert cron.after(START - timedelta(microseconds=1)) == START
    elsewhere = START.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert cron.after(elsewhere) == START + timedelta(hours=1)


def test_a_span_counts_from_the_last_run() -> None:
    assert parse_schedule("01:30:00", "schedule") == Every(seconds=5400)
    assert parse_schedule("1.00:00:00", "schedule").after(START) == START + timedelta(days=1)


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "* * * * * * *", "60 * * * * *", "* * 24 * * *", "* * * 0 * *", "* * * * 13 *", "* * * * * 7",
     "*/0 * * * * *", "5-1 * * * * *", "x * * * * *", "* * * * foo *", "0 0 0 30 2 *", "00:00:00", "25:00:00"],
)  # fmt: skip
def test_a_schedule_that_makes_no_sense_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_schedule(text, "Function tick")
    assert repr(text) in str(caught.value)
    assert str(caught.value).startswith("Function tick")
