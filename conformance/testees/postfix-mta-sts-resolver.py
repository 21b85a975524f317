#!/usr/bin/python3
"""A testee for postfix-mta-sts-resolver (Debian package of that name): mta_sts.record and mta_sts.policy.

The package's resolver runs as it is; what it would get from DNS and HTTPS comes from the request.
"""

import asyncio
import base64
import json
import logging
import re
import sys
from types import SimpleNamespace
from unittest import mock

from postfix_mta_sts_resolver import resolver

RECORD = [["v=STSv1; id=1;"]]
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmax_age: 86400\r\n"


class Content:
    """The body of a response, read in pieces."""

    def __init__(self, body):
        self.body = body

    async def read(self, size):
        piece, self.body = self.body[:size], self.body[size:]
        return piece


class Session:
    """An HTTP session in which every GET has the same answer."""

    body = POLICY

    def __init__(self, **_options):
        pass

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_error):
        return False

    def get(self, _url, **_options):
        return Response(self.body)


class Response(Session):
    """Status 200 and a plain text in UTF-8."""

    def __init__(self, body):
        super().__init__()
        self.status = 200
        self.charset = "utf-8"
        self.headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
        self.content = Content(body)


class Dns:
    """A resolver that has the TXT records of the request for every name."""

    def __init__(self, txt):
        self.txt = txt

    async def query(self, _name, _kind):
        return [SimpleNamespace(text="".join(strings).encode()) for strings in self.txt]


def resolve(txt, body):
    """The id and the policy, or None for each that was not found."""

    async def run():
        loop = asyncio.get_running_loop()
        sts = resolver.STSResolver(loop=loop)
        sts._resolver = Dns(txt)
        Session.body = body
        with mock.patch.object(resolver.aiohttp, "ClientSession", Session):
            status, found = await sts.resolve("example.org")
        return found if status is resolver.STSFetchResult.VALID else None

    return asyncio.run(run())


def record(request):
    found = resolve(request["txt"], POLICY)
    return {"verdict": "record", "policy_id": found[0]} if found else {"verdict": "none"}


def policy(request):
    body = base64.b64decode(request["body_b64"], validate=True)
    # Only plain text is handed over: printable ASCII, tabs, and line ends as the RFC has them.
    if not re.fullmatch(rb"([\t -~]|\r?\n)*", body):
        return {"verdict": "unsupported"}
    found = resolve(RECORD, body)
    if not found:
        return {"verdict": "invalid"}
    fields = found[1]
    return {
        "verdict": "policy",
        "mode": fields["mode"],
        "max_age": fields["max_age"],
        "mx": list(fields.get("mx", [])),
    }


OPERATIONS = {"mta_sts.record": record, "mta_sts.policy": policy}


def answer(line):
    try:
        request = json.loads(line)
        head = {"id": request["id"]}
        operation = OPERATIONS.get(request["op"])
    except (ValueError, KeyError, TypeError):
        return {"id": None, "verdict": "bad-request", "reason": "not-a-request"}
    if operation is None or request.get("profile", "rfc") != "rfc":
        return {**head, "verdict": "unsupported"}
    try:
        return {**head, **operation(request)}
    except (ValueError, KeyError, TypeError) as error:
        return {**head, "verdict": "bad-request", "reason": "bad-field", "detail": repr(error)}


def main():
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)


if __name__ == "__main__":
    main()
