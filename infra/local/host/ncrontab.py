"""NCRONTAB, the schedules of timer triggers: six fields, seconds first, all of them must match."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra.local.host.errors import Refused
from infra.local.host.values import is_span, span_seconds

_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("second", 0, 59, {}),
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),  # Sunday is 0; NCRONTAB has no 7
)
_HORIZON = timedelta(days=366 * 8)
"""29 February comes back within eight years (1896-1904, 2096-2104); what has not matched by then never will."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A parsed NCRONTAB expression: the values each field may take."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def after(self, moment: datetime) -> datetime:
        """The first occurrence strictly after a moment (UTC).

        Unlike Unix cron, day and weekday must *both* match.

        >>> parse_schedule("0 0 12 13 * fri", "").after(datetime(2026, 1, 1, tzinfo=UTC)).isoformat()
        '2026-02-13T12:00:00+00:00'
        """
        at = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        end = at + _HORIZON
        while at < end:
            midnight = at.replace(hour=0, minute=0, second=0)
            if at.month not in self.months:
                at = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
            elif at.day not in self.days or at.isoweekday() % 7 not in self.weekdays:
                at = midnight + timedelta(days=1)
            elif at.hour not in self.hours:
                at = at.replace(minute=0, second=0) + timedelta(hours=1)
            elif at.minute not in self.minutes:
                at = at.replace(second=0) + timedelta(minutes=1)
            elif at.second not in self.seconds:
                at += timedelta(seconds=1)
            else:
                return at
        raise ValueError("this schedule has no occurrence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A schedule written as a time span: so long after the last run."""

    seconds: float

    def after(self, moment: datetime) -> datetime:
        """The moment one span later."""
        return moment + timedelta(seconds=self.seconds)


Schedule = Cron | Every


def parse_schedule(text: str, where: str) -> Schedule:
    """Read a schedule: `sec min hour day month weekday`, five fields (seconds 0), or `hh:mm:ss`.

    Raises
    ------
    Refused
        When it cannot be read or never occurs; `where` says which function is to blame.
    """
    if is_span(text):
        seconds = span_seconds(text, where)
        if seconds <= 0:
            raise Refused([f"{where}: expected a span longer than nothing, got {text!r}."])
        return Every(seconds=seconds)
    parts = text.split()
    if len(parts) == 5:
        parts = ["0", *parts]
    if len(parts) != 6:
        raise Refused(
            [f"{where}: expected six fields (second minute hour day month weekday) or hh:mm:ss, got {text!r}."]
        )
    try:
        sets = [_field(part, *field) for part, field in zip(parts, _FIELDS, strict=True)]
        names = ("seconds", "minutes", "hours", "days", "months", "weekdays")
        cron = Cron(**dict(zip(names, sets, strict=True)))
        cron.after(datetime(2000, 1, 1, tzinfo=UTC))
    except ValueError as error:
        raise Refused([f"{where}: cannot read the schedule {text!r}: {error}."]) from error
    return cron


def _field(text: str, name: str, low: int, high: int, words: dict[str, int]) -> frozenset[int]:
    values: set[int] = set()
    for item in text.split(","):
        span, slash, step_text = item.partition("/")
        step = int(step_text) if slash else 1
        if span == "*":
            first, last = low, high
        elif "-" in span:
            left, _, right = span.partition("-")
            first, last = _number(left, words), _number(right, words)
        else:
            first = _number(span, words)
            last = high if slash else first
        if step < 1 or not low <= first <= last <= high:
            raise ValueError(f"{name} takes {low} to {high}, got {item!r}")
        values.update(range(first, last + 1, step))
    return frozenset(values)


def _number(text: str, words: dict[str, int]) -> int:
    """A number, or a day or month by its English name or its first three letters."""
    known = words.get(text[:3].lower())
    if known is not None and text.isalpha():
        return known
    if not text.isdecimal():
        raise ValueError(f"expected a number, got {text!r}")
    return int(text)
