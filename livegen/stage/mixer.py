"""All inputs and outputs, and which output gets which messages. Ports can be added and removed at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mido import Message

from livegen.note import MonotonicTime
from livegen.stage.echo import Echo
from livegen.stage.effects import Effects, Send, ThruChanged
from livegen.stage.events import InputOpened, OutputOpened, Part, PortId, Turn
from livegen.stage.hands import Hands
from livegen.stage.held import Change
from livegen.stage.outputs import Output
from livegen.stage.settings import StageSettings


class Mixer:
    """Sends each output its messages.

    Args:
        settings: `thru` and `response_channel`.
        hands: the keys and pedals that the player holds.
        effects: collects the messages.
    """

    def __init__(self, settings: StageSettings, hands: Hands, effects: Effects) -> None:
        self._settings, self._hands, self._effects = settings, hands, effects
        self._inputs: dict[PortId, InputOpened] = {}
        self._outputs: dict[PortId, tuple[OutputOpened, Output]] = {}
        self.echo = Echo()

    @property
    def has_inputs(self) -> bool:
        return bool(self._inputs)

    @property
    def has_outputs(self) -> bool:
        return bool(self._outputs)

    def is_open(self, port: PortId) -> bool:
        """Whether this input is open."""
        return port in self._inputs

    def is_live(self, port: PortId) -> bool:
        """Whether our own messages may come back through this input."""
        return self.is_open(port) and self._inputs[port].live

    # Ports are added and removed.

    def open_input(self, opened: InputOpened, at: MonotonicTime) -> None:
        self._inputs[opened.port] = opened
        self._rewire(at)

    def close_input(self, port: PortId, change: Change, at: MonotonicTime) -> None:
        """No more messages come from an input; `change` contains the keys and pedals that it releases."""
        self._inputs.pop(port, None)
        self._each(lambda output: output.end(change.released, self._hands), Part.CALL, at)
        self._rewire(at)

    def open_output(self, opened: OutputOpened, at: MonotonicTime) -> None:
        self.close_output(opened.port, at)
        output = Output(opened.port, channel=self._settings.response_channel, thru=self._thru(opened))
        self._outputs[opened.port] = (opened, output)
        self._announce(opened, output)

    def _announce(self, opened: OutputOpened, output: Output) -> None:
        output.begin(self._hands)
        own = self._settings.thru is None and self._is_own(opened)
        self._effects.publish(ThruChanged(opened.port, output.thru, output.channel, opened.returns, own))

    def close_output(self, port: PortId, at: MonotonicTime) -> None:
        """An output is closed or has failed. Send the note_offs of all that sounds there, in case it still works."""
        opened, output = self._outputs.pop(port, (None, None))
        if opened is not None and output is not None:
            self._effects.send(port, output.close(), Part.RESPONSE, at)

    def change(self, settings: StageSettings, at: MonotonicTime) -> None:
        """New settings."""
        before, self._settings = self._settings, settings
        if (before.thru, before.response_channel) != (settings.thru, settings.response_channel):
            self._rewire(at)

    def _thru(self, opened: OutputOpened) -> bool:
        """Whether an output gets the player's notes; by default, unless it is the player's own instrument."""
        return opened.records or (not self._is_own(opened) if self._settings.thru is None else self._settings.thru)

    def _is_own(self, opened: OutputOpened) -> bool:
        """Whether an output belongs to an instrument that the player plays."""
        return opened.instrument != "" and opened.instrument in {each.instrument for each in self._inputs.values()}

    def _rewire(self, at: MonotonicTime) -> None:
        """Find out again which outputs get thru. On an output that changes, all sounding notes end."""
        self.echo.forget()
        channel = self._settings.response_channel
        for port, (opened, output) in self._outputs.items():
            thru = self._thru(opened)
            if (output.thru, output.fixed_channel) != (thru, channel):
                self._effects.send(port, output.change(channel=channel, thru=thru), Part.RESPONSE, at)
                self._announce(opened, output)

    # The player's part.

    def forward(self, message: Message, change: Change, at: MonotonicTime) -> None:
        self._each(lambda output: output.forward(message, change, self._hands), Part.CALL, at)

    def settle(self, at: MonotonicTime) -> None:
        """A key or pedal went up: a pedal on a shared channel may have to move."""
        self._each(lambda output: output.settle(self._hands), Part.RESPONSE, at)

    # The response.

    def begin(self) -> None:
        for _, output in self._outputs.values():
            output.begin(self._hands)

    def start(self, pitch: int, velocity: int, at: MonotonicTime) -> None:
        self._each(lambda output: output.start(pitch, velocity), Part.RESPONSE, at)

    def stop(self, pitch: int, at: MonotonicTime) -> None:
        self._each(lambda output: output.stop(pitch, self._hands), Part.RESPONSE, at)

    def move_pedal(self, at: MonotonicTime, *, down: bool) -> None:
        self._each(lambda output: output.move_pedal(self._hands, down=down), Part.RESPONSE, at)

    def silence(self, at: MonotonicTime) -> None:
        """End the response: its notes and its pedal."""
        self._each(lambda output: output.silence(self._hands), Part.RESPONSE, at)

    def show(self, turn: Turn, at: MonotonicTime) -> None:
        """Tell the MIDI ports whose turn it is, on the controller of the settings."""
        control = self._settings.state_control
        if control is None:
            return
        for port, (opened, output) in self._outputs.items():
            if opened.returns:
                state = Message("control_change", channel=output.channel, control=control, value=turn.value)
                self._effects.send(port, [state], Part.RESPONSE, at)

    def panic(self, at: MonotonicTime) -> None:
        self.echo.forget()
        self._each(Output.panic, Part.RESPONSE, at)

    def close(self, at: MonotonicTime) -> None:
        self._each(Output.close, Part.RESPONSE, at)

    def _each(self, messages: Callable[[Output], list[Message]], part: Part, at: MonotonicTime) -> None:
        for port, (_, output) in self._outputs.items():
            self._effects.send(port, messages(output), part, at)

    def remember(self, sends: Iterable[Send], now: MonotonicTime) -> None:
        """Remember messages to outputs from which they may come back."""
        for send in sends:
            opened, _ = self._outputs.get(send.output, (None, None))
            if opened is not None and opened.returns:
                self.echo.sent(send.message, now, ours=send.part is Part.RESPONSE)
