"""A stand-in for a model service elsewhere whose replicas break off: each request meets what the test has planned for it."""

import asyncio
import json
from pathlib import Path

VERSION = json.loads((Path(__file__).resolve().parents[2] / "package.json").read_text())["version"]


class Replicas:
    """A server on loopback.

    Attributes:
        plan: What each next job meets. A number: the connection closes in the middle of the event of that number. `reset N`: it is
            reset there. `end N`: the stream ends there without a last event. `500`, `502`, `503`: a proxy's word. `hub`: a busy hub's. `429`: no more for now, ask
            again at once. `other`: another answer. `half N`: as a number, of effects in half precision. After the plan, jobs have their whole answers.
        asked: The requests of the jobs, with their paths.
        is_away: Whether the health has no answer either.
    """

    def __init__(self):
        self.plan = []
        self.asked = []
        self.is_away = False
        self.url = ""

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            length = next((int(one.split(":")[1]) for one in head if one.lower().startswith("content-length")), 0)
            body = await reader.readexactly(length)
            method, path, _ = head[0].split()
            if self.is_away:
                return
            if method == "GET":
                health = {"state": "ready", "detail": "", "version": VERSION, "models": []}
                writer.write(_whole(200, {"/health": health, "/models": {"models": []}}[path]))
            else:
                self.asked.append((path, json.loads(body)))
                self._answer(writer, path, json.loads(body), str(self.plan.pop(0) if self.plan else ""))
            if not writer.transport.is_closing():
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has left
        finally:
            writer.close()

    def _answer(self, writer, path, request, step):
        if step == "hub":
            body = {"error": "hub_busy", "message": "The hub is busy.", "hint": ""}
            writer.write(_whole(503, body, "Retry-After: 0"))
            return
        if step in ("500", "502", "503"):
            writer.write(_head(int(step), "Content-Length: 6") + b"No one")
            return
        if step == "429":
            body = {"error": "too_many", "message": "The service has enough of your requests.", "hint": "Wait."}
            writer.write(_whole(429, body, "Retry-After: 0"))
            return
        writer.write(_head(200, "Transfer-Encoding: chunked"))
        events = {"/generate": _generation, "/salience": _salience, "/effects": _effects}[path](request, step)
        how, _, at = step.rpartition(" ")
        stop = int(at) if at.isdigit() else len(events)
        for event in events[:stop]:
            line = json.dumps(event).encode() + b"\n"
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        if stop == len(events) or how == "end":
            writer.write(b"0\r\n\r\n")
        elif how == "reset":
            writer.transport.abort()
        else:
            writer.write(b'40\r\n{"event":')


def _head(status, *headers):
    return "\r\n".join([f"HTTP/1.1 {status} -", "Connection: close", *headers, "", ""]).encode()


def _whole(status, body, *headers):
    content = json.dumps(body).encode()
    return _head(status, f"Content-Length: {len(content)}", *headers) + content


def _generation(request, step):
    words = ["Hel", "lo", " again"] if step != "other" else ["Good", " day"]
    tokens = [
        {"id": ord(word[0]), "piece": word, "text": word, "kind": "text", "logprob": -0.5, "alternatives": []}
        for word in words
    ]
    prompt = {"id": 5, "piece": "p", "text": request["prompt"], "kind": "text"}
    return [
        {"event": "prompt", "tokens": [prompt], "window": 64},
        *({"event": "token", "token": one} for one in tokens),
        {"event": "answer", "text": "".join(words), "tokens": tokens, "reason": "end", "seconds": 0.1},
        {"event": "done", "seconds": 0.1},
    ]


def _salience(request, _step):
    return [
        *(
            {"event": "scores", "target": span, "method": method, "scores": [0.5] * len(request["ids"])}
            for span in request["targets"]
            for method in request["methods"]
        ),
        {"event": "done", "seconds": 0.1},
    ]


def _effects(request, step):
    how = {"precision": "bfloat16", "difference": 0.01} if step.startswith("half") else {"precision": "float32"}
    one = {"event": "effects", "kind": "one", "total": 2, "logprobs": [[-0.5] * (len(request["ids"]) - 1)], **how}
    sets = [{**one, "first": at, "removed": [[0] * at]} for at in range(request["skip"], 2)]
    return [*sets, {"event": "done", "seconds": 0.1}]
