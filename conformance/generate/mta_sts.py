#!/usr/bin/env python3
"""Writes the vectors of RFC 8461: conformance/vectors/rfc8461/SECTION.json.

    python3 conformance/generate/mta_sts.py [DIRECTORY]    # in place of conformance/vectors

Each expectation is stated here from the text of the RFC, beside the input. Nothing is asked of an
implementation. The same source writes the same files.
"""

import base64
import json
import pathlib
import sys

VECTORS = {}
HERE = pathlib.Path(__file__).resolve().parent


def b64(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.b64encode(data).decode()


def add(section, name, title, why, rules, request, expect, level="must"):
    vectors = VECTORS.setdefault(section, [])
    vectors.append(
        {
            "id": f"rfc8461/{section}/{name}",
            "title": title,
            "section": section,
            "level": level,
            "why": why,
            "rules": [f"mta-sts/{rule}" for rule in rules.split()],
            "request": request,
            "expect": expect,
        }
    )


# --- 3.1: the TXT record -------------------------------------------------------------------------

NO, SEVERAL, INVALID = "no-record", "several-records", "invalid-record"


def record(name, title, why, rules, txt, found, level="must", profile=None, deviations=None):
    """`found` is an id, or why there is none, as `-reason`. One string is one record of one string."""
    if isinstance(txt, str):
        txt = [[txt]]
    request = {"op": "mta_sts.record", "txt": txt}
    if profile:
        request["profile"] = profile
    if found.startswith("-"):
        expect = {"verdict": "none", "reason": found[1:]}
    else:
        expect = {"verdict": "record", "policy_id": found}
    if deviations is not None:
        expect["deviations"] = deviations
    add("3.1", name, title, why, rules, request, expect, level)


def records():
    join = "the character-strings of a record are joined with nothing between them"
    record("one-string", "a plain record", "the grammar", "D04 D05", "v=STSv1; id=20160831085700Z;", "20160831085700Z")
    record("split-in-id", "an id over two strings", join, "D02", [["v=STSv1; id=7f3c", "19ab;"]], "7f3c19ab")
    record("split-in-version", "the version over two strings", join, "D02", [["v=ST", "Sv1; id=a"]], "a")
    record("split-before-semicolon", "a string that ends after the version", join, "D02", [["v=STSv1", "; id=a"]], "a")
    record("split-each-byte", "a string for each byte", join, "D02", [list("v=STSv1; id=ab;")], "ab")
    record("split-empty-strings", "empty strings between", join, "D02", [["", "v=STSv1;", "", " id=a", ""]], "a")
    record("split-makes-space", "a second string that begins with a space", join, "D02 D08", [["v=STSv1; id=a", " b;"]], "-" + INVALID)
    record("split-id-33", "33 bytes of id over two strings", join, "D02 D05", [["v=STSv1; id=" + "a" * 20, "b" * 13]], "-" + INVALID)
    record("split-three", "a name, a value and the end apart", join, "D02 D07", [["v=STSv1; no", "te=x", "; id=a"]], "a")

    drop = "records that do not begin with v=STSv1; are dropped"
    one = "unless exactly one record is left, the domain has no policy"
    record("no-answer", "no record at all", drop, "D03", [], "-" + NO)
    record("empty-record", "a record without strings", drop, "D03", [[]], "-" + NO)
    record("empty-string", "a record of one empty string", drop, "D03", "", "-" + NO)
    record("other-records-beside", "records of other uses beside", drop, "D03", [["v=spf1 -all"], ["v=STSv1; id=a"], ["google-site-verification=x"]], "a")
    record("only-other-records", "nothing but records of other uses", drop, "D03", [["v=spf1 -all"], ["v=TLSRPTv1; rua=mailto:a@example.org"]], "-" + NO)
    record("version-10", "v=STSv10", drop, "D03", "v=STSv10; id=a", "-" + NO)
    record("version-2", "v=STSv2", drop, "D03", "v=STSv2; id=a", "-" + NO)
    record("version-2-beside", "v=STSv2 beside v=STSv1", drop, "D03", [["v=STSv2; id=b"], ["v=STSv1; id=a"]], "a")
    record("version-alone", "nothing after the version", drop, "D03", "v=STSv1", "-" + NO)
    record("version-and-comma", "a comma after the version", drop, "D03", "v=STSv1, id=a", "-" + NO)
    record("version-spaces-around-equals", "spaces around =", drop, "D03", "v = STSv1; id=a", "-" + NO)
    record("quoted-version", "quotation marks in the record", drop, "D03", '"v=STSv1; id=a"', "-" + NO)
    record("two-records", "two records", one, "D03", [["v=STSv1; id=a"], ["v=STSv1; id=b"]], "-" + SEVERAL)
    record("two-equal-records", "the same record twice", one, "D03", [["v=STSv1; id=a"], ["v=STSv1; id=a"]], "-" + SEVERAL)
    record("three-records", "three records", one, "D03", [["v=STSv1; id=a"], ["v=STSv1; id=b"], ["v=STSv1; id=c"]], "-" + SEVERAL)
    record("two-records-first-malformed", "two records, the first malformed", one + "; a malformed one counts", "D03", [["v=STSv1; id="], ["v=STSv1; id=b"]], "-" + SEVERAL)
    record("two-records-last-malformed", "two records, the last malformed", one + "; a malformed one counts", "D03", [["v=STSv1; id=a"], ["v=STSv1;"]], "-" + SEVERAL)
    record("two-malformed-records", "two malformed records", one, "D03", [["v=STSv1; id="], ["v=STSv1;"]], "-" + SEVERAL)
    record("two-records-and-others", "two records among others", one, "D03", [["x"], ["v=STSv1; id=a"], ["y"], ["v=STSv1; id=b"]], "-" + SEVERAL)

    first = "the version comes first, with nothing before it"
    record("id-before-version", "the id before the version", first, "D04", "id=a; v=STSv1;", "-" + NO)
    record("space-before-version", "a space before the version", first, "D04", " v=STSv1; id=a", "-" + NO)
    record("tab-before-version", "a tab before the version", first, "D04", "\tv=STSv1; id=a", "-" + NO)
    record("semicolon-before-version", "a semicolon before the version", first, "D04", ";v=STSv1; id=a", "-" + NO)
    record("no-field", "no field after the version", "at least one field follows", "D04 D05", "v=STSv1;", "-" + INVALID)
    record("no-field-space", "a space and no field", "at least one field follows", "D04 D05", "v=STSv1; ", "-" + INVALID)
    record("no-space", "no space after the semicolon", "white space is optional", "D04", "v=STSv1;id=a", "a")
    record("tabs-and-spaces", "tabs and spaces around semicolons", "WSP is space or tab", "D04", "v=STSv1; \t id=a \t;\t", "a")
    record("extension-before-id", "an extension before the id", "fields follow in any order", "D04 D07", "v=STSv1; note=x; id=a", "a")
    record("line-feed", "a line feed for white space", "WSP is space or tab", "D04 D06", "v=STSv1;\nid=a", "-" + INVALID)

    case = "the version and id= are case-sensitive"
    record("version-upper-v", "V=STSv1", case, "D05", "V=STSv1; id=a", "-" + NO)
    record("version-lower", "v=stsv1", case, "D05", "v=stsv1; id=a", "-" + NO)
    record("version-upper", "v=STSV1", case, "D05", "v=STSV1; id=a", "-" + NO)
    record("id-upper-name", "ID=a and no id", case, "D05", "v=STSv1; ID=a", "-" + INVALID)
    record("id-mixed-name", "Id=a and no id", case, "D05", "v=STSv1; Id=a;", "-" + INVALID)
    record("id-upper-name-beside", "ID= beside id=", case, "D05 D07", "v=STSv1; ID=b; id=a", "a")
    letters = "an id is 1 to 32 letters or digits"
    record("id-1-byte", "an id of one byte", letters, "D05", "v=STSv1; id=0", "0")
    record("id-32-bytes", "an id of 32 bytes", letters, "D05", "v=STSv1; id=" + "aB3d" * 8, "aB3d" * 8)
    record("id-33-bytes", "an id of 33 bytes", letters, "D05", "v=STSv1; id=" + "aB3d" * 8 + "x", "-" + INVALID)
    record("id-33-bytes-semicolon", "an id of 33 bytes and a semicolon", letters, "D05", "v=STSv1; id=" + "7" * 33 + ";", "-" + INVALID)
    record("id-empty", "an empty id", letters, "D05", "v=STSv1; id=", "-" + INVALID)
    record("id-empty-semicolon", "an empty id and a semicolon", letters, "D05", "v=STSv1; id=;", "-" + INVALID)
    record("id-missing", "no id", "the id must be there", "D05", "v=STSv1; note=a", "-" + INVALID)
    record("id-case-kept", "an id in mixed case", "ids are compared byte by byte", "D05 D11", "v=STSv1; id=aBcD", "aBcD")
    record("id-leading-zeros", "an id with zeros in front", "ids are no numbers", "D05 D11", "v=STSv1; id=007", "007")
    for word, char in [("hyphen", "-"), ("underscore", "_"), ("dot", "."), ("colon", ":"), ("plus", "+"), ("slash", "/"), ("space", " "), ("equals", "="), ("comma", ","), ("quote", '"'), ("tab", "\t")]:
        record(f"id-with-{word}", f"an id with a {word}", letters, "D05", f"v=STSv1; id=a{char}b", "-" + INVALID)
    record("id-quoted", "an id in quotation marks", letters, "D05", 'v=STSv1; id="a"', "-" + INVALID)
    record("id-non-ascii", "an id with a letter outside ASCII", letters, "D05", "v=STSv1; id=\u00e9", "-" + INVALID)
    record("id-fullwidth-digit", "an id with a digit outside ASCII", letters, "D05", "v=STSv1; id=\uff11", "-" + INVALID)
    record("id-space-after-equals", "a space after id=", "no space stands around =", "D05 D06", "v=STSv1; id= a", "-" + INVALID)
    record("id-space-before-equals", "a space before = in id", "no space stands around =", "D05 D06", "v=STSv1; id =a", "-" + INVALID)

    ext = "a record with a field outside the grammar is invalid as a whole"
    record("extension-after", "an extension after the id", "unknown fields are ignored", "D06 D07", "v=STSv1; id=a; note=x", "a")
    record("extension-name-32", "an extension name of 32 bytes", "a name has 1 to 32 bytes", "D06", f"v=STSv1; id=a; {'x' * 32}=y", "a")
    record("extension-name-33", "an extension name of 33 bytes", ext, "D06", f"v=STSv1; id=a; {'x' * 33}=y", "-" + INVALID)
    record("extension-name-all", "all bytes of a name", "a name has letters, digits, _, - and .", "D06", "v=STSv1; id=a; 9_-.Z=y", "a")
    record("extension-value-all", "all bytes of a value", "a value has all printable bytes but = and ;", "D06", "v=STSv1; id=a; x=!\"#$%&'()*+,-./09:<>?@AZ[\\]^_`az{|}~", "a")
    record("extension-value-equals", "a second = in a value", ext, "D06", "v=STSv1; id=a; x=y=z", "-" + INVALID)
    record("extension-value-space", "a space in a value", ext, "D06 D08", "v=STSv1; id=a; x=y z", "-" + INVALID)
    record("extension-value-empty", "an empty value", ext, "D06", "v=STSv1; id=a; x=", "-" + INVALID)
    record("extension-value-empty-first", "an empty value before the id", ext, "D06", "v=STSv1; x=; id=a", "-" + INVALID)
    record("extension-value-non-ascii", "a value outside ASCII", ext, "D06", "v=STSv1; id=a; x=\u00fc", "-" + INVALID)
    record("extension-value-control", "a control character in a value", ext, "D06", "v=STSv1; id=a; x=\u0001", "-" + INVALID)
    record("extension-value-delete", "DEL in a value", ext, "D06", "v=STSv1; id=a; x=\u007f", "-" + INVALID)
    record("extension-no-equals", "a field without =", ext, "D06", "v=STSv1; id=a; note", "-" + INVALID)
    record("extension-no-name", "a field without a name", ext, "D06", "v=STSv1; id=a; =y", "-" + INVALID)
    for word, char in [("underscore", "_"), ("hyphen", "-"), ("dot", ".")]:
        record(f"extension-name-{word}-first", f"a name that begins with a {word}", ext, "D06", f"v=STSv1; id=a; {char}x=y", "-" + INVALID)
    record("extension-name-space", "spaces around = in an extension", ext, "D06", "v=STSv1; id=a; x = y", "-" + INVALID)
    record("extension-name-slash", "a slash in a name", ext, "D06", "v=STSv1; id=a; x/y=z", "-" + INVALID)
    record("extension-malformed-before-id", "a malformed extension before the id", ext, "D06", "v=STSv1; x; id=a", "-" + INVALID)
    record("extension-like-id", "names that begin like id", "a name is compared as a whole", "D06 D07", "v=STSv1; i=b; idx=c; id-=d; id=a", "a")
    record("many-extensions", "forty extensions", "there is no limit to their number", "D06 D07", "v=STSv1; " + "; ".join(f"x{n}=y" for n in range(40)) + "; id=a", "a")

    rep = "of a repeated field the first counts and the rest are ignored"
    record("id-twice", "two ids", rep, "D07", "v=STSv1; id=a; id=b", "a", "should")
    record("id-twice-odd-second", "a second id that is none", rep, "D07", "v=STSv1; id=ab; id=a-b", "ab", "should")
    record("id-twice-long-second", "a second id of 40 bytes", rep, "D07", "v=STSv1; id=ab; id=" + "c" * 40, "ab", "should")
    record("id-twice-odd-first", "a first id that is none", "a known name in first place has a known value", "D07", "v=STSv1; id=a-b; id=ab", "-" + INVALID, "unclear")
    record("id-twice-empty-second", "a second id without value", ext, "D06 D07", "v=STSv1; id=ab; id=", "-" + INVALID)
    record("version-twice", "the version again as a field", rep, "D07", "v=STSv1; id=a; v=STSv1", "a", "should")
    record("version-2-later", "another version as a field", rep, "D07", "v=STSv1; id=a; v=STSv2", "a", "should")

    end = "one delimiter may end the record"
    record("end-semicolon", "a semicolon at the end", end, "D08", "v=STSv1; id=ab;", "ab")
    record("end-nothing", "nothing at the end", end, "D08", "v=STSv1; id=ab", "ab")
    record("end-spaces-around", "spaces around the last semicolon", end, "D08", "v=STSv1; id=ab ; ", "ab")
    record("end-tab", "a tab after the last semicolon", end, "D08", "v=STSv1; id=ab;\t", "ab")
    record("end-two-semicolons", "two semicolons at the end", end, "D08", "v=STSv1; id=ab;;", "-" + INVALID)
    record("end-two-semicolons-space", "two semicolons with a space between", end, "D08", "v=STSv1; id=ab; ;", "-" + INVALID)
    record("end-space", "a space at the end and no semicolon", end, "D08", "v=STSv1; id=ab ", "-" + INVALID)
    record("end-tab-only", "a tab at the end and no semicolon", end, "D08", "v=STSv1; id=ab\t", "-" + INVALID)
    record("end-extension-space", "a space after an extension at the end", end, "D08", "v=STSv1; id=ab; x=y ", "-" + INVALID)
    record("end-line-feed", "a line feed at the end", end, "D08", "v=STSv1; id=ab;\n", "-" + INVALID)
    record("end-nul", "NUL at the end", end, "D08", "v=STSv1; id=ab\u0000", "-" + INVALID)
    record("empty-field-first", "two semicolons after the version", "a field is not empty", "D08", "v=STSv1;; id=ab", "-" + INVALID)
    record("empty-field-between", "two semicolons between fields", "a field is not empty", "D08", "v=STSv1; id=ab;; x=y", "-" + INVALID)

    spaced = "the grammar allows white space before the semicolon; the text drops such a record"
    record("spaced-rfc", "a space before the first semicolon, strict", spaced, "D09", "v=STSv1 ; id=a", "-" + NO, "unclear", "rfc")
    record("spaced-interop", "a space before the first semicolon, lenient", spaced, "D09", "v=STSv1 ; id=a", "a", "unclear", "interop", ["space-before-semicolon"])
    record("spaced-tab-interop", "tabs before the first semicolon, lenient", spaced, "D09", "v=STSv1\t\t; id=a;", "a", "unclear", "interop", ["space-before-semicolon"])
    both = [["v=STSv1 ; id=a"], ["v=STSv1; id=b"]]
    same = "where the text of the RFC finds a record, the same one is found"
    record("spaced-beside-rfc", "one with and one without the space, strict", same, "D09 D03", both, "b", "unclear", "rfc")
    record("spaced-beside-interop", "one with and one without the space, lenient", same, "D09 D03", both, "b", "unclear", "interop", [])
    broken = [["v=STSv1 ; id=a"], ["v=STSv1; id="]]
    record("spaced-beside-broken", "one with the space, and a broken one", same, "D09 D03", broken, "-" + INVALID, "unclear", "interop")
    record("spaced-broken", "a broken one with the space", "it breaks the grammar anyway", "D09", "v=STSv1 ; id=", "-" + INVALID, "unclear", "interop")
    record("spaced-word", "a space and a word after the version", "the grammar has a semicolon there", "D09 D03", "v=STSv1 x; id=a", "-" + NO, "must", "interop")
    lenient = "leniency does not change the meaning of a record"
    for name, txt, found in [
        ("interop-conforming", "v=STSv1; id=a", "a"),
        ("interop-trailing-space", "v=STSv1; id=a ", "-" + INVALID),
        ("interop-empty-field", "v=STSv1;; id=a", "-" + INVALID),
        ("interop-long-id", "v=STSv1; id=" + "a" * 33, "-" + INVALID),
        ("interop-lower-case", "v=stsv1; id=a", "-" + NO),
        ("interop-space-in-front", " v=STSv1; id=a", "-" + NO),
    ]:
        record(name, "the same under both profiles: " + txt[:24], lenient, "D06 D08", txt, found, "must", "interop", [] if not found.startswith("-") else None)


# --- 3.2: the policy file ------------------------------------------------------------------------

HEAD = "version: STSv1\nmode: enforce\nmax_age: 604800\n"
GOOD = HEAD + "mx: mx1.example.org\n"
KEPT = {"mode": "enforce", "max_age": 604800, "mx": ["mx1.example.org"]}


def policy(name, title, why, rules, body, found, level="must", profile=None, deviations=None):
    """`found` is what the policy says (of KEPT only what differs), or why it is none."""
    request = {"op": "mta_sts.policy", "body_b64": b64(body)}
    if profile:
        request["profile"] = profile
    if isinstance(found, str):
        expect = {"verdict": "invalid", "reason": found}
    else:
        expect = {"verdict": "policy", **KEPT, **found}
    if deviations is not None:
        expect["deviations"] = deviations
    add("3.2", name, title, why, rules, request, expect, level)


def policies():
    policy("six-lines-crlf", "a policy with CRLF", "the grammar", "P01 P04", GOOD.replace("\n", "\r\n"), {})
    policy("six-lines-lf", "a policy with LF", "a line ends with LF or CRLF", "P01", GOOD, {})
    policy("mixed-line-ends", "LF and CRLF in one file", "a line ends with LF or CRLF", "P01", "version: STSv1\r\nmode:enforce\nmax_age: 1209600\r\nowner: Postmaster M\u00fcller\nmx: mx1.example.org \nmx: *.mail.example.net", {"max_age": 1209600, "mx": ["mx1.example.org", "*.mail.example.net"]})
    policy("no-last-line-end", "no end of line after the last field", "the last end of line may be missing", "P01", GOOD.rstrip("\n"), {})
    cr = "a lone CR ends no line"
    policy("cr-line-ends", "CR for line ends", cr, "P01", GOOD.replace("\n", "\r"), "malformed-line")
    policy("cr-at-end", "CR at the end of the file", cr, "P01", GOOD.rstrip("\n") + "\r", "malformed-line")
    policy("cr-cr-lf", "CR CR LF", cr, "P01", GOOD.replace("\n", "\r\r\n"), "malformed-line")
    policy("cr-hides-mode", "CR inside an ignored value", cr, "P01 P08", GOOD + "x: a\rmode: none\n", "malformed-line")
    policy("empty-file", "an empty file", "the required fields must be there", "P04", "", "missing-version")
    policy("byte-order-mark", "a byte order mark", "nothing stands before a field", "P01", "\ufeff" + GOOD, "malformed-line")
    policy("comment", "a comment", "a line is a field", "P01", "# policy\n" + GOOD, "malformed-line")
    policy("comment-at-end", "a comment at the end", "a line is a field", "P01", GOOD + "; end\n", "malformed-line")
    policy("space-before-field", "a space before a field", "nothing stands before a field", "P01", GOOD + " x: y\n", "malformed-line")
    policy("tab-before-mx", "a tab before mx", "nothing stands before a field", "P01", HEAD + "\tmx: mx1.example.org\n", "malformed-line")
    policy("html", "an HTML page", "a line is a field", "P02", "<!DOCTYPE html>\n<html></html>\n", "malformed-line")
    policy("no-colon", "a line without colon", "a field has a colon", "P02", GOOD + "nothing\n", "malformed-line")
    policy("equals-for-colon", "= for the colon", "a field has a colon", "P02", "version=STSv1\nmode=enforce\n", "malformed-line")
    policy("space-before-colon", "a space before the colon", "nothing stands between name and colon", "P02", GOOD.replace("mode:", "mode :"), "malformed-line")
    policy("no-space-after-colon", "no space after colons", "white space is optional", "P02", GOOD.replace(": ", ":"), {})
    policy("tabs-after-colon", "tabs and spaces after colons", "WSP is space or tab", "P02", GOOD.replace(": ", ":\t \t"), {})
    policy("space-after-value", "spaces and tabs after values", "white space may follow a value", "P02", GOOD.replace("\n", " \t\n"), {})
    policy("space-after-value-crlf", "spaces before CRLF", "white space may follow a value", "P02", GOOD.replace("\n", "  \r\n"), {})
    policy("space-at-end-of-file", "spaces at the end of the file", "white space may follow a value", "P02", GOOD.rstrip("\n") + "  ", {})

    case = "names, version and modes are case-sensitive"
    policy("version-lower", "version: stsv1", case, "P03", GOOD.replace("STSv1", "stsv1"), "unsupported-version")
    policy("version-upper", "version: STSV1", case, "P03", GOOD.replace("STSv1", "STSV1"), "unsupported-version")
    policy("version-2", "version: STSv2", "only STSv1 is known", "P03", GOOD.replace("STSv1", "STSv2"), "unsupported-version")
    policy("version-10", "version: STSv10", "a value is compared as a whole", "P03", GOOD.replace("STSv1", "STSv10"), "unsupported-version")
    policy("version-of-record", "version: v=STSv1", "the value is STSv1", "P03", GOOD.replace("STSv1", "v=STSv1"), "unsupported-version")
    for mode in ["Enforce", "ENFORCE", "enforced", "enforce;", "report", "off", "\"enforce\"", "testing enforce"]:
        word = "".join(c if c.isalnum() else "-" for c in mode.lower()).strip("-")
        known = {"Enforce": "capital-enforce", "ENFORCE": "upper-enforce", "enforce;": "enforce-semicolon", '"enforce"': "quoted-enforce"}
        policy("mode-" + known.get(mode, word), f"mode: {mode}", "there are three modes, in lower case", "P03", GOOD.replace("enforce", mode), "unknown-mode")
    policy("mode-capital-none", "mode: None", "None is not none", "P03", GOOD.replace("enforce", "None"), "unknown-mode")
    policy("mode-empty", "mode without a value", "there are three modes", "P03", GOOD.replace(" enforce", ""), "unknown-mode")
    policy("version-empty", "version without a value", "the value is STSv1", "P03", GOOD.replace(" STSv1", ""), "unsupported-version")
    policy("capital-mode-field", "Mode: none beside mode", "Mode is an unknown field", "P03 P08", "Mode: none\n" + GOOD, {})
    policy("capital-mode-field-alone", "Mode for mode", "Mode is an unknown field", "P03", GOOD.replace("mode:", "Mode:"), "missing-mode")
    policy("capital-version-field", "Version for version", case, "P03", GOOD.replace("version:", "Version:"), "missing-version")
    policy("upper-mx-field", "MX for mx", case, "P03", GOOD.replace("mx:", "MX:"), "missing-mx")
    policy("max-age-hyphen", "max-age for max_age", "the field is max_age", "P03", GOOD.replace("max_age:", "max-age:"), "missing-max-age")
    policy("max-age-camel", "maxAge for max_age", "the field is max_age", "P03", GOOD.replace("max_age:", "maxAge:"), "missing-max-age")

    none_ = "nothing is filled in for a missing field"
    policy("mode-testing", "mode testing", "the three modes", "P03", GOOD.replace("enforce", "testing"), {"mode": "testing"})
    policy("mode-none", "mode none with mx", "the three modes", "P04", GOOD.replace("enforce", "none"), {"mode": "none"})
    policy("mode-none-no-mx", "mode none without mx", "mx is required unless the mode is none", "P04 H04", HEAD.replace("enforce", "none"), {"mode": "none", "mx": []})
    policy("missing-version", "no version", none_, "P04", GOOD.replace("version: STSv1\n", ""), "missing-version")
    policy("missing-mode", "no mode", none_, "P04", GOOD.replace("mode: enforce\n", ""), "missing-mode")
    policy("missing-max-age", "no max_age", none_, "P04", GOOD.replace("max_age: 604800\n", ""), "missing-max-age")
    policy("missing-mx-enforce", "no mx in mode enforce", none_, "P04", HEAD, "missing-mx")
    policy("missing-mx-testing", "no mx in mode testing", none_, "P04", HEAD.replace("enforce", "testing"), "missing-mx")
    policy("missing-all-but-mx", "nothing but mx", none_, "P04", "mx: mx1.example.org\n", "missing-version")
    policy("missing-all-but-version", "nothing but the version", none_, "P04", "version: STSv1\n", "missing-mode")
    policy("reverse-order", "the fields in reverse order", "fields come in any order", "P04", "mx: mx1.example.org\nmax_age: 604800\nmode: enforce\nversion: STSv1\n", {})
    policy("mx-between", "mx between the other fields", "fields come in any order", "P04 P07", "mx: b.example.org\nversion: STSv1\nmx: a.example.org\nmode: enforce\nmx: *.example.net\nmax_age: 604800\n", {"mx": ["b.example.org", "a.example.org", "*.example.net"]})

    digits = "max_age is 1 to 10 digits and nothing else"
    for text, seconds in [("0", 0), ("1", 1), ("86400", 86400), ("0000604800", 604800), ("0000000000", 0), ("31557600", 31557600)]:
        policy(f"max-age-{text}", f"max_age: {text}", digits, "P05", GOOD.replace("604800", text), {"max_age": seconds})
    for text in ["31557601", "99999999", "100000000", "4294967296", "9999999999"]:
        policy(f"max-age-{text}", f"max_age: {text}", "a year is the maximum; the text does not say what more means", "P05", GOOD.replace("604800", text), {"max_age": 31557600}, "unclear")
    policy("max-age-clamped-interop", "a max_age over a year, lenient", "a shorter life than asked for is told", "P05", GOOD.replace("604800", "31557601"), {"max_age": 31557600}, "unclear", "interop", ["max-age-clamped"])
    for word, text in [("11-digits", "00000604800"), ("huge", "9" * 40), ("negative", "-1"), ("plus", "+604800"), ("point", "604800.0"), ("exponent", "6e5"), ("hex", "0x93A80"), ("underscore", "604_800"), ("comma", "604,800"), ("space", "604 800"), ("unit", "7d"), ("semicolon", "604800;"), ("word", "week"), ("empty", ""), ("arabic-digits", "\u0666\u0660\u0664\u0668\u0660\u0660"), ("fullwidth-digits", "\uff16\uff10"), ("superscript", "6\u00b2"), ("quoted", '"604800"')]:
        policy(f"max-age-bad-{word}", f"max_age: {text[:12]}", digits, "P05", GOOD.replace("604800", text), "invalid-max-age")

    dom = "an mx is a domain name of letters, digits and inner hyphens, with or without *. in front"
    for word, text in [("one-label", "localhost"), ("digits", "123.example.org"), ("hyphens", "mx--1.ex-ample.org"), ("a-label", "xn--mller-kva.example.org"), ("wildcard", "*.example.org"), ("wildcard-one-label", "*.org"), ("label-63", "a" * 63 + ".example.org")]:
        policy(f"mx-{word}", f"mx: {text[:30]}", dom, "P06", HEAD + f"mx: {text}\n", {"mx": [text]})
    policy("mx-upper-case", "an mx in upper case", "case does not matter", "P06", HEAD + "mx: MX1.Example.ORG\n", {})
    n253 = ".".join(["a" * 63] * 3 + ["b" * 61])
    policy("mx-253-bytes", "an mx of 253 bytes", "a name has at most 253 bytes", "P06", HEAD + f"mx: {n253}\n", {"mx": [n253]})
    policy("mx-ipv4", "an IPv4 address as mx", "it fits the grammar of a name", "P06", HEAD + "mx: 192.0.2.1\n", {"mx": ["192.0.2.1"]}, "unclear")
    policy("mx-label-64", "a label of 64 bytes", "a label has at most 63 bytes", "P06", HEAD + "mx: " + "a" * 64 + ".example.org\n", "invalid-mx", "unclear")
    policy("mx-254-bytes", "an mx of 254 bytes", "a name has at most 253 bytes", "P06", HEAD + f"mx: {n253}b\n", "invalid-mx", "unclear")
    for word, text in [("empty", ""), ("asterisk", "*"), ("asterisk-dot", "*."), ("two-asterisks", "*.*.example.org"), ("asterisk-inside", "a.*.example.org"), ("asterisk-in-label", "mx*.example.org"), ("asterisk-before-label", "*mx.example.org"), ("asterisk-last", "example.*"), ("empty-label", "mx1..example.org"), ("dot-first", ".example.org"), ("wildcard-empty-label", "*..example.org"), ("dot-alone", "."), ("underscore", "mx_1.example.org"), ("u-label", "m\u00fcller.example.org"), ("hyphen-first", "-mx.example.org"), ("hyphen-last", "mx-.example.org"), ("hyphen-alone", "-"), ("two-hosts", "mx1.example.org mx2.example.org"), ("two-hosts-comma", "mx1.example.org,mx2.example.org"), ("port", "mx1.example.org:25"), ("mail-address", "postmaster@example.org"), ("url", "smtp://mx1.example.org"), ("priority", "10 mx1.example.org"), ("semicolon", "mx1.example.org;"), ("regex", "^mx.*$"), ("slash", "192.0.2.0/24"), ("ideographic-dot", "mx1\u3002example.org"), ("tab-inside", "mx1\t.example.org")]:
        reason = "malformed-line" if word == "tab-inside" else "invalid-mx"
        policy(f"mx-bad-{word}", f"mx: {text[:30]!a}", dom, "P06 V08" if "*" in text else "P06", HEAD + f"mx: {text}\n", reason)
    policy("mx-one-bad-of-two", "one good and one bad mx", "every mx counts", "P06 P07", GOOD + "mx: mx_2.example.org\n", "invalid-mx")
    policy("mx-bad-in-mode-none", "a bad mx in mode none", "every mx counts", "P06", GOOD.replace("enforce", "none") + "mx: _\n", "invalid-mx")
    policy("mx-many", "300 mx lines", "there is no limit but that of the file", "P06 P07", HEAD + "".join(f"mx: mx{n}.example.org\n" for n in range(300)), {"mx": [f"mx{n}.example.org" for n in range(300)]})
    policy("mx-twice", "the same mx twice", "every mx counts", "P07", GOOD + "mx: mx1.example.org\n", {"mx": ["mx1.example.org"] * 2})

    rep = "of a repeated field the first counts and the rest are ignored"
    policy("mode-twice", "two modes", rep, "P07", GOOD + "mode: none\n", {}, "should")
    policy("mode-twice-unknown", "a second mode that is unknown", rep, "P07", GOOD + "mode: Whatever\n", {}, "should")
    policy("mode-twice-testing-first", "testing, then enforce", rep, "P07", "mode: testing\n" + GOOD, {"mode": "testing"}, "should")
    policy("version-twice", "two versions", rep, "P07", GOOD + "version: STSv2\n", {}, "should")
    policy("max-age-twice", "two lifetimes", rep, "P07", GOOD + "max_age: 1\n", {}, "should")
    policy("max-age-twice-odd", "a second lifetime that is none", rep, "P07", GOOD + "max_age: forever\n", {}, "should")
    policy("mode-twice-first-unknown", "a first mode that is unknown", "a known name in first place has a known value", "P07", "mode: soft\n" + GOOD, "unknown-mode", "unclear")
    policy("version-twice-first-unknown", "a first version that is unknown", "a known name in first place has a known value", "P07", "version: STSv0\n" + GOOD, "unsupported-version", "unclear")
    policy("mode-twice-second-empty", "a second mode without value", "an ignored field has the form of a field", "P07 P08", GOOD + "mode:\n", "malformed-line")
    policy("max-age-twice-second-control", "a control character in a second lifetime", "an ignored field has the form of a field", "P07 P08", GOOD + "max_age: 1\u00012\n", "malformed-line")

    unk = "unknown fields are ignored if well formed"
    for word, line in [("plain", "x: y"), ("spaces", "owner: a b  c"), ("colons", "x: a:b: c"), ("braces", "x: {a} (b) [c]"), ("name-bytes", "0_-.Z: y"), ("utf-8", "x: \u4f8b \U0001f512"), ("nel", "x: a\u0085mode: none"), ("line-separator", "x: a\u2028mode: none"), ("paragraph-separator", "x: a\u2029mx: evil.example"), ("bom-inside", "x: \ufeffy"), ("like-mx", "mxs: evil.example"), ("name-32", "x" * 32 + ": y"), ("one-byte", "x:y"), ("long", "x: " + "y" * 4000)]:
        policy(f"unknown-{word}", f"an unknown field: {word}", unk, "P08", GOOD + line + "\n", {})
    bad = "a malformed unknown field makes the file invalid"
    for word, line in [("empty", "x:"), ("blank", "x: \t "), ("name-33", "x" * 33 + ": y"), ("name-hyphen", "-x: y"), ("name-underscore", "_x: y"), ("name-dot", ".x: y"), ("name-space", "a b: y"), ("name-empty", ": y"), ("name-slash", "a/b: y"), ("name-utf-8", "\u00e9: y"), ("tab-inside", "x: a\tb"), ("vertical-tab", "x: a\u000bmode: none"), ("form-feed", "x: a\u000cmode: none"), ("nul", "x: a\u0000"), ("escape", "x: \u001b[0m"), ("delete", "x: a\u007f")]:
        policy(f"unknown-bad-{word}", f"a malformed unknown field: {word}", bad, "P08", GOOD + line + "\n", "malformed-line")
    utf = "the body is UTF-8, in ignored fields too"
    for word, data in [("latin-1", b"M\xfcller"), ("overlong", b"\xc0\xaf"), ("overlong-nul", b"\xc0\x80"), ("surrogate", b"\xed\xa0\x80"), ("too-high", b"\xf4\x90\x80\x80"), ("cut", b"\xe4\xbe"), ("continuation", b"\x80"), ("ff", b"\xff")]:
        policy(f"utf-8-{word}", f"bytes that are not UTF-8: {word}", utf, "P09", GOOD.encode() + b"x: " + data + b"\n", "not-utf8")
    policy("utf-16-bom", "UTF-16 with its mark", utf, "P09", b"\xff\xfe" + GOOD.encode("utf-16-le"), "not-utf8")
    policy("utf-16", "UTF-16 without its mark", "NUL is in no field", "P09 P08", GOOD.encode("utf-16-le"), "malformed-line")
    policy("nul-at-end", "NUL after the last line", "NUL is in no field", "P09", GOOD + "\u0000", "malformed-line")

    first = "of several faults the first in the file is told"
    policy("fault-order-mode-then-line", "an unknown mode, then a malformed line", first, "P03", GOOD.replace("enforce", "x") + "?\n", "unknown-mode")
    policy("fault-order-line-then-mode", "a malformed line, then an unknown mode", first, "P02", "?\n" + GOOD.replace("enforce", "x"), "malformed-line")
    policy("fault-order-mx-then-missing", "a bad mx, and no version", first, "P06", "mx: _\n", "invalid-mx")
    policy("fault-order-utf-8", "an unknown mode, then bytes that are not UTF-8", "the body is decoded first", "P09", GOOD.replace("enforce", "x").encode() + b"\xff", "not-utf8")

    strict = "the grammar has no such line"
    soft = "it cannot change the meaning of a field"
    for name, title, body, reason, word, found in [
        ("blank-line-at-end", "an empty line at the end", GOOD + "\n", "malformed-line", "trailing-blank-line", {}),
        ("blank-lines-at-end", "three blank lines at the end", GOOD + "\r\n \n\t", "malformed-line", "trailing-blank-line", {}),
        ("blank-line-between", "an empty line between fields", GOOD.replace("mode", "\nmode"), "malformed-line", "blank-line", {}),
        ("blank-line-first", "an empty line at the start", "\n" + GOOD, "malformed-line", "blank-line", {}),
        ("mx-trailing-dot", "an mx with the dot of the root", HEAD + "mx: mx1.example.org.\n", "invalid-mx", "mx-trailing-dot", {}),
        ("mx-wildcard-trailing-dot", "a wildcard with the dot of the root", HEAD + "mx: *.example.org.\n", "invalid-mx", "mx-trailing-dot", {"mx": ["*.example.org"]}),
        ("mx-ipv6", "an IPv6 address beside a name", GOOD + "mx: 2001:db8::1\n", "invalid-mx", "mx-address-literal", {}),
        ("mx-ipv4-brackets", "an IPv4 literal beside a name", GOOD + "mx: [192.0.2.1]\n", "invalid-mx", "mx-address-literal", {}),
        ("mx-ipv6-brackets", "an IPv6 literal beside a name", "mx: [IPv6:2001:db8::1]\n" + GOOD, "invalid-mx", "mx-address-literal", {}),
    ]:
        policy(name + "-rfc", title + ", strict", strict, "P01 P06", body, reason, "must", "rfc")
        policy(name + "-interop", title + ", lenient", soft, "P01 P06", body, found, "unclear", "interop", [word])
    policy("mx-two-trailing-dots", "an mx with two dots at its end", "a label is not empty", "P06", HEAD + "mx: mx1.example.org..\n", "invalid-mx", "must", "interop")
    policy("mx-literal-alone", "nothing but an address literal", "no usable pattern remains", "P06", HEAD + "mx: [192.0.2.1]\n", "invalid-mx", "must", "interop")
    policy("mx-literal-and-ipv4", "a literal and an IPv4 address", "no usable pattern remains", "P06", HEAD + "mx: 2001:db8::1\nmx: 192.0.2.1\n", "invalid-mx", "unclear", "interop")
    policy("interop-conforming", "a conforming policy, lenient", "there is nothing to tell", "P01", GOOD, {}, "must", "interop", [])
    policy("interop-two-deviations", "two deviations, in their order", soft, "P01 P06", "\n" + HEAD + "mx: mx1.example.org.\n", {}, "unclear", "interop", ["blank-line", "mx-trailing-dot"])
    keep = "leniency does not change what a field means"
    for name, body, reason in [
        ("bom", "\ufeff" + GOOD, "malformed-line"), ("comment", "# x\n" + GOOD, "malformed-line"),
        ("space-before-colon", GOOD.replace("mode:", "mode :"), "malformed-line"), ("lone-cr", GOOD.replace("\n", "\r"), "malformed-line"),
        ("mode-case", GOOD.replace("enforce", "Enforce"), "unknown-mode"), ("missing-mx", HEAD, "missing-mx"),
        ("underscore", HEAD + "mx: mx_1.example.org\n", "invalid-mx"), ("u-label", HEAD + "mx: m\u00fcller.example.org\n", "invalid-mx"),
        ("two-hosts", HEAD + "mx: a.example.org b.example.org\n", "invalid-mx"), ("empty-unknown", GOOD + "x:\n", "malformed-line"),
        ("latin-1", GOOD.encode() + b"x: \xfc\n", "not-utf8"), ("missing-max-age", GOOD.replace("max_age: 604800\n", ""), "missing-max-age"),
    ]:
        policy("interop-refuses-" + name, "refused under both profiles: " + name, keep, "P01 P06", body, reason, "must", "interop")


# --- 3.3: the response ---------------------------------------------------------------------------

CRLF = GOOD.replace("\n", "\r\n")
TEXT = "Content-Type: text/plain\r\n"


def http(body=CRLF, head=None, status="200 OK", version="HTTP/1.1"):
    body = body.encode() if isinstance(body, str) else body
    if head is None:
        head = TEXT + f"Content-Length: {len(body)}\r\n"
    return f"{version} {status}\r\n{head}\r\n".encode() + body


def chunked(*chunks, last=b"0\r\n\r\n", head=""):
    parts = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return http(parts + last, TEXT + head + "Transfer-Encoding: chunked\r\n")


def response(name, title, why, rules, data, found=None, level="must", verdict="fetch-error"):
    """`found` is the reason of a failure; None is the policy KEPT."""
    request = {"op": "mta_sts.response", "response_b64": b64(data)}
    if found is None:
        expect = {"verdict": "policy", **KEPT}
    elif isinstance(found, dict):
        expect = {"verdict": "policy", **KEPT, **found}
    elif found == "":
        expect = {"verdict": verdict}
    else:
        expect = {"verdict": verdict, "reason": found}
    add("3.3", name, title, why, rules, request, expect, level)


def responses():
    only = "only status 200 gives a policy"
    response("status-200", "a policy by length", only, "F02", http())
    response("status-200-no-phrase", "a status line without a phrase", only, "F02", http(status="200"))
    response("status-200-other-phrase", "200 with another phrase", "the phrase means nothing", "F02", http(status="200 Not Found"))
    for status in ["201 Created", "202 Accepted", "203 Non-Authoritative Information", "204 No Content", "205 Reset Content", "206 Partial Content", "226 IM Used", "400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone", "421 Misdirected Request", "429 Too Many Requests", "500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "999 Odd"]:
        response(f"status-{status[:3]}", f"a valid policy under {status}", only, "F02", http(status=status), "status")
    for status in ["300 Multiple Choices", "301 Moved Permanently", "302 Found", "303 See Other", "304 Not Modified", "307 Temporary Redirect", "308 Permanent Redirect"]:
        head = TEXT + f"Location: https://mta-sts.example.org/.well-known/mta-sts.txt\r\nContent-Length: {len(CRLF)}\r\n"
        response(f"redirect-{status[:3]}", f"a valid policy under {status}", "redirects are not followed", "F02", http(head=head, status=status), "redirect")
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    response("interim-one", "an interim response first", "interim responses are skipped", "F02", hint + http())
    response("interim-100", "100 Continue first", "interim responses are skipped", "F02", b"HTTP/1.1 100 Continue\r\n\r\n" + http())
    response("interim-four", "four interim responses first", "up to four are skipped", "F02", hint * 4 + http(), None, "may")
    response("interim-five", "five interim responses first", "up to four are skipped", "F02 F17", hint * 5 + http(), "", "may")
    response("switching-protocols", "101 first", "nothing was to be switched", "F02", b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + http(), "status")
    response("interim-only", "an interim response and the end", "the response is missing", "F15", hint, "truncated")

    for word, field in [("upper", "TEXT/PLAIN"), ("mixed", "Text/Plain"), ("utf-8", "text/plain; charset=utf-8"), ("latin-1", "text/plain; charset=iso-8859-1"), ("no-space", "text/plain;charset=UTF-8"), ("odd-parameter", "text/plain; x"), ("format", "text/plain; format=flowed; delsp=yes"), ("space-before-semicolon", "text/plain ; charset=utf-8")]:
        response(f"media-type-{word}", f"Content-Type: {field}", "the type is compared without case, its parameters are ignored", "F04", http(head=f"content-type: {field}\r\nContent-Length: {len(CRLF)}\r\n"), None, "should")
    for word, head in [("missing", ""), ("empty", "Content-Type:\r\n"), ("html", "Content-Type: text/html\r\n"), ("octets", "Content-Type: application/octet-stream\r\n"), ("plain-suffix", "Content-Type: text/plain2\r\n"), ("text-only", "Content-Type: text\r\n"), ("wildcard", "Content-Type: text/*\r\n"), ("json", "Content-Type: application/json\r\n"), ("twice", TEXT * 2), ("twice-differing", TEXT + "Content-Type: text/html\r\n"), ("list", "Content-Type: text/plain, text/html\r\n"), ("quoted", 'Content-Type: "text/plain"\r\n')]:
        response(f"media-type-bad-{word}", f"the media type is {word}", "the media type is text/plain", "F04", http(head=head + f"Content-Length: {len(CRLF)}\r\n"), "media-type", "should")
    coding = "no content coding was asked for"
    response("coding-identity", "Content-Encoding: identity", "identity is no coding", "F04", http(head=TEXT + f"Content-Encoding: identity\r\nContent-Length: {len(CRLF)}\r\n"), None, "should")
    for word in ["gzip", "br", "deflate", "aes128gcm"]:
        response(f"coding-{word}", f"Content-Encoding: {word}", coding, "F04", http(head=TEXT + f"Content-Encoding: {word}\r\nContent-Length: {len(CRLF)}\r\n"), "content-encoding", "should")
    cache = f"Cache-Control: no-store, max-age=0\r\nAge: 9999999\r\nExpires: 0\r\nETag: \"x\"\r\nContent-Length: {len(CRLF)}\r\n"
    response("caching-fields", "fields of HTTP caching", "the policy's own max_age counts", "F03", http(head=TEXT + cache))

    frame = "RFC 9112 section 6.3"
    data = CRLF.encode()
    response("until-close", "a body up to the end of the stream", frame, "F14", http(head=TEXT))
    response("http-1.0", "HTTP/1.0", frame, "F14", http(version="HTTP/1.0", head=TEXT))
    response("length-more-after", "bytes after the body", "what comes after the length is no body", "F14", http() + b"mode: none\r\n")
    response("length-short", "a body shorter than its length", "a body cut short is no body", "F15", http(head=TEXT + f"Content-Length: {len(CRLF) + 1}\r\n"), "truncated")
    response("length-cut-mx", "a body cut before its last mx", "a cut body could pass for another policy", "F15", http(data[:-5], TEXT + f"Content-Length: {len(CRLF)}\r\n"), "truncated")
    response("length-leading-zeros", "a length with zeros in front", "a length is digits", "F14", http(head=TEXT + f"Content-Length: 000{len(CRLF)}\r\n"))
    # One value that is repeated may be refused, or taken as one (RFC 9110 section 8.6).
    for word, value in [("plus", f"+{len(CRLF)}"), ("minus", "-1"), ("hex", "0x60"), ("list", f"{len(CRLF)}, {len(CRLF)}"), ("empty", ""), ("word", "all"), ("space", "6 0")]:
        level, rule, why = ("may", "F16", "one value told twice may be taken as one (RFC 9110 section 8.6)") if word == "list" else ("must", "F14", "a length is digits")
        response(f"length-bad-{word}", f"Content-Length: {value}", why, rule, http(head=TEXT + f"Content-Length: {value}\r\n"), "malformed-response", level)
    response("length-twice", "two lengths that agree", "a length is told once", "F14", http(head=TEXT + f"Content-Length: {len(CRLF)}\r\n" * 2), "malformed-response", "may")
    response("length-twice-differing", "two lengths that differ", "a length is told once", "F14", http(head=TEXT + f"Content-Length: {len(CRLF)}\r\nContent-Length: 1\r\n"), "malformed-response")
    response("chunked-one", "one chunk", frame, "F14", chunked(data))
    response("chunked-many", "a chunk for each byte", frame, "F14", chunked(*[data[at : at + 1] for at in range(len(data))]))
    response("chunked-extension", "chunk extensions", "extensions are ignored", "F14", http(b"%X;a=b;c\r\n%s\r\n0;d\r\n\r\n" % (len(data), data), TEXT + "Transfer-Encoding: Chunked\r\n"))
    response("chunked-trailers", "trailers", "trailers are ignored", "F14", chunked(data, last=b"0\r\nContent-Type: text/html\r\nX: y\r\n\r\n"))
    response("chunked-more-after", "bytes after the last chunk", "what comes after is no body", "F14", chunked(data) + b"x")
    response("chunked-no-last", "no last chunk", "a body cut short is no body", "F15", chunked(data, last=b""), "truncated")
    response("chunked-no-end", "no end after the last chunk", "a body cut short is no body", "F15", chunked(data, last=b"0\r\n"), "truncated", "unclear")
    response("chunked-cut-in-chunk", "the stream ends inside a chunk", "a body cut short is no body", "F15", chunked(data)[:-20], "truncated")
    for word, raw in [("no-size", b"\r\nhello\r\n0\r\n\r\n"), ("bad-size", b"xyz\r\nhello\r\n0\r\n\r\n"), ("negative-size", b"-5\r\nhello\r\n0\r\n\r\n"), ("prefix-size", b"0x10\r\n0123456789abcdef\r\n0\r\n\r\n"), ("space-before-size", b" 5\r\nhello\r\n0\r\n\r\n"), ("no-line-end", b"2\r\nabcd\r\n0\r\n\r\n"), ("lf-only", b"2\nab\n0\n\n")]:
        response(f"chunked-{word}", f"malformed chunks: {word}", "what is malformed may be refused or repaired (RFC 9110 section 2.4)", "F16", http(raw, TEXT + "Transfer-Encoding: chunked\r\n"), "malformed-response", "may")
    length = f"Content-Length: {len(CRLF)}\r\n"
    response("chunked-and-length", "chunked together with a length", "two framings are read in two ways", "F14", chunked(data, head=length), "malformed-response", "should")
    for word, value in [("gzip", "gzip, chunked"), ("identity", "identity"), ("twice", "chunked, chunked"), ("unknown", "x")]:
        response(f"transfer-coding-{word}", f"Transfer-Encoding: {value}", "chunked is the only transfer coding", "F16", http(head=TEXT + f"Transfer-Encoding: {value}\r\n"), "malformed-response", "may")
    response("chunked-in-1.0", "chunked in HTTP/1.0", "HTTP/1.0 has no chunks", "F14", chunked(data).replace(b"HTTP/1.1", b"HTTP/1.0"), "malformed-response")
    response("empty-stream", "nothing at all", "the response is missing", "F15", b"", "truncated")
    response("half-a-head", "half a head", "the response is cut", "F15", http()[:30], "truncated")
    response("not-http", "the greeting of another service", "it is not HTTP", "F02", b"220 mx1.example.org ESMTP\r\n", "malformed-response")
    response("http-0.9", "a body without a head", "it is not HTTP/1", "F02", data, "malformed-response")
    response("http-2", "HTTP/2 in the status line", "it is not HTTP/1", "F16", http(version="HTTP/2"), "malformed-response", "may")
    response("folded-field", "a folded header field", "folded lines are obsolete", "F16", http(head=TEXT + "X: a\r\n b\r\n" + length), "malformed-response", "may")
    response("empty-body", "a body of no bytes", "an empty file is no policy", "P04", http(""), "missing-version", verdict="policy-invalid")
    response("html-page", "a page for everything, as text/plain", "the body is no policy", "P02", http("<html>Not found</html>"), "malformed-line", verdict="policy-invalid")
    response("policy-without-mx", "a file without mx", "the body is no policy", "P04", http(HEAD), "missing-mx", verdict="policy-invalid")
    response("policy-latin-1", "a file in Latin-1 that says so", "the body is UTF-8 whatever charset is named", "F04 P09", http(GOOD.encode() + b"x: \xfc\n", TEXT[:-2] + "; charset=iso-8859-1\r\n"), "not-utf8", verdict="policy-invalid")

    pad = GOOD + "x: "
    full = pad + "y" * (65536 - len(pad))
    cap = "bodies may be limited to 64 kilobytes"
    response("body-65536-bytes", "a body of 65536 bytes", cap, "F07", http(full), None, "may")
    response("body-65537-bytes", "a body of 65537 bytes", cap, "F07", http(full + "y"), "body-too-large", "may")
    response("body-65537-bytes-chunked", "a body of 65537 bytes in chunks", cap, "F07", chunked(full.encode(), b"y"), "body-too-large", "may")
    response("body-length-announced", "a length far over the cap", "it is refused at once", "F07", http(head=TEXT + "Content-Length: 99999999999999999999999\r\n"), "body-too-large", "may")
    response("chunk-size-announced", "a chunk size far over the cap", "it is refused at once", "F07", http(b"ffffffffffffffffff\r\n", TEXT + "Transfer-Encoding: chunked\r\n"), "body-too-large", "may")
    fields = lambda count: http(head=TEXT + length + "X: y\r\n" * (count - 2))
    response("head-64-fields", "64 fields", "the head is limited", "F17", fields(64), None, "may")
    response("head-65-fields", "65 fields", "the head is limited", "F17", fields(65), "head-too-large", "may")
    room = 16384 - len(http("", head=TEXT + length + "X: \r\n"))
    long = lambda size: http(head=TEXT + length + "X: " + "y" * size + "\r\n")
    response("head-16384-bytes", "a head of 16384 bytes", "the head is limited", "F17", long(room), None, "may")
    response("head-16385-bytes", "a head of 16385 bytes", "the head is limited", "F17", long(room + 1), "head-too-large", "may")


# --- 4.1: matching -------------------------------------------------------------------------------


def match(name, title, why, rules, mx, host, verdict, level="must", reason=None):
    mx = [mx] if isinstance(mx, str) else mx
    expect = {"verdict": verdict}
    if reason:
        expect["reason"] = reason
    add("4.1", name, title, why, rules, {"op": "mta_sts.match", "mx": mx, "host": host}, expect, level)


def matches():
    whole = "whole names are compared, without case"
    yes, no = "match", "no-match"
    for name, mx, host, verdict in [
        ("same", "mx1.example.org", "mx1.example.org", yes),
        ("host-upper", "mx1.example.org", "MX1.Example.ORG", yes),
        ("pattern-upper", "MX1.EXAMPLE.org", "mx1.example.org", yes),
        ("root-dot", "mx1.example.org", "mx1.example.org.", yes),
        ("root-dot-wildcard", "*.example.org", "mx1.example.org.", yes),
        ("one-label", "localhost", "localhost", yes),
        ("other-host", "mx1.example.org", "mx2.example.org", no),
        ("dot-is-no-wildcard", "mx1.example.org", "mx1xexample.org", no),
        ("suffix-added", "mx1.example.org", "mx1.example.org.evil.test", no),
        ("prefix-added", "mx1.example.org", "evilmx1.example.org", no),
        ("label-added", "mx1.example.org", "a.mx1.example.org", no),
        ("label-removed", "mx1.example.org", "example.org", no),
        ("suffix-only", "example.org", "mx1.example.org", no),
        ("other-top-level", "mx1.example.org", "mx1.example.com", no),
        ("shorter", "mx10.example.org", "mx1.example.org", no),
        ("cname-target", "mx1.example.org", "mail.example.com", no),
        ("a-label", "xn--mller-kva.example.org", "XN--mller-KVA.example.org", yes),
        ("hyphens", "a--b.example.org", "a--b.example.org", yes),
        ("digits", "1.2.3.example", "1.2.3.example", yes),
    ]:
        match("host-" + name, f"{mx} and {host}", whole, "V01 V03", mx, host, verdict)
    label = "a wildcard stands for exactly one label"
    for name, mx, host, verdict in [
        ("one-label", "*.example.org", "mx1.example.org", yes),
        ("upper", "*.EXAMPLE.org", "mx1.example.ORG", yes),
        ("a-label", "*.example.org", "xn--mller-kva.example.org", yes),
        ("no-label", "*.example.org", "example.org", no),
        ("two-labels", "*.example.org", "a.mx1.example.org", no),
        ("three-labels", "*.example.org", "a.b.mx1.example.org", no),
        ("suffix-without-dot", "*.example.org", "badexample.org", no),
        ("other-domain", "*.example.org", "mx1.example.com", no),
        ("longer-domain", "*.example.org", "mx1.example.org.evil.test", no),
        ("deep", "*.mx.example.org", "a.mx.example.org", yes),
        ("deep-too-short", "*.mx.example.org", "mx.example.org", no),
        ("top-level", "*.org", "example.org", yes),
        ("top-level-two", "*.org", "mx1.example.org", no),
        ("top-level-itself", "*.org", "org", no),
        ("hyphen-label", "*.example.org", "a-b.example.org", yes),
        ("digit-label", "*.example.org", "1.example.org", yes),
    ]:
        match("wildcard-" + name, f"{mx} and {host}", label, "V02", mx, host, verdict)
    match("wildcard-underscore", "a host with an underscore", "DNS allows it in a host's name", "V02 V03", "*.example.org", "mx_1.example.org", yes, "unclear")
    any_ = "a host is allowed if at least one pattern matches"
    match("list-last", "the last of three patterns", any_, "V01", ["a.example.org", "*.b.example.org", "c.example.org"], "c.example.org", yes)
    match("list-first", "the first of three patterns", any_, "V01", ["a.example.org", "*.b.example.org", "c.example.org"], "a.example.org", yes)
    match("list-none", "none of three patterns", any_, "V01", ["a.example.org", "*.b.example.org", "c.example.org"], "b.example.org", no)
    match("list-both", "a name and a wildcard that both match", any_, "V01", ["mx1.example.org", "*.example.org"], "mx1.example.org", yes)
    match("list-empty", "no pattern", any_, "V01", [], "mx1.example.org", no)
    addr = "a name whose last label is a number is no host"
    for name, mx, host in [("ipv4", "192.0.2.1", "192.0.2.1"), ("ipv4-wildcard", "*.0.2.1", "192.0.2.1"), ("number-top", "*.1", "mx.1")]:
        match("address-" + name, f"{mx} and {host}", addr, "P06 V01", mx, host, no, "unclear")
    match("address-beside", "an address beside the host's pattern", "one address does not void the others", "P06 V01", ["192.0.2.1", "mx1.example.org"], "mx1.example.org", yes)
    idn = "a U-label is converted before names are compared"
    match("u-label-host", "a host as U-label", idn, "V03", "xn--mller-kva.example.org", "m\u00fcller.example.org", yes, "may")
    match("u-label-host-upper", "a host as U-label in upper case", idn, "V03", "xn--mller-kva.example.org", "M\u00dcLLER.Example.ORG", yes, "may")
    match("u-label-host-wildcard", "a host as U-label and a wildcard", idn, "V02 V03", "*.example.org", "m\u00fcller.example.org", yes, "may")
    match("u-label-host-other", "a host as U-label that is another", idn, "V03", "xn--mller-kva.example.org", "muller.example.org", no, "may")
    star = "* appears only as the whole first label"
    for name, mx in [("star", "*"), ("star-dot", "*."), ("two-stars", "*.*.example.org"), ("star-inside", "a.*.example.org"), ("star-in-label", "a*.example.org"), ("star-before-label", "*a.example.org"), ("star-last", "mx1.*")]:
        match("pattern-" + name, f"the pattern {mx}", star, "V08", mx, "mx1.example.org", "invalid", "must", "invalid-pattern")
    form = "a pattern is a domain name, with or without *. in front"
    for name, mx in [("empty", ""), ("dot", "."), ("root-dot", "mx1.example.org."), ("dot-first", ".example.org"), ("empty-label", "mx1..example.org"), ("underscore", "mx_1.example.org"), ("u-label", "m\u00fcller.example.org"), ("port", "mx1.example.org:25"), ("space", "mx1.example.org "), ("hyphen-first", "-a.example.org"), ("hyphen-last", "a-.example.org"), ("literal", "[192.0.2.1]"), ("ipv6", "2001:db8::1"), ("regex", ".*")]:
        match("pattern-bad-" + name, f"the pattern {mx!a}", form, "P06 V08" if "*" in mx else "P06", mx, "mx1.example.org", "invalid", "must", "invalid-pattern")
    match("pattern-bad-beside-good", "a malformed pattern beside a good one", "a malformed pattern makes the policy invalid", "P06", ["mx1.example.org", "*"], "mx1.example.org", "invalid", "must", "invalid-pattern")
    n253 = ".".join(["a" * 63] * 3 + ["b" * 61])
    match("long-253", "names of 253 bytes", "a name has at most 253 bytes", "P06", n253, n253, yes)
    match("long-254-pattern", "a pattern of 254 bytes", "a name has at most 253 bytes", "P06", n253 + "b", n253, "invalid", "unclear", "invalid-pattern")
    match("long-254-host", "a host of 254 bytes", "a name has at most 253 bytes", "V03", n253, n253 + "b", "invalid", "unclear", "invalid-host")
    match("long-64-label-host", "a host with a label of 64 bytes", "a label has at most 63 bytes", "V03", "*.example.org", "a" * 64 + ".example.org", "invalid", "unclear", "invalid-host")
    for name, host in [("empty", ""), ("dot", "."), ("dot-first", ".example.org"), ("empty-label", "mx1..example.org"), ("two-root-dots", "mx1.example.org.."), ("space", "mx1 .example.org"), ("wildcard", "*.example.org"), ("port", "mx1.example.org:25"), ("literal", "[192.0.2.1]")]:
        match("host-bad-" + name, f"the host {host!a}", "a host is a name of non-empty labels", "V03", "*.example.org", host, "invalid", "unclear", "invalid-host")


# --- 3.3, 5.1 and others: deliveries -------------------------------------------------------------

NOW = 1_800_000_000
MODES = ("enforce", "testing", "none")


def text(mode, max_age=86400, host=None):
    """A policy whose mx tells where it comes from."""
    return f"version: STSv1\r\nmode: {mode}\r\nmx: {host or mode}.example.org\r\nmax_age: {max_age}\r\n"


def discover(section, name, title, why, rules, cached, txt, fetch, expect, level="must", now=NOW, profile=None, domain=None):
    request = {"op": "mta_sts.discover", "now": now, "cached": cached, "txt": txt, "fetch": fetch}
    if profile:
        request["profile"] = profile
    if domain:
        request["domain"] = domain
    add(section, name, title, why, rules, request, expect, level)


def cached(mode, age, max_age=86400, id="a", now=NOW):
    return {"id": id, "fetched_at": now - age, "body_b64": b64(text(mode, max_age, "cached"))}


def txt(id):
    return [[f"v=STSv1; id={id};"]]


def served(mode, max_age=86400):
    return {"response_b64": b64(http(text(mode, max_age, "fetched")))}


def applied(mode, id, source, fetched, result_type=None):
    host = "cached" if source == "cache" else "fetched"
    return {"verdict": "apply", "mode": mode, "mx": [f"{host}.example.org"], "policy_id": id, "source": source, "fetched": fetched, "result_type": result_type}


def no_policy(fetched, result_type=None):
    return {"verdict": "no-policy", "fetched": fetched, "result_type": result_type}


FETCH_ERROR, INVALID_POLICY, WEBPKI = "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"

FAILURES = [
    ("unreachable", None, FETCH_ERROR),
    ("connection-failed", {"failure": "connection-failed"}, FETCH_ERROR),
    ("timed-out", {"failure": "timed-out"}, FETCH_ERROR),
    ("certificate-invalid", {"failure": "certificate-invalid"}, WEBPKI),
    ("status-404", {"response_b64": b64(http(text("none"), status="404 Not Found"))}, FETCH_ERROR),
    ("redirect-301", {"response_b64": b64(http(text("none"), status="301 Moved Permanently"))}, FETCH_ERROR),
    ("media-type-html", {"response_b64": b64(http(text("none"), "Content-Type: text/html\r\n"))}, FETCH_ERROR),
    ("truncated", {"response_b64": b64(http(text("none"), TEXT + "Content-Length: 9999\r\n"))}, FETCH_ERROR),
    ("missing-mx", {"response_b64": b64(http("version: STSv1\r\nmode: enforce\r\nmax_age: 1\r\n"))}, INVALID_POLICY),
    ("unknown-mode", {"response_b64": b64(http(text("None")))}, INVALID_POLICY),
    ("not-utf8", {"response_b64": b64(http(text("none").encode() + b"x: \xff\r\n"))}, INVALID_POLICY),
]

NO_RECORD = [
    ("nonexistent", "nonexistent"),
    ("no-txt", []),
    ("other-txt", [["v=spf1 -all"]]),
    ("several", txt("b") + txt("c")),
    ("invalid", [["v=STSv1; id=;"]]),
    ("temporary-failure", "temporary-failure"),
]


def deliveries():
    # Rows 1 and 2: no usable record, no live policy.
    for word, answer in NO_RECORD:
        temporary = word == "temporary-failure"
        rules, level = ("D12", "unclear") if temporary else ("D03", "must")
        why = "without a record and a live policy there is no policy"
        discover("3.1", f"discover-{word}-nothing-cached", f"{word}, nothing cached", why, rules, None, answer, served("enforce"), no_policy(False), level)
        discover("3.1", f"discover-{word}-dead", f"{word}, a dead policy", why, rules + " A09", cached("enforce", 86401), answer, served("enforce"), no_policy(False), level)
    # Rows 3 and 4: a first fetch that succeeds.
    for mode in MODES:
        for state, entry in [("nothing-cached", None), ("dead-same-id", cached("enforce", 86401, id="b")), ("dead-other-id", cached("testing", 86401))]:
            expect = no_policy(True) if mode == "none" else applied(mode, "b", "fetched", True)
            rules = "F01 A09" if entry else "F01"
            why = "an id without a live policy asks for a fetch"
            discover("3.3", f"first-{mode}-{state}", f"a first policy in mode {mode}, {state}", why, rules, entry, txt("b"), served(mode), expect)
    discover("3.3", "first-max-age-0", "a first policy with max_age 0", "it serves the delivery that it was fetched for", "P05", None, txt("b"), served("enforce", 0), applied("enforce", "b", "fetched", True), "unclear")
    # Row 5: a first fetch that fails.
    for word, fetch, result in FAILURES:
        why = "without a live policy a failed fetch is no policy"
        discover("3.3", f"first-fails-{word}", f"a first fetch fails: {word}", why, "F09", None, txt("b"), fetch, no_policy(True, result))
    for word, fetch, result in FAILURES[:5]:
        why = "a dead policy is not applied, and its id does not revive it"
        discover("3.3", f"dead-same-id-fails-{word}", f"a dead policy, the same id, and a fetch that fails: {word}", why, "F09 A09 I2", cached("enforce", 86401, id="b"), txt("b"), fetch, no_policy(True, result))
        discover("3.3", f"dead-other-id-fails-{word}", f"a dead policy, another id, and a fetch that fails: {word}", why, "F09 A09 I2", cached("enforce", 90000), txt("b"), fetch, no_policy(True, result))
    # Row 7: the same id.
    for mode in MODES:
        expect = no_policy(False) if mode == "none" else applied(mode, "a", "cache", False)
        why = "the cached policy goes with this id"
        discover("5.1", f"same-id-{mode}", f"a live policy in mode {mode}, the same id", why, "A06", cached(mode, 100), txt("a"), served("testing"), expect)
    # Row 8: another id, fetched.
    for old in MODES:
        for new in MODES:
            expect = no_policy(True) if new == "none" else applied(new, "b", "fetched", True)
            why = "a new id asks for a fetch, and the new policy takes the place of the old"
            discover("5.1", f"new-id-{old}-to-{new}", f"from {old} to {new}", why, "A06 I4", cached(old, 100), txt("b"), served(new), expect)
    discover("5.1", "new-id-max-age-0", "a new policy with max_age 0", "it serves the delivery that it was fetched for", "P05 A06", cached("enforce", 100), txt("b"), served("testing", 0), applied("testing", "b", "fetched", True), "unclear")
    discover("5.1", "new-id-case", "ids that differ in case", "ids are compared byte by byte", "D11", cached("enforce", 100), txt("A"), served("testing"), applied("testing", "A", "fetched", True))
    discover("5.1", "new-id-zero", "ids that are equal as numbers", "ids are compared byte by byte", "D11", cached("enforce", 100, id="7"), txt("07"), served("testing"), applied("testing", "07", "fetched", True))
    discover("5.1", "new-id-older", "an id that sorts before the cached one", "ids have no order", "D11", cached("enforce", 100, id="20260101"), txt("20250101"), served("testing"), applied("testing", "20250101", "fetched", True))
    # Row 9: another id, and a fetch that fails.
    for word, fetch, result in FAILURES:
        why = "a live policy goes on to apply, and the failure is reported"
        discover("5.1", f"new-id-fails-{word}", f"a live policy, another id, and a fetch that fails: {word}", why, "F10 I1", cached("enforce", 100), txt("b"), fetch, applied("enforce", "a", "cache", True, result))
    for word, fetch, result in FAILURES[:4]:
        discover("5.1", f"new-id-fails-testing-{word}", f"a live testing policy, and a fetch that fails: {word}", "a live policy goes on to apply", "F10 I1", cached("testing", 100), txt("b"), fetch, applied("testing", "a", "cache", True, result))
        discover("5.1", f"new-id-fails-none-{word}", f"a live policy in mode none, and a fetch that fails: {word}", "no failure is reported while none is cached", "F10 A03", cached("none", 100), txt("b"), fetch, no_policy(True), "should")
    # Row 11: no usable record, a live policy.
    for word, answer in NO_RECORD:
        for mode in MODES:
            expect = no_policy(False) if mode == "none" else applied(mode, "a", "cache", False)
            why = "what DNS says never removes or weakens a live policy"
            discover("5.1", f"live-{mode}-{word}", f"a live policy in mode {mode}, {word}", why, "D10 I1", cached(mode, 100), answer, served("none"), expect)
    # The edges of a life.
    age = "a policy is live while now - fetched_at <= max_age"
    for word, seconds, live in [("zero", 0, True), ("one-before", 86399, True), ("exactly", 86400, True), ("one-after", 86401, False), ("long-after", 10**9, False)]:
        expect = applied("enforce", "a", "cache", False) if live else no_policy(False)
        discover("3.3", f"life-{word}", f"a policy {seconds} seconds old with max_age 86400", age, "A09 I2", cached("enforce", seconds), "nonexistent", None, expect)
    for word, seconds, live in [("at-a-year", 31557600, True), ("over-a-year", 31557601, False)]:
        expect = applied("enforce", "a", "cache", False) if live else no_policy(False)
        discover("3.3", f"life-clamped-{word}", f"a policy {seconds} seconds old with max_age 9999999999", "no policy lives longer than a year", "P05 I2", cached("enforce", seconds, 9999999999), "nonexistent", None, expect, "unclear")
    discover("3.3", "clock-went-back", "a policy fetched in the future", "its age is 0", "I9", cached("enforce", -3600), txt("a"), None, applied("enforce", "a", "cache", False), "unclear")
    discover("3.3", "clock-went-back-new-id", "a policy fetched in the future, and another id", "its age is 0", "I9 F10", cached("enforce", -3600), txt("b"), None, applied("enforce", "a", "cache", True, FETCH_ERROR), "unclear")
    end = 2**63 - 1
    discover("3.3", "clock-at-the-end", "a clock near the end of its range", "sums saturate", "I9", {"id": "a", "fetched_at": end - 5, "body_b64": b64(text("enforce", 86400, "cached"))}, txt("a"), None, applied("enforce", "a", "cache", False), "unclear", now=end)
    broken = {"id": "a", "fetched_at": NOW - 100, "body_b64": b64("no policy")}
    discover("3.3", "cached-body-broken", "a cached body that is no policy", "it counts as no entry", "A09", broken, "nonexistent", None, no_policy(False), "unclear")
    discover("3.3", "cached-body-broken-same-id", "a cached body that is no policy, the same id", "it counts as no entry, so the policy is fetched", "A09", broken, txt("a"), served("enforce"), applied("enforce", "a", "fetched", True), "unclear")
    # Records as a delivery sees them.
    discover("3.1", "discover-split-record", "an id over two strings", "the strings are joined", "D02", cached("enforce", 100, id="ab"), [["v=STSv1; id=a", "b"]], served("none"), applied("enforce", "ab", "cache", False))
    discover("3.1", "discover-among-others", "a record among others", "other records are dropped", "D03", None, [["x"]] + txt("b") + [["y"]], served("enforce"), applied("enforce", "b", "fetched", True))
    spaced = [["v=STSv1 ; id=b"]]
    discover("3.1", "discover-spaced-rfc", "a space before the first semicolon, strict", "the text drops such a record", "D09", None, spaced, served("enforce"), no_policy(False), "unclear", profile="rfc")
    discover("3.1", "discover-spaced-interop", "a space before the first semicolon, lenient", "the record's meaning is plain", "D09", None, spaced, served("enforce"), applied("enforce", "b", "fetched", True), "unclear", profile="interop")
    blank = {"response_b64": b64(http(text("enforce", 86400, "fetched") + "\r\n"))}
    discover("3.2", "discover-blank-line-rfc", "a blank line in the file, strict", "the grammar has no such line", "P01", None, txt("b"), blank, no_policy(True, INVALID_POLICY), profile="rfc")
    discover("3.2", "discover-blank-line-interop", "a blank line in the file, lenient", "it cannot change a field", "P01", None, txt("b"), blank, applied("enforce", "b", "fetched", True), "unclear", profile="interop")
    # Names.
    long = ".".join(["a" * 60] * 4)
    discover("3.4", "domain-too-long", "a domain whose record's name has 254 bytes or more", "there is no such name, so no record", "D01 F13", None, txt("b"), served("enforce"), no_policy(False), "unclear", domain=long + ".a")
    discover("3.4", "domain-ipv4", "an IPv4 address as domain", "an address has no policy", "F13", None, txt("b"), served("enforce"), no_policy(False), "must", domain="192.0.2.1")
    discover("3.4", "domain-upper-case", "a domain in upper case", "names have no case", "D01", None, txt("b"), served("enforce"), applied("enforce", "b", "fetched", True), "must", domain="EXAMPLE.ORG")
    discover("3.4", "domain-root-dot", "a domain with the dot of the root", "it is the same name", "D01", None, txt("b"), served("enforce"), applied("enforce", "b", "fetched", True), "must", domain="example.org.")
    discover("3.4", "domain-u-label", "a domain as U-label", "it is converted to A-labels", "D01", None, txt("b"), served("enforce"), applied("enforce", "b", "fetched", True), "may", domain="m\u00fcller.example")
    discover("8.3", "leaving-none-fetched", "a domain that leaves", "mode none with a small max_age takes the place of the policy", "A06 A03", cached("enforce", 100), txt("gone"), served("none", 86400), no_policy(True))
    discover("8.3", "leaving-without-none", "a domain that removes record and host", "the live policy goes on to apply", "D10", cached("enforce", 100), "nonexistent", None, applied("enforce", "a", "cache", False))
    discover("10.2", "flapping-id", "an attacker who changes the record and blocks HTTPS", "the live policy goes on to apply", "A10 F10", cached("enforce", 100), txt("evil"), {"failure": "connection-failed"}, applied("enforce", "a", "cache", True, FETCH_ERROR))
    discover("10.2", "forged-host", "an attacker who serves mode none without the certificate", "only an authenticated fetch ends a policy", "A10 F05 F10 I1 I4", cached("enforce", 100), txt("evil"), {"failure": "certificate-invalid"}, applied("enforce", "a", "cache", True, WEBPKI))


def main(directory):
    records()
    policies()
    responses()
    matches()
    deliveries()
    ids = [vector["id"] for vectors in VECTORS.values() for vector in vectors]
    assert len(ids) == len(set(ids)), sorted(id for id in ids if ids.count(id) > 1)
    folder = directory / "rfc8461"
    folder.mkdir(parents=True, exist_ok=True)
    for section, vectors in VECTORS.items():
        lines = ",\n".join("  " + json.dumps(vector, ensure_ascii=True) for vector in vectors)
        head = '{"crate": "mta-sts", "spec": "rfc8461", "vectors": [\n'
        (folder / f"{section}.json").write_text(head + lines + "\n]}\n")
    print(len(ids), "vectors,", sum("discover" in json.dumps(v["request"]) for s in VECTORS.values() for v in s), "deliveries")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if sys.argv[1:] else HERE.parent / "vectors")
