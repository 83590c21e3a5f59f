"""Names that nobody else uses."""

import itertools
import secrets


class Names:
    def __init__(self):
        self._run = secrets.token_hex(5)
        self._next = itertools.count()

    def campaign(self, hint="c"):
        return f"{hint}-{self._run}-{next(self._next)}"

    def user(self, hint="u"):
        return f"{hint}-{self._run}-{next(self._next)}"

    def users(self, count, hint="u"):
        return [self.user(hint) for _ in range(count)]
