"""Writes the vectors of RFC 8460: conformance/vectors/rfc8460/SECTION.json.

    python3 conformance/generate/rfc8460.py [DIRECTORY]    # in place of conformance/vectors

What a vector expects follows from the document and from the reading rules of `tlsrpt`, never from
what a program answers. The output is the same each time.
"""

import base64
import copy
import json
import pathlib
import struct
import sys
import zlib

FILES = {}


def vector(section, name, title, level, why, rules, request, expect):
    FILES.setdefault(section, []).append(
        {
            "id": f"rfc8460/{section}/{name}",
            "title": title,
            "section": section,
            "level": level,
            "why": why,
            "rules": [f"tlsrpt/{rule}" for rule in rules.split()],
            "request": request,
            "expect": expect,
        }
    )


# --- the record, section 3 ---

A = "mailto:a@b.example"
V = "v=TLSRPTv1; "


def record(name, title, why, rules, text, rua, level="must", **more):
    """One record, valid: `rua` is what comes out."""
    txt = [[text]] if isinstance(text, str) else text
    request = {"op": "tlsrpt.record", "txt": txt}
    expect = {"verdict": "record", "rua": rua, **more}
    vector("3", name, title, level, why, rules, request, expect)


def none(name, title, why, rules, text, reason=None, level="must"):
    """No record, or none that can be used."""
    txt = [[text]] if isinstance(text, str) else text
    request = {"op": "tlsrpt.record", "txt": txt}
    expect = {"verdict": "none"}
    if reason:
        expect["reason"] = reason
    vector("3", name, title, level, why, rules, request, expect)


