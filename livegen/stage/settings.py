"""The settings of the stage. `livegen.config.settings` defines their ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from livegen.stage.bindings import Binding
from livegen.stage.control import Control


class Sampling(NamedTuple):
    """How the model's distributions are sampled.

    All variables except the pedal are sampled at a temperature. Only pitches are limited, by min-p, then by top-p:
    an unlikely pitch sounds wrong, while unlikely timing and loudness keep the music lively (docs/model.md).
    """

    temperature: float = 1.0  # > 0; below 1 likely values become more likely
    top_p: float = 1.0  # keep the most likely categories up to this total probability
    min_p: float = 0.0  # drop categories below this share of the highest probability
    memory: float = 0.0  # 0 to 1, how much what the player has played before counts (livegen.engine.cache)
    like: float = 0.5  # 0 (invention) to 1 (imitation of the call); 0.5: the model as it is


AS_IS = Sampling()
"""The model's own distributions."""


BARS, BEATS = "bars", "beats"


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a response, counted on the pulse."""

    count: int  # >= 1
    unit: str  # BARS or BEATS

    @classmethod
    def parse(cls, text: str) -> Length | None:
        """Read "auto", or a number with bars or beats: "2bars".

        Raises:
            ValueError: the text is none of these.
        """
        if text == AUTO:
            return None
        for unit in (BARS, BEATS):
            number = text.removesuffix(unit)
            if number != text and number.isdecimal() and int(number) > 0:
                return cls(int(number), unit)
        raise ValueError(f"not auto, or a number of bars or beats: {text!r}")


STRICT, OFF = "strict", "off"
"""`pulse`: always on the grid, if there is one; never."""


class TwoKeys(NamedTuple):
    """Two keys that do something when they are pressed together."""

    keys: frozenset[int]  # 0..127
    action: str  # the name of what they do, as that of a `livegen.stage.bindings.Binding`


class StageSettings(NamedTuple):
    """Times in seconds."""

    silence: float | None  # that ends a call; None: the model decides
    pedal_silence: float  # the same while a pedal holds notes; at most
    response_min: float
    response_max: float
    window: int  # notes of context
    window_of_both: bool  # False: only of the player
    channel: int | str  # the channel to listen to, 0..15; or AUTO, ALL
    panic: Control | None
    thru: bool | None  # None: unless the output is the player's own instrument
    response_channel: int | None  # 0..15; None: a separate one if the output gets thru
    sampling: Sampling
    silence_min: float = 0.2  # if the model decides: at least, from the last onset
    silence_max: float = 2.0  # the same: at most, from the last key
    patience: float = 1.0  # the same: wrong entries a minute
    hand_over: Control | None = None
    not_done: Control | None = None
    pulse: str = OFF  # AUTO, OFF or STRICT: whether responses are on the player's pulse
    length: Length | None = None  # of a response; None: about that of the call
    tempo: float | None = None  # beats per minute; None: the player's
    tap: Control | None = None
    bindings: tuple[Binding, ...] = ()
    gesture: TwoKeys | None = None
    state_control: int | None = None  # the controller that tells MIDI ports whose turn it is


AUTO = "auto"
"""`channel`: all except channel 10 (drums), which counts only from an MPE controller."""
ALL = "all"
"""`channel`: all sixteen."""
