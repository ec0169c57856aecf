"""The wording of red lines: which signs of a limit stand in a sentence, how hard they are, and whom it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from stance.errors import StanceError
from stance.resources import resource_path

EXPLICIT, IMPLIED = "explicit", "implied"
ANYONE, UNNAMED = "anyone", "unnamed"

Patterns = dict[str, list[re.Pattern[str]]]


@dataclass(frozen=True)
class Sign:
    """A way in which words mark a limit.

    Attributes:
        key: its name in tables.
        hardness: 1 to 3, see ``configs/limit_wording.yaml``.
        explicit: whether the limit itself is in the words.
        patterns: regular expressions by language.
    """

    key: str
    hardness: int
    explicit: bool
    patterns: Patterns


@dataclass(frozen=True)
class Reading:
    """What the wording of a sentence shows.

    Attributes:
        kind: `EXPLICIT` if the limit itself is in the words, else `IMPLIED`.
        hardness: of the hardest sign; 0 without any.
        signs: keys of the signs found.
        phrases: the words in which they were found, in lower case.
        addressee: the other side if it is named, else `ANYONE` for words like "whoever", else `UNNAMED`.
    """

    kind: str
    hardness: int
    signs: tuple[str, ...]
    phrases: tuple[str, ...]
    addressee: str


@dataclass(frozen=True)
class LimitWording:
    """Signs of limits and names of addressees."""

    signs: tuple[Sign, ...]
    addressees: dict[str, Patterns]
    anyone: Patterns

    def read(self, text: str, lang: str, other: str) -> Reading:
        """Read the wording of a sentence that names a limit or may.

        Args:
            text: the sentence.
            lang: its language.
            other: key of the side that it may address.
        """
        signs, phrases, hardness, explicit = [], [], 0, False
        for sign in self.signs:
            found = [m.group(0).lower() for p in sign.patterns.get(lang, []) for m in p.finditer(text)]
            if found:
                signs.append(sign.key)
                phrases += found
                hardness = max(hardness, sign.hardness)
                explicit = explicit or sign.explicit
        addressee = UNNAMED
        if _any(self.anyone, lang, text):
            addressee = ANYONE
        if _any(self.addressees.get(other, {}), lang, text):
            addressee = other
        kind = EXPLICIT if explicit else IMPLIED
        return Reading(kind, hardness, tuple(signs), tuple(dict.fromkeys(phrases)), addressee)


def _any(patterns: Patterns, lang: str, text: str) -> bool:
    return any(p.search(text) for p in patterns.get(lang, []))


@lru_cache(maxsize=4)
def load_limit_wording(path: str | Path | None = None) -> LimitWording:
    """Read the list of signs and addressees.

    Args:
        path: a YAML file; None for the one that the package ships.

    Raises:
        StanceError: if the file is missing, or is not such a list.
    """
    file = Path(path) if path else resource_path("configs/limit_wording.yaml")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        signs = tuple(
            Sign(str(key), int(s["hardness"]), bool(s["explicit"]), _compiled(s["patterns"]))
            for key, s in content["signs"].items()
        )
        addressees = {str(side): _compiled(given) for side, given in content["addressees"].items()}
        return LimitWording(signs, addressees, _compiled(content["anyone"]))
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, re.error) as error:
        raise StanceError(
            f"{file}: the wording of limits cannot be read ({error}). It needs signs, addressees and anyone"
        ) from error


def _compiled(given: dict[str, list[str]]) -> Patterns:
    return {str(lang): [re.compile(p, re.IGNORECASE) for p in patterns] for lang, patterns in given.items()}
