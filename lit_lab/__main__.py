"""`python -m lit_lab` is the command `lit-lab`."""

import sys

from lit_lab.cli import main

sys.exit(main())
