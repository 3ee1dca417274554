"""livegen as a service of systemd: its units, its state, and how it is installed."""
