"""The settings: what there is, what is valid, and where each value comes from."""
