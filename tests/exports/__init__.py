"""Plans driven in the systems that they are exported to.

Run by ``python -m tests.exports`` (``make check-exports``). A system is one module in ``systems``
and one line in ``registry``.
"""
