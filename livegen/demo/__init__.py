"""The built-in player's calls: openings out of the public domain, carried on and played by livegen's own model.

The *.mid files beside this are made from scores.py by `python -m livegen.training.humanise`. The scores are under
Apache-2.0; the files, drawn from a model trained on MAESTRO, under CC BY-NC-SA 4.0 as that model is.
"""
