"""`python -m infra.local.host`."""

import sys

from infra.local.host.main import main

sys.exit(main())
