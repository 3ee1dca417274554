"""The main loop: take events, perform their effects, and end all sound at the end."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from mido import Message

from livegen.errors import PortError
from livegen.io.inbox import Inbox, Item
from livegen.io.links import Attached, Detached
from livegen.io.notify import Watchdog
from livegen.io.output import Output, let_arrive
from livegen.io.publisher import PortFailed, PortGone, PortOpened, Published, Publisher
from livegen.io.sounding import Sounding
from livegen.io.wires import Wiring
from livegen.note import MonotonicTime
from livegen.stage.conversation import Listening
from livegen.stage.effects import Ask, Effect, Ignored, MakePlan, Notice, Request, Send, Used
from livegen.stage.events import (
    Command,
    Event,
    OutputClosed,
    OutputOpened,
    Part,
    PortId,
    Received,
    ServerLost,
    Stop,
    unanswered,
)
from livegen.stage.pedals import HOLDING
from livegen.stage.session import Session

NEVER = MonotonicTime(float("inf"))
DOUBTFUL = 1.0  # s before an output is known to be gone: what was sent to it may not have arrived
ALL_FAILED = "All outputs have failed. Connect one and start livegen again."


class Outputs:
    """The open outputs. A failed output is reported once. What an output still has to get, it gets when it is back.

    Args:
        outputs: the open ones.
        publisher: gets a report of an output that fails.
        sounding: marks what sounds at MIDI ports; it may know what a livegen that was killed has left sounding.
    """

    def __init__(self, outputs: Iterable[Output], publisher: Publisher, sounding: Sounding | None = None) -> None:
        self._open = {output.port: output for output in outputs}
        self._failed: dict[PortId, Output] = {}
        self._owed: dict[PortId, list[Send]] = {}  # the note_offs of outputs that are gone
        self._ended: dict[PortId, deque[Send]] = {}  # the last note_offs that were sent
        self._publisher = publisher
        self._sounding = sounding or Sounding()

    def send(self, send: Send) -> bool:
        """Send a message. Returns False if the output fails now. One that failed before may still get a note_off."""
        output = self._open.get(send.output)
        if output is None:
            self._owed.setdefault(send.output, []).append(send)
            with suppress(Exception):
                self._failed[send.output].send(send)
            return True
        try:
            output.send(send)
        except Exception as error:  # noqa: BLE001  (if one output fails, the others must still get their note_offs)
            self._failed[send.output] = self._open.pop(send.output)
            self._publisher.publish(PortFailed(output.port, output.name, str(error)))
            return False
        if output.returns:
            self._sounding.mark(send.output, send.message)
            if _ends(send.message):
                self._ended.setdefault(send.output, deque(maxlen=128)).append(send)
        return True

    def end_left(self, port: PortId, now: MonotonicTime) -> None:
        """End what sounds at an output that is there from now on, and should not."""
        for message in self._sounding.releases(port):
            self.send(Send(port, message, Part.RESPONSE, now))

    def lose(self, port: PortId, now: MonotonicTime) -> None:
        """An output has vanished. The last note_offs, of an input that went with it, may have come too late."""
        doubtful = [send for send in self._ended.pop(port, ()) if send.at > now - DOUBTFUL]
        if doubtful:
            self._owed.setdefault(port, []).extend(doubtful)
        self.remove(port)

    def remove(self, port: PortId) -> None:
        """Nothing is sent to an output from now on."""
        self._open.pop(port, None)
        self._failed.pop(port, None)

    def add(self, output: Output, now: MonotonicTime) -> None:
        """An output is there, or back: what sounded there when it went has to end."""
        self._open[output.port] = output
        for send in self._owed.pop(output.port, []):
            self.send(send)
        self.end_left(output.port, now)

    def let_arrive(self) -> None:
        """Wait until all messages have left the ports."""
        let_arrive(self._open.values())


def _ends(message: Message) -> bool:
    """Whether a message ends a note, or lifts a pedal."""
    if message.type == "control_change":
        return bool(message.control in HOLDING and message.value == 0)
    return bool(message.type == "note_off" or (message.type == "note_on" and message.velocity == 0))


class Desk(Protocol):
    """Does what is asked for from outside."""

    def obey(self, command: Command) -> Event | Stop | None:
        """Handle a request. Returns what the loop has to do next."""

    def used(self, used: Used) -> Command:
        """The request of a bound control."""


class Loop:
    """Runs a session.

    Args:
        session: turns events into effects.
        inbox: gives the events and the time.
        outputs: get the messages.
        ask: gets the requests for the model.
        publisher: gets everything that was done.
        desk: gets the requests from outside; without it there are none.
        wiring: knows which inputs and outputs will come back.
        watchdog: gets a report from each round.
    """

    def __init__(
        self,
        session: Session,
        inbox: Inbox,
        outputs: Outputs,
        ask: Callable[[Request], None],
        publisher: Publisher,
        desk: Desk | None = None,
        wiring: Wiring | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        self._session, self._inbox, self._outputs = session, inbox, outputs
        self._ask, self._publisher, self._desk, self._wiring = ask, publisher, desk, wiring or Wiring()
        self._received: Received | None = None  # the message that is being handled, until it is published
        self._watchdog = watchdog or Watchdog({})

    def open(self, events: Iterable[Event]) -> None:
        """Add the inputs and outputs to the session."""
        for event in events:
            now = self._inbox.now()
            if isinstance(event, OutputOpened):
                self._outputs.end_left(event.port, now)
            self._do(self._session.step(event, now))

    def run(self) -> Stop:
        """Jam until a Stop, or until the inputs have ended.

        Raises:
            PortError: the MIDI server has ended, or all outputs have failed.
        """
        session, inbox = self._session, self._inbox
        while not session.finished or self._wiring.lasting:
            event = self._asked(inbox.get(self._watchdog.feed(inbox.now(), session.next_due)))
            if isinstance(event, Stop):
                return event
            if isinstance(event, ServerLost):
                raise PortError(event.why)
            if isinstance(event, Attached | Detached):
                self._change(event)
                continue
            self._handle(event, self._do)
            if isinstance(session.state, Listening):
                gc.collect(0)  # the collector is off, and nothing is due now
        return Stop("the inputs have ended")

    def _handle(self, event: Event | None, perform: Callable[[Sequence[Effect]], object]) -> None:
        """Handle an event, after others that the session has held back; or it is held back too."""
        for each in self._session.sort(event, self._inbox.now()):
            self._received = each if isinstance(each, Received) else None
            try:
                for effects in self._session.parts(each, self._inbox.now()):
                    perform(effects)
            finally:
                self._publish([])

    def _asked(self, event: Item | None) -> Event | ServerLost | Stop | Attached | Detached | None:
        """What follows from a request, or any other event as it is."""
        if isinstance(event, Stop) and event.reload and self._desk is not None:
            event = Command("reload", {}, unanswered)
        if isinstance(event, Command):
            return self._desk.obey(event) if self._desk is not None else None
        return event

    def leave(self, stop_listening: Callable[[], None]) -> None:
        """End all sound, for any reason of leaving."""
        try:
            stop_listening()
            self._hear_out()
        finally:
            self._perform(self._session.close(self._inbox.now()))
        self._outputs.let_arrive()

    def _hear_out(self) -> None:
        """Handle what the player did before the inputs were closed."""
        while (event := self._inbox.get(self._inbox.now())) is not None:
            if isinstance(event, Detached):
                event.released.set()
            elif not isinstance(event, ServerLost | Attached | Stop | Command):
                self._handle(event, self._perform)
        for held_back in self._session.sort(None, NEVER):
            self._perform(self._session.step(held_back, self._inbox.now()))

    def _change(self, change: Attached | Detached) -> None:
        """A port is there, or gone."""
        if isinstance(change, Attached):
            if change.output is not None:
                self._outputs.add(change.output, self._inbox.now())
            self._handle(change.opened, self._do)
            direction = "in" if change.output is None else "out"
            self._publisher.publish(PortOpened(direction, change.opened.port, change.name, change.remark))
            return
        output = isinstance(change.closed, OutputClosed)
        if output and not change.there:  # its note_offs have to wait until it is back
            self._outputs.lose(change.closed.port, self._inbox.now())
        self._handle(change.closed, self._do)
        if output:
            self._outputs.remove(change.closed.port)
        change.released.set()
        if change.name:
            direction = "out" if output else "in"
            self._publisher.publish(PortGone(change.closed.port, change.name, direction, change.there, change.quiet))

    def _do(self, effects: Sequence[Effect]) -> None:
        """Perform the effects of a step. Remove an output that fails, as long as there is another."""
        for port in self._perform(effects):
            now = self._inbox.now()
            self._do(self._session.step(OutputClosed(port, now), now))
            if not self._session.has_outputs and not self._wiring.waits:
                raise PortError(ALL_FAILED)

    def _perform(self, effects: Sequence[Effect]) -> set[PortId]:
        """Send, ask, then publish: music must not wait for the log. Returns the outputs that failed."""
        failed: set[PortId] = set()
        done: list[Send | Notice] = []
        for effect in effects:
            if not isinstance(effect, Send):
                if isinstance(effect, Ask | MakePlan):
                    self._ask(effect)
                elif not isinstance(effect, Used):
                    done.append(effect)
                elif self._desk is not None:
                    self._inbox.put(self._desk.used(effect))
            elif effect.output not in failed:
                if self._outputs.send(effect):
                    done.append(effect)
                else:
                    failed.add(effect.output)
        if done:
            self._publish(done)
        return failed

    def _publish(self, done: Sequence[Send | Notice]) -> None:
        """Publish what was done, after the message that it was done for. `Ignored` comes before that message."""
        items: list[Published] = list(done)
        if self._received is not None:
            items = [self._received, *items]
            items.sort(key=lambda item: not isinstance(item, Ignored))  # which keeps the order of the others
            self._received = None
        for item in items:
            self._publisher.publish(item)
