"""`python -m livegen`."""

import sys

from livegen.cli import main

if __name__ == "__main__":
    sys.exit(main())
