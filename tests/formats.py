"""The values in a file of each kind as lists and mappings, and files made of such values, right or not."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import struct
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import torch
import yaml

from netspace.documents import parse_yaml


class Format(NamedTuple):
    """How the values of a file are taken out, and how a file is made of them.

    Args:
        read: of a file that is right.
        write: raises where no such file can hold the values.
    """

    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]


def _yaml(plain: Any) -> bytes:
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False).encode(errors="surrogatepass")


def _cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))


def _csv(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(row if isinstance(row, list) else [row] for row in rows)
    return text.getvalue().encode(errors="surrogatepass")


def _tensors(content: bytes) -> list[Any]:
    size = struct.unpack("<Q", content[:8])[0]
    return [json.loads(content[8 : 8 + size]), content[8 + size :]]


def _safetensors(parts: Any) -> bytes:
    header = json.dumps(parts[0]).encode()
    return struct.pack("<Q", len(header)) + header + parts[1]


def _state(content: bytes) -> Any:
    return torch.load(io.BytesIO(content), weights_only=True)


def _torch(state: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


def _table(content: bytes) -> Any:
    return pq.read_table(io.BytesIO(content)).to_pydict()


def _parquet(columns: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def _rows(content: bytes) -> dict[str, Any]:
    """Return the rows of each table of a database, and under '' what made the tables."""
    with closing(_database(content)) as db:
        made = [row[0] for row in db.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")]
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {"": made, **{name: [list(row) for row in db.execute(f"SELECT * FROM {name}")] for name in names}}


def _sqlite(tables: Any) -> bytes:
    """Return a database whose tables take any value: what the columns have to be is left out."""
    with closing(sqlite3.connect(":memory:")) as db:
        for made in tables.get("", []):
            db.execute(str(made).replace("NOT NULL", "").replace("UNIQUE (population, place)", "CHECK (1)"))
        for name, rows in tables.items():
            for row in rows if name else ():
                values = [json.dumps(v) if isinstance(v, (list, dict)) else v for v in row]
                db.execute(f"INSERT INTO {name} VALUES ({','.join('?' * len(values))})", values)
        db.commit()
        return db.serialize()


def _database(content: bytes) -> sqlite3.Connection:
    with tempfile.TemporaryDirectory() as folder:  # `deserialize` takes no database that was in WAL mode
        file = Path(folder) / "a.sqlite"
        file.write_bytes(content)
        with closing(sqlite3.connect(file)) as there:
            there.execute("PRAGMA journal_mode = DELETE")
        db = sqlite3.connect(":memory:")
        db.deserialize(file.read_bytes())
        return db


FORMATS = {
    "yaml": Format(lambda content: parse_yaml(content.decode(), ""), _yaml),
    "json": Format(json.loads, lambda plain: json.dumps(plain).encode()),
    "csv": Format(_cells, _csv),
    "safetensors": Format(_tensors, _safetensors),
    "torch": Format(_state, _torch),
    "parquet": Format(_table, _parquet),
    "sqlite": Format(_rows, _sqlite),
}
