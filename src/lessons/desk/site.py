"""The browser edition: a static folder in which the lessons run in any browser, without an installation.

It holds JupyterLite, Pyodide (CPython for WebAssembly), pure-Python wheels, the lessons and exercises as a
student gets them, and the reading edition. Nothing in it asks another server. Two builds give equal bytes.
"""

from __future__ import annotations

import functools
import hashlib
import html
import http.server
import json
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import Any

from lessons.desk import reading, registries
from lessons.desk import workcopy as desks
from lessons.desk.workcopy import Trouble
from lessons.exercises import exercises

ASSETS = Path(__file__).with_name("browser")
SRC = Path(__file__).resolve().parents[2]

WHEEL = "lifecycle-0.1.0-py3-none-any.whl"
"""The name of the wheel that a browser gets of this course."""

NOT_FOR_A_BROWSER = re.compile(r"(^|/)(__pycache__/|desk/)|\.pyc$")
"""Files of the packages that a browser has no use for, as paths below `src`."""

KERNEL_NAMES = ("ipykernel", "piplite", "pyodide-kernel")
"""Wheels that are inside the wheel of the Pyodide kernel."""

THE_KERNEL = "@jupyterlite/pyodide-kernel-extension"
EXTENSIONS = re.compile(r"^[^/]+\.data/data/share/jupyter/labextensions/(.+)$")
UNUSED = re.compile(
    r"\.map$|\.orig$|^(consoles|repl|doc|edit|notebooks|tree|lab/workspaces)/|^rspack\.|^build/[^/]+\.(eot|ttf)$"
    r"|^build/fa-[^/]+\.svg$"
)
"""Parts of JupyterLite and its extensions that the site does not need.

Source maps, its other applications, and fonts in formats for browsers that cannot run Pyodide.
"""

PATIENCE = (b"AbortSignal.timeout(2000)", b"AbortSignal.timeout(60000)")
"""How long anywidget waits for the script of a lab, and how long it waits here.

On a slow computer two seconds are too short, and then the lab stays empty.
"""

ICON = b'<head>\n<link rel="icon" href="favicon.ico">'
"""Without it, a browser asks the web server for an icon before JupyterLite has named its own."""

CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")

LICENCES = """\
The parts of this site, with their licences. The folders beside this file hold the licence texts.

lifecycle 0.1.0: MIT. This is the course itself; the text is in its wheel.
pyodide {pyodide}: MPL-2.0. The text is that of micropip. It contains CPython and its standard library
(PSF-2.0, the text is that of typing-extensions), SQLite (public domain), zlib, bzip2 and libffi.
The kernel's own wheels (ipykernel, piplite, pyodide-kernel): BSD-3-Clause, as jupyterlite-pyodide-kernel.
{packages}

The scripts of JupyterLite contain more packages: build/third-party-licenses.json lists them with their texts.
Those of its extensions are in the file third-party-licenses.json of each extension.
In the scripts of anywidget, one limit was changed: it waits 60 seconds, not 2, for the script of a widget.
"""

DATED = "2026-01-01T00:00:00Z"
"""The date of every file, because two builds must give equal bytes."""
_ZIP_DATE = (2026, 1, 1, 0, 0, 0)


def write(folder: Path | None = None, say: Callable[[str], object] = lambda line: None) -> Path:
    """Write the site and return its folder; the first page is `index.html`.

    folder: where to write, by default `build/site` in the course. A site that is there already is replaced.
    say: is told what is done next, in a few words.

    Raises `Trouble` for a folder with other files, and if something cannot be fetched, read or written.
    """
    source = desks.course()
    target = (folder.expanduser() if folder else source / "build" / "site").absolute()
    if target.exists() and not _is_site(target):
        raise Trouble(f"{target} is not a site that this command wrote: choose another folder.")
    pins = registries.pins()
    files = registries.fetched(pins, say)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as new:
            made = Path(new, "site")
            made.mkdir()
            _build(source, made, pins, files, say)
            if target.exists():
                shutil.rmtree(target)
            made.rename(target)
    except OSError as error:
        raise Trouble(f"The site cannot be written to {target}: {error.strerror or error}.") from error
    return target


