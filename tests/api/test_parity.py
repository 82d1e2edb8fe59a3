"""Everything that the pages do, the API does: for each page that acts, the operation that does the same."""

import pytest

from admin.api.routes import operations
from tests.api.test_page_rights import PUBLIC, served

# Of the browser alone: the end of its session, what the Node-RED editor keeps of its own look, and the faults of settings
# while somebody types them (a PATCH that is refused has the same ones).
BROWSERS = {
    "POST /logout",
    "POST /studio/{campaign}/editor/settings/user",
    "POST /campaigns/{campaign}/settings/check",
}
C, CONTACT, SOURCE, UPLOAD = (
    "/campaigns/{campaign_id}",
    "/contacts/{contact_id}",
    "/sources/{source_id}",
    "/uploads/{upload_id}",
)
WEBHOOK, OFFER = "/webhooks/{webhook_id}", "/agent/preview/{offer_id}"
SAME = {
    "POST /account/password": ["PUT /account/password"],
    "POST /account/time-zone": ["PUT /account/time-zone"],
    "POST /account/sessions": ["DELETE /account/sessions"],
    "POST /agent": ["PUT /agent/preview"],
    "POST /agent/{offer}/{answer}": [f"POST {OFFER}/accept", f"POST {OFFER}/skip", f"POST {OFFER}/reject"],
    "POST /campaigns": ["POST /campaigns"],
    "POST /campaigns/{campaign}/clone": [f"GET {C}/clone", "POST /campaigns"],
    "POST /campaigns/{campaign}/settings": [f"PATCH {C}"],
    "POST /campaigns/{campaign}/publish": [f"POST {C}/publish"],
    "POST /campaigns/{campaign}/unpublish": [f"POST {C}/unpublish"],
    "POST /campaigns/{campaign}/end": [f"POST {C}/end"],
    "POST /campaigns/{campaign}/delete": [f"DELETE {C}"],
    "POST /campaigns/{campaign}/dry-run": [f"POST {C}/simulate"],
    "POST /campaigns/{campaign}/strategy": [f"PUT {C}/strategy/text"],
    "POST /campaigns/{campaign}/strategy/check": [f"POST {C}/strategy/text/check"],
    "POST /campaigns/{campaign}/strategy/steps": [f"PUT {C}/strategy"],
    "POST /studio/{campaign}/editor/flows": [f"PUT {C}/strategy/flow"],
    "POST /studio/{campaign}/editor/flows/check": [f"POST {C}/strategy/flow/check"],
    "POST /studio/{campaign}/editor/draft": [f"PUT {C}/strategy/draft"],
    "DELETE /studio/{campaign}/editor/draft": [f"DELETE {C}/strategy/draft"],
    "POST /campaigns/{campaign}/sources/key": [f"POST {C}/key"],
    "POST /campaigns/{campaign}/sources/filter": [f"POST {C}/sources/filter"],
    "POST /campaigns/{campaign}/sources/filter/preview": [f"POST {C}/sources/filter/preview"],
    "POST /campaigns/{campaign}/sources/{source}/remove": [f"DELETE {C}{SOURCE}"],
    "POST /campaigns/{campaign}/sources/{source}/cancel": [f"POST {C}{SOURCE}/cancel"],
    "POST /campaigns/{campaign}/uploads/{upload}": [f"POST {C}/uploads", f"POST {C}/sources"],
    "POST /campaigns/{campaign}/uploads/{upload}/preview": [f"POST {C}{UPLOAD}/preview"],
    "POST /campaigns/{campaign}/uploads/{upload}/discard": [f"DELETE {C}{UPLOAD}"],
    "POST /contacts/{contact}/edit": [f"PATCH {CONTACT}"],
    "POST /contacts/{contact}/delete": [f"DELETE {CONTACT}"],
    "POST /contacts/bulk": ["POST /contacts/bulk"],
    "POST /contact-fields": ["POST /contact-fields"],
    "POST /contact-fields/{name}": ["PATCH /contact-fields/{name}"],
    "POST /contact-fields/{name}/delete": ["DELETE /contact-fields/{name}"],
    "POST /do-not-contact": ["POST /do-not-contact"],
    "POST /do-not-contact/{entry}/remove": ["DELETE /do-not-contact/{entry_id}"],
    "POST /gateways/new/{kind}": ["POST /gateways"],
    "POST /gateways/{gateway}": ["PATCH /gateways/{gateway_id}"],
    "POST /gateways/{gateway}/delete": ["DELETE /gateways/{gateway_id}"],
    "POST /gateways/{gateway}/test": ["POST /gateways/{gateway_id}/test"],
    "POST /gateways/{gateway}/test/look": ["POST /gateways/{gateway_id}/test/look"],
    "POST /users": ["POST /users"],
    "POST /users/{user}": ["PATCH /users/{name}"],
    "POST /users/{user}/password": ["PATCH /users/{name}"],
    "POST /users/{user}/telephone": ["PUT /users/{name}/agent"],
    "POST /users/{user}/delete": ["DELETE /users/{name}"],
    "POST /tokens": ["POST /tokens"],
    "POST /tokens/{token}/revoke": ["DELETE /tokens/{token_id}"],
    "POST /webhooks/new": ["POST /webhooks"],
    "POST /webhooks/{webhook}": [f"PATCH {WEBHOOK}"],
    "POST /webhooks/{webhook}/delete": [f"DELETE {WEBHOOK}"],
    "POST /webhooks/{webhook}/secret": [f"POST {WEBHOOK}/secret"],
    "POST /webhooks/{webhook}/test": [f"POST {WEBHOOK}/test"],
    "POST /webhooks/{webhook}/deliveries/{delivery}/resend": [f"POST {WEBHOOK}/deliveries/{{delivery_id}}/resend"],
}


@pytest.mark.req("A1")
def test_everything_that_the_pages_do_the_api_does() -> None:
    acting = {route for route in served() if not route.startswith("GET ")} - PUBLIC - BROWSERS
    assert SAME.keys() == acting
    offered = {f"{one.method} {one.path}" for one in operations()}
    assert {one for same in SAME.values() for one in same} <= offered


@pytest.mark.req("A1")
def test_nothing_is_offered_to_programs_that_people_cannot_do() -> None:
    """But for what only programs need: checks and forms of a strategy beside those of the pages, and asking what is there."""
    for_programs = {
        f"POST {C}/contacts",
        f"POST {C}/strategy/check",
        f"POST {C}/sources/preview",
        "DELETE /do-not-contact",
    }
    acting = {f"{one.method} {one.path}" for one in operations() if one.method != "GET"}
    assert acting - {one for same in SAME.values() for one in same} == for_programs