def records():
    once = "the version is followed by semicolon and field"
    record("plain", "a mail address", once, "D2 D3", V + "rua=" + A, [A], diagnostics=[])
    record("no-space", "no space after the semicolon", "white space there is optional", "D2", "v=TLSRPTv1;rua=" + A, [A])
    record("tabs", "tabs and spaces around the semicolon", "field-delim is *WSP \";\" *WSP", "D2", "v=TLSRPTv1;\t rua=" + A, [A], diagnostics=[])
    record("last-semicolon", "a semicolon ends the record", "one field-delim may end it", "D2", V + "rua=" + A + ";", [A])
    record("last-semicolon-space", "a semicolon and spaces end the record", "the last field-delim may have white space on both sides", "D2", V + "rua=" + A + " ; \t", [A])
    record("space-before-first-semicolon", "a space before the first semicolon", "the grammar allows it; the rule for discarding does not name it", "D2 D6", "v=TLSRPTv1 ;rua=" + A, [A], level="unclear", diagnostics=["space-before-semicolon"])
    record("tab-before-first-semicolon", "a tab before the first semicolon", "the grammar allows it; the rule for discarding does not name it", "D2 D6", "v=TLSRPTv1\t; rua=" + A, [A], level="unclear", diagnostics=["space-before-semicolon"])
    for name, text, title in [
        ("leading-space", " " + V + "rua=" + A, "a space before the version"),
        ("version-lower", "v=tlsrptv1; rua=" + A, "the version in lower case"),
        ("version-name-upper", "V=TLSRPTv1; rua=" + A, "the name of the version in upper case"),
        ("version-2", "v=TLSRPTv2; rua=" + A, "another version"),
        ("version-10", "v=TLSRPTv10; rua=" + A, "a version that begins alike"),
        ("version-spaces", "v = TLSRPTv1; rua=" + A, "spaces around the equals sign of the version"),
        ("version-quoted", "\"v=TLSRPTv1; rua=" + A + "\"", "quotes in the text"),
        ("version-alone", "v=TLSRPTv1", "the version and nothing else"),
        ("comma-after-version", "v=TLSRPTv1, rua=" + A, "a comma after the version"),
        ("rua-first", "rua=" + A + "; v=TLSRPTv1;", "the version comes second"),
        ("empty", "", "an empty record"),
        ("spf", "v=spf1 -all", "another protocol's record"),
        ("no-semicolon", "v=TLSRPTv1 rua=" + A, "no semicolon"),
    ]:
        none(name, title, "records that do not begin with v=TLSRPTv1; are discarded", "D2 D6", text, "no-record")
    none("no-answer", "no TXT record at all", "nothing is left", "D6", [], "no-record")
    for name, text, title in [
        ("version-and-semicolon", "v=TLSRPTv1;", "no field after the version"),
        ("version-and-spaces", "v=TLSRPTv1; ", "only white space after the version"),
        ("two-semicolons", "v=TLSRPTv1;; rua=" + A, "two semicolons before the first field"),
        ("two-semicolons-inside", V + "rua=" + A + ";; x=y", "two semicolons between fields"),
        ("two-semicolons-last", V + "rua=" + A + ";;", "two semicolons at the end"),
        ("spaced-semicolons-last", V + "rua=" + A + "; ;", "two semicolons with a space between at the end"),
        ("trailing-space", V + "rua=" + A + " ", "a space at the end without a semicolon"),
        ("trailing-tab", V + "rua=" + A + "\t", "a tab at the end without a semicolon"),
        ("trailing-line-end", V + "rua=" + A + "\r\n", "a line end at the end"),
    ]:
        none(name, title, "the grammar has no place for it", "D2", text, None if "line" in name else "syntax")
    # rua
    none("missing-rua", "no rua field", "at least one rua field is required", "D3", V + "x=y", "missing-rua")
    none("rua-upper", "the field name in upper case", "rua= is case-sensitive, so this is an extension", "D2 D3", V + "RUA=" + A, "missing-rua")
    none("rua-mixed", "the field name with a capital", "rua= is case-sensitive, so this is an extension", "D2 D3", V + "Rua=" + A, "missing-rua")
    none("rua-space-before-equals", "a space before the equals sign", "no white space stands there", "D5", V + "rua =" + A, "syntax")
    none("rua-space-after-equals", "a space after the equals sign", "no white space stands there", "D5", V + "rua= " + A, "syntax")
    none("rua-empty", "an empty rua", "a URI is required", "D3", V + "rua=", "syntax")
    none("rua-no-equals", "rua without an equals sign", "a field has an equals sign", "D3", V + "rua", "syntax")
    none("trailing-comma", "a comma at the end of the list", "an empty item is a syntax error", "D3", V + "rua=" + A + ",", "syntax")
    none("leading-comma", "a comma at the start of the list", "an empty item is a syntax error", "D3", V + "rua=," + A, "syntax")
    none("double-comma", "two commas in the list", "an empty item is a syntax error", "D3", V + "rua=" + A + ",," + A, "syntax")
    none("spaced-commas", "two commas with a space between", "an empty item is a syntax error", "D3", V + "rua=" + A + ", ," + A, "syntax")
    two = [A, "https://r.example/x"]
    record("list", "two URIs", "all count, in order", "D3", V + f"rua={two[0]},{two[1]}", two)
    record("list-spaced", "white space around the comma", "spaces and tabs may stand around the commas", "D3", V + f"rua={two[0]} \t,\t {two[1]}", two)
    record("list-reversed", "two URIs, the web address first", "all count, in order", "D3", V + f"rua={two[1]},{two[0]}", two[::-1])
    record("two-rua", "two rua fields", "the field may occur again: the URIs of all count", "D3", V + f"rua={two[0]}; rua={two[1]}", two)
    record("two-rua-apart", "an extension between two rua fields", "the field may occur again", "D3 D5", V + f"rua={two[0]};x=y;rua={two[1]}", two)
    record("rua-after-extension", "an extension before rua", "rua need not come first", "D3 D5", V + "x=y; rua=" + A, [A])
    record("same-uri-twice", "one URI twice", "the list is kept as it is", "D3", V + f"rua={A},{A}", [A, A], level="unclear")
    # URIs
    for name, uri, title, reason in [
        ("uri-size-suffix", A + "!10m", "a size suffix, as another protocol has it", "bad-uri"),
        ("uri-exclamation", "mailto:a!b@c.example", "a raw exclamation mark in the address", "bad-uri"),
        ("uri-exclamation-https", "https://r.example/!", "a raw exclamation mark in a path", "bad-uri"),
        ("uri-no-scheme", "a@b.example", "an address without a scheme", "bad-uri"),
        ("uri-no-scheme-host", "r.example/x", "a host and path without a scheme", "bad-uri"),
        ("uri-second-bare", A + ",c@d.example", "the second address has no scheme", "bad-uri"),
        ("uri-space-inside", "mailto:a b@c.example", "a space inside", None),
        ("uri-non-ascii", "mailto:\u00e9@b.example", "a letter that is not ASCII", None),
        ("uri-bad-escape", "https://r.example/%zz", "a percent sign without two hexadecimal digits", "bad-uri"),
        ("uri-cut-escape", "https://r.example/%2", "a percent escape cut short", "bad-uri"),
        ("uri-angle-brackets", "<mailto:a@b.example>", "angle brackets around the URI", "bad-uri"),
        ("uri-quotes", "\"" + A + "\"", "quotes around the URI", "bad-uri"),
        ("mailto-empty", "mailto:", "a mailto URI without an address", "bad-uri"),
        ("mailto-no-at", "mailto:tls", "a mailto URI without an at sign", "bad-uri"),
        ("mailto-no-domain", "mailto:a@", "a mail address without a domain", "bad-uri"),
        ("mailto-no-local", "mailto:@b.example", "a mail address without a local part", "bad-uri"),
        ("mailto-two", "mailto:a@b.example%2Cc@d.example", "two addresses in one mailto URI", "bad-uri"),
        ("https-no-host", "https:///x", "a web address without a host", "bad-uri"),
        ("https-no-slashes", "https:r.example/x", "a web address without slashes", "bad-uri"),
        ("https-only-scheme", "https://", "a web address with nothing behind the scheme", "bad-uri"),
        ("https-bad-port", "https://r.example:99999/x", "a port that is none", "bad-uri"),
        ("https-port-letters", "https://r.example:https/x", "a port of letters", "bad-uri"),
    ]:
        rules = "D4" if "mailto-" not in name else "D4 D3"
        none(name, title, "the item is not a URI that may stand there, and a bad URI makes the record bad", rules, V + "rua=" + uri, reason)
    none("uri-semicolon", "a raw semicolon in a URI", "it ends the field, and what follows is no field", "D4", V + "rua=https://r.example/a;b", "syntax")
    none("uri-comma", "a raw comma in a URI", "it begins another item, which is no URI", "D4", V + "rua=https://r.example/a,b", "bad-uri")
    record("uri-encoded", "comma, exclamation mark and semicolon percent-encoded", "this is how they are written", "D4", V + "rua=https://r.example/a%2Cb%21c%3Bd", ["https://r.example/a%2Cb%21c%3Bd"])
    record("uri-equals", "an equals sign in a query", "an equals sign is legal and part of the URI", "D4", V + "rua=https://r.example/x?a=b", ["https://r.example/x?a=b"])
    record("uri-query-many", "several equals signs and ampersands", "they are part of the URI", "D4", V + "rua=https://r.example/x?a=b&c=d==", ["https://r.example/x?a=b&c=d=="])
    record("scheme-case-mailto", "the scheme in upper case", "schemes compare without case", "D4", V + "rua=MAILTO:a@b.example", [A])
    record("scheme-case-https", "scheme and host in upper case", "scheme and host compare without case", "D4", V + "rua=HTTPS://R.EXAMPLE/X", ["https://r.example/X"])
    record("mailto-case", "an address with capitals", "an address is kept as it is written", "D4", V + "rua=mailto:Tls.Reports@B.example", ["mailto:Tls.Reports@B.example"])
    record("mailto-percent", "an escape in the local part", "the address is decoded for use, and the URI kept", "D4", V + "rua=mailto:a%2Bb@c.example", ["mailto:a%2Bb@c.example"])
    record("mailto-plus", "a plus sign in the local part", "it needs no escape", "D4", V + "rua=mailto:a+b@c.example", ["mailto:a+b@c.example"])
    record("https-port", "a port", "it is part of the authority", "D4", V + "rua=https://r.example:8443/x", ["https://r.example:8443/x"])
    record("https-no-path", "a web address without a path", "a path is not required", "D4", V + "rua=https://r.example", ["https://r.example"])
    record("https-ipv6", "an IPv6 address as host", "brackets around it, as in all URIs", "D4", V + "rua=https://[2001:db8::1]/x", ["https://[2001:db8::1]/x"])
    record("mailto-headers", "header fields in a mailto URI", "they are not used", "D4", V + "rua=mailto:a@b.example?subject=x", ["mailto:a@b.example?subject=x"], level="unclear", diagnostics=["mailto-headers-ignored"])
    record("unknown-scheme", "a scheme of neither kind beside a mail address", "only mailto and https are defined: others are skipped", "D4", V + f"rua=ftp://h.example/x,{A}", [A])
    record("unknown-scheme-last", "a scheme of neither kind after a mail address", "only mailto and https are defined: others are skipped", "D4", V + f"rua={A},urn:x:y", [A])
    none("http", "http instead of https", "http is not defined", "D4", V + "rua=http://r.example/x", "no-usable-rua")
    none("only-unknown-schemes", "only schemes of neither kind", "nothing is left to deliver to", "D4", V + "rua=ftp://h.example/x,urn:x:y", "no-usable-rua")
    none("unknown-scheme-exclamation", "a raw exclamation mark under another scheme", "it is illegal in every URI of a record", "D4", V + f"rua=x:a!b,{A}", "bad-uri")
    # extensions
    for name, field, title in [
        ("ext-plain", "x=y", "one letter each"),
        ("ext-digit", "0=1", "digits"),
        ("ext-name-marks", "a_b-c.d=e", "underscore, hyphen and dot in a name"),
        ("ext-name-32", "n" * 32 + "=1", "a name of 32 bytes"),
        ("ext-value-marks", "x=!\"#$%&'()*+,-./:<>?@[]^_`{|}~", "all marks that a value may have"),
        ("ext-value-colon", "x=:", "a colon"),
        ("ext-tilde", "x=~", "the last character of the range"),
        ("ext-like-rua", "ruax=y", "a name that begins like rua"),
    ]:
        record(name, f"an extension: {title}", "unknown fields that match the grammar are ignored", "D5", V + f"rua={A}; {field}", [A])
    record("ext-repeated", "an extension twice", "nothing forbids it", "D5", V + f"x=1; rua={A}; x=2", [A])
    for name, field, title in [
        ("ext-no-equals", "foo", "no equals sign"),
        ("ext-no-value", "foo=", "no value"),
        ("ext-two-equals", "foo=a=b", "two equals signs"),
        ("ext-hyphen-first", "-foo=b", "a hyphen at the start of the name"),
        ("ext-dot-first", ".foo=b", "a dot at the start of the name"),
        ("ext-underscore-first", "_foo=b", "an underscore at the start of the name"),
        ("ext-no-name", "=b", "no name"),
        ("ext-name-33", "n" * 33 + "=1", "a name of 33 bytes"),
        ("ext-name-slash", "a/b=c", "a slash in the name"),
        ("ext-space-before", "foo =b", "a space before the equals sign"),
        ("ext-space-after", "foo= b", "a space after the equals sign"),
        ("ext-space-inside", "foo=a b", "a space inside the value"),
        ("ext-non-ascii", "foo=\u00e9", "a value that is not ASCII"),
        ("ext-control", "foo=a\u0007", "a control character in the value"),
        ("ext-delete", "foo=a\u007f", "DEL in the value"),
    ]:
        none(name, f"an extension: {title}", "what does not match the grammar makes the record bad", "D5", V + f"rua={A}; {field}", "syntax")
    # several records and strings
    one = V + "rua=" + A
    record("beside-others", "other records beside it", "records of others are discarded", "D6", [["v=spf1 -all"], [one], ["google-site-verification=x"], ["v=TLSRPTv1"]], [A])
    record("beside-version-10", "a record of a version that begins alike beside it", "it does not begin with v=TLSRPTv1;", "D6", [[one], ["v=TLSRPTv10; rua=" + A]], [A])
    none("two", "two records", "unless exactly one is left, there is no reporting", "D6", [[one], [V + "rua=mailto:c@d.example"]], "several-records")
    none("two-equal", "one record twice", "two are two, even if they are equal", "D6", [[one], [one]], "several-records")
    none("two-one-broken", "a good and a broken record", "both begin as ours, so two are left", "D6", [[one], ["v=TLSRPTv1; x"]], "several-records")
    none("three", "three records", "unless exactly one is left, there is no reporting", "D6", [[one], [one], [one]], "several-records")
    none("two-spaced", "two records, one with a space before the semicolon", "that space is tolerated, so both are left", "D6 D2", [[one], ["v=TLSRPTv1 ; rua=" + A]], "several-records", level="unclear")
    record("strings-joined", "two character-strings", "they are joined with nothing between", "D7", [["v=TLSRPTv1; rua=mailto:a@", "b.example"]], [A])
    record("strings-version-split", "the version split", "joined before anything else", "D7", [["v=TLS", "RPTv1", "; rua=" + A]], [A])
    record("strings-empty", "empty character-strings among others", "nothing is added between", "D7", [["", one, ""]], [A])
    record("strings-many", "a character-string for each letter", "they are joined with nothing between", "D7", [list(one)], [A])
    none("strings-no-space", "character-strings that only a space would part", "nothing is added between, so the scheme is another", "D7", [["v=TLSRPTv1; rua=", "x", A]], "no-usable-rua")
    # limits
    record("bytes-4096", "a record of 4,096 bytes", "the most that is read", "P1", one + "; x=" + "y" * (4096 - len(one) - 4), [A], level="unclear")
    none("bytes-4097", "a record of 4,097 bytes", "more than is read", "P1", one + "; x=" + "y" * (4097 - len(one) - 4), "too-long", level="unclear")
    record("uris-32", "32 URIs", "the most that are read", "P1", V + "rua=" + ",".join([A] * 32), [A] * 32, level="unclear")
    none("uris-33", "33 URIs", "more than are read", "P1", V + "rua=" + ",".join([A] * 33), "too-long", level="unclear")


