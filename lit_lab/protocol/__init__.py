"""Types of everything that crosses a process.

The browser talks to the Jupyter server, and the Jupyter server to the model service, in these types. They are the
source of `docs/openapi.json` and of the TypeScript types in `src/api/schema.ts` (`make api`).

Spans are half-open `[start, end)`. Token spans count tokens of the whole sequence `template + prompt + template +
answer`, so `<bos>` is token 0.

pydantic takes about 0.1 s to import: import this module on first use, not at server start.
"""

from lit_lab.protocol.base import *
from lit_lab.protocol.datasets import *
from lit_lab.protocol.events import *
from lit_lab.protocol.history import *
from lit_lab.protocol.lit_app import *
from lit_lab.protocol.models import *
from lit_lab.protocol.requests import *
from lit_lab.protocol.service import *
from lit_lab.protocol.starting import *
from lit_lab.protocol.tokens import *
