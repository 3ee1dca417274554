"""MIDI files as they are: fetched, read, shown and drawn. Needs `livegen[train]`; the live path never imports it."""
