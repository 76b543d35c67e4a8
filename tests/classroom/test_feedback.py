"""A page of feedback: all that is the student's, nothing that is hidden, and nothing that runs."""

from __future__ import annotations

import base64
import json
import re
import shutil
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT, IDS, answered, cell

from classroom import feedback
from classroom.cli import main
from classroom.course import Course
from classroom.feedback import _Release, _verdict
from classroom.pages import plain, prose
from lessons.judge.verdict import Aspect, Verdict

FIRST, SECOND = IDS
FULL = {id: gradings.worth(id) for id in IDS}
OPEN = f"{ASSIGNMENT}-open"
SECRET = "of the wrong solution wrong_2_leaks-m7 the check gave 4 points"


def png() -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


def shown(**data: str) -> dict[str, Any]:
    bundle = {kind.replace("_", "/"): content for kind, content in data.items()}
    bundle = {{"image/svg": "image/svg+xml"}.get(kind, kind): content for kind, content in bundle.items()}
    return {"output_type": "display_data", "data": bundle, "metadata": {}}


HOSTILE_WORDS = """
<script>alert("md")</script> <img src=x onerror=alert(2)> [x](javascript:alert(3)) [y](https://evil.example/y)
![p](https://evil.example/p.png) <iframe src="https://evil.example"></iframe> <https://evil.example/z>

<div onclick="alert(4)">

<style>body { display: none }</style>

<a href="data:text/html,x">d</a> &lt;script&gt; **strong** `a < b`

| a | b |
|---|---|
| <svg onload=alert(5)> | `c` |

# A heading of mine

```html
<script>alert(6)</script>
```

<!-- <script>alert(7)</script> -->
"""
HOSTILE_CODE = 'x = "</code></pre><script>alert(8)</script>"\n# <img src=//evil.example onerror=alert(9)>'
HOSTILE_OUTPUTS = [
    shown(text_html="<script>alert(10)</script>", text_plain="<script>alert(11)</script>"),
    shown(image_svg="<svg onload=alert(12)></svg>", text_plain="drawn"),
    shown(application_javascript="alert(13)", text_plain="js"),
    shown(image_png='"><script>alert(14)</script>', text_plain="no picture"),
    shown(image_png=png(), text_plain="a picture"),
    {
        "output_type": "stream",
        "name": "stdout",
        "text": "\x1b[31mred\x1b[0m </pre><script>alert(15)</script>",
    },
    {
        "output_type": "error", "ename": "<script>alert(16)</script>",
        "evalue": "no file /home/grader/secret/course/parts.db",
        "traceback": ["\x1b[0;31mFile /home/grader/secret/x.py:3", "Cell In[4], line 7"],
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ada is right, bob wrong, mal hostile, dov unreadable, eve died in the grader, fay waits."""
    course = coursework.make(tmp_path_factory.mktemp("feedback") / "course")
    gradings.enter(course, "ada", FULL, answers={FIRST: "ADAS_ANSWER = 1", OPEN: "Because it *leaks*."})
    gradings.decide(course, "ada", 2.5, OPEN, comment="Nearly.\nSay <when>.")
    gradings.enter(course, "bob", {FIRST: 2}, belief="leaks-m1", answers={FIRST: "BOBS_ANSWER = 2"})
    hostile = answered({FIRST: HOSTILE_CODE, OPEN: HOSTILE_WORDS})
    hostile["cells"].insert(2, cell("code", "print('<script>alert(17)</script>')  # MALS_OWN"))
    gradings.enter(
        course, "mal", {FIRST: 1}, data=json.dumps(hostile).encode(), printed={FIRST: HOSTILE_OUTPUTS},
        belief="<script>alert(18)</script>",
        seen="<script>alert(19)</script> at /home/grader/secret/course/x.py",
    )  # fmt: skip
    gradings.refuse(course, "dov", "unreadable", "It is no notebook: /home/grader/secret/dov.ipynb")
    gradings.refuse(course, "eve", "stopped", "The grader itself failed: OSError: /home/grader/secret")
    waiting(course, "fay")
    return course.root


def waiting(course: Course, student: str) -> None:
    from classroom.intake import Found

    with gradings.opened(course) as book:
        given = gradings.result(book.template, student, {FIRST: 4}, evidence=[SECRET], needs_person=True)
        book.enter(Found(student, b"x"), given)


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Course:
    return Course.read(shutil.copytree(graded, tmp_path / "course"))


@pytest.fixture
def pages(course: Course) -> dict[str, str]:
    assert main(["feedback", "--course", str(course.root)]) == 0
    files = (course.root / "feedback").glob(f"*/{ASSIGNMENT}.html")
    return {path.parent.name: path.read_text(encoding="utf-8") for path in files}


class Seen(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.words.append(" " if tag in ("th", "td", "p", "h1", "h2", "h3", "li") else "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


ELEMENTS = """
html head meta link title style body a main h1 h2 h3 p table caption thead tbody tr th td section div
strong em code pre span ul ol li details summary footer img blockquote br del
"""
ATTRIBUTES = """
lang charset aria-hidden http-equiv content name rel href class id scope aria-labelledby aria-label role
style alt src
"""


@pytest.mark.parametrize("student", ["ada", "bob", "mal", "dov", "eve", "fay"])
def test_nothing_in_a_page_runs_or_leads_out(pages: dict[str, str], student: str) -> None:
    seen = Seen(pages[student])
    assert {tag for tag, _ in seen.elements} <= set(ELEMENTS.split())
    for tag, attributes in seen.elements:
        assert set(attributes) <= set(ATTRIBUTES.split()), tag
        assert re.match(r"#|data:,$", attributes.get("href") or "#"), tag
        assert re.match(
            r"data:image/png;base64,[A-Za-z0-9+/=]+$", attributes.get("src") or "data:image/png;base64,A"
        )
    policy = dict(seen.elements[3][1])
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert (policy["content"] or "").startswith("default-src 'none'; img-src data:")


def test_what_is_hostile_is_shown_as_text(pages: dict[str, str]) -> None:
    text = Seen(pages["mal"]).text
    for number in (8, 11, 15, 16, 17, 19, 6):
        assert f"<script>alert({number})</script>" in text, number
    # Rich outputs are left to their plain text, and what is no picture is none.
    assert not re.search(r"alert\(1[0234]\)", pages["mal"])
    assert pages["mal"].count("<img ") == 1 and "A picture that the code above drew." in pages["mal"]
    assert "[picture: p]" in text and "\x1b" not in pages["mal"]
    assert "(line 7)" in text


@pytest.mark.parametrize("student", ["ada", "bob", "mal", "dov", "eve", "fay"])
def test_nothing_hidden_is_in_a_page(pages: dict[str, str], course: Course, student: str) -> None:
    text = pages[student]
    for hidden in ("/home/grader", "secret/", str(course.root), "wrong_2", SECRET,
                   coursework.TERM, "/tmp/"):  # fmt: skip
        assert hidden not in text
    others = {"ada": "ADAS_ANSWER", "bob": "BOBS_ANSWER", "mal": "MALS_OWN"}
    for other, words in others.items():
        assert (words in text) == (other == student)
    for id in IDS:
        for path in (course.solutions / id).glob("*.py"):
            assert path.stem not in text
    assert 'check("' not in text, "the check cell is not shown"


def test_points_verdict_answer_and_comment_are_there(pages: dict[str, str]) -> None:
    ada = Seen(pages["ada"]).text
    worth = sum(FULL.values())
    assert f"All {worth + 2.5:g} {worth + 3}" in ada
    assert "ADAS_ANSWER = 1" in ada and "Because it leaks." in ada and "<em>leaks</em>" in pages["ada"]
    assert "Nearly. Say <when>." in ada and "2.5 of 3 points, given by a person" in ada
    bob = Seen(pages["bob"]).text
    assert f"2 of {FULL[FIRST]} points" in bob
    assert "aspect 1: passes (1 of 1)" in bob and "aspect 2: fails (0 of 1)" in bob
    assert "Seen: Nothing was seen at 2." in bob and "Try: Look again." in bob
    assert "“" in bob.partition("Behind it: ")[2][:3] or "leaks-m1" not in bob


def test_what_was_not_looked_at_is_not_said_to_fail() -> None:
    failed = Aspect("it closes", 2, 0, "", "one was open.", "Close it.")
    waits = Aspect("it counts", 1, 0, "", "this shows only when what stands above holds.", "Fix that first.")
    told = Verdict(FIRST, "1", "kit", (failed, waits)).as_dict()
    shown, _ = _verdict(FIRST, told, {}, None)
    text = Seen(str(shown)).text
    assert "it closes: fails (0 of 2)" in text
    assert "it counts: not checked yet (0 of 1)" in text and text.count("fails (") == 1


def test_an_answer_that_is_missing_is_told_once_and_in_no_persons_name(pages: dict[str, str]) -> None:
    bob = Seen(pages["bob"]).text
    assert "leaks-open 0 of 3 points There is no answer. Your answer" in bob
    assert "No response" not in bob and "Comment" not in bob
    told = Verdict(FIRST, "1", "kit", (Aspect("it closes", 2),), missing=True).as_dict()
    assert _verdict(FIRST, told | {"note": ""}, {}, None) == (None, "There is no answer.")


def test_a_task_has_the_title_of_its_release() -> None:
    titles = _Release.read(coursework.REPOSITORY / "exercises/release/leaks/leaks.ipynb").titles
    assert titles["leaks-x1"] == "Close what the copy opened"
    assert titles["leaks-open"] == "The colleague who restarts"


def test_a_cell_that_a_student_added_is_told_by_its_number(course: Course) -> None:
    path = course.records / ASSIGNMENT / "bob.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["note"] = "The kernel died in the cell added-6; the cells after it ran in a new one."
    path.write_text(json.dumps(record), encoding="utf-8")
    assert main(["feedback", "--student", "bob", "--course", str(course.root)]) == 0
    text = (course.root / f"feedback/bob/{ASSIGNMENT}.html").read_text(encoding="utf-8")
    assert "The kernel died in cell 6 of your notebook; the cells after" in text


def test_what_could_not_be_graded_says_why(pages: dict[str, str]) -> None:
    assert "could not be graded (unreadable). It is no notebook: …/dov.ipynb" in Seen(pages["dov"]).text
    eve = Seen(pages["eve"]).text
    assert "the grader did not finish" in eve and "OSError" not in eve
    assert "Your answer" not in eve


def test_who_waits_for_a_person_is_told_so_and_no_more(pages: dict[str, str], course: Course) -> None:
    fay = Seen(pages["fay"]).text
    assert "A person will look at this submission" in fay and SECRET not in pages["fay"]
    gradings.decide(course, "fay", 4)
    main(["feedback", ASSIGNMENT, "--student", "fay", "--course", str(course.root)])
    text = (course.root / f"feedback/fay/{ASSIGNMENT}.html").read_text(encoding="utf-8")
    assert "A person will look" not in text and "given by a person" in text and SECRET not in text


def test_it_writes_for_one_student_alone(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["feedback", ASSIGNMENT, "--student", "bob", "--student", "zoe", "--course", str(course.root)]
    assert main(line) == 1
    assert [path.name for path in (course.root / "feedback").iterdir()] == ["bob"]
    said = capsys.readouterr()
    assert "leaks: 1 page in" in said.out
    assert said.err == "leaks, zoe: nothing was graded, so there is no page.\n"


def test_a_forged_record_of_a_verdict_makes_no_page_fail(course: Course) -> None:
    path = course.records / ASSIGNMENT / "bob.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    aspects = record["exercises"][FIRST]["aspects"]
    aspects[0] |= {"name": {"a": 1}, "belief": ["x"], "seen": 7}
    record["exercises"][SECOND]["aspects"] = [{"name": "alone"}]
    record["exercises"][SECOND]["version"] = "<script>"
    path.write_text(json.dumps(record), encoding="utf-8")
    assert main(["feedback", "--course", str(course.root)]) == 0
    text = (course.root / f"feedback/bob/{ASSIGNMENT}.html").read_text(encoding="utf-8")
    assert "The verdict of the check cannot be shown." in text and "<script" not in text


def test_a_page_that_fails_is_named_and_takes_no_page_from_the_others(
    course: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["feedback", "--student", "ada", "--student", "bob", "--student", "fay"]
    words += ["--course", str(course.root)]
    made = feedback._page

    def broken(course: Course, record: Any, *more: Any) -> str:
        if record["student"] == "bob":
            raise KeyError("cells")
        return made(course, record, *more)

    monkeypatch.setattr(feedback, "_page", broken)
    (course.root / f"feedback/ada/{ASSIGNMENT}.html").mkdir(parents=True)
    assert main(words) == 1
    said = capsys.readouterr()
    assert "leaks: 2 pages in" in said.out
    no_page, short_page = said.err.splitlines()
    assert no_page.startswith(f"leaks, ada: there is no new page, because {course.root}")
    assert short_page.startswith("leaks, bob: the page has only the points, because the rest failed (Key")
    for student, text in (("bob", "Ask your teacher"), ("fay", "<h1")):
        page = (course.root / f"feedback/{student}/{ASSIGNMENT}.html").read_text(encoding="utf-8")
        assert text in page and f"for {student}" in page


def test_before_a_grading_it_says_what_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = coursework.make(tmp_path / "course")
    assert main(["feedback", ASSIGNMENT, "--course", str(course.root)]) == 1
    assert "leaks was not graded yet: run `classroom grade leaks` first." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("sqlite:////srv/lib/parts.db is locked", "sqlite:///…/parts.db is locked"),
        ("File C:\\Users\\grader\\x.py, line 2", "File …/x.py, line 2"),
        ("one/two, 3/4 and /tmp", "one/two, 3/4 and /tmp"),
        ("('/srv/a b/c/d.py', 2)", "('…/a b/c/d.py', 2)"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07\u202e", "link"),
    ],
)
def test_places_of_the_machine_are_left_out(given: str, read: str) -> None:
    assert plain(given) == read


def test_what_a_student_writes_in_markdown_reads_well() -> None:
    assert prose("1. *first*\n2. `second`").replace("\n", "") == (
        "<ol><li><em>first</em></li><li><code>second</code></li></ol>"
    )
    assert "see (https://a.example/b?c=1&amp;d)" in prose("[see](https://a.example/b?c=1&d)")
