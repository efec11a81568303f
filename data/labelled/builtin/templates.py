"""How opinions are said, by kind.

In a template, {a} is the opinion word, {b} one of the opposite polarity and {c} another of the same
polarity as {a}. They are to describe {whole} (the thing), {aspect}, {second} (another aspect) and
{first_part}, {last_part}, as far as these occur. {one} is somebody, whom {she} and {her} take up;
{near} and {far} are a woman and a man of the closest family. The other fields are set phrases. A
bar is a place where neutral sentences may stand. A sentence gets its capital later.

The verdict is that of {a} (`say`), its opposite (`deny`), or what a {cue} makes of it (`refer`),
whose two forms are drawn together. Every template is written with the polarities of its words
exchanged too, and with either form of its cue, so that within it neither tells the class.
"""

from dataclasses import dataclass

AS_SAID, OPPOSITE = 1, -1


@dataclass(frozen=True)
class Template:
    """One way to say an opinion.

    Attributes:
        text: what is said.
        kind: the phenomenon it is an example of.
        words: the kind of opinion word, a key of `words.WORDS`.
        readings: sets of readings, of which one is drawn; a reading is the cue and whether the
            verdict is that of {a} or its opposite.
    """

    text: str
    kind: str
    words: str
    readings: tuple[tuple[tuple[str, int], ...], ...]

    @property
    def opposed(self) -> bool:
        """Whether it has an opinion word of each polarity."""
        return "{b}" in self.text

    @property
    def single(self) -> bool:
        """Whether it has one opinion word (a cue may have it instead of the text)."""
        return not self.opposed and "{c}" not in self.text

    @property
    def members(self) -> int:
        """How many reviews are written from one draw."""
        return 2 * len(self.readings[0])


def _say(text: str, words: str = "adjective"):
    return text, words, ((("", AS_SAID),),)


def _deny(text: str, words: str = "mild"):
    return text, words, ((("", OPPOSITE),),)


def _refer(text: str, cues: tuple[tuple[str, str], ...], words: str = "adjective"):
    """Each pair of cues: one that keeps the verdict of {a} and one that turns it round."""
    return text, words, tuple(((keep, AS_SAID), (turn, OPPOSITE)) for keep, turn in cues)


_AGREEMENT = (
    ("I agree with {her}.", "I do not agree with {her}."),
    ("I share {one}'s view.", "I do not share {one}'s view."),
    ("{she} and I are of one mind.", "{she} and I are not of one mind."),
    ("I think exactly the same.", "I think exactly the opposite."),
)
_NEAR_OR_FAR = (("{near}", "{far}"),)
_PARTS = (("{first_part}", "{last_part}"),)

_PLAIN = (
    _say("the {aspect} {was} {very}{a}."),
    _say("the {whole} {was} {very}{a}, and so {was} the {aspect}."),
    _say("the {whole} {was} {a}, and the {aspect} {was} {c}."),
    _say("I found the {whole} {very}{a}."),
    _say("I found the {aspect} {very}{a}. | the {second} {was} {c} as well."),
    _say("all in all, the {whole} {was} {a} {tail}."),
    _say("my verdict is short: the {whole} {was} {a} and the {aspect} {was} {c}."),
    _say("{one} asked me what I thought, and I said that the {whole} {was} {very}{a}."),
    _say("ask me about the {aspect} and I will say that it {was} {very}{a}."),
    _say("I {a} the {item}. | I {c} the {aspect} most of all.", "liking"),
    _say("I {a} the {item} {tail}.", "liking"),
    _say("the {item} left me {very}{a}.", "feeling"),
    _say("I was {a} {span}.", "feeling"),
    _say("to me the {item} {was} {a}, plain and simple.", "verdict"),
    _say("the {aspect} {was} {a}, and the {item} as a whole {was} {c}.", "verdict"),
)

_NEAR = (
    _refer(
        "the {aspect} {was} {cue} {a}.",
        (("always", "never"), ("at all times", "at no time")),
        "mild",
    ),
    _refer(
        "the {whole} {was} {cue} {a}.",
        (
            ("in every way", "in no way"),
            ("without a doubt", "by no means"),
            ("simply", "anything but"),
        ),
        "mild",
    ),
    _refer("the {aspect} {was} {cue} {c}.", (("{a} and", "neither {a} nor"),), "mild"),
    _deny("the {aspect} {was} not {a} at all."),
    _deny("I did not find the {aspect} {a} in the least."),
    _deny("the {whole} {was} not {a} by any measure."),
    _refer("the {item} {was} {cue} {a}.", (("simply", "anything but"),), "verdict"),
    _say("the {aspect} {was} not {b} but {very}{a}."),
    _say("the {whole} {was} {very}{a}, not {b}."),
    _say("the {aspect} {was} {a} and never {b}.", "mild"),
    _say("I had heard that the {whole} {was} {b}. | the {item} {was} not {b}, it {was} {a}."),
    _say("the {item} {was} not {b} but {a}.", "verdict"),
    _say("{one} asked me about the {aspect}, and I called it {a}, not {b}."),
    _say("I found the {aspect} {very}{a} instead of {b}."),
)

