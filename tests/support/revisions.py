"""A migration as a module: its name begins with a digit, so that `import` does not know it."""

import importlib.util
from types import ModuleType

from dialer.store.migrate import MIGRATIONS


def revision(name: str) -> ModuleType:
    """`name` as the file's, without its ending."""
    spec = importlib.util.spec_from_file_location("revision", MIGRATIONS / "versions" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
