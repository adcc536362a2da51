"""A short film made here: something to look at in a new store, and in its tests.

A ball bounces before moving stripes of colour, and each bounce can be heard. The picture is H.264
and the sound AAC in an MP4 whose index comes first, so that players begin at once. One thread
encodes, so that one version of the library always makes the same bytes.
"""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.container import OutputContainer

__all__ = ["HEIGHT", "RATE", "WIDTH", "make_clip"]

WIDTH: Final = 640
HEIGHT: Final = 360
RATE: Final = 25
"""Pictures a second; there is a key picture in each second, so that seeking is exact enough."""

_SOUND_RATE: Final = 48_000
_SOUND_FRAME: Final = 1024
_BOUNCE_S: Final = 1.2
_RADIUS: Final = 28
_TONE_HZ: Final = 440
_BIT_RATE: Final = 2_000_000


def make_clip(path: Path, *, seconds: int) -> None:
    """Write the film to `path`, an MP4 of about a quarter MiB for each second."""
    import av  # slow to import, and nothing else here needs it

    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        _write(container, seconds)


def _write(container: "OutputContainer", seconds: int) -> None:
    """Encode picture and sound side by side, in the order of their times."""
    import av

    picture: Any = container.add_stream("libx264", rate=RATE)
    picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    picture.bit_rate, picture.gop_size, picture.codec_context.thread_count = _BIT_RATE, RATE, 1
    picture.options = {"preset": "veryfast", "maxrate": str(_BIT_RATE), "bufsize": str(_BIT_RATE)}
    sound: Any = container.add_stream("aac", rate=_SOUND_RATE, layout="mono")
    at = 0
    for number in range(seconds * RATE):
        frame = av.VideoFrame.from_ndarray(_picture(number / RATE), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        container.mux(picture.encode(frame))
        while at < (number + 1) * _SOUND_RATE // RATE:
            tone = av.AudioFrame.from_ndarray(_sound(at)[np.newaxis], format="flt", layout="mono")
            tone.sample_rate, tone.pts, tone.time_base = _SOUND_RATE, at, Fraction(1, _SOUND_RATE)
            container.mux(sound.encode(tone))
            at += _SOUND_FRAME
    container.mux(picture.encode(None))
    container.mux(sound.encode(None))


def _picture(time_s: float) -> NDArray[np.uint8]:
    """Return the picture at one moment, u8[HEIGHT, WIDTH, 3]."""
    x = np.arange(WIDTH)[np.newaxis, :]
    y = np.arange(HEIGHT)[:, np.newaxis]
    stripes = np.sin((x + 2 * y) / 40 + 2 * time_s)
    shades = [np.uint8(96) + (80 * np.roll(stripes, 60 * k, 1)).astype(np.int16) for k in range(3)]
    picture = np.stack(shades, axis=-1).astype(np.uint8)
    fall = 1 - abs(2 * (time_s % _BOUNCE_S) / _BOUNCE_S - 1) ** 2
    centre_x = WIDTH / 2 + WIDTH / 3 * np.sin(time_s)
    centre_y = HEIGHT - _RADIUS - (HEIGHT - 3 * _RADIUS) * fall
    inside = (x - centre_x) ** 2 + (y - centre_y) ** 2 < _RADIUS**2
    picture[inside] = (250, 250, 240)
    return picture


def _sound(at: int) -> NDArray[np.float32]:
    """Return one frame of sound from sample `at` on: a tone that dies away after each bounce."""
    time_s = (at + np.arange(_SOUND_FRAME)) / _SOUND_RATE
    loudness = 0.4 * np.exp(-12 * (time_s % _BOUNCE_S))
    return (loudness * np.sin(2 * np.pi * _TONE_HZ * time_s)).astype(np.float32)
