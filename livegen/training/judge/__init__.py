"""Generation metrics: prompts from real pieces, continued by a model and by the pieces themselves, and compared."""
