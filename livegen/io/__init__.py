"""The thin edges: ports, the synth, files, the service manager."""
