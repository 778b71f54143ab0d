"""``python -m tianku.worker ROOT``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from tianku.worker.forks import fork_server

    fork_server()  # both import at the same time
    from tianku.worker.run import main

    sys.exit(main())
