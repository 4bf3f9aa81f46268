"""A program that knows nothing of Kerf: HTTP in, HTTP out, on Python's standard library alone."""

import json
import os
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


SECRETS = "/run/secrets"


class Tags(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        target = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(target.query))
        if target.path == "/tag":
            self.answer(200, self.tag(query.get("text", "")))
        else:
            self.answer(200, {
                "path": self.path,
                "traceparent": self.headers["traceparent"],
                "greeting": os.environ.get("GREETING"),
                "knows": sorted(os.listdir(SECRETS)) if os.path.isdir(SECRETS) else [],
            })

    def tag(self, text):
        # urllib takes its proxy from HTTP_PROXY, which leads to the sidecar; the trace goes on.
        headers = {"content-type": "application/json", "traceparent": self.headers["traceparent"]}
        request = urllib.request.Request("http://labels/suggest", json.dumps({"text": text}).encode(), headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return {"tag": json.load(answer)["label"]}
        except urllib.error.HTTPError as refused:
            return {"refused": refused.code, "problem": json.load(refused)}

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer.request_queue_size = 128
print("tags listens at 9000", flush=True)
ThreadingHTTPServer(("0.0.0.0", 9000), Tags).serve_forever()
