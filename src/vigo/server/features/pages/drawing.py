"""Charts as SVG, drawn on the server: they need no script, are read by screen readers, and print."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final, NamedTuple

import minijinja

from vigo.server.features.history.models import DriftingResource, FleetSample

_WIDTH: Final = 640
_HEIGHT: Final = 160
_LEFT: Final = 44
_BOTTOM: Final = 22
_TOP: Final = 8
_ROW: Final = 24
_LEAST_SAMPLES: Final = 2


_MOST_POINTS: Final = 240


class Layer(NamedTuple):
    """One of the areas that are stacked: its name, its class in the style sheet, and its values."""

    name: str
    css: str
    values: Sequence[float]


def convergence_chart(samples: Sequence[FleetSample]) -> str:
    """Return how many envoys were how over time, as areas one above the other; empty for less than two samples."""
    samples = _thinned(samples)
    layers = (
        Layer("converged", "ok", [one.converged for one in samples]),
        Layer("degraded", "warn", [one.degraded for one in samples]),
        Layer("failed", "bad", [one.failed for one in samples]),
        Layer("no data", "none", [one.no_data for one in samples]),
    )
    return stacked("Envoys by convergence", [one.at for one in samples], layers)


def latency_chart(samples: Sequence[FleetSample]) -> str:
    """Return how long check-ins took over time; empty where there were none."""
    measured = [one for one in _thinned(samples) if one.check_in_p99_ms is not None and one.check_in_p50_ms is not None]
    lines = (
        Layer("p99", "warn", [one.check_in_p99_ms or 0 for one in measured]),
        Layer("p50", "ok", [one.check_in_p50_ms or 0 for one in measured]),
    )
    return lined("Check-in latency, ms", [one.at for one in measured], lines)


def stacked(title: str, moments: Sequence[datetime], layers: Sequence[Layer]) -> str:
    """Return areas one above the other."""
    if len(moments) < _LEAST_SAMPLES:
        return minijinja.safe("")
    sums = [sum(values) for values in zip(*(layer.values for layer in layers), strict=True)]
    top = max(*sums, 1)
    below = [0.0] * len(moments)
    shapes = []
    for layer in layers:
        above = [one + other for one, other in zip(below, layer.values, strict=True)]
        points = [*_points(moments, above, top), *reversed(_points(moments, below, top))]
        shapes.append(f'<polygon class="area {layer.css}" points="{" ".join(points)}"/>')
        below = above
    return _svg(title, moments, top, shapes, layers)


def lined(title: str, moments: Sequence[datetime], layers: Sequence[Layer]) -> str:
    """Return lines over time."""
    if len(moments) < _LEAST_SAMPLES:
        return minijinja.safe("")
    top = max(1.0, *(max(layer.values) for layer in layers))
    shapes = [
        f'<polyline class="line {layer.css}" points="{" ".join(_points(moments, layer.values, top))}"/>'
        for layer in layers
    ]
    return _svg(title, moments, top, shapes, layers)


def drift_chart(drifting: Sequence[DriftingResource]) -> str:
    """Return how often resources had to be brought back, as bars; empty where none had."""
    if not drifting:
        return minijinja.safe("")
    most = max(one.count for one in drifting)
    rows = []
    for place, one in enumerate(drifting):
        y, width = place * _ROW, one.count / most * (_WIDTH / 2 - 50)
        name = escape(one.resource if len(one.resource) <= _MOST_NAME else one.resource[: _MOST_NAME - 1] + "…")
        rows.append(
            f'<text class="label" x="0" y="{y + 16}">{name}</text>'
            f'<rect class="bar warn" x="{_WIDTH / 2}" y="{y + 4}" width="{max(width, 2):.1f}" height="16"/>'
            f'<text class="label" x="{_WIDTH / 2 + max(width, 2) + 6:.1f}" y="{y + 16}">{one.count}</text>'
        )
    label = "Resources that had to be brought back most often: " + ", ".join(
        f"{one.resource} {one.count} times" for one in drifting
    )
    return minijinja.safe(
        f'<svg class="chart" role="img" aria-label="{escape(label)}" viewBox="0 0 {_WIDTH} {len(drifting) * _ROW + 4}">'
        f"{''.join(rows)}</svg>"
    )


_MOST_NAME: Final = 44


def _thinned(samples: Sequence[FleetSample]) -> Sequence[FleetSample]:
    """Return as many samples as can be seen, the last one among them."""
    step = -(-len(samples) // _MOST_POINTS)
    return samples if step <= 1 else [*samples[(len(samples) - 1) % step :: step]]


def _points(moments: Sequence[datetime], values: Sequence[float], top: float) -> list[str]:
    first, span = moments[0], (moments[-1] - moments[0]).total_seconds() or 1.0
    width, height = _WIDTH - _LEFT - 4, _HEIGHT - _BOTTOM - _TOP
    return [
        f"{_LEFT + (at - first).total_seconds() / span * width:.1f},{_TOP + height - value / top * height:.1f}"
        for at, value in zip(moments, values, strict=True)
    ]


def _svg(title: str, moments: Sequence[datetime], top: float, shapes: list[str], layers: Sequence[Layer]) -> str:
    last = ", ".join(f"{layer.name} {layer.values[-1]:g}" for layer in layers)
    base = _HEIGHT - _BOTTOM
    axis = (
        f'<line class="axis" x1="{_LEFT}" y1="{base}" x2="{_WIDTH - 4}" y2="{base}"/>'
        f'<text class="label" x="{_LEFT - 6}" y="{_TOP + 8}" text-anchor="end">{top:g}</text>'
        f'<text class="label" x="{_LEFT - 6}" y="{base}" text-anchor="end">0</text>'
        f'<text class="label" x="{_LEFT}" y="{_HEIGHT - 6}">{_when(moments[0])}</text>'
        f'<text class="label" x="{_WIDTH - 4}" y="{_HEIGHT - 6}" text-anchor="end">{_when(moments[-1])}</text>'
    )
    legend = "".join(
        f'<span class="key"><span class="swatch {layer.css}"></span>{escape(layer.name)} {layer.values[-1]:g}</span>'
        for layer in layers
    )
    return minijinja.safe(
        f'<figure><figcaption>{escape(title)} <span class="keys">{legend}</span></figcaption>'
        f'<svg class="chart" role="img" aria-label="{escape(title)}: now {escape(last)}"'
        f' viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(shapes)}{axis}</svg></figure>'
    )


def _when(moment: datetime) -> str:
    return f"{moment:%m-%d %H:%M}"
