"""Compares the day table on standard input with PyPI's chinesecalendar, day by day.

    cargo run -q -p calendar --example days | python services/calendar/tests/oracle/chinesecalendar.py

Exits with 1 on a difference, on a day that is missing or doubled, and on a line that cannot be read.
"""

import sys
from datetime import date, timedelta

import chinese_calendar

FIRST, LAST = date(2016, 1, 1), date(2026, 12, 31)
WORDS = {"work": True, "off": False}


def main() -> int:
    wrong = 0
    expected = FIRST
    for line in sys.stdin:
        try:
            day, word = line.split()
            day, work = date.fromisoformat(day), WORDS[word]
        except (ValueError, KeyError):
            print(f"cannot read: {line.rstrip()}")
            return 1
        if day != expected:
            print(f"expected {expected}, read {day}")
            return 1
        if work != chinese_calendar.is_workday(day):
            print(f"{day}: we say {word}, chinesecalendar does not")
            wrong += 1
        expected += timedelta(days=1)
    if expected != LAST + timedelta(days=1):
        print(f"the table ends before {expected}, expected {LAST} to be its last day")
        return 1
    days = (LAST - FIRST).days + 1
    print(f"{days} days compared with chinesecalendar, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
