"""The vote page: what it is given, what it answers to whoever asks, and that it knows nothing else."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from harness import Server
from tornado.iostream import IOStream
from votephones import Phone, phones

from lessons.desk import cli, present
from lessons.desk.votes import confined, page, poll, process, start
from lessons.desk.workcopy import Trouble
from lessons.study.phones import PLACE, Line

SECRET = "a-token-that-only-jupyter-has"


@pytest.fixture(scope="module")
def running() -> Iterator[Line]:
    """A page that is started by a process with a secret in its environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_TOKEN", SECRET)
        with start.page("127.0.0.1", None, None) as line:
            yield line


@pytest.fixture
def line(running: Line) -> Line:
    """The page with question leaks-p1, and no votes."""
    running.open("leaks-p1", fresh=True)
    return running


def raw(line: Line, sent: bytes) -> bytes:
    """What the page answers to these bytes, until it closes the connection."""
    place = urllib.parse.urlsplit(line.address)
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        connection.sendall(sent)
        heard = b""
        try:
            while more := connection.recv(65_536):
                heard += more
        except ConnectionError:
            pass
        return heard


# --- what can be asked

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get")
PATHS = (
    "/", "//", "/index.html", "/?token=1", "/lab", "/api/contents", "/api/kernels", "/api/status", "/tree",
    "/files/notebooks/01_leaks.ipynb", "/static/page.css", "/favicon.ico", "/control", "/../../../etc/passwd",
    "/..%2f..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/....//....//etc/passwd", "/etc/passwd",
    "/static/../../../../etc/passwd", "/proc/self/environ", "/proc/self/fd/0", "/%00", "/\\..\\..\\win.ini",
    "file:///etc/passwd", "http://127.0.0.1:8888/api/status", "http://127.0.0.1:8888/lab", "*",
    "/" + "a" * 6_000,
)  # fmt: skip


def test_every_path_but_one_has_nothing_whatever_the_method(line: Line) -> None:
    found = {}
    for path in PATHS:
        for method in METHODS:
            answer = raw(line, f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
            assert SECRET.encode() not in answer and b"root:" not in answer and b"Traceback" not in answer
            status = answer[9:12].decode()
            if status not in ("404", "405", "400", "501"):
                found[f"{method} {path}"] = status
    # With a query, it is the same page. A vote without a cookie is refused.
    assert found == {
        f"{method} {path}": status
        for path in ("/", "/?token=1")
        for method, status in {"GET": "200", "HEAD": "200", "POST": "403"}.items()
    }
    assert line.counts() == dict.fromkeys("ABCD", 0)


def test_each_answer_forbids_other_scripts_frames_and_other_sites(line: Line) -> None:
    for path in ("/", "/nothing"):
        answer = Phone(line.address).ask(path=path)
        assert (
            page.HEADERS.items() <= {name: answer.headers.get(name.lower()) for name in page.HEADERS}.items()
        )
        assert "server" not in answer.headers
    policy = page.HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    (scripts,) = re.findall(r"<script>(.*?)</script>", Phone(line.address).look().text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(scripts.encode()).digest()).decode()
    assert re.findall(r"script-src ([^;]*)", policy) == [f"'sha256-{digest}'"]


def test_a_page_that_has_seen_what_there_is_gets_nothing_until_something_changes(line: Line) -> None:
    phone = honest(line)

    def news() -> int:
        (mark,) = re.findall(r'<main data-mark="(\w+)">', seen)
        return phone.ask(If_None_Match=mark).status

    changes: list[Callable[[], object]] = [line.close, line.reveal, lambda: line.open("leaks-p2"), line.end]
    for change in changes:
        seen = phone.look().text
        line.counts()
        assert news() == 304
        change()
        assert news() == 200


def test_without_scripts_a_browser_loads_the_page_again_only_while_there_is_nothing_to_choose() -> None:
    one = poll.Poll("leaks-p1", 1, "", "", {"A": "", "B": ""}, votes={"me": "A"})
    reload = f'<noscript><meta http-equiv="refresh" content="{page.WAIT}"></noscript>'
    assert reload in page.page(None, "me")
    assert "refresh" not in page.page(one, "me") + page.page(one, "other")
    one.closed = True
    assert reload in page.page(one, "me")
    one.reveal("A", {"A": "", "": ""})
    assert "refresh" not in page.page(one, "me")


def test_texts_are_text(running: Line) -> None:
    """Not even a question that was written by an attacker could bring a script."""
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    shown = poll.Poll(hostile, 1, hostile, hostile, {"A": hostile}, votes={"me": "A"})
    for closed, replies in ((False, {}), (True, {}), (True, {"A": hostile, "": hostile})):
        shown.closed, shown.replies = closed, replies
        for voter in ("me", "other"):
            text = page.page(shown, voter, hostile)
            assert text.count("<script") == 1 and "<script>alert" not in text and "<img" not in text


# --- votes that do not count


def honest(line: Line) -> Phone:
    (phone,) = phones(line, 1)
    phone.vote("A")
    return phone


def test_a_vote_needs_a_cookie_that_this_page_has_signed(line: Line) -> None:
    honest(line)
    number = "x" * 22
    for forged in ("", f"{number}.{'0' * 32}", number, f"{number}.", ".", f".{'0' * 32}", "é.é"):
        phone = Phone(line.address, f"{process.COOKIE}={forged}")
        assert phone.send("B").status == 403, forged
    assert line.counts() == {"A": 1, "B": 0, "C": 0, "D": 0}


def test_a_vote_from_another_site_is_refused(line: Line) -> None:
    phone = honest(line)
    port = urllib.parse.urlsplit(line.address).port
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Origin": "http://127.0.0.1:8888"},
        {"Origin": f"http://evil.example:{port}"},
        {"Origin": f"http://127.0.0.1:{port}.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        body = urllib.parse.urlencode({"name": "leaks-p1.1", "letter": "B"})
        answer = phone.ask("POST", "/", body, **headers)
        assert (answer.status, answer.said) == (
            403, "This vote came from another site, so it was not counted."
        ), headers  # fmt: skip
    assert line.counts()["A"] == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("name=leaks-p2.1&letter=B", 409),
        ("name=leaks-p1.2&letter=B", 409),
        ("name=leaks-p1&letter=B", 409),
        ("letter=B", 409),
        ("name=leaks-p1.1", 400),
        ("name=leaks-p1.1&letter=", 400),
        ("name=leaks-p1.1&letter=E", 400),
        ("name=leaks-p1.1&letter=AB", 400),
        ("name=leaks-p1.1&letter=b", 400),
        ("", 409),
        ("{}", 409),
        (b"name=leaks-p1.1&letter=%ff", 400),
        (b"\x00\xff" * 500, 409),
        ("name=leaks-p1.1&letter=B" + "&a=b" * 200, 303),
        ("name=leaks-p1.1&letter=B" + "&a=b" * 400, 400),
    ],
)
def test_what_is_not_a_vote_for_this_question_changes_nothing(
    line: Line, body: str | bytes, status: int
) -> None:
    phone = honest(line)
    try:
        got = phone.ask("POST", "/", body).status
    except (ConnectionError, http.client.BadStatusLine):
        got = 400  # The connection is closed while the body is still sent.
    assert got == status
    assert line.counts() == {"A": status != 303, "B": status == 303, "C": 0, "D": 0}


