"""The journal of everything heard and played, and the recordings that are made from it."""
