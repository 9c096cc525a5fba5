"""A state of moto's account that many tests begin with, made once a process."""

import copy
import copyreg
import threading
from collections.abc import Callable
from typing import Any, TypeVar
from unittest import mock

from moto.core.base_backend import BackendDict
from moto.s3.models import s3_backends

T = TypeVar("T")
_made: dict[Callable[[], Any], tuple[Any, "_State"]] = {}


def made_once(make: Callable[[], T]) -> T:
    """Returns what `make` makes in an empty account; later calls put back what it left there.

    Buckets may not have objects, whose files cannot be copied.
    """
    assert not BackendDict._instances, "something is in the account"  # type: ignore[misc]
    if make in _made:
        made, state = _made[make]
        state.restore()
    else:
        made = make()
        _made[make] = made, _State()
    result: T = copy.copy(made)
    vars(result).update({name: it.copy() for name, it in vars(made).items() if type(it) is dict})
    return result


class _State:
    def __init__(self) -> None:
        self._backends = {
            (service, account, region): backend
            for service in BackendDict._instances  # type: ignore[misc]
            for account, region, backend in service.iter_backends()
        }
        unchanged = {id(backend): backend for backend in self._backends.values()}
        self._attributes = _copied([vars(it) for it in self._backends.values()], unchanged)
        self._buckets = dict(s3_backends.bucket_accounts)

    def restore(self) -> None:
        """Fill moto's backends, which are new ones after each test."""
        new = {
            id(backend): service[account][region]
            for (service, account, region), backend in self._backends.items()
        }
        for backend, attributes in zip(new.values(), _copied(self._attributes, new), strict=True):
            backend.__dict__ = attributes
        s3_backends.bucket_accounts |= self._buckets


def _copied(attributes: list[dict[str, Any]], backends: dict[int, Any]) -> list[dict[str, Any]]:
    """Copy all but references to backends, which become these, and locks, which become new."""
    locks = {type(threading.RLock()): lambda _: (threading.RLock, ())}
    with mock.patch.dict(copyreg.dispatch_table, locks):
        return copy.deepcopy(attributes, dict(backends))
