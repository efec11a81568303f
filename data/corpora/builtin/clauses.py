"""A clause in both languages: subject, verb, tense and complements, in every word order.

German has three places for its finite verb: second in a statement (whatever comes first), first
in a question, last in a subordinate clause. Participles, infinitives and separated prefixes stand
at the end.
"""

from dataclasses import dataclass

from .morphology import contract, past, present
from .phrases import NounPhrase, Phrase, Pronoun
from .verbs import BE, PARTICLES, Verb

# Verbs that take an infinitive. English: for he/she/it, for the others, and after "do" or "did"
# where it needs them. German: infinitive (for the present) or singular of the past.
_MODALS = {
    "future": ("will", "will", "", "werden", ""),
    "can": ("can", "can", "", "können", ""),
    "must": ("must", "must", "", "müssen", ""),
    "want": ("wants to", "want to", "want to", "wollen", ""),
    "could": ("could", "could", "", "", "konnte"),
    "had to": ("had to", "had to", "have to", "", "musste"),
    "wanted": ("wanted to", "wanted to", "want to", "", "wollte"),
    "should": ("should", "should", "", "", "sollte"),
}
MODALS = tuple(tense for tense in _MODALS if tense != "future")
PAST = ("past", "had to", "wanted")


@dataclass(frozen=True)
class Complement:
    """A phrase with its German case and the preposition before it in each language.

    `late` complements (places) follow "nicht", the others (objects) precede it.
    """

    phrase: Phrase
    case: str = "accusative"
    english_preposition: str = ""
    german_preposition: str = ""
    late: bool = False

    def english(self) -> str:
        return f"{self.english_preposition} {self.phrase.english(self.case)}".strip()

    def german(self) -> str:
        text = self.phrase.german(self.case)
        if not self.german_preposition:
            return text
        plain = isinstance(self.phrase, NounPhrase) and self.phrase.determiner == "the"
        if plain:
            return contract(self.german_preposition, text)
        return f"{self.german_preposition} {text}"


@dataclass(frozen=True)
class Fixed:
    """Words that never change, such as a predicate adjective: (English, German)."""

    text: tuple[str, str]
    late: bool = True

    def english(self) -> str:
        return self.text[0]

    def german(self) -> str:
        return self.text[1]