# --- the report, section 4 ---

BASE = {
    "organization-name": "Sender Example Ltd",
    "date-range": {"start-datetime": "2026-11-20T00:00:00Z", "end-datetime": "2026-11-20T23:59:59Z"},
    "contact-info": "tls-reports@sender.example",
    "report-id": "1@sender.example",
    "policies": [
        {
            "policy": {
                "policy-type": "sts",
                "policy-string": ["version: STSv1", "mode: testing", "mx: mx1.example.net", "max_age: 604800"],
                "policy-domain": "example.net",
                "mx-host": ["mx1.example.net"],
            },
            "summary": {"total-successful-session-count": 478, "total-failure-session-count": 5},
            "failure-details": [
                {
                    "result-type": "certificate-expired",
                    "sending-mta-ip": "2001:db8:abcd:12::1",
                    "receiving-mx-hostname": "mx1.example.net",
                    "receiving-mx-helo": "helo.example.net",
                    "receiving-ip": "203.0.113.57",
                    "failed-session-count": 5,
                    "failure-reason-code": "certificate has expired",
                }
            ],
        }
    ],
}
DROP = object()


def changed(path, value, base=BASE):
    """A copy of the report with another value at a path such as `policies/0/policy`."""
    report = copy.deepcopy(base)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place = report
    for part in parents:
        place = place[part]
    if value is DROP:
        del place[last]
    else:
        place[last] = value
    return report


def text_of(report):
    return json.dumps(report, separators=(",", ":"), ensure_ascii=False).encode()


def ask(body, mode=None):
    request = {"op": "tlsrpt.report", "report_b64": base64.b64encode(body).decode()}
    if mode:
        request["mode"] = mode
    return request


def good(name, title, why, rules, body, canonical=BASE, section="4.4", level="must", anomalies=None):
    """A report that strict readers take, and what it is in canonical form."""
    body = body if isinstance(body, bytes) else text_of(body)
    expect = {"verdict": "report", "quirks": [], "report": canonical}
    if anomalies is not None:
        expect["anomalies"] = anomalies
    vector(section, name, title, level, why, rules, ask(body), expect)
    strict = {"verdict": "report", "report": canonical}
    vector(section, name + "-strict", title + ", strictly read", level, why, rules, ask(body, "strict"), strict)


def odd(name, title, why, rules, body, quirks, canonical=BASE, section="4.4", level="should", strictly="must"):
    """A report with quirks: a lenient reader lists them, a strict one refuses the first."""
    body = body if isinstance(body, bytes) else text_of(body)
    expect = {"verdict": "report", "quirks": quirks}
    if canonical is not None:
        expect["report"] = canonical
    vector(section, name, title, level, why, rules, ask(body), expect)
    refused = {"verdict": "invalid", "reason": quirks[0]}
    vector(section, name + "-strict", title + ", strictly read", strictly, why, rules, ask(body, "strict"), refused)


def bad(name, title, why, rules, body, reason, section="4.4", level="must"):
    """What is a report for no reader."""
    body = body if isinstance(body, bytes) else text_of(body)
    vector(section, name, title, level, why, rules, ask(body), {"verdict": "invalid", "reason": reason})


DETAIL = "policies/0/failure-details/0"


def heads():
    good("base", "a whole report", "it conforms", "J5 J8 J9", BASE, anomalies=[])
    good("no-policies", "no policies", "an empty array says that there is no data", "J8", changed("policies", []), changed("policies", []))
    good("members-reordered", "members in another order", "the order of members means nothing in JSON", "J0", dict(reversed(list(BASE.items()))))
    good("white-space", "white space between all tokens", "it means nothing in JSON", "J0", json.dumps(BASE, indent=3).replace("\n", "\r\n\t").encode())
    good("unknown-member", "members that nobody knows", "unknown members are ignored", "J0", {**changed("policies/0/x", [1, {"y": None}]), "z": {"a": [True, -2.5]}})
    good("escapes", "escaped letters in a member's name", "an escape is the character it stands for", "J0", text_of(BASE).replace(b'"policies"', b'"\\u0070olicies"'))
    good("report-id-no-at", "a report id without an at sign", "any unique text will do", "J5", changed("report-id", "5065427c-23d3"), changed("report-id", "5065427c-23d3"))
    name = "organization-name"
    odd("organization-name-missing", "no organization name", "it is required", "J5", changed(name, DROP), ["organization-name-missing"], changed(name, ""))
    odd("organization-name-null", "a null organization name", "null is missing", "J5", changed(name, None), ["organization-name-missing"], changed(name, ""))
    bad("organization-name-number", "a number as organization name", "a string is required", "J5", changed(name, 5), "wrong-type")
    name = "contact-info"
    odd("contact-info-missing", "no contact", "it is required", "J6", changed(name, DROP), ["contact-info-missing"], changed(name, ""))
    for key, value, title in [
        ("empty", "", "an empty contact"),
        ("no-at", "postmaster", "a contact without an at sign"),
        ("name", "TLS <tls@sender.example>", "a contact with a display name"),
        ("two", "a@sender.example,b@sender.example", "two addresses as contact"),
        ("phone", "tel:+1-555-0100", "a telephone number as contact"),
    ]:
        odd(f"contact-info-{key}", title, "one mail address is required", "J6", changed(name, value), ["contact-info-not-address"], changed(name, value))
    name = "report-id"
    odd("report-id-missing", "no report id", "it is required", "J5", changed(name, DROP), ["report-id-missing"], changed(name, ""))
    odd("report-id-number", "a number as report id", "a string is required; its text is taken", "J5", changed(name, 42), ["report-id-not-string"], changed(name, "42"))
    bad("report-id-array", "an array as report id", "no text can be taken from it", "J5", changed(name, ["1"]), "wrong-type")


