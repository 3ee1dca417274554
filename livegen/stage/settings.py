"""What the stage can be told about how to play. The values and their ranges are those of `livegen.config.settings`."""

from __future__ import annotations

from dataclasses import dataclass

from livegen.stage.control import Control


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the model's distributions are sampled.

    All variables but the pedal are sampled at a temperature. Pitches are cut by min-p first, then by top-p: a wrong
    note is heard as one, while in timing and loudness the unlikely keeps playing alive (docs/model.md).
    """

    temperature: float = 1.0  # > 0; below 1 the likely becomes likelier
    top_p: float = 1.0  # keep the likeliest categories up to this total probability
    min_p: float = 0.0  # drop categories below this share of the likeliest one's probability


AS_IS = Sampling()
"""The model's own distributions."""


@dataclass(frozen=True, slots=True)
class StageSettings:
    """Times in seconds."""

    silence: float  # that ends a call
    pedal_silence: float  # the same while a pedal holds notes
    response_min: float
    response_max: float
    window: int  # notes of context
    window_of_both: bool  # or of the player alone
    channel: int | str  # 0..15: the only one that is heard; AUTO, ALL
    panic: Control | None
    thru: bool | None  # None: unless the output is the player's own instrument
    response_channel: int | None  # 0..15; None: a separate one where the player sounds there too
    sampling: Sampling


AUTO = "auto"
"""`channel`: all but the drums' channel 10, which counts only from an MPE controller."""
ALL = "all"
"""`channel`: all sixteen."""
