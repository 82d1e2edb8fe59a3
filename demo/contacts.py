"""Writes demo/contacts.csv: 60 people of the lab's world, with names and with every behaviour among them."""

import csv
from pathlib import Path

from asterisk.lab.numbers import Callee, number

FIRST = ("Ada", "Ben", "Chloé", "Dmitri", "Emine", "Farid", "Grace", "Hugo", "Inés", "Jonas", "Keiko", "Lars")
LAST = ("Lovelace", "Okafor", "Dupont", "Petrov", "Yılmaz")
MIX = (
    Callee.TALK, Callee.BUSY, Callee.ANSWER, Callee.TALK, Callee.NO_ANSWER, Callee.ANSWER,
    Callee.REJECTED, Callee.TALK, Callee.INVALID, Callee.SLOW, Callee.SHORT, Callee.CONGESTION,
)  # fmt: skip
ZONES = ("America/New_York", "America/Chicago", "")
FILE = Path(__file__).parent / "contacts.csv"


def main() -> None:
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["first_name", "last_name", "phone", "time_zone", "plan"])
        for n in range(60):
            behaviour = MIX[n % len(MIX)]
            first, last = FIRST[n % len(FIRST)], LAST[n // len(FIRST)]
            writer.writerow([first, last, number(behaviour, n), ZONES[n % len(ZONES)], ("basic", "plus")[n % 2]])


if __name__ == "__main__":
    main()
