"""The words of the built-in corpus: nouns, adjectives, names, adverbs of time, prepositions.

To add a noun, add one line to `NOUNS`: English, German, gender, German plural, and what it is.
The kinds decide which verbs, adjectives and prepositions may go with it (see `verbs.py`,
`ADJECTIVES` and `LOCATIONS`); what can be said to be "mine" is `own`, a relative is `kin`.
The nouns that "it" may stand for (`animal`, `stand`, `lay`, `vehicle`) come in equal numbers
of each gender, so that guessing a gender without reading the sentence before is worth a third.
"""

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Noun:
    """A noun: English and German, gender "m", "f" or "n", and the kinds of thing it is.

    A weak noun (der Junge, den Jungen) has the form of its plural in every case but the
    nominative singular.
    """

    english: str
    german: str
    gender: str
    german_plural: str
    kinds: frozenset[str]
    english_plural: str
    weak: bool = False


@dataclass(frozen=True)
class Adjective:
    """An adjective; `stem` is what endings are added to, `kinds` the nouns it may describe."""

    english: str
    german: str
    kinds: frozenset[str]
    stem: str
    comparative: tuple[str, str] | None = None


def _noun(english, german, gender, german_plural, kinds, english_plural=None, weak=False) -> Noun:
    english_plural = english_plural or english + ("es" if english.endswith(("s", "ch")) else "s")
    return Noun(
        english, german, gender, german_plural, frozenset(kinds.split()), english_plural, weak
    )


def _adjective(english, german, kinds, stem=None, comparative=None) -> Adjective:
    return Adjective(english, german, frozenset(kinds.split()), stem or german, comparative)


