"""Draws a load's backlog and age over time, as SVG."""

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

from lib.operations.plan.consumers import Sample, SizeRun
from lib.operations.plan.wording import format_count, format_seconds

_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP, _GAP = 900, 200, 80, 170, 50, 50
_HEIGHT = _TOP + 2 * _PANEL + _GAP + 40
_PLOT = _WIDTH - _LEFT - _RIGHT
_TICKS = 5
# Colours that colour-blind people can tell apart (Okabe and Ito), and dashes for further lines.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_DASHES = ("", "6 3", "2 3", "8 3 2 3")
_STEPS = (1, 2, 2.5, 5, 10)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TIMES = (
    *(1, 2, 5, 10, 20, 30),
    *(each * _MINUTE for each in (1, 2, 5, 10, 20, 30)),
    *(each * _HOUR for each in (1, 2, 4, 6, 12)),
)


class _Panel(NamedTuple):
    title: str
    value: Callable[[Sample], float]
    top: int
    write: Callable[[float], str]
    tick: Callable[[float], float]


def draw(title: str, runs: Sequence[SizeRun]) -> str:
    """Draws the messages that wait, above the seconds that the oldest waits; a line a size."""
    panels = (
        _Panel("Messages not rendered yet", lambda each: each.backlog, _TOP, format_count, _tick),
        _Panel(
            "Wait of the oldest message",
            lambda each: each.age,
            _TOP + _PANEL + _GAP,
            format_seconds,
            _tick_of_time,
        ),
    )
    end = max(max(sample.time for sample in run.samples) for run in runs) or 1.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="12" '
        'fill="#222">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="16">{escape(title)}</text>',
    ]
    for panel in panels:
        parts += _draw_panel(panel, runs, end)
    parts += _draw_legend(runs)
    return "\n".join([*parts, "</svg>\n"])


def _draw_panel(panel: _Panel, runs: Sequence[SizeRun], end: float) -> list[str]:
    bottom = panel.top + _PANEL
    most = max(max(panel.value(sample) for sample in run.samples) for run in runs)
    step, width = panel.tick(most or 1.0), _tick_of_time(end)
    high = step * max(1, -(-most // step))
    parts = [f'<text x="{_LEFT}" y="{panel.top - 8}" font-weight="bold">{panel.title}</text>']
    for number in range(round(high / step) + 1):
        y = bottom - number * step / high * _PANEL
        parts.append(f'<path d="M{_LEFT} {y:.1f}h{_PLOT}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
            f"{panel.write(number * step)}</text>"
        )
    for number in range(int(end / width) + 1):
        x = _LEFT + number * width / end * _PLOT
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">'
            f"{format_seconds(number * width)}</text>"
        )
    for index, run in enumerate(runs):
        points = " ".join(
            f"{_LEFT + sample.time / end * _PLOT:.1f},"
            f"{bottom - panel.value(sample) / high * _PANEL:.1f}"
            for sample in run.samples
        )
        parts.append(f'<polyline points="{points}" fill="none" {_stroke(index)}/>')
    return parts


def _draw_legend(runs: Sequence[SizeRun]) -> list[str]:
    parts, x = [], _WIDTH - _RIGHT + 20
    for index, run in enumerate(runs):
        y = _TOP + 10 + 20 * index
        parts.append(f'<path d="M{x} {y - 4}h24" {_stroke(index)}/>')
        parts.append(f'<text x="{x + 32}" y="{y}">{escape(run.name)}</text>')
    return parts


def _stroke(index: int) -> str:
    colour = _COLOURS[index % len(_COLOURS)]
    dash = _DASHES[index // len(_COLOURS) % len(_DASHES)]
    return f'stroke="{colour}" stroke-width="2"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _tick(most: float) -> float:
    """Returns a round distance of ticks, at which a few fit."""
    power = 1.0
    while power * 10 <= most / _TICKS:
        power *= 10
    while power > most / _TICKS:
        power /= 10
    return next(power * step for step in _STEPS if power * step >= most / _TICKS)


def _tick_of_time(most: float) -> float:
    """Returns a distance of ticks that is round in seconds, minutes, hours or days."""
    wanted = most / _TICKS
    if wanted < 1:
        return _tick(most)
    return next((step for step in _TIMES if step >= wanted), _DAY * _tick(most / _DAY))
