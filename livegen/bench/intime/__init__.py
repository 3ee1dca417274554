"""Measures whether responses keep the time of calls whose beat is known, as the daemon's own loop answers them."""
