"""The error a person can cause, told in one sentence."""


class UserError(ValueError):
    """Something the user gave cannot be used; the message is one sentence that says what would be right.

    The command line prints the message alone, without a traceback, and exits with status 2.
    """