NOUNS = (
    # People.
    _noun("man", "Mann", "m", "Männer", "person grown", "men"),
    _noun("boy", "Junge", "m", "Jungen", "person", weak=True),
    _noun("teacher", "Lehrer", "m", "Lehrer", "person grown own"),
    _noun("doctor", "Arzt", "m", "Ärzte", "person grown own"),
    _noun("neighbour", "Nachbar", "m", "Nachbarn", "person grown own", weak=True),
    _noun("farmer", "Bauer", "m", "Bauern", "person grown", weak=True),
    _noun("uncle", "Onkel", "m", "Onkel", "person grown own kin"),
    _noun("brother", "Bruder", "m", "Brüder", "person grown own kin"),
    _noun("king", "König", "m", "Könige", "person grown"),
    _noun("woman", "Frau", "f", "Frauen", "person grown", "women"),
    _noun("nurse", "Krankenschwester", "f", "Krankenschwestern", "person grown"),
    _noun("aunt", "Tante", "f", "Tanten", "person grown own kin"),
    _noun("sister", "Schwester", "f", "Schwestern", "person grown own kin"),
    _noun("queen", "Königin", "f", "Königinnen", "person grown"),
    _noun("child", "Kind", "n", "Kinder", "person own", "children"),
    _noun("girl", "Mädchen", "n", "Mädchen", "person"),
    # Animals: four of each gender.
    _noun("dog", "Hund", "m", "Hunde", "animal small own"),
    _noun("bird", "Vogel", "m", "Vögel", "animal small"),
    _noun("donkey", "Esel", "m", "Esel", "animal large own"),
    _noun("bear", "Bär", "m", "Bären", "animal large", weak=True),
    _noun("cat", "Katze", "f", "Katzen", "animal small own"),
    _noun("cow", "Kuh", "f", "Kühe", "animal large own"),
    _noun("duck", "Ente", "f", "Enten", "animal small own"),
    _noun("goat", "Ziege", "f", "Ziegen", "animal large own"),
    _noun("horse", "Pferd", "n", "Pferde", "animal large own"),
    _noun("pig", "Schwein", "n", "Schweine", "animal large own"),
    _noun("rabbit", "Kaninchen", "n", "Kaninchen", "animal small own"),
    _noun("chicken", "Huhn", "n", "Hühner", "animal small own"),
    # Things that stand (German stellen, stehen): four of each gender.
    _noun("mug", "Becher", "m", "Becher", "thing own stand"),
    _noun("plate", "Teller", "m", "Teller", "thing own stand"),
    _noun("basket", "Korb", "m", "Körbe", "thing own stand"),
    _noun("pot", "Topf", "m", "Töpfe", "thing own stand"),
    _noun("lamp", "Lampe", "f", "Lampen", "thing own stand device"),
    _noun("cup", "Tasse", "f", "Tassen", "thing own stand"),
    _noun("bottle", "Flasche", "f", "Flaschen", "thing own stand"),
    _noun("vase", "Vase", "f", "Vasen", "thing own stand"),
    _noun("glass", "Glas", "n", "Gläser", "thing own stand"),
    _noun("radio", "Radio", "n", "Radios", "thing own stand device"),
    _noun("microscope", "Mikroskop", "n", "Mikroskope", "thing own stand device"),
    _noun("tray", "Tablett", "n", "Tabletts", "thing own stand"),
    # Things that lie (German legen, liegen): four of each gender.
    _noun("letter", "Brief", "m", "Briefe", "thing own lay reading written"),
    _noun("key", "Schlüssel", "m", "Schlüssel", "thing own lay"),
    _noun("hat", "Hut", "m", "Hüte", "thing own lay"),
    _noun("coat", "Mantel", "m", "Mäntel", "thing own lay clothes"),
    _noun("newspaper", "Zeitung", "f", "Zeitungen", "thing own lay reading"),
    _noun("fork", "Gabel", "f", "Gabeln", "thing own lay"),
    _noun("jacket", "Jacke", "f", "Jacken", "thing own lay clothes"),
    _noun("bag", "Tasche", "f", "Taschen", "thing own lay closable"),
    _noun("book", "Buch", "n", "Bücher", "thing own lay reading written"),
    _noun("knife", "Messer", "n", "Messer", "thing own lay", "knives"),
    _noun("shirt", "Hemd", "n", "Hemden", "thing own lay clothes"),
    _noun("dress", "Kleid", "n", "Kleider", "thing own lay clothes"),
    # Vehicles: three of each gender.
    _noun("bus", "Bus", "m", "Busse", "vehicle"),
    _noun("train", "Zug", "m", "Züge", "vehicle"),
    _noun("tractor", "Traktor", "m", "Traktoren", "vehicle private own"),
    _noun("tram", "Straßenbahn", "f", "Straßenbahnen", "vehicle"),
    _noun("ferry", "Fähre", "f", "Fähren", "vehicle", "ferries"),
    _noun("carriage", "Kutsche", "f", "Kutschen", "vehicle private own"),
    _noun("car", "Auto", "n", "Autos", "vehicle private own"),
    _noun("boat", "Boot", "n", "Boote", "vehicle private own"),
    _noun("ship", "Schiff", "n", "Schiffe", "vehicle"),
    # Furniture and parts of a house.
    _noun("table", "Tisch", "m", "Tische", "furniture wooden own top low"),
    _noun("chair", "Stuhl", "m", "Stühle", "furniture wooden own top"),
    _noun("carpet", "Teppich", "m", "Teppiche", "furniture own seat"),
    _noun("bench", "Bank", "f", "Bänke", "furniture wooden own seat top"),
    _noun("mat", "Matte", "f", "Matten", "furniture own seat"),
    _noun("bed", "Bett", "n", "Betten", "furniture wooden own seat low"),
    _noun("sofa", "Sofa", "n", "Sofas", "furniture own seat"),
    _noun("shelf", "Regal", "n", "Regale", "furniture wooden own top", "shelves"),
    _noun("door", "Tür", "f", "Türen", "part own beside closable"),
    _noun("window", "Fenster", "n", "Fenster", "part own beside closable"),
    # Places.
    _noun("garden", "Garten", "m", "Gärten", "place own inside outside path"),
    _noun("forest", "Wald", "m", "Wälder", "place inside outside path"),
    _noun("park", "Park", "m", "Parks", "place inside outside path goal"),
    _noun("station", "Bahnhof", "m", "Bahnhöfe", "place landmark beside goal"),
    _noun("tree", "Baum", "m", "Bäume", "plant beside cover"),
    _noun("kitchen", "Küche", "f", "Küchen", "place own inside room"),
    _noun("city", "Stadt", "f", "Städte", "place own inside outside path", "cities"),
    _noun("church", "Kirche", "f", "Kirchen", "place landmark beside goal building"),
    _noun("school", "Schule", "f", "Schulen", "place landmark own beside goal building"),
    _noun("bridge", "Brücke", "f", "Brücken", "place cover goal building"),
    _noun("meadow", "Wiese", "f", "Wiesen", "place lawn"),
    _noun("house", "Haus", "n", "Häuser", "place landmark own inside beside building"),
    _noun("room", "Zimmer", "n", "Zimmer", "place own inside room"),
    _noun("village", "Dorf", "n", "Dörfer", "place own inside outside path"),
    _noun("hotel", "Hotel", "n", "Hotels", "place landmark inside beside goal building"),
    # Food and drink; `mass` nouns stand without an article.
    _noun("tea", "Tee", "m", "Tees", "mass drink"),
    _noun("coffee", "Kaffee", "m", "Kaffees", "mass drink"),
    _noun("milk", "Milch", "f", "", "mass drink"),
    _noun("water", "Wasser", "n", "", "mass drink"),
    _noun("rice", "Reis", "m", "", "mass dish"),
    _noun("soup", "Suppe", "f", "Suppen", "mass dish"),
    _noun("bread", "Brot", "n", "Brote", "mass dish"),
    _noun("meat", "Fleisch", "n", "", "mass dish"),
    _noun("apple", "Apfel", "m", "Äpfel", "fruit own"),
    _noun("pear", "Birne", "f", "Birnen", "fruit own"),
    _noun("egg", "Ei", "n", "Eier", "fruit own"),
)

