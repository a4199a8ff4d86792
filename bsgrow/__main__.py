"""`python -m bsgrow`, the same as `bsgrow`."""

from bsgrow.cli import main

if __name__ == "__main__":
    main()