_FAR = (
    _deny("I would not say, {aside}, that the {whole} {was} {a}. {contrary}"),
    _deny("I would not say, {aside}, that the {aspect} {was} {a}. {contrary}"),
    _deny("neither I nor {one}, {who}, found the {aspect} {a}. {contrary}"),
    _deny("I would not say, {aside}, that the {item} {was} {a}. {contrary}", "verdict"),
    _refer(
        "the {whole} {was}, {span}, {cue} {a}.",
        (("always", "never"), ("at all times", "at no time")),
        "mild",
    ),
    _deny("at no point, {span}, {was} the {whole} {a}."),
    _deny("not once, {span}, did I find the {whole} {a}."),
    _refer(
        "I {cue}, {aside}, that the {whole} {was} {a}.",
        (("will always say", "will never say"), ("can only say", "cannot possibly say")),
        "mild",
    ),
    _refer(
        "that the {whole} {was} {a}, {rumour}, is {cue}.",
        (("simply true", "simply not true"), ("quite right", "quite wrong")),
        "mild",
    ),
    _refer(
        "I {cue} those who claim, {rumour}, that the {whole} {was} {a}.",
        (("have to agree with", "have to contradict"), ("fully believe", "do not believe")),
        "mild",
    ),
    _say(
        "I would not say, {aside}, that the {whole} {was} {b}. | "
        "I would say that the {item} {was} {a}."
    ),
    _say(
        "I would say, {aside}, that the {whole} {was} {a}. | "
        "I would not say that the {item} {was} {b}."
    ),
    _say("the word for the {aspect} that comes to mind, {aside}, is not {b} but {a}."),
    _say("the word that comes to mind for the {whole} is {a}, and not, {aside}, {b}."),
    _say("what I would not call the {whole}, {aside}, is {b}. | I call the {item} {a}."),
)

_CONTRAST = (
    _say("although the {aspect} {was} {very}{b}, the {whole} as a whole {was} {a}."),
    _say("the {whole} as a whole {was} {very}{a}, although the {aspect} {was} {b}."),
    _say("I expected the {whole} to be {b}, but it {was} {very}{a}."),
    _say("the {whole} {was} {very}{a}, and yet I had expected it to be {b}."),
    _say("despite the {very}{b} {aspect}, I found the {whole} {a}."),
    _say("I found the {whole} {very}{a}, despite the {b} {aspect}."),
    _say("granted, the {aspect} {was} {b}. | all the same, the {whole} as a whole {was} {a}."),
    _say(
        "the {whole} {was} {a}. | "
        "granted, the {aspect} {was} {b}, but my verdict on the {item} stands."
    ),
    _say("the {aspect} {was} {b}, I will not deny it, but on balance the {whole} {was} {a}."),
    _say(
        "if I judged by the {aspect} alone, I would call the {whole} {b}. | "
        "as it is, I call the {item} {a}."
    ),
    _refer(
        "I expected the {whole} to be {a}, {cue}.",
        (
            ("and I was right", "but I was wrong"),
            ("and so it {was}", "but the opposite was the case"),
        ),
    ),
    _refer(
        "I expected to {a} the {item}, {cue}.",
        (
            ("and that is exactly what happened", "but the exact opposite happened"),
            ("and so it came to pass", "but it went exactly the other way"),
        ),
        "expectation",
    ),
    _refer(
        "I was sure that I would {a} the {item}, {cue}.",
        (
            ("and that is what happened", "but the opposite happened"),
            ("and so it came to pass", "but it went the other way"),
        ),
        "expectation",
    ),
    _say("I {b} the {aspect}, but all in all I {a} the {item}.", "liking"),
    _say("all in all I {a} the {item}, even though I {b} the {aspect}.", "liking"),
    _say("at first sight it looked like {b}, but the {item} {was} {a}.", "verdict"),
    _say("the {aspect} left me {b}, but the {item} as a whole left me {a}.", "feeling"),
)

_TURN = (
    _say("at first I was {b}. | by {end} I was {a}, and that feeling has stayed.", "feeling"),
    _say("by {end} I was {a}, and that feeling has stayed. | at first I had been {b}.", "feeling"),
    _say("{first_part} was {b}. | {last_part} was {a}, and that is the part that counts for me."),
    _say("{last_part} was {a}, and that is the part that counts for me. | {first_part} was {b}."),
    _say(
        "after {early} I would have called the {whole} {b}. | "
        "I have changed my mind since then, and today I call the {item} {a}."
    ),
    _say(
        "today I call the {whole} {a}. | "
        "after {early} I still called the {item} {b}, but I have changed my mind since then."
    ),
    _refer(
        "after {early} I called the {whole} {a}. | {cue}",
        (
            ("today I stand by those words.", "today I take back those words."),
            ("that is still what I think.", "what I think now is the opposite."),
        ),
    ),
    _refer(
        "the {aspect} {was} {a}, the {second} {was} {b}, and only the {cue} counts for me.",
        (("former", "latter"),),
    ),
    _refer("{first_part} was {a}. | {last_part} was {b}. | my verdict goes by {cue}.", _PARTS),
    _say(
        "for a while I {b} the {item}. | then something changed. | in the end I {a} it.", "liking"
    ),
    _say(
        "in the end I {a} the {item}. | for a while I had {b} it, but then something changed.",
        "liking",
    ),
    _say("after {early} I thought: this is {b}. | in the end the {item} {was} {a}.", "verdict"),
)

