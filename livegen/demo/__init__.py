"""The demo pieces, played by livegen's model.

Openings of works in the public domain, which it continues; and a blues, a waltz and a ballad of our own, with a beat.

`python -m tools.humanise` makes the *.mid files in this folder from tools/scores.py. The licence of the scores is
Apache-2.0. The files come from a model that was trained on MAESTRO, so that their licence is CC BY-NC-SA 4.0.
"""
