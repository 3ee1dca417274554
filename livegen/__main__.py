"""`livegen`, and `python -m livegen`: nothing is imported before Ctrl-C can end it without a traceback."""

import signal
import sys


def main() -> int:
    """The command line's exit status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # At once, until the daemon or a command takes it: raised amid an import it may be lost, or be another error.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from livegen.cli import main as cli

        return cli.main()
    except KeyboardInterrupt:
        return 128 + 2  # as a shell says it of SIGINT


if __name__ == "__main__":
    sys.exit(main())
