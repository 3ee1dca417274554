"""Downloads data sets, and reads, shows and plots MIDI files. The daemon never imports this package."""
