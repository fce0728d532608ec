"""A fake of the model service for tests: it follows the same contract, and fails on demand.

    python fake_service.py <mode> <folder>

The mode sets how it starts, and the prompt what it does. A prompt that begins with `once` has an effect on the first start only,
as do ids that begin with 16, which end the service in the middle of the scores. It leaves traces in the folder: `starts` (one line for each
start), `scored` (each request for scores) and `closed` (a stream's reader disconnected). For the prompt `wait` it generates half of the answer, and the rest
once the folder contains a file `go`.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

MODE, FOLDER = sys.argv[1], Path(sys.argv[2])
MODEL = {
    "name": "demo", "path": "embedded", "state": "ready", "detail": "", "hint": "", "note": "", "window": 64,
    "parameters": 7,
}  # fmt: skip


def say(**line):
    print(json.dumps(line), flush=True)


def trace(name, text):
    with (FOLDER / name).open("a") as file:
        file.write(text + "\n")


def token(text):
    return {"event": "token", "token": {"id": 5, "piece": text, "text": text, "kind": "text"}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def answer(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def allowed(self):
        if self.headers["Authorization"] == f"Bearer {CONFIG['secret']}":
            return True
        self.answer({"error": "unauthorized", "message": "no", "hint": ""}, 401)
        return False

    def do_GET(self):
        if not self.allowed():
            return
        if self.path == "/models":
            state = "downloading" if (FOLDER / "downloading").exists() else "ready"
            self.answer({"models": [{**model, "state": state} for model in MODELS.values()]})
        elif self.path == "/health":
            self.answer({"state": "ready", "detail": "", "version": VERSION, "models": [MODEL]})
        elif self.path == "/lit/files/main.js":
            data = b"// LIT"
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        elif self.path.startswith("/datasets/odd/rows?"):
            self.answer({"surprise": 1})
        elif self.path.startswith("/datasets/a%20b%3F/rows?"):
            query = parse_qs(urlsplit(self.path).query)
            offset, limit = int(query["offset"][0]), int(query["limit"][0])
            rows = [[f"question {number}", str(number)] for number in range(250)]
            self.answer({"columns": ["question", "n"], "rows": rows[offset : offset + limit], "total": len(rows)})
        elif self.path.startswith("/datasets/"):
            self.answer({"error": "unknown_dataset", "message": "There is none.", "hint": "h"}, 404)
        else:
            self.answer({"error": "no_such_route", "message": self.path, "hint": ""}, 404)

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.allowed():
            return
        if self.path == "/tokens" and request["prompt"] == "forbidden":
            self.answer({"error": "preset_forbidden", "message": "Its terms aren't accepted.", "hint": "Accept."}, 403)
            return
        if self.path in ("/models/change", "/kaggle"):
            trace("asked", json.dumps([self.path, request]).replace(" ", ""))
            if request.get("change", {}).get("name") == "refused":
                self.answer({"error": "bad_path", "message": "It is nowhere.", "hint": "Look."}, 422)
                return
            change(request.get("change", {}))
            self.answer({"models": list(MODELS.values())})
            return
        if self.path == "/tokens":
            self.answer({"model": "demo", "prompt": [], "answer": [], "window": 64})
            return
        if self.path == "/tokens/count":
            if request["prompt"] == "unloaded":
                self.answer({"error": "model_not_loaded", "message": "It isn't loaded.", "hint": "Load it."}, 409)
            else:
                self.answer({"model": "demo", "tokens": len(request["prompt"]), "chat": "plain", "window": 64})
            return
        if self.path == "/estimate":
            self.answer({"passes": len(request["request"]["ids"]), "seconds": 0.5})
            return
        if request.get("prompt") == "refuse":
            self.answer({"error": "prompt_too_long", "message": "9 tokens, window 8", "hint": "Shorten."}, 422)
            return
        trace("owners", self.headers["X-LIT-Lab-Owner"] or "-")
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for event in events(self.path, request):
                line = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            trace("closed", self.path)


def change(order):
    if order.get("kind") == "add":
        MODELS[order["name"]] = {**MODEL, "name": order["name"], "path": order["path"], "added": True}
    if order.get("kind") == "remove":
        MODELS.pop(order["name"], None)
    if order.get("kind") == "unload":
        say(event="leftover", models=[{"name": "demo", "precision": None, "max_length": 32, "load": True}])
    if order.get("kind") == "load":
        say(event="leftover", models=None)


def events(path, request):
    if path in ("/generate", "/score"):
        yield from generation(request)
        return
    if path == "/lit_app":
        yield {"event": "state", "message": "Starting LIT…"}
        yield {"event": "done", "seconds": 0.1}
        return
    if path == "/lit/call":
        yield from lit_call(request)
        return
    trace("scored", json.dumps(request).replace(" ", ""))
    bad = BAD.get(request["ids"][0], -0.5)
    computations = {"/salience": salience, "/ablation": ablation, "/effects": effects, "/faithfulness": faithfulness}
    yield from computations[path](request, bad)
    yield {"event": "done", "seconds": 0.1}


def lit_call(request):
    (FOLDER / "lit").write_text(json.dumps(request))
    name = request["query"].get("dataset_name")
    while name == "forever":
        time.sleep(0.02)
        yield {"event": "heartbeat"}
    if name == "die":
        yield {"event": "heartbeat"}
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "odd":
        yield {"event": "surprise"}
    if name == "fail":
        yield {"event": "error", "error": "lit_failed", "message": "It failed.", "hint": ""}
        return
    yield {"event": "heartbeat"}
    yield {"event": "lit_answer", "body": '{"models": {}}'}


def salience(request, bad):
    for number, span in enumerate(request["targets"]):
        for method in request["methods"]:
            if number == 1 and method == request["methods"][-1]:
                die_once(request)
            yield {"event": "scores", "target": span, "method": method, "scores": [bad] * len(request["ids"])}


def ablation(request, bad):
    for done in (1, 2):
        yield {"event": "progress", "done": done, "total": 2}
    # In the errors, after scores that are finite.
    count = len(request["segments"])
    yield {
        "event": "segment_scores", "target": request["target"], "method": request["method"],
        "segments": request["segments"], "scores": [0.5] * count, "errors": [bad] * count, "logprob": -1.0, "passes": 2,
    }  # fmt: skip


def effects(request, bad):
    answer = len(request["ids"]) - request["answer_start"]
    if request["ids"][0] != 16:
        yield {
            "event": "effects", "kind": "one", "first": 0, "total": 2, "removed": [[], [0]], "logprobs": [[bad] * answer] * 2,
        }  # fmt: skip
        return
    for first, removed in list(enumerate([[], [0]]))[request["skip"] :]:
        if first == 1:
            die_once(request)
        yield {
            "event": "effects", "kind": "one", "first": first, "total": 2, "removed": [removed], "logprobs": [[bad] * answer],
        }  # fmt: skip


def faithfulness(request, bad):
    yield {"event": "progress", "done": 1, "total": 1}
    for kind in ("deletion", "insertion"):
        points = [{"share": 0.0, "logprob": -1.0}, {"share": 1.0, "logprob": bad}]
        yield {"event": "curve", "kind": kind, "order": "map", "points": points}
    yield {
        "event": "faithfulness", "target": request["target"], "effect": 2.0, "logprob_range": 2.5,
        "faithfulness": 0.2, "deviation": 0.1, "length_adjusted": 0.0, "stability": None, "passes": 9,
    }  # fmt: skip


def is_first_start():
    return len((FOLDER / "starts").read_text().split()) == 1


def die_once(request):
    if request["ids"][0] == 16 and is_first_start():
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)


def generation(request):
    prompt = request["prompt"]
    if prompt.startswith("once ") and is_first_start():
        prompt = prompt.removeprefix("once ")
    yield {"event": "state", "message": "Loading the model…"}
    bos = {"id": 2, "piece": "<bos>", "text": "", "kind": "template"}
    asked = {"id": 5, "piece": prompt[:200], "text": prompt, "kind": "text"}
    use = "wrapped" if request["chat"] == "on" else "plain"
    yield {"event": "prompt", "tokens": [bos, asked], "window": 64, "chat": use}
    said = [token("Hel"), token("lo")]
    yield said[0]
    if prompt == "die":
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    if prompt == "memory":
        say(event="failed", error="out_of_memory", message="The limit of memory is reached.", hint="Raise it.")
        os._exit(3)
    if prompt == "error":
        yield {"event": "error", "error": "out_of_memory", "message": "No memory.", "hint": "Less."}
        return
    if prompt == "odd":
        yield {"event": "surprise"}
    if prompt == "cut":
        return
    while prompt == "forever":
        time.sleep(0.02)
        yield token("la")
    while prompt == "wait" and not (FOLDER / "go").exists():
        time.sleep(0.01)
    yield {"event": "heartbeat"}
    yield said[1]
    stop = request.get("stop", [])
    yield {
        "event": "answer",
        "text": "Hello",
        "tokens": [one["token"] for one in said],
        "reason": "forced_answer" if request["kind"] == "score" else "stop" if stop else "end",
        "stopped_at": stop[-1] if stop else None,
        "seconds": 0.1,
    }
    yield {"event": "done", "seconds": 0.1}


class Server6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


class UnixServer(ThreadingHTTPServer):
    """A server on a Unix socket, which has neither a host name nor a port."""

    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)

    def get_request(self):
        return self.socket.accept()[0], ("", 0)


def main():
    trace("starts", str(os.getpid()))
    starts = len((FOLDER / "starts").read_text().split())
    (FOLDER / "environment").write_text(json.dumps(dict(os.environ)))
    (FOLDER / "config").write_text(json.dumps({key: value for key, value in CONFIG.items() if key != "secret"}))
    print("importing everything", file=sys.stderr, flush=True)
    print("a library prints", flush=True)
    say(event="progress", message="Importing TensorFlow…")
    if MODE == "hang":
        time.sleep(3600)
    if MODE == "crash" or (MODE == "crash-once" and starts == 1):
        print("Fatal: the sky fell", file=sys.stderr, flush=True)
        sys.exit(3)
    if MODE == "crash-otherwise":
        print(f"Fatal: the sky fell upon the {'abcdefgh'[starts]}", file=sys.stderr, flush=True)
        sys.exit(3)
    if MODE == "unknown-flag":
        print("F0000 00:00:1.2 3 flags.cc:234] Unknown flag in TF_XLA_FLAGS: --nonsense", file=sys.stderr, flush=True)
        os.abort()
    if MODE == "missing":
        print("ModuleNotFoundError: No module named 'tensorflow'", file=sys.stderr, flush=True)
        sys.exit(1)
    if MODE == "missing-said":
        say(event="failed", error="missing_libraries", message="No module named keras", hint="pip install it")
        sys.exit(3)
    if MODE == "refuse":
        say(event="failed", error="no_preset", message="There is no such preset.", hint="Check c.LitLab.models.")
        sys.exit(1)
    if MODE == "slow":
        time.sleep(0.5)
    host = "::1" if MODE == "ipv6" else "127.0.0.1"
    path = CONFIG.get("socket") if MODE not in ("ipv6", "no-socket") else None
    if path:
        server = UnixServer(path, Handler)
        where = {"socket": path}
    else:
        server = (Server6 if MODE == "ipv6" else ThreadingHTTPServer)((host, 0), Handler)
        where = {"port": server.server_port, "host": host}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if MODE == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(event="listening", **where, version="9.9.9" if MODE == "other-version" else VERSION)
    say(event="ready", arithmetic=ARITHMETIC)
    if MODE == "stubborn":
        time.sleep(3600)
    sys.stdin.read()  # ends with the Jupyter server


# By the first id: numbers that JSON has no word for, and one whose word is too large for a float.
BAD = {13: float("nan"), 14: float("inf"), 15: float("-inf")}
ARITHMETIC = {
    "backend": "tensorflow", "floatx": "float32", "policy": "float32", "epsilon": 1e-7, "image_data_format": "channels_last",
    "error": 1e-7,
}  # fmt: skip
VERSION = json.loads((Path(__file__).resolve().parents[2] / "package.json").read_text())["version"]
CONFIG = json.loads(sys.stdin.readline())
MODELS = {"demo": MODEL}
for entry in CONFIG["models"]:
    if entry.partition(":")[0] in CONFIG.get("added", ()):
        change({"kind": "add", "name": entry.partition(":")[0], "path": entry.partition(":")[2]})
main()