def serve(folder: Path, port: int = 8000) -> None:
    """Serve a site to this machine until Ctrl-C. Any other web server does the same."""
    handler = functools.partial(_Quiet, directory=str(folder))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise Trouble(f"Port {port} cannot be used: {error.strerror or error} (--port N).") from error
    with server:
        print(f"The site is ready: http://127.0.0.1:{server.server_port}/")
        print("Press Ctrl-C here to end it.", flush=True)
        server.serve_forever()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *given: object) -> None:
        """Say nothing of each request."""


def _is_site(folder: Path) -> bool:
    return (folder / "jupyter-lite.json").is_file() or (folder.is_dir() and not any(folder.iterdir()))


def _build(
    source: Path,
    target: Path,
    pins: list[registries.Pin],
    files: dict[str, Path],
    say: Callable[[str], object],
) -> None:
    say("Unpacking JupyterLite")
    _unpack_app(files["jupyterlite-core"], target)
    extensions = target / "extensions"
    for name in ("jupyterlite-pyodide-kernel", "jupyterlab-widgets", "anywidget"):
        _unpack_extensions(files[name], extensions)
    wheels = [files[pin.name] for pin in pins if pin.kind == "wheels"]
    say("Packing Python and its packages")
    _lay_pyodide(files["pyodide"], wheels, extensions, target / "pyodide")
    say("Copying the lessons and exercises")
    _lay_contents(source, target)
    say("Writing the lessons as pages to read")
    reading.write(target / "reading")
    say("Writing the licences and the first page")
    _configure(target)
    _list_licences(pins, files, target)
    _first_page(target)


