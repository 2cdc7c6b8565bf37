#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the files of labels in sepolicy/private against the policy, and against what they label.

A label that nobody gives protects nothing, and a service without one is refused by the service manager. So: each
type that we declare is in use, each label names a type of the policy that is of the right kind, each path, name,
property and number is the one that the code and product/ have, and the other way round.

usage: contexts.py POLICY
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import setools

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ROOT / "sepolicy" / "private"
# What keystore2 leaves to policies of system_ext.
NAMESPACES = range(10_000, 20_000)
SELECTORS = {
    "isSystemServer", "isEphemeralApp", "isPrivApp", "minTargetSdkVersion", "fromRunAs", "user", "seinfo", "name",
}
OUTPUTS = {"domain", "type", "levelFrom"}


class Wrong(Exception):
    """What does not hold, in a sentence."""


def entries(name):
    """The lines of a file of labels: what is labelled, the type, and what stands behind."""
    found = []
    for line in (OURS / name).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            words = line.split()
            match = re.fullmatch(r"u:object_r:(\w+):s0", words[1])
            if not match:
                raise Wrong(f"{name}: {words[1]} is not a label as all of ours are")
            found.append((words[0], match[1], words[2:]))
    if not found:
        raise Wrong(f"{name} labels nothing")
    return found


def equal(what, ours, theirs):
    """Two sets that have to be one."""
    ours, theirs = set(ours), set(theirs)
    if ours != theirs:
        raise Wrong(f"{what}: {sorted(ours - theirs)} only here, {sorted(theirs - ours)} only there")


def has_attributes(policy, name, *attributes):
    """That a type is of the kind that AOSP's own rules go by."""
    try:
        has = {str(attribute) for attribute in policy.lookup_type(name).attributes()}
    except setools.exception.InvalidType:
        raise Wrong(f"the policy has no type {name}") from None
    if not has.issuperset(attributes):
        raise Wrong(f"{name} is not {' '.join(sorted(set(attributes) - has))}")


def declared():
    """The types that our rules declare."""
    text = "\n".join(path.read_text() for path in sorted(OURS.glob("*.te")))
    return re.findall(r"^type (\w+),", text, re.M) + re.findall(r"^system_internal_prop\((\w+)\)", text, re.M)


def label_of(path):
    """The type that file_contexts gives a path: the last line that matches."""
    label = None
    for pattern, name, _ in entries("file_contexts"):
        if re.fullmatch(pattern, path):
            label = name
    return label


def rc_lines(word):
    """What follows a word in product/'s rc files."""
    found = []
    for path in sorted((ROOT / "product").glob("*.rc")):
        found += re.findall(rf"^\s*{word} (.*)$", path.read_text(), re.M)
    return found


def code(files, pattern):
    """What the sources say: every group of the pattern."""
    found = [words for path in sorted(ROOT.glob(files)) for words in re.findall(pattern, path.read_text(), re.M)]
    if not found:
        raise Wrong(f"{files} no longer says {pattern}")
    return found


# For a device to give: where an earlier service kept its files is known to nobody else.
FOR_A_DEVICE = {
    "cloudmessaging_legacy_file": ("core_data_file_type", "data_file_type", "file_type"),
    "cloudmessaging_legacy_prop": ("property_type", "system_internal_property_type"),
}


def every_type_is_in_use(policy):
    """Declared and labelling something, or a domain of an executable or an app that has a label, or left to a device."""
    labelling = {name for file in ("file_contexts", "service_contexts", "property_contexts",
                                   "keystore2_key_contexts") for _, name, _ in entries(file)}
    apps = {line["domain"] for line in seapp_lines()}
    for name in declared():
        if name in FOR_A_DEVICE:
            has_attributes(policy, name, *FOR_A_DEVICE[name])
        elif name not in labelling | apps and f"{name}_exec" not in labelling:
            raise Wrong(f"nothing is labelled {name}")
    for name in labelling:
        if name in FOR_A_DEVICE:
            raise Wrong(f"{name} is a device's to give")
        if name not in declared():
            raise Wrong(f"{name} is not declared here")
        has_attributes(policy, name)


def every_program_has_its_label(policy):
    """Each service's binary and each program that a domain is entered by, wherever system_ext lies."""
    programs = {line.split()[1] for line in rc_lines("service")}
    if not programs:
        raise Wrong("product/ has no service")
    for name in declared():
        if name.endswith("_exec"):
            programs.add(f"/system_ext/bin/{name.removesuffix('_exec')}")
            has_attributes(policy, name, "exec_type", "system_file_type", "file_type")
            has_attributes(policy, name.removesuffix("_exec"), "domain", "coredomain")
    for program in programs:
        for path in (program, f"/system{program}"):
            equal(path, [label_of(path)], [f"{Path(program).name}_exec"])
    if label_of("/system_ext/bin/cmctl") is not None:
        raise Wrong("cmctl has a label: it runs as whoever calls it")
    # A program that is not built gets no label either.
    built = {folder.parent.name for folder in ROOT.glob("src/*/Cargo.toml")}
    equal("programs", {Path(p).name for p in programs},
          {f"cloudmessaging{'d' if n == 'gate' else '_' + n}" for n in built & {"gate", "uplink"}})


