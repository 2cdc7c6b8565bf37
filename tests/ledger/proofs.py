# SPDX-License-Identifier: Apache-2.0
"""Proofs as text: docs/ledger.md, "Proofs"."""

from entry import what_is_said
from note import Checkpoint, Malformed, Unsigned, decimal, strict_base64
from tree import consistency_holds, inclusion_holds, leaf_hash

ENTRY_MAX = 4096
HASHES_MAX = 64


def divided_proof(text):
    """The lines before the first empty line, and the checkpoint; None if there is no such line."""
    lines, empty, note = text.partition("\n\n")
    return (lines.split("\n"), note) if empty else None


def proof_hashes(lines):
    hashes = [strict_base64(line) for line in lines]
    if len(hashes) > HASHES_MAX or any(h is None or len(h) != 32 for h in hashes):
        return None
    return hashes


def entry_proof_holds(text, key):
    parts = divided_proof(text)
    if parts is None or len(parts[0]) < 3 or parts[0][0] != "c2sp.org/tlog-proof@v1":
        return False
    (_, extra, index, *rest), note = parts
    if not extra.startswith("extra ") or not index.startswith("index "):
        return False
    content, position, hashes = strict_base64(extra[6:]), decimal(index[6:]), proof_hashes(rest)
    if content is None or position is None or hashes is None:
        return False
    if not 16 < len(content) <= 16 + ENTRY_MAX:
        return False
    try:
        checkpoint = Checkpoint(note, key)
    except (Malformed, Unsigned):
        return False
    said = what_is_said(content[16:])
    leaf = leaf_hash(content[:16], content[16:])
    holds = inclusion_holds(leaf, position, checkpoint.size, hashes, checkpoint.root)
    return holds and said is not None and said[0] == position


def growth_holds(text, key, older_note):
    parts = divided_proof(text)
    if parts is None or not parts[0][0].startswith("old "):
        return False
    (first, *rest), note = parts
    size, hashes = decimal(first[4:]), proof_hashes(rest)
    if size is None or hashes is None:
        return False
    try:
        newer, older = Checkpoint(note, key), Checkpoint(older_note, key)
    except (Malformed, Unsigned):
        return False
    if size != older.size:
        return False
    return consistency_holds(older.size, older.root, newer.size, newer.root, hashes)
