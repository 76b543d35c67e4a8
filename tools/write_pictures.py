"""Take the pictures of the README: each lab in JupyterLab, in the light and in the dark theme.

    python tools/write_pictures.py              all of them, into docs/pictures
    python tools/write_pictures.py FaultMap     one lab

It starts `lifecycle lab` on a throw-away desk and opens it in Chromium, as the browser tests do. So it needs
the extra `test`, and Chromium on the path or named in `LIFECYCLE_CHROMIUM`.
"""

import argparse
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent
PICTURES = COURSE / "docs" / "pictures"
THEMES = ("light", "dark")
WIDTH, HEIGHT = 1040, 1600
SCALE = 1.5
COLOURS = 256
"""A lab has few colours: a palette keeps them and makes the file a third of its size."""

sys.path.append(str(COURSE / "tests" / "browser"))


def failureLab(lab):
    """Three records have arrived, the chain is suspended, and Normalise will fail at its next pull."""
    from labs import shown

    box = shown(lab, "from lessons import FailureLab\nFailureLab()")
    box.get_by_role("button", name="Open the parts").click()
    for _ in range(3):
        box.get_by_role("button", name="Step one pull").click()
    # A bolt moves with its card, so a click that comes before the last drawing may miss it.
    box.get_by_text("accepted by the sink 3").wait_for()
    box.get_by_role("button", name="Strike Normalise", exact=True).click()
    box.get_by_role("img", name="armed").wait_for()
    return box


def faultMap(lab):
    """All places at which the course's pipeline can fail have been tried, without and with the context."""
    from labs import shown

    box = shown(lab, "from lessons import FaultMap\nFaultMap()").first
    box.get_by_role("img", name="fault points leak").wait_for()
    return box


LABS = {"FailureLab": failureLab, "FaultMap": faultMap}


def take(names, folder):
    """Write the light and the dark picture of each lab into `folder`; return their paths."""
    from harness import Server, browse, started
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    server = Server()
    try:
        server.wait()
        with sync_playwright() as playwright, started(playwright, SCALE) as browser:
            for name in names:
                with browse(browser, server, WIDTH, HEIGHT) as lab:
                    paths += pictures(lab, name, folder)
    finally:
        server.stop()
    return paths


def pictures(lab, name, folder):
    """Bring one lab into its state, and take a picture of it in each theme."""
    from PIL import Image

    box = LABS[name](lab)
    lab.command("application:toggle-left-area")
    lab.wait_idle()
    for theme in THEMES:
        lab.theme(theme)
        # A control under the mouse looks different.
        lab.page.mouse.move(0, 0)
        path = folder / f"{name.lower()}-{theme}.png"
        box.screenshot(path=path, animations="disabled")
        few = Image.open(path).convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE, kmeans=3)
        few.save(path, optimize=True)
        yield path


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("labs", nargs="*", metavar="LAB", help=f"default: {' '.join(LABS)}")
    parser.add_argument(
        "--into", type=Path, default=PICTURES, metavar="FOLDER", help="default: docs/pictures"
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.labs if name not in LABS]
    if unknown:
        parser.error(f"there is no picture of {', '.join(unknown)}: choose from {', '.join(LABS)}")
    for path in take(options.labs or LABS, options.into):
        print(f"{path.name}: {path.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
