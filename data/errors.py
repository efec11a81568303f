"""The error a person can cause, told in one sentence."""


class UserError(ValueError):
    """What the user gave cannot be used; the message is one sentence that says what would be.

    The command line prints the message alone, without a traceback, and exits with status 2.
    """
