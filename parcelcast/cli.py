"""The command line: one entry point that imports a command's implementation only when it runs."""

import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    print(f"parcelcast: no commands yet (got {arguments})", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
