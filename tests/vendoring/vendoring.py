#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/vendoring.md: which crates a phone needs, and which of them AOSP lacks.

Ours are what cargo says of the packages that are installed; AOSP's are in aosp.tsv, beside this file.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TARGET = "aarch64-linux-android"


def package_name(folder):
    return re.search(r'^name = "(.*)"$', (folder / "Cargo.toml").read_text(), re.M).group(1)


def installed():
    """The packages with something that Android.bp builds for a phone."""
    blueprint = (ROOT / "Android.bp").read_text()
    sources = re.findall(r'"((?:src|java-shim)/[^"*]*/)src/(?:main|lib)\.rs"', blueprint)
    return sorted({package_name(ROOT / source) for source in sources})


class Crate:
    """One version of a crate."""

    def __init__(self, name, version, is_macro, licence):
        self.name, self.version, self.is_macro, self.licence = name, version, is_macro, licence
        self.features, self.users = set(), set()

    def soong(self):
        return "lib" + self.name.replace("-", "_")


def crates():
    """What the installed packages are built of, by name and version."""
    command = ["cargo", "tree", "--locked", "--target", TARGET, "--edges", "normal", "--no-dedupe"]
    command += ["--prefix", "depth", "--format", " {p}|{f}|{l}"]
    for package in installed():
        command += ["--package", package]
    tree = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found, above, pruned = {}, [], None
    for line in tree.splitlines():
        match = re.match(r"(\d+) (\S+) v(\S+)( \(proc-macro\))?(?: \(([^)]*/[^)]*)\))?\|([^|]*)\|(.*)$", line)
        if not match:
            if line.strip():
                raise SystemExit(f"cargo tree says what is not understood: {line}")
            continue
        depth, name, version, is_macro, folder, features, licence = match.groups()
        depth = int(depth)
        del above[depth:]
        above.append(name)
        if pruned is not None and depth > pruned:
            continue
        # A stand-in for what AOSP has: what it needs, no phone does.
        stands_in = folder and pathlib.Path(folder).parent == ROOT / "host"
        pruned = depth if stands_in else None
        if folder:
            continue
        version = version.split("+")[0]
        licence = re.sub(r" ?/ ?", " OR ", licence)
        crate = found.setdefault((name, version), Crate(name, version, bool(is_macro), licence))
        crate.features.update(filter(None, features.split(",")))
        crate.users.add(above[depth - 1])
    return [found[key] for key in sorted(found)]


class Held:
    """What AOSP has of a crate."""

    def __init__(self, line):
        fields = line.split("\t") + [""]
        self.name, self.older, self.newer, self.note = fields[:4]
        self.not_needed = self.note.startswith("not needed: ")


def held(file):
    lines = (line for line in file.read_text().splitlines() if line and not line.startswith("#"))
    return {entry.name: entry for entry in map(Held, lines)}


def is_compatible(ours, theirs):
    """Whether code for one can be expected to build with the other: the same first number that is not 0."""
    if theirs == "-":
        return False
    ours, theirs = ours.split("."), theirs.split(".")
    for mine, other in zip(ours, theirs):
        if mine != other:
            return False
        if mine != "0":
            return True
    return True


def tables(aosp):
    missing, other, same, unneeded, problems = [], [], [], [], []
    ours = crates()
    for crate in ours:
        entry = aosp.get(crate.name)
        if not entry:
            problems.append(f"{crate.name} {crate.version} is not in aosp.tsv: look up whether AOSP has it")
            continue
        label = f"{crate.name} {crate.version}"
        users = ", ".join(sorted(crate.users))
        if entry.not_needed:
            unneeded.append((label, entry.note.removeprefix("not needed: ")))
        elif entry.older == entry.newer == "-":
            kind = "rust_proc_macro" if crate.is_macro else "rust_library"
            features = ", ".join(f"`{feature}`" for feature in sorted(crate.features)) or "none"
            missing.append((crate.name, crate.version, f"`{crate.soong()}`, {kind}", features, crate.licence, users))
        elif is_compatible(crate.version, entry.older) and is_compatible(crate.version, entry.newer):
            same.append(f"{label} ({entry.older}, {entry.newer})")
        elif not entry.note:
            problems.append(f"{label}: AOSP has {entry.older} and {entry.newer}; aosp.tsv has to say what to do")
        else:
            older, newer = (v if v != "-" else "missing" for v in (entry.older, entry.newer))
            other.append((crate.name, crate.version, older, newer, users, entry.note))
    for name in sorted(set(aosp) - {crate.name for crate in ours}):
        problems.append(f"{name} is in aosp.tsv, and no phone needs it")
    if problems:
        raise SystemExit("\n".join(problems))
    return {
        "missing": table(("crate", "version", "Android.bp", "features", "licence", "for"), missing),
        "other": table(("crate", "ours", "older", "newer", "for", "what to do"), other),
        "unneeded": table(("crate", "why"), unneeded),
        "same": ", ".join(same) + ".",
    }


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def fill(text, parts):
    for name, content in parts.items():
        block = re.compile(f"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.S)
        text, count = block.subn(lambda match: match[1] + content + "\n" + match[2], text)
        if count != 1:
            raise SystemExit(f"the document has {count} places for the table {name}")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", type=pathlib.Path, default=pathlib.Path(__file__).with_name("aosp.tsv"))
    parser.add_argument("--document", type=pathlib.Path, default=ROOT / "docs/vendoring.md")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="fail if the document's tables are out of date")
    action.add_argument("--update", action="store_true", help="write them")
    options = parser.parse_args()
    text = options.document.read_text()
    current = fill(text, tables(held(options.list)))
    if options.update:
        options.document.write_text(current)
    elif current != text:
        for line in sorted(set(current.splitlines()) ^ set(text.splitlines())):
            print(("+ " if line in current else "- ") + line)
        sys.exit(f"{options.document.name} is out of date: tests/vendoring/vendoring.py --update, and read what changed")


if __name__ == "__main__":
    main()
