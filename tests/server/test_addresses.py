"""The server requests no address that a client names, private or not."""

import socket

import pytest


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/x.jsonl",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/x.jsonl",
        "http://[::1]:{port}/x.jsonl",
        "//127.0.0.1:{port}/x.jsonl",
        "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/x.csv",
        "gs://bucket/x.csv",
        "s3://bucket/x.csv",
        "kaggle://127.0.0.1:{port}/x",
        "hf://user@127.0.0.1:{port}/x",
        "hf://../../etc",
    ],
)
@pytest.mark.parametrize("what", ["model", "dataset", "saving"])
async def test_no_address_is_fetched(api, fake_service, what, address):
    """LIT Lab fetches from Kaggle and Hugging Face, by a model's name, and from nowhere else."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = address.format(port=listener.getsockname()[1])
        if what == "model":
            change = {"kind": "add", "name": "mine", "path": address}
            status, answer = await api("POST", "models", "change", body={"change": change})
            assert (status, answer["error"]) in (
                (422, "bad_path"), (404, "no_such_file"), (403, "no_such_file"), (422, "outside_root")
            )  # fmt: skip
        elif what == "dataset":
            status, answer = await api("POST", "datasets", "open", body={"path": address})
            if status == 202:  # the load began, and its state shows the failure
                status, answer = await api("GET", "datasets", answer["id"])
                assert answer["state"] in ("reading", "failed"), answer
                assert not answer.get("rows")
        else:
            _, opened = await api("POST", "datasets", "open", body={"name": "sample_prompts"})
            status, answer = await api("POST", "datasets", opened["id"], "save", body={"path": address})
            assert status >= 400, answer
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert not answer.get("models")