ADJECTIVES = (
    _adjective(
        "old",
        "alt",
        "grown animal thing vehicle furniture place part",
        comparative=("older", "älter"),
    ),
    _adjective("young", "jung", "person animal", comparative=("younger", "jünger")),
    _adjective("new", "neu", "thing vehicle furniture part"),
    _adjective(
        "big",
        "groß",
        "animal thing vehicle furniture place part plant fruit",
        comparative=("bigger", "größer"),
    ),
    _adjective(
        "small",
        "klein",
        "person animal thing vehicle furniture place part plant fruit",
        comparative=("smaller", "kleiner"),
    ),
    _adjective("heavy", "schwer", "thing furniture", comparative=("heavier", "schwerer")),
    _adjective("red", "rot", "thing vehicle fruit"),
    _adjective("blue", "blau", "thing vehicle"),
    _adjective("black", "schwarz", "animal thing vehicle"),
    _adjective("white", "weiß", "animal thing"),
    _adjective("expensive", "teuer", "thing vehicle furniture", stem="teur"),
    _adjective("beautiful", "schön", "thing vehicle furniture place"),
    _adjective("broken", "kaputt", "stand vehicle"),
    _adjective("dirty", "schmutzig", "animal thing vehicle furniture part"),
    _adjective("dark", "dunkel", "place", stem="dunkl"),
    _adjective("friendly", "freundlich", "person"),
    _adjective("famous", "berühmt", "person"),
    _adjective("clever", "klug", "person animal", comparative=("cleverer", "klüger")),
    _adjective("tired", "müde", "person animal", stem="müd"),
    _adjective("hungry", "hungrig", "person animal"),
    _adjective("sick", "krank", "person animal"),
    _adjective("happy", "glücklich", "person"),
    _adjective("hot", "heiß", "mass"),
    _adjective("cold", "kalt", "mass"),
    _adjective("good", "gut", "mass fruit"),
)

# Adjectives that say how somebody is at the moment: what a "because" or an "although" may give.
MOODS = ("tired", "hungry", "sick", "happy")

# Names are the same in both languages; the gender decides between "he" and "she".
NAMES = {"Anna": "f", "Maria": "f", "Lisa": "f", "Paul": "m", "Peter": "m", "Thomas": "m"}

# Adverbs of time by the tense they go with: (English, German).
TIMES = {
    "present": (
        ("today", "heute"),
        ("every day", "jeden Tag"),
        ("in the morning", "am Morgen"),
        ("on Sunday", "am Sonntag"),
    ),
    "past": (
        ("yesterday", "gestern"),
        ("last week", "letzte Woche"),
        ("in the evening", "am Abend"),
        ("on Monday", "am Montag"),
    ),
    "perfect": (("today", "heute"), ("this morning", "heute Morgen")),
    "future": (("tomorrow", "morgen"), ("soon", "bald"), ("on Sunday", "am Sonntag")),
}

# Where somebody or something is: English, German (always with the dative), kind of the place;
# by what is there.
_BESIDE = (
    ("behind", "hinter", "beside"),
    ("next to", "neben", "beside"),
    ("in front of", "vor", "beside"),
)
_OUTDOORS = (*_BESIDE, ("in", "auf", "lawn"), ("under", "unter", "cover"))
LOCATIONS = {
    "person": (*_OUTDOORS, ("in", "in", "inside"), ("in", "in", "inside"), ("on", "auf", "seat")),
    "small": (*_OUTDOORS, ("in", "in", "inside"), ("on", "auf", "seat"), ("under", "unter", "low")),
    "large": (*_OUTDOORS, ("in", "in", "outside"), ("in", "in", "outside")),
    "vehicle": tuple((english, german, "landmark") for english, german, _ in _BESIDE),
    "thing": (
        ("on", "auf", "top"),
        ("on", "auf", "top"),
        ("under", "unter", "low"),
        ("next to", "neben", "beside"),
    ),
}

# Where a movement leads: English, German, case, kind of the noun.
DIRECTIONS = (
    ("into", "in", "accusative", "inside"),
    ("through", "durch", "accusative", "path"),
    ("to", "zu", "dative", "goal"),
    ("out of", "aus", "dative", "inside"),
)


@cache
def nouns(kinds: str) -> tuple[Noun, ...]:
    """The nouns of any of the kinds, which are separated by spaces."""
    wanted = frozenset(kinds.split())
    return tuple(noun for noun in NOUNS if noun.kinds & wanted)


@cache
def noun(english: str) -> Noun:
    """The noun with this English singular."""
    return next(entry for entry in NOUNS if entry.english == english)


@cache
def adjectives(entry: Noun) -> tuple[Adjective, ...]:
    """The adjectives that may describe a noun."""
    return tuple(adjective for adjective in ADJECTIVES if adjective.kinds & entry.kinds)


@cache
def adjective(english: str) -> Adjective:
    """The adjective with this English form."""
    return next(entry for entry in ADJECTIVES if entry.english == english)
