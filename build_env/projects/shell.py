"""Owns the reading of shell scripts without running them: assignments and functions at their top level, for certain.

What is no plain word (an expansion, a pattern) is said to be none, and every other statement is given as it stands.
Knows nothing of what a script is for.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

__all__ = ["Assignment", "Function", "Other", "Statement", "statements"]

_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_OPERATORS = (";;", "&&", "||", "<<-", "<<", ";", "&", "|", "(", ")", "<", ">", "\n")
_ENDS = frozenset({"\n", ";", "&", "|", "&&", "||", ";;", "("})
_OPENING = {"if": "fi", "case": "esac", "for": "done", "while": "done", "until": "done", "select": "done", "{": "}"}
_DECLARING = frozenset({"export", "declare", "readonly", "typeset", "-a", "-x", "-r", "-g"})
_DEEPEST = 50  # brackets in brackets
_SPACE = re.compile(r"(?:[ \t\r]|\\\n|#[^\n]*)+")
_PATTERN = frozenset("*?[")


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """`words` are the values, None where one of them is not plain; `many` tells an array."""

    line: int
    text: str
    name: str
    words: tuple[str, ...] | None
    many: bool = False


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function; `body` is its text on one line, without comments."""

    line: int
    text: str
    name: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Other:
    """Any other statement, up to where it ends."""

    line: int
    text: str


Statement = Assignment | Function | Other


@dataclass(frozen=True, kw_only=True)
class _Token:
    """A word or an operator; `value` is None for a word that is not plain, `words` those of an array."""

    start: int
    end: int
    text: str
    value: str | None = None
    words: tuple[_Token, ...] | None = None


class _Unreadable(Exception):
    """A quote, bracket or here-document without its end."""


def statements(text: str) -> list[Statement]:
    """The statements of a script, in their order; what cannot be read is the last of them, up to the end."""
    found: list[Statement] = []
    scanner = _Scanner(text)
    tokens, at = scanner.tokens(), 0
    while at < len(tokens):
        if tokens[at].text in _ENDS and tokens[at].text != "(":
            at += 1
            continue
        end = _end(tokens, at)
        if end is None or (end == len(tokens) and scanner.broken):
            break
        found += _statement(scanner, tokens[at:end])
        at = end
    if at < len(tokens) or scanner.broken:
        start = tokens[at].start if at < len(tokens) else scanner.reached
        found.append(Other(line=scanner.line(start), text=text[start:]))
    return found


def _statement(scanner: _Scanner, tokens: list[_Token]) -> list[Statement]:
    line = scanner.line(tokens[0].start)
    text = scanner.text[tokens[0].start : tokens[-1].end]
    words = [token.text for token in tokens]
    named = words[1:] if words[0] == "function" else words
    opening = next((number for number, word in enumerate(named[:5]) if word == "{"), 0)
    if opening and set(named[1:opening]) <= {"(", ")", "\n"} and words[-1] == "}":
        body = " ".join(word if word != "\n" else ";" for word in named[opening + 1 : -1])
        body = re.sub(r"(; )+", "; ", f"{body} ; ").strip("; ")
        return [Function(line=line, text=text, name=named[0], body=body)]
    values = [token for token in tokens if token.text not in _DECLARING]
    if values and all(_ASSIGNED.match(token.text) for token in values):
        return [_assignment(scanner, token) for token in values]
    return [Other(line=line, text=text)]


def _assignment(scanner: _Scanner, token: _Token) -> Assignment:
    name = token.text.partition("=")[0]
    values = [word.value for word in token.words] if token.words is not None else [token.value]
    words = tuple(value for value in values if value is not None)
    if token.words is None:
        words = tuple(word.partition("=")[2] for word in words)
    return Assignment(
        line=scanner.line(token.start),
        text=token.text,
        name=name,
        words=words if len(words) == len(values) else None,
        many=token.words is not None,
    )


def _end(tokens: list[_Token], at: int) -> int | None:
    """Where the statement that begins at `at` ends: behind its last token, all that it opens closed; None for never."""
    closing: list[str] = []
    begins, start = True, at
    while at < len(tokens):
        word = tokens[at].text
        if not closing and word in {"\n", ";"} and not _opens_function(tokens, start, at):
            return at
        if closing and word == closing[-1] and (begins or word == ")"):
            closing.pop()
        elif word in _OPENING and (begins or (word == "{" and tokens[start].text == "function")):
            closing.append(_OPENING[word])
        elif word == "(" and (not closing or closing[-1] != "esac"):
            closing.append(")")
        begins = word in _ENDS or word in {"then", "do", "else", "elif", "!", ")", "{", "function"}
        at += 1
    return None if closing else at


