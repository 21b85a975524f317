"""Writes the reference report, 1,072,617 bytes, by which the reader and the writer are measured.

Equal on every machine: the generator of random numbers is seeded. Usage: reference-report.py FILE
"""

import hashlib
import json
import random
import sys

RESULT_TYPES = [
    "certificate-expired",
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-not-trusted",
    "validation-failure",
    "sts-policy-fetch-error",
]
SHA_256 = "7f11512f1d65e4cd0b2584e2cb13a9b1eb1d3114b596f297c32ccd540bda688e"


def detail(i: int, j: int, domain: str) -> dict:
    result_type = random.choice(RESULT_TYPES)
    host = f"mx{j % 4}.{domain}"
    return {
        "result-type": result_type,
        "sending-mta-ip": f"2001:db8:{i:x}::{j:x}",
        "receiving-mx-hostname": host,
        "receiving-mx-helo": host,
        "receiving-ip": f"203.0.113.{j % 250}",
        "failed-session-count": random.randint(1, 500),
        "failure-reason-code": "X509_V_ERR_CERT_HAS_EXPIRED",
    }


def policy(i: int) -> dict:
    domain = f"d{i}.example.com"
    details = [detail(i, j, domain) for j in range(20)]
    successful = random.randint(0, 100000)
    return {
        "policy": {
            "policy-type": "sts",
            "policy-string": ["version: STSv1", "mode: enforce", f"mx: *.{domain}", "max_age: 604800"],
            "policy-domain": domain,
            "mx-host": [f"*.{domain}"],
        },
        "summary": {
            "total-successful-session-count": successful,
            "total-failure-session-count": sum(d["failed-session-count"] for d in details),
        },
        "failure-details": details,
    }


def main(path: str) -> None:
    random.seed(1)
    report = {
        "organization-name": "Company-X",
        "date-range": {
            "start-datetime": "2026-11-20T00:00:00Z",
            "end-datetime": "2026-11-20T23:59:59Z",
        },
        "contact-info": "sts-reporting@company-x.example",
        "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
        "policies": [policy(i) for i in range(187)],
    }
    text = json.dumps(report, separators=(",", ":")).encode()
    digest = hashlib.sha256(text).hexdigest()
    if digest != SHA_256:
        sys.exit(f"made {len(text)} bytes with SHA-256 {digest}, not the reference report")
    with open(path, "wb") as file:
        file.write(text)


main(sys.argv[1])
