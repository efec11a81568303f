"""The words of the built-in corpus: nouns, adjectives, names, adverbs of time, prepositions.

To add a noun, add one line to `NOUNS`: English, German, gender, German plural, and what it is.
The kinds decide which verbs and adjectives may go with it (see `verbs.py` and `ADJECTIVES`).
The nouns that "it" may stand for (`animal`, `stand`, `lay`, `vehicle`) come in equal numbers
of each gender, so that guessing a gender without reading the sentence before is worth a third.
"""

from dataclasses import dataclass
from functools import lru_cache


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
    _noun("man", "Mann", "m", "Männer", "person", "men"),
    _noun("boy", "Junge", "m", "Jungen", "person", weak=True),
    _noun("teacher", "Lehrer", "m", "Lehrer", "person"),
    _noun("doctor", "Arzt", "m", "Ärzte", "person"),
    _noun("neighbour", "Nachbar", "m", "Nachbarn", "person", weak=True),
    _noun("farmer", "Bauer", "m", "Bauern", "person", weak=True),
    _noun("uncle", "Onkel", "m", "Onkel", "person"),
    _noun("brother", "Bruder", "m", "Brüder", "person"),
    _noun("king", "König", "m", "Könige", "person"),
    _noun("woman", "Frau", "f", "Frauen", "person", "women"),
    _noun("nurse", "Krankenschwester", "f", "Krankenschwestern", "person"),
    _noun("aunt", "Tante", "f", "Tanten", "person"),
    _noun("sister", "Schwester", "f", "Schwestern", "person"),
    _noun("queen", "Königin", "f", "Königinnen", "person"),
    _noun("child", "Kind", "n", "Kinder", "person", "children"),
    _noun("girl", "Mädchen", "n", "Mädchen", "person"),
    # Animals: four of each gender.
    _noun("dog", "Hund", "m", "Hunde", "animal"),
    _noun("bird", "Vogel", "m", "Vögel", "animal"),
    _noun("donkey", "Esel", "m", "Esel", "animal"),
    _noun("bear", "Bär", "m", "Bären", "animal", weak=True),
    _noun("cat", "Katze", "f", "Katzen", "animal"),
    _noun("cow", "Kuh", "f", "Kühe", "animal"),
    _noun("duck", "Ente", "f", "Enten", "animal"),
    _noun("goat", "Ziege", "f", "Ziegen", "animal"),
    _noun("horse", "Pferd", "n", "Pferde", "animal"),
    _noun("pig", "Schwein", "n", "Schweine", "animal"),
    _noun("rabbit", "Kaninchen", "n", "Kaninchen", "animal"),
    _noun("chicken", "Huhn", "n", "Hühner", "animal"),
    # Things that stand (German stellen, stehen): four of each gender.
    _noun("mug", "Becher", "m", "Becher", "thing stand"),
    _noun("plate", "Teller", "m", "Teller", "thing stand"),
    _noun("basket", "Korb", "m", "Körbe", "thing stand"),
    _noun("pot", "Topf", "m", "Töpfe", "thing stand"),
    _noun("lamp", "Lampe", "f", "Lampen", "thing stand device"),
    _noun("cup", "Tasse", "f", "Tassen", "thing stand"),
    _noun("bottle", "Flasche", "f", "Flaschen", "thing stand"),
    _noun("vase", "Vase", "f", "Vasen", "thing stand"),
    _noun("glass", "Glas", "n", "Gläser", "thing stand"),
    _noun("radio", "Radio", "n", "Radios", "thing stand device"),
    _noun("microscope", "Mikroskop", "n", "Mikroskope", "thing stand device"),
    _noun("tray", "Tablett", "n", "Tabletts", "thing stand"),
    # Things that lie (German legen, liegen): four of each gender.
    _noun("letter", "Brief", "m", "Briefe", "thing lay reading written"),
    _noun("key", "Schlüssel", "m", "Schlüssel", "thing lay"),
    _noun("hat", "Hut", "m", "Hüte", "thing lay"),
    _noun("coat", "Mantel", "m", "Mäntel", "thing lay clothes"),
    _noun("newspaper", "Zeitung", "f", "Zeitungen", "thing lay reading"),
    _noun("fork", "Gabel", "f", "Gabeln", "thing lay"),
    _noun("jacket", "Jacke", "f", "Jacken", "thing lay clothes"),
    _noun("bag", "Tasche", "f", "Taschen", "thing lay closable"),
    _noun("book", "Buch", "n", "Bücher", "thing lay reading written"),
    _noun("knife", "Messer", "n", "Messer", "thing lay", "knives"),
    _noun("shirt", "Hemd", "n", "Hemden", "thing lay clothes"),
    _noun("dress", "Kleid", "n", "Kleider", "thing lay clothes"),
    # Vehicles: three of each gender.
    _noun("bus", "Bus", "m", "Busse", "vehicle"),
    _noun("train", "Zug", "m", "Züge", "vehicle"),
    _noun("tractor", "Traktor", "m", "Traktoren", "vehicle"),
    _noun("tram", "Straßenbahn", "f", "Straßenbahnen", "vehicle"),
    _noun("ferry", "Fähre", "f", "Fähren", "vehicle", "ferries"),
    _noun("carriage", "Kutsche", "f", "Kutschen", "vehicle"),
    _noun("car", "Auto", "n", "Autos", "vehicle"),
    _noun("boat", "Boot", "n", "Boote", "vehicle"),
    _noun("ship", "Schiff", "n", "Schiffe", "vehicle"),
    # Furniture and parts of a house.
    _noun("table", "Tisch", "m", "Tische", "furniture top cover"),
    _noun("chair", "Stuhl", "m", "Stühle", "furniture top"),
    _noun("carpet", "Teppich", "m", "Teppiche", "furniture seat"),
    _noun("bench", "Bank", "f", "Bänke", "furniture seat top"),
    _noun("mat", "Matte", "f", "Matten", "furniture seat"),
    _noun("bed", "Bett", "n", "Betten", "furniture seat cover"),
    _noun("sofa", "Sofa", "n", "Sofas", "furniture seat"),
    _noun("shelf", "Regal", "n", "Regale", "furniture top", "shelves"),
    _noun("door", "Tür", "f", "Türen", "part beside closable"),
    _noun("window", "Fenster", "n", "Fenster", "part beside closable"),
    # Places.
    _noun("garden", "Garten", "m", "Gärten", "place inside path"),
    _noun("forest", "Wald", "m", "Wälder", "place inside path"),
    _noun("park", "Park", "m", "Parks", "place inside path goal"),
    _noun("station", "Bahnhof", "m", "Bahnhöfe", "place beside goal"),
    _noun("tree", "Baum", "m", "Bäume", "plant beside cover"),
    _noun("kitchen", "Küche", "f", "Küchen", "place inside path room"),
    _noun("city", "Stadt", "f", "Städte", "place inside path", "cities"),
    _noun("church", "Kirche", "f", "Kirchen", "place beside goal building"),
    _noun("school", "Schule", "f", "Schulen", "place beside goal building"),
    _noun("bridge", "Brücke", "f", "Brücken", "place cover goal building"),
    _noun("meadow", "Wiese", "f", "Wiesen", "place seat"),
    _noun("house", "Haus", "n", "Häuser", "place inside beside building"),
    _noun("room", "Zimmer", "n", "Zimmer", "place inside room"),
    _noun("village", "Dorf", "n", "Dörfer", "place inside path"),
    _noun("hotel", "Hotel", "n", "Hotels", "place inside beside goal building"),
    # Food and drink; `mass` nouns stand without an article.
    _noun("tea", "Tee", "m", "Tees", "mass drink"),
    _noun("coffee", "Kaffee", "m", "Kaffees", "mass drink"),
    _noun("milk", "Milch", "f", "", "mass drink"),
    _noun("water", "Wasser", "n", "", "mass drink"),
    _noun("rice", "Reis", "m", "", "mass dish"),
    _noun("soup", "Suppe", "f", "Suppen", "mass dish"),
    _noun("bread", "Brot", "n", "Brote", "mass dish"),
    _noun("meat", "Fleisch", "n", "", "mass dish"),
    _noun("apple", "Apfel", "m", "Äpfel", "fruit"),
    _noun("pear", "Birne", "f", "Birnen", "fruit"),
    _noun("egg", "Ei", "n", "Eier", "fruit"),
)

