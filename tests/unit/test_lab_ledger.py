from datetime import UTC, datetime
from pathlib import Path

from asterisk.lab.ledger import Placed, parse, read_ledger

BOOK = """\
1000.000001|invite|1.0|+12125550101|+13035550000
1000.500000|invite|1.1|+12125550111|
1001.000000|answer|1.0|+12125550101|+13035550000
1001.250000|end|1.1|+12125550111|
"""


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_a_call_is_put_together_from_its_lines():
    assert parse(BOOK) == [
        Placed(at(1000.000001), "+12125550101", "+13035550000", "1.0", answered_at=at(1001)),
        Placed(at(1000.5), "+12125550111", "", "1.1", ended_at=at(1001.25)),
    ]


def test_a_line_still_being_written_is_left_out():
    assert parse(BOOK + "1002.0|invite|1.2|+1212") == parse(BOOK)


def test_no_file_is_no_calls(tmp_path: Path):
    assert read_ledger(tmp_path / "ledger.log") == []
