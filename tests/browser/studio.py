"""Hands for the Node-RED editor in the studio: drag a step, wire it, edit it, deploy."""

import re
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Frame, FrameLocator, Locator, Page, expect

from tests.browser.patience import patient
from tests.browser.test_contact import picture

__all__ = ["Studio", "picture"]


@dataclass
class Studio:
    page: Page

    @property
    def editor(self) -> FrameLocator:
        return self.page.frame_locator("iframe.studio-editor")

    @property
    def deploy_button(self) -> Locator:
        return self.editor.locator("#red-ui-header-button-deploy")

    @property
    def frame(self) -> Frame:
        return next(frame for frame in self.page.frames if "/editor/" in frame.url)

    async def beside(self) -> "Studio":
        """Another window of the same person."""
        context = self.page.context
        assert context.browser is not None
        address = self.page.url.partition("/studio")[0]
        state = await context.storage_state()
        return Studio(await patient(await context.browser.new_page(base_url=address, storage_state=state)))

    async def open(self, campaign: int) -> None:
        await self.page.goto(f"/studio/{campaign}")
        await self.ready()

    async def ready(self) -> None:
        await expect(self.editor.locator("#red-ui-header-toolbar")).to_be_visible()  # 3 MB of scripts
        await expect(self.node("in")).to_be_visible()

    def node(self, node_id: str) -> Locator:
        return self.editor.locator(f'[id="{node_id}"]')

    async def drag(self, step: str, x: float, y: float, prefix: str = "campaign-") -> str:
        """Drop a step from the palette on the canvas; its id. Node-RED's own types have no prefix."""
        step = prefix + step
        before = await self.ids(step)
        target = self.editor.locator("#red-ui-workspace-chart")
        await self.editor.locator(f'[data-palette-type="{step}"]').drag_to(target, target_position={"x": x, "y": y})
        await expect(self.editor.locator(".red-ui-flow-node-group")).not_to_have_count(0)
        (new,) = set(await self.ids(step)) - set(before)
        return new

    async def ids(self, type_: str) -> list[str]:
        found: list[str] = await self.frame.evaluate(
            "type => RED.nodes.filterNodes({ type }).map((node) => node.id)", type_
        )
        return found

    async def fields(self, node_id: str) -> dict[str, Any]:
        """What the editor would send of a node."""
        sent: dict[str, Any] = await self.frame.evaluate("id => RED.nodes.convertNode(RED.nodes.node(id))", node_id)
        return sent

    async def wire(self, source: str, port: int, target: str) -> None:
        """By hand: from a way out of one node to the way in of another."""
        start = await _middle(self.node(source).locator(".red-ui-flow-port-output .red-ui-flow-port").nth(port))
        goal = await _middle(self.node(target).locator(".red-ui-flow-port-input .red-ui-flow-port").first)
        mouse = self.page.mouse
        await mouse.move(*start)
        await mouse.down()
        await mouse.move((start[0] + goal[0]) / 2, (start[1] + goal[1]) / 2, steps=6)
        await mouse.move(*goal, steps=6)
        await mouse.up()

    async def edit(self, node_id: str) -> None:
        """Open a node's dialog."""
        await self.node(node_id).locator(".red-ui-flow-node").first.dblclick(force=True)
        await expect(self.editor.locator("#node-dialog-ok")).to_be_visible()

    def field(self, name: str) -> Locator:
        return self.editor.locator(f"#studio-{name}")

    def fault(self, name: str) -> Locator:
        return self.editor.locator(f'[data-field="{name}"] .studio-fault')

    async def done(self) -> None:
        await self.editor.locator("#node-dialog-ok").click()
        await expect(self.editor.locator("#node-dialog-ok")).to_have_count(0)

    async def deploy(self) -> None:
        await expect(self.editor.locator("#red-ui-header-shade")).to_be_hidden()
        await self.deploy_button.click()

    async def deployed(self) -> None:
        async with self.page.expect_response(
            lambda one: one.url.endswith("/flows") and one.request.method == "POST"
        ) as sent:
            await self.deploy()
        assert (await sent.value).status == 200
        await expect(self.editor.get_by_text("Successfully deployed").last).to_be_visible()
        await expect(self.deploy_button).to_have_class(re.compile(r"\bdisabled\b"))


async def _middle(place: Locator) -> tuple[float, float]:
    box = await place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