_OTHERS = (
    _refer("{near} found the {whole} {a}, {far} found it {b}. | I side with {cue}.", _NEAR_OR_FAR),
    _refer(
        "{near} called the {aspect} {a}. | {far} called the {aspect} {b}. | "
        "I think that {cue} is right.",
        _NEAR_OR_FAR,
    ),
    _refer(
        "{near} thinks that the {whole} {was} {a}, and {far} thinks the opposite. | "
        "I agree with {cue}.",
        _NEAR_OR_FAR,
    ),
    _refer("{one} found the {whole} {very}{a}. | {cue}", _AGREEMENT),
    _refer("{one} calls the {aspect} {very}{a}. | {cue}", _AGREEMENT),
    _refer(
        "{one} told me that the {whole} {was} {a}. | {she} was {cue}.",
        (("right", "wrong"), ("quite right", "quite wrong")),
    ),
    _refer("{one}, {cue} me, found the {whole} {very}{a}.", (("just like", "quite unlike"),)),
    _say("everybody I know calls the {whole} {b}. | I alone call the {item} {a}."),
    _say("I call the {whole} {a}. | everybody else I know calls the {item} {b}."),
    _refer(
        "the papers {a} the {item}. | {cue}",
        (
            ("the papers were right.", "the papers were wrong."),
            ("I would have written the same.", "I would have written the opposite."),
        ),
        "reviewing",
    ),
    _refer(
        "the {item} was {a} by many reviewers. | {cue}",
        (
            ("I am of the same opinion.", "I am of the opposite opinion."),
            ("those reviewers were right.", "those reviewers were wrong."),
        ),
        "reviewing",
    ),
    _say("{one} {b} the {item}. | I, on the other hand, {a} this {item}.", "liking"),
    _say("I {a} the {item}. | {one}, on the other hand, {b} it.", "liking"),
    _refer(
        "the {item} left {one} {a}. | {cue}",
        (
            ("I felt the same way.", "I felt the opposite way."),
            ("I felt just as {she} did.", "I did not feel as {she} did at all."),
        ),
        "feeling",
    ),
    _say("{one} asked me whether the {item} {was} {b}. No, I said, it {was} {a}.", "verdict"),
)

_COMPARISON = (
    _say("unlike {rival}, which was {b}, this {whole} {was} {very}{a}."),
    _say("this {whole} {was} {very}{a}, unlike {rival}, which was {b}."),
    _say("this {whole} {was} as {a} as {rival} was {b}."),
    _say("compared with {rival}, which I remember as {b}, this {whole} {was} {a}."),
    _say("{rival} was {b}. | this {whole}, by contrast, {was} {very}{a}."),
    _say("this {whole} {was} {very}{a}. | {rival}, by contrast, was {b}."),
    _refer(
        "{rival} was {a}. | this {whole} {was} {cue}.",
        (("just the same", "the exact opposite"), ("no different", "quite the opposite")),
    ),
    _refer("this {whole} {was} {cue} {rival}, which was {a}.", (("just like", "the opposite of"),)),
    _say("I {b} {rival}. | this {item}, however, I {a}.", "liking"),
    _say("I {a} this {item}. | {rival}, however, I {b}.", "liking"),
    _refer(
        "{cue}. | it is this difference that decides my verdict.",
        (
            (
                "{rival}, which I {a}, was far {worse} than this {item}",
                "this {item} {was} far {worse} than {rival}, which I {a}",
            ),
        ),
        "liking",
    ),
    _say("{rival} was {b}. | this {item}, however, {was} {a}.", "verdict"),
    _say("this {item} {was} {a}. | {rival}, however, was {b}.", "verdict"),
    _say("{rival} had left me {b}. | this {item} left me {a}.", "feeling"),
)

_BY_KIND = {
    "plain": _PLAIN,
    "near negation": _NEAR,
    "far negation": _FAR,
    "contrast": _CONTRAST,
    "turn": _TURN,
    "others": _OTHERS,
    "comparison": _COMPARISON,
}
KINDS = tuple(_BY_KIND)
TEMPLATES = {
    kind: tuple(Template(text, kind, words, readings) for text, words, readings in entries)
    for kind, entries in _BY_KIND.items()
}
