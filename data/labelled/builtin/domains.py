"""What the reviews are about: the things, their aspects, and sentences that say no opinion.

Sentences may name a person: {person} is a relative or a name, {she} and {her} take it up, and
{actress}, {heroine}, {waitress}, {saleswoman}, {girl} and {woman} are any word of that pair. They
state facts that nobody would hold for or against the thing.
"""

from dataclasses import dataclass


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


@dataclass(frozen=True)
class Domain:
    """One field of reviews.

    Attributes:
        items: nouns for the thing as a whole, and `whole` what adjectives describe it.
        aspects: its parts, by what adjectives describe them.
        was: the tense of its reviews.
        rivals: what it is compared with.
        parts: its first and its last part, and `part` what adjectives describe them.
        early, end: phrases for "after ..." and "by ...".
        span: from the first to the last.
        who: what a companion did.
        openings: sentences that begin a review.
        facts: sentences for anywhere after that.
        closings: sentences for the end.
    """

    items: tuple[str, ...]
    whole: str
    aspects: dict[str, tuple[str, ...]]
    was: str
    rivals: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]
    part: str
    early: tuple[str, ...]
    end: tuple[str, ...]
    span: tuple[str, ...]
    who: str
    openings: tuple[str, ...]
    facts: tuple[str, ...]
    closings: tuple[str, ...]


