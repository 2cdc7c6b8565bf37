#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verifies exports of ledgers. Written from docs/ledger.md and from nothing else of ours, so that what that page says is
known to be enough. Needs Python 3.9 and `cryptography` (Ed25519); the other files in this folder are parts of it.

    verify.py [--key KEY] [--older FILE] EXPORT...
    verify.py [--key KEY] --proof PROOF...
    verify.py [--key KEY] --growth OLDER PROOF...
    verify.py [--key KEY] --opens HASH EXPORT...

Prints a line for each file: the verdict, and between which positions. A proof needs the key; verdicts on proofs are `ok`
and `no`. With --opens: the positions of the intents that the hash (64 hex digits) belongs to. Exits with 0 if all are ok.
"""

import argparse
import sys

from entry import fields, nonce_and_size, what_is_said
from note import Checkpoint, Key, Malformed, Unsigned, salted
from proofs import entry_proof_holds, growth_holds
from tree import Tree, leaf_hash

HEAD_MAX = 8192
ENTRY_MAX = 4096
LEAF_MAX = 4160
REACH = 1024


class Wrong(Exception):
    """A verdict that is not `ok`."""

    def __init__(self, name, first=None, last=None):
        self.name, self.first, self.last = name, first, first if last is None else last
        super().__init__(name)

    def __str__(self):
        return self.name if self.first is None else f"{self.name} {self.first} {self.last}"


def length_of(prefix):
    """The length that one or two bytes say; None if they say it not in its shortest form."""
    if prefix[0] < 0x80:
        return prefix[0]
    if not 0 < prefix[1] < 0x80:
        return None
    return prefix[0] & 0x7F | prefix[1] << 7


def delimited(file, most):
    """(length, bytes that are there) of what comes next. None at the end; length None if it is impossible, and bytes
    None if not even the length is there."""
    prefix = file.read(1)
    if not prefix:
        return None
    if prefix[0] >= 0x80:
        prefix += file.read(1)
        if len(prefix) == 1:
            return 0, None
    length = length_of(prefix)
    if length is None or length > most:
        return None, b""
    return length, file.read(length)


def shortest(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


class Head:
    def __init__(self, file, expected):
        part = delimited(file, HEAD_MAX)
        if part is None or part[0] is None or part[1] is None or len(part[1]) < part[0]:
            raise Wrong("foreign")
        body = part[1]
        if len(body) < 2 or body[0] != 0x08 or not 1 <= body[1] <= 0x7F:
            raise Wrong("foreign")
        if body[1] != 1:
            raise Wrong("version")
        texts = {}
        try:
            for number, (kind, value) in fields(body[2:]):
                if kind == 2:
                    texts[number] = value
            note, key = texts[2].decode("utf-8"), texts[3].decode("utf-8")
        except (ValueError, KeyError):
            raise Wrong("foreign") from None
        parts = [b"\x08\x01"]
        for tag, text in ((b"\x12", texts[2]), (b"\x1a", texts[3])):
            parts += [tag, shortest(len(text)), text]
        if b"".join(parts) != body or not note or not key:
            raise Wrong("foreign")
        self.key = Key.parse(key)
        if self.key is None:
            raise Wrong("key")
        try:
            self.checkpoint = Checkpoint(note, self.key)
        except Malformed:
            raise Wrong("checkpoint") from None
        except Unsigned:
            raise Wrong("unsigned") from None
        if expected is not None and expected != self.key:
            raise Wrong("other-key")


def leaf_of(body):
    """(hash, blinding, entry) of a leaf, the latter None if they were erased; None if it is invalid."""
    if len(body) < 34 or body[:2] != b"\x0a\x20":
        return None
    stored = body[2:34]
    if len(body) == 34:
        return stored, None, None
    at = entry_at(len(body))
    if at is None or not begins(len(body), body):
        return None
    blinding, entry = body[36:52], body[at:]
    if not 1 <= len(entry) <= ENTRY_MAX or leaf_hash(blinding, entry) != stored:
        return None
    return stored, blinding, entry


def entry_at(length):
    """Where the entry begins in a leaf of this length with content; None if there is no such leaf."""
    for size in (1, 2):
        count = length - 53 - size
        if count > 0 and len(shortest(count)) == size:
            return 53 + size
    return None


def begins(length, there):
    """Whether a leaf of this length can begin so."""
    if length != 34:
        at = entry_at(length)
        if at is None:
            return False
        known = {34: b"\x12\x10", 52: b"\x1a", 53: shortest(length - at)}
    else:
        known = {}
    known[0] = b"\x0a\x20"
    parts = ((there[at : at + len(part)], part[: max(0, len(there) - at)]) for at, part in known.items())
    return all(found == part for found, part in parts)


def verify(file, expected=None, older_note=None, show=None):
    """Size, and how many entries have no content. Raises Wrong."""
    head = Head(file, expected)
    size, older = head.checkpoint.size, None
    if older_note is not None:
        try:
            older = Checkpoint(older_note, head.key)
        except (Malformed, Unsigned):
            raise Wrong("older-checkpoint") from None
        if older.size > size:
            raise Wrong("rolled-back")
    tree, older_root = Tree(), None
    right, wrong, said_erased, last_erased, erased = 0, None, 0, None, 0

    def missing(entries):
        if wrong is None and right == entries:
            return Wrong("cut", entries)
        return Wrong("removed", right, entries if wrong is None else wrong)

    def added():
        return Wrong("added", min(right, size), size if wrong is None else wrong)

    while True:
        position = tree.size
        if older is not None and older.size == position:
            older_root = tree.root()
        part = delimited(file, LEAF_MAX)
        if part is None:
            break
        length, body = part
        is_short = body is None or length is not None and len(body) < length
        leaf = None if is_short or length is None else leaf_of(body)
        said = None
        if leaf is not None and leaf[2] is not None:
            said = what_is_said(leaf[2])
            if said is None:
                leaf = None
        if leaf is None:
            if position >= size:
                raise added()
            if is_short and (body is None or begins(length, body)):
                raise missing(position)
            raise Wrong("changed", position)
        if said is None:
            erased, last_erased = erased + 1, position
        else:
            said_erased = max(said_erased, min(said[1], position))
            if wrong is None and said[0] == position:
                right = position + 1
            elif wrong is None:
                wrong = position
        if show is not None:
            show(position, leaf, tree, head)
        tree.push(leaf[0])
    if tree.size < size:
        raise missing(tree.size)
    if tree.size > size:
        raise added()
    if wrong is not None:
        raise Wrong("reordered", wrong)
    if tree.root() != head.checkpoint.root:
        raise Wrong("replaced")
    if older is not None and older_root != older.root:
        raise Wrong("rewritten")
    if last_erased is not None and last_erased >= said_erased:
        raise Wrong("erased", last_erased)
    return size, erased


def opens(file, expected, wanted):
    """Positions of the intents that a recipient's hash belongs to."""
    roots, found = {}, []

    def compare(position, leaf, tree, head):
        roots[position] = tree.root()
        roots.pop(position - REACH - 1, None)
        intent = nonce_and_size(leaf[2]) if leaf[2] is not None else None
        if intent is not None and intent[1] in roots:
            nonce, size = intent
            if salted(nonce, head.checkpoint.origin, size, roots[size]) == wanted:
                found.append(position)

    verify(file, expected, None, compare)
    return found


