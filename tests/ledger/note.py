# SPDX-License-Identifier: Apache-2.0
"""Checkpoints and their keys: docs/ledger.md, "A checkpoint"."""

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NOTE_MAX = 4096
DASH = "\u2014 "


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def strict_base64(text):
    """The bytes, or None."""
    try:
        decoded = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def decimal(text):
    """A number below 2^64 without leading zeroes, or None."""
    if not text.isascii() or not text.isdigit() or (text[0] == "0" and text != "0"):
        return None
    number = int(text)
    return number if number < 1 << 64 else None


def is_name(name):
    unwanted = lambda c: c.isspace() or ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c == "+"
    return name != "" and not any(unwanted(c) for c in name)


class Key:
    def __init__(self, name, public):
        self.name, self.public = name, public
        self.id = sha256(name.encode(), b"\n\x01", public)[:4]

    def __eq__(self, other):
        return (self.name, self.public) == (other.name, other.public)

    @classmethod
    def parse(cls, text):
        """A key, or None."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            return None
        material = strict_base64(parts[2])
        if material is None or len(material) != 33 or material[0] != 1 or not is_name(parts[0]):
            return None
        key = cls(parts[0], material[1:])
        return key if key.id.hex() == parts[1] else None

    def signed(self, text, signature):
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
            return True
        except (InvalidSignature, ValueError):
            return False


class Malformed(Exception):
    pass


class Unsigned(Exception):
    pass


class Checkpoint:
    def __init__(self, note, key):
        """Reads a signed checkpoint. Raises Malformed or Unsigned."""
        if len(note.encode()) > NOTE_MAX or any(ord(c) < 0x20 and c != "\n" for c in note):
            raise Malformed
        end = note.rfind("\n\n")
        if end < 0 or not note.endswith("\n") or note.endswith("\n\n"):
            raise Malformed
        text, signed = note[: end + 1], False
        for line in note[end + 2 : -1].split("\n"):
            if not line.startswith(DASH):
                raise Malformed
            name, space, encoded = line[len(DASH) :].partition(" ")
            signature = strict_base64(encoded)
            if space == "" or not is_name(name) or signature is None or len(signature) <= 4:
                raise Malformed
            if (name, signature[:4]) != (key.name, key.id):
                continue
            if not key.signed(text.encode(), signature[4:]):
                raise Unsigned
            signed = True
        if not signed:
            raise Unsigned
        lines = text[:-1].split("\n")
        if len(lines) < 3 or "" in lines or not is_name(lines[0]):
            raise Malformed
        self.origin, self.size, self.root = lines[0], decimal(lines[1]), strict_base64(lines[2])
        if self.size is None or self.root is None or len(self.root) != 32:
            raise Malformed
        if self.origin != key.name:
            raise Malformed


def salted(nonce, origin, size, root):
    return sha256(nonce, f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode())
