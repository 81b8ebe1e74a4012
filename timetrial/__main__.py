"""``python -m timetrial`` is the command ``timetrial``."""

from harness.cli import main

if __name__ == "__main__":  # worker processes of an executor may import this module again
    main()
