"""Try the course in a JupyterHub and in Notebook 7, in Chromium: a prediction, a lab and a check in each.

    python tools/try_places.py                  both
    python tools/try_places.py hub              one of them

It makes an environment of its own in build/places, with pip and npm, which takes minutes the first time. The
time is counted from the login, or from the start of the server, until LeakLab has answered a click. Pictures
are beside the environment. It needs the extra `test`, npm, and Chromium on the path or in
`LIFECYCLE_CHROMIUM`.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

COURSE = Path(__file__).resolve().parent.parent
OWN = COURSE / "build" / "places"
BIN = OWN / "venv" / "bin"
LESSON = "notebooks/01_leaks.ipynb"
EXERCISES = "exercises/release/leaks/leaks.ipynb"
ANSWER = COURSE / "exercises/solutions/leaks-x1/right_1.py"

# The first three lines are those that docs/places.md gives; the others make a hub for one test.
HUB = """
c.Spawner.cmd = ["sh", "-c", 'lifecycle desk ~/desk; exec jupyterhub-singleuser "$@"', "sh"]
c.Spawner.notebook_dir = "~/desk"
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb?file-browser-path=/"

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "trial"
c.Authenticator.allow_all = True
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
c.Spawner.args = ["--allow-root", "--LabApp.expose_app_in_browser=True"]
c.Spawner.environment = {{"PATH": {path!r}, "HOME": {homes!r} + "/ada"}}
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub}
"""

sys.path.append(str(COURSE / "tests" / "browser"))


def main():
    parser = argparse.ArgumentParser(description="Try the course in other places, in Chromium.")
    parser.add_argument("trials", nargs="*", metavar="PLACE", help="hub or notebook (default: both)")
    chosen = parser.parse_args().trials or list(TRIALS)
    if unknown := set(chosen) - set(TRIALS):
        parser.error(f"{', '.join(unknown)}: choose from {', '.join(TRIALS)}")
    if shutil.which("npm") is None:
        sys.exit("There is no npm here: install Node.js, which brings it.")
    make_environment()
    for place in chosen:
        with tempfile.TemporaryDirectory(prefix="lifecycle-place-", ignore_cleanup_errors=True) as folder:
            TRIALS[place](Path(folder))


def make_environment():
    """The course, JupyterHub and Notebook 7 with pip, and the hub's proxy with npm."""
    if not (BIN / "jupyterhub").exists():
        subprocess.run([sys.executable, "-m", "venv", OWN / "venv"], check=True)
        pins = ["-c", COURSE / "constraints.txt", "-e", COURSE]
        subprocess.run([BIN / "pip", "install", "-q", *pins, "jupyterhub", "notebook"], check=True)
    if not (OWN / "node_modules").exists():
        npm = ["npm", "install", "--silent", "--prefix", OWN, "configurable-http-proxy"]
        subprocess.run(npm, check=True)


def hub(folder):
    """A student logs in, and gets a desk in the own home folder."""
    from harness import free_port

    (folder / "ada").mkdir()
    port, path = free_port(), os.pathsep.join([str(BIN), os.environ["PATH"]])
    proxy = str(OWN / "node_modules/.bin/configurable-http-proxy")
    config = HUB.format(
        homes=str(folder), path=path, proxy=proxy, port=port, api=free_port(), hub=free_port()
    )
    (folder / "jupyterhub_config.py").write_text(config)
    command = [BIN / "jupyterhub", "-f", folder / "jupyterhub_config.py"]
    # What an administrator does once: then Lab has the course's settings for everybody.
    subprocess.run([BIN / "lifecycle", "desk", folder / "all", "--default"], check=True)
    with served(command, folder, path) as log, page(f"http://127.0.0.1:{port}/user/ada", log) as lab:
        waited(f"http://127.0.0.1:{port}/hub/login", log)
        lab.page.goto(f"http://127.0.0.1:{port}/hub/login")
        lab.page.get_by_label("Username:").fill("ada")
        lab.page.get_by_label("Password:").fill("trial")
        began = counted()
        lab.page.get_by_role("button", name="Sign in").click()
        lab.page.locator(".jp-Notebook h1").first.wait_for()
        say("hub", "from the login to the first lesson", began)
        lab.page.get_by_role("listitem", name="exercises").wait_for()
        picture(lab, "hub-first")
        lab.page.get_by_role("link", name="01 · Leaks").first.click()
        worked(lab, "hub", f"{lab.server.address}/lab/tree/", began)


