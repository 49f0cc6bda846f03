"""Values as YAML and JSON: strict reading with every fault named, and writing that is all or nothing."""

from netspace.documents.files import LARGEST, naming, read_text, replacing, write_atomically
from netspace.documents.json_text import parse_json, read_json, to_json
from netspace.documents.numbers import NUMBER, Number, Whole
from netspace.documents.plain import fingerprint, formerly, from_plain, keys_at, later, to_plain, to_yaml
from netspace.documents.yaml_text import parse_yaml, read_yaml

__all__ = [
    "LARGEST",
    "NUMBER",
    "Number",
    "Whole",
    "fingerprint",
    "formerly",
    "from_plain",
    "keys_at",
    "later",
    "naming",
    "parse_json",
    "parse_yaml",
    "read_json",
    "read_text",
    "read_yaml",
    "replacing",
    "to_json",
    "to_plain",
    "to_yaml",
    "write_atomically",
]