def dates():
    start, end = "date-range/start-datetime", "date-range/end-datetime"
    why = "RFC 3339 allows it"
    for key, value, title in [
        ("lower-case", "2026-11-20t00:00:00z", "lower-case t and z"),
        ("fraction", "2026-11-20T00:00:00.500Z", "a fraction of a second"),
        ("offset", "2026-11-20T02:00:00+02:00", "an offset to the east"),
        ("offset-west", "2026-11-19T19:30:00-04:30", "an offset to the west"),
        ("offset-zero", "2026-11-20T00:00:00+00:00", "an offset of zero"),
        ("offset-unknown", "2026-11-20T00:00:00-00:00", "an offset of minus zero"),
    ]:
        good(f"date-{key}", f"a date with {title}", why, "J7", changed(start, value))
    for key, value, title in [
        ("exclusive", "2026-11-21T00:00:00Z", "an end at midnight"),
        ("leap-second", "2026-11-20T23:59:60Z", "an end in a leap second"),
        ("fraction", "2026-11-20T23:59:59.999999Z", "an end with a fraction"),
    ]:
        good(f"end-{key}", title, "whether the end belongs to the window is not said; both spellings are one window", "J7 S1", changed(end, value), level="unclear")
    good("hour", "a report on one hour", "other windows than a day are legal", "J7 S1", changed(end, "2026-11-20T00:59:59Z"), changed(end, "2026-11-20T00:59:59Z"), anomalies=["not-one-utc-day"])
    utc = "the zone is mandatory; UTC is assumed"
    odd("date-no-zone", "a date without a zone", utc, "J7", changed(start, "2026-11-20T00:00:00"), ["date-without-zone"])
    odd("end-no-zone", "an end without a zone", utc, "J7", changed(end, "2026-11-20T23:59:59"), ["date-without-zone"])
    odd("date-space", "a space between date and time", "RFC 3339 section 5.6 wants a T", "J7", changed(start, "2026-11-20 00:00:00Z"), ["date-space-separator"])
    odd("date-epoch", "a number of seconds as date", "a string is required", "J7", changed(start, 1795132800), ["date-epoch-number"])
    odd("date-hour-24", "the hour 24", "RFC 3339 has hours to 23; it is the next day's midnight", "J7", changed(end, "2026-11-20T24:00:00Z"), ["date-hour-24"])
    odd("date-hour-24-start", "the hour 24 at the start", "RFC 3339 has hours to 23; it is the next day's midnight", "J7", changed(start, "2026-11-19T24:00:00Z"), ["date-hour-24"])
    for key, value, title in [
        ("empty", "", "empty text"),
        ("day-only", "2026-11-20", "a day without a time"),
        ("month-13", "2026-13-20T00:00:00Z", "a thirteenth month"),
        ("day-31", "2026-11-31T00:00:00Z", "the 31st of November"),
        ("leap-day", "2026-02-29T00:00:00Z", "29 February of a common year"),
        ("leap-century", "2100-02-29T00:00:00Z", "29 February of a century"),
        ("hour-25", "2026-11-20T25:00:00Z", "the hour 25"),
        ("hour-24-minute", "2026-11-20T24:01:00Z", "a minute past the hour 24"),
        ("minute-60", "2026-11-20T00:60:00Z", "the minute 60"),
        ("second-61", "2026-11-20T00:00:61Z", "the second 61"),
        ("words", "Fri, 20 Nov 2026 00:00:00 +0000", "a date as in mail"),
        ("offset-25", "2026-11-20T00:00:00+25:00", "an offset of 25 hours"),
        ("american", "11/20/2026 00:00:00", "month, day and year"),
    ]:
        bad(f"date-{key}", f"a date that is {title}", "it cannot be read, and no default takes its place", "J7", changed(start, value), "bad-date")
    bad("date-range-missing", "no date range", "it is required", "J7", changed("date-range", DROP), "date-range-missing")
    bad("date-range-null", "a null date range", "null is missing", "J7", changed("date-range", None), "date-range-missing")
    bad("start-missing", "a date range without a start", "both ends are required", "J7", changed(start, DROP), "date-range-missing")
    bad("end-missing", "a date range without an end", "both ends are required", "J7", changed(end, DROP), "date-range-missing")
    bad("end-null", "a null end", "null is missing", "J7", changed(end, None), "date-range-missing")
    bad("date-range-text", "a text as date range", "an object is required", "J7", changed("date-range", "2026-11-20"), "wrong-type")
    bad("date-range-inverted", "an end before the start", "time runs forward", "J7", changed(end, "2026-11-18T23:59:59Z"), "date-range-inverted")


def policies():
    policy = "policies/0/policy"
    odd("policies-object", "one object as policies", "policies is an array even for one policy", "S5 J8", changed("policies", BASE["policies"][0]), ["policies-not-array"])
    bad("policies-missing", "no policies member", "it is required", "J8", changed("policies", DROP), "policies-missing")
    bad("policies-null", "null policies", "null is missing", "J8", changed("policies", None), "policies-missing")
    bad("policies-text", "a text as policies", "an array is required", "J8", changed("policies", "none"), "wrong-type")
    bad("policies-numbers", "numbers in policies", "objects are required", "J8", changed("policies", [1]), "wrong-type")
    for key, value in [("missing", DROP), ("null", None)]:
        canonical = changed(policy, {"policy-type": "", "policy-domain": ""})
        odd(f"policy-{key}", f"a policy that is {key}", "it is required", "J9", changed(policy, value), ["policy-missing"], canonical)
    name = policy + "/policy-type"
    odd("policy-type-missing", "no policy type", "it is required; empty text stands in", "J9", changed(name, DROP), ["policy-type-missing"], changed(name, ""))
    odd("policy-type-unknown", "a policy type that does not exist", "three types exist; the text is kept", "J9", changed(name, "dane"), ["policy-type-unknown"], changed(name, "dane"))
    odd("policy-type-upper", "a policy type in upper case", "the three types are in lower case", "J9", changed(name, "STS"), ["policy-type-unknown"], changed(name, "STS"))
    name = policy + "/policy-domain"
    odd("policy-domain-missing", "no policy domain", "it is required", "J11", changed(name, DROP), ["policy-domain-missing"], changed(name, ""))
    odd("policy-domain-empty", "an empty policy domain", "it says nothing", "J11", changed(name, ""), ["policy-domain-missing"], changed(name, ""))
    odd("policy-domain-unicode", "a policy domain in Unicode", "A-labels are required; the text is kept", "J11", changed(name, "b\u00fccher.example"), ["policy-domain-not-ascii"], changed(name, "b\u00fccher.example"))
    name = policy + "/policy-string"
    lines = BASE["policies"][0]["policy"]["policy-string"]
    odd("policy-string-semicolons", "one text with semicolons", "an older text of the document asked for it", "J2 J10", changed(name, "; ".join(lines) + ";"), ["policy-string-not-array"], section="4.5")
    odd("policy-string-lines", "one text with line ends", "each line is a string of its own", "J2 J10", changed(name, "\r\n".join(lines) + "\r\n"), ["policy-string-not-array"], section="4.5")
    odd("policy-string-nested", "a JSON array inside a string", "it is unpacked", "J1 J10", changed(name, [json.dumps(lines)]), ["policy-string-nested-json"], section="4.5")
    odd("policy-string-missing", "no policy strings under sts", "they are required there", "J10", changed(name, DROP), ["policy-string-missing"], changed(name, []), section="4.5")
    odd("policy-string-null", "null policy strings under sts", "null is missing", "J10", changed(name, None), ["policy-string-missing"], changed(name, []), section="4.5")
    good("policy-string-empty", "an empty array of policy strings", "a policy that could not be had has no strings", "J10", changed(name, []), changed(name, []), section="4.5")
    errors = ["version: STSv1", "mode: enforcing", "", "mx"]
    good("policy-string-errors", "a policy with errors", "errors in a policy file are reported as they are", "J2", changed(name, errors), changed(name, errors), section="4.5")
    bad("policy-string-number", "a number as policy strings", "strings are required", "J10", changed(name, 5), "wrong-type", section="4.5")
    bad("policy-string-numbers", "numbers in the policy strings", "strings are required", "J10", changed(name, [5]), "wrong-type", section="4.5")
    name = policy + "/mx-host"
    odd("mx-host-text", "one text as MX hosts", "the document's own example has it, an array is required", "J12 J4", changed(name, "mx1.example.net"), ["mx-host-not-array"])
    odd("mx-host-missing", "no MX hosts under sts", "they are required there", "J12", changed(name, DROP), ["mx-host-missing"], changed(name, []))
    odd("mx-host-null", "null MX hosts under sts", "null is missing", "J12", changed(name, None), ["mx-host-missing"], changed(name, []))
    renamed = changed(name, DROP)
    renamed["policies"][0]["policy"]["mx-host-pattern"] = ["mx1.example.net"]
    odd("mx-host-pattern", "MX hosts under another name", "the member is mx-host", "J12", renamed, ["mx-host-pattern-key"])
    good("mx-host-empty", "no MX host in the array", "a policy that could not be had has no patterns", "J12", changed(name, []), changed(name, []))
    good("mx-host-wildcard", "a wildcard and two hosts", "patterns are kept in their order", "J12", changed(name, ["mx2.example.net", "*.example.net", "mx1.example.net"]), changed(name, ["mx2.example.net", "*.example.net", "mx1.example.net"]))
    tlsa = changed(policy, {"policy-type": "tlsa", "policy-string": ["3 1 1 00AA", "2 1 1 00BB"], "policy-domain": "mx1.example.net"})
    good("tlsa", "a policy of DANE", "strings, and no MX hosts", "J1 J9 J12", tlsa, tlsa)
    kept = changed(policy + "/mx-host", ["mx1.example.net"], tlsa)
    good("tlsa-mx-host", "a policy of DANE with MX hosts", "they are not for this type, yet kept", "J12", kept, kept, level="unclear")
    bare = changed(policy, {"policy-type": "no-policy-found", "policy-domain": "example.net"})
    good("no-policy-found", "no policy", "neither strings nor MX hosts", "J9 J11", bare, bare)
    odd("tlsa-strings-missing", "no strings under tlsa", "they are required there", "J10", changed(policy + "/policy-string", DROP, tlsa), ["policy-string-missing"], changed(policy + "/policy-string", [], tlsa))