def notebook(folder):
    """`jupyter notebook` in an environment in which `lifecycle desk --default` has run."""
    from harness import free_port

    subprocess.run([BIN / "lifecycle", "desk", folder / "desk", "--default"], check=True)
    address = f"http://127.0.0.1:{free_port()}"
    options = ["--no-browser", "--allow-root", f"--port={address.rpartition(':')[2]}",
               "--IdentityProvider.token=", "--JupyterNotebookApp.expose_app_in_browser=True"]  # fmt: skip
    began = counted()
    with served([BIN / "jupyter-notebook", *options], folder, os.environ["PATH"]) as log:
        waited(f"{address}/api/status", log)
        with page(address, log) as lab:
            lab.page.goto(address)
            lab.page.get_by_text("exercises", exact=True).wait_for()
            picture(lab, "notebook-first")
            lab.page.goto(f"{address}/notebooks/{LESSON}")
            worked(lab, "notebook", f"{address}/notebooks/", began)


def worked(lab, place, opens, began):
    """Predict, use LeakLab, and check an answer; say how long it took until LeakLab had answered."""
    from labs import says

    in_front(lab, LESSON)
    sources = ["".join(cell["source"]) for cell in lab.cells()]
    number = sources.index("LeakLab()")
    lab.page.evaluate(f"window.jupyterapp.shell.currentWidget.content.activeCellIndex = {number}")
    lab.command("notebook:run-all-above")
    lab.run_cell(number)
    box = lab.page.locator(".lifecycle-lab", has=lab.page.get_by_label("What can run out")).first
    says(box, "1 crash: 1 of 20 pool slots held")
    box.get_by_role("button", name="Crash once more").click()
    says(box, "2 crashes: 2 of 20 pool slots held")
    say(place, "to a LeakLab that has answered a click", began)
    picture(lab, f"{place}-leaklab", box)
    number = next(at for at in range(number, len(sources)) if sources[at].startswith("predict("))
    lab.run_cell(number)
    card = lab.output(number).get_by_role("group").first
    card.get_by_role("radio").first.check()
    card.get_by_role("button", name="Guess").click()
    card.get_by_role("status").filter(has_text="A").wait_for()
    picture(lab, f"{place}-prediction", card)
    checked(lab, place, opens)


def in_front(lab, path):
    """Wait until a notebook is in front, and not one of the session before, and its kernel is ready."""
    lab.page.wait_for_function(
        "path => window.jupyterapp?.shell?.currentWidget?.context?.path === path", arg=path
    )
    lab.wait_idle()


def checked(lab, place, opens):
    """Write a right answer below its task, run all cells, and read the verdict."""
    lab.page.goto(opens + EXERCISES)
    in_front(lab, EXERCISES)
    lab.page.evaluate(
        """answer => {
            const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
            for (let at = 0; at < cells.length; at++)
                if (cells.get(at).id === "leaks-x1") cells.get(at).sharedModel.setSource(answer);
        }""",
        ANSWER.read_text(),
    )
    lab.command("notebook:run-all-cells")
    lab.wait_idle()
    (verdict,) = [cell["outputs"] for cell in lab.cells() if cell["id"] == "leaks-x1-check"]
    picture(lab, f"{place}-check", lab.page.get_by_text("leaks-x1", exact=False).last)
    if "leaks-x1 is correct" not in str(verdict):
        sys.exit(f"{place}: a right answer to leaks-x1 is refused:\n{verdict}")
    print(f"{place}: a right answer to leaks-x1 is correct", flush=True)


@contextlib.contextmanager
def served(command, folder, path):
    """A server until the block ends; its log."""
    private = {name: str(folder / name.lower()) for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            env=os.environ | private | {"PATH": path, "JUPYTER_CONFIG_DIR": str(folder / "mine")},
        )  # fmt: skip
    try:
        yield folder / "log"
    finally:
        process.terminate()
        process.wait(60)


def waited(address, log):
    for _ in range(900):
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=30):
            return
        time.sleep(0.1)
    sys.exit(f"There is no answer at {address}:\n{log.read_text()}")


@contextlib.contextmanager
def page(address, log):
    """A page of an empty Chromium."""
    from harness import Lab, Recorder, started
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, started(playwright) as browser:
        recorder, empty = Recorder(browser), browser.new_page()
        empty.set_viewport_size({"width": 1280, "height": 900})
        try:
            yield Lab(SimpleNamespace(address=address), empty, recorder)
        except Exception:
            empty.screenshot(path=OWN / "failed.png")
            print(log.read_text()[-4000:], *recorder.errors, sep="\n")
            raise
        for line in recorder.errors + recorder.outside:
            print("in the browser:", line)


def picture(lab, name, of=None):
    if of is not None:
        of.scroll_into_view_if_needed()
    lab.page.screenshot(path=OWN / f"{name}.png")


def say(place, what, began):
    """Time by the clock, and of the processors: the second one is the same on a busy machine."""
    clock, processors = (now - then for now, then in zip(counted(), began, strict=True))
    print(f"{place}: {clock:.1f} s {what} ({processors:.1f} s of the processors)", flush=True)


def counted():
    """The time, and the processor time of all processes that this one has started."""
    import psutil

    used = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            used += sum(process.cpu_times()[:4])
    return time.monotonic(), used


TRIALS = {"hub": hub, "notebook": notebook}

if __name__ == "__main__":
    main()
