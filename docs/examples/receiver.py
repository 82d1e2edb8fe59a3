"""A receiver of event webhooks: checks who has sent them, and takes each one once."""

import hashlib
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = "the secret that the page showed once"
seen: set[str] = set()  # of a real one: a table


def is_from_the_dialer(secret: str, header: str | None, body: bytes) -> bool:
    fields = dict(part.split("=", 1) for part in (header or "").split(",") if "=" in part)
    told, signed = fields.get("t", ""), fields.get("v1", "")
    wanted = hmac.new(secret.encode(), told.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signed.encode()) and abs(time.time() - int(told)) < 300


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not is_from_the_dialer(SECRET, self.headers["X-Dialer-Signature"], body):
            self.send_error(401)
            return
        event = json.loads(body)
        if event["id"] not in seen:
            seen.add(event["id"])
            print(event["type"], event["data"])
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", 9000), Receiver).serve_forever()