def counts():
    summary, zero = "policies/0/summary", {"total-successful-session-count": 0, "total-failure-session-count": 0}
    for key, value in [("missing", DROP), ("null", None)]:
        odd(f"summary-{key}", f"a summary that is {key}", "it is required; its counts are 0", "J13", changed(summary, value), ["summary-missing"], changed(summary, zero))
    ok, ko = summary + "/total-successful-session-count", summary + "/total-failure-session-count"
    odd("success-missing", "no count of successful sessions", "it is required", "J13", changed(ok, DROP), ["count-missing"], changed(ok, 0))
    odd("failure-missing", "no count of failed sessions", "it is required", "J13", changed(ko, DROP), ["count-missing"], changed(ko, 0))
    failed = DETAIL + "/failed-session-count"
    odd("failed-missing", "no count in a failure", "it is required", "J15", changed(failed, DROP), ["count-missing"], changed(failed, 0))
    odd("failed-null", "a null count in a failure", "null is missing", "J15", changed(failed, None), ["count-missing"], changed(failed, 0))
    for key, token, value, title in [
        ("digits", '"5"', 5, "digits in a string"),
        ("zeros", '"005"', 5, "digits in a string, zeros first"),
        ("point", "5.0", 5, "a fraction of zero"),
        ("exponent", "5e0", 5, "an exponent"),
        ("exponent-large", "0.5E1", 5, "a fraction and an exponent"),
    ]:
        body = text_of(BASE).replace(b'"failed-session-count":5', b'"failed-session-count":' + token.encode())
        odd(f"count-{key}", f"a count with {title}", "an integer is required; its value is clear", "J15", body, ["count-not-integer"], changed(failed, value))
    for name, path in [("success", ok), ("failed", failed)]:
        good(f"count-exact-{name}", "the largest exact integer", "integers are exact up to 2^53-1", "J13 J15", changed(path, 2**53 - 1), changed(path, 2**53 - 1))
        odd(f"count-large-{name}", "an integer past the exact ones", "I-JSON stops at 2^53-1", "J13 J15", changed(path, 2**53), ["count-too-large"], changed(path, 2**53))
        odd(f"count-cut-{name}", "an integer past 63 bits", "it is cut at 2^63-1", "J13 J15", changed(path, 2**64 - 1), ["count-too-large"], changed(path, 2**63 - 1))
        odd(f"count-huge-{name}", "an integer past 64 bits", "it is cut at 2^63-1", "J13 J15", changed(path, 10**25), ["count-too-large"], changed(path, 2**63 - 1))
    for key, token, title in [
        ("negative", "-1", "negative"),
        ("fraction", "1.5", "a fraction"),
        ("text", '"many"', "a word"),
        ("signed", '"-1"', "a sign in a string"),
        ("empty", '""', "an empty string"),
        ("truth", "true", "a truth value"),
        ("array", "[5]", "an array"),
        ("object", "{}", "an object"),
    ]:
        body = text_of(BASE).replace(b'"failed-session-count":5', b'"failed-session-count":' + token.encode())
        bad(f"count-{key}", f"a count that is {title}", "no count of sessions can be taken from it", "J15", body, "bad-count")
    exceeds = changed(failed, 6)
    good("detail-exceeds-total", "a failure with more sessions than failed", "it is no error: types are not exclusive", "S4", exceeds, exceeds, anomalies=["detail-exceeds-total"], section="4")
    unexplained = changed("policies/0/failure-details", DROP)
    good("failures-unexplained", "failed sessions without details", "details may be missing if empty", "S4 J14", unexplained, unexplained, anomalies=["failures-without-details"], section="4")


