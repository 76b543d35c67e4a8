"""Phones for tests: browsers without a screen, each with cookies of its own."""

from __future__ import annotations

import http.client
import re
import urllib.parse
from dataclasses import dataclass, field

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
