#!/usr/bin/python3
"""Adds up JUnit files: reasons of skips and names of failures, then `N passed, N failed, N skipped`.

Exit status 0 when nothing failed and something passed."""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def main() -> int:
    passed = 0
    failures, skips = [], {}
    for file in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
        try:
            cases = list(ElementTree.parse(file).iter("testcase"))
        except ElementTree.ParseError as error:
            failures.append(f"{file.name}: unreadable ({error})")
            continue
        if not cases:
            failures.append(f"{file.name}: no test was run")
        for case in cases:
            name = f"{file.stem}: {case.get('classname') or ''} {case.get('name')}".replace("  ", " ")
            skipped = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                failures.append(name)
            elif skipped is not None:
                skips.setdefault(skipped.get("message") or (skipped.text or "no reason given").strip(), []).append(name)
            else:
                passed += 1
    for reason, names in skips.items():
        print(f"skipped {len(names)}: {reason} (first: {names[0]})")
    for name in failures:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failures)} failed, {sum(map(len, skips.values()))} skipped")
    return 0 if passed and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
