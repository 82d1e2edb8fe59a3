"""Texts after they were sent: the operator accepts them, delivers them or does not, and some are replied to."""

from collections.abc import Callable
from functools import lru_cache

from dialer.simulation.agenda import Agenda
from dialer.simulation.assumptions import Assumptions
from dialer.simulation.people import SUBMIT_S, Behaviour, Person
from dialer.simulation.tally import Tally
from dialer.strategy.effects import RequestSms
from dialer.strategy.events import Event, MessageChanged, Replied, RequestKey
from sms.text import TextTooLongError, segments


class Operator:
    """`news` is told what becomes of a text."""

    def __init__(
        self, assumed: Assumptions, agenda: Agenda, tally: Tally, news: Callable[[Person, Event], None]
    ) -> None:
        self._assumed, self._agenda, self._tally, self._news = assumed, agenda, tally, news
        self._behaviour = Behaviour(assumed)

    def send(self, person: Person, request: RequestSms) -> int:
        """How many segments it has; 0 if it is too long to be sent."""
        parts = segments_of(request.text)
        if not parts:
            self._news(person, MessageChanged(request.key, "failed"))
            return 0
        now = self._agenda.now
        person.texts += 1
        self._tally.text(now, parts)
        self._later(SUBMIT_S, person, request.key, "submitted")
        delivery_s = self._behaviour.delivery_s(person)
        if delivery_s is None:
            self._later(SUBMIT_S + self._assumed.delivery_s, person, request.key, "undelivered")
            return parts
        self._later(SUBMIT_S + delivery_s, person, request.key, "delivered")
        reply_s = self._behaviour.reply_s(person)
        if reply_s is not None:
            self._agenda.push(now + SUBMIT_S + delivery_s + reply_s, self._replied, person, ending=True)
        return parts

    def _later(self, seconds: float, person: Person, key: RequestKey, status: str) -> None:
        self._agenda.push(self._agenda.now + seconds, self._changed, person, (key, status), ending=True)

    def _changed(self, person: Person, news: tuple[RequestKey, str]) -> None:
        key, status = news
        if status == "delivered":
            person.reached = True
            self._tally.delivered += 1
        self._news(person, MessageChanged(key, status))

    def _replied(self, person: Person, _data: None) -> None:
        self._tally.replies += 1
        self._news(person, Replied(self._assumed.reply_text))


@lru_cache(maxsize=1024)
def segments_of(text: str) -> int:
    try:
        return segments(text).segments
    except TextTooLongError:
        return 0
