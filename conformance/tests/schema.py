#!/usr/bin/python3
"""Checks every file of vectors against vectors/schema.json by another's JSON schema validator.

Each vector is also changed in ways that the schema must notice, so that it is no schema that takes everything.
"""

import copy
import json
import pathlib
import sys

from jsonschema import Draft202012Validator

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "vectors"


def changed(vector):
    """The vector with one thing wrong, again and again."""
    for name in ["id", "title", "section", "level", "why", "request", "expect"]:
        yield f"without {name}", {key: value for key, value in vector.items() if key != name}
    for path, value in [
        (["id"], "RFC1/x/y"),
        (["level"], "perhaps"),
        (["note"], "x"),
        (["request", "op"], "no.such"),
        (["request", "note"], "x"),
        (["expect", "verdict"], "perhaps"),
        (["expect", "note"], "x"),
    ]:
        other = copy.deepcopy(vector)
        place = other
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
        yield f"with {path} as {value!r}", other


def main():
    schema = json.loads((FOLDER / "schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    whole = Draft202012Validator(schema)
    one = Draft202012Validator({"$ref": "#/$defs/vector", "$defs": schema["$defs"]})
    problems = []
    seen = set()
    count = 0
    for path in sorted(FOLDER.glob("*/*.json")):
        file = json.loads(path.read_text())
        problems += [f"{path.name}: {error.json_path}: {error.message:.200}" for error in whole.iter_errors(file)]
        count += len(file["vectors"])
        for vector in file["vectors"]:
            kind = (vector["request"]["op"], vector["expect"]["verdict"])
            if kind not in seen:
                seen.add(kind)
                problems += [f"{vector['id']} is taken {how}" for how, it in changed(vector) if one.is_valid(it)]
    print("\n".join(problems) or f"{count} vectors")
    sys.exit(1 if problems or count == 0 else 0)


if __name__ == "__main__":
    main()