FILM = Domain(
    items=("film", "movie"),
    whole="story",
    aspects={
        "story": ("plot", "script", "dialogue", "ending"),
        "art": ("acting", "music", "camera work"),
    },
    was="was",
    rivals=("the first part", "the last film by the same director", "the version from the sixties"),
    parts=(("the first half", "the second half"), ("the first hour", "the last hour")),
    part="story",
    early=("the first ten minutes", "the opening scene"),
    end=("the last scene", "the closing credits"),
    span=("from the opening scene to the credits", "from the first scene to the last"),
    who="who watched it with me",
    openings=_lines(
        """
        I watched this {item} on Sunday.
        We saw this {item} at the cinema in our street.
        I saw this {item} with {person} last week.
        {person} and I watched this {item} yesterday.
        This {item} was shown at the town hall on Friday.
        """
    ),
    facts=_lines(
        """
        We sat in the third row.
        The {item} runs for about two hours.
        Most of it takes place in a harbour town.
        The {item} was shot in black and white.
        The {item} is based on a play.
        I had seen the poster at the station.
        The ticket cost nine euros.
        The {item} tells of a family that moves to the coast.
        The {actress} in the leading role grew up in Norway.
        A {woman} in front of us wore a hat.
        The {item} begins with a {girl} on a train.
        {person} had bought the tickets.
        """
    ),
    closings=_lines(
        """
        We took the bus home.
        Afterwards we went for a walk with {person}.
        The {item} is still on in two cinemas.
        The next showing is on Thursday.
        """
    ),
)
BOOK = Domain(
    items=("book", "novel"),
    whole="story",
    aspects={
        "story": ("plot", "dialogue", "ending", "first chapter"),
        "art": ("prose", "translation", "language"),
    },
    was="is",
    rivals=(
        "the first volume",
        "the last book by the same author",
        "the play on which it is based",
    ),
    parts=(("the first half", "the second half"), ("the first part", "the last part")),
    part="story",
    early=("the first chapter", "the first twenty pages"),
    end=("the last page", "the last chapter"),
    span=("from the first page to the last", "from the first chapter to the epilogue"),
    who="who read it before me",
    openings=_lines(
        """
        I read this {item} in March.
        I read this {item} on the train to work.
        {person} lent me this {item} in the spring.
        Our reading group chose this {item} for June.
        I found this {item} at the library with {person}.
        """
    ),
    facts=_lines(
        """
        The {item} has about three hundred pages.
        The story begins in a small town by a river.
        The {item} covers ten years in the life of a family.
        The cover shows a blue door.
        The {item} came out in paperback last year.
        There is a map on the first page.
        The {item} is the third one by this author.
        The {heroine} works at a post office.
        The {item} opens with a letter to a {girl}.
        In the second chapter a {woman} comes to visit.
        I borrowed the {item} from {person}.
        The {item} is told in the first person.
        """
    ),
    closings=_lines(
        """
        I gave the {item} back to {person} on Monday.
        The {item} is back on the shelf now.
        The next volume comes out in May.
        There is also an audio version.
        """
    ),
)
RESTAURANT = Domain(
    items=("restaurant", "bistro"),
    whole="room",
    aspects={
        "food": ("soup", "fish", "dessert", "coffee"),
        "service": ("table service", "bar staff"),
        "room": ("dining room", "terrace"),
    },
    was="was",
    rivals=(
        "the place across the street",
        "the restaurant at the station",
        "the pizzeria next door",
    ),
    parts=(
        ("our first evening there", "our last evening there"),
        ("our first visit", "our second visit"),
    ),
    part="event",
    early=("the first course", "the first visit"),
    end=("the time the bill came", "the time we left"),
    span=("from the first course to the last", "from the starter to the bill"),
    who="who shared the table with me",
    openings=_lines(
        """
        We went to this {item} on Saturday.
        I had dinner at this {item} with {person}.
        {person} and I went to this {item} for lunch.
        We had a table for four at this {item} last night.
        I went to this {item} after work.
        """
    ),
    facts=_lines(
        """
        The {item} is in a side street near the market.
        We sat at a table by the window.
        The menu has four pages.
        The {item} has about twenty tables.
        There is a car park behind the building.
        We ordered the fish and a bottle of water.
        The {item} opened in the autumn.
        A {waitress} brought the menu.
        A {woman} at the next table ordered the soup.
        The {waitress} asked us where we came from.
        {person} had booked the table.
        We paid sixty euros in all.
        """
    ),
    closings=_lines(
        """
        We walked home along the river.
        {person} drove us home.
        I paid by card.
        The {item} is closed on Mondays.
        """
    ),
)
HOTEL = Domain(
    items=("hotel", "inn"),
    whole="room",
    aspects={
        "food": ("breakfast", "dinner"),
        "service": ("room service", "reception staff"),
        "room": ("room", "bathroom", "lobby", "lounge"),
    },
    was="was",
    rivals=("the hotel next door", "the hostel at the station", "the guesthouse by the lake"),
    parts=(
        ("our first night there", "our last night there"),
        ("our first stay", "our second stay"),
    ),
    part="event",
    early=("the first day", "the first night"),
    end=("the day we left", "the third day"),
    span=("from the first day to the last", "from check-in to departure"),
    who="who shared the room with me",
    openings=_lines(
        """
        We stayed at this {item} in August.
        I spent three nights at this {item}.
        {person} and I stayed at this {item} last weekend.
        I stayed at this {item} for a conference.
        We booked this {item} for the holidays with {person}.
        """
    ),
    facts=_lines(
        """
        The {item} is ten minutes from the station.
        Our room was on the second floor.
        The {item} has about fifty rooms.
        The window looked out on a square.
        Breakfast is served from seven to ten.
        There is a lift next to the stairs.
        We arrived in the afternoon.
        A {woman} at the desk gave us the keys.
        A {girl} was playing the piano in the lobby.
        {person} had the room next to mine.
        The house was built in the twenties.
        We paid ninety euros for the night.
        """
    ),
    closings=_lines(
        """
        We took the early train home.
        {person} picked me up at noon.
        I paid by card.
        The bus to the airport stops in front of it.
        """
    ),
)
PHONE = Domain(
    items=("phone", "smartphone"),
    whole="device",
    aspects={
        "device": ("camera", "screen", "keyboard", "speaker", "charger"),
        "service": ("customer service",),
    },
    was="is",
    rivals=("my old phone", "the model before it", "the tablet from the same company"),
    parts=(
        ("the first week with it", "the last month with it"),
        ("the first day with it", "the last week with it"),
    ),
    part="event",
    early=("the first week", "the first update"),
    end=("the end of the month", "the second week"),
    span=("from the first day to the last", "from the first call to the latest update"),
    who="who bought the same one",
    openings=_lines(
        """
        I bought this {item} in May.
        I have had this {item} for three months.
        {person} gave me this {item} for my birthday.
        I bought this {item} at the shop in our street.
        {person} and I bought this {item} at the same time.
        """
    ),
    facts=_lines(
        """
        The {item} comes in three colours.
        The {item} came in a small box.
        I use the {item} for calls and for maps.
        The contract runs for two years.
        The {item} has two buttons on the left side.
        I chose the blue one.
        The {item} takes two cards.
        The {saleswoman} put in the card for me.
        A {woman} in the shop had the same model.
        {person} has the same one in red.
        I use the {item} at work and at home.
        The {item} weighs about two hundred grams.
        """
    ),
    closings=_lines(
        """
        Now {person} wants to write a review as well.
        The contract ends in the spring.
        The next model comes out in autumn.
        The {item} lies on the desk in front of me.
        """
    ),
)
DOMAINS = (FILM, BOOK, RESTAURANT, HOTEL, PHONE)
