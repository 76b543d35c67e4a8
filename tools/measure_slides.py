"""Measure the slides of a lesson in Chromium, with all their cells run, and print those that do not fit.

    .venv/bin/python tools/measure_slides.py 01                        a projector of 1280 by 720
    .venv/bin/python tools/measure_slides.py 01 03 --size 1920x1080    two lessons, another projector
    .venv/bin/python tools/measure_slides.py 01 --size all --shots build/slides    three sizes, and pictures

A slide is named by the id of its first cell. "over" is by how many pixels it is higher than the screen. The
table also names these faults:

    letters that are too small: text needs 1/32 of the screen's height, code 1/40, anything else 1/45
    content that is cut off, scrolls or wraps (code of up to 72 columns must not wrap)
    a slide without a heading

With --all the table has every slide. It takes about a minute for each lesson. The exit code is 1 if a slide
does not fit.
"""

import argparse
import sys
import time
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(COURSE / "tests/browser"))

SIZES = ("1280x720", "1280x800", "1920x1080")


def main():
    options = parsed()
    # Imported late, so that --help needs no browser.
    from harness import Server, chromium, started
    from playwright.sync_api import sync_playwright

    if not chromium():
        sys.exit("There is no Chromium here: install it, or name it in LIFECYCLE_CHROMIUM.")
    sizes = SIZES if options.size == "all" else (options.size,)
    server = Server(command="present")
    wrong = 0
    try:
        server.wait()
        with sync_playwright() as playwright, started(playwright) as browser:
            for lesson in options.lessons:
                wrong += measure(browser, server, lesson, sizes, options)
    finally:
        server.stop()
    return int(wrong > 0)


def measure(browser, server, lesson, sizes, options):
    """Print the tables of one lesson and return how many slides do not fit."""
    from measuring import measured, pictures, presenting, run_everything, used, vote

    screens = [tuple(map(int, size.split("x"))) for size in sizes]
    begun = time.monotonic()
    wrong = 0
    with presenting(browser, server, f"notebooks/{lesson.name}", screens[0]) as lab:
        if options.dark:
            lab.theme("dark")
        if options.votes:
            vote(lab)
        run_everything(lab)
        for size, (width, height) in zip(sizes, screens, strict=True):
            lab.page.set_viewport_size({"width": width, "height": height})
            found = measured(lab)
            if options.shots:
                pictures(lab, options.shots / f"{lesson.stem[:2]}-{size}{'-dark' * options.dark}")
            bad = [slide for slide in found if slide.faults]
            high = sum(slide.over > 0 for slide in found)
            print(f"\n{lesson.stem} at {size}:", end=" ")
            print(f"{len(bad)} of {len(found)} slides do not fit, {high} are too high")
            for slide in found if options.all else bad:
                show(slide)
            wrong += len(bad)
        for (width, height), slide in used(lab, screens) if options.used else ():
            if options.all or slide.faults:
                show(slide, f"at {width}x{height}")
            wrong += bool(slide.faults)
    print(f"({time.monotonic() - begun:.0f} s)", flush=True)
    return wrong


def show(slide, *lines):
    """Print the row of a slide, these lines and its faults."""
    print(f"{slide.number:4}  {slide.first:24} {slide.height:5} px  over {slide.over:4}")
    for line in (*lines, *slide.faults):
        print(f"        {line}")


def parsed():
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("lessons", nargs="+", type=notebook, metavar="LESSON", help='as in "01"')
    parser.add_argument("--size", default=SIZES[0], help="of the screen: WIDTHxHEIGHT, or all for three")
    parser.add_argument("--shots", type=Path, metavar="FOLDER", help="save a picture of each slide there")
    parser.add_argument("--all", action="store_true", help="print the slides that fit, too")
    parser.add_argument("--votes", action="store_true", help="with two votes on each question")
    parser.add_argument("--used", action="store_true", help="then also measure the slides of labs in use")
    parser.add_argument("--dark", action="store_true", help="in the dark theme")
    return parser.parse_args()


def notebook(lesson):
    """The path of the notebook whose name begins with `lesson`."""
    found = sorted((COURSE / "notebooks").glob(f"{lesson}*.ipynb"))
    if len(found) != 1:
        raise argparse.ArgumentTypeError(f'{len(found)} notebooks have a name that begins with "{lesson}"')
    return found[0]


if __name__ == "__main__":
    sys.exit(main())
