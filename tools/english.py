"""Find sentences that are hard to read: the worst patterns, and sentences of more than 25 words.

    python tools/english.py                                everything that is read
    python tools/english.py notebooks/01_leaks.ipynb       some files or folders
    python tools/english.py --lesson 01                    a lesson with its questions, notes, beliefs, pairs
    python tools/english.py --count                        only the counts of each file

Each line has the file, the place (a cell, or a line), what was found, and the sentence. An editor would
change nearly every sentence that is found, but other sentences can be hard, too.
"""

import argparse
import ast
import html
import io
import itertools
import re
import sys
import tokenize
import tomllib
from dataclasses import dataclass
from pathlib import Path

import nbformat

from lessons.study.arranged import problems
from lessons.study.notes import stored
from lessons.study.pairs import pairs
from lessons.study.questions import LESSONS, misconceptions, questions

COURSE = Path(__file__).resolve().parent.parent
READ = (
    "notebooks",
    "src",
    "tools",
    "tests/benchmarks",
    "README.md",
    "CONTRIBUTING.md",
    "docs/places.md",
    "docs/teaching",
    "exercises/GRADING.md",
)
"""The files that students, teachers and developers of the kit read."""
KINDS = {".ipynb", ".md", ".toml", ".py", ".js", ".svg"}

LONGEST = 25
"""The most words of a sentence."""

CODE = "\N{BULLET}"
"""The sign that replaces code in backquotes."""

_PASSIVE = (
    "made|held|kept|given|written|read|called|caught|built|done|run|sent|taken|seen|shown|broken|chosen|drawn|"
    "found|left|lost|put|thrown|told|brought|known|begun|cut|set|hidden|driven|fed|led|bound|replaced"
)
_VERB = r"(is|are|was|were|be|been|being)"
PATTERNS = {
    "stands": r"(?i)\b(stands?|stood)\b(?!-in)",
    "lies": r"(?i)\b(lies?|lays?|lain|lying)\b",
    "nobody": r"(?i)\b(nobody|no one|no-one)\b",
    "who/what": r"^(Who|Whoever|Whatever|Whichever) (?!.*\?)(?=(\S+ ){3})|[;:,] who(ever)? (?!.*\?)[^,]*\.$",
    "what": r"^What (?![^:]{,30}:)(?=(\S+ ){3})[^?]*[.!]$",
    "is no": rf"(?<!there )(?<!There )\b{_VERB} (no|none)\b(?! longer| more| doubt| matter)",
    "anew": r"(?i)\b(anew|afresh|shall)\b",
    "the pulling": r"(?i)\bthe (pulling|building|closing|opening)\b(?! (line|block|story|word|bracket))",
    "mend": r"(?i)\b(mend|mends|mended|mending)\b",
    "by code": rf"(?:^|\s)(?!(?:\w+ed|{_PASSIVE})\b)[\w{CODE}]+,? by {CODE}",
    "n't": r"\w+n['\N{RIGHT SINGLE QUOTATION MARK}]t\b",
}  # fmt: skip
"""The patterns, as regular expressions over one sentence."""


EXCEPTIONS = {
    ("CONTRIBUTING.md", "the host hangs, dies or lies"): "a lie is what is not true",
    ("CONTRIBUTING.md", "Do not write stands or lies"): "it names the words that are not to be used",
    ("CONTRIBUTING.md", 'not "is no'): "it names the words that are not to be used",
    ("tools/english.py", ""): "it has the patterns and the exceptions",
}
"""Sentences that may stay: the end of a file's path, a part of the sentence, and the reason."""


@dataclass(frozen=True)
class Text:
    """Words that belong together, and their place: a cell's id, or a line.

    label: whether the first sentence names something, as a heading, a comment or a docstring does.
    """

    path: Path
    place: str
    words: str
    label: bool = False


@dataclass(frozen=True)
class Hit:
    """A sentence in which something was found."""

    text: Text
    name: str
    sentence: str

    def __str__(self):
        path = self.text.path
        shown = path.relative_to(COURSE) if path.is_relative_to(COURSE) else path
        return f"{shown.as_posix()} [{self.text.place}] {self.name}: {self.sentence}"


# --- what is read in a file


def texts(path):
    """The texts in a file, in their order."""
    source = path.read_text(encoding="utf-8")
    found = (Text(path, *one) for one in _READERS[path.suffix](source))
    return [text for text in found if text.words.strip()]


def _notebook(source):
    for cell in nbformat.reads(source, as_version=4).cells:
        if cell.cell_type == "markdown":
            yield from ((cell.id, *words) for _, *words in _markdown(cell.source))
        elif cell.cell_type == "code":
            lines = ["" if line.startswith(("%", "!")) else line for line in cell.source.splitlines()]
            yield from ((cell.id, *words) for _, *words in _python("\n".join(lines)))


