"""`python -m lumilio`."""

from lumilio.cli import main

# Decoder processes import this module anew and must not start a second Lumilio.
if __name__ == "__main__":
    main()
