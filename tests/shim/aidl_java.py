#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Java for the interfaces in aidl/, as Soong's aidl_interface makes it, from Debian's aidl.

    aidl_java.py AIDL-FOLDER OUT-FOLDER

Debian's aidl knows no enums. What AOSP's makes of one is an annotation with constants, and uses of it are of its backing
type: that is done here, and aidl is given the rest. What it cannot read it refuses. InterfacesTest compares what comes out with
the .aidl files, and the bridge's tests with what the service understands.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
ENUM = re.compile(r'@Backing\(type="(\w+)"\)\s*enum\s+(\w+)\s*\{(.*)\}', re.S)
PACKAGE = re.compile(r"package\s+([\w.]+)\s*;")


def constants(body):
    """Name and value of each entry; one without a value is the one before and one."""
    found, following = [], 0
    for entry in filter(None, (part.strip() for part in body.split(","))):
        name, _, value = (part.strip() for part in entry.partition("="))
        following = int(value, 0) if value else following
        found.append((name, following))
        following += 1
    return found


def annotation(package, kind, name, entries):
    """The Java of an enum."""
    lines = [f"  public static final {kind} {entry} = {value};" for entry, value in entries]
    return f"package {package};\npublic @interface {name} {{\n" + "\n".join(lines) + "\n}\n"


def without_enums(text, enums):
    """An .aidl file that speaks of backing types instead."""
    for path, (kind, name, entries) in enums.items():
        imported = re.compile(rf"import\s+{re.escape(path)}\s*;")
        if imported.search(text):
            text = imported.sub("", text)
            values = dict(entries)
            text = re.sub(rf"\b{name}\.(\w+)", lambda use: str(values[use[1]]), text)
            text = re.sub(rf"\b{name}\b", kind, text)
    return text


def main():
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    texts = {path: COMMENT.sub("", path.read_text()) for path in sorted(source.rglob("*.aidl"))}
    enums = {}
    for text in texts.values():
        enum = ENUM.search(text)
        if enum:
            package = PACKAGE.search(text)[1]
            kind, name, entries = enum[1], enum[2], constants(enum[3])
            enums[f"{package}.{name}"] = (kind, name, entries)
            java = out.joinpath(*package.split("."), f"{name}.java")
            java.parent.mkdir(parents=True, exist_ok=True)
            java.write_text(annotation(package, kind, name, entries))
    with tempfile.TemporaryDirectory() as folder:
        others = []
        for path, text in texts.items():
            if not ENUM.search(text):
                copy = Path(folder, path.relative_to(source))
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(without_enums(text, enums))
                others.append(str(copy.relative_to(folder)))
        for name in others:
            subprocess.run(
                ["aidl", "--lang=java", "-I", ".", "-o", out.resolve(), name], cwd=folder, check=True
            )
            # Generated code is not held to our compiler's warnings.
            java = out.joinpath(name).with_suffix(".java")
            java.write_text(
                re.sub(r"^public (?=interface|class)", '@SuppressWarnings("all")\npublic ',
                       java.read_text(), count=1, flags=re.M)
            )


if __name__ == "__main__":
    main()
