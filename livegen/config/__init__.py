"""The settings: their names, valid values, and where each value comes from."""
