"""German endings: articles, adjectives, nouns, pronouns and verbs, as tables and small functions.

A gender is "m", "f", "n", or "p" for the plural of all three; a case is "nominative",
"accusative" or "dative".
"""

from .lexicon import Adjective, Noun

CASES = ("nominative", "accusative", "dative")


def _table(nominative: str, accusative: str, dative: str) -> dict[tuple[str, str], str]:
    """Rows of four endings (m f n p) to a lookup by (case, gender); "-" is no ending."""
    rows = zip(CASES, (nominative, accusative, dative), strict=True)
    return {
        (case, gender): ending.strip("-")
        for case, row in rows
        for gender, ending in zip("mfnp", row.split(), strict=True)
    }


#                                m   f   n   p     m   f   n   p     m   f   n   p
ARTICLE = _table("der die das die", "den die das die", "dem der dem den")
RELATIVE = _table("der die das die", "den die das die", "dem der dem denen")
PERSONAL = _table("er sie es sie", "ihn sie es sie", "ihm ihr ihm ihnen")
STRONG = _table("er e es e", "en e es e", "em er em en")
MIXED = _table("er e es en", "en e es en", "en en en en")
WEAK = _table("e e e en", "en e e en", "en en en en")
EIN_WORD = _table("- e - e", "en e - e", "em er em en")

# English determiner: German stem, its own endings, the endings of an adjective after it.
DETERMINERS = {
    "the": ("", ARTICLE, WEAK),
    "this": ("dies", STRONG, WEAK),
    "every": ("jed", STRONG, WEAK),
    "a": ("ein", EIN_WORD, MIXED),
    "no": ("kein", EIN_WORD, MIXED),
    "my": ("mein", EIN_WORD, MIXED),
    "his": ("sein", EIN_WORD, MIXED),
    "its": ("sein", EIN_WORD, MIXED),
    "her": ("ihr", EIN_WORD, MIXED),
    "our": ("unser", EIN_WORD, MIXED),
    "their": ("ihr", EIN_WORD, MIXED),
    "": ("", None, STRONG),
}

CONTRACTIONS = {
    "in dem": "im",
    "in das": "ins",
    "zu dem": "zum",
    "zu der": "zur",
    "von dem": "vom",
}

# Present tense of the verbs that follow no rule: ich, du, er, wir/sie.
IRREGULAR = {
    "sein": ("bin", "bist", "ist", "sind"),
    "haben": ("habe", "hast", "hat", "haben"),
    "werden": ("werde", "wirst", "wird", "werden"),
    "können": ("kann", "kannst", "kann", "können"),
    "müssen": ("muss", "musst", "muss", "müssen"),
    "wollen": ("will", "willst", "will", "wollen"),
    "mögen": ("mag", "magst", "mag", "mögen"),
}


def determiner(english: str, case: str, gender: str) -> str:
    """The German determiner for an English one: ("a", "accusative", "m") gives "einen"."""
    stem, endings, _ = DETERMINERS[english]
    return stem + endings[case, gender] if endings else ""


def decline_adjective(adjective: Adjective, after: str, case: str, gender: str) -> str:
    """The adjective before a noun and after the determiner `after` ("" for none)."""
    return adjective.stem + DETERMINERS[after][2][case, gender]


def decline_noun(noun: Noun, case: str, plural: bool = False) -> str:
    """The noun in a case: the dative plural takes -n, a weak noun is like its plural."""
    if not plural:
        return noun.german_plural if noun.weak and case != "nominative" else noun.german
    if case == "dative" and not noun.german_plural.endswith(("n", "s")):
        return noun.german_plural + "n"
    return noun.german_plural


def contract(preposition: str, phrase: str) -> str:
    """Preposition and noun phrase, with im, ins, zum, zur, vom where German has them."""
    article, _, rest = phrase.partition(" ")
    short = CONTRACTIONS.get(f"{preposition} {article}")
    return f"{short} {rest}" if short else f"{preposition} {phrase}"


def present(infinitive: str, third: str, person: int, plural: bool) -> str:
    """A present form from the infinitive (without prefix) and the third person singular."""
    if infinitive in IRREGULAR:
        return IRREGULAR[infinitive][3 if plural else person - 1]
    if plural:
        return infinitive
    if person == 2:
        raise ValueError(f"The lexicon gives no du-form of {infinitive}.")
    return third if person == 3 else infinitive.removesuffix("en") + "e"


def past(singular: str, plural: bool) -> str:
    """A past form (first or third person) from its singular: sah, sahen; kaufte, kauften."""
    if not plural:
        return singular
    return singular + ("n" if singular.endswith("e") else "en")