def details():
    name = "policies/0/failure-details"
    none_left = changed(name, DROP)
    good("details-empty", "an empty array of details", "empty details are left out", "J14", changed(name, []), none_left)
    odd("details-null", "null details", "an array is required if they are there", "J14", changed(name, None), ["failure-details-null"], none_left)
    odd("details-object", "one object as details", "an array is required", "J14", changed(name, BASE["policies"][0]["failure-details"][0]), ["failure-details-not-array"])
    odd("details-null-element", "null among the details", "it is skipped", "J14", changed(name, [None] + BASE["policies"][0]["failure-details"]), ["failure-details-null-element"])
    bad("details-number", "a number as details", "an array is required", "J14", changed(name, 5), "wrong-type")
    bad("details-text-element", "a text among the details", "objects are required", "J14", changed(name, ["x"]), "wrong-type")
    kind = DETAIL + "/result-type"
    odd("result-type-missing", "no result type", "it is required; empty text stands in", "J15", changed(kind, DROP), ["result-type-missing"], changed(kind, ""), section="4.3")
    for value in [
        "starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted",
        "validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error",
        "sts-policy-invalid", "sts-webpki-invalid",
    ]:
        good(f"type-{value}", f"the result type {value}", "it is registered", "S6", changed(kind, value), changed(kind, value), section="4.3")
    good("type-new", "a result type that is not registered", "the list is expected to grow: any text is taken", "S6", changed(kind, "certificate-revoked"), changed(kind, "certificate-revoked"), section="4.3")
    good("type-case", "a result type in upper case", "any text is taken, and kept as it is", "S6", changed(kind, "CERTIFICATE-EXPIRED"), changed(kind, "CERTIFICATE-EXPIRED"), section="4.3")
    ip = DETAIL + "/receiving-ip"
    for key, value, canonical, title in [
        ("long", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1", "all zeros written"),
        ("upper", "2001:DB8::ABCD", "2001:db8::abcd", "in upper case"),
        ("leading-zeros", "2001:db8:abcd:0012::1", "2001:db8:abcd:12::1", "with leading zeros, as the document's own example"),
        ("mapped", "::ffff:192.0.2.1", "::ffff:192.0.2.1", "that maps an IPv4 address"),
        ("one-zero", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "with one group of zeros"),
        ("two-runs", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "with two runs of zeros"),
    ]:
        good(f"ipv6-{key}", f"an IPv6 address {title}", "readers take any form; writers give the shortest", "J3 J16", changed(ip, value), changed(ip, canonical))
    for key, value, canonical, title in [
        ("brackets", "[2001:db8::1]", "2001:db8::1", "in brackets"),
        ("tag", "IPv6:2001:db8::1", "2001:db8::1", "behind a tag"),
        ("tag-brackets", "[IPv6:2001:db8::1]", "2001:db8::1", "behind a tag in brackets"),
        ("port", "192.0.2.1:25", "192.0.2.1", "with a port"),
        ("port-v6", "[2001:db8::1]:25", "2001:db8::1", "in brackets with a port"),
        ("list", "192.0.2.1, 192.0.2.2", "192.0.2.1", "of which there are two"),
        ("name", "mx1.example.net", "mx1.example.net", "that is a host name"),
        ("three-parts", "192.0.2", "192.0.2", "of three parts"),
        ("octet-256", "192.0.2.256", "192.0.2.256", "with an octet past 255"),
        ("empty", "", DROP, "that is empty"),
    ]:
        odd(f"ip-{key}", f"an address {title}", "an address alone is required; where one is clear it is taken out", "J16", changed(ip, value), ["ip-not-address"], changed(ip, canonical))
    odd("sending-ip-brackets", "a sending address in brackets", "an address alone is required", "J16", changed(DETAIL + "/sending-mta-ip", "[2001:db8:abcd:12::1]"), ["ip-not-address"])
    for key in ["sending-mta-ip", "receiving-ip", "receiving-mx-hostname", "receiving-mx-helo", "failure-reason-code"]:
        rule = {"failure-reason-code": "J15 J19"}.get(key, "J16" if key.endswith("ip") else "J17")
        good(f"absent-{key}", f"no {key}", "it is given if known", rule, changed(f"{DETAIL}/{key}", DROP), changed(f"{DETAIL}/{key}", DROP))
    odd("helo-lines", "an EHLO reply of several lines", "the name alone is asked for", "J17", changed(DETAIL + "/receiving-mx-helo", "mx1.example.net\r\nPIPELINING"), ["helo-multi-line"], None)
    uri = DETAIL + "/additional-information"
    with_uri = changed(uri, "https://reports.sender.example/1?id=2#x")
    good("information-uri", "a URI as additional information", "a URI is what belongs there", "J18", with_uri, with_uri)
    for key, value, title in [
        ("spaces", "https://reports.sender.example/report_info ? id = 5065427 c - 23 d3# StarttlsNotSupported ", "the document's own example, with spaces"),
        ("text", "see our web site", "words"),
        ("relative", "/reports/1", "a path"),
    ]:
        odd(f"information-{key}", f"additional information that is {title}", "a URI is required, and the text is kept", "J18 J4", changed(uri, value), ["additional-information-not-uri"], changed(uri, value), section="B" if key == "spaces" else "4.4")
    renamed = changed(DETAIL + "/additional-info-uri", "https://reports.sender.example/1?id=2#x")
    odd("information-renamed", "additional information under another name", "the member is additional-information", "J18", renamed, ["additional-info-uri-key"], with_uri)
    code = DETAIL + "/failure-reason-code"
    renamed = changed(code, DROP)
    renamed["policies"][0]["failure-details"][0]["failure-error-code"] = "certificate has expired"
    odd("reason-renamed", "a failure reason under another name", "the member is failure-reason-code", "J19", renamed, ["failure-error-code-key"], strictly="should")
    odd("reason-number", "a number as failure reason", "a string is required; its text is taken", "J19", changed(code, 10), ["failure-reason-code-not-string"], changed(code, "10"), strictly="should")
    two = BASE["policies"][0]["failure-details"] + [{"result-type": "starttls-not-supported", "failed-session-count": 7}]
    sorted_two = changed(name, two[::-1])
    good("details-order", "a rarer failure first", "our form has the most frequent first", "J14", changed(name, two), sorted_two, level="unclear")
    policy = {"policy": {"policy-type": "tlsa", "policy-string": [], "policy-domain": "mx1.example.net"}, "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0}}
    both = changed("policies", BASE["policies"] + [policy])
    good("policies-order", "an sts policy before a tlsa policy", "our form has tlsa first", "S5", both, changed("policies", [policy] + BASE["policies"]), level="unclear")


def bytes_and_members():
    body = text_of(BASE)
    odd("byte-order-mark", "a byte-order mark", "JSON begins without one", "J0", b"\xef\xbb\xbf" + body, ["byte-order-mark"])
    odd("trailing-nul", "a NUL byte after the object", "nothing may follow", "J0", body + b"\0", ["trailing-bytes"])
    odd("trailing-text", "text after the object", "nothing may follow", "J0", body + b"\n-- \nsignature", ["trailing-bytes"])
    good("trailing-space", "white space after the object", "white space means nothing", "J0", body + b"\r\n \t")
    odd("not-utf-8", "a letter in Latin-1", "the text is UTF-8; U+FFFD stands in", "J0", body.replace(b"Ltd", b"Lt\xe9"), ["not-utf-8"], changed("organization-name", "Sender Example Lt\ufffd"))
    odd("surrogate-high", "the first half of a surrogate pair alone", "I-JSON forbids it; U+FFFD stands in", "J0", body.replace(b"Ltd", b"\\ud83d"), ["lone-surrogate"], changed("organization-name", "Sender Example \ufffd"))
    odd("surrogate-low", "the second half of a surrogate pair alone", "I-JSON forbids it; U+FFFD stands in", "J0", body.replace(b"Ltd", b"\\ude00!"), ["lone-surrogate"], changed("organization-name", "Sender Example \ufffd!"))
    good("surrogate-pair", "a whole surrogate pair", "it is one character", "J0", body.replace(b"Ltd", b"\\ud83d\\ude00"), changed("organization-name", "Sender Example \U0001f600"))
    odd("raw-tab", "a tab in a string", "control characters are escaped", "J0", body.replace(b" Ltd", b"\tLtd"), ["raw-control-character"], changed("organization-name", "Sender Example\tLtd"))
    odd("raw-line-end", "a line end in a string", "control characters are escaped", "J0", body.replace(b" Ltd", b"\r\nLtd"), ["raw-control-character"], changed("organization-name", "Sender Example\r\nLtd"))
    odd("duplicate-head", "two report ids", "names are unique; the last one counts", "J0", body.replace(b'"report-id"', b'"report-id":"0","report-id"'), ["duplicate-member"])
    odd("duplicate-policies", "two members policies", "names are unique; the last one counts", "J8", body.replace(b'"policies"', b'"policies":[],"policies"'), ["duplicate-member"])
    odd("duplicate-count", "two counts", "names are unique; the last one counts", "J13", body.replace(b'"total-failure', b'"total-failure-session-count":9,"total-failure'), ["duplicate-member"])
    odd("duplicate-detail", "two members of one name in a failure", "names are unique; the last one counts", "J15", body.replace(b'"receiving-ip"', b'"receiving-ip":"192.0.2.9","receiving-ip"'), ["duplicate-member"])
    for name, text, title in [
        ("empty", b"", "no bytes"),
        ("cut", body[:-1], "an object without its end"),
        ("trailing-comma", body[:-1] + b",}", "a comma before the end"),
        ("nan", body.replace(b":478", b":NaN"), "NaN"),
        ("infinity", body.replace(b":478", b":Infinity"), "Infinity"),
        ("leading-zero", body.replace(b":478", b":0478"), "a number with a zero first"),
        ("plus", body.replace(b":478", b":+478"), "a number with a plus sign"),
        ("single-quotes", body.replace(b'"', b"'"), "single quotes"),
        ("comment", body.replace(b"{", b"{/* x */", 1), "a comment"),
        ("utf-16", body.decode().encode("utf-16-le"), "UTF-16"),
        ("html", b"<html></html>", "a web page"),
        ("bad-escape", body.replace(b"Ltd", b"\\x41"), "an escape that does not exist"),
    ]:
        bad(f"json-{name}", title, "it is not JSON", "J0", text, "not-json")
    for name, text in [("array", b"[]"), ("text", b'"report"'), ("number", b"1"), ("null", b"null"), ("true", b"true")]:
        bad(f"top-{name}", f"{name} instead of an object", "a report is an object", "J0", text, "not-an-object")


def gzip(body, crc=None, size=None, blocks=65535):
    """A gzip member of stored blocks: the same bytes wherever it is made."""
    out = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    rest = [body[at : at + blocks] for at in range(0, len(body), blocks)] or [b""]
    for number, block in enumerate(rest):
        last = number == len(rest) - 1
        out += struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block
    crc = zlib.crc32(body) if crc is None else crc
    return out + struct.pack("<II", crc, len(body) if size is None else size)


def compressed():
    body = text_of(BASE)
    whole = gzip(body)
    good("gzip", "gzip", "receivers take it", "F4", whole, section="5.2")
    good("gzip-blocks", "gzip of many blocks", "blocks are joined", "F4", gzip(body, blocks=100), section="5.2")
    good("gzip-members", "gzip of two members", "RFC 1952 joins their texts", "F4", gzip(body[:99]) + gzip(body[99:]), section="5.2")
    named = whole[:3] + b"\x08" + whole[4:10] + b"report.json\0" + whole[10:]
    good("gzip-name", "gzip with a file name", "parts of the header are skipped", "F4", named, section="5.2")
    odd("gzip-crc", "gzip with a wrong checksum", "the text may be damaged", "F5", gzip(body, crc=1), ["gzip-crc"], section="5.2", level="unclear", strictly="unclear")
    odd("gzip-size", "gzip with a wrong length", "the text may be damaged", "F5", gzip(body, size=1), ["gzip-crc"], section="5.2", level="unclear", strictly="unclear")
    odd("gzip-trailing", "zeros after the gzip data", "nothing may follow", "F5", whole + b"\0\0\0", ["gzip-trailing-bytes"], section="5.2", level="unclear", strictly="unclear")
    bad("gzip-cut-trailer", "gzip without its last byte", "it is cut short", "F5", whole[:-1], "gzip-truncated", section="5.2", level="unclear")
    bad("gzip-cut-body", "gzip cut in its text", "it is cut short", "F5", whole[:200], "gzip-truncated", section="5.2", level="unclear")
    bad("gzip-magic-only", "the first two bytes of gzip", "it is cut short", "F5", whole[:2], "gzip-truncated", section="5.2", level="unclear")
    bad("gzip-block-type", "a block type that does not exist", "it is damaged", "F4", whole[:10] + b"\x07" + whole[11:], "gzip-damaged", section="5.2")
    bad("gzip-method", "another method than deflate", "it is damaged", "F4", whole[:2] + b"\x07" + whole[3:], "gzip-damaged", section="5.2")
    bad("gzip-of-nothing", "gzip of no text", "no text is no JSON", "F4 J0", gzip(b""), "not-json", section="5.2")


def bounds():
    def nested(depth):
        return text_of(BASE)[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}"

    good("depth-64", "64 levels, of which 63 in a member that is ignored", "the most that is read", "P1", nested(63), section="7", level="unclear")
    bad("depth-65", "65 levels, of which 64 in a member that is ignored", "deeper than is read", "P1", nested(64), "too-deep", section="7", level="unclear")
    bad("depth-10000", "10,000 levels", "deeper than is read", "P1", nested(10_000), "too-deep", section="7", level="unclear")
    good("string-65536", "a string of 65,536 bytes", "the longest that is read", "P1", changed("organization-name", "x" * 65_536), changed("organization-name", "x" * 65_536), section="7", level="unclear")
    bad("string-65537", "a string of 65,537 bytes", "longer than is read", "P1", changed("organization-name", "x" * 65_537), "string-too-long", section="7", level="unclear")
    body = text_of(BASE)
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = bomb.compress(body + b" " * 5_000_000) + bomb.flush()
    data = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + raw + struct.pack("<II", zlib.crc32(body + b" " * 5_000_000), len(body) + 5_000_000)
    bad("bomb", "gzip that grows to a thousand times its size", "it grows too much", "P1", data, "too-large", section="7", level="unclear")


# --- counting, section 4.2 ---

STS = {"type": "sts", "domain": "example.net", "strings": ["version: STSv1", "mode: testing"], "mx_hosts": ["mx1.example.net"]}
TLSA = {"type": "tlsa", "domain": "mx1.example.net", "strings": ["3 1 1 00AA"], "mx_hosts": []}
NO_POLICY = {"type": "no-policy-found", "domain": "example.net"}
EXPIRED = {"type": "certificate-expired", "sending_mta_ip": "192.0.2.1", "receiving_mx_hostname": "mx1.example.net", "receiving_ip": "192.0.2.2"}
NAMES = {
    "type": "result-type",
    "sending_mta_ip": "sending-mta-ip",
    "receiving_mx_hostname": "receiving-mx-hostname",
    "receiving_mx_helo": "receiving-mx-helo",
    "receiving_ip": "receiving-ip",
    "additional_information": "additional-information",
    "failure_reason_code": "failure-reason-code",
}


def row(policy, ok, ko, details=()):
    """What a report says of a policy."""
    named = {"policy-type": policy["type"]}
    if policy["type"] in ("tlsa", "sts"):
        named["policy-string"] = policy.get("strings", [])
    named["policy-domain"] = policy["domain"]
    if policy["type"] == "sts":
        named["mx-host"] = policy.get("mx_hosts", [])
    out = {"policy": named, "summary": {"total-successful-session-count": ok, "total-failure-session-count": ko}}
    if details:
        out["failure-details"] = [
            {**{NAMES[key]: value for key, value in failure.items()}, "failed-session-count": count}
            for failure, count in details
        ]
    return out


def tally(name, title, why, rules, sessions, rows, section="4.2", level="must", start="2026-11-20T00:00:00Z", end="2026-11-20T23:59:59Z", says=("2026-11-20T00:00:00Z", "2026-11-20T23:59:59Z")):
    request = {
        "op": "tlsrpt.aggregate",
        "organization": "Sender Example Ltd",
        "contact": "tls-reports@sender.example",
        "report_id": "1@sender.example",
        "start": start,
        "end": end,
        "sessions": [{"policy": policy, "result": result, "count": count} for policy, result, count in sessions],
    }
    report = {
        "organization-name": "Sender Example Ltd",
        "date-range": {"start-datetime": says[0], "end-datetime": says[1]},
        "contact-info": "tls-reports@sender.example",
        "report-id": "1@sender.example",
        "policies": rows,
    }
    vector(section, name, title, level, why, rules, request, {"verdict": "report", "report": report})


def counting():
    tally("nothing", "no sessions", "no data is no policy", "S3 J8", [], [])
    tally("one-success", "one session that complied", "it counts once, and has no details", "S3 J14", [(STS, None, 1)], [row(STS, 1, 0)])
    tally("many-successes", "a thousand sessions that complied", "sessions are counted", "S3", [(STS, None, 1000)], [row(STS, 1000, 0)])
    tally("one-failure", "one session that failed", "it counts once, with its detail", "S3 J15", [(STS, EXPIRED, 1)], [row(STS, 0, 1, [(EXPIRED, 1)])])
    tally("mixed", "sessions of both kinds", "each kind has its count", "S3", [(STS, None, 3), (STS, EXPIRED, 2), (STS, None, 4)], [row(STS, 7, 2, [(EXPIRED, 2)])])
    tally("equal-failures", "equal failures in two places", "equal failures are one detail", "S3 J15", [(STS, EXPIRED, 2), (STS, EXPIRED, 3)], [row(STS, 0, 5, [(EXPIRED, 5)])])
    for number, (key, value) in enumerate([
        ("type", "certificate-not-trusted"), ("sending_mta_ip", "192.0.2.9"), ("receiving_mx_hostname", "mx2.example.net"),
        ("receiving_mx_helo", "helo.example.net"), ("receiving_ip", "192.0.2.9"),
        ("additional_information", "https://sender.example/x"), ("failure_reason_code", "X509_V_ERR"),
    ]):
        other = {**EXPIRED, key: value}
        name = NAMES[key]
        tally(f"differ-by-{name}", f"failures that differ by {name}", "each has its own detail", "J15", [(STS, EXPIRED, 2), (STS, other, 1 if number % 2 else 3)], [row(STS, 0, 3 if number % 2 else 5, [(EXPIRED, 2), (other, 1)] if number % 2 else [(other, 3), (EXPIRED, 2)])])
    tally("most-frequent-first", "three failures of different frequency", "our form has the most frequent first", "J14", [(STS, {"type": "validation-failure"}, 1), (STS, {"type": "dnssec-invalid"}, 3), (STS, {"type": "tlsa-invalid"}, 2)], [row(STS, 0, 6, [({"type": "dnssec-invalid"}, 3), ({"type": "tlsa-invalid"}, 2), ({"type": "validation-failure"}, 1)])], level="unclear")
    tally("equal-counts-by-type", "failures that are equally frequent", "our form has them by result type then", "J14", [(STS, {"type": "validation-failure"}, 1), (STS, {"type": "certificate-expired"}, 1)], [row(STS, 0, 2, [({"type": "certificate-expired"}, 1), ({"type": "validation-failure"}, 1)])], level="unclear")
    tally("two-policies", "sessions under two policies", "each policy has its own summary, tlsa first", "S5 J8", [(STS, None, 1), (TLSA, EXPIRED, 2)], [row(TLSA, 0, 2, [(EXPIRED, 2)]), row(STS, 1, 0)], section="4")
    tally("three-types", "a policy of each type", "our form has tlsa, sts, no-policy-found", "S5 J9", [(NO_POLICY, None, 3), (STS, None, 2), (TLSA, None, 1)], [row(TLSA, 1, 0), row(STS, 2, 0), row(NO_POLICY, 3, 0)], section="4")
    tally("no-policy", "sessions without a policy", "neither strings nor MX hosts", "J9 J10 J12", [(NO_POLICY, None, 2), (NO_POLICY, {"type": "starttls-not-supported"}, 1)], [row(NO_POLICY, 2, 1, [({"type": "starttls-not-supported"}, 1)])], section="4.4")
    other = {**STS, "strings": ["version: STSv1", "mode: enforce"]}
    tally("strings-differ", "one domain, two policy texts", "policies differ by their strings", "J10 S3", [(STS, None, 1), (other, None, 2)], [row(other, 2, 0), row(STS, 1, 0)])
    other = {**STS, "mx_hosts": ["mx2.example.net"]}
    tally("hosts-differ", "one policy text, two lists of MX hosts", "policies differ by their patterns", "J12 S3", [(STS, None, 1), (other, None, 2)], [row(STS, 1, 0), row(other, 2, 0)])
    other = {**STS, "domain": "example.com"}
    tally("domains-differ", "two policy domains", "policies differ by their domain", "J11 S3", [(STS, None, 1), (other, None, 2)], [row(other, 2, 0), row(STS, 1, 0)])
    upper = {**STS, "domain": "EXAMPLE.net"}
    tally("domain-case", "a policy domain in two spellings", "names compare without case", "J11", [(STS, None, 1), (upper, None, 2)], [row(STS, 3, 0)])
    both = {**TLSA, "strings": ["2 1 1 00BB", "3 1 1 00AA"]}
    turned = {**TLSA, "strings": ["3 1 1 00AA", "2 1 1 00BB"]}
    tally("tlsa-rotated", "TLSA records in two orders", "DNS rotates the records of a set: it is one policy", "J1 S3", [(both, None, 1), (turned, None, 2)], [row(both, 3, 0)], section="4.5", level="unclear")
    lines = {**STS, "strings": ["mode: testing", "version: STSv1"]}
    tally("sts-order-kept", "lines of a policy file in two orders", "a file's lines have their order: these are two policies", "J2 S3", [(STS, None, 1), (lines, None, 2)], [row(lines, 2, 0), row(STS, 1, 0)], section="4.5")
    failed = {"type": "sts", "domain": "example.net", "strings": [], "mx_hosts": []}
    fetch = {"type": "sts-policy-fetch-error", "failure_reason_code": "connection refused"}
    tally("fetch-failed", "a policy that could not be fetched", "it counts as a failure of its type, strings and hosts empty", "S6 J10 J12", [(failed, fetch, 4)], [row(failed, 0, 4, [(fetch, 4)])], section="4.3")
    none_usable = {"type": "tlsa", "domain": "mx1.example.net", "strings": [], "mx_hosts": []}
    tally("dnssec-failed", "TLSA records that could not be had", "strings are an empty array then", "S6 J10", [(none_usable, {"type": "dnssec-invalid"}, 1)], [row(none_usable, 0, 1, [({"type": "dnssec-invalid"}, 1)])], section="4.3")
    new = {"type": "certificate-revoked"}
    tally("new-type", "a result type that is not registered", "the list is expected to grow", "S6", [(STS, new, 1)], [row(STS, 0, 1, [(new, 1)])], section="4.3")
    for key, value, canonical in [
        ("long", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        ("upper", "2001:DB8::A", "2001:db8::a"),
        ("v4", "192.0.2.1", "192.0.2.1"),
    ]:
        tally(f"address-{key}", "an address in a report", "writers give IPv6 in its shortest form", "J3 J16", [(STS, {"type": "validation-failure", "receiving_ip": value}, 1)], [row(STS, 0, 1, [({"type": "validation-failure", "receiving_ip": canonical}, 1)])], section="4.4")
    spellings = [(STS, {"type": "validation-failure", "receiving_ip": ip}, 1) for ip in ["2001:db8::1", "2001:DB8:0::1", "2001:0db8::0:1"]]
    tally("address-spellings", "one address in three spellings", "it is one address", "J3 J16", spellings, [row(STS, 0, 3, [({"type": "validation-failure", "receiving_ip": "2001:db8::1"}, 3)])], section="4.4")
    helo = {"type": "validation-failure", "receiving_mx_helo": "mx1.example.net\r\nPIPELINING"}
    tally("helo-cut", "an EHLO reply of several lines", "the name is its first line", "J17 P1", [(STS, helo, 1)], [row(STS, 0, 1, [({"type": "validation-failure", "receiving_mx_helo": "mx1.example.net"}, 1)])], section="4.4", level="unclear")
    long = {"type": "validation-failure", "failure_reason_code": "x" * 513}
    tally("reason-cut", "a reason of 513 bytes", "512 bytes of it are kept", "J19 P1", [(STS, long, 1)], [row(STS, 0, 1, [({"type": "validation-failure", "failure_reason_code": "x" * 512}, 1)])], section="7", level="unclear")
    whole = {"type": "validation-failure", "failure_reason_code": "x" * 512}
    tally("reason-kept", "a reason of 512 bytes", "all of it is kept", "J19 P1", [(STS, whole, 1)], [row(STS, 0, 1, [(whole, 1)])], section="7", level="unclear")
    words = {"type": "validation-failure", "additional_information": "see our web site"}
    tally("information-not-uri", "additional information that is no URI", "only a URI may stand there", "J18", [(STS, words, 1)], [row(STS, 0, 1, [({"type": "validation-failure"}, 1)])], section="4.4", level="unclear")
    many = [(STS, {"type": "validation-failure", "failure_reason_code": f"e{n:03}"}, 2) for n in range(256)]
    rows_of = [({"type": "validation-failure", "failure_reason_code": f"e{n:03}"}, 2) for n in range(256)]
    tally("rows-256", "256 different failures", "all are exact", "P1", many, [row(STS, 0, 512, rows_of)], section="7", level="unclear")
    omitted = {"type": "validation-failure", "failure_reason_code": "details-omitted"}
    more = many + [(STS, {"type": "validation-failure", "failure_reason_code": f"f{n}"}, 1) for n in range(3)]
    tally("rows-259", "259 different failures", "what is beyond 256 is one row, and the total is exact", "P1", more, [row(STS, 0, 515, [(omitted, 3)] + rows_of)], section="7", level="unclear")
    day = (1795132800, 1795219199)
    tally("window-seconds", "a window in seconds", "seconds since 1970 mean the same", "S1 J7", [(STS, None, 1)], [row(STS, 1, 0)], section="4.1", start=day[0], end=day[1])
    tally("window-exclusive", "a window that ends at midnight", "it is written to its last second", "S1 J7", [(STS, None, 1)], [row(STS, 1, 0)], section="4.1", end="2026-11-21T00:00:00Z", level="unclear")
    tally("window-leap-day", "the leap day of 2028", "a day as any other", "S1 J7", [(STS, None, 1)], [row(STS, 1, 0)], section="4.1", start="2028-02-29T00:00:00Z", end="2028-02-29T23:59:59Z", says=("2028-02-29T00:00:00Z", "2028-02-29T23:59:59Z"))


def main(directory):
    folder = directory / "rfc8460"
    folder.mkdir(parents=True, exist_ok=True)
    for part in [records, heads, dates, policies, counts, details, bytes_and_members, compressed, bounds, counting]:
        part()
    for section, vectors in FILES.items():
        lines = ",\n  ".join(json.dumps(one, ensure_ascii=True) for one in vectors)
        text = f'{{"crate": "tlsrpt", "spec": "rfc8460", "vectors": [\n  {lines}\n]}}\n'
        (folder / f"{section}.json").write_text(text)
    print(sum(len(vectors) for vectors in FILES.values()), "vectors")


main(pathlib.Path(sys.argv[1]) if sys.argv[1:] else pathlib.Path(__file__).resolve().parent.parent / "vectors")
