"""The codebook: dimensions and labels, read from YAML.

The rest of the package takes issues, stances and frames from here, by their roles, positions and null labels. Of the
holders it knows two by key: ``both``, the two sides together, and ``other``, a third party. A side is the holder whose
key is the ``source`` of its documents: ``us`` and ``china`` where no other groups are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

from stance.errors import StanceError
from stance.markdown import markdown_table
from stance.resources import resource_path

Arity = Literal["one", "one_or_more", "any"]
DIMENSIONS = ("issue", "stance", "holder", "frame")
_PAGE_HEAD = """\
The measurement instrument: what every sentence is asked. This page is `stance codebook --markdown`. Positions go from
conflict (-1) to cooperation (+1). Roles say what the comparison takes a stance for: a *difference* is whatever names
one, `management` included; a *limit* is a red line; *agreed* is what is reported as achieved, and *cooperation* that
and what is offered.
Labels are ordered: of stances the first that applies wins."""


@dataclass(frozen=True)
class Label:
    """One label of a dimension.

    Attributes:
        key: the name in tables and in the classifier's outputs.
        name: the name that people read.
        definition: when it applies.
        example: a written sentence, or an empty string.
        position: place on the cooperation (+1) to conflict (-1) scale, or None.
        roles: what the contrasts take it for: ``difference``, ``limit``, ``cooperation``, ``agreed``.
    """

    key: str
    name: str
    definition: str
    example: str = ""
    position: float | None = None
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dimension:
    """One question that every sentence is asked.

    Attributes:
        key: ``issue``, ``stance``, ``holder`` or ``frame``.
        question: the question in words.
        arity: how many labels a sentence gets: ``one``, ``one_or_more`` or ``any`` number.
        labels: the labels, in the order of the classifier's outputs (for ``stance``: of precedence).
        null_label: the label that stands alone where no other applies, or None.
        rules: boundary rules.
        note: how the question as a whole is answered, before any rule; may be empty.
    """

    key: str
    question: str
    arity: Arity
    labels: tuple[Label, ...]
    null_label: str | None = None
    rules: tuple[str, ...] = ()
    note: str = ""

    @cached_property
    def keys(self) -> list[str]:
        """Keys of the labels, in order."""
        return [label.key for label in self.labels]

    @property
    def exclusive(self) -> bool:
        """Whether exactly one label applies: read as a softmax; else each label is a sigmoid of its own."""
        return self.arity == "one"

    def label(self, key: str) -> Label:
        """The label with that key.

        Raises:
            KeyError: if there is none.
        """
        for label in self.labels:
            if label.key == key:
                return label
        raise KeyError(key)

    def with_role(self, role: str) -> list[str]:
        """Keys of the labels that have a role."""
        return [label.key for label in self.labels if role in label.roles]


@dataclass(frozen=True)
class Codebook:
    """The measurement instrument: its version and its four dimensions."""

    version: str
    dimensions: tuple[Dimension, ...]

    def __getitem__(self, key: str) -> Dimension:
        """The dimension with that key.

        Raises:
            KeyError: if there is none; it names those that there are.
        """
        found = {d.key: d for d in self.dimensions}
        if key not in found:
            raise KeyError(f"no dimension {key!r}; there are {', '.join(found)}")
        return found[key]

    def name(self, dimension: str, key: str) -> str:
        """A label in words; the key itself where the dimension has no such label."""
        return next((label.name for label in self[dimension].labels if label.key == key), key)

    @cached_property
    def outputs(self) -> list[str]:
        """Names of all labels as ``dimension:label``, in the order of the classifier's outputs."""
        return [f"{d.key}:{key}" for d in self.dimensions for key in d.keys]

    @cached_property
    def positions(self) -> dict[str, float]:
        """Place of every stance on the scale from cooperation (+1) to conflict (-1)."""
        return {label.key: label.position or 0.0 for label in self["stance"].labels}

    def columns(self, key: str) -> slice:
        """Where the outputs of a dimension stand among all outputs."""
        start = 0
        for dimension in self.dimensions:
            if dimension.key == key:
                return slice(start, start + len(dimension.labels))
            start += len(dimension.labels)
        raise KeyError(key)

    def problems(self, labels: dict[str, Any]) -> list[str]:
        """What is wrong with an annotation.

        Args:
            labels: ``issue`` and ``frame`` as lists of keys, ``stance`` and ``holder`` as keys.

        Returns:
            one message for each fault; empty where the annotation is sound.
        """
        found = []
        for d in self.dimensions:
            value = labels.get(d.key)
            given = value if isinstance(value, list) else [] if value is None else [value]
            if d.exclusive and (isinstance(value, list) or value is None):
                found.append(f"{d.key} needs exactly one label")
                continue
            found += [f"{d.key}: unknown label {g!r}" for g in given if g not in d.keys]
            if d.arity == "one_or_more" and not given:
                found.append(f"{d.key} needs at least one label")
            if d.null_label in given and len(given) > 1:
                found.append(f"{d.key}: {d.null_label} stands alone")
            if len(set(map(str, given))) < len(given):
                found.append(f"{d.key}: a label is given twice")
        return found


