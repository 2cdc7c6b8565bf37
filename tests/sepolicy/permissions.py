#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Lists what each of our domains ends up with, and holds it against expected/.

Read from the compiled policies, not from the rules: what a macro, an attribute or a rule about everybody adds is in
it. What any other daemon of the platform may as well (in the base: another_daemon; for the app: another_app) is listed
apart, for it is the platform's gift and no decision of ours. UPDATE=1 writes expected/ anew: look at the difference.

usage: permissions.py USER-POLICY USERDEBUG-POLICY
"""

import difflib
import os
import sys
import textwrap
from pathlib import Path

import setools

EXPECTED = Path(__file__).resolve().parent / "expected"
# Each of our domains, and one that is to the platform what it is.
DOMAINS = {
    "cloudmessagingd": "another_daemon",
    "cloudmessaging_uplink": "another_daemon",
    "cloudmessaging_settings_app": "another_app",
}
OBJECTS = (
    "cloudmessaging_data_file",
    "cloudmessaging_key",
    "cloudmessaging_consent_service",
    "cloudmessaging_platform_service",
    "cloudmessaging_service",
    "cloudmessaging_uplink_exec",
    "cloudmessagingd_exec",
    "ctl_cloudmessagingd_prop",
)
ITSELF = "itself"
BOOT = ("init", "kernel")


def permitted(policy, domain):
    """What a domain may: (target, class, permission)."""
    query = setools.TERuleQuery(policy, ruletype=["allow"], source=domain, source_indirect=True)
    return {
        (ITSELF if str(rule.target) == domain else str(rule.target), str(rule.tclass), permission)
        for rule in query.results() for permission in rule.perms
    }


def suffered(policy, object_type):
    """What others may do to a type: (source, class, permission)."""
    query = setools.TERuleQuery(policy, ruletype=["allow"], target=object_type, target_indirect=True)
    return {
        (str(rule.source), str(rule.tclass), permission)
        for rule in query.results() if str(rule.source) != object_type
        for permission in rule.perms
    }


def becomes(policy, domain):
    """What it turns into by executing what: one line each."""
    query = setools.TERuleQuery(policy, ruletype=["type_transition"], source=domain,
                                source_indirect=True, tclass=["process"])
    return sorted({f"{rule.target} -> {rule.default}" for rule in query.results()})


def lines_of(grants):
    """One line for each partner and class."""
    merged = {}
    for partner, tclass, permission in grants:
        merged.setdefault((partner, tclass), set()).add(permission)
    for (partner, tclass), permissions in sorted(merged.items()):
        yield from textwrap.wrap(f"{partner}:{tclass} {' '.join(sorted(permissions))}", 110,
                                 subsequent_indent="        ", break_on_hyphens=False)


def lines_of_object(grants):
    """The same, with init and the kernel in a line each: what they may do with all files is the platform's."""
    yield from lines_of({grant for grant in grants if grant[0] not in BOOT})
    for source in BOOT:
        classes = sorted({tclass for partner, tclass, _ in grants if partner == source})
        if classes:
            yield f"{source}, as with others of the kind: {' '.join(classes)}"


def section(title, lines):
    """A paragraph with a heading; says so if there is nothing."""
    return [f"== {title}", *(list(lines) or ["nothing"]), ""]


def table_of_domain(domain, like, user, userdebug):
    """The table of one of our domains."""
    grants, everybodys = permitted(user, domain), permitted(user, like)
    development = permitted(userdebug, domain) - grants - permitted(userdebug, like)
    to_it, to_like = suffered(user, domain), suffered(user, like)
    return "\n".join([
        f"{domain}: {len(grants - everybodys)} permissions of its own, "
        f"{len(grants & everybodys)} that {like} has as well", "",
        *section("Of its own", lines_of(grants - everybodys)),
        *section("And on builds for development", lines_of(development)),
        *section("By executing a file it becomes", becomes(user, domain)),
        *section(f"What others may do to it and not to {like}", lines_of(to_it - to_like)),
        *section(f"As {like}", lines_of(grants & everybodys)),
    ])


def table_of_objects(user, userdebug):
    """Who may do what with what is ours."""
    lines = []
    for name in OBJECTS:
        grants = suffered(user, name)
        lines += section(name, lines_of_object(grants))
        more = suffered(userdebug, name) - grants
        if more:
            lines += section(f"{name}, on builds for development", lines_of_object(more))
    return "Who may do what with what is ours, but for the two that make and label it\n\n" + "\n".join(lines)


def main():
    user, userdebug = map(setools.SELinuxPolicy, sys.argv[1:3])
    tables = {
        domain: table_of_domain(domain, like, user, userdebug) for domain, like in DOMAINS.items()
    }
    tables["objects"] = table_of_objects(user, userdebug)
    passed, failed = 0, 0
    for name, table in tables.items():
        path = EXPECTED / f"{name}.txt"
        if os.environ.get("UPDATE") == "1":
            path.write_text(table)
        expected = path.read_text() if path.exists() else ""
        if table == expected:
            passed += 1
            print(f"check {name} ... ok: {table.splitlines()[0]}")
        else:
            failed += 1
            print(f"check {name} ... FAILED: it may something else than expected/{path.name} says")
            print("\n".join(difflib.unified_diff(expected.splitlines(), table.splitlines(),
                                                 "expected", "compiled", lineterm="")))
    print(f"test result: {'FAILED' if failed else 'ok'}. {passed} passed; {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