def every_folder_has_its_label(policy):
    """What init makes, and what lies in it: AOSP keeps vendors out of what is core_data_file_type."""
    folders = [line.split()[0] for line in rc_lines("mkdir")]
    if not folders:
        raise Wrong("product/ makes no folder")
    for folder in folders:
        for path in (folder, f"{folder}/0", f"{folder}/10/messages.db", f"{folder}/0/ledger"):
            equal(path, [label_of(path)], ["cloudmessaging_data_file"])
    if label_of("/data/misc/cloudmessaging2") or label_of("/data/misc"):
        raise Wrong("file_contexts labels what is not ours")
    has_attributes(policy, "cloudmessaging_data_file", "core_data_file_type", "data_file_type", "file_type")


def the_paths_compile(_policy):
    """libselinux reads file_contexts as it will on the phone."""
    # Not to /dev/null: it renames what it wrote to that name, and root's /dev/null would be a file from then on.
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["/usr/sbin/sefcontext_compile", "-o", f"{folder}/compiled", OURS / "file_contexts"],
                              capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(done.stderr)


def the_services_are_those_that_are_served(policy):
    """The names in the code, in the rc's lazy service and in service_contexts are the same."""
    names = {name: label for name, label, _ in entries("service_contexts")}
    equal("service names", names, code("src/gate/src/service/mod.rs", r'const [A-Z]+: &str = "([^"]+)"'))
    equal("lazy services", names, [line.removeprefix("aidl ") for line in rc_lines("interface")])
    if len(set(names.values())) != len(names):
        raise Wrong("two services have one type: who finds one finds the other")
    for label in names.values():
        has_attributes(policy, label, "service_manager_type")


def the_properties_are_those_that_are_set(policy):
    """The two controls of our service and no other."""
    services = [line.split()[0] for line in rc_lines("service")]
    labels = entries("property_contexts")
    equal("properties", [name for name, _, _ in labels],
          [f"ctl.oneshot_{state}${name}" for name in services for state in ("off", "on")])
    for name, label, rest in labels:
        has_attributes(policy, label, "property_type", "system_property_type", "system_internal_property_type")
        if rest != ["exact", "string"]:
            raise Wrong(f"{name} labels more than itself")


def the_key_namespace_is_ours(policy):
    """A number that the platform leaves to system_ext, with our AID in it."""
    labels = entries("keystore2_key_contexts")
    aid = int(code("product/config.fs", r"value: (\d+)")[0])
    equal("namespaces", [int(number) for number, _, _ in labels], [NAMESPACES.start + aid])
    keystore = ROOT / "src" / "gate" / "src" / "keystore"
    if keystore.exists():
        equal("namespace in the code", [number for number, _, _ in labels],
              [n.replace("_", "") for n in code("src/gate/src/keystore/*.rs", r"NAMESPACE: i64 = ([0-9_]+);")])
    for number, label, _ in labels:
        if int(number) not in NAMESPACES:
            raise Wrong(f"namespace {number} is not system_ext's")
        has_attributes(policy, label, "keystore2_key_type")


def seapp_lines():
    """The lines of seapp_contexts, each as a table."""
    lines = []
    for line in (OURS / "seapp_contexts").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            lines.append(dict(word.split("=", 1) for word in line.split()))
    return lines


def the_app_is_known_by_more_than_its_name(policy):
    """By signature, place and package; into the domain that the gate asks for."""
    lines = seapp_lines()
    if len(lines) != 1:
        raise Wrong("one app, one line")
    line = lines[0]
    unknown = set(line) - SELECTORS - OUTPUTS
    if unknown:
        raise Wrong(f"seapp_contexts knows no {sorted(unknown)}")
    if (line.get("user"), line.get("seinfo"), line.get("isPrivApp")) != ("_app", "platform", "true"):
        raise Wrong("an app that only takes the name gets the domain")
    # Files of one user's are closed to the other's by category.
    if line.get("levelFrom") not in ("user", "all"):
        raise Wrong("levelFrom: the users' files are not kept apart")
    package = code("product/privapp-permissions-android.system.cloudmessaging.settings.xml", r'package="([^"]+)"')
    equal("package", [line["name"]], package)
    equal("domain", [line["domain"]],
          code("src/gate/src/service/*.rs", r'SETTINGS_DOMAIN: &str = "(\w+)"'))
    has_attributes(policy, line["domain"], "domain", "coredomain", "appdomain")
    has_attributes(policy, line["type"], "app_data_file_type")
    if "netdomain" in {str(a) for a in policy.lookup_type(line["domain"]).attributes()}:
        raise Wrong("the settings app is a netdomain")


def the_board_takes_this_folder(_policy):
    """What no build includes labels nothing."""
    found = code("product/BoardConfigCloudMessaging.mk", r"^SYSTEM_EXT_PRIVATE_SEPOLICY_DIRS \+= \S.*/(\S+/\S+)$")
    equal("folder", found, [str(OURS.relative_to(ROOT))])


def nothing_is_permissive(policy):
    """On a build for users every denial is one."""
    found = [str(t) for t in policy.types() if t.ispermissive]
    if found:
        raise Wrong(f"permissive: {found}")


CHECKS = (
    every_type_is_in_use, every_program_has_its_label, every_folder_has_its_label, the_paths_compile,
    the_services_are_those_that_are_served, the_properties_are_those_that_are_set, the_key_namespace_is_ours,
    the_app_is_known_by_more_than_its_name, the_board_takes_this_folder, nothing_is_permissive,
)


def main():
    policy = setools.SELinuxPolicy(sys.argv[1])
    failed = 0
    for check in CHECKS:
        try:
            check(policy)
            print(f"check {check.__name__} ... ok")
        except Wrong as wrong:
            failed += 1
            print(f"check {check.__name__} ... FAILED: {wrong}")
    print(f"test result: {'FAILED' if failed else 'ok'}. {len(CHECKS) - failed} passed; {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
