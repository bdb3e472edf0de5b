"""Writes event_file.tfevents: an event file as the Python package tensorboard writes it.

    pip install tensorboard
    python3 tests/reference/event_file.py
"""

import pathlib

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

HERE = pathlib.Path(__file__).resolve().parent
START = 1700000000.25


def scalars(step, values):
    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in values]
    return Event(wall_time=START + step, step=step, summary=Summary(value=values))


events = [
    Event(wall_time=START, file_version="brain.Event:2"),
    scalars(0, [("loss/train", 1.5)]),
    scalars(1, [("loss/train", 0.1), ("learning_rate", 2e-3)]),
    scalars(300, [("loss/dev", float("inf")), ("größe", -7.25)]),
    scalars(2**40, []),
]

with open(HERE / "event_file.tfevents", "wb") as file:
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString())