def read_text(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def verdict(path, options, key):
    try:
        if options.proof:
            return "ok" if entry_proof_holds(read_text(path), key) else "no"
        if options.growth:
            return "ok" if growth_holds(read_text(path), key, read_text(options.growth)) else "no"
        with open(path, "rb") as export:
            if options.opens:
                found = opens(export, key, bytes.fromhex(options.opens))
                return " ".join(["ok", *map(str, found)])
            older = read_text(options.older) if options.older else None
            return "ok {} {}".format(*verify(export, key, older))
    except Wrong as wrong:
        return str(wrong)
    except UnicodeDecodeError:
        return "no" if options.proof or options.growth else "older-checkpoint"
    except OSError:
        return "unreadable"


def main():
    parser = argparse.ArgumentParser(description="Verifies exports of ledgers (docs/ledger.md).")
    parser.add_argument("--key", help="whose ledger it has to be")
    parser.add_argument("--older", help="an older signed checkpoint")
    parser.add_argument("--proof", action="store_true", help="the files are proofs of entries")
    parser.add_argument("--growth", metavar="OLDER", help="the files are proofs that continue this checkpoint")
    parser.add_argument("--opens", metavar="HASH", help="look for what a recipient's hash belongs to")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    key = Key.parse(options.key) if options.key else None
    if key is None and (options.key or options.proof or options.growth):
        parser.error("no key, or it is none")
    all_ok = True
    for path in options.files:
        line = verdict(path, options, key)
        all_ok = all_ok and line.startswith("ok")
        print(line)
    return 0 if all_ok else 1


if __name__ == "__main__":
    sys.exit(main())
