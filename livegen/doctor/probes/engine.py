"""Loads the model and measures it, as livegen does when it starts. For a separate process."""

from __future__ import annotations

from livegen.doctor.facts import Engine


def look(model: str, device: str) -> Engine:
    """The runtime that livegen would choose, and its time per note."""
    from livegen.engine import card, choose
    from livegen.errors import ModelError

    try:
        found = card.find(model)
        chosen = choose.choose(found, device)
    except ModelError as error:
        return Engine(failure=str(error))
    return Engine(found.name, chosen.runtime.name, chosen.milliseconds)
