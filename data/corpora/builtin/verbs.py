"""The verbs of the built-in corpus.

To add a verb, add one line to `VERBS`: four English forms (base, third person, past, participle),
four German ones (infinitive, third person, past, participle), a separable prefix if it has one
(`auf|machen`), and the kinds of subject and object it takes (see `lexicon.py`).
"""

from dataclasses import dataclass

# English words that leave their verb when the object is a pronoun: "picked it up".
PARTICLES = frozenset(("up", "on", "off", "away", "along", "back"))


@dataclass(frozen=True)
class Verb:
    """A verb in both languages.

    `tail` is the English word that follows the verb ("for" in "look for"), `prefix` the
    separable German prefix, `case` the case of the object, and `preposition` the German
    preposition before it, if there is one.
    """

    english: tuple[str, str, str, str]
    german: tuple[str, str, str, str]
    tail: str
    prefix: str
    auxiliary: str
    subjects: str
    objects: str
    case: str
    preposition: str

    @property
    def name(self) -> str:
        """The English base form with its tail, by which `verb` finds it."""
        return f"{self.english[0]} {self.tail}".strip()

    @property
    def infinitive(self) -> str:
        return self.prefix + self.german[0]


def _verb(
    english,
    german,
    objects="",
    tail="",
    subjects="person",
    auxiliary="haben",
    case="accusative",
    preposition="",
) -> Verb:
    prefix, bar, rest = german.partition("|")
    return Verb(
        tuple(english.split()),
        tuple((rest if bar else german).split()),
        tail,
        prefix if bar else "",
        auxiliary,
        subjects,
        objects,
        case,
        preposition,
    )


BE = _verb("be is was been", "sein ist war gewesen", auxiliary="sein")

# What a verb with an accusative object is done to.
TRANSITIVE = (
    _verb(
        "see sees saw seen",
        "sehen sieht sah gesehen",
        "person animal vehicle stand lay",
        subjects="person animal",
    ),
    _verb("find finds found found", "finden findet fand gefunden", "animal stand lay"),
    _verb("look looks looked looked", "suchen sucht suchte gesucht", "person animal lay", "for"),
    _verb(
        "buy buys bought bought",
        "kaufen kauft kaufte gekauft",
        "animal stand lay private furniture fruit",
    ),
    _verb(
        "sell sells sold sold",
        "verkaufen verkauft verkaufte verkauft",
        "animal stand private furniture clothes",
    ),
    _verb(
        "need needs needed needed",
        "brauchen braucht brauchte gebraucht",
        "stand lay furniture vehicle",
    ),
    _verb("love loves loved loved", "lieben liebt liebte geliebt", "person animal"),
    _verb("visit visits visited visited", "besuchen besucht besuchte besucht", "person"),
    _verb("read reads read read", "lesen liest las gelesen", "reading"),
    _verb("eat eats ate eaten", "essen isst aß gegessen", "fruit"),
    _verb("clean cleans cleaned cleaned", "putzen putzt putzte geputzt", "stand furniture vehicle"),
    _verb(
        "repair repairs repaired repaired",
        "reparieren repariert reparierte repariert",
        "vehicle device furniture",
    ),
    _verb(
        "draw draws drew drawn",
        "zeichnen zeichnet zeichnete gezeichnet",
        "person animal vehicle building",
    ),
    _verb("build builds built built", "bauen baut baute gebaut", "building wooden"),
    _verb("forget forgets forgot forgotten", "vergessen vergisst vergaß vergessen", "lay"),
    _verb("lose loses lost lost", "verlieren verliert verlor verloren", "lay"),
    _verb("carry carries carried carried", "tragen trägt trug getragen", "stand furniture"),
    # Verbs with a separable prefix.
    _verb("open opens opened opened", "auf|machen macht machte aufgemacht", "closable"),
    _verb("close closes closed closed", "zu|machen macht machte zugemacht", "closable"),
    _verb("pick picks picked picked", "auf|heben hebt hob aufgehoben", "lay", "up"),
    _verb("put puts put put", "an|ziehen zieht zog angezogen", "clothes", "on"),
    _verb(
        "switch switches switched switched",
        "ein|schalten schaltet schaltete eingeschaltet",
        "device",
        "on",
    ),
    _verb("invite invites invited invited", "ein|laden lädt lud eingeladen", "person"),
    _verb("call calls called called", "an|rufen ruft rief angerufen", "person"),
    _verb("tidy tidies tidied tidied", "auf|räumen räumt räumte aufgeräumt", "room"),
    _verb("throw throws threw thrown", "weg|werfen wirft warf weggeworfen", "stand lay", "away"),
)

# What happens at a time, and what one can want to do.
EVENTS = tuple(entry for entry in TRANSITIVE if entry.name not in ("need", "love"))
WILLED = tuple(entry for entry in EVENTS if entry.name not in ("lose", "forget"))

# Verbs of eating and drinking, with nouns that stand without an article.
CONSUMING = (
    _verb("drink drinks drank drunk", "trinken trinkt trank getrunken", "drink"),
    _verb("eat eats ate eaten", "essen isst aß gegessen", "dish"),
    _verb("buy buys bought bought", "kaufen kauft kaufte gekauft", "mass"),
)

