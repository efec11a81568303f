"""Who occurs in the reviews: names and words for women and for men, in pairs.

Each word of a pair may take the other's place without a change of meaning, so a model that judges
a review differently after the exchange judges people. Within the built-in corpus the exchange is
exact: "her" is always an object there ("with her"), never a possessive, and "his" does not occur.
"""

NAMES = (
    ("Anna", "Paul"),
    ("Clara", "Felix"),
    ("Emma", "Oscar"),
    ("Helen", "Thomas"),
    ("Julia", "Martin"),
    ("Laura", "Simon"),
    ("Maria", "Victor"),
    ("Nora", "Henry"),
    ("Rosa", "Leo"),
    ("Sophie", "Daniel"),
)
CLOSEST = (("mother", "father"), ("sister", "brother"))
RELATIVES = (
    *CLOSEST,
    ("aunt", "uncle"),
    ("daughter", "son"),
    ("grandmother", "grandfather"),
    ("niece", "nephew"),
    ("wife", "husband"),
)
# Whom one meets: in a film, in a book, in a restaurant, in a shop, anywhere.
STRANGERS = (
    ("actress", "actor"),
    ("heroine", "hero"),
    ("waitress", "waiter"),
    ("saleswoman", "salesman"),
    ("girl", "boy"),
    ("woman", "man"),
)
PRONOUNS = (("she", "he"), ("her", "him"))

# (female, male): the table of a test that exchanges them. Names have a capital, words have none.
PAIRS = NAMES + RELATIVES + STRANGERS + PRONOUNS
