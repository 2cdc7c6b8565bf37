#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles each file of violations/ in behind our policy, and sees it refused for the reason that it names.

A violation begins with lines `# Violates: FILE.te: neverallow ...`: a file of sepolicy/private and the beginning of
the rule, as much as tells it from that file's others. The compiler has to name these rules and no other, on builds
for users and for development; with CM_FULL=1 the other compiler, too. And each neverallow of sepolicy/private has to be violated by one of them: a rule
that nothing can break says nothing.

usage: violations.py FOLDER      (for what is compiled)
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = HERE.parent.parent / "sepolicy" / "private"
VARIANTS = ("user", "userdebug")
# In whose words a rule is named: libsepol's, and those of its CIL compiler.
FAILURES = {
    "checkpolicy": re.compile(r"neverallow on line (?P<line>\d+) of (?P<file>\S+) \("),
    "secilc": re.compile(r"neverallow check failed at \S+ from (?P<file>\S+):(?P<line>\d+)"),
}
COMPILERS = tuple(FAILURES) if os.environ.get("CM_FULL") == "1" else ("checkpolicy",)


class Rule:
    """A neverallow of ours: its file, its lines, and its words without line breaks."""

    def __init__(self, file, first, last, text, comment):
        self.file, self.first, self.last = file, first, last
        self.text = re.sub(r"\s+", " ", text)
        self.comment = comment

    def __str__(self):
        return f"{self.file}:{self.first}"


def rules_of(path):
    """The neverallow rules of a file, with the comment above each: that of its block."""
    rules, comment, above_is_comment, begun = [], "", False, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            comment = comment + line if above_is_comment else line
            above_is_comment = True
            continue
        above_is_comment = False
        if not line.strip():
            comment = ""
        if begun is None and line.startswith("neverallow"):
            begun = (number, [])
        if begun is not None:
            begun[1].append(line.strip())
            if line.rstrip().endswith(";"):
                rules.append(Rule(path.name, begun[0], number, " ".join(begun[1]), comment))
                begun = None
    return rules


def named_by(violation, rules):
    """The rules that a violation's header names."""
    named = []
    for line in violation.read_text().splitlines():
        match = re.fullmatch(r"# Violates: (\S+): (neverallow.*)", line)
        if match:
            found = [r for r in rules if r.file == match[1] and r.text.startswith(match[2])]
            if len(found) != 1:
                raise ValueError(f"`{match[1]}: {match[2]}` begins {len(found)} rules, not one")
            named.append(found[0])
    if not named:
        raise ValueError("it names no rule")
    return named


def rule_at(path, line, rules):
    """Our rule at a line that the compiler gave. At the end of a file it counts one too many."""
    for wanted in (line, line - 1):
        for rule in rules:
            if path == OURS / rule.file and rule.first <= wanted <= rule.last:
                return rule
    return None


def refused_for(violation, variant, compiler, out):
    """The files and lines of the rules that the compiler names; None if it compiles."""
    done = subprocess.run(
        [HERE / "build-policy", "--variant", variant, "--compiler", compiler, out, violation],
        capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    places = {(Path(m["file"]), int(m["line"])) for m in FAILURES[compiler].finditer(done.stderr)}
    if not places:
        raise ValueError(f"it does not compile, for another reason:\n{done.stderr[:600]}")
    return places


def problem_of(violation, rules, out):
    """What is wrong with a violation, or None."""
    try:
        named = named_by(violation, rules)
        for compiler in COMPILERS:
            for variant in VARIANTS:
                places = refused_for(violation, variant, compiler, out)
                if places is None:
                    return f"it compiles ({variant}, {compiler})"
                # A rule of the base's, or of a macro's, may object as well.
                hit = {rule for path, line in places
                       if (rule := rule_at(path, line, rules)) is not None}
                if hit != set(named):
                    return (f"refused for {sorted(map(str, hit))}, "
                            f"not for {sorted(map(str, named))} ({variant}, {compiler})")
    except ValueError as error:
        return str(error)
    return None


def main():
    out = Path(sys.argv[1])
    rules = [rule for path in sorted(OURS.glob("*.te")) for rule in rules_of(path)]
    violations = sorted((HERE / "violations").glob("*.te"))
    passed, failed, broken = 0, 0, set()
    with ThreadPoolExecutor() as pool:
        problems = list(pool.map(lambda path: problem_of(path, rules, out / path.stem), violations))
    for violation, problem in zip(violations, problems):
        if problem is None:
            passed += 1
            broken.update(named_by(violation, rules))
            print(f"check {violation.stem} ... refused")
        else:
            failed += 1
            print(f"check {violation.stem} ... FAILED: {problem}")
    for rule in rules:
        if rule not in broken:
            failed += 1
            print(f"check {rule} ... FAILED: nothing violates it: {rule.text}")
        if not re.search(r"\bP[1-8]\b", rule.comment):
            failed += 1
            print(f"check {rule} ... FAILED: the comment above does not say which promise it states")
    print(f"{len(rules)} neverallow rules, {len(violations)} violations")
    verdict = "FAILED" if failed else "ok"
    print(f"test result: {verdict}. {passed} passed; {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
