"""Probes: each finds out some facts about this machine and changes nothing. They decide nothing; the checks do."""
