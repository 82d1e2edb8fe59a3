"""What the web edge decides without a server: throttling, local addresses, rights, faults as problems."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel, ValidationError

from admin.auth import local_path, may
from admin.errors import of_domain, of_validation
from admin.keys import Identity
from admin.rights import right_for
from admin.throttle import ADDRESS_FAILURES, FAILURES, MAX_PAIRS, PERIOD, LoginThrottle
from dialer.domain.errors import Fault, IllegalTransition, Incomplete, InvalidInput, NotFound, StaleEdit
from dialer.operations.gateways import InUse
from dialer.operations.users import Right

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.req("A2")
def test_logins_are_throttled_by_name_and_address() -> None:
    throttle = LoginThrottle()
    for number in range(FAILURES):
        assert throttle.wait_s("ann", "1.2.3.4", NOON + timedelta(seconds=number)) == 0
        throttle.failed("ann", "1.2.3.4", NOON + timedelta(seconds=number))
    later = NOON + timedelta(seconds=60)
    assert throttle.wait_s("ann", "1.2.3.4", later) == PERIOD.total_seconds() - 60
    assert throttle.wait_s("ann", "5.6.7.8", later) == 0
    assert throttle.wait_s("bob", "1.2.3.4", later) == 0
    assert throttle.wait_s("ann", "1.2.3.4", NOON + PERIOD) == 0
    throttle.succeeded("ann", "1.2.3.4")
    assert throttle.wait_s("ann", "1.2.3.4", later) == 0


def test_the_throttle_is_bounded() -> None:
    throttle = LoginThrottle()
    for number in range(2 * MAX_PAIRS):
        throttle.failed(f"name {number}", "1.2.3.4", NOON)
    assert len(throttle._failed) == 3 * MAX_PAIRS
    for _ in range(100):
        throttle.failed("ann", "1.2.3.4", NOON)
    assert len(throttle._failed["pair", "ann", "1.2.3.4"]) == ADDRESS_FAILURES


@pytest.mark.parametrize("path", ["/", "/campaigns/5?tab=contacts", "/a//b"])
def test_a_local_path_stays(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:x",
        "evil",
        "/a\r\nb",
        "/\t/evil",
    ],
)
def test_anything_else_leads_home(path: str | None) -> None:
    assert local_path(path) == "/"


def test_an_unknown_role_may_nothing() -> None:
    assert not any(may(Identity("x", "king"), right) for right in Right)


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "/campaigns/1/publish", Right.READ),
        ("POST", "/campaigns/1/publish", Right.OPERATE),
        ("POST", "/campaigns/1/unpublish/", Right.OPERATE),
        ("POST", "/campaigns/1/end", Right.WRITE),
        ("POST", "/api/v1/campaigns/1/strategy/check", Right.READ),
        ("PUT", "/api/v1/campaigns/1/strategy", Right.WRITE),
        ("BREW", "/campaigns", Right.WRITE),
        ("DELETE", "/api/v1/contact-fields/check", Right.WRITE),
        ("POST", "/gateways/check", Right.WRITE),
    ],
)
def test_what_a_call_needs(method: str, path: str, right: Right) -> None:
    assert right_for(method, path) is right


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInput([Fault("a", "b")]), 422),
        (Incomplete([Fault("a", "b")]), 422),
        (NotFound("campaign", 5), 404),
        (IllegalTransition("campaign", "ended", "published"), 409),
        (StaleEdit("campaign", 5), 409),
        (InUse("carrier", ["Spring"] * 20), 409),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    problem = of_domain(error)
    assert problem.status == status
    assert len(problem.errors) == (1 if status == 422 else 0)


def test_an_invalid_field_is_named_and_its_value_is_not() -> None:
    class Model(BaseModel):
        password: int

    with pytest.raises(ValidationError) as raised:
        Model.model_validate({"password": "s3cret"})
    problem = of_validation(raised.value)
    assert [fault.field for fault in problem.errors] == ["password"]
    assert "s3cret" not in str(problem)
