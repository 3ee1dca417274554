"""Programs for developers of livegen, run in a checkout: `python -m tools.NAME --help`. Not part of the package."""
