"""The words that carry an opinion, in pairs of opposites.

No word is in two pairs: a pair is what a split holds out, so a shared word would be seen in both.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Opposites:
    """A positive and a negative word; `about` is what they can describe
    (anything, if it is empty).

    A mild pair may be denied: "not dull" is praise and "not gripping" is blame, while "not superb"
    would leave the verdict open.
    """

    positive: str
    negative: str
    about: frozenset[str] = frozenset()
    mild: bool = True


def _adjectives(about: str, rows: str, mild: bool = True) -> tuple[Opposites, ...]:
    """One pair per row: the positive word, the negative word."""
    kinds = frozenset(about.split())
    return tuple(Opposites(*row.split(), kinds, mild) for row in rows.strip().splitlines())


def _fixed(rows: str) -> tuple[Opposites, ...]:
    """One pair per row, parted by a slash, for words that do not describe a thing."""
    pairs = (row.split("/") for row in rows.strip().splitlines())
    return tuple(Opposites(positive.strip(), negative.strip()) for positive, negative in pairs)


ADJECTIVES = (
    *_adjectives(
        "story art food service room device event",
        """
        good bad
        pleasant unpleasant
        impressive disappointing
        satisfying unsatisfying
        """,
    ),
    *_adjectives(
        "story art food service room device event",
        """
        wonderful awful
        excellent terrible
        superb dreadful
        great horrible
        marvellous lousy
        fantastic dismal
        outstanding pathetic
        splendid atrocious
        brilliant abysmal
        magnificent appalling
        terrific pitiful
        """,
        mild=False,
    ),
    *_adjectives(
        "story",
        """
        gripping dull
        interesting boring
        original predictable
        clever silly
        exciting tedious
        believable ridiculous
        captivating tiresome
        thoughtful shallow
        entertaining monotonous
        """,
    ),
    *_adjectives(
        "story art",
        """
        convincing unconvincing
        elegant clumsy
        lively lifeless
        polished sloppy
        memorable forgettable
        """,
    ),
    *_adjectives(
        "food",
        """
        tasty bland
        delicious tasteless
        appetising unappetising
        """,
    ),
    *_adjectives(
        "service",
        """
        friendly rude
        polite impolite
        attentive inattentive
        helpful unhelpful
        welcoming hostile
        """,
    ),
    *_adjectives(
        "room",
        """
        clean dirty
        cosy gloomy
        comfortable uncomfortable
        quiet noisy
        tidy messy
        inviting shabby
        """,
    ),
    *_adjectives(
        "device",
        """
        reliable unreliable
        sturdy flimsy
        useful useless
        practical impractical
        solid shoddy
        dependable faulty
        """,
    ),
)
# "I was delighted", "it left me bored".
FEELINGS = _fixed(
    """
    delighted / annoyed
    amused / bored
    happy / unhappy
    impressed / disappointed
    thrilled / frustrated
    enchanted / irritated
    satisfied / dissatisfied
    cheerful / grumpy
    """
)
# "The film was a joy."
VERDICTS = _fixed(
    """
    a triumph / a failure
    a joy / a chore
    a pleasure / a nuisance
    a delight / a disaster
    a success / a flop
    a treat / a letdown
    a gem / a dud
    """
)
# "I loved it", "I expected to love it", "the papers praised it".
LIKINGS = _fixed(
    """
    loved / hated
    adored / loathed
    enjoyed / detested
    admired / despised
    liked / disliked
    """
)
EXPECTATIONS = _fixed(
    """
    love / hate
    adore / loathe
    enjoy / detest
    admire / despise
    """
)
REVIEWING = _fixed(
    """
    praised / panned
    celebrated / condemned
    recommended / slated
    applauded / ridiculed
    """
)

WORDS = {
    "adjective": ADJECTIVES,
    "mild": tuple(pair for pair in ADJECTIVES if pair.mild),
    "feeling": FEELINGS,
    "verdict": VERDICTS,
    "liking": LIKINGS,
    "expectation": EXPECTATIONS,
    "reviewing": REVIEWING,
}