def test_a_browser_has_one_vote_and_can_change_it_a_limited_number_of_times(line: Line) -> None:
    phone = honest(line)
    for number in range(poll.CHANGES):
        letter = "BA"[number % 2]
        answer = phone.send(letter)
        phone.send(letter)  # twice the same is no change
    assert answer.status == 429 and answer.said.endswith("Your last one, B, counts.")
    assert sum(line.counts().values()) == 1


def test_votes_in_all_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "VOTERS", 2)
    one = poll.Poll("leaks-p1", 1, "", "", {"A": "", "B": ""})
    for voter in "xy":
        one.vote(one.name, voter, "A")
    with pytest.raises(poll.Refused) as refused:
        one.vote(one.name, "z", "A")
    assert refused.value.status == 503
    one.vote(one.name, "x", "B")
    assert one.counts == {"A": 1, "B": 1}


# --- requests that never end, or are too large


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5_000,
        b"GET /" + b"a" * 50_000,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + b"a" * 2_000,
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + b"a" * 2_048 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500 + b"\r\n\r\n",
        b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 20_000,
    ],
)  # fmt: skip
def test_a_request_that_is_too_large_or_not_http_is_closed_unanswered_or_refused(
    line: Line, sent: bytes
) -> None:
    answer = raw(line, sent)
    assert answer == b"" or answer[9:12] in (b"400", b"404"), answer[:200]
    assert honest(line).look().status == 200


def test_a_request_that_does_not_end_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SECONDS", 0.05)

    async def served(sent: bytes) -> bytes:
        server = process.Server(process.application(poll.Box(), "key"), most=10)
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        server.handle_stream(IOStream(theirs), ("", 0))
        writer.write(sent)
        answer = await reader.read()
        writer.close()
        return answer

    for sent in (
        b"",
        b"GET / HTTP/1.1\r\nHost: a",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na",
    ):
        assert asyncio.run(served(sent)) == b""


@pytest.mark.deep
def test_an_open_connection_is_closed_for_a_new_one_where_there_are_too_many(line: Line) -> None:
    place = urllib.parse.urlsplit(line.address)
    idle = []
    try:
        for _ in range(confined.MOST + 20):
            idle.append(socket.create_connection((place.hostname, place.port), timeout=60))
            idle[-1].sendall(b"GET / HTTP/1.1\r\n")
        honest(line)
        assert line.counts()["A"] == 1
        idle[0].settimeout(60)
        assert idle[0].recv(1) == b"", "the oldest one"
    finally:
        for connection in idle:
            connection.close()


