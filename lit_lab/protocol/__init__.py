"""Types of everything that crosses a process boundary.

The browser and the Jupyter server exchange these types, and so do the Jupyter server and the model service.
`make api` generates `docs/openapi.json` and the TypeScript types in `src/api/schema.ts` from them.

Spans are half-open, `[start, end)`. Token spans count the tokens of the whole sequence,
`template + prompt + template + answer`, so `<bos>` is token 0.

pydantic takes about 0.1 s to import: import this module on first use, not at server start.
"""

from lit_lab.protocol.base import *
from lit_lab.protocol.batches import *
from lit_lab.protocol.datasets import *
from lit_lab.protocol.events import *
from lit_lab.protocol.explanations import *
from lit_lab.protocol.history import *
from lit_lab.protocol.lit_app import *
from lit_lab.protocol.models import *
from lit_lab.protocol.requests import *
from lit_lab.protocol.service import *
from lit_lab.protocol.sharing import *
from lit_lab.protocol.starting import *
from lit_lab.protocol.tokens import *
from lit_lab.protocol.turns import *
from lit_lab.protocol.versions import *