def _unpack_app(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        (name,) = [name for name in packed.namelist() if name.endswith(".tgz")]
        with packed.open(name) as stream, tarfile.open(fileobj=stream) as app:
            for member in app:
                path = member.name.removeprefix("package/")
                if member.isfile() and not UNUSED.search(path):
                    content = app.extractfile(member)
                    assert content is not None
                    desks.write(target / path, content.read())


def _unpack_extensions(wheel: Path, extensions: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        for name in packed.namelist():
            found = EXTENSIONS.match(name)
            if found and not name.endswith("/") and not UNUSED.search(name):
                desks.write(extensions / found[1], packed.read(name).replace(*PATIENCE))


def _lay_pyodide(core: Path, wheels: list[Path], extensions: Path, target: Path) -> None:
    """Put Pyodide, the wheels and the list of both (Pyodide's lock file) into one folder."""
    with tarfile.open(core) as packed:
        for name in CORE:
            content = packed.extractfile(f"package/{name}")
            assert content is not None
            desks.write(target / name, content.read())
        stream = packed.extractfile("package/pyodide-lock.json")
        assert stream is not None
        info = json.load(stream)["info"]
    for wheel in wheels:
        desks.write(target / wheel.name, wheel.read_bytes())
    for name in KERNEL_NAMES:
        (wheel,) = (extensions / THE_KERNEL / "static/pypi").glob(f"{name.replace('-', '_')}-*.whl")
        desks.write(target / wheel.name, wheel.read_bytes())
    shutil.rmtree(extensions / THE_KERNEL / "static/pypi")
    pack(target / WHEEL)
    packages = {about["name"]: about for about in map(_locked, sorted(target.glob("*.whl")))}
    lock = {"info": info, "packages": packages}
    desks.write(target / "pyodide-lock.json", _json(lock))


def pack(wheel: Path) -> None:
    """Write the wheel that a browser gets: `lifecycle` and `lessons`, without the desk, and nothing else."""
    packages = (path for name in ("lifecycle", "lessons") for path in (SRC / name).rglob("*"))
    found = {path.relative_to(SRC).as_posix(): path for path in packages if path.is_file()}
    content = {name: path.read_bytes() for name, path in found.items() if not NOT_FOR_A_BROWSER.search(name)}
    name, version, *_ = wheel.name.split("-")
    about = f"{name}-{version}.dist-info"
    licence = (SRC.parent / "LICENSE").read_bytes()
    said = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: MIT\n"
    content[f"{about}/METADATA"] = (said + "License-File: LICENSE\n").encode()
    content[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content[f"{about}/licenses/LICENSE"] = licence
    content[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*content, f"{about}/RECORD"]).encode()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(content):
            packed.writestr(zipfile.ZipInfo(path, _ZIP_DATE), content[path], zipfile.ZIP_DEFLATED)


def _locked(wheel: Path) -> dict[str, Any]:
    """What Pyodide's lock file says of a wheel."""
    with zipfile.ZipFile(wheel) as packed:
        tops = sorted({PurePosixPath(name).parts[0] for name in packed.namelist()})
    name, version, *_ = wheel.name.split("-")
    imports = [top.removesuffix(".py") for top in tops if not top.endswith((".dist-info", ".data"))]
    return {
        "name": name.replace("_", "-"),
        "version": version,
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": imports,
        "depends": [],
    }


def _lay_contents(source: Path, target: Path) -> None:
    """Put the working copy into `files`, with the lists that JupyterLite reads instead of a folder."""
    files = target / "files"
    problems = desks.lay(source, files).problems
    if problems:
        raise Trouble(problems[0])
    shutil.rmtree(files / desks.STATE)
    # The kernel looks for the folder of a student's answers before there are any.
    (files / "progress").mkdir()
    # Lab shows a picture once with the address that is in the notebook, before it looks beside the notebook.
    shutil.copytree(files / "notebooks/figures", target / "lab/figures")
    for path in files.rglob("*.ipynb"):
        desks.write(path, _for_the_browser(path.read_bytes()))
    for folder in [files, *(path for path in files.rglob("*") if path.is_dir())]:
        listed = [_content(path, files) for path in sorted(folder.iterdir())]
        about = {**_content(folder, files), "content": listed, "format": "json"}
        desks.write(target / "api/contents" / folder.relative_to(files) / "all.json", _json(about))


def _for_the_browser(notebook: bytes) -> bytes:
    # With another name, JupyterLite asks which kernel to use.
    changed = json.loads(notebook)
    changed["metadata"]["kernelspec"] = {
        "display_name": "Python (Pyodide)",
        "language": "python",
        "name": "python",
    }
    return (json.dumps(changed, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _content(path: Path, files: Path) -> dict[str, Any]:
    """What Jupyter's contents API says of a file or folder, without its content."""
    kind = "directory" if path.is_dir() else "notebook" if path.suffix == ".ipynb" else "file"
    inside = path.relative_to(files).as_posix()
    return {
        "name": path.name if path != files else "",
        "path": inside if path != files else "",
        "type": kind,
        "size": None if path.is_dir() else path.stat().st_size,
        "writable": True,
        "created": DATED,
        "last_modified": DATED,
        "mimetype": None,
        "format": None,
        "content": None,
    }


def _configure(target: Path) -> None:
    """Complete JupyterLite's configuration: its extensions, the kernel, and what is loaded at its start."""
    place = target / "jupyter-lite.json"
    stored = json.loads(place.read_bytes())
    config = stored["jupyter-config-data"]
    packages = sorted(json.loads((target / "pyodide/pyodide-lock.json").read_bytes())["packages"])
    config |= {
        "appName": reading.TITLE,
        "contentsAllJsonFile": "all.json",
        "contentsStorageName": "Resource lifecycles",
        "disabledExtensions": ["@jupyterlab/apputils-extension:announcements"],
        "federated_extensions": [_extension(path) for path in _extensions(target / "extensions")],
        "settingsOverrides": {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}},
        "litePluginSettings": {
            f"{THE_KERNEL}:kernel": {
                "pyodideUrl": "./pyodide/pyodide.mjs",
                "disablePyPIFallback": True,
                "pipliteUrls": [],
                "loadPyodideOptions": {
                    "packages": packages,
                    "env": {"HOME": "/home/pyodide", "LIFECYCLE_HOME": "/drive"},
                },
            }
        },
    }
    desks.write(place, _json(stored))
    page = target / "lab/index.html"
    desks.write(page, page.read_bytes().replace(b"<head>", ICON))
    settings = [one for path in _extensions(target / "extensions") for one in _settings(path.parent)]
    desks.write(target / "build/schemas/all_federated.json", _json(settings))
    english = {"data": {"en": {"displayName": "English", "nativeName": "English"}}, "message": ""}
    desks.write(target / "api/translations/all.json", _json(english))
    desks.write(target / "api/translations/en.json", _json({"data": {}, "message": ""}))


def _extensions(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*/package.json"), *folder.glob("@*/*/package.json")])


def _extension(package: Path) -> dict[str, Any]:
    about = json.loads(package.read_bytes())
    return {"name": about["name"], **about["jupyterlab"]["_build"]}


def _settings(extension: Path) -> Iterator[dict[str, Any]]:
    about = json.loads((extension / "package.json").read_bytes())
    for path in sorted((extension / "schemas").rglob("*.json")):
        yield {
            "id": f"{about['name']}:{path.stem}",
            "raw": "{}",
            "schema": json.loads(path.read_bytes()),
            "settings": {},
            "version": about["version"],
        }


def _list_licences(pins: list[registries.Pin], files: dict[str, Path], target: Path) -> None:
    """Write each package's licence files, and the list of everything that the site is made of."""
    lines = [
        f"{pin.name} {pin.version}: {_licence(files[pin.name], target / 'licences' / pin.name)}"
        for pin in pins
        if pin.kind != "npm"
    ]
    listed = LICENCES.format(packages="\n".join(lines), pyodide=files["pyodide"].stem.partition("-")[2])
    desks.write(target / "licences/list.txt", listed.encode())


def _licence(wheel: Path, folder: Path) -> str:
    """Write a wheel's licence files into a folder, and return the name of its licence."""
    with zipfile.ZipFile(wheel) as packed:
        for name in packed.namelist():
            if re.search(r"(?i)\.dist-info/(.*/)?(licen[sc]e|copying|notice|authors)[^/]*$", name):
                desks.write(folder / PurePosixPath(name).name, packed.read(name))
        (about,) = [name for name in packed.namelist() if name.endswith(".dist-info/METADATA")]
        headers = HeaderParser().parsestr(packed.read(about).decode())
    named = (headers["License-Expression"] or headers["License"] or "").splitlines()[:1]
    classified = [str(one) for one in headers.get_all("Classifier", []) if "License" in one]
    short = [name for name in named if name and len(name) < 80]
    return ", ".join(short or [one.rpartition(" :: ")[2] for one in classified]) or "see its licence file"


def _first_page(target: Path) -> None:
    for script in ("work.js", "judge.js"):
        desks.write(target / script, (ASSETS / script).read_bytes())
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    page = (ASSETS / "index.html").read_text(encoding="utf-8")
    style = (Path(__file__).with_name("reading.css")).read_text(encoding="utf-8")
    unchecked = [
        f"<li>{one.id}: {html.escape(asked.name)}</li>"
        for one in exercises().values()
        for asked in one.asked or ()
        if asked.linux
    ]
    shown = page.replace("{style}", style).replace("{size}", f"{size / 1e6:.0f}")
    desks.write(target / "index.html", shown.replace("{unchecked}", "\n".join(unchecked)).encode())


def _json(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
