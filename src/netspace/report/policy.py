"""What a page may do: run the scripts that it was written with, style itself, draw; it asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import re

_RUN = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)


def policy(parts: list[str]) -> str:
    """Return the element of a page's head that says which scripts run (Content Security Policy, level 2).

    A script that came in by a name, or by somebody's hand, is none of them.

    Args:
        parts: HTML of our own and of the library that draws, with every script that the page has.
    """
    scripts = dict.fromkeys(script for part in parts for script in _RUN.findall(part))
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts) or "'none'"
    rules = ("default-src 'none'", f"script-src {hashes}", "style-src 'unsafe-inline'", "img-src data: blob:")
    content = "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))
    return f'<meta http-equiv="Content-Security-Policy" content="{content}">'


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
