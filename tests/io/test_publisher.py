"""One stream of all that happens, for whoever listens."""

from __future__ import annotations

from livegen.io.publisher import Level, Line, Published, Publisher


class Kept:
    def __init__(self) -> None:
        self.items: list[Published] = []

    def take(self, item: Published) -> None:
        self.items.append(item)


def test_everything_goes_to_every_listener_once_and_in_order() -> None:
    one, two = Kept(), Kept()
    publisher = Publisher(one)
    publisher.say("for one")
    publisher.subscribe(two)
    publisher.publish(Line("for both"))
    publisher.unsubscribe(one)
    publisher.say("for two")
    assert one.items == [Line("for one"), Line("for both")]
    assert two.items == [Line("for both"), Line("for two")]


def test_nobody_needs_to_listen() -> None:
    Publisher().say("into nothing")
    Publisher().unsubscribe(Kept())


def test_lines_have_levels() -> None:
    kept = Kept()
    publisher = Publisher(kept)
    publisher.say("as usual")
    publisher.warn("a warning")
    publisher.debug("a detail")
    assert kept.items == [
        Line("as usual", Level.INFO),
        Line("a warning", Level.WARNING),
        Line("a detail", Level.DEBUG),
    ]


def test_a_listener_may_leave_while_it_is_told() -> None:
    kept = Kept()

    class Leaving(Kept):
        def take(self, item: Published) -> None:
            super().take(item)
            publisher.unsubscribe(self)

    leaving = Leaving()
    publisher = Publisher(leaving, kept)
    publisher.say("one")
    publisher.say("two")
    assert leaving.items == [Line("one")]
    assert kept.items == [Line("one"), Line("two")]
