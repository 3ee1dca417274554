"""`livegen` and `python -m livegen`. Sets up Ctrl-C before any import, so that it never shows a traceback."""

import gc
import signal
import sys

FEWER = 50_000  # new objects until the garbage collector looks at them: the default of 700 makes imports slow


def main() -> int:
    """Run the command line. Returns the exit status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # End at once, until the daemon or a command handles it: an import may lose KeyboardInterrupt, or change it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(FEWER)
    try:
        from livegen.cli import main as cli

        return cli.main()
    except KeyboardInterrupt:
        return 128 + 2  # the status of a shell after SIGINT


if __name__ == "__main__":
    sys.exit(main())
