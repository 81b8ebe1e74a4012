"""Hooks on modules that copies and pickles of a model do not have: what `mkor` and `nap` share."""


class Hook:
    """Calls a function for a module; a copy of it, or one from a pickle, calls nothing.

    So a copy of the model neither keeps the optimizer alive nor writes into it.
    """

    def __init__(self, function=None):
        self._function = function

    def __call__(self, *arguments):
        """Return what the function returns."""
        return None if self._function is None else self._function(*arguments)

    def __reduce__(self):
        """Return a hook without a function."""
        return Hook, ()
