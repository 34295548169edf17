"""What a person typed against what is written: accents, case and small typing errors forgiven.

Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

#: Letters that Unicode does not take apart into a letter and an accent.
_WHOLE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
_WORD = re.compile(r"[0-9a-z]+")
#: Words this short are only matched by their beginning: one error makes another word of them.
EXACT_BELOW = 4
#: From this length on two errors are forgiven.
TWO_FROM = 8


def fold(text: str) -> str:
    """Small letters without accents. The mirror's ``credit_desk_fold`` does the same."""
    apart = unicodedata.normalize("NFKD", text.lower()).translate(_WHOLE)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """The words of a text, folded: letters and digits, whatever stands between them."""
    return _WORD.findall(fold(text))


def grams(text: str) -> set[str]:
    """Trigrams of each word, two blanks before it and one behind, as pg_trgm makes them."""
    return {f"  {word} "[n : n + 3] for word in words(text) for n in range(len(word) + 1)}


def inner_grams(text: str) -> set[str]:
    """Trigrams that every text holding these words, or beginnings of words, must have."""
    found: set[str] = set()
    for word in words(text):
        padded = word if len(word) > 2 else f"  {word}"
        found |= {padded[n : n + 3] for n in range(len(padded) - 2)}
    return found


def telling_grams(text: str) -> set[str]:
    """Those worth looking for when words may be misspelt: few words have them.

    What only tells a first letter, or the domain of an e-mail, half the school has; and of a
    booking id or a number the next one is another one, not a misspelt one.
    """
    if re.search(r"-.*\d", text) or text.isdigit():
        return set()
    return {gram for gram in grams(text.partition("@")[0]) if not gram.startswith("  ")}


def holds(asked: Sequence[str], written: str) -> bool:
    """Whether each word asked for is part of a word written; one or two letters: its beginning."""
    held = " " + " ".join(words(written))
    return all((word if len(word) > 2 else f" {word}") in held for word in asked)


def errors(one: str, other: str) -> int:
    """Letters to insert, leave out, replace or swap with the next, to make one of the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        previous, row, earlier = row, [i], before
        for j, against in enumerate(other, start=1):
            cost = previous[j - 1] + (letter != against)
            best = min(cost, previous[j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
        before = previous
    return row[-1]


def unlikeness(asked: Sequence[str], written: Iterable[str]) -> int | None:
    """Typing errors in all, 0 for none. None: a word is like none of those written."""
    held = list(written)
    total = 0
    for word in asked:
        best = min((_errors_of(word, each) for each in held), default=len(word))
        if best > _forgiven(word):
            return None
        total += best
    return total


@lru_cache(maxsize=4096)  # the domains of addresses are the same in every row
def _errors_of(word: str, written: str) -> int:
    """Against the whole word or, while it is still being typed, its beginning.

    No more than are forgiven are told apart from many: most words share too few letters.
    """
    if word in written:
        return 0
    most = _forgiven(word)
    letters = Counter(word)
    near = [
        head
        for head in {written, written[: len(word)], written[: len(word) + 1]}
        if abs(len(head) - len(word)) <= most and (letters - Counter(head)).total() <= most
    ]
    return min((errors(word, head) for head in near), default=most + 1)


def _forgiven(word: str) -> int:
    if len(word) < EXACT_BELOW or word.isdigit():
        return 0
    return 2 if len(word) >= TWO_FROM else 1
