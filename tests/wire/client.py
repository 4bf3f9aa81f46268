"""A caller written from docs/architecture/wire.md alone, with nothing but Python's standard library.

Usage: client.py SOCKET_PATH. Goes through one session and prints what it saw as one JSON object.
"""

import json
import socket
import struct
import sys

HELLO, REQUEST, OPEN, RESPONSE, ERROR, ITEM, END, CANCEL, CREDIT, DEFINE, GOAWAY, PING, PONG, CLOSE = range(14)
MAGIC = b"KERF"
HAS_KEY, HAS_CURSOR = 4, 8
NO_DEADLINE = 0xFFFFFFFF


class Caller:
    """One connection: requests out, frames in."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(5)
        self.socket.connect(path)
        mine = {"instance": "python-1", "maxFrameBytes": 65536, "maxCalls": 16, "maxStrings": 8, "maxStringBytes": 256}
        self.socket.sendall(MAGIC + struct.pack(">HH", 1, 1))
        self.send(HELLO, 0, json.dumps(mine).encode())
        magic, low, high = struct.unpack(">4sHH", self.exactly(8))
        if magic != MAGIC or not low <= 1 <= high:
            raise SystemExit(f"strange preface {magic} {low} {high}")
        kind, _, body = self.frame()
        if kind != HELLO:
            raise SystemExit(f"frame type {kind} in place of the HELLO")
        self.peer = json.loads(body)
        self.strings = {}
        self.uses = {}
        self.busy = set()

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def frame(self):
        length, kind, stream = struct.unpack(">IBI", self.exactly(9))
        return kind, stream, self.exactly(length - 5)

    def send(self, kind, stream, payload=b""):
        self.socket.sendall(struct.pack(">IBI", 5 + len(payload), kind, stream) + payload)

    def string(self, text):
        """The slot of a text, defined before its first use."""
        if text not in self.strings:
            self.strings[text] = len(self.strings) + 1
            self.send(DEFINE, self.strings[text], text.encode())
        return self.strings[text]

    def header(self, service, operation, remaining=5000, key=None, cursor=None):
        flags = (HAS_KEY if key else 0) | (HAS_CURSOR if cursor else 0)
        names = [self.string(service), self.string(operation), self.string("tester"), 0]
        head = struct.pack(">BI4H", flags, remaining, *names) + bytes(16) + bytes(8)
        for text in (key, cursor):
            if text:
                head += struct.pack(">H", len(text.encode())) + text.encode()
        return head

    def begin(self):
        """A stream id: the lowest free slot, and how often it was used."""
        slot = min(set(range(self.peer["maxCalls"])) - self.busy)
        uses = self.uses.get(slot, 0)
        self.uses[slot] = uses + 1
        self.busy.add(slot)
        return (uses % 65536) << 16 | slot

    def over(self, stream):
        self.busy.discard(stream & 0xFFFF)

    def request(self, operation, value, **options):
        head = self.header("probe", operation, **options)
        stream = self.begin()
        self.send(REQUEST, stream, head + json.dumps(value).encode())
        return stream

    def open(self, operation, value, items, size, **options):
        head = self.header("probe", operation, **options)
        stream = self.begin()
        self.send(OPEN, stream, head + struct.pack(">II", items, size) + json.dumps(value).encode())
        return stream

    def cancel(self, stream):
        self.send(CANCEL, stream, b"\x01")
        self.over(stream)

    def until(self, stream):
        """Frames up to the one that ends this stream."""
        seen = []
        while True:
            kind, of, body = self.frame()
            seen.append(kind)
            if of == stream and kind in (RESPONSE, ERROR, END):
                self.over(stream)
                return kind, json.loads(body) if body else None, seen

    def call(self, operation, value, **options):
        kind, body, _ = self.until(self.request(operation, value, **options))
        return ("answer" if kind == RESPONSE else "error", body)


def take(caller, count):
    """So many items of a stream, and what else comes while some PINGs are answered."""
    items = []
    while len(items) < count:
        kind, _, body = caller.frame()
        if kind != ITEM:
            raise SystemExit(f"frame type {kind} among the items")
        items.append(json.loads(body))
    for _ in range(5):
        caller.send(PING, 0)
        kind, _, body = caller.frame()
        if kind != PONG:
            items.append([kind, body.decode()])
    return items


def session(path):
    saw = {}
    caller = Caller(path)
    saw["peer"] = sorted(caller.peer)
    saw["answer"] = caller.call("ask", {"echo": [1, "zwei", None]})
    saw["again"] = caller.call("ask", {"echo": 2})
    saw["command"] = caller.call("act", {"echo": "key"}, key="python:1")
    saw["declared"] = caller.call("ask", {"soldOut": 7})
    saw["unknown"] = caller.call("nothing", {})
    broken = caller.begin()
    caller.send(REQUEST, broken, caller.header("probe", "ask") + b'{"a":}')
    kind, body, _ = caller.until(broken)
    saw["broken"] = ("answer" if kind == RESPONSE else "error", body)
    # Out of order: the second is answered while the first hangs.
    hanging = caller.request("ask", {"hang": True}, remaining=NO_DEADLINE)
    saw["meanwhile"] = caller.call("ask", {"echo": "meanwhile"})
    caller.cancel(hanging)
    saw["cancelled"] = caller.call("ask", {"cancelled": True})
    saw["late"] = caller.call("ask", {"hang": True}, remaining=50)
    stream = caller.open("watch", {"to": 12}, 4, 65536, cursor="2")
    saw["first"] = take(caller, 4)
    caller.send(CREDIT, stream, struct.pack(">II", 3, 0))
    saw["second"] = take(caller, 3)
    caller.send(CREDIT, stream, struct.pack(">II", 100, 0))
    kind, _, seen = caller.until(stream)
    saw["rest"] = [seen.count(ITEM), kind == END]
    # By bytes: one item goes beyond what is left, none begins at zero.
    small = caller.open("watch", {"to": 12}, 100, 1)
    saw["byBytes"] = take(caller, 1)
    caller.cancel(small)
    saw["left"] = caller.call("ask", {"echo": "left"})
    # Drain: what is in flight is finished, what comes after is not executed.
    held = caller.request("ask", {"hold": True})
    lets_go = caller.request("ask", {"letsGo": True})
    drain = caller.request("ask", {"drain": True})
    _, saw["drain"], seen = caller.until(drain)
    while GOAWAY not in seen:
        seen.append(caller.frame()[0])
    saw["notHere"] = caller.call("ask", {"echo": "too late"})
    caller.cancel(lets_go)
    kind, body, _ = caller.until(held)
    saw["held"] = [kind == RESPONSE, body]
    caller.socket.close()
    return saw


def violations(path):
    """What the page says about those who break a rule."""
    saw = {}
    stranger = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stranger.settimeout(5)
    stranger.connect(path)
    stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
    saw["stranger"] = len(stranger.recv(100))

    def reason(act):
        caller = Caller(path)
        act(caller)
        while True:
            kind, _, body = caller.frame()
            if kind == CLOSE:
                return body.decode().split(":")[0]

    saw["type"] = reason(lambda c: c.send(77, 0))
    saw["large"] = reason(lambda c: c.socket.sendall(struct.pack(">IBI", c.peer["maxFrameBytes"] + 1, REQUEST, 0)))
    saw["string"] = reason(lambda c: c.send(REQUEST, 0, struct.pack(">BI4H", 0, 1000, 5, 6, 7, 0) + bytes(24) + b"{}"))
    saw["slot"] = reason(lambda c: c.send(REQUEST, c.peer["maxCalls"], c.header("probe", "ask") + b"{}"))
    saw["short"] = reason(lambda c: c.socket.sendall(struct.pack(">I", 4)))
    saw["way"] = reason(lambda c: c.send(RESPONSE, 0, b"{}"))
    return saw


if __name__ == "__main__":
    path = sys.argv[1]
    print(json.dumps({"violations": violations(path), "session": session(path)}))
