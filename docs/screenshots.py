"""`make screenshots`: renews docs/images from a browser test, so that no picture shows what the pages do not."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent / "images"
TEST = "tests/browser/test_documentation.py"
#: The images, which the test calls `docs-…`.
IMAGES = ("campaign", "live", "studio", "readiness", "contact")


def main() -> None:
    """Ends with pytest's exit code; images are replaced only if the test has passed."""
    with tempfile.TemporaryDirectory() as taken:
        run = [sys.executable, "-m", "pytest", "-n", "0", "-q", TEST]
        code = subprocess.run(run, env={**os.environ, "TEST_PICTURES": taken}, check=False).returncode  # noqa: S603  (ours)
        if code:
            sys.exit(code)
        for image in IMAGES:
            shutil.copyfile(Path(taken) / f"docs-{image}.png", FOLDER / f"{image}.png")
    print(f"{len(IMAGES)} images in {FOLDER}: look at them before you commit them")  # noqa: T201  (a command)


if __name__ == "__main__":
    main()
