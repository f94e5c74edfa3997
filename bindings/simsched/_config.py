"""Configs as text. The loader that `simsched run` has reads them: there is no second schema. What is written in Python
becomes JSON, which is YAML, a value a line; an error's line is turned back into the place in the dict."""

from __future__ import annotations

import collections.abc
import json
import math
import numbers
import os
import pathlib
import typing

from . import _core
from ._errors import Error


#: What stands for a file in messages, where there is none.
_NAME = "config"
#: The path of a config, its text, or the same as a dict.
AnyConfig = typing.Union[str, "os.PathLike[str]", collections.abc.Mapping[str, typing.Any]]


class _Writer:
    """Lines of JSON, and for each the place that it comes from."""

    def __init__(self):
        self.lines, self.places, self.outer = [], [], set()

    def line(self, indent, text, place):
        self.lines.append("  " * indent + text)
        self.places.append(place)

    def scalar(self, value, place):
        if value is None or isinstance(value, (bool, str)):
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, os.PathLike):
            return json.dumps(os.fspath(value), ensure_ascii=False)
        if isinstance(value, numbers.Integral) or hasattr(value, "__index__"):
            return str(int(value))
        if isinstance(value, numbers.Real):
            if not math.isfinite(value):
                raise Error(f"is {value}", place, None, "give a finite number")
            return repr(float(value))
        if type(value).__name__ == "bool_":  # NumPy's
            return "true" if value else "false"
        raise Error(f"is a {type(value).__name__}", place, None, "a config has dicts, lists, text, numbers, and Machines")

    def write(self, value, place, indent=0, before="", after=""):
        if isinstance(value, _core.Machine):
            value = json.loads(value.to_json())
        if isinstance(value, _core.CpuSet):
            value = str(value)
        if isinstance(value, collections.abc.Mapping):
            items = [(json.dumps(str(key), ensure_ascii=False) + ": ", f"{place}.{key}" if place else str(key), item)
                     for key, item in value.items()]
            ends = "{}"
        elif isinstance(value, collections.abc.Iterable) and not isinstance(value, (str, bytes, os.PathLike)):
            items = [("", f"{place}[{i}]", item) for i, item in enumerate(value)]
            ends = "[]"
        else:
            self.line(indent, before + self.scalar(value, place) + after, place)
            return
        if id(value) in self.outer:
            raise Error("contains itself", place, None, "write it out")
        if not items:
            self.line(indent, before + ends + after, place)
            return
        self.outer.add(id(value))
        self.line(indent, before + ends[0], place)
        for i, (key, where, item) in enumerate(items):
            self.write(item, where, indent + 1, key, "," if i + 1 < len(items) else "")
        self.line(indent, ends[1] + after, place)
        self.outer.remove(id(value))


class Config:
    """A config as the loader takes it: text, the name that it has in messages, and how to find what is wrong."""

    def __init__(self, config):
        self.places = None
        if isinstance(config, collections.abc.Mapping):
            writer = _Writer()
            writer.write(config, "")
            self.text, self.name, self.places = "\n".join(writer.lines) + "\n", _NAME, writer.places
        elif isinstance(config, str) and ("\n" in config or ": " in config or config.lstrip().startswith("{")):
            self.text, self.name = config, _NAME
        elif isinstance(config, (str, os.PathLike)):
            self.name = os.fspath(config)
            try:
                self.text = pathlib.Path(config).read_text(errors="surrogateescape")
            except (OSError, ValueError) as error:
                raise Error(f"cannot be read: {getattr(error, 'strerror', None) or error}", self.name, None,
                            "give the path of a config, its text, or a dict") from None
        else:
            raise Error(f"is a {type(config).__name__}", "config", None, "give the path of a config, its text, or a dict")

    def place_of(self, where):
        """Where that is in the dict that the config was made of: "config:5" is "policies[0].eevdf"."""
        line = where[len(_NAME) + 1:] if where.startswith(_NAME + ":") else ""
        if self.places is None or not line.isdigit() or not 0 < int(line) <= len(self.places):
            return where
        return self.places[int(line) - 1] or _NAME

    def place(self, error):
        """The error as it looks from the dict."""
        if self.places is None or error.file != _NAME or error.line is None:
            return error
        return Error(error.what, self.place_of(f"{_NAME}:{error.line}"), None, error.advice)

    def load(self, policies=None):
        try:
            return _core.Session(self.text, self.name, dict(policies or {}))
        except Error as error:
            raise self.place(error) from None


def machine_config(machine, changes):
    """What Machine() is given, as a machine file; None for a name alone."""
    if isinstance(machine, (str, os.PathLike)):
        if not changes:
            return None
        machine = {"preset": os.fspath(machine)}
    elif isinstance(machine, _core.Machine):
        machine = json.loads(machine.to_json())
    elif machine is not None and not isinstance(machine, collections.abc.Mapping):
        raise Error(f"is a {type(machine).__name__}", "machine", None, "give a name, a path, a dict, or keys")
    described = {**(machine or {}), **changes}
    if not {"name", "preset", "hwloc"} & set(described):
        described["name"] = "machine"
    return Config(described)


def machine_from_json(text):
    return _core.Machine(json.loads(text))
