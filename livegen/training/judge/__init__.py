"""Is what a player plays like what pianists play? Prompts of real pieces, continued by players and by the pieces."""
