#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Type-checks what runs on a phone with the versions of crates that AOSP has, a column of aosp.tsv, for this machine.

Copies the packages to a folder, without their tests, and asks for exactly those versions of what they name themselves.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

from vendoring import ROOT, held, installed, package_name

# What a host needs besides a phone asks for newer ones of these.
HOST_ASKS_FOR_NEWER = {"log": "env_logger", "android_logger": "android_log-sys, which is for Android alone"}


# A tree with 0.22 keeps this one for those that ask for it.
INSTEAD = {("jni", "newer"): "0.21.1"}


def copy(folder):
    """The packages that are installed, and the stand-ins that they need here."""
    wanted = installed()
    shutil.rmtree(folder, ignore_errors=True)
    folders = [path.parent for path in ROOT.glob("*/*/Cargo.toml")]
    for source in folders:
        stands_in = source.parent.name == "host" and not serves_or_plays(source)
        if package_name(source) in wanted or stands_in:
            target = folder / source.relative_to(ROOT)
            shutil.copytree(source, target)
            shutil.rmtree(target / "tests", ignore_errors=True)
            manifest = target / "Cargo.toml"
            manifest.write_text(re.sub(r"(?ms)^\[dev-dependencies\]$.*?(?=^\[|\Z)", "", manifest.read_text()))
    for name in ("aidl", "proto"):
        shutil.copytree(ROOT / name, folder / name)


def serves_or_plays(source):
    """A broker, and what plays phones: no stand-in for anything of AOSP."""
    return package_name(source) in ("cloudmessaging_broker", "cloudmessaging_testbed", "cloudmessaging_demo")


def pin(folder, column):
    """The workspace, with these versions."""
    workspace = (ROOT / "Cargo.toml").read_text()
    members = sorted(str(path.parent.relative_to(folder)) for path in folder.glob("*/*/Cargo.toml"))
    quoted = ", ".join(f'"{member}"' for member in members)
    workspace = re.sub(r"(?s)^members = \[.*?^\]", f"members = [{quoted}]", workspace, count=1, flags=re.M)
    workspace = re.sub(r"(?m)^default-members = .*$", "", workspace)
    pinned = []
    for crate in held(ROOT / "tests/vendoring/aosp.tsv").values():
        version = INSTEAD.get((crate.name, column), getattr(crate, column))
        line = re.compile(rf'(?m)^({re.escape(crate.name)} = (?:\{{ version = )?)"[^"]*"')
        if version == "-" or crate.name in HOST_ASKS_FOR_NEWER or not line.search(workspace):
            continue
        workspace = line.sub(rf'\g<1>"={version}"', workspace)
        pinned.append(f"{crate.name} {version}")
    (folder / "Cargo.toml").write_text(workspace)
    return pinned


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("column", choices=("older", "newer"))
    parser.add_argument("folder", type=pathlib.Path, help="where to copy to; made anew")
    options = parser.parse_args()
    copy(options.folder)
    print(f"{options.column}:", ", ".join(pin(options.folder, options.column)))
    command = ["cargo", "check"]
    for package in installed():
        command += ["--package", package]
    sys.exit(subprocess.run(command, cwd=options.folder, env=os.environ).returncode)


if __name__ == "__main__":
    main()
