"""Callers who leave before their answer: gRPC's Python logs each as an error with a trace.

They are no errors of the task's, and whoever calls could fill its log with them.
"""

from __future__ import annotations

import logging

LOGGER = "grpc._cython.cygrpc"


def hush() -> None:
    """Log no more of them. For every server of this process; more than once does no harm."""
    logging.getLogger(LOGGER).addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """False where an answer could not be sent, which is what this private exception says."""
    kind = record.exc_info[0] if isinstance(record.exc_info, tuple) else None
    return kind is None or kind.__name__ != "ExecuteBatchError"
