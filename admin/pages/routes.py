"""Every page and where it is found."""

from collections.abc import Iterable

from aiohttp import web

from admin.pages import (
    assets,
    campaign,
    campaigns,
    contact,
    contact_edit,
    contact_fields,
    contacts,
    do_not_contact,
    gateways,
    live,
    login,
    source_ways,
    sources,
    strategy,
    uploads,
)

ONE = r"/campaigns/{campaign:\d{1,18}}"
SOURCE = r"{source:\d{1,18}}"
CONTACT = r"/contacts/{contact:\d{1,18}}"
UPLOAD = r"uploads/{upload:[A-Za-z0-9_-]{8,64}}"


def routes() -> Iterable[web.AbstractRouteDef]:
    return [
        web.get("/", campaigns.home),
        web.get("/login", login.show),
        web.post("/login", login.enter),
        web.post("/logout", login.leave),
        web.get("/campaigns", campaigns.index),
        web.post("/campaigns", campaigns.create),
        web.get(ONE, campaign.show),
        web.get(f"{ONE}/live", live.campaign_stream),
        web.get(f"{ONE}/settings", campaign.settings),
        web.post(f"{ONE}/settings", campaign.save),
        web.post(f"{ONE}/settings/check", campaign.check),
        web.get(f"{ONE}/clone", campaign.clone),
        web.post(f"{ONE}/clone", campaign.save_clone),
        web.post(f"{ONE}/publish", campaigns.publish),
        web.post(f"{ONE}/unpublish", campaigns.unpublish),
        web.post(f"{ONE}/end", campaigns.end),
        web.get(f"{ONE}/contacts", contacts.index),
        web.get("/contacts", contacts.everybody),
        web.get(ONE + CONTACT, contact.show),
        web.get(f"{ONE}{CONTACT}/why-not", contact.why),
        web.get(f"{ONE}{CONTACT}/live", live.contact_stream),
        web.get(CONTACT, contact.show_anywhere),
        web.get(r"/contacts/{contact:\d{1,18}}/edit", contact_edit.show),
        web.post(r"/contacts/{contact:\d{1,18}}/edit", contact_edit.save),
        web.post(r"/contacts/{contact:\d{1,18}}/delete", contact_edit.remove),
        web.post("/contacts/bulk", contact_edit.several),
        web.get("/contact-fields", contact_fields.index),
        web.post("/contact-fields", contact_fields.create),
        web.get("/contact-fields/{name}", contact_fields.show),
        web.post("/contact-fields/{name}", contact_fields.save),
        web.post("/contact-fields/{name}/delete", contact_fields.remove),
        web.get("/do-not-contact", do_not_contact.index),
        web.post("/do-not-contact", do_not_contact.add),
        web.post(r"/do-not-contact/{entry:\d{1,18}}/remove", do_not_contact.remove),
        web.get(f"{ONE}/sources", sources.index),
        web.get(f"{ONE}/sources/key", source_ways.show_key),
        web.post(f"{ONE}/sources/key", source_ways.renew_key),
        web.post(f"{ONE}/sources/filter", source_ways.add_filter),
        web.post(f"{ONE}/sources/filter/preview", source_ways.preview_filter),
        web.get(f"{ONE}/sources/{SOURCE}/removal", sources.removal_dialog),
        web.post(f"{ONE}/sources/{SOURCE}/remove", sources.remove),
        web.post(f"{ONE}/sources/{SOURCE}/cancel", sources.cancel),
        web.get(f"{ONE}/uploads", uploads.listing),
        web.get(f"{ONE}/{UPLOAD}", uploads.show),
        web.post(f"{ONE}/{UPLOAD}", uploads.take),
        web.get(f"{ONE}/{UPLOAD}/look", uploads.look),
        web.post(f"{ONE}/{UPLOAD}/preview", uploads.look_again),
        web.post(f"{ONE}/{UPLOAD}/discard", uploads.discard),
        web.get(f"{ONE}/strategy", strategy.show),
        web.post(f"{ONE}/strategy", strategy.save),
        web.post(f"{ONE}/strategy/check", strategy.check),
        web.get("/live", live.board),
        web.get("/live/stream", live.board_stream),
        web.get("/gateways", gateways.index),
        web.get("/gateways/new/{kind}", gateways.new),
        web.post("/gateways/new/{kind}", gateways.create),
        web.get("/gateways/{gateway}", gateways.show),
        web.post("/gateways/{gateway}", gateways.save),
        web.post("/gateways/{gateway}/delete", gateways.remove),
        web.get("/static/{name:.+}", assets.serve),
        web.get("/favicon.ico", assets.favicon),
    ]
