"""One replica on this machine that is deployed anew by a line on standard input: `update`, or `scale` for up to two.

    python updating.py FOLDER SECRET_FILE

It prints the port, and a word for each line when Serve has done it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from lit_lab.cluster import local, options, token_auth
from lit_lab.cluster.settings import ReplicaSettings


def main() -> None:
    folder, secret_file = Path(sys.argv[1]), sys.argv[2]
    os.environ.update(token_auth.local_variables(token_auth.create_token(folder)))
    local._start_ray(2, folder)
    from ray import serve

    from lit_lab.cluster.deployment import bound

    port = local._free_port(local.LOOPBACK)
    local._start_serve({"host": local.LOOPBACK, "port": port})
    settings = ReplicaSettings(secret_file=secret_file, threads=1, max_computations=64, max_requests=64)

    def deploy(more: dict[str, Any], **others: Any) -> None:
        application = bound(settings.model_copy(update=more), ray_actor_options={"num_cpus": 1}, **others)
        serve.run(application, name=options.APPLICATION)

    deploy({}, num_replicas=1)
    print(f"port {port}", flush=True)
    try:
        for line in sys.stdin:
            if line.strip() == "update":
                deploy({"max_waiting": 500}, num_replicas=1)
            else:
                # As on a cluster, but sooner.
                deploy(
                    {"max_waiting": 500},
                    autoscaling_config={**options.autoscaling(1, 2), "upscale_delay_s": 1.0, "look_back_period_s": 2.0},
                )
            print(f"done {line.strip()}", flush=True)
    finally:
        local._end()


if __name__ == "__main__":
    main()
