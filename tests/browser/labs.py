"""What every lab must be, in JupyterLab: readable and nameable in light, dark, large and narrow."""

from __future__ import annotations

import re

from harness import Lab
from playwright.sync_api import Locator, expect

ROOT = ".lifecycle-lab"
STEP = re.compile("^(Open the parts|Step one pull)$")
"""FailureLab's first button, whatever it will do next."""


def shown(lab: Lab, *source: str) -> Locator:
    """Run a notebook of these cells and return the lab that the last one shows."""
    lab.write("lab.ipynb", *source)
    lab.open("lab.ipynb")
    lab.run_all()
    assert lab.unexpected_errors() == []
    box = lab.output(len(source) - 1).locator(ROOT)
    expect(box).to_have_attribute("role", "group")
    return box


def says(box: Locator, sentence: str) -> None:
    """Wait until the status line holds the sentence."""
    expect(box.get_by_role("status")).to_contain_text(sentence)


def larger(lab: Lab, times: float = 1.5) -> None:
    """Enlarge Lab's type, as on a projector, and wait until it is drawn: a lab measures itself then."""
    lab.page.evaluate(
        """async times => {
            const page = document.documentElement;
            for (const kind of ["content-font-size1", "ui-font-size1", "code-font-size"]) {
                const now = parseFloat(getComputedStyle(page).getPropertyValue(`--jp-${kind}`));
                page.style.setProperty(`--jp-${kind}`, `${now * times}px`);
            }
            for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
        }""",
        times,
    )


def looks(lab: Lab, box: Locator, name: str, root: str = ROOT) -> None:
    """Names and keys, then light, dark, large, narrow: axe finds nothing at `root`, nothing sticks out."""
    # Tall enough that a picture shows the whole lab.
    lab.page.set_viewport_size({"width": 1280, "height": 2000})
    announced = [line for line in spoken(lab, box) if line.startswith("status")]
    assert all(line.endswith("live=polite") for line in announced)
    reachable(lab, box)
    expect(box.locator("[title=null]:visible")).to_have_count(0)
    for theme in ("light", "dark"):
        lab.theme(theme)
        nameable(lab, root)
        fits(box)
        lab.screenshot(f"{name}-{theme}", box)
    lab.theme("light")
    larger(lab)
    nameable(lab, root)
    fits(box)
    lab.screenshot(f"{name}-large", box)
    lab.command("application:toggle-left-area")
    lab.page.set_viewport_size({"width": 900, "height": 2600})
    fits(box)
    lab.screenshot(f"{name}-large-narrow", box)
    larger(lab, 1 / 1.5)
    fits(box)
    lab.screenshot(f"{name}-narrow", box)


STATES = ("checked", "disabled", "expanded", "pressed", "live")
ROLES = (
    "button",
    "checkbox",
    "combobox",
    "group",
    "img",
    "radio",
    "radiogroup",
    "slider",
    "status",
    "textbox",
)


def spoken(lab: Lab, box: Locator) -> list[str]:
    """Chromium's accessibility tree of a box: role, name and states of each element, in order."""
    devtools = lab.page.context.new_cdp_session(lab.page)
    try:
        box.evaluate("box => { window.lcSpoken = box; }")
        found = devtools.send("Runtime.evaluate", {"expression": "window.lcSpoken"})["result"]
        nodes = devtools.send("Accessibility.queryAXTree", {"objectId": found["objectId"]})["nodes"]
    finally:
        devtools.detach()
    said = []
    for node in nodes:
        role, name = node.get("role", {}).get("value"), node.get("name", {}).get("value", "")
        has = {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
        if role not in ROLES or node["ignored"]:
            continue
        assert name or role in ("group", "status", "img"), f"a {role} has no name"
        told = node.get("description", {}).get("value", "")
        assert not told or (told not in name and name not in told), f"a {role} is said twice: {name}; {told}"
        states = [f"{state}={has[state]}" for state in STATES if has.get(state) not in (None, False, "false")]
        said.append(" ".join([role, *name.split(), *states]))
    return said


STOPS = """box => {
    const kinds = "a[href], button, input, select, summary, [contenteditable], [tabindex]";
    const all = [...box.querySelectorAll(kinds)];
    const groups = new Set();
    window.lcStops = all.filter(one => {
        const shown = one.checkVisibility({ visibilityProperty: true });
        const stop = one.tabIndex >= 0 || one.contentEditable === "true";
        if (!stop || one.disabled || !shown) return false;
        if (one.type !== "radio") return true;
        const first = !groups.has(one.name);
        groups.add(one.name);
        return first;
    });
    window.lcStops[0]?.focus();
    return window.lcStops.map(one => one.ariaLabel || one.textContent || one.outerHTML.slice(0, 80));
}"""
"""Finds what the Tab key must reach, a group of radio buttons once, and goes to the first of it."""


def reachable(lab: Lab, box: Locator) -> None:
    """The Tab key goes through all controls of the box in their order, and then leaves it."""
    names: list[str] = box.evaluate(STOPS)
    reached: list[int] = []
    for _ in range(len(names) + 1):
        at = lab.page.evaluate(
            "() => window.lcStops.findIndex(one => one === document.activeElement"
            " || (one.type === 'radio' && one.name === document.activeElement.name))"
        )
        reached.append(at)
        lab.page.keyboard.press("Tab")
    assert reached == [*range(len(names)), -1], [names[at] for at in reached]


def nameable(lab: Lab, root: str = ROOT) -> None:
    """axe finds nothing in any lab on the page, or in what `root` selects."""
    found = lab.axe(root)
    assert not found, "\n".join(found)


def fits(box: Locator) -> None:
    """Nothing visible in the lab sticks out of its border."""
    found: list[str] = box.evaluate(
        """box => {
            const edge = box.getBoundingClientRect();
            const out = [...box.querySelectorAll("*")].filter(one => {
                const at = one.getBoundingClientRect();
                const hidden = !at.width || !at.height || one.closest(".lc-sr, svg *, pre *, option")
                        // A map can be moved sideways.
                        || one.closest(".lc-map *")
                        // What is folded away keeps the width it had when it was last laid out.
                        || one.closest("details:not([open]) > :not(summary)");
                return !hidden && (at.left < edge.left - 1 || at.right > edge.right + 1);
            });
            return out.map(one => `${one.tagName} ${one.className}: ${one.textContent.slice(0, 40)}`);
        }"""
    )
    assert not found, "\n".join(found)
