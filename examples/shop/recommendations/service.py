"""Recommendations, on the standard library of Python 3.9 alone: plain HTTP with the sidecar beside it."""

import hashlib
import json
import os
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DAY_S = 86_400
# Proves that a request comes from the sidecar: others of this machine reach the port as well.
TOKEN = open(os.environ["KERF_TOKEN_FILE"]).read()


def for_user(given, call):
    items = call("http://catalog/list", {"limit": 100})["items"]
    day = int(call.now // DAY_S)

    def rank(product):
        text = f"{given['userId']} {day} {product['sku']}"
        return hashlib.sha256(text.encode()).hexdigest()

    return {"items": sorted(items, key=rank)[: given["limit"]]}


OPERATIONS = {"/forUser": for_user}


class Call:
    """What is sent on goes on in the name of the call that is being answered: its user, its deadline, its trace."""

    def __init__(self, headers):
        self.now = parsedate_to_datetime(headers["date"]).timestamp()
        self.headers = {
            name: headers[name] for name in ("x-kerf-call", "traceparent") if headers[name]
        }

    def __call__(self, url, given):
        # HTTP_PROXY leads to the sidecar, which knows where `catalog` is and may be asked for nothing else.
        request = urllib.request.Request(
            url, json.dumps(given).encode(), {**self.headers, "content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        operation = OPERATIONS.get(self.path)
        if self.headers["x-kerf-token"] != TOKEN:
            return self.answer(403, {"code": "forbidden", "title": "Not the sidecar"})
        if operation is None:
            return self.answer(404, {"code": "unknown_operation", "title": "No such operation"})
        try:
            self.answer(200, operation(json.loads(body), Call(self.headers)))
        except urllib.error.HTTPError as error:
            # The catalogue's problem is ours: passed on as it came.
            self.answer(error.code, json.load(error))

    def answer(self, status, value):
        body = json.dumps(value).encode()
        kind = "application/json" if status == 200 else "application/problem+json"
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code="-", size="-"):
        """The sidecar counts requests; a line for each would be noise."""


if __name__ == "__main__":
    address = ("127.0.0.1", int(os.environ["PORT"]))
    server = ThreadingHTTPServer(address, Handler)
    server.daemon_threads = True
    print(f"recommendations listens on port {address[1]}")
    server.serve_forever()
