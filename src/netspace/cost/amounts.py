"""Amounts as text: K, M, G, T are powers of 1000, KiB, MiB, GiB, TiB of 1024 (bytes); ns, us, ms, s are times."""

from __future__ import annotations

import re

from netspace.cost.layers import IN_BYTES, LATENCY
from netspace.errors import NetspaceError

LARGEST = 2**62
_AMOUNT = r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,3}))?\s*(?:([kKmMgGtT]?)|([KMGT]i)(B?))\s*"
_TIME = r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(ns|us|ms|s)\s*"
_TIMES = {"s": 9, "ms": 6, "us": 3, "ns": 0}  # powers of ten, in nanoseconds
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def parse_amount(text: str) -> int:
    """Read an amount such as `200M`, `1.6G` or `2e8`.

    Raises:
        NetspaceError: where it is no positive whole amount.
    """
    return amount_in(str(text), f"budget '{str(text)[:80]}'")


def amount_in(text: str, what: str, kind: str = "flops") -> int:
    """Read an amount that is part of what a user gave.

    Args:
        text: the amount.
        what: it belongs to, as messages begin, such as `budget '20M'`.
        kind: of cost; one in bytes may be written with KiB, MiB, GiB or TiB, latency with s, ms, us or ns.

    Raises:
        NetspaceError: where it is no positive whole amount.
    """
    if kind == LATENCY:
        return _time_in(text, what)
    match = re.fullmatch(_AMOUNT, text)
    if match is None:
        raise NetspaceError(
            f"{what} is no amount; write a number with K, M, G or T, as 200M, 1.6G or 2e8"
            + ("; K is 1000, KiB is 1024 bytes" if kind in IN_BYTES else "")
        )
    number, exponent, decimal, binary, _ = match.groups()
    if binary and kind not in IN_BYTES:
        raise NetspaceError(f"{what}: {binary}B is for bytes, and {kind} are none; write K, M, G or T, as 200M")
    amount = float(f"{number}e{int(exponent or 0) + 3 * _POWERS[(decimal or '').upper()]}")
    amount *= 1024 ** _POWERS[binary[0]] if binary else 1
    if not 1 <= amount < LARGEST:
        raise NetspaceError(f"{what} is outside of 1 to 4e18; write it as 200M, 1.6G or 2e8")
    return round(amount)


def _time_in(text: str, what: str) -> int:
    """Return a time in nanoseconds."""
    match = re.fullmatch(_TIME, text)
    if match is None:
        raise NetspaceError(f"{what} is no time; write a number with its unit, as 5ms, 800us or 0.2s")
    amount = round(float(match[1]) * 10 ** _TIMES[match[2]])
    if not 1 <= amount < LARGEST:
        raise NetspaceError(f"{what} is outside of 1ns to 4e9s; write it as 5ms, 800us or 0.2s")
    return amount


def format_amount(amount: float, kind: str = "flops") -> str:
    """Write an amount in three to four figures, as `200M` or, of latency, `5ms`; it can be read back."""
    if kind == LATENCY:
        unit, power = next(((u, p) for u, p in _TIMES.items() if amount >= 0.9995 * 10**p), ("ns", 0))
        return f"{amount / 10**power:.4g}{unit}"
    for unit, power in (("T", 12), ("G", 9), ("M", 6), ("K", 3)):
        if amount >= 0.9995 * 10**power:
            return f"{amount / 10**power:.4g}{unit}"
    return f"{amount:.4g}"


def exact_amount(amount: int, kind: str) -> str:
    """Write an amount so that it is read back exactly, as short as that allows: `200M`, `256KiB` or all digits."""
    short = format_amount(amount, kind)
    if amount_in(short, short, kind) == amount:
        return short
    if kind == LATENCY:
        return f"{amount}ns"
    for unit, power in (("TiB", 4), ("GiB", 3), ("MiB", 2), ("KiB", 1)):
        if kind in IN_BYTES and not amount % 1024**power:
            return f"{amount // 1024**power}{unit}"
    return str(amount)
