"""What pydantic says, in the words of TOML."""

_WORDS = (
    ("Value error, ", ""),
    ("an object", "a table"),
    ("a valid dictionary", "a table"),
    ("an instance of Sequence", "a list"),
    ("an instance of Mapping", "a table"),
    ("Input should", "must"),
)


def plain(message: str) -> str:
    """Return a message of pydantic's as a user of recipes would say it."""
    for theirs, ours in _WORDS:
        message = message.replace(theirs, ours)
    return message
