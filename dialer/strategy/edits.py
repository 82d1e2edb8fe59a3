"""What a new version of a strategy changes for who stands at a step of an older one."""

from dialer.strategy.model import Node, Strategy


def next_step_changes(old: Strategy, new: Strategy, node_id: str) -> bool:
    """Whether a contact at this step of `old` that goes over to `new` at its next step may meet another step than before."""
    node = old.by_id.get(node_id)
    if node is None:
        return False
    same = _same(new, node)
    return any(
        _meaning(old, node.out.get(port)) != _meaning(new, _target(node, same, port)) for port in _ports(node, same)
    )


def _same(new: Strategy, node: Node) -> Node | None:
    found = new.by_id.get(node.id)
    return found if found is not None and found.type == node.type else None


def _ports(node: Node, same: Node | None) -> set[str]:
    return {*node.out, *(same.out if same else ())}


def _target(node: Node, same: Node | None, port: str) -> str | None:
    """A step that is gone is left by its own wire."""
    return (same or node).out.get(port)


def _meaning(strategy: Strategy, node_id: str | None) -> object:
    node = strategy.by_id.get(node_id) if node_id else None
    return None if node is None else node.meaning() | {"out": None}