@dataclass(frozen=True)
class Clause:
    """A clause that can be written as a statement, a question or a subordinate clause.

    `tense` is "present", "past", "perfect", "future" or one of `MODALS`; `time` is an
    (English, German) adverb that stands at the English end and in the German middle.
    """

    subject: Phrase
    verb: Verb
    tense: str = "present"
    complements: tuple[Complement | Fixed, ...] = ()
    time: tuple[str, str] | None = None
    negated: bool = False

    def combinations(self) -> tuple[tuple[str, str, str], ...]:
        """What goes together here: (kind, word, word) for subject, object and adjective."""
        found = []
        phrases = [self.subject]
        if self.subject.name and self.verb is not BE:
            found.append(("subject", self.subject.name, self.verb.name))
        for complement in self.complements:
            if isinstance(complement, Fixed):
                if self.subject.name:
                    found.append(("adjective", complement.text[0], self.subject.name))
            elif complement.phrase.name:
                phrases.append(complement.phrase)
                role = complement.english_preposition or "object"
                found.append((role, self.verb.name, complement.phrase.name))
        for phrase in phrases:
            found.extend(("adjective", *pair) for pair in phrase.pairs())
        return tuple(found)

    @property
    def ambiguous(self) -> bool:
        """Whether the English leaves the tense open: "they put", unlike "she puts"."""
        base, _, preterite, _ = self.verb.english
        singular = self.subject.person == 3 and not self.subject.plural
        return self.tense == "present" and base == preterite and not singular

    # English

    def english(self, subject: str | None = None) -> str:
        """The statement, without a capital or a full stop; `subject` replaces the subject."""
        auxiliary, main = self._english_verb(self.negated)
        negation = "not" if self.negated else ""
        if subject is None:
            subject = self.subject.english()
        text = _join(subject, auxiliary, negation, *self._english_rest(main))
        return text.replace("can not ", "cannot ")

    def english_question(self) -> str:
        """The (affirmative) question without its mark: "does the man see the dog"."""
        auxiliary, main = self._english_verb(True)
        return _join(auxiliary, self.subject.english(), *self._english_rest(main))

    def english_infinitive(self) -> str:
        """The infinitive with "to"."""
        return _join("to", *self._english_rest(self.verb.english[0]))

    def _english_rest(self, main: str) -> list[str]:
        words = [main]
        tail = self.verb.tail
        first = self.complements[0] if self.complements else None
        moved = tail in PARTICLES and isinstance(getattr(first, "phrase", None), Pronoun)
        if not moved:
            words.append(tail)
        for complement in self.complements:
            words.append(complement.english())
            if moved and complement is first:
                words.append(tail)
        words.append(self.time[0] if self.time else "")
        return words

    def _english_verb(self, needs_auxiliary: bool) -> tuple[str, str]:
        """The auxiliary ("" for none) and the form of the verb itself."""
        base, third, preterite, participle = self.verb.english
        singular = self.subject.person == 3 and not self.subject.plural
        did = "did" if self.tense in PAST else "does" if singular else "do"
        if self.tense in _MODALS:
            for_one, for_others, after_do, *_ = _MODALS[self.tense]
            if needs_auxiliary and after_do:
                return did, f"{after_do} {base}"
            return (for_one if singular else for_others), base
        if self.tense == "perfect":
            return ("has" if singular else "have"), participle
        if self.verb is BE:
            return self._english_be(singular), ""
        if needs_auxiliary:
            return did, base
        return "", preterite if self.tense == "past" else third if singular else base

    def _english_be(self, singular: bool) -> str:
        first = self.subject.person == 1 and not self.subject.plural
        if self.tense == "past":
            return "was" if singular or first else "were"
        return "is" if singular else "am" if first else "are"

    # German

    def german(self, front: str = "") -> str:
        """The statement with `front` (or else the subject) before the finite verb."""
        finite, end = self._german_verb()
        subject = self.subject.german("nominative")
        before, after = (front, subject) if front else (subject, "")
        return _join(before, finite, after, *self._german_middle(), end)

    def german_question(self) -> str:
        """The question, finite verb first; also what follows a subordinate clause or "warum"."""
        finite, end = self._german_verb()
        subject = self.subject.german("nominative")
        return _join(finite, subject, *self._german_middle(), end)

    def german_last(self, subject: str | None = None) -> str:
        """The subordinate clause, finite verb last; `subject` replaces the subject's words."""
        finite, end = self._german_verb()
        if subject is None:
            subject = self.subject.german("nominative")
        # A separable prefix joins its verb again: "weil er die Tür aufmacht".
        last = end + finite if end and end == self.verb.prefix else _join(end, finite)
        return _join(subject, *self._german_middle(), last)

    def german_infinitive(self) -> str:
        """The infinitive with "zu", which goes inside a separable verb: "aufzumachen"."""
        prefix, infinitive = self.verb.prefix, self.verb.german[0]
        last = f"{prefix}zu{infinitive}" if prefix else f"zu {infinitive}"
        return _join(*self._german_middle(), last)

    def _german_middle(self) -> list[str]:
        negation = "nicht" if self.negated and not self._negates_object() else ""
        time = self.time[1] if self.time else ""
        pronouns = [c for c in self.complements if isinstance(getattr(c, "phrase", None), Pronoun)]
        early = [c for c in self.complements if not c.late and c not in pronouns]
        late = [c for c in self.complements if c.late and c not in pronouns]
        return [
            *(c.german() for c in pronouns),
            time,
            *(c.german() for c in early),
            negation,
            *(c.german() for c in late),
        ]

    def _negates_object(self) -> bool:
        return any(getattr(getattr(c, "phrase", None), "says_a", False) for c in self.complements)

    def _german_verb(self) -> tuple[str, str]:
        """The finite verb and what stands at the end of a main clause."""
        person, plural = self.subject.person, self.subject.plural
        infinitive, third, preterite, participle = self.verb.german
        if self.tense in _MODALS:
            *_, modal, modal_past = _MODALS[self.tense]
            finite = past(modal_past, plural) if modal_past else present(modal, "", person, plural)
            return finite, self.verb.infinitive
        if self.tense == "perfect":
            return present(self.verb.auxiliary, "", person, plural), participle
        if self.tense == "past":
            return past(preterite, plural), self.verb.prefix
        return present(infinitive, third, person, plural), self.verb.prefix


def _join(*words: str) -> str:
    return " ".join(word for word in words if word)
