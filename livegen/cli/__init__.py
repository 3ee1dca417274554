"""The command line: the daemon's options, and every subcommand."""
