#!/usr/bin/env python3
"""Writes the vectors of SMTP: conformance/vectors/{rfc2034,rfc3207,rfc5321,rfc8689}/SECTION.json.

    python3 conformance/generate/smtp.py [DIRECTORY]    # in place of conformance/vectors

Each expectation is stated here from the text of the RFC, beside the input. Nothing is asked of an
implementation. The same source writes the same files.
"""

import base64
import json
import pathlib
import sys

FILES = {}
HERE = pathlib.Path(__file__).resolve().parent

OPT, ENC, AUTH = "opportunistic", "encrypt", "authenticate"
ALL = (OPT, ENC, AUTH)
NEEDED = (ENC, AUTH)
EHLO = "EHLO client.example"
HELO = "HELO client.example"

GREETING = "220 mx.example ESMTP\r\n"
OFFER = "250-mx.example\r\n250-PIPELINING\r\n250 STARTTLS\r\n"
NO_OFFER = "250-mx.example\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"
READY = "220 ready\r\n"
INSIDE = "250-mx.example\r\n250 SIZE 2000\r\n"
BYE = "221 bye\r\n"

NOT_SUPPORTED, VALIDATION = "starttls-not-supported", "validation-failure"


def octets(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def b64(text):
    return base64.b64encode(octets(text)).decode()


def add(place, name, title, why, rules, request, expect, level="must"):
    spec, section = place.split("/", 1)
    FILES.setdefault((spec, section), []).append(
        {
            "id": f"{spec}/{section}/{name}",
            "title": title,
            "section": section,
            "level": level,
            "why": why,
            "rules": [f"smtp-starttls/{rule}" for rule in rules.split()],
            "request": request,
            "expect": expect,
        }
    )


# What a server does: one step each. Text is one read.


def expect(verb):
    return {"expect": verb}


TLS, CLOSE, TIME_OUT = {"tls": True}, {"close": True}, {"time_out": True}


def steps(*parts):
    return [part if isinstance(part, dict) else {"send_b64": b64(part)} for part in parts]


def to_ehlo(*then):
    return steps(GREETING, expect("EHLO"), *then)


def to_starttls(*then):
    return to_ehlo(OFFER, expect("STARTTLS"), *then)


def to_tls(*then):
    return to_starttls(READY, TLS, expect("EHLO"), *then)


def session(place, name, title, why, rules, requirement, script, verdict, sent=None, level="must",
            tls=None, message=None, profile=None, **more):
    request = {"op": "smtp.session", "requirement": requirement, "ehlo": "client.example", "script": script}
    for field, value in (("tls", tls), ("message", message), ("profile", profile)):
        if value is not None:
            request[field] = value
    found = {"verdict": verdict}
    if sent is not None:
        found["sent"] = sent
    found.update(more)
    add(place, name, title, why, rules, request, found, level)


def each(requirements, name):
    """One name for each requirement."""
    for requirement in requirements:
        yield requirement, f"{name}-{requirement}"


# --- replies -------------------------------------------------------------------------------------


def reply(place, name, title, why, rules, stream, found, level="must", chunks=None, profile=None, reason=None):
    """`found` is a list of (code, texts, enhanced code), or a word."""
    request = {"op": "smtp.reply", "stream_b64": b64(stream)}
    if chunks is not None:
        request["chunks"] = chunks
    if profile is not None:
        request["profile"] = profile
    if isinstance(found, str):
        answer = {"verdict": found}
        if reason:
            answer["reason"] = reason
    else:
        replies = [{"code": code, "lines_b64": [b64(text) for text in texts], "enhanced": enhanced} for code, texts, enhanced in found]
        answer = {"verdict": "replies", "replies": replies}
    add(place, name, title, why, rules, request, answer, level)


def line_ends():
    place, why = "rfc5321/2.3.8", "a line ends with CRLF, and neither CR nor LF stands alone"
    for name, title, stream in (
        ("bare-lf", "LF alone", "250 ok\n"),
        ("bare-lf-between", "LF alone between two lines", "250-a\n250 b\r\n"),
        ("bare-lf-after-code", "LF alone behind the code", "250\n"),
        ("bare-lf-first", "LF as first octet", "\n250 ok\r\n"),
        ("bare-cr", "CR within a line", "250 a\rb\r\n"),
        ("bare-cr-hides-line", "CR that hides a second line", "250-a\r250 STARTTLS\r\n"),
        ("cr-cr-lf", "CR CR LF", "250 ok\r\r\n"),
        ("lf-cr", "LF CR", "250 ok\n\r"),
        ("nul", "a NUL within a line", "250 a\0b\r\n"),
        ("nul-before-end", "a NUL before the line end", "250 STARTTLS\0\r\n"),
        ("nul-first", "a NUL as first octet", "\x00250 ok\r\n"),
        ("empty-line", "an empty line", "\r\n"),
        ("empty-line-within", "an empty line within a reply", "250-a\r\n\r\n250 b\r\n"),
        ("empty-line-behind", "an empty line behind a reply", "250 a\r\n\r\n"),
    ):
        reply(place, name, title, why, "P1", stream, "malformed", reason="malformed-reply")
    for cut in (6, 7):
        reply(place, f"crlf-cut-at-{cut}", "CRLF over two reads", "where the octets are cut has no meaning", "P1 P10", "250 ok\r\n", [(250, ["ok"], None)], chunks=[cut])
    reply(place, "bare-cr-cut", "CR alone at the end of a read", why, "P1 P10", "250 a\rb\r\n", "malformed", chunks=[6])
    lenient = "a reader may be lenient with LF alone, and never with CR alone"
    for name, title, stream, found in (
        ("lenient-lf", "LF alone, leniently", "250-a\n250 b\n", [(250, ["a", "b"], None)]),
        ("lenient-mixed", "LF and CRLF, leniently", "250-a\r\n250-b\n250\n", [(250, ["a", "b", ""], None)]),
        ("lenient-cr", "CR alone, leniently", "250 a\rb\n", "malformed"),
        ("lenient-empty", "an empty line, leniently", "250-a\n\n250 b\n", "malformed"),
        ("lenient-nul", "a NUL, leniently", "250 a\0\n", "malformed"),
    ):
        reply(place, name, title, lenient, "P1", stream, found, level="may", profile="interop")
    for name, title, greeting in (
        ("session-bare-lf", "a greeting that ends with LF alone", "220 mx.example\n"),
        ("session-nul", "a greeting with a NUL", "220 mx\0.example\r\n"),
    ):
        for requirement, full in each(ALL, name):
            session(place, full, title, why, "P1", requirement, steps(greeting, expect("EHLO"), NO_OFFER), "refused", [])
    for requirement, full in each(ALL, "ehlo-reply-nul"):
        session(place, full, "STARTTLS with a NUL behind it", "what is malformed is never read as no offer", "P1", requirement,
                to_ehlo("250-mx.example\r\n250 STARTTLS\0\r\n"), "refused", [EHLO], capabilities=[])
    for requirement, full in each(ALL, "ehlo-reply-bare-cr"):
        session(place, full, "STARTTLS behind a bare CR", "what is malformed is never read as no offer", "P1", requirement,
                to_ehlo("250-mx.example\r250-STARTTLS\r\n250 SIZE\r\n"), "refused", [EHLO], capabilities=[])


def codes():
    place, why = "rfc5321/4.2", "a code is a digit 2 to 5, a digit 0 to 5 and a digit"
    for name, code in (
        ("zero", "000"), ("leading-zero", "099"), ("one", "199"), ("second-digit-6", "260"), ("second-digit-9", "590"),
        ("six", "600"), ("nine", "999"), ("letter", "25x"), ("sign", "+22"), ("space", " 25"), ("two-digits", "25"), ("no-code", "ok"),
        ("letters", "OK "), ("minus", "-50"), ("fullwidth", "\xb2\xb5\xb0"),
    ):
        reply(place, f"code-{name}", f"the code {code!r}", why, "P2", f"{code} text\r\n", "malformed", reason="malformed-reply")
    for code in (200, 211, 214, 220, 221, 235, 250, 251, 252, 334, 354, 421, 450, 454, 500, 504, 530, 550, 555, 559):
        reply(place, f"code-{code}", f"the code {code}", why, "P2", f"{code} text\r\n", [(code, ["text"], None)])
    why = "a hyphen, a space or the line end follows the code"
    for name, stream in (
        ("underscore", "250_a\r\n"), ("letter", "250X\r\n"), ("tab", "250\ta\r\n"), ("digit", "2500 a\r\n"), ("dot", "250.a\r\n"),
        ("colon", "250: a\r\n"), ("latin-1", "250\xe9\r\n"),
    ):
        reply(place, f"behind-code-{name}", "another octet behind the code", why, "P3", stream, "malformed", reason="malformed-reply")
    reply(place, "code-alone", "a last line of only the code", "clients should accept a line of only the code", "P3", "250\r\n", [(250, [""], None)], level="should")
    reply(place, "code-and-space", "a code and a space", "the text may be empty", "P3", "250 \r\n", [(250, [""], None)])
    reply(place, "two-spaces", "two spaces", "one space separates", "P3", "250  a\r\n", [(250, [" a"], None)])
    reply(place, "latin-1-text", "octets above ASCII in a text", "a reader that keeps them loses nothing", "P6", "220 caf\xe9\r\n", [(220, ["caf\xe9"], None)], level="unclear")
    reply(place, "controls-in-text", "other control characters in a text", "only NUL, CR and LF decide where a line ends", "P6", "220 \x07\x1b[m\t\x7f\r\n", [(220, ["\x07\x1b[m\t\x7f"], None)], level="unclear")
    why = "garbage never bounces a message and is never skipped"
    for name, greeting in (
        ("greeting-099", "099 mx.example\r\n"), ("greeting-ssh", "SSH-2.0-OpenSSH\r\n"), ("greeting-imap", "* OK ready\r\n"),
        ("greeting-pop", "+OK ready\r\n"), ("greeting-http", "HTTP/1.1 400 Bad Request\r\n"), ("greeting-600", "600 mx.example\r\n"),
    ):
        for requirement, full in each((OPT, ENC), name):
            session(place, full, "a greeting that is no reply, and one behind it", why, "P2 SMTP-G2", requirement,
                    steps(greeting, GREETING, expect("EHLO"), NO_OFFER), "refused", [])


def lines():
    place, why = "rfc5321/4.2.1", "all lines of a reply carry the same code"
    for name, stream in (
        ("250-550", "250-a\r\n550 b\r\n"), ("220-454", "220-a\r\n454 b\r\n"), ("454-220", "454-a\r\n220 b\r\n"),
        ("third-line", "250-a\r\n250-b\r\n251 c\r\n"), ("250-250-421", "250-a\r\n250-b\r\n421 c\r\n"), ("within", "250-a\r\n350-b\r\n250 c\r\n"),
        ("code-alone", "250-a\r\n251\r\n"),
    ):
        reply(place, f"mixed-{name}", "lines of different codes", why, "P4", stream, "malformed", reason="mixed-codes")
    reply(place, "two-replies", "two replies of different codes", "a new reply may have another code", "P4", "250 a\r\n354 b\r\n", [(250, ["a"], None), (354, ["b"], None)])
    reply(place, "three-lines", "a reply of three lines", "a hyphen says that lines follow", "P3", "250-a\r\n250-b\r\n250 c\r\n", [(250, ["a", "b", "c"], None)])
    reply(place, "empty-texts", "lines with empty texts", "the text may be empty", "P3", "250-\r\n250-\r\n250\r\n", [(250, ["", "", ""], None)])
    reply(place, "text-like-code", "texts that look like codes", "only the first three octets are the code", "P3", "250-550 a\r\n250 421 b\r\n", [(250, ["550 a", "421 b"], None)])
    reply(place, "unfinished-line", "a line without its end", "the reply is not complete", "P1 P10", "250 ok\r", "incomplete")
    reply(place, "unfinished-reply", "a last line that says more follow", "the reply is not complete", "P3 P10", "250-a\r\n", "incomplete")
    reply(place, "unfinished-code", "a part of a code", "the reply is not complete", "P2 P10", "25", "incomplete")
    reply(place, "nothing", "no octet at all", "there is no reply", "P10", "", [], level="unclear")
    stream = "250-mx.example\r\n250-SIZE 5\r\n250 STARTTLS\r\n220 ready\r\n"
    found = [(250, ["mx.example", "SIZE 5", "STARTTLS"], None), (220, ["ready"], None)]
    for name, chunks in (("one", [1]), ("each-octet", list(range(1, len(stream)))), ("line-ends", [16, 28]), ("within-crlf", [15, 27]), ("codes", [2, 17, 30]), ("last", [len(stream) - 1])):
        reply(place, f"cut-{name}", "a stream in pieces", "where the octets are cut has no meaning", "P3 P10", stream, found, chunks=chunks)
    for requirement, full in each(ALL, "greeting-mixed"):
        session(place, full, "a greeting of two codes", why, "P4", requirement, steps("220-mx.example\r\n554 no\r\n"), "refused", [])
    for requirement, full in each(ALL, "ehlo-mixed"):
        session(place, full, "an EHLO reply that ends with another code", why, "P4", requirement,
                to_ehlo("250-mx.example\r\n250-STARTTLS\r\n550 no\r\n"), "refused", [EHLO], capabilities=[])
    for name, answer in (("starttls-220-454", "220-a\r\n454 b\r\n"), ("starttls-454-220", "454-a\r\n220 b\r\n")):
        for requirement, full in each(ALL, name):
            session(place, full, "an answer to STARTTLS of two codes", why, "P4", requirement, to_starttls(answer, TLS, expect("EHLO"), INSIDE),
                    "refused", [EHLO, "STARTTLS"], result_type=VALIDATION)


def limits():
    place, why = "rfc5321/4.5.3.1.5", "512 octets must be accepted; what more is accepted is bounded"
    line = lambda octets: "250 " + "a" * (octets - 6) + "\r\n"
    for octets in (512, 1000, 2048):
        level = "must" if octets == 512 else "may"
        reply(place, f"line-{octets}", f"a line of {octets} octets", why, "P5", line(octets), [(250, ["a" * (octets - 6)], None)], level=level)
    reply(place, "line-20000", "a line of 20,000 octets", why, "P5", line(20_000), "malformed", level="may", reason="line-too-long")
    reply(place, "line-without-end", "a line of 20,000 octets without an end", why, "P5", "250 " + "a" * 20_000, "malformed", level="may", reason="line-too-long")
    reply(place, "lines-512", "512 lines", why, "P5", "250-a\r\n" * 511 + "250 a\r\n", [(250, ["a"] * 512, None)], level="may")
    reply(place, "lines-600", "600 lines", why, "P5", "250-\r\n" * 600, "malformed", level="may", reason="reply-too-long")
    reply(place, "reply-70-kb", "70 lines of 1,000 octets", why, "P5", ("250-" + "a" * 994 + "\r\n") * 70 + "250 ok\r\n", "malformed", level="may", reason="reply-too-long")
    never = "a reply over a limit is never read as no offer"
    for requirement, full in each(ALL, "starttls-behind-long-line"):
        session(place, full, "STARTTLS behind a line of 9,000 octets", never, "P5", requirement,
                to_ehlo("250-mx.example\r\n250-" + "a" * 9_000 + "\r\n250 STARTTLS\r\n"), "refused", [EHLO], level="may", capabilities=[])
    for requirement, full in each(ALL, "starttls-behind-many-lines"):
        session(place, full, "STARTTLS behind 600 lines", never, "P5", requirement,
                to_ehlo("250-mx.example\r\n" + "250-X\r\n" * 600 + "250 STARTTLS\r\n"), "refused", [EHLO], level="may", capabilities=[])


def greetings():
    place, why = "rfc5321/3.1", "220 is the one greeting that lets the client go on"
    for code in ("250", "221", "211", "354"):
        for requirement, full in each(ALL, f"greeting-{code}"):
            session(place, full, f"a greeting {code}", why, "SMTP-G2", requirement, steps(f"{code} mx.example\r\n", expect("QUIT"), BYE), "refused", ["QUIT"], result_type=None)
    for code in ("450", "500", "554", "550"):
        for requirement, full in each((OPT, ENC), f"greeting-{code}"):
            session(place, full, f"a greeting {code}", "the server refuses, and the client takes its leave", "SMTP-G2 Q1", requirement,
                    steps(f"{code} mx.example\r\n", expect("QUIT"), BYE), "refused", ["QUIT"], result_type=None)
    for requirement, full in each(ALL, "greeting-lines"):
        session(place, full, "a greeting of three lines", "nothing is sent before the greeting is complete", "SMTP-G1", requirement,
                steps("220-mx.example\r\n", "220-more\r\n220", " last\r\n", expect("EHLO"), "550 no\r\n", expect("QUIT"), BYE), "refused", [EHLO, "QUIT"])
    for requirement, full in each(ALL, "no-greeting"):
        session(place, full, "a server that closes at once", "without a greeting nothing is sent", "SMTP-G1", requirement, steps(CLOSE), "refused", [], result_type=None)
    session(place, "half-greeting", "a greeting that is cut off", "without a whole greeting nothing is sent", "SMTP-G1", OPT, steps("220-mx.example\r\n", CLOSE), "refused", [])
    session("rfc5321/4.5.3.2.1", "no-greeting-in-time", "a greeting that does not come in time", "the client gives up after five minutes", "SMTP-G1", OPT, steps(TIME_OUT), "refused", [], level="should", result_type=None)
    place, why = "rfc5321/3.8", "421 is legal as the answer to anything, and no command follows"
    for requirement, full in each(ALL, "greeting-421"):
        session(place, full, "a greeting 421", why, "P9 SMTP-G2", requirement, steps("421 mx.example\r\n"), "refused", [], result_type=None)
    for requirement, full in each(ALL, "ehlo-421"):
        session(place, full, "EHLO answered by 421", why, "P9 SMTP-E2", requirement, to_ehlo("421 closing\r\n"), "refused", [EHLO], result_type=None)
    session(place, "helo-421", "HELO answered by 421", why, "P9", OPT, to_ehlo("500 what\r\n", expect("HELO"), "421 closing\r\n"), "refused", [EHLO, HELO], result_type=None)
    for requirement, full in each(ALL, "ehlo-in-tls-421"):
        session(place, full, "EHLO inside TLS answered by 421", why, "P9 SMTP-T2", requirement, to_tls("421 closing\r\n"), "refused", [EHLO, "STARTTLS", EHLO], result_type=None)


def hello():
    place, why = "rfc5321/3.2", "HELO is for servers that do not know EHLO"
    for code in (500, 501, 502, 503, 504):
        session(place, f"ehlo-{code}-opportunistic", f"EHLO answered by {code}", why, "SMTP-E2", OPT,
                to_ehlo(f"{code} what\r\n", expect("HELO"), "250 mx.example\r\n"), "plaintext", [EHLO, HELO], level="unclear", result_type=NOT_SUPPORTED, capabilities=[])
        for requirement, full in each(NEEDED, f"ehlo-{code}"):
            session(place, full, f"EHLO answered by {code} where TLS is needed", "after HELO there is no STARTTLS", "SMTP-E3", requirement,
                    to_ehlo(f"{code} what\r\n", expect("QUIT"), BYE), "refused", [EHLO, "QUIT"], result_type=NOT_SUPPORTED)
    for code in (450, 451, 505, 521, 530, 550, 554, 220, 251, 354):
        for requirement, full in each((OPT, AUTH), f"ehlo-{code}"):
            session(place, full, f"EHLO answered by {code}", "another answer does not mean that EHLO is unknown", "SMTP-E2", requirement,
                    to_ehlo(f"{code} no\r\n", expect("QUIT"), BYE), "refused", [EHLO, "QUIT"], level="unclear", result_type=None)
    for code in (220, 251, 450, 500, 502, 550, 554):
        session(place, f"helo-{code}", f"HELO answered by {code}", "only 250 accepts HELO, which is tried once", "SMTP-E2", OPT,
                to_ehlo("502 what\r\n", expect("HELO"), f"{code} no\r\n", expect("QUIT"), BYE), "refused", [EHLO, HELO, "QUIT"], result_type=None)
    session(place, "helo-lists-starttls", "a reply to HELO that lists STARTTLS", "HELO has no extensions", "SMTP-E2", OPT,
            to_ehlo("500 what\r\n", expect("HELO"), "250-mx.example\r\n250 STARTTLS\r\n"), "plaintext", [EHLO, HELO], capabilities=[])
    session(place, "ehlo-500-lists", "a refusal of EHLO with lines like capabilities", "a refusal lists nothing", "SMTP-E2", OPT,
            to_ehlo("500-STARTTLS\r\n500 SIZE 5\r\n", expect("HELO"), "250 mx.example\r\n"), "plaintext", [EHLO, HELO], capabilities=[])
    for name, end in (("closed", CLOSE), ("timed-out", TIME_OUT)):
        for requirement, full in each(ALL, f"ehlo-{name}"):
            session(place, full, "EHLO is not answered", "without an answer nothing is known", "SMTP-E6", requirement, to_ehlo(end), "refused", [EHLO], level="should", result_type=None)
    for requirement, full in each(ALL, "ehlo-cut-off"):
        session(place, full, "an EHLO reply that is cut off before its last line", "a part of a reply is not an answer", "P3 SMTP-E6", requirement,
                to_ehlo("250-mx.example\r\n250-SIZE 5\r\n", CLOSE), "refused", [EHLO], capabilities=[])


def capabilities():
    place, why = "rfc5321/4.1.1.1", "the lines after the first each name an extension"

    def listed(name, title, lines, found, why=why, rules="C2", level="must", **more):
        text = "".join(f"250-{line}\r\n" for line in ["mx.example", *lines[:-1]]) + f"250 {lines[-1]}\r\n"
        session(place, name, title, why, rules, OPT, to_ehlo(text), "plaintext", [EHLO], level=level, capabilities=sorted(found), **more)

    listed("known", "all that is known", ["8BITMIME", "SIZE 5", "PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING", "BINARYMIME", "SMTPUTF8", "LIMITS RCPTMAX=5", "AUTH PLAIN"],
           ["8BITMIME", "SIZE", "PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING", "BINARYMIME", "SMTPUTF8", "LIMITS", "AUTH"])
    listed("lower-case", "keywords in lower case", ["size 5", "pipelining", "dsn"], ["SIZE", "PIPELINING", "DSN"])
    listed("mixed-case", "keywords in mixed case", ["Size", "PipeLining"], ["SIZE", "PIPELINING"])
    listed("prefix", "keywords that begin like known ones", ["SIZED", "DSNX", "PIPELININGS", "DS"], [])
    listed("equals", "a parameter behind an equals sign", ["SIZE=5", "DSN"], ["DSN"])
    listed("leading-space", "a keyword behind a space", [" SIZE 5", "DSN"], ["DSN"])
    listed("tab", "a keyword with a TAB behind it", ["SIZE\t5", "DSN"], ["DSN"])
    listed("empty-line", "an empty capability", ["", "DSN"], ["DSN"])
    listed("symbols", "lines that name nothing", ["-", "=", "*SIZE", "DSN"], ["DSN"])
    listed("repeated", "a keyword twice", ["DSN", "SIZE 5", "DSN", "SIZE 9"], ["DSN", "SIZE"], rules="C3", level="unclear")
    listed("size-unreadable", "a size that is no number", ["SIZE many", "DSN"], ["SIZE", "DSN"], rules="C4")
    listed("binary-alone", "BINARYMIME without CHUNKING", ["BINARYMIME", "DSN"], ["DSN"], why="BINARYMIME needs CHUNKING (RFC 3030 section 3)", rules="C5")
    listed("binary-chunking", "BINARYMIME with CHUNKING", ["BINARYMIME", "CHUNKING"], ["BINARYMIME", "CHUNKING"], why="BINARYMIME needs CHUNKING (RFC 3030 section 3)", rules="C5")
    listed("utf8-alone", "SMTPUTF8 without 8BITMIME", ["SMTPUTF8"], ["SMTPUTF8", "8BITMIME"], why="a server with SMTPUTF8 must support 8BITMIME (RFC 6531 section 3.1)", rules="C5", level="unclear")
    listed("auth-old-form", "AUTH in the form of an old draft", ["AUTH=LOGIN"], ["AUTH"], rules="C5", level="unclear")
    listed("unknown", "unknown keywords", ["XCLIENT NAME", "X-EXPS GSSAPI", "ETRN", "DSN"], ["DSN"])
    first = "the first line names the server and is never a capability"
    for name, text in (("first-line-only", "250 STARTTLS\r\n"), ("first-line", "250-STARTTLS\r\n250 SIZE 5\r\n"), ("first-line-greets", "250-mx.example STARTTLS\r\n250 SIZE 5\r\n")):
        session(place, name, "STARTTLS on the first line", first, "C1", OPT, to_ehlo(text), "plaintext", [EHLO])
    for name in ("[192.0.2.1]", "[IPv6:2001:db8::1]"):
        short = "ipv4" if "192" in name else "ipv6"
        request_script = to_ehlo("550 no\r\n", expect("QUIT"), BYE)
        request = {"op": "smtp.session", "requirement": OPT, "ehlo": name, "script": request_script}
        add(place, f"ehlo-{short}", "an address literal as our name", "EHLO has a domain name or an address literal", "SMTP-E1", request, {"verdict": "refused", "sent": [f"EHLO {name}", "QUIT"]})


def order():
    place, why = "rfc5321/4.3.1", "the dialogue is lock-step: nothing follows a reply before the next command"
    for name, title, script, sent in (
        ("behind-greeting", "a reply behind the greeting", steps(GREETING + "250 mx.example\r\n"), []),
        ("behind-greeting-whole", "a whole dialogue behind the greeting", steps(GREETING + OFFER + READY), []),
        ("behind-greeting-octet", "one octet behind the greeting", steps(GREETING + "2"), []),
        ("behind-ehlo-reply", "a reply behind the EHLO reply", to_ehlo(NO_OFFER + "250 ok\r\n"), [EHLO]),
        ("behind-ehlo-220", "a 220 behind the EHLO reply", to_ehlo(OFFER + READY, TLS, INSIDE), [EHLO]),
        ("behind-ehlo-crlf", "a CRLF behind the EHLO reply", to_ehlo(OFFER + "\r\n"), [EHLO]),
        ("behind-ehlo-500", "a reply behind a refusal of EHLO", to_ehlo("500 what\r\n250 mx.example\r\n"), [EHLO]),
        ("behind-refusal", "a reply behind a refusal of STARTTLS", to_starttls("454 not now\r\n250 mx.example\r\n"), [EHLO, "STARTTLS"]),
        ("behind-in-tls", "a reply behind the EHLO reply inside TLS", to_tls(INSIDE + "250 ok\r\n"), [EHLO, "STARTTLS", EHLO]),
    ):
        for requirement, full in each(ALL, name):
            session(place, full, title, why, "P8 Q1", requirement, script, "refused", sent, result_type=VALIDATION, capabilities=[])


# --- RFC 2034 ------------------------------------------------------------------------------------


def enhanced():
    place, why = "rfc2034/4", "the code stands first, is of the class of the reply, and a space or nothing follows"
    for name, code, text, found in (
        ("ok", 250, "2.1.0 sender ok", "2.1.0"), ("temporary", 454, "4.7.0 not now", "4.7.0"), ("permanent", 550, "5.1.1 no such user", "5.1.1"),
        ("alone", 421, "4.3.2", "4.3.2"), ("long-detail", 550, "5.7.509 no", "5.7.509"), ("three-digits", 250, "2.999.999 x", "2.999.999"),
        ("other-class", 250, "4.1.0 x", None), ("other-class-5", 550, "4.7.1 x", None), ("go-on", 354, "3.0.0 go", None), ("no-space", 250, "2.0.0ok", None),
        ("two-parts", 250, "2.0 ok", None), ("four-parts", 250, "2.0.0.0 ok", None), ("four-digits", 250, "2.0.1000 ok", None), ("later", 250, "ok 2.0.0", None),
        ("leading-space", 250, " 2.0.0 ok", None), ("empty-part", 250, "2..0 ok", None), ("class-1", 250, "1.0.0 ok", None), ("tab", 250, "2.0.0\tok", None),
        ("letters", 250, "2.a.0 ok", None), ("none", 250, "ok", None), ("empty", 250, "", None),
    ):
        reply(place, name, f"the text {text!r}", why, "P7", f"{code} {text}\r\n", [(code, [text], found)])
    reply(place, "each-line", "a code on each line", why, "P7", "550-5.7.1 a\r\n550 5.7.1 b\r\n", [(550, ["5.7.1 a", "5.7.1 b"], "5.7.1")])
    session(place, "ignored-in-greeting", "codes in the greeting and the EHLO reply", "there a text means nothing", "P7", OPT,
            steps("220 2.0.0 mx.example\r\n", expect("EHLO"), "250-2.0.0 mx.example\r\n250 SIZE 5\r\n"), "plaintext", [EHLO], capabilities=["SIZE"])


# --- RFC 3207 ------------------------------------------------------------------------------------


def offers():
    place, why = "rfc3207/3", "the keyword is STARTTLS, without regard to case; a parameter is reserved"
    for name, line in (("upper", "STARTTLS"), ("lower", "starttls"), ("mixed", "StartTLS"), ("parameter", "STARTTLS foo"), ("parameters", "starttls a=b c")):
        for requirement, full in each((OPT, AUTH), f"offer-{name}"):
            session(place, full, f"the line {line!r}", why, "C2", requirement,
                    to_ehlo(f"250-mx.example\r\n250 {line}\r\n", expect("STARTTLS"), READY, TLS, expect("EHLO"), INSIDE),
                    "secured", [EHLO, "STARTTLS", EHLO], capabilities=["SIZE"], result_type=None, downgrade=None)
    for name, line in (("equals", "STARTTLS=1"), ("leading-space", " STARTTLS"), ("longer", "STARTTLSX"), ("tab", "STARTTLS\tfoo")):
        session(place, f"no-offer-{name}", f"the line {line!r}", why, "C2 L1", OPT,
                to_ehlo(f"250-mx.example\r\n250 {line}\r\n"), "plaintext", [EHLO], result_type=NOT_SUPPORTED, downgrade="garbled")
    for name, line in (("shorter", "STARTTL"), ("word-behind", "X STARTTLS"), ("hyphen", "START-TLS"), ("x-prefix", "X-STARTTLS")):
        session(place, f"no-offer-{name}", f"the line {line!r}", why, "C2 L1", OPT,
                to_ehlo(f"250-mx.example\r\n250 {line}\r\n"), "plaintext", [EHLO], result_type=NOT_SUPPORTED, downgrade="absent")


def starttls():
    place = "rfc3207/4"
    for requirement, full in each(ALL, "secured"):
        session(place, full, "an honest server", "after the 220 comes the handshake, and then EHLO", "SMTP-S1 SMTP-S2 SMTP-T2", requirement,
                to_tls(INSIDE), "secured", [EHLO, "STARTTLS", EHLO], capabilities=["SIZE"], result_type=None, downgrade=None)
    for requirement, full in each((OPT, ENC), "unverified"):
        session(place, full, "TLS with a server that nobody has verified", "encryption alone was asked for", "SMTP-S2 SMTP-T2", requirement,
                to_tls(INSIDE), "secured", [EHLO, "STARTTLS", EHLO], tls="unverified", result_type=None)
    session(place, "not-offered-opportunistic", "STARTTLS is not listed", "TLS is used where it can be had", "SMTP-S3 L1", OPT,
            to_ehlo(NO_OFFER), "plaintext", [EHLO], result_type=NOT_SUPPORTED, capabilities=["PIPELINING", "SIZE"], downgrade="absent")
    for requirement, full in each(NEEDED, "not-offered"):
        session(place, full, "STARTTLS is not listed and refused", "without TLS nothing is delivered", "SMTP-S3 SMTP-S4", requirement,
                to_ehlo(NO_OFFER, expect("STARTTLS"), "502 what\r\n", expect("QUIT"), BYE), "refused", [EHLO, "STARTTLS", "QUIT"], level="should", result_type=NOT_SUPPORTED)
    refused = "a client decides by its policy what follows a refusal; in clear only on a new connection"
    for code in (450, 454, 500, 501, 502, 503, 504, 530, 550, 554):
        session(place, f"starttls-{code}-opportunistic", f"STARTTLS answered by {code}", refused, "SMTP-S3 Q1", OPT,
                to_starttls(f"{code} no\r\n", expect("QUIT"), BYE), "retry-plaintext", [EHLO, "STARTTLS", "QUIT"], level="unclear", result_type=NOT_SUPPORTED, capabilities=[])
        for requirement, full in each(NEEDED, f"starttls-{code}"):
            session(place, full, f"STARTTLS answered by {code} where TLS is needed", "without TLS nothing is delivered", "SMTP-S3", requirement,
                    to_starttls(f"{code} no\r\n", expect("QUIT"), BYE), "refused", [EHLO, "STARTTLS", "QUIT"], result_type=NOT_SUPPORTED, capabilities=[])
    session(place, "starttls-421-opportunistic", "STARTTLS answered by 421", "as a refusal, and the connection is over", "SMTP-S3 P9", OPT,
            to_starttls("421 closing\r\n"), "retry-plaintext", [EHLO, "STARTTLS"], level="unclear", result_type=NOT_SUPPORTED)
    for requirement, full in each(NEEDED, "starttls-421"):
        session(place, full, "STARTTLS answered by 421 where TLS is needed", "as a refusal, and the connection is over", "SMTP-S3 P9", requirement,
                to_starttls("421 closing\r\n"), "refused", [EHLO, "STARTTLS"], result_type=NOT_SUPPORTED)
    for code in (221, 235, 250, 251, 252, 334, 354):
        for requirement, full in each(ALL, f"starttls-{code}"):
            session(place, full, f"STARTTLS answered by {code}", "220 is the one answer that lets TLS begin", "SMTP-S2", requirement,
                    to_starttls(f"{code} ok\r\n", expect("QUIT"), BYE), "refused", [EHLO, "STARTTLS", "QUIT"], level="unclear", result_type=NOT_SUPPORTED)
    for name, answer in (("lines", "220-ready\r\n220 go\r\n"), ("code-alone", "220\r\n"), ("enhanced", "220 2.0.0 ready\r\n"), ("latin-1", "220 pr\xeat\r\n")):
        session(place, f"starttls-220-{name}", "another form of the 220", "the text of the 220 means nothing", "SMTP-S2 P3", ENC,
                to_starttls(answer, TLS, expect("EHLO"), INSIDE), "secured", [EHLO, "STARTTLS", EHLO])
    session(place, "starttls-220-in-pieces", "the 220 in three reads", "where the octets are cut has no meaning", "P10 SMTP-U1", ENC,
            to_starttls("22", "0 ready\r", "\n", TLS, expect("EHLO"), INSIDE), "secured", [EHLO, "STARTTLS", EHLO])
    for name, answer in (("bare-lf", "220 ready\n"), ("bare-cr", "220 ready\r"), ("nul", "220 ready\0\r\n"), ("garbage", "go ahead\r\n"), ("empty", "\r\n")):
        for requirement, full in each((OPT, ENC), f"starttls-{name}"):
            script = to_starttls(answer + ("x" if name == "bare-cr" else ""), TLS, expect("EHLO"), INSIDE)
            session(place, full, "an answer to STARTTLS that is no reply", "what is malformed is no answer", "P1 P2", requirement, script, "refused", [EHLO, "STARTTLS"], result_type=VALIDATION)
    session(place, "starttls-bare-lf-lenient", "LF alone behind the 220, leniently", "no leniency where a line end decides what is inside TLS", "P1", OPT,
            to_starttls("220 ready\n", TLS, expect("EHLO"), INSIDE), "refused", [EHLO, "STARTTLS"], profile="interop", result_type=VALIDATION)
    failed = "after STARTTLS no further octet goes in clear over this connection"
    for name, script, tls in (
        ("handshake-failed", to_tls(INSIDE), "failed"), ("handshake-closed", to_starttls(READY, CLOSE), None), ("handshake-timed-out", to_starttls(READY, TIME_OUT), None),
        ("handshake-alert", to_starttls(READY, b"\x15\x03\x01\x00\x02\x02\x28"), None), ("starttls-closed", to_starttls(CLOSE), None), ("starttls-timed-out", to_starttls(TIME_OUT), None),
        ("starttls-cut-off", to_starttls("220-ready\r\n", CLOSE), None),
    ):
        session(place, f"{name}-opportunistic", "TLS does not come about", failed, "SMTP-U5 SMTP-S5 Q1", OPT, script, "retry-plaintext", [EHLO, "STARTTLS"], level="unclear", tls=tls, result_type=VALIDATION, capabilities=[])
        for requirement, full in each(NEEDED, name):
            session(place, full, "TLS does not come about where it is needed", "without TLS nothing is delivered", "SMTP-U5 SMTP-S5 Q1", requirement, script, "refused", [EHLO, "STARTTLS"], tls=tls, result_type=VALIDATION, capabilities=[])
    for requirement, full in each(NEEDED, "unlisted-works"):
        session(place, full, "STARTTLS is not listed and works", "who needs TLS may try: it defeats stripping of the list", "SMTP-S4", requirement,
                to_ehlo(NO_OFFER, expect("STARTTLS"), READY, TLS, expect("EHLO"), INSIDE), "secured", [EHLO, "STARTTLS", EHLO], level="should", capabilities=["SIZE"], downgrade="absent")
    session("rfc3207/4.1", "not-verified", "a server that is not who it should be", "a client that needs authentication ends with QUIT inside TLS", "SMTP-U5 SMTP-T2", AUTH,
            to_tls(INSIDE), "refused", [EHLO, "STARTTLS", "QUIT"], tls="unverified", capabilities=[])


def inside():
    place, why = "rfc3207/4.2", "what was said before TLS is discarded"
    before = "250-mx.example\r\n250-SIZE 5\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-AUTH PLAIN\r\n250-REQUIRETLS\r\n250 STARTTLS\r\n"
    for name, reply_inside, found in (
        ("nothing-left", "250 mx.example\r\n", []), ("only-first-line", "250-mx.example\r\n250 \r\n", []),
        ("others", "250-mx.example\r\n250-DSN\r\n250 CHUNKING\r\n", ["CHUNKING", "DSN"]),
        ("auth-and-requiretls", "250-mx.example\r\n250-AUTH PLAIN\r\n250 REQUIRETLS\r\n", ["AUTH", "REQUIRETLS"]),
    ):
        for requirement, full in each(ALL, f"discard-{name}"):
            session(place, full, "a list inside TLS that differs", why, "SMTP-T1", requirement,
                    to_ehlo(before, expect("STARTTLS"), READY, TLS, expect("EHLO"), reply_inside), "secured", [EHLO, "STARTTLS", EHLO], capabilities=found)
    for requirement, full in each(ALL, "starttls-listed-inside"):
        session(place, full, "STARTTLS listed inside TLS", "a server must not list it; a client does not send it again", "SMTP-T3", requirement,
                to_tls("250-mx.example\r\n250-STARTTLS\r\n250 SIZE\r\n"), "secured", [EHLO, "STARTTLS", EHLO], capabilities=["SIZE"])
    for code in (220, 221, 251, 354, 450, 500, 501, 502, 503, 504, 530, 550, 554):
        for requirement, full in each((OPT, ENC), f"ehlo-inside-{code}"):
            session(place, full, f"EHLO inside TLS answered by {code}", "only 250 accepts EHLO, there is no second greeting, and no HELO", "SMTP-T2 SMTP-E3", requirement,
                    to_tls(f"{code} no\r\n", expect("QUIT"), BYE), "refused", [EHLO, "STARTTLS", EHLO, "QUIT"], result_type=None, capabilities=[])
    for name, end in (("closed", CLOSE), ("timed-out", TIME_OUT)):
        for requirement, full in each(ALL, f"ehlo-inside-{name}"):
            session(place, full, "EHLO inside TLS is not answered", "nothing said before TLS can answer it", "SMTP-T2", requirement,
                    to_tls(end), "refused", [EHLO, "STARTTLS", EHLO], result_type=None, capabilities=[])
    for name, rule, text in (
        ("malformed", "P3", "250-mx.example\r\n250_SIZE\r\n"), ("mixed", "P4", "250-mx.example\r\n550 no\r\n"),
        ("bare-lf", "P1", "250 mx.example\n"), ("nul", "P1", "250 mx\0\r\n"),
    ):
        for requirement, full in each(ALL, f"ehlo-inside-{name}"):
            session(place, full, "a broken EHLO reply inside TLS", "what is malformed is no answer", rule, requirement,
                    to_tls(text), "refused", [EHLO, "STARTTLS", EHLO], result_type=None, capabilities=[])


def residue():
    place, why = "rfc3207/6", "octets between the 220 and TLS are somebody else's, and nothing of them is believed"
    behind = (
        ("letter", "x"), ("digit", "2"), ("code", "250"), ("hyphen", "250-"), ("fragment", "250-forged.example"), ("cr", "\r"), ("lf", "\n"), ("crlf", "\r\n"), ("space", " "), ("nul", "\0"),
        ("reply", "250 ok\r\n"), ("list", "250-forged.example\r\n250 AUTH PLAIN\r\n"), ("greeting", "220 forged.example\r\n"), ("dialogue", "250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n"),
        ("second-220", "220 ready\r\n"), ("refusal", "454 not now\r\n"), ("closing", "421 closing\r\n"), ("tls-record", b"\x16\x03\x03\x00\x01"), ("alert", b"\x15\x03\x01\x00\x02\x02\x28"),
    )
    for name, rest in behind:
        for requirement, full in each(ALL, f"residue-{name}"):
            session(place, full, "octets in one read with the 220", why, "SMTP-U1 P8 Q1", requirement,
                    to_starttls(octets(READY) + octets(rest), TLS, expect("EHLO"), INSIDE), "refused", [EHLO, "STARTTLS"], result_type=VALIDATION, capabilities=[], reason="starttls-residue")
    later = "what comes in place of TLS is no TLS, and is found at once"
    for name, rest in behind:
        if name in ("tls-record", "alert"):
            continue
        for requirement, full in each((OPT, AUTH), f"later-{name}"):
            session(place, full, "octets in a read of their own before TLS", later, "SMTP-U1 SMTP-U2 Q1", requirement,
                    to_starttls(READY, rest, TLS, expect("EHLO"), INSIDE), "refused", [EHLO, "STARTTLS"], result_type=VALIDATION, capabilities=[])
    for name, record in (("application-data", b"\x17\x03\x03\x00\x05hello"), ("change-cipher-spec", b"\x14\x03\x03\x00\x01\x01"), ("ssl2", b"\x80\x2e\x01\x03\x01"), ("http", "HTTP/1.1 400 Bad Request\r\n")):
        for requirement, full in each((OPT, AUTH), f"first-octet-{name}"):
            rules, level = ("SMTP-U2", "unclear") if requirement == OPT else ("SMTP-U2 SMTP-U5", "must")
            session(place, full, "a first record of another kind", "a server's first record is a handshake or an alert (RFC 8446 section 5.1)", rules, requirement,
                    to_starttls(READY, record), "refused", [EHLO, "STARTTLS"], level=level, result_type=VALIDATION)
    session(place, "split-220-then-octet", "the LF of the 220 in one read with an octet", why, "SMTP-U1 P10", OPT,
            to_starttls("220 ready\r", "\nx", TLS, expect("EHLO"), INSIDE), "refused", [EHLO, "STARTTLS"], result_type=VALIDATION)
    stripped = "a list without STARTTLS may be the work of somebody in the path"
    for requirement, full in each(NEEDED, "stripped"):
        session(place, full, "a list from which STARTTLS was removed", stripped, "SMTP-S4", requirement,
                to_ehlo("250 mx.example\r\n", expect("STARTTLS"), "500 what\r\n", expect("QUIT"), BYE), "refused", [EHLO, "STARTTLS", "QUIT"], level="should", result_type=NOT_SUPPORTED)


# --- RFC 8689 ------------------------------------------------------------------------------------

NEED = {"requiretls": True, "mx_authenticated": True}
LISTED = "250-mx.example\r\n250 REQUIRETLS\r\n"


def requiretls():
    place = "rfc8689/4.2.1"
    for requirement, full in each(ALL, "all-hold"):
        session(place, full, "a server that lists REQUIRETLS and is verified", "all four conditions hold", "SMTP-R1", requirement,
                to_tls(LISTED), "secured", [EHLO, "STARTTLS", EHLO], message=NEED, capabilities=["REQUIRETLS"])
        session(place, f"not-listed-{requirement}", "a server that does not list REQUIRETLS", "the message must not be sent there", "SMTP-R1", requirement,
                to_tls(INSIDE, expect("QUIT"), BYE), "refused", [EHLO, "STARTTLS", EHLO, "QUIT"], message=NEED, reason="requiretls-not-offered", dsn="5.7.30")
        session(place, f"not-verified-{requirement}", "a server that is not verified", "the certificate must be verified", "SMTP-R1", requirement,
                to_tls(LISTED), "refused", [EHLO, "STARTTLS", "QUIT"], message=NEED, tls="unverified", capabilities=[])
        session(place, f"mx-not-trusted-{requirement}", "an MX name from unsigned DNS", "the MX name must be authenticated", "SMTP-R1", requirement,
                to_tls(LISTED), "refused", message={"requiretls": True, "mx_authenticated": False}, capabilities=[])
        session(place, f"no-starttls-{requirement}", "a server without STARTTLS", "the message must go over TLS", "SMTP-R1 SMTP-S4", requirement,
                to_ehlo(NO_OFFER, expect("STARTTLS"), "502 what\r\n", expect("QUIT"), BYE), "refused", [EHLO, "STARTTLS", "QUIT"], message=NEED, result_type=NOT_SUPPORTED)
        session(place, f"starttls-refused-{requirement}", "a server that refuses STARTTLS", "the message must go over TLS", "SMTP-R1", requirement,
                to_starttls("454 not now\r\n", expect("QUIT"), BYE), "refused", [EHLO, "STARTTLS", "QUIT"], message=NEED, result_type=NOT_SUPPORTED)
        session(place, f"ehlo-unknown-{requirement}", "a server without EHLO", "after HELO there is no TLS", "SMTP-R1 SMTP-E3", requirement,
                to_ehlo("500 what\r\n", expect("QUIT"), BYE), "refused", [EHLO, "QUIT"], message=NEED, result_type=NOT_SUPPORTED)
        session(place, f"handshake-failed-{requirement}", "a handshake that fails", "the message must go over TLS", "SMTP-R1 SMTP-U5", requirement,
                to_tls(LISTED), "refused", [EHLO, "STARTTLS"], message=NEED, tls="failed")
        session(place, f"residue-{requirement}", "octets behind the 220", "nothing of them is believed", "SMTP-R1 SMTP-U1", requirement,
                to_starttls(READY + LISTED, TLS, expect("EHLO"), LISTED), "refused", [EHLO, "STARTTLS"], message=NEED, result_type=VALIDATION)
    for name, message in (("without-need", {"requiretls": False}), ("no-message", None)):
        session(place, name, "a message that does not need it", "REQUIRETLS is asked for by the message alone", "SMTP-R1", OPT,
                to_tls(INSIDE), "secured", [EHLO, "STARTTLS", EHLO], message=message)
    place, why = "rfc8689/2", "REQUIRETLS is listed only inside TLS"
    session(place, "listed-in-clear", "REQUIRETLS listed before TLS", why, "C6", OPT,
            to_ehlo("250-mx.example\r\n250-REQUIRETLS\r\n250 SIZE\r\n"), "plaintext", [EHLO], capabilities=["SIZE"])
    for requirement, full in each(ALL, "listed-in-clear-only"):
        session(place, full, "REQUIRETLS listed before TLS only", why, "C6 SMTP-R1 SMTP-T1", requirement,
                to_ehlo("250-mx.example\r\n250-REQUIRETLS\r\n250 STARTTLS\r\n", expect("STARTTLS"), READY, TLS, expect("EHLO"), INSIDE, expect("QUIT"), BYE),
                "refused", [EHLO, "STARTTLS", EHLO, "QUIT"], message=NEED)
    session(place, "listed-lower-case", "requiretls in lower case", "keywords have no case", "C2 SMTP-R1", AUTH,
            to_tls("250-mx.example\r\n250 requiretls\r\n"), "secured", [EHLO, "STARTTLS", EHLO], message=NEED, capabilities=["REQUIRETLS"])


def masks():
    place, why = "rfc8689/8.2", "some boxes in the path overwrite STARTTLS by XXXXXXXX"
    for name, line, label in (
        ("eight", "XXXXXXXX", "masked-len-preserving"), ("seven-and-a", "XXXXXXXA", "masked-len-preserving"), ("three", "XXX", "masked-len-preserving"), ("ten", "XXXXXXXXXX", "masked-len-preserving"),
        ("two-and-letter", "XXB", "masked-len-preserving"), ("with-parameter", "XXXX 5", "masked-len-preserving"),
        ("xclient", "XCLIENT NAME ADDR", "absent"), ("x-exps", "X-EXPS NTLM", "absent"), ("two", "XX", "absent"), ("one-and-letter", "XA", "absent"),
        ("lower", "xxxxxxxx", "absent"), ("digit", "XXXX1", "absent"), ("xforward", "XFORWARD NAME", "absent"), ("ends-x", "AXXXXXXX", "absent"),
    ):
        session(place, f"mask-{name}", f"the line {line!r}", why, "L1", OPT, to_ehlo(f"250-mx.example\r\n250-SIZE 5\r\n250 {line}\r\n"), "plaintext", [EHLO], level="unclear", downgrade=label, result_type=NOT_SUPPORTED)
    session(place, "mask-first-line", "a mask on the first line", "the first line names the server", "L1 C1", OPT, to_ehlo("250-XXXXXXXX\r\n250 SIZE 5\r\n"), "plaintext", [EHLO], level="unclear", downgrade="absent")
    session(place, "mask-beside-offer", "a mask beside an offer", "where STARTTLS is listed nothing of it is masked", "L1", OPT,
            to_ehlo("250-mx.example\r\n250-XXXXXXXX\r\n250 STARTTLS\r\n", expect("STARTTLS"), READY, TLS, expect("EHLO"), INSIDE), "secured", level="unclear", downgrade=None)
    for name, greeting, label in (
        ("stars", "220 *************************\r\n", "banner-masked"), ("stars-and-digits", "220 ****2**0****\r\n", "banner-masked"), ("stars-lines", "220-****\r\n220 ****\r\n", "banner-masked"),
        ("stars-name", "220 ***** mx.example\r\n", "absent"), ("no-star", "220 2020\r\n", "absent"), ("empty", "220\r\n", "absent"),
    ):
        session(place, f"banner-{name}", "a masked greeting, or none", "some boxes overwrite the greeting too", "L1", OPT, steps(greeting, expect("EHLO"), "250 mx.example\r\n"), "plaintext", [EHLO], level="unclear", downgrade=label)
    for name, answer, label in (
        ("500", "500 what\r\n", "command-mangled"), ("502", "502 no\r\n", "command-mangled"), ("552-status", "554 5.5.2 no\r\n", "command-mangled"),
        ("text", "555 Command Not Recognized\r\n", "command-mangled"), ("454", "454 4.7.0 not now\r\n", None), ("501", "501 no\r\n", None),
    ):
        session(place, f"command-{name}", "a listed STARTTLS is refused", "a box may let the list pass and mangle the command", "L1", OPT,
                to_starttls(answer, expect("QUIT"), BYE), "retry-plaintext", [EHLO, "STARTTLS", "QUIT"], level="unclear", downgrade=label)
    session(place, "command-250", "a listed STARTTLS answered by 250", "a box may turn the command into NOOP", "L1 SMTP-S2", OPT,
            to_starttls("250 ok\r\n", expect("QUIT"), BYE), "refused", [EHLO, "STARTTLS", "QUIT"], level="unclear", downgrade="command-mangled")
    for requirement, full in each(NEEDED, "mask"):
        session(place, full, "a mask where TLS is needed", "a label makes no outcome milder", "L1 SMTP-S4", requirement,
                to_ehlo("250-mx.example\r\n250 XXXXXXXX\r\n", expect("STARTTLS"), "500 what\r\n", expect("QUIT"), BYE), "refused", [EHLO, "STARTTLS", "QUIT"], level="unclear", downgrade="masked-len-preserving")


def main(directory):
    line_ends()
    codes()
    lines()
    limits()
    greetings()
    hello()
    capabilities()
    order()
    enhanced()
    offers()
    starttls()
    inside()
    residue()
    requiretls()
    masks()
    total = 0
    for (spec, section), vectors in sorted(FILES.items()):
        folder = directory / spec
        folder.mkdir(parents=True, exist_ok=True)
        rows = ",\n".join("  " + json.dumps(vector, ensure_ascii=True) for vector in vectors)
        text = f'{{"crate": "smtp-starttls", "spec": "{spec}", "vectors": [\n{rows}\n]}}\n'
        (folder / f"{section}.json").write_text(text)
        total += len(vectors)
        print(f"{spec}/{section}.json: {len(vectors)}")
    print(f"{total} vectors")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if sys.argv[1:] else HERE.parent / "vectors")
