"""The pulse, and who tells it: the player's onsets (`Pulse`), a MIDI clock, a fixed tempo, or taps.

Each of them has `grid(now)`: the grid as it is known at this moment, or None.
"""

from livegen.stage.pulse.clocks import FixedTempo, MidiClock, TapTempo
from livegen.stage.pulse.follower import Pulse
from livegen.stage.pulse.shown import Display, Shown

__all__ = ["Display", "FixedTempo", "MidiClock", "Pulse", "Shown", "TapTempo"]
