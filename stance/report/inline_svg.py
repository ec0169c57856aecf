"""Preparing charts for the page: small, labelled, with links that filter and names that do not clash."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_DROPPED = (
    "role",
    "aria-roledescription",
    "aria-hidden",
    "class",
    "font-family",
    "pointer-events",
    "stroke-miterlimit",
)


def inline_svg(svg: str, name: str, label: str, fits: int, hover: bool = True) -> str:
    """Prepare a drawing for use inside an HTML page.

    Args:
        svg: from `stance.report.charts.to_svg`.
        name: prefix of the ids inside, unique in the page.
        label: what the image shows, for screen readers.
        fits: width in pixels that the page has; what is wider keeps its size and scrolls.
        hover: whether the figures of a row appear on hovering; phones do not hover.

    Returns:
        an ``<svg role="img">`` element with an accessible name. Links become groups with ``data-go``, which the page's
        script follows on a click: an image has no links for those who do not see it, and the page offers them as text.
    """
    ET.register_namespace("", _SVG)
    root = ET.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if _is_empty(child):
                parent.remove(child)
    for element in root.iter():
        _clean(element, name, hover)
        _shorten(element)
    root.set("role", "img")
    root.set("aria-label", label)
    width = root.attrib.pop("width", "")
    root.attrib.pop("height", None)
    root.attrib.pop("version", None)
    least = f";min-width:{width}px" if width and float(width) > fits + 40 else ""
    root.set("style", f"max-width:{width}px{least}")
    return ET.tostring(root, encoding="unicode")


_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_CIRCLE = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0")


def _shorten(element: ET.Element) -> None:
    """Write the same in fewer characters: round to a tenth of a pixel, circles as circles, no defaults."""
    for key in ("d", "transform"):
        if key in element.attrib:
            element.set(key, _NUMBER.sub(lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), element.attrib[key]))
    circle = _CIRCLE.fullmatch(element.get("d", ""))
    if circle and element.tag == f"{{{_SVG}}}path":
        element.tag = f"{{{_SVG}}}circle"
        del element.attrib["d"]
        element.set("r", circle[1])
    if "stroke" not in element.attrib or element.get("stroke-width") == "1":
        element.attrib.pop("stroke-width", None)


def _is_empty(element: ET.Element) -> bool:
    return element.tag == f"{{{_SVG}}}path" and (
        element.get("d") in ("", "M0,0h0v0h0Z") or element.get("display") == "none"
    )


def _clean(element: ET.Element, name: str, hover: bool) -> None:
    """Take out what the page says once for all, and point ids and links into the page."""
    link = element.attrib.pop(f"{{{_XLINK}}}href", None)
    if link is not None:
        element.tag = f"{{{_SVG}}}g"
        element.set("data-go", link)
    for key in [k for k in element.attrib if k.startswith(f"{{{_XLINK}}}") or k in ("target", "cursor")]:
        del element.attrib[key]
    said = element.attrib.pop("aria-label", None)
    if hover and said and link is None and element.get("opacity") == "0":
        ET.SubElement(element, f"{{{_SVG}}}title").text = said
    for key in _DROPPED:
        element.attrib.pop(key, None)
    if element.get("opacity") == "1":
        del element.attrib["opacity"]
    if "id" in element.attrib:
        element.set("id", f"{name}-{element.attrib['id']}")
    for key, value in element.attrib.items():
        if "url(#" in value:
            element.set(key, value.replace("url(#", f"url(#{name}-"))
