# SPDX-License-Identifier: Apache-2.0
"""Of entries, what a verifier looks at: docs/ledger.md, "An entry" and "Verifying an export"."""


def fields(message):
    """Pairs of field number and (wire type, value). Raises ValueError where there is no field."""
    at = 0

    def varint():
        nonlocal at
        value = 0
        for shift in range(0, 70, 7):
            if at >= len(message):
                raise ValueError
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >= 1 << 64:
                    raise ValueError
                return value
        raise ValueError

    def taken(count):
        nonlocal at
        if len(message) - at < count:
            raise ValueError
        at += count
        return message[at - count : at]

    while at < len(message):
        tag = varint()
        number, kind = tag >> 3, tag & 7
        if tag >= 1 << 32 or number == 0:
            raise ValueError
        if kind == 0:
            yield number, (kind, varint())
        elif kind == 1:
            yield number, (kind, taken(8))
        elif kind == 2:
            yield number, (kind, taken(varint()))
        elif kind == 5:
            yield number, (kind, taken(4))
        else:
            raise ValueError


def what_is_said(entry):
    """Position, and before which position all was erased; None if the entry is no sequence of fields."""
    position = before = 0
    try:
        for number, (kind, value) in fields(entry):
            if number == 5:
                if kind != 0:
                    return None
                position = value
            elif number == 25:
                if kind != 2:
                    return None
                for number, (kind, value) in fields(value):
                    if number == 1:
                        if kind != 0:
                            return None
                        before = value
    except ValueError:
        return None
    return position, before


def nonce_and_size(entry):
    """Of an intent with a nonce: the nonce, and the size of its checkpoint."""
    nonce, size = b"", 0
    for number, (kind, value) in fields(entry):
        if number == 18 and kind == 2:
            for number, (kind, value) in fields(value):
                if number == 9 and kind == 2:
                    nonce = value
                elif number == 11 and kind == 0:
                    size = value
    return (nonce, size) if nonce else None