def _markdown(source):
    """Paragraphs, items, cells of tables and headings, each with its line, without fenced code."""
    block, begun, fenced = [], 1, False
    for number, line in enumerate([*source.splitlines(), ""], 1):
        fence = line.lstrip(" >").startswith("```")
        fenced = fenced != fence
        ends = (
            fenced or fence or not line.strip(" >|-:") or re.match(r"\s*([-*]|\d+\.|#+|\||\(?[a-z]\)) ", line)
        )
        if ends and block:
            yield str(begun), _plain(" ".join(block)), block[0].startswith("#")
            block = []
        if fenced or fence or not line.strip(" >|-:"):
            continue
        if line.lstrip().startswith("|"):
            yield from ((str(number), _plain(cell), True) for cell in _cells(line))
            continue
        begun = begun if block else number
        block.append(line.strip(" >"))


def _cells(row):
    return re.sub(r"`[^`]*`", lambda code: code[0].replace("|", " "), row).strip("| ").split("|")


def _plain(text):
    """A text without marks, tags and targets of links; code is one sign."""
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"\1. ", text)
    text = re.sub(r"``.+?``|`[^`]*`", CODE, text)
    text = re.sub(r"\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)", r"\1", text)
    text = re.sub(r"<(?=[/a-zA-Z!])[^>]*>", " ", text)
    text = re.sub(r"^\s*([-*]|\d+\.|#+) ", "", text)
    return " ".join(re.sub(r"\*+|(?<!\w)_+|_+(?!\w)", "", text).split())


def _python(source):
    """Docstrings, other strings with words in them, and comments, each with its line."""
    found = []
    tree = ast.parse(source)
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    inside = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            whole = "".join(
                str(part.value) if isinstance(part, ast.Constant) else CODE for part in node.values
            )
            found += [(node.lineno, whole)] if _said(whole) else []
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            if id(node) in docs:
                text = re.sub(r"(?m)^\s*>>>(.|\n)*?(\n\s*\n|\Z)", "\n\n", node.value)
                text = re.sub(r"(?m)::?\n\n(    .*\n|\n)+", ".\n\n", text)
                parts = [(node.lineno + int(line) - 1, words) for line, words, _ in _markdown(text)]
                found += [(line, words, place == 0) for place, (line, words) in enumerate(parts)]
            elif _said(node.value):
                found.append((node.lineno, node.value))
    found += _comments(source)
    for line, words, *label in sorted(found, key=lambda one: one[0]):
        yield str(line), _plain(words), *label


