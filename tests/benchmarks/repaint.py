"""From click to repaint in JupyterLab in Chromium: FailureLab, a bare echo, and a matplotlib picture."""

from __future__ import annotations

import pathlib
import random
import statistics
import sys
from collections.abc import Iterator

from measuring import Row

ECHO = """
import anywidget, traitlets

class Echo(anywidget.AnyWidget):
    _esm = '''
    function render({ model, el }) {
        const button = document.createElement("button");
        const number = document.createElement("output");
        button.textContent = "Echo";
        button.onclick = () => model.send({});
        const show = () => { number.textContent = model.get("number"); };
        model.on("change:number", show);
        show();
        el.append(button, number);
    }
    export default { render };
    '''
    number = traitlets.Int(0).tag(sync=True)

    def __init__(self):
        super().__init__()
        self.on_msg(self.heard)

    def heard(self, *message):
        self.number += 1

Echo()
"""

PICTURE = """
import io, ipywidgets
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from lessons.lab.experiments.chain import Chain, ChainSettings

chain, picture = Chain(ChainSettings()), ipywidgets.Image(format="png")
step = ipywidgets.Button(description="Picture")

def draw():
    state = chain.state
    figure = Figure(figsize=(9.6, 2.2))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, len(state.parts)), ylim=(0, 2))
    axes.axis("off")
    for at, part in enumerate(state.parts):
        stand = part.stand
        axes.add_patch(Rectangle((at + 0.05, 0.6), 0.8, 1.2, fill=False))
        axes.text(at + 0.1, 1.6, part.name, weight="bold")
        axes.text(at + 0.1, 1.45, part.call, family="monospace", size=8)
        axes.text(at + 0.1, 1.25, stand.word, weight="bold", size=9)
        axes.text(at + 0.1, 1.05, f"line {stand.line}: {stand.code}"[:22], family="monospace", size=7)
        axes.add_patch(Circle((at + 0.78, 1.68), 0.06, fill=False))
        axes.text(at + 0.75, 1.62, "!")
        for row, resource in enumerate(part.resources):
            axes.add_patch(Rectangle((at + 0.1, 0.8 - row * 0.15), 0.06, 0.08, fill=resource.state == "open"))
            axes.text(at + 0.2, 0.8 - row * 0.15, f"{resource.name} {resource.state}", size=7)
        if at:
            axes.annotate("", (at + 0.05, 1.4), (at - 0.15, 1.4), arrowprops={"arrowstyle": "->"})
            back = {"arrowstyle": "->", "linestyle": "dashed"}
            axes.annotate("next()", (at - 0.15, 0.9), (at + 0.05, 0.9), arrowprops=back, size=7)
    axes.text(0.05, 1.9, f"accepted by the sink {state.accepted}, kept {state.kept}, {state.mode}")
    axes.text(0.05, 0.05, state.sentence)
    axes.text(0.05, 0.4, f"pool, {state.slots} slots: {state.used} in use, {state.leaked} leaked")
    for slot in range(state.slots):
        axes.add_patch(Rectangle((2 + slot * 0.1, 0.4), 0.08, 0.1, fill=slot < state.used + state.leaked))
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    picture.value = file.getvalue()

def clicked(button):
    chain.reset() if chain.state.over else chain.step()
    draw()

step.on_click(clicked)
draw()
ipywidgets.VBox([step, picture])
"""

WAIT = """async ([cell, name, sign, phase]) => {
    const box = document.querySelectorAll(".jp-Notebook .jp-Cell")[cell];
    const button = [...box.querySelectorAll("button")].find(one => one.textContent.trim() === name);
    const shown = box.querySelector(sign);
    const painted = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    const due = await new Promise(requestAnimationFrame) + (12 + phase) * 1000 / 60;
    await new Promise(done => setTimeout(done, due - performance.now() - 2));
    while (performance.now() < due);
    return await new Promise((done, failed) => {
        const late = setTimeout(() => failed(new Error(`${name} showed nothing`)), 8000);
        const watch = new MutationObserver(async () => {
            watch.disconnect();
            if (shown.tagName === "IMG") await shown.decode();
            await painted();
            clearTimeout(late);
            done(performance.now() - began);
        });
        watch.observe(shown, {subtree: true, childList: true, attributes: true, characterData: true});
        const began = performance.now();
        button.click();
    });
}"""
"""From the click to the end of the frame that shows its answer, in milliseconds.

The click comes twelve frames after the page was last busy, and a part of a frame, `phase`, later: how long an
answer waits for its frame depends on that, and both sides of a ratio must wait alike.
"""


def repaint() -> Iterator[Row]:
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "browser"))
    from harness import Server, browse, started
    from playwright.sync_api import sync_playwright

    labs = {
        "FailureLab": (0, "Step one pull", ".cv-chain"),
        "a bare anywidget button": (1, "Echo", "output"),
        "the view as a matplotlib picture": (2, "Picture", "img"),
    }
    times: dict[str, list[float]] = {name: [] for name in labs}
    server = Server().wait()
    try:
        with sync_playwright() as playwright, started(playwright) as browser, browse(browser, server) as lab:
            lab.write("bench.ipynb", "from lessons import FailureLab\nFailureLab()", ECHO, PICTURE)
            lab.open("bench.ipynb")
            lab.run_all()
            assert not lab.unexpected_errors()
            lab.output(0).locator(".cv-chain svg").first.wait_for()
            # In no fixed order: what comes after the picture finds the processor's caches full of it.
            order, chance = list(labs), random.Random(12)
            for turn in range(60):
                if turn % 6 == 0:  # seven records arrive, and a click is to be a pull each time
                    for name in ("Reset", "Open the parts"):
                        lab.output(0).get_by_role("button", name=name, exact=True).click()
                        lab.page.wait_for_timeout(400)
                chance.shuffle(order)
                phase = (turn * 5 + turn // 12) % 12 / 12
                for name in order:
                    spent = lab.page.evaluate(WAIT, [*labs[name], phase])
                    if turn >= 12:
                        times[name].append(spent)
                    lab.page.wait_for_timeout(100)  # the page is at rest again before the next click
    finally:
        server.stop()
    ours, echo, picture = (statistics.median(spent) for spent in times.values())
    yield Row("click to repaint, FailureLab : a bare anywidget echo", ours / echo, 1.3)
    yield Row(
        "click to repaint, the same as a matplotlib picture : FailureLab", picture / ours, 2, least=True
    )
    yield Row("  FailureLab", ours, unit="ms")
    yield Row("  a bare anywidget echo", echo, unit="ms")
