"""Opens the inputs and outputs of the settings, changes them while livegen plays, and closes them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from livegen.config.settings import Settings
from livegen.errors import LivegenError, PortError, bug
from livegen.io import file_player, realtime
from livegen.io.file_player import FilePlayer
from livegen.io.inbox import LiveInbox
from livegen.io.keeper import Keeper, waits
from livegen.io.links import IN, OUT, Attached, Link
from livegen.io.opening import Opener
from livegen.io.output import let_arrive, opened
from livegen.io.publisher import PortOpened, Publisher
from livegen.io.recorder import MidiRecorder, WavRecorder
from livegen.io.synth import Synth
from livegen.io.wires import End, Wire, Wiring

__all__ = ["Rewiring", "Wiring", "wire"]

Done = Callable[[Exception | None], None]
"""Gets the outcome of a change."""


@contextmanager
def wire(
    settings: Settings,
    inbox: LiveInbox,
    publisher: Publisher,
    timeline: file_player.Timeline | None = None,
) -> Iterator[Wiring]:
    """Open all inputs and outputs, and close them at the end. Output files get their names then.

    Args:
        settings: name the inputs and outputs. Output files that they name are overwritten.
        inbox: gets all messages from the inputs.
        publisher: gets a report of each input and output.
        timeline: the only input; the inputs of the settings are ignored.

    Raises:
        ConfigError: a name is not valid, or --fast is used with something that needs real time.
        DataError: a file cannot be played.
        PortError: a port or the synth is not available.
    """
    wiring = Wiring()
    wiring.keeper = keeper = Keeper(
        backend=settings.backend,
        waits=waits(settings),
        put=inbox.put,
        now=inbox.now,
        publisher=publisher,
        taken=wiring.identities,
        claim=partial(realtime.claim, settings.realtime, realtime.KEEPER),
        name=settings.name,
    )
    with ExitStack() as stack:
        stack.callback(keeper.close)
        opener = Opener(settings, wiring, keeper, inbox, publisher)
        try:
            opener.open(timeline)
        except BaseException:
            opener.undo()
            raise
        keeper.settle()
        for each in opener.opened:
            if each.end.attached:
                direction = "in" if each.direction == IN else "out"
                publisher.publish(PortOpened(direction, each.end.port, each.end.name, each.remark))
        stack.callback(_close_all, wiring, publisher)
        yield wiring


def _close_all(wiring: Wiring, publisher: Publisher) -> None:
    """Close everything but our ports, whatever fails."""
    with ExitStack() as stack:
        for each in wiring.wires:
            if not isinstance(each.end, Link):
                stack.callback(_close, each.end, publisher)


def _close(end: End, publisher: Publisher) -> None:
    if isinstance(end, MidiRecorder | WavRecorder):  # which may take a while
        publisher.say(f"Nothing was played: {end.name} is not written." if end.empty else f"Writing {end.name}")
    end.close()


class Rewiring:
    """Changes what is open while livegen plays. What the settings name before and after stays open.

    Args:
        wiring: of `wire`.
        settings: with which it was opened.
        inbox, publisher: as for `wire`.
    """

    def __init__(self, wiring: Wiring, settings: Settings, inbox: LiveInbox, publisher: Publisher) -> None:
        self._wiring, self._settings, self._inbox, self._publisher = wiring, settings, inbox, publisher

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The ports, and the synth, that are missing now."""
        return self._wiring.waiting_for

    def adjust(self, settings: Settings) -> None:
        """Apply what needs nothing to be opened: the gain, and whether to wait."""
        for each in self._wiring.outputs:
            if isinstance(each, Synth | WavRecorder):
                each.set_gain(settings.gain)
        self._keeper.waits = waits(settings)

    def change(self, settings: Settings, done: Done) -> None:
        """Open and close what the settings name now, in the thread that owns the ports, which then calls `done`.

        New inputs and outputs are opened first; if one of them fails, they are closed again, and nothing has changed.
        """
        self._keeper.do(partial(self._attempt, settings, done))

    @property
    def _keeper(self) -> Keeper:
        assert self._wiring.keeper is not None  # `wire` sets it
        return self._wiring.keeper

    # In the thread that owns the ports.

    def _attempt(self, settings: Settings, done: Done) -> None:
        try:
            self._change(settings)
        except Exception as error:  # noqa: BLE001  (whoever asked gets it)
            done(error)
        else:
            done(None)

    def _change(self, settings: Settings) -> None:
        """Raises ConfigError, DataError or PortError. Nothing has changed then."""
        keeper, before = self._keeper, self._settings
        with suppress(PortError):  # then it is missing for what is opened now
            keeper.ready()
        moved = settings.backend != before.backend and keeper.move(settings.backend)
        opener = Opener(settings, self._wiring, keeper, self._inbox, self._publisher, before, moved=moved)
        try:
            opener.open()
            self._exchange_synths(opener, waiting=waits(settings))
        except BaseException:
            opener.undo()
            keeper.stay()
            raise
        self._settings = settings
        opener.keep()
        for wire in opener.opened:  # first, so that a response goes on
            self._attach(wire)
        for wire in opener.unused:
            self._remove(wire)
        keeper.settle()
        keeper.report()
        gc.collect()  # the collector is off while livegen plays; what was open before is frozen, so this is quick

    def _exchange_synths(self, opener: Opener, *, waiting: bool) -> None:
        """Start new synths when the old ones have stopped: they may need the same sound card. Raises PortError."""
        new = [wire.end for wire in opener.opened if isinstance(wire.end, Synth)]
        old = [wire.end for wire in opener.unused if new and isinstance(wire.end, Synth) and wire.end.attached]
        for each in old:
            self._keeper.detach(each, each.name, there=True)
            each.stop()
        try:
            for each in new:
                each.start()
        except PortError as error:
            if waiting and not old:
                self._publisher.warn(f"{error} Waiting for it.")
                return
            for each in new:
                each.stop()
            for each in old:
                with suppress(PortError):  # the keeper tries it again
                    each.start()
                    self._inbox.put(Attached(each.opened(), each.name, each))
            raise

    def _attach(self, wire: Wire) -> None:
        end = wire.end
        if isinstance(end, FilePlayer):
            self._inbox.put(Attached(end.opened(), end.name, None, wire.remark))
            end.start()
        elif end.attached:
            event = end.opened() if isinstance(end, Link) else opened(end)
            self._inbox.put(Attached(event, end.name, end if wire.direction == OUT else None, wire.remark))

    def _remove(self, wire: Wire) -> None:
        """Close what is not wanted any more, after it has got its note_offs."""
        end = wire.end
        if end.attached:
            if isinstance(end, FilePlayer):
                end.stop()
            self._keeper.detach(end, end.name, there=True)
            if not isinstance(end, FilePlayer):
                let_arrive([end])
        self._wiring.remove(wire)
        self._keeper.forget(end)
        try:
            _close(end, self._publisher)
        except Exception as error:  # noqa: BLE001  (a file that cannot be written does not stop the music)
            self._publisher.warn(str(error) if isinstance(error, LivegenError) else bug(f"closing {end.name}", error))
