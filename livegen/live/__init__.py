"""Where the parts meet: the daemon, `livegen play`, and what both do with their process."""