def load_codebook(path: str | Path | None = None) -> Codebook:
    """Read a codebook.

    Args:
        path: a YAML file; None for the one that the package ships.

    Raises:
        StanceError: if the file is missing or not a codebook; the message says where and what.
    """
    file = Path(path) if path else resource_path("configs/codebook.yaml")
    try:
        content = _mapping(yaml.safe_load(file.read_text(encoding="utf-8")), "its names and values")
        described = _mapping(content["dimensions"], "the dimensions")
        dimensions = tuple(_dimension(key, _mapping(described[key], f"the dimension {key}")) for key in DIMENSIONS)
        return Codebook(str(content["version"]), dimensions)
    except OSError as error:
        raise StanceError(f"{file}: the codebook cannot be read ({error.strerror}). Check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StanceError(f"{file}: the codebook is not valid YAML ({error}). Mend the file") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StanceError(
            f"{file}: the codebook lacks or misspells {error}. It needs a version and the dimensions "
            f"{', '.join(DIMENSIONS)}, each with an arity and labels; see `stance codebook`"
        ) from error


def _mapping(value: object, what: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ValueError(what)
    return value


def _strings(value: object) -> tuple[str, ...]:
    """A list of strings, or a single one."""
    return tuple(map(str, value)) if isinstance(value, list) else () if value is None else (str(value),)


def _label(key: str, fields: dict[str, Any]) -> Label:
    return Label(
        key=key,
        name=str(fields.get("name", key)),
        definition=str(fields.get("definition", "")),
        example=str(fields.get("example", "")),
        position=None if fields.get("position") is None else float(fields["position"]),
        roles=_strings(fields.get("roles")),
    )


def _dimension(key: str, content: dict[str, Any]) -> Dimension:
    arity = content["arity"]
    if arity not in ("one", "one_or_more", "any"):
        raise ValueError(f"the arity of {key}, {arity!r}")
    labels = tuple(
        _label(str(name), _mapping(fields or {}, f"the label {name} of {key}"))
        for name, fields in _mapping(content["labels"], f"the labels of {key}").items()
    )
    if not labels:
        raise ValueError(f"the labels of {key}")
    null_label = content.get("null_label")
    if null_label is not None and null_label not in [label.key for label in labels]:
        raise ValueError(f"the null_label of {key}, {null_label!r}, which is none of its labels")
    return Dimension(
        key,
        str(content.get("question", key)),
        arity,
        labels,
        null_label,
        _strings(content.get("rules")),
        str(content.get("note") or ""),
    )


def codebook_page(codebook: Codebook) -> str:
    """The codebook as a Markdown page: every dimension's note, labels with definitions, and boundary rules."""
    parts = [f"# Codebook {codebook.version}", _PAGE_HEAD]
    for d in codebook.dimensions:
        place = any(label.position is not None for label in d.labels)
        examples = any(label.example for label in d.labels)
        head = ["label", "name", "definition", *(["position", "roles"] if place else [])]
        rows = [
            [f"`{x.key}`", x.name, x.definition, *([f"{x.position or 0:+.1f}", ", ".join(x.roles)] if place else [])]
            for x in d.labels
        ]
        if examples:
            head.append("example")
            rows = [[*row, label.example] for row, label in zip(rows, d.labels, strict=True)]
        parts += [f"## {d.key} ({d.arity.replace('_', ' ')})", d.question, *([d.note] if d.note else [])]
        parts += [markdown_table(head, rows)]
        parts += ["\n".join(f"- {rule}" for rule in d.rules)] if d.rules else []
    return "\n\n".join(parts) + "\n"
