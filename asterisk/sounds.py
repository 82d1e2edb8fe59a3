"""Sounds made of tones, as μ-law at 8,000 samples a second: what the lab's people say and hear, and a message to start with."""

import math
from collections.abc import Iterable
from pathlib import Path

RATE = 8000
_BIAS, _CLIP = 0x84, 32_635


def tone(hz: float, seconds: float, level: float = 0.3) -> bytes:
    """A sine of that level (1 is the loudest), faded in and out over 10 ms so that it does not click."""
    samples = round(RATE * seconds)
    fade = max(1, min(RATE // 100, samples // 2))
    return bytes(
        _mu_law(int(32_767 * level * min(1, n / fade, (samples - n) / fade) * math.sin(2 * math.pi * hz * n / RATE)))
        for n in range(samples)
    )


def silence(seconds: float) -> bytes:
    return b"\xff" * round(RATE * seconds)


def words(lengths: Iterable[float], pause_s: float = 0.12) -> bytes:
    """Something like speech: a syllable of each length in seconds, with short pauses between them."""
    syllables = [tone(220 + 60 * (n % 3), length) for n, length in enumerate(lengths)]
    return silence(pause_s).join(syllables)


def three_tones() -> bytes:
    """A second that nobody takes for a person: what is played until a message with name and number is recorded."""
    return b"".join(tone(hz, 1 / 3) for hz in (950, 1400, 1800))


def write(path: Path, sound: bytes) -> None:
    """`path` ends in `.ulaw`; Asterisk is told it without the ending."""
    path.write_bytes(sound)


def _mu_law(sample: int) -> int:
    """One sample of 16 bits as ITU-T G.711 has it."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF
