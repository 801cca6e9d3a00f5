"""The alert policies of merchants: a file of JSON, with thresholds that the model bundle's backtest fitted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from parcelcast.alerts import AlertPolicy, FittedAlerts
from parcelcast.errors import InputError

# Three ways to say what is wanted of predicted delays; whoever takes one does not want the others.
_WAYS = ({"precision"}, {"cost_of_false_apology", "cost_of_missed_delay"}, {"thresholds"})
_FORM = '{"default": {"precision": 0.9}, "merchants": {"MERCHANT_ID": {"quiet_hours": null}}}'


class Policies:
    """The policy of each merchant: its own values over those of "default", and fitted thresholds for what it wants.

    Precision, costs and thresholds are three ways to say one thing: a merchant that states one does not inherit the
    others.
    """

    def __init__(self, content: Any = None) -> None:
        """Check all policies of a file's JSON; InputError for one that cannot be used."""
        told = _object({} if content is None else content)
        if set(told) - {"default", "merchants"}:
            raise InputError(f"alert policies have {sorted(told)}; expected an object such as {_FORM}")
        self._default = _object(told.get("default", {}))
        self._merchants = {name: _object(values) for name, values in _object(told.get("merchants", {})).items()}
        self._made: dict[tuple[str, str], AlertPolicy] = {}
        for values in (self._default, *self._merchants.values()):
            _check_ways(values)
        for name in ("", *self._merchants):
            self._wanted(name)

    @classmethod
    def read(cls, path: Path) -> "Policies":
        """Read a file; without one everybody has the default policy. InputError says what is wrong with it."""
        try:
            content = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, orjson.JSONDecodeError) as error:
            raise InputError(f"{path} cannot be read ({error}); expected JSON such as {_FORM}") from error
        try:
            return cls(content)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

    def policy_of(self, merchant_id: str, fitted: FittedAlerts, version: str) -> AlertPolicy:
        """Return the policy of a merchant, with the thresholds that a bundle of this version has fitted for it."""
        name = merchant_id if merchant_id in self._merchants else ""
        key = (version, name)
        if key not in self._made:
            if any(made_for != version for made_for, _ in self._made):
                self._made.clear()
            self._made[key] = fitted.policy(self._wanted(name))
        return self._made[key]

    def _wanted(self, name: str) -> AlertPolicy:
        own = self._merchants.get(name, {})
        others = {key for way in _WAYS if not way & own.keys() for key in way} if _ways(own) else set()
        return AlertPolicy.from_dict({**{k: v for k, v in self._default.items() if k not in others}, **own})


def _ways(told: Mapping[str, Any]) -> list[set[str]]:
    """Return the ways in which values say what is wanted."""
    return [way for way in _WAYS if way & told.keys()]


def _check_ways(told: Mapping[str, Any]) -> None:
    """Refuse values that say what is wanted in several ways, with InputError."""
    if len(ways := _ways(told)) > 1:
        got = sorted(set().union(*ways) & told.keys())
        raise InputError(f"alert policies: got {got}; expected a precision, both costs, or thresholds")


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"alert policies: got {type(value).__name__}; expected objects such as {_FORM}")
    return value
