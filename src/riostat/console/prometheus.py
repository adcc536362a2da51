"""Prometheus' text format, version 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Figures", "Labels", "Metric", "lines"]

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""What tells the figures of one family apart: (label, value), of which values may be any text."""

Figures: TypeAlias = Mapping[str, float | Mapping[Labels, float]]
"""Figures by the name of their family; one that is not known now is left out."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of figures; `kind` is ``counter`` or ``gauge``."""

    name: str
    kind: str
    help: str


def lines(metrics: Iterable[Metric], figures: Figures) -> Iterable[str]:
    """Yield each family that has figures: what it is, and its figures."""
    for metric in metrics:
        value = figures.get(metric.name)
        labelled = value if isinstance(value, Mapping) else {} if value is None else {(): value}
        if labelled:
            yield f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}\n"
        for labels, number in labelled.items():
            yield f"{metric.name}{_written(labels)} {number}\n"


def _written(labels: Labels) -> str:
    pairs = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
    return f"{{{pairs}}}" if pairs else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
