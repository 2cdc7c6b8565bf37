#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Java of a document, as files that a compiler takes.

    snippets.py DOCUMENT OUT-FOLDER

Each block of Java is a file of its own, with its package and one public class.
"""

import re
import shutil
import sys
from pathlib import Path

BLOCK = re.compile(r"^```java\n(.*?)^```$", re.M | re.S)
PACKAGE = re.compile(r"^package ([\w.]+);$", re.M)
NAME = re.compile(r"^public (?:final )?(?:class|interface) (\w+)", re.M)


def main():
    document, out = Path(sys.argv[1]), Path(sys.argv[2])
    shutil.rmtree(out, ignore_errors=True)
    blocks = BLOCK.findall(document.read_text())
    if not blocks:
        sys.exit(f"{document} shows no Java")
    for block in blocks:
        folder = out.joinpath(*PACKAGE.search(block)[1].split("."))
        folder.mkdir(parents=True, exist_ok=True)
        folder.joinpath(NAME.search(block)[1] + ".java").write_text(
            "// SPDX-License-Identifier: Apache-2.0\n" + block
        )


if __name__ == "__main__":
    main()
