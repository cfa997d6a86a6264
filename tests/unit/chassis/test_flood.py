"""When bad messages are too many."""

from services.chassis.flood import Flood


def test_so_many_in_a_row() -> None:
    flood = Flood(in_a_row=1_000)
    for _ in range(999):
        assert not flood.would_be_over()
        flood.bad()
    assert flood.would_be_over()
    flood.good()
    assert not flood.would_be_over()


def test_more_than_the_share_of_a_full_window() -> None:
    flood = Flood(window=10_000, share=0.01)
    flood.good(9_800)
    for _ in range(100):
        assert not flood.would_be_over()
        flood.bad()
    flood.good(98)
    assert not flood.would_be_over()  # 101 of 9,999: the window is not full yet
    flood.good(1)
    assert flood.would_be_over()  # this one would be the 101st of the last 10,000
    flood.good(10_000)
    assert not flood.would_be_over()


def test_one_per_cent_is_borne_for_ever() -> None:
    flood = Flood(window=1_000, share=0.01)
    for _ in range(50):
        for _ in range(10):
            assert not flood.would_be_over()
            flood.bad()
        flood.good(990)
