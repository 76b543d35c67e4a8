"""Phones for tests: browsers without a screen, each with cookies of its own."""

from __future__ import annotations

import http.client
import random
import re
import socket
import time
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from lessons.study.phones import Line


@dataclass
class Answer:
    """What the page answered: a status, its headers, and the page as text."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def said(self) -> str:
        """What the page says first, without marks."""
        found = re.search(r'<p[^>]* role="(?:status|alert)">(.*?)</p>', self.text, re.DOTALL)
        return re.sub(r"<[^>]+>", "", found[1]) if found else ""


@dataclass
class Phone:
    """A browser that follows the page's redirection, and sends what a browser sends."""

    address: str
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str = "GET", path: str = "/", body: str | bytes | None = None, **headers: str
    ) -> Answer:
        """One request, without redirection."""
        place = urllib.parse.urlsplit(self.address)
        line = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
        try:
            sent = {"Cookie": self.cookie} if self.cookie else {}
            if method == "POST":
                sent["Content-Type"] = "application/x-www-form-urlencoded"
                sent["Origin"] = self.address.rstrip("/")
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            line.request(method, path, body, sent | self.headers | named)
            told = line.getresponse()
            got = {name.lower(): value for name, value in told.getheaders()}
            answer = Answer(told.status, got, told.read().decode())
        finally:
            line.close()
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def look(self) -> Answer:
        """Open the page, or look again."""
        return self.ask()

    def send(self, letter: str, name: str = "leaks-p1.1") -> Answer:
        """Send the form without looking at the page that follows."""
        return self.ask("POST", body=urllib.parse.urlencode({"name": name, "letter": letter}))

    def vote(self, letter: str, name: str = "leaks-p1.1") -> Answer:
        """Open the page, vote, and return the page that is then shown."""
        if not self.cookie:
            self.look()
        sent = self.send(letter, name)
        return self.look() if sent.status == 303 else sent


def phones(line: Line, number: int) -> list[Phone]:
    """So many new phones."""
    return [Phone(line.address) for _ in range(number)]


# --- a class, and those who disturb it: for processes of their own

LOST = (OSError, http.client.HTTPException)
"""What a phone sees if its connection was closed to make room. A person would try again."""


def again(act: Callable[[], Answer]) -> Answer:
    """Do it until the page answers, as a person does who sees an error."""
    for _ in range(100):
        try:
            return act()
        except LOST:
            time.sleep(random.random() / 5)
    raise AssertionError("the page did not answer a hundred times")


def honest(address: str, seed: int, name: str, cookies: list[str]) -> list[tuple[str, str]]:
    """So many people vote at the same time: the cookie and the letter of each, as the page confirmed them.

    Some press twice, and some change their vote. cookies: of the same people from an earlier round, or "".
    """
    chance = random.Random(seed)
    plans = [(cookie, chance.choice("ABCD"), chance.random(), chance.random()) for cookie in cookies]

    def person(plan: tuple[str, str, float, float]) -> tuple[str, str]:
        cookie, letter, pause, habit = plan
        phone = Phone(address, cookie)
        again(phone.look)
        time.sleep(pause)
        if habit < 0.2:
            again(lambda: phone.send("A", name))
        for _ in range(2 if habit > 0.8 else 1):
            sent = again(lambda: phone.send(letter, name))
            assert sent.status == 303, sent
        seen = again(phone.look).said
        assert seen.startswith(f"Sent: you voted {letter}."), seen
        return phone.cookie, letter

    with ThreadPoolExecutor(50) as people:
        return list(people.map(person, plans))


def hostile(address: str, kind: str, stop: Path) -> int:
    """Disturb the page in one way until the file `stop` is there; returns how often it was tried."""
    done = 0
    place = urllib.parse.urlsplit(address)
    mine = Phone(address)
    held: list[socket.socket] = []
    while not stop.exists():
        done += 1
        try:
            if kind == "flood":
                Phone(address).look()
            elif kind == "forged cookies":
                Phone(address, f"lifecycle-voter={random.random()}.{'0' * 32}").send(random.choice("ABCD"))
            elif kind == "wrong questions":
                again(mine.look) if not mine.cookie else None
                mine.send("A", random.choice(["leaks-p2.1", "leaks-p1.9", "leaks-p1.0", "", "x" * 500]))
            else:
                line = socket.create_connection((place.hostname, place.port), timeout=60)
                held.append(line)
                if kind == "half requests":
                    line.sendall(
                        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\nname=leaks-p1.1&letter="
                    )
                    if len(held) > 700:
                        held.pop(0).close()
                else:
                    line.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
                    line.sendall(b"a" * 1_000_000)
                    held.pop().close()
        except LOST:
            pass
    return done


HOSTILE = ("flood", "forged cookies", "wrong questions", "half requests", "huge bodies")
