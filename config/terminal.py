"""What is printed where not every character can be shown: in a locale without UTF-8."""

import io
import sys


def show_all() -> None:
    """What stdout has no character for is written as its code point, as Python does it on stderr, and ends no command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
