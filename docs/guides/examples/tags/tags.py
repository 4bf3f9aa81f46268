"""A program that knows nothing of Kerf: HTTP in, HTTP out, on Python's standard library alone."""

import json
import os
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


SECRETS = "/run/secrets"
seen = []


class Tags(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        target = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(target.query))
        if target.path == "/tag":
            self.answer(200, self.tag(query.get("text", "")))
        elif target.path == "/neighbour":
            self.answer(*self.send(f"http://{query['name']}/any", None))
        elif target.path == "/seen":
            self.answer(200, seen)
        else:
            self.answer(200, {
                "path": self.path,
                "traceparent": self.headers["traceparent"],
                "greeting": os.environ.get("GREETING"),
                "knows": sorted(os.listdir(SECRETS)) if os.path.isdir(SECRETS) else [],
            })

    def do_POST(self):
        # An event that it follows. What it answers says whether the event was applied.
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        seen.append({"path": self.path, "key": self.headers["ce-subject"], **event})
        if event["text"].startswith("never"):
            return self.answer(422, {"title": "there is no tag for that"})
        tagged = {"text": event["text"], "tag": event["text"].split()[0].lower()}
        status, said = self.send(f"{os.environ['KERF_URL']}/events/tagged", tagged)
        self.answer(200 if status == 204 else 503, said)

    def tag(self, text):
        status, said = self.send("http://labels/suggest", {"text": text})
        return {"tag": said["label"]} if status == 200 else {"refused": status, "problem": said}

    def send(self, url, document):
        # urllib takes its proxy from HTTP_PROXY, which leads to the sidecar; the trace goes on.
        headers = {"content-type": "application/json", "traceparent": self.headers["traceparent"]}
        body = None if document is None else json.dumps(document).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

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
