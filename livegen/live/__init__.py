"""The daemon, `livegen play`, and the setup of the process that both need."""