def _opens_function(tokens: list[_Token], start: int, at: int) -> bool:
    """Whether the brace of a function comes on the next line."""
    if at != start + 3 or [token.text for token in tokens[start + 1 : start + 3]] != ["(", ")"]:
        return False
    while at < len(tokens) and tokens[at].text == "\n":
        at += 1
    return at < len(tokens) and tokens[at].text == "{"


class _Scanner:
    """Takes a script apart into words and operators."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.broken = False
        self.reached = 0  # behind the last token
        self._at = 0
        self._depth = 0
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._documents: list[str] = []

    def line(self, position: int) -> int:
        """The line of a position, from 1."""
        return bisect_left(self._ends, position) + 1

    def tokens(self) -> list[_Token]:
        """All tokens; `broken` is set when what comes behind them cannot be read."""
        found: list[_Token] = []
        try:
            while (token := self._next()) is not None:
                if found and found[-1].text in {"<<", "<<-"}:
                    self._documents.append(token.text.strip("'\"\\"))
                found.append(token)
                self.reached = token.end
                if token.text == "\n":
                    self._skip_documents()
        except _Unreadable:
            self.broken = True
        return found

    def _skip_documents(self) -> None:
        for delimiter in self._documents:
            end = re.compile(rf"^\t*{re.escape(delimiter)}$", re.MULTILINE).search(self.text, self._at)
            if end is None:
                raise _Unreadable
            self._at = end.end()
        self._documents = []

    def _next(self) -> _Token | None:
        text = self.text
        while space := _SPACE.match(text, self._at):
            self._at = space.end()
        if self._at >= len(text):
            return None
        start = self._at
        operator = next((each for each in _OPERATORS if text.startswith(each, start)), "")
        if operator:
            self._at += len(operator)
            return _Token(start=start, end=self._at, text=operator)
        return self._word(start)

    def _word(self, start: int) -> _Token:
        text, value, plain = self.text, "", True
        while self._at < len(text) and text[self._at] not in " \t\r\n;&|()<>":
            char = text[self._at]
            if char == "'":
                end = self._find("'", self._at + 1)
                value += text[self._at + 1 : end]
                self._at = end + 1
            elif char == '"':
                inner = self._quoted()
                plain = plain and inner is not None
                value += inner or ""
            elif char == "\\":
                value += text[self._at + 1 : self._at + 2].strip("\n")
                self._at += 2
            elif char in "$`":
                plain = False
                self._expansion()
            else:
                plain = plain and char not in _PATTERN and not (char == "~" and value[-1:] in {"", "=", ":"})
                value += char
                self._at += 1
            if text[self._at : self._at + 1] == "(" and _ASSIGNED.fullmatch(text[start : self._at]):
                return self._array(start)
        return _Token(start=start, end=self._at, text=text[start : self._at], value=value if plain else None)

    def _array(self, start: int) -> _Token:
        self._deeper()
        self._at += 1
        words: list[_Token] = []
        while (token := self._next()) is not None and token.text != ")":
            if token.text != "\n":
                words.append(token)
        if token is None:
            raise _Unreadable
        self._depth -= 1
        return _Token(start=start, end=self._at, text=self.text[start : self._at], words=tuple(words))

    def _quoted(self) -> str | None:
        """The text between double quotes; None when something in it is expanded."""
        value, plain = "", True
        self._at += 1
        while self.text[self._at : self._at + 1] != '"':
            char = self.text[self._at : self._at + 1]
            if not char:
                raise _Unreadable
            if char in "$`":
                plain = False
                self._expansion()
                continue
            if char == "\\":
                self._at += 1
                char = self.text[self._at : self._at + 1].strip("\n")
            value += char
            self._at += 1
        self._at += 1
        return value if plain else None

    def _expansion(self) -> None:
        """Go behind what begins here with a dollar sign or a backquote."""
        text = self.text
        if text[self._at] == "`":
            self._at = self._find("`", self._at + 1) + 1
        elif text.startswith(("$(", "${"), self._at):
            self._bracketed(text[self._at + 1], ")" if text[self._at + 1] == "(" else "}")
        else:
            self._at += 1

    def _bracketed(self, opening: str, closing: str) -> None:
        self._deeper()
        self._at += 1
        depth = 0
        while True:
            char = self.text[self._at : self._at + 1]
            if not char:
                raise _Unreadable
            if char == "'":
                self._at = self._find("'", self._at + 1)
            elif char == '"':
                self._quoted()
                continue
            elif char == "\\":
                self._at += 1
            depth += (char == opening) - (char == closing)
            self._at += 1
            if not depth:
                self._depth -= 1
                return

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Unreadable

    def _find(self, what: str, start: int) -> int:
        found = self.text.find(what, start)
        if found < 0:
            raise _Unreadable
        return found
