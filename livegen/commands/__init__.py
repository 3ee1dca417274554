"""The subcommands that need `livegen[train]`, or do the model's work without a player."""
