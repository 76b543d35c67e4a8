"""JupyterLab as `lifecycle lab` starts it: silent, and with widgets that answer."""

from __future__ import annotations

import re

import pytest
from harness import Lab

# Jupyter's server says so if a page is closed or loaded anew while its kernel answers: a matter of chance.
PAGE_GONE = re.compile(
    r"^(?:\[E [^\n]*xception in |Task exception was never)[^\n]*\n"
    r".*?^ *tornado\.websocket\.WebSocketClosedError(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)


def test_a_notebook_runs_from_top_to_bottom_and_an_error_without_the_tag_is_reported(lab: Lab) -> None:
    lab.write("tiny.ipynb", "# md # Tiny", "print('so far'); 1 + 1", ("1 / 0", "raises-exception"), "'after'")
    lab.open("tiny.ipynb")
    lab.run_all()
    assert lab.text(1) == "so far\n2"
    assert lab.text(2) == "ZeroDivisionError: division by zero"
    assert lab.text(3) == "'after'"
    assert lab.unexpected_errors() == []
    lab.write("broken.ipynb", "1 / 0")
    lab.open("broken.ipynb")
    lab.run_all()
    assert lab.unexpected_errors() == ["cell 0: ZeroDivisionError: division by zero"]
    # On the terminal too: where Lab is, how it ends, and nothing else.
    said = [line for line in PAGE_GONE.sub("", lab.server.said()).splitlines() if line.strip()]
    known = "Copied ", "JupyterLab is ready: ", "Press Ctrl-C here", "Port "
    # jupyter_client interrupts a kernel before it ends it. A kernel that is at work at that moment says so.
    known = (*known, "[IPKernelApp] ERROR | KeyboardInterrupt caught in kernel")
    assert [line for line in said if not line.startswith(known)] == []


@pytest.mark.deep
def test_a_widget_answers_a_click_in_both_themes(lab: Lab) -> None:
    lab.write(
        "widget.ipynb",
        "import ipywidgets\n"
        "count = ipywidgets.HTML('none', layout={'width': '10em'})\n"
        "button = ipywidgets.Button(description='Press')\n"
        "button.on_click(lambda b: setattr(count, 'value', 'pressed'))\n"
        "ipywidgets.VBox([button, count])",
    )
    lab.open("widget.ipynb")
    lab.run_all()
    for name in ("dark", "light"):
        lab.theme(name)
        lab.output(0).get_by_role("button", name="Press").click()
        lab.output(0).get_by_text("pressed").wait_for()
        lab.screenshot(f"widget-{name}")
    assert lab.axe(".jupyter-widgets.widget-vbox") == []


def test_requests_that_leave_the_machine_are_refused_and_recorded(lab: Lab) -> None:
    lab.write("outside.ipynb", "1")
    lab.open("outside.ipynb")
    lab.page.evaluate("() => fetch('https://example.org/').catch(() => null)")
    assert lab.recorder.outside == ["fetch https://example.org/"]
    lab.recorder.outside.clear()
    lab.recorder.console.clear()