def _comments(source):
    """Comments, those in neighbouring lines as one."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        words = token.string.lstrip("#: ")
        if token.type != tokenize.COMMENT or re.match(r"(Answers [\w-]+$|noqa|type: |fmt: )", words):
            continue
        alone = not token.line[: token.start[1]].strip()
        if found and alone and found[-1][1] == token.start[0] - 1:
            found[-1][1:] = [token.start[0], f"{found[-1][2]} {words}"]
        else:
            found.append([token.start[0], token.start[0], words])
    return [(line, words, True) for line, _, words in found]


_WORD = r"[(\"“'*`]*[A-Za-z•][\w•'\N{RIGHT SINGLE QUOTATION MARK}-]*[)\"”'*`.,:;?!]*"


def _said(text):
    """Whether a string is a text for people: it has at least three words, and hardly anything else."""
    words = text.split()
    plain = [word for word in words if re.fullmatch(_WORD, word)]
    return len(plain) >= 3 and len(plain) >= 0.7 * len(words)


_PROSE = {
    *("prompt", "text", "reply", "belief", "truth", "grain", "show", "wrong", "pair", "none", "why", "name"),
    *("task", "did", "reason", "note"),
}
"""The keys of TOML files under which there are words."""


def _toml(source):
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("#"):
            yield str(number), _plain(line.lstrip("# "))
        for key, value in re.findall(r'(?:^|[{,] *)(\w+) = ("(?:[^"\\]|\\.)*")', line):
            if key in _PROSE:
                yield str(number), _plain(tomllib.loads(f"it = {value}")["it"])


def _script(source):
    for number, line in enumerate(source.splitlines(), 1):
        comment = re.search(r"(?:^|\s)(?://|/?\*+) ?(.*?)(?:\*/)?$", line)
        if comment:
            yield str(number), _plain(comment[1])
        for text in re.findall(r'"([^"\n]+)"|`([^`\n]+)`', "" if comment else line):
            words = re.sub(r"\$\{[^}]*\}", CODE, "".join(text))
            if _said(words):
                yield str(number), _plain(words)


def _drawing(source):
    for number, line in enumerate(source.splitlines(), 1):
        for words in re.findall(r"<(?:title|desc|text|tspan)\b[^>]*>([^<]+)<", line):
            yield str(number), _plain(html.unescape(words)), True


_READERS = {
    ".svg": _drawing,
    ".ipynb": _notebook,
    ".md": _markdown,
    ".toml": _toml,
    ".py": _python,
    ".js": _script,
}


def of_lesson(short):
    """The texts of a lesson: its notebook and pictures, its questions, notes, beliefs and problems."""
    notebook = COURSE / "notebooks" / f"{LESSONS[short]}.ipynb"
    pictures = set(re.findall(r"figures/[\w-]+\.svg", notebook.read_text(encoding="utf-8")))
    found = [text for path in [notebook, *sorted(COURSE / "notebooks" / one for one in pictures)]
             for text in texts(path)]  # fmt: skip
    study = COURSE / "src" / "lessons" / "study"
    for file, place, *words in _parts(short):
        found += [Text(study / file, place, _plain(one)) for one in words if one]
    return found


def _parts(short):
    """File, place and texts for a lesson in the TOML files."""
    for one in questions().values():
        if one.lesson == short:
            told = [text for option in one.options for text in (option.text, option.reply, option.grain)]
            yield f"questions/{short}.toml", one.id, one.prompt, *told
    for id, note in stored(short).items():
        yield f"notes/{short}.toml", id, note.show, note.wrong, note.pair, note.none
    for id, entry in misconceptions().items():
        if entry.lesson == LESSONS[short]:
            yield "misconceptions.toml", id, entry.belief, entry.truth
    for pair in pairs():
        if pair.lesson == short:
            asked = [text for side in (pair.before, pair.after) for text in
                     (side.prompt, *(choice.text for choice in side.choices))]  # fmt: skip
            yield "pairs.toml", pair.name, pair.why, *asked
    for id, problem in problems().items():
        if id.startswith(f"{short}-"):
            yield "arrange.toml", id, problem.task, problem.did, *(line.why for line in problem.lines)


# --- what is found


def sentences(text):
    """The sentences of a text."""
    return [one for one in re.split(r"(?<=[.!?])[)”\"]?\s+(?=[A-Z“(\d•])", text) if re.search(r"\w", one)]


def length(sentence):
    """How many words a sentence has; code counts as one."""
    return len([word for word in sentence.split() if re.search(rf"[\w{CODE}]", word)])


def found(text):
    """The hits in a text."""
    for place, sentence in enumerate(sentences(text.words)):
        for name, pattern in PATTERNS.items():
            named = name == "what" and text.label and place == 0
            if re.search(pattern, sentence) and not named and not excepted(text, sentence):
                yield Hit(text, name, sentence)
        if length(sentence) > LONGEST:
            yield Hit(text, f"{length(sentence)} words", sentence)


def excepted(text, sentence):
    """Whether a sentence is one of the exceptions."""
    path = text.path.as_posix()
    return any(path.endswith(where) and part in sentence for where, part in EXCEPTIONS)


def files(paths):
    """The files in some files and folders that are read, in order."""
    kept = []
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else [path]
        kept += sorted(one for one in inside if one.suffix in KINDS and "__pycache__" not in one.parts)
    return kept


def everything():
    """The files that are read."""
    return files(COURSE / one for one in READ)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, help="files and folders; default: everything")
    parser.add_argument("--lesson", help="such as 01: all that belongs to it")
    parser.add_argument("--count", action="store_true", help="only the counts of each file")
    options = parser.parse_args(arguments)
    if options.lesson:
        shorts = [short for short, stem in LESSONS.items() if stem.startswith(options.lesson)]
        read = [text for short in shorts for text in of_lesson(short)]
    else:
        those = files(path.resolve() for path in options.paths) if options.paths else everything()
        read = [text for path in those for text in texts(path)]
    for path, group in itertools.groupby(read, key=lambda text: text.path):
        here = list(group)
        hits = [hit for text in here for hit in found(text)]
        for hit in [] if options.count else hits:
            print(hit)
        lengths = [length(one) for text in here for one in sentences(text.words)]
        if lengths:
            print(_counted(path, lengths, hits))
    return 0


def _counted(path, lengths, hits):
    shown = path.relative_to(COURSE) if path.is_relative_to(COURSE) else path
    long = sum(size > LONGEST for size in lengths)
    return (
        f"{shown.as_posix()}: {len(hits) - long} patterns; {len(lengths)} sentences, "
        f"{sum(lengths) / len(lengths):.1f} words on average, {max(lengths)} at most, {long} over {LONGEST}"
    )


if __name__ == "__main__":
    sys.exit(main())
