"""Prometheus metrics of one application, in a registry of its own."""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge

from dialer.operations.reports import Counts

LINK_UP = "up"
# A voice gateway is up with the link to Asterisk; an SMS gateway while it is bound, also when it is told to slow down.
GATEWAY_UP = frozenset({LINK_UP, "bound", "throttled"})


class Metrics:
    """Requests are counted as they come; the rest is set from the store and the live picture when it is asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "dialer_http_requests", "Requests answered", ("route", "method", "status"), registry=self.registry
        )
        self._attempts = self._gauge("dialer_attempts", "Attempts in the store by outcome", "outcome")
        self._messages = self._gauge("dialer_messages", "Texts in the store by status", "status")
        self._texts = self._gauge(
            "dialer_sms_texts",
            "Texts in the store by gateway and status: by the final receipt (delivered, undelivered, expired, rejected), or before it",
            "gateway",
            "status",
        )
        self._agents = self._gauge("dialer_agents_free", "Agents proven free", "queue")
        self._calls = self._gauge("dialer_calls_in_flight", "Calls that are under way")
        self._link = self._gauge("dialer_asterisk_link_up", "1 while the link to Asterisk is up")
        self._webhooks = self._counter("dialer_webhooks", "Webhooks by what came of them", "result")
        self._deliveries = self._counter(
            "dialer_event_deliveries", "Events sent to webhooks by what came of them", "result"
        )
        self._events_waiting = self._gauge("dialer_event_deliveries_waiting", "Events that are to be sent to webhooks")
        self._breakers = self._gauge("dialer_gateway_breaker_open", "1 while the trunk fails and is probed", "gateway")
        self._caps = self._gauge(
            "dialer_gateway_calls_today", "Calls of the day, of a cap's prefix", "gateway", "prefix"
        )
        self._minutes = self._gauge(
            "dialer_gateway_minutes_today", "Minutes of calls of the day, where they have a cap", "gateway"
        )
        self._counted: dict[tuple[str, ...], int] = {}
        self._segments = self._counter(
            "dialer_sms_segments",
            "Segments by what the SMSC answered: accepted, refused, throttled, unknown",
            "gateway",
            "result",
        )
        self._refusals = self._counter("dialer_sms_refused", "Refused segments by error", "gateway", "error", "kind")
        self._incoming = self._counter(
            "dialer_sms_incoming", "What the SMSC delivered: receipts, replies, unreadable", "gateway", "kind"
        )
        self._binds = self._gauge("dialer_sms_binds_bound", "Binds that are bound", "gateway")
        self._in_flight = self._gauge("dialer_sms_in_flight", "Segments without an answer", "gateway")
        self._replies = self._gauge("dialer_replies", "Replies in the store: stop, other", "kind")
        self._gateways = self._gauge("dialer_gateway_up", "1 while the gateway is up", "gateway", "kind")
        self._abandonment = self._gauge(
            "dialer_abandonment_percent", "Abandoned, of the calls that people answered in 30 days", "campaign"
        )
        self._abandonment_limit = self._gauge(
            "dialer_abandonment_limit_percent", "What the campaign allows of it", "campaign"
        )

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def answered(self, request: web.Request, status: int) -> None:
        """By the route's pattern, so that ids make no series of their own."""
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "unknown"
        self._requests.labels(route, _method(request.method), str(status)).inc()

    def collect(
        self,
        counts: Counts,
        live: Mapping[str, Any] | None,
        texts: Mapping[str, Mapping[str, Any]],
    ) -> CollectorRegistry:
        """`live`: see engine/live.py; `texts`: of each SMS gateway that runs, see engine/gateway_view.py."""
        self._count_stored(counts)
        snapshot = live or {}
        self._link.set(snapshot.get("link", {}).get("state") == LINK_UP)
        self._calls.set(len(snapshot.get("calls", ())))
        self._set_agents(snapshot.get("queues", ()))
        self._set_gateways(snapshot.get("gateways", ()))
        self._set_abandonment(snapshot.get("campaigns", ()))
        self._count_webhooks(snapshot.get("webhooks", {}))
        self._count_deliveries(snapshot.get("deliveries", {}))
        self._count_texts(texts)
        return self.registry

    def _count_stored(self, counts: Counts) -> None:
        by_status: Tally[str] = Tally()
        self._texts.clear()
        for gateway, statuses in counts.messages.items():
            by_status.update(statuses)
            for status, number in statuses.items():
                self._texts.labels(gateway, status).set(number)
        stored = ((self._attempts, counts.attempts), (self._messages, by_status), (self._replies, counts.replies))
        for gauge, numbers in stored:
            gauge.clear()
            for label, number in numbers.items():
                gauge.labels(label).set(number)

    def _set_agents(self, queues: Iterable[Mapping[str, Any]]) -> None:
        self._agents.clear()
        for queue in queues:
            self._agents.labels(queue["name"]).set(queue["free"])

    def _set_gateways(self, gateways: Iterable[Mapping[str, Any]]) -> None:
        self._gateways.clear()
        self._breakers.clear()
        self._caps.clear()
        self._minutes.clear()
        for gateway in gateways:
            for cap in gateway.get("caps", ()):
                self._caps.labels(gateway["id"], cap["prefix"]).set(cap["calls"])
            if gateway.get("minutes"):
                self._minutes.labels(gateway["id"]).set(gateway["minutes"]["lasted"])
            if "breaker" in gateway:
                self._breakers.labels(gateway["id"]).set(gateway["breaker"] != "closed")
            self._gateways.labels(gateway["id"], gateway["kind"]).set(gateway["state"] in GATEWAY_UP)

    def _set_abandonment(self, campaigns: Iterable[Mapping[str, Any]]) -> None:
        self._abandonment.clear()
        self._abandonment_limit.clear()
        for campaign in campaigns:
            if meter := campaign.get("abandonment"):
                self._abandonment.labels(str(campaign["id"])).set(meter["rate_percent"])
                self._abandonment_limit.labels(str(campaign["id"])).set(meter["limit_percent"])

    def _count_webhooks(self, counts: Mapping[str, int]) -> None:
        for result in ("answered", "failed"):
            self._grow(self._webhooks, counts.get(result, 0), result)

    def _count_deliveries(self, counts: Mapping[str, int]) -> None:
        for result in ("delivered", "failed"):
            self._grow(self._deliveries, counts.get(result, 0), result)
        self._events_waiting.set(counts.get("waiting", 0))

    def _count_texts(self, texts: Mapping[str, Mapping[str, Any]]) -> None:
        self._binds.clear()
        self._in_flight.clear()
        for name, one in texts.items():
            for result in ("accepted", "refused", "throttled", "unknown"):
                self._grow(self._segments, one["counts"][result], name, result)
            for kind in ("receipts", "replies", "unreadable"):
                self._grow(self._incoming, one["counts"][kind], name, kind)
            for error in one["errors"]:
                self._grow(self._refusals, error["count"], name, error["name"], error["kind"])
            self._binds.labels(name).set(sum(bind["bound"] for bind in one["binds"]))
            self._in_flight.labels(name).set(sum(bind["in_flight"] for bind in one["binds"]))

    def _grow(self, counter: Counter, total: int, *labels: str) -> None:
        """The engine counts; this adds what came since it was asked last. An edited gateway begins again at zero."""
        key = (str(counter), *labels)
        before = self._counted.get(key, 0)
        counter.labels(*labels).inc(total - before if total >= before else total)
        self._counted[key] = total


METRICS = web.AppKey("metrics", Metrics)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _method(method: str) -> str:
    """Anybody may invent a method; it shall not become a series."""
    return method if method in _METHODS else "other"
