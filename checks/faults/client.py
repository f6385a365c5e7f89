"""What a client sends, and how it learns that an answer was lost."""

import base64
import hashlib
import http.client
from dataclasses import dataclass, field

from service import Response

TIMEOUT_SECONDS = 30
BOUNDARY = "fault-boundary"


class Lost(Exception):
    """There is no whole answer: nobody knows whether the request took effect."""


@dataclass(frozen=True)
class Call:
    """One request, kept so that the very same can be sent again."""

    method: str
    path: str
    headers: dict = field(default_factory=dict)
    body: bytes | None = None


def uploading(picture, asset=None, responds_async=False, multipart=False, key=None, digest=False):
    """An upload: of a new asset, or of a new version where `asset` names one."""
    headers = {"Content-Type": "application/octet-stream"}
    body = picture
    if multipart:
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        body = head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
    if responds_async:
        headers["Prefer"] = "respond-async"
    if key:
        headers["Idempotency-Key"] = f'"{key}"'
    if digest:
        headers["Content-Digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    path = f"/v1/assets/{asset}/versions" if asset else "/v1/assets"
    return Call("POST", path, headers, body)


def deleting(asset, immediate=False):
    return Call("DELETE", f"/v1/assets/{asset}" + ("?immediate=true" if immediate else ""))


class Client:
    """One connection that is kept alive, for one thread. After the service's restart it finds the new port."""

    def __init__(self, service):
        self.service = service
        self.connection = None
        self.port = None

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def send(self, call):
        """The whole answer, or ``Lost``."""
        if self.connection is None or self.port != self.service.port:
            self.close()
            self.port = self.service.port
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            self.connection.request(call.method, call.path, body=call.body, headers=call.headers)
            answer = self.connection.getresponse()
            fields = [(name.lower(), value) for name, value in answer.getheaders()]
            return Response(answer.status, fields, answer.read())
        except (OSError, http.client.HTTPException) as failure:
            self.close()
            raise Lost(f"{call.method} {call.path}: {failure!r}") from failure

    def get(self, path, headers=None):
        return self.send(Call("GET", path, headers or {}))

    def assets(self):
        """The manifests of all assets, page by page, each of its newest version."""
        path = "/v1/assets?limit=100"
        while path:
            page = self.get(path).json()
            yield from page["assets"]
            path = f"/v1/assets?limit=100&cursor={page['nextCursor']}" if page.get("nextCursor") else None
