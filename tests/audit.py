"""Known vulnerabilities of the locked dependencies, by pip-audit; says how many packages nobody could be asked about.

`python -m tests.audit` ends with 1 where there is a known vulnerability, with 2 where no package could be looked up.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

MEND = "Run it where a package index answers, before a release: until then nothing is known."
COMMAND = ("pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json")


def report(packages: Sequence[Mapping[str, Any]]) -> tuple[list[str], int]:
    """What to say of pip-audit's `dependencies`, and the exit code: its own is 0 even where all were skipped."""
    unknown = [package for package in packages if "skip_reason" in package]
    lines = [
        f"{package['name']} {package['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'none'}"
        for package in packages
        for found in package.get("vulns", [])
    ]
    if len(unknown) == len(packages):
        return [f"no index said anything of the {len(packages):,} packages: {unknown[0]['skip_reason']}. {MEND}"], 2
    said = f"{len(packages):,} packages, {len(lines):,} known vulnerabilities, {len(unknown):,} could not be looked up"
    return [*lines, said], 1 if lines else 0


def main() -> int:
    """Ask about requirements.txt."""
    found = subprocess.run([sys.executable, "-m", *COMMAND, "-r", "requirements.txt"], capture_output=True, text=True)
    try:
        packages = json.loads(found.stdout)["dependencies"]
    except ValueError:
        why = (found.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"no index of vulnerabilities answered: {why}. {MEND}", file=sys.stderr)
        return 2
    lines, code = report(packages)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
