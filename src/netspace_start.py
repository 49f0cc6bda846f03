"""The program `netspace`: Ctrl-C while its modules are loading is one line and exit code 130, as it is later on."""

import sys


def main() -> None:
    """Load the commands and run the one that was asked for."""
    try:
        from netspace.cli.main import main as run
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    run()
