"""Log lines that nobody outside can forge."""

from __future__ import annotations

import logging
import traceback


class OneLine(logging.Filter):
    """Puts each record on one line: what callers sent may hold line ends, and a traceback's text may repeat it.

    >>> record = logging.LogRecord("x", logging.INFO, "", 0, "got %s", ("a\\nERROR forged",), None)
    >>> OneLine().filter(record), record.getMessage()
    (True, 'got a\\\\nERROR forged')
    """

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
            record.exc_info = record.exc_text = None
        record.msg = "".join(char if char.isprintable() else _escaped(char) for char in text)
        record.args = ()
        return True


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
