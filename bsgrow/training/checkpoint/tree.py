"""What the pickle of a checkpoint describes: dicts, lists, tuples, numbers, text and tensors.

``torch.load(weights_only=True)`` runs no code, but allocates whatever size a
file names, and hashes whatever it uses as a key. So the few opcodes that ``torch.save``
needs for a state are carried out here, and tensors are described before any is made.
"""

import pickle
import struct
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from bsgrow.training.checkpoint.archive import NoCheckpointError
from bsgrow.training.checkpoint.records import DTYPES, Global, storage_of, tensor_of

_DICT, _TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"


def read_tree(content: bytes, storages: Mapping[str, int]) -> Any:
    """Return what a pickle describes; a few hundred bytes of memory for each byte of it at most.

    Dicts have text and whole numbers as keys; any value may stand anywhere in it, more than once
    too, so that to compare or print a part of it may take for ever.

    Args:
        content: the pickle.
        storages: the bytes that each storage has.

    Raises:
        NoCheckpointError: it is not such a pickle, or a tensor does not fit its storage.
    """
    machine = _Machine(content, storages)
    try:
        return machine.run()
    except (struct.error, LookupError, ValueError, TypeError) as error:
        raise NoCheckpointError("its description of the state is damaged") from error


class _Machine:
    """Carries out the opcodes: a stack, the stacks below its marks, and a memo."""

    def __init__(self, content: bytes, storages: Mapping[str, int]) -> None:
        self._content, self._at, self._storages = content, 0, storages
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        while (opcode := self._take(1)) != pickle.STOP:
            if opcode not in _OPCODES:
                raise NoCheckpointError(f"its description of the state has an opcode {opcode!r}")
            _OPCODES[opcode](self)
        (root,) = self._stack
        return root

    def _take(self, size: int) -> bytes:
        self._at += size
        if self._at > len(self._content):
            raise NoCheckpointError("its description of the state is cut short")
        return self._content[self._at - size : self._at]

    def number(self, form: str) -> Any:
        (value,) = struct.unpack(form, self._take(struct.calcsize(form)))
        return value

    def push_number(self, form: str) -> None:
        self._stack.append(self.number(form))

    def push(self, make: Callable[[], Any]) -> None:
        self._stack.append(make())

    def push_text(self) -> None:
        self._stack.append(self._take(self.number("<I")).decode("utf-8"))

    def push_long(self) -> None:
        self._stack.append(pickle.decode_long(self._take(self.number("<B"))))

    def push_global(self) -> None:
        stop = self._content.index(b"\n", self._content.index(b"\n", self._at) + 1)
        name = self._take(stop + 1 - self._at)[:-1].decode("ascii").replace("\n", " ")
        if name not in {_DICT, _TENSOR, *DTYPES}:
            raise NoCheckpointError(f"it asks for {name[:100]!r}, which is no part of a state")
        self._stack.append(Global(name))

    def mark(self) -> None:
        self._below.append(self._stack)
        self._stack = []

    def _to_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._below.pop()
        return items

    def marked_tuple(self) -> None:
        items = self._to_mark()
        self._stack.append(tuple(items))

    def tuple_of(self, size: int) -> None:
        items = [self._stack.pop() for _ in range(size)]
        self._stack.append(tuple(reversed(items)))

    def extend(self, *, marked: bool) -> None:
        items = self._to_mark() if marked else [self._stack.pop()]
        self._top(list).extend(items)

    def set_items(self, *, marked: bool) -> None:
        items = self._to_mark() if marked else [self._stack.pop() for _ in range(2)][::-1]
        target = self._top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, int):  # a nested tuple's hash may take for ever
                raise NoCheckpointError(f"it has a {type(key).__name__} as a key")
            target[key] = value

    def _top(self, kind: type) -> Any:
        top = self._stack[-1]
        if type(top) is not kind:
            raise NoCheckpointError(f"it adds to a {type(top).__name__} as if to a {kind.__name__}")
        return top

    def memoize(self, form: str) -> None:
        self._memo[self.number(form)] = self._stack[-1]

    def recall(self, form: str) -> None:
        self._stack.append(self._memo[self.number(form)])

    def ignore_state(self) -> None:
        """Drop what torch notes about a dict of weights: their modules' versions."""
        self._stack.pop()
        self._top(dict)

    def persistent(self) -> None:
        self._stack.append(storage_of(self._stack.pop(), self._storages))

    def reduce(self) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        if function == Global(_TENSOR) and type(arguments) is tuple:
            self._stack.append(tensor_of(arguments))
        elif function == Global(_DICT) and arguments == ():
            self._stack.append({})
        else:
            raise NoCheckpointError("it makes what is neither a tensor nor a dict")


_OPCODES: Final[Mapping[bytes, Callable[[_Machine], None]]] = MappingProxyType(
    {
        pickle.PROTO: lambda machine: machine.number("<B"),
        pickle.NONE: partial(_Machine.push, make=lambda: None),
        pickle.NEWTRUE: partial(_Machine.push, make=lambda: True),
        pickle.NEWFALSE: partial(_Machine.push, make=lambda: False),
        pickle.EMPTY_TUPLE: partial(_Machine.push, make=tuple),
        pickle.EMPTY_LIST: partial(_Machine.push, make=list),
        pickle.EMPTY_DICT: partial(_Machine.push, make=dict),
        pickle.BININT: partial(_Machine.push_number, form="<i"),
        pickle.BININT1: partial(_Machine.push_number, form="<B"),
        pickle.BININT2: partial(_Machine.push_number, form="<H"),
        pickle.BINFLOAT: partial(_Machine.push_number, form=">d"),
        pickle.LONG1: _Machine.push_long,
        pickle.BINUNICODE: _Machine.push_text,
        pickle.GLOBAL: _Machine.push_global,
        pickle.MARK: _Machine.mark,
        pickle.TUPLE: _Machine.marked_tuple,
        pickle.TUPLE1: partial(_Machine.tuple_of, size=1),
        pickle.TUPLE2: partial(_Machine.tuple_of, size=2),
        pickle.TUPLE3: partial(_Machine.tuple_of, size=3),
        pickle.APPEND: partial(_Machine.extend, marked=False),
        pickle.APPENDS: partial(_Machine.extend, marked=True),
        pickle.SETITEM: partial(_Machine.set_items, marked=False),
        pickle.SETITEMS: partial(_Machine.set_items, marked=True),
        pickle.BINPUT: partial(_Machine.memoize, form="<B"),
        pickle.LONG_BINPUT: partial(_Machine.memoize, form="<I"),
        pickle.BINGET: partial(_Machine.recall, form="<B"),
        pickle.LONG_BINGET: partial(_Machine.recall, form="<I"),
        pickle.BUILD: _Machine.ignore_state,
        pickle.BINPERSID: _Machine.persistent,
        pickle.REDUCE: _Machine.reduce,
    }
)
