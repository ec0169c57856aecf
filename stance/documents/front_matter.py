"""YAML front matter: the metadata between two rules at the beginning of a text."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from stance.documents.document import METADATA, folded
from stance.documents.encoding import UnreadableError

_CURE = "Mend the lines between the two --- marks"
_RESOLVED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:null")
_KNOWN_KEY = re.compile(rf"^[\s{{]*[\"']?(?:{'|'.join(METADATA)})[\"']?\s*:", re.IGNORECASE | re.MULTILINE)


@cache
def _loader() -> Any:
    """A YAML loader whose plain values are texts, dates and nulls apart: `0123` and `No` stay what was written."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012  # as in the class above
            first: [(tag, form) for tag, form in resolvers if tag in _RESOLVED]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return Loader


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Split a text into its metadata and its body.

    What stands between two rules is front matter where a line of it begins with the name of a piece of metadata, in
    any case; a text that only begins with a rule stays whole.

    Args:
        text: a text, with front matter or without.

    Returns:
        the metadata, empty where there is none, and the body.

    Raises:
        UnreadableError: if the front matter is not YAML.
    """
    from frontmatter.default_handlers import YAMLHandler

    handler = YAMLHandler()
    opening = handler.FM_BOUNDARY.match(text.lstrip())
    parts = handler.FM_BOUNDARY.split(text.lstrip(), 2)
    if not opening or len(parts) < 3 or not _KNOWN_KEY.search(parts[1]):
        return {}, text
    import yaml

    try:
        metadata = handler.load(parts[1], Loader=_loader())
    except yaml.MarkedYAMLError as error:
        above = text.count("\n", 0, len(text) - len(text.lstrip()) + opening.end())
        line = f" in line {above + error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UnreadableError(f"its front matter is not valid YAML{line}", _CURE) from error
    except ValueError as error:  # YAML knows dates; this is one that the calendar does not
        raise UnreadableError(f"its front matter holds a bad date ({error})", "Write it as YYYY-MM-DD") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise UnreadableError(f"its front matter cannot be read ({error})", _CURE) from error
    found = folded(metadata) if isinstance(metadata, dict) else {}
    return (found, parts[2]) if any(key in METADATA for key in found) else ({}, text)
