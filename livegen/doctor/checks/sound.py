"""Checks of the built-in synth. Pure."""

from __future__ import annotations

from math import log10

from livegen.doctor.facts import SYNTH, Facts, Program
from livegen.doctor.findings import Finding, ok, problem

DITHER = 8
"""Units of a 16-bit sample. FluidSynth adds noise of 2 or less; a note at the default gain has thousands."""

FULL_SCALE = 32_768


def rendering(facts: Facts) -> Finding:
    """Whether the synth and its SoundFont make sound at all."""
    name, sound = "synth", facts.sound
    if not sound.used:
        return ok(name, "The built-in synth is not used with these settings.")
    if sound.failure:
        return problem(name, sound.failure, "Or use another output: --out PORT, --out FILE.mid.")
    if sound.peak <= DITHER:
        return problem(
            name,
            f"A note with {sound.soundfont} is silent.",
            f"Raise --gain (now {facts.settings.gain:g}), or name another SoundFont: --soundfont FILE.",
        )
    level = 20 * log10(sound.peak / FULL_SCALE)
    return ok(name, f"FluidSynth {sound.version} plays a note at {level:.0f} dBFS with {sound.soundfont}.")


def driver(facts: Facts) -> Finding | None:
    """Whether the sound reaches a sound card or a sound server."""
    name, sound = "audio-driver", facts.sound
    if not sound.used:
        return None
    if facts.daemon is not None and SYNTH in (facts.daemon.status["waits_for"] or ""):
        wanted = facts.settings.audio_driver
        return problem(
            name,
            f"livegen waits for sound: the audio driver ({wanted}) finds no sound card and no sound server, or may not "
            "use it.",
            _who(sound.holders, facts),
        )
    if sound.no_driver:
        return problem(name, sound.no_driver, _who(sound.holders, facts))
    if not sound.driver:
        return None
    if not sound.flows:
        return problem(
            name,
            f"The audio driver {sound.driver} starts, but takes no sound.",
            "Restart the sound server or plug the sound card in again, or try another --audio-driver.",
        )
    return ok(name, f"The audio driver {sound.driver} takes sound.")


def _who(holders: tuple[Program, ...], facts: Facts) -> str:
    others = [holder for holder in holders if facts.daemon is None or holder.pid != facts.daemon.status["pid"]]
    if not others:
        return "Connect a sound card and switch it on. The sound server of a desktop only plays for its own user."
    named = ", ".join(f"{holder.name} (process {holder.pid}, {holder.user})" for holder in others)
    return f"The sound card is used by {named}: end it, or play through it (--audio-driver pipewire, pulseaudio, jack)."
