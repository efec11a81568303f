"""What is said of graphs that were traced."""

from apps.harness.traces import Traces, note


def test_tells_what_was_traced_and_what_of_it_late():
    note("before anybody asks")
    traces = Traces()
    assert str(traces) == "Graphs traced: none."
    note("training step")
    note("search")
    traces.on_epoch_end(0)
    assert str(traces) == (
        "Graphs traced: training step 1, search 1; in epochs after the first none."
    )
    note("search")
    traces.on_epoch_end(1)
    traces.on_train_end()
    note("teacher forcing")  # after training, in no epoch
    assert str(traces) == (
        "Graphs traced: training step 1, search 2, teacher forcing 1; "
        "in epochs after the first search 1."
    )