ADJECTIVES = (
    _adjective(
        "old", "alt", "person animal thing vehicle furniture place part", comparative=("older", "älter")
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
    _adjective("broken", "kaputt", "thing vehicle"),
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

# Where something is: English, German (always with the dative), kind of the noun.
LOCATIONS = (
    ("in", "in", "inside"),
    ("on", "auf", "seat"),
    ("under", "unter", "cover"),
    ("behind", "hinter", "beside"),
    ("next to", "neben", "beside"),
    ("in front of", "vor", "beside"),
)

# Where a movement leads: English, German, case, kind of the noun.
DIRECTIONS = (
    ("into", "in", "accusative", "inside"),
    ("through", "durch", "accusative", "path"),
    ("to", "zu", "dative", "goal"),
    ("out of", "aus", "dative", "inside"),
)

# Where things stand and lie (dative) or are put and laid (accusative).
SURFACES = (
    ("on", "auf", "top"),
    ("under", "unter", "cover"),
    ("next to", "neben", "beside"),
)


@lru_cache(maxsize=None)
def nouns(kinds: str) -> tuple[Noun, ...]:
    """The nouns of any of the kinds, which are separated by spaces."""
    wanted = frozenset(kinds.split())
    return tuple(noun for noun in NOUNS if noun.kinds & wanted)


@lru_cache(maxsize=None)
def noun(english: str) -> Noun:
    """The noun with this English singular."""
    return next(entry for entry in NOUNS if entry.english == english)


@lru_cache(maxsize=None)
def adjectives(entry: Noun) -> tuple[Adjective, ...]:
    """The adjectives that may describe a noun."""
    return tuple(adjective for adjective in ADJECTIVES if adjective.kinds & entry.kinds)


@lru_cache(maxsize=None)
def adjective(english: str) -> Adjective:
    """The adjective with this English form."""
    return next(entry for entry in ADJECTIVES if entry.english == english)
