"""The style sheet's colours: contrast by WCAG 2.2, and apart for eyes that see fewer of them.

Colour blindness after Machado, Oliveira, Fernandes, *A physiologically-based model for simulation
of color vision deficiency*, IEEE TVCG 15(6), 2009, table for severity 1.0; distances in OKLab,
Ottosson 2020, times 100.
"""

import re
from itertools import combinations
from math import dist
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import riostat.console

_STYLE = Path(riostat.console.__file__).parent / "static" / "css" / "riostat.css"
_COLOUR = re.compile(r"--([\w-]+): (?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6}));")
_SLOTS = [f"slot-{n}" for n in range(7)]

Linear = npt.NDArray[np.float64]

_SIGHT: dict[str, Linear] = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip
_TO_CONES = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def _palette(theme: str) -> dict[str, str]:
    """The custom properties of one theme, `#rrggbb`."""
    found = _COLOUR.findall(_STYLE.read_text())
    return {
        name: both or (light if theme == "light" else dark) for name, light, dark, both in found
    }


def _linear(colour: str) -> Linear:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _contrast(one: str, other: str) -> float:
    weights = np.array([0.2126, 0.7152, 0.0722])
    low, high = sorted(float(weights @ _linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _seen(colour: str, sight: str) -> Linear:
    light = np.clip(_SIGHT[sight] @ _linear(colour), 0, None)
    return _TO_LAB @ np.cbrt(_TO_CONES @ light)


def _mixed(colour: str, share: float, ground: str) -> str:
    """`color-mix(in oklab, colour share, ground)`."""
    mixture = share * _seen(colour, "full") + (1 - share) * _seen(ground, "full")
    light = np.linalg.inv(_TO_CONES) @ (np.linalg.inv(_TO_LAB) @ mixture) ** 3
    light = np.clip(light, 0, 1)
    channels = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)


def _share(name: str) -> float:
    found = re.search(rf"--{name}: (\d+)%;", _STYLE.read_text())
    assert found is not None
    return int(found[1]) / 100


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "surface", "raised", "wash", "warn-wash", "bad-wash"])
@pytest.mark.parametrize("words", ["ink", "ink-soft"])
def test_words_stand_out_on_every_ground(theme: str, ground: str, words: str) -> None:
    palette = _palette(theme)
    assert _contrast(palette[words], palette[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "surface", "raised"])
@pytest.mark.parametrize("words", ["ink-faint", "good", "warn", "bad"])
def test_quiet_words_stand_out_on_paper(theme: str, ground: str, words: str) -> None:
    palette = _palette(theme)
    assert _contrast(palette[words], palette[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("mark", [*_SLOTS, "slot-other", "focus", "rule-strong"])
def test_marks_stand_out_on_their_surface(theme: str, mark: str) -> None:
    palette = _palette(theme)
    assert _contrast(palette[mark], palette["surface"]) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("slot", [*_SLOTS, "slot-other"])
@pytest.mark.parametrize("tint", ["tint", "tint-strong"])
def test_words_stand_out_on_tiles(theme: str, slot: str, tint: str) -> None:
    palette = _palette(theme)
    tile = _mixed(palette[slot], _share(tint), palette["surface"])
    assert _contrast(palette["ink"], tile) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", _SIGHT)
def test_domains_are_told_apart(theme: str, sight: str) -> None:
    palette = _palette(theme)
    seen = {slot: _seen(palette[slot], sight) for slot in _SLOTS}
    distances = {pair: 100 * dist(seen[pair[0]], seen[pair[1]]) for pair in combinations(seen, 2)}
    assert min(distances.values()) >= 6.5, min(distances, key=lambda pair: distances[pair])
    first = [distance for pair, distance in distances.items() if set(pair) <= set(_SLOTS[:4])]
    assert min(first) >= 8


def test_the_measures_know_black_and_white() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert 100 * dist(_seen("#000000", "full"), _seen("#ffffff", "full")) == pytest.approx(
        100, abs=0.1
    )
    assert _mixed("#000000", 0.0, "#336699") == "#336699"
