"""The page of `man livegen`, made of the help. One page: `click-man` would make one for each of the forty commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from livegen import __version__

_FILES = (
    ("~/.config/livegen/livegen.toml", "Settings."),
    ("~/.local/state/livegen/recordings", "Recordings."),
    ("/etc/livegen/livegen.toml, /var/lib/livegen/recordings", "The same, of the service of the machine."),
)
_STATUS = (
    ("0", "It ended normally."),
    ("1", "The program that reads the output has ended."),
    ("2", "An option or a command is unknown."),
    ("65", "The model is missing or damaged."),
    ("66", "A MIDI file or a folder cannot be read."),
    ("69", "A port, the MIDI system, the synth or a running livegen is not available, or the disk is full."),
    ("70", "A bug in livegen."),
    ("75", "A worker of distributed training is lost."),
    ("78", "A setting is not valid, a file cannot be written, or a package is missing."),
    ("130", "Ctrl-C before livegen started to play."),
)

Entry = tuple[str, str]


def page(context: click.Context, examples: Sequence[Entry]) -> str:
    """The page in the language of troff, see man(7).

    Args:
        context: of the main command.
        examples: command lines, and their descriptions.
    """
    command = context.command
    assert isinstance(command, click.Group)
    options = [record for each in command.get_params(context) if (record := each.get_help_record(context)) is not None]
    every = ((name, command.get_command(context, name)) for name in command.list_commands(context))
    commands = [(name, each.get_short_help_str(200)) for name, each in every if each is not None]
    parts = [
        f'.TH LIVEGEN 1 "" "livegen {__version__}" "User Commands"\n.nh\n.ad l\n',
        f".SH NAME\nlivegen {_text('- answers a MIDI keyboard')}\n",
        ".SH SYNOPSIS\n.B livegen\n[OPTIONS] [COMMAND [ARGUMENTS]]\n",
        f".SH DESCRIPTION\n{_text(command.help or '')}\n",
        f".SH COMMANDS\n{_list(commands)}",
        f".SH OPTIONS\n{_list(options)}",
        f".SH FILES\n{_list(_FILES)}",
        f".SH EXIT STATUS\n{_list(_STATUS)}",
        f".SH EXAMPLES\n{_list(examples)}",
        f".SH SEE ALSO\n{_text('livegen COMMAND --help, fluidsynth(1), aconnect(1), jackd(1), systemctl(1)')}\n",
    ]
    return "".join(parts)


def _list(entries: Iterable[Entry]) -> str:
    return "".join(f".TP\n.B {_text(term)}\n{_text(meaning)}\n" for term, meaning in entries)


def _text(text: str) -> str:
    """A text that troff prints as it is. An empty line begins a paragraph."""
    escaped = text.strip().replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    lines = [line.strip() for line in escaped.splitlines()]
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line or ".PP" for line in lines)