# --- where it listens, and what it has


def child() -> psutil.Process:
    """The page's process: a child of this one."""
    children = psutil.Process().children()
    return next(one for one in children if "lessons.desk.votes.process" in one.cmdline())


def test_its_process_has_no_secret_and_listens_on_one_address(line: Line) -> None:
    process = child()
    assert SECRET not in str(process.environ()) and line.key not in str(process.environ())
    assert line.key not in str(process.cmdline())
    listening = [one.laddr for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
    assert [tuple(one) for one in listening] == [("127.0.0.1", urllib.parse.urlsplit(line.address).port)]


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    asked = '{"host": "127.0.0.1", "ports": [0], "control": "control", "key": "", "cookies": ""}\n'
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "lessons.desk.votes.process"],
        input=asked, capture_output=True, text=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "") and '"port"' in ended.stdout


def test_only_its_own_user_can_reach_the_control_channel(line: Line) -> None:
    folder = os.path.dirname(str(line.control))
    assert os.stat(folder).st_mode & 0o077 == 0


# --- choosing an address


def test_a_long_temporary_folder_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of a socket may have 107 bytes, and such a folder has more."""
    long = tmp_path / ("a" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with start.page("127.0.0.1", None, None) as line:
        assert line.address.startswith("http://127.0.0.1:")


def test_an_address_of_this_machine_can_be_chosen_by_its_interface_too() -> None:
    name = next(name for name, host in start.addresses() if host == "127.0.0.1")
    assert start.address("127.0.0.1") == start.address(name) == "127.0.0.1"


@pytest.mark.parametrize("wrong", ["10.9.8.7", "0.0.0.0", "eth99", "phones.example"])
def test_another_address_is_refused_with_those_that_there_are(wrong: str) -> None:
    with pytest.raises(Trouble, match=rf"--votes-on {wrong} is not an .* It has: .*127\.0\.0\.1 \("):
        start.address(wrong)


def test_without_a_network_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "_outward", lambda: None)
    with pytest.raises(Trouble, match=r"so phones cannot reach it\..* --votes-on ADDRESS"):
        start.address(None)


def test_a_busy_port_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Trouble, match=rf"127\.0\.0\.1, port {port}: "), start.page("lo", port, None):
            pass
    assert PLACE not in os.environ


# --- the command


@pytest.mark.parametrize(
    ("options", "votes"),
    [
        ([], None),
        (["--votes"], present.Votes()),
        (["--votes-on", "lo"], present.Votes(on="lo")),
        (["--votes", "--votes-port", "9000", "--class-size", "40"], present.Votes(None, 9000, 40)),
    ],
)
def test_options(monkeypatch: pytest.MonkeyPatch, options: list[str], votes: present.Votes | None) -> None:
    got = []
    monkeypatch.setattr(present, "serve", lambda *given: got.append(given[4]))
    assert cli.main(["present", "01", *options]) == 0
    assert got == [votes]


def test_cards_are_one_page_to_print(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new" / "cards.html"
    assert cli.main(["cards", str(target)]) == 0
    assert str(target) in capsys.readouterr().out
    page = target.read_text()
    assert re.findall(r"<b>(.)</b>", page) == list("ABCD") and "http" not in page
    assert cli.main(["cards", str(tmp_path)]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.deep
def test_present_with_votes_keeps_jupyter_out_of_the_pages_reach() -> None:
    """Lab itself, a kernel, and the page beside it."""
    server = Server("present", more=["--votes-on", "127.0.0.1", "--class-size", "3"])
    try:
        server.wait()
        address = re.search(r"Votes by phone: (\S+)", server.said())
        assert address and "█" in server.said()
        kernel = server.ask("api/kernels", "POST")["id"]
        processes = psutil.Process(server.process.pid).children(recursive=True)
        by = {one.pid: " ".join(one.cmdline()) for one in processes}
        (votes,) = [one for one in processes if "lessons.desk.votes.process" in by[one.pid]]
        (kernels,) = [one for one in processes if kernel in by[one.pid]]
        assert PLACE in kernels.environ()
        assert server.token not in str([votes.environ(), votes.cmdline()])
        phone = Phone(address[1])
        for path in (f"/lab?token={server.token}", f"/api/contents?token={server.token}", "/api/kernels"):
            answer = phone.ask(path=path, Authorization=f"token {server.token}")
            assert answer.status == 404 and server.token not in answer.text
        assert server.token not in phone.look().text
    finally:
        server.stop()
    until = time.monotonic() + 60
    while votes.is_running() and time.monotonic() < until:
        time.sleep(0.05)
    assert not votes.is_running()