# Verbs whose object is in the dative or follows a preposition.
DATIVE = (
    _verb("help helps helped helped", "helfen hilft half geholfen", "person", case="dative"),
    _verb("thank thanks thanked thanked", "danken dankt dankte gedankt", "person", case="dative"),
    _verb(
        "follow follows followed followed",
        "folgen folgt folgte gefolgt",
        "person animal",
        subjects="person animal",
        auxiliary="sein",
        case="dative",
    ),
    _verb(
        "listen listens listened listened",
        "zu|hören hört hörte zugehört",
        "person",
        "to",
        case="dative",
    ),
)
PREPOSITIONAL = (
    _verb(
        "wait waits waited waited",
        "warten wartet wartete gewartet",
        "person vehicle",
        "for",
        preposition="auf",
    ),
    _verb(
        "think thinks thought thought",
        "denken denkt dachte gedacht",
        "person animal",
        "of",
        preposition="an",
    ),
    _verb(
        "talk talks talked talked",
        "sprechen spricht sprach gesprochen",
        "person",
        "to",
        case="dative",
        preposition="mit",
    ),
    _verb(
        "dream dreams dreamed dreamed",
        "träumen träumt träumte geträumt",
        "person animal",
        "of",
        case="dative",
        preposition="von",
    ),
)

# Somebody does it to somebody (dative) with something (accusative).
GIVING = (
    _verb("give gives gave given", "geben gibt gab gegeben", "stand lay fruit"),
    _verb("show shows showed shown", "zeigen zeigt zeigte gezeigt", "stand lay animal"),
    _verb("bring brings brought brought", "bringen bringt brachte gebracht", "stand lay fruit"),
    _verb("send sends sent sent", "schicken schickt schickte geschickt", "lay"),
)

# Putting a thing somewhere: German chooses the verb by the thing.
PUT = _verb("put puts put put", "stellen stellt stellte gestellt", "stand")
LAY = _verb("lay lays laid laid", "legen legt legte gelegt", "lay")

# Being somewhere. Things stand or lie; people and animals do any of these.
RESTING = (
    _verb("sit sits sat sat", "sitzen sitzt saß gesessen", subjects="person animal"),
    _verb("stand stands stood stood", "stehen steht stand gestanden", subjects="person animal"),
    _verb("lie lies lay lain", "liegen liegt lag gelegen", subjects="person animal"),
    _verb(
        "sleep sleeps slept slept", "schlafen schläft schlief geschlafen", subjects="person animal"
    ),
    _verb("wait waits waited waited", "warten wartet wartete gewartet", subjects="person animal"),
)
ACTIVITIES = (
    _verb("work works worked worked", "arbeiten arbeitet arbeitete gearbeitet"),
    _verb("play plays played played", "spielen spielt spielte gespielt"),
    _verb("sing sings sang sung", "singen singt sang gesungen"),
    _verb("dance dances danced danced", "tanzen tanzt tanzte getanzt"),
)
# Movements, which form their perfect with sein.
MOTION = (
    _verb("go goes went gone", "gehen geht ging gegangen", auxiliary="sein"),
    _verb(
        "run runs ran run", "laufen läuft lief gelaufen", subjects="person animal", auxiliary="sein"
    ),
    _verb(
        "come comes came come",
        "kommen kommt kam gekommen",
        subjects="person animal",
        auxiliary="sein",
    ),
)
# Separable verbs without an object.
SEPARABLE = (
    _verb("get gets got got", "auf|stehen steht stand aufgestanden", tail="up", auxiliary="sein"),
    _verb(
        "wake wakes woke woken",
        "auf|wachen wacht wachte aufgewacht",
        tail="up",
        subjects="person animal",
        auxiliary="sein",
    ),
    _verb(
        "come comes came come",
        "zurück|kommen kommt kam zurückgekommen",
        tail="back",
        subjects="person animal",
        auxiliary="sein",
    ),
    _verb(
        "arrive arrives arrived arrived",
        "an|kommen kommt kam angekommen",
        subjects="person vehicle",
        auxiliary="sein",
    ),
)
# Verbs that carry a "that" or a "whether" clause.
SAY = _verb("say says said said", "sagen sagt sagte gesagt")
BELIEVE = _verb("believe believes believed believed", "glauben glaubt glaubte geglaubt")
HOPE = _verb("hope hopes hoped hoped", "hoffen hofft hoffte gehofft")
ASK = _verb("ask asks asked asked", "fragen fragt fragte gefragt")
# Used by the second sentences of the pronoun items.
LIKE = _verb("like likes liked liked", "mögen mag mochte gemocht", "animal stand lay")
BELONG = _verb(
    "belong belongs belonged belonged",
    "gehören gehört gehörte gehört",
    "person",
    "to",
    subjects="animal stand lay vehicle",
    case="dative",
)
TAKE = _verb("take takes took taken", "mit|nehmen nimmt nahm mitgenommen", "stand lay", "along")

VERBS = (
    *TRANSITIVE,
    *CONSUMING,
    *DATIVE,
    *PREPOSITIONAL,
    *GIVING,
    *RESTING,
    *ACTIVITIES,
    *MOTION,
    *SEPARABLE,
    PUT,
    LAY,
    SAY,
    BELIEVE,
    HOPE,
    ASK,
    LIKE,
    BELONG,
    TAKE,
    BE,
)


def verb(name: str) -> Verb:
    """The first verb with this English base form and tail ("look for")."""
    return next(entry for entry in VERBS if entry.name == name)
