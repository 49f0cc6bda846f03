"""What a run is asked to do, resolved from a preset, a file and options into one value."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from netspace.cost import profile_in_use, use_profile
from netspace.cost.layers import LATENCY
from netspace.documents import from_plain, keys_at, parse_yaml, read_yaml, to_plain
from netspace.errors import NetspaceError, did_you_mean
from netspace.settings import AUTO, DataSettings, Recipe, SearchConfig
from netspace.spaces import SearchSpace

_FOLDERS = {"space": "spaces/presets", "recipe": "evaluate/recipes"}
MANY = 5000  # training images
_EXAMPLES: dict[type[Any], str] = {SearchConfig: "search.epochs=12", Recipe: "epochs=12"}


def preset_names(kind: str = "space") -> list[str]:
    """Return the names of the search spaces, or of the recipes, that ship with the package."""
    files = (resources.files("netspace") / _FOLDERS[kind]).iterdir()
    return sorted(entry.name.removesuffix(".yaml") for entry in files if entry.name.endswith(".yaml"))


def load_document(name: str, kind: str = "space") -> dict[str, Any]:
    """Read the YAML of a preset, by its name, or of a user's own file, by its path.

    Raises:
        NetspaceError: where there is neither.
    """
    names = preset_names(kind)
    if name in names:
        text = (resources.files("netspace") / _FOLDERS[kind] / f"{name}.yaml").read_text(encoding="utf-8")
        return parse_yaml(text, name)
    if os.path.lexists(name):
        return read_yaml(Path(name))
    if name.endswith((".yaml", ".yml")) or os.sep in name:
        raise NetspaceError(f"{kind} file '{name}' is not there; give a file, or one of {', '.join(names)}")
    raise NetspaceError(f"unknown {kind} '{name}', {did_you_mean(name, names)}; or give a YAML file")


def load_recipe(name: str, settings: tuple[str, ...] = ()) -> Recipe:
    """Return a recipe that ships with the package, or the one in a user's YAML file.

    Args:
        name: of the recipe, or path of its file.
        settings: overrides such as `epochs=12`, keys by their path, values as YAML.

    Raises:
        NetspaceError: where it is not there, or at fault.
    """
    document = load_document(name, "recipe")
    for setting in settings:
        _merge(document, _setting(setting, Recipe))
    return from_plain(Recipe, document, name)


def recipe_by_data(name: str, images: int) -> str:
    """Return the recipe of a search's trainings: the named one, and for `auto` the one that suits the training images.

    That is `honest`, and `scant` below 5,000 images, of which `honest` with its batches of 100 makes too few steps.
    """
    return ("scant" if images < MANY else "honest") if name == AUTO else name


def searched_on(config: SearchConfig, data: DataSettings, images: int, device: str) -> SearchConfig:
    """Return a config as a search has it: with its data, its device, and the recipe that `auto` stands for.

    Args:
        config: as it was asked for.
        data: as resolved.
        images: to train on.
        device: `cpu` or `cuda`.
    """
    front = config.search.front
    search = replace(config.search, front=replace(front, recipe=recipe_by_data(front.recipe, images)))
    return SearchConfig(**{**vars(config), "data": data, "device": device, "search": search})


def load_search_space(name: str) -> SearchSpace:
    """Return a preset, or the search space in a user's YAML file.

    Raises:
        NetspaceError: where it is not there, or at fault.
    """
    document = load_document(name)
    document.pop("search", None)
    return from_plain(SearchSpace, document, name)


def resolve(
    space: str, *, file: Path | None = None, settings: tuple[str, ...] = (), options: dict[str, Any] | None = None
) -> SearchConfig:
    """Resolve a config: the space's own settings, then a file, then `key=value` settings, then options.

    Args:
        space: name of a preset or path of a space's YAML.
        file: YAML with any keys of SearchConfig.
        settings: overrides such as `search.epochs=12`, keys by their path, values as YAML.
        options: keys of SearchConfig; None values are left out.

    Raises:
        NetspaceError: names each fault by its key.
    """
    document = load_document(space)
    search = document.pop("search", None) or {}
    plain: dict[str, Any] = {"space": to_plain(from_plain(SearchSpace, document, space)), "search": search}
    if file is not None:
        _merge(plain, read_yaml(file))
    for setting in settings:
        _merge(plain, _setting(setting, SearchConfig))
    _merge(plain, _without_none(options or {}))
    _measure_by(plain)
    return from_plain(SearchConfig, plain, "config" if file is None else str(file))


def _measure_by(plain: dict[str, Any]) -> None:
    """Use the profile whose file a config names, and put in its place what it is, wherever it lies."""
    file, used = plain.get("device_profile"), profile_in_use()
    if isinstance(file, str) and file and not (used and used.fingerprint == file):
        use_profile(file)
    texts = [str(text) for key in ("budgets", "constraints") for text in plain.get(key) or ()]
    if (used := profile_in_use()) and (file or any(re.match(rf"\s*{LATENCY}\b", text) for text in texts)):
        plain["device_profile"] = used.fingerprint


def _merge(base: dict[str, Any], over: dict[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value


def _without_none(plain: dict[str, Any]) -> dict[str, Any]:
    kept = {k: _without_none(v) if isinstance(v, dict) else v for k, v in plain.items()}
    return {k: v for k, v in kept.items() if v is not None and v != {}}


def _setting(text: str, kind: type[Any]) -> dict[str, Any]:
    """Turn `a.b=1` into {"a": {"b": 1}}, each key checked against those of `kind`."""
    path, separator, value = text.partition("=")
    if not separator:
        raise NetspaceError(f"--set {text}: write it as key=value, for instance {_EXAMPLES[kind]}")
    parts = path.strip().split(".")
    for i, part in enumerate(parts):
        allowed = keys_at(kind, tuple(parts[:i]))
        if part not in allowed:
            raise NetspaceError(f"--set {text}: unknown key '{path.strip()}', {did_you_mean(part, allowed)}")
    document = parse_yaml(f"value: {value}", f"--set {text}")
    if document.keys() != {"value"}:
        raise NetspaceError(f"--set {text}: one setting has one value; give each setting with a --set of its own")
    node: Any = document["value"]
    for part in reversed(parts):
        node = {part: node}
    assert isinstance(node, dict)
    return node
