"""`livegen`, and `python -m livegen`: nothing is imported before Ctrl-C can end it without a traceback."""

import sys


def main() -> int:
    """The command line's exit status."""
    try:
        from livegen import cli

        return cli.main()
    except KeyboardInterrupt:
        return 128 + 2  # as a shell says it of SIGINT


if __name__ == "__main__":
    sys.exit(main())
