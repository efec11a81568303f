"""One checked pair for every template of the built-in corpus."""

import pytest

from data.corpora.builtin import main_clauses, subordinate
from data.corpora.builtin.draw import Draw
from data.corpora.builtin.pronouns import CONTINUATIONS
from data.corpora.builtin.splits import TEMPLATES


class Wishes(Draw):
    """Draws what is wished for, in order; where no wish fits, the first choice and "no"."""

    def __init__(self, wishes: str):
        self._wishes = wishes.split(", ")

    @staticmethod
    def _labels(choice):
        if isinstance(choice, tuple):
            choice = choice[0]
        for attribute in ("text", "word", "name", "english"):
            if isinstance(getattr(choice, attribute, None), str):
                return getattr(choice, attribute)
        return getattr(choice, "__name__", choice)

    def chance(self, share):
        return False

    def pick(self, choices):
        for wish in self._wishes:
            for choice in choices:
                if self._labels(choice) == wish:
                    self._wishes.remove(wish)
                    return choice
        return choices[0]


# By template: what is drawn, the English and the German. Read by a native speaker.
GOLDEN = {
    "present": (
        "see, boy, bear, the, a",
        "The boy sees a bear.",
        "Der Junge sieht einen Bären.",
    ),
    "past": (
        "buy, teacher, lamp, the, a",
        "The teacher bought a lamp.",
        "Der Lehrer kaufte eine Lampe.",
    ),
    "past_fronted": (
        "read, woman, newspaper, yesterday",
        "Yesterday the woman read the newspaper.",
        "Gestern las die Frau die Zeitung.",
    ),
    "present_fronted": (
        "eat, child, every, apple, a, in the morning",
        "In the morning every child eats an apple.",
        "Am Morgen isst jedes Kind einen Apfel.",
    ),
    "perfect": (
        "forget, uncle, our, key, my",
        "Our uncle has forgotten my key.",
        "Unser Onkel hat meinen Schlüssel vergessen.",
    ),
    "perfect_motion": (
        "run, girl, into, forest",
        "The girl has run into the forest.",
        "Das Mädchen ist in den Wald gelaufen.",
    ),
    "modal": (
        "must, clean, boy, car, the, my",
        "The boy must clean my car.",
        "Der Junge muss mein Auto putzen.",
    ),
    "modal_motion": (
        "go, king, wanted, to, church",
        "The king wanted to go to the church.",
        "Der König wollte zur Kirche gehen.",
    ),
    "future": (
        "sell, farmer, cow, the, this, tomorrow",
        "Tomorrow the farmer will sell this cow.",
        "Morgen wird der Bauer diese Kuh verkaufen.",
    ),
    "separable": (
        "past, close, nurse, window",
        "The nurse closed the window.",
        "Die Krankenschwester machte das Fenster zu.",
    ),
    "separable_modal": (
        "should, invite, queen, neighbour, the, a",
        "The queen should invite a neighbour.",
        "Die Königin sollte einen Nachbarn einladen.",
    ),
    "separable_intransitive": (
        "past, get up, aunt, on Monday",
        "The aunt got up on Monday.",
        "Die Tante stand am Montag auf.",
    ),
    "location": (
        "past, sleep, rabbit, under, bed",
        "The rabbit slept under the tree.",
        "Das Kaninchen schlief unter dem Baum.",
    ),
    "direction": (
        "past, run, dog, out of, house",
        "The dog ran out of the house.",
        "Der Hund lief aus dem Haus.",
    ),
    "placing": (
        "past, put, vase, a, on, table, aunt",
        "The aunt put a vase on the table.",
        "Die Tante stellte eine Vase auf den Tisch.",
    ),
    "lying": (
        "lay, book, on, shelf",
        "The book lies on the shelf.",
        "Das Buch liegt auf dem Regal.",
    ),
    "giving": (
        "show, child, a, knife, man, perfect",
        "The man has shown a child the knife.",
        "Der Mann hat einem Kind das Messer gezeigt.",
    ),
    "dative": (
        "past, help, girl, aunt",
        "The girl helped the aunt.",
        "Das Mädchen half der Tante.",
    ),
    "prepositional": (
        "wait for, doctor, ferry, the, a",
        "The doctor waits for a ferry.",
        "Der Arzt wartet auf eine Fähre.",
    ),
    "predicate": ("car, my, red, past", "My car was red.", "Mein Auto war rot."),
    "comparison": (
        "old, animal, donkey, cow, our",
        "Our donkey is older than the cow.",
        "Unser Esel ist älter als die Kuh.",
    ),
    "not_definite": (
        "open, window, woman",
        "The woman does not open the window.",
        "Die Frau macht das Fenster nicht auf.",
    ),
    "not_any": (
        "buy, coat, boy, past",
        "The boy did not buy a coat.",
        "Der Junge kaufte keinen Mantel.",
    ),
    "not_there": (
        "play, girl, next to, church",
        "The girl does not play next to the church.",
        "Das Mädchen spielt nicht neben der Kirche.",
    ),
    "possessive": (
        "buy, sister, she, lamp, past",
        "She bought her lamp.",
        "Sie kaufte ihre Lampe.",
    ),
    "without_article": (
        "drink, milk, queen",
        "The queen drinks milk.",
        "Die Königin trinkt Milch.",
    ),
    "with_company": (
        "dance, bear, a, king",
        "The king dances with a bear.",
        "Der König tanzt mit einem Bären.",
    ),
    "on_behalf": (
        "child, a, woman, dress, past",
        "The woman bought the dress for a child.",
        "Die Frau kaufte das Kleid für ein Kind.",
    ),
    "two_subjects": (
        "animal, dog, cat, my, sleep, under, tree",
        "My dog and the cat sleep under the tree.",
        "Mein Hund und die Katze schlafen unter dem Baum.",
    ),
    "yes_no_question": (
        "draw, girl, ship, the, a, past",
        "Did the girl draw a ship?",
        "Zeichnete das Mädchen ein Schiff?",
    ),
    "you_question": (
        "throw away, letter, perfect",
        "Have you thrown away the letter?",
        "Hast du den Brief weggeworfen?",
    ),
    "why_question": (
        "call, nurse, doctor, perfect",
        "Why has the nurse called the doctor?",
        "Warum hat die Krankenschwester den Arzt angerufen?",
    ),
    "who_question": ("find, key, my, past", "Who found my key?", "Wer fand meinen Schlüssel?"),
    "because": (
        "queen, sick, dance, behind, house",
        "The queen does not dance behind the house because she is sick.",
        "Die Königin tanzt nicht hinter dem Haus, weil sie krank ist.",
    ),
    "because_action": (
        "teacher, tired, repair, tram, a, must",
        "The teacher is tired because he must repair a tram.",
        "Der Lehrer ist müde, weil er eine Straßenbahn reparieren muss.",
    ),
    "although": (
        "past, farmer, dog, hungry, sing",
        "Although the dog was hungry, the farmer sang behind the door.",
        "Obwohl der Hund hungrig war, sang der Bauer hinter der Tür.",
    ),
    "if_clause": (
        "child, sick, must, call, queen, doctor",
        "If the child is sick, the queen must call the doctor.",
        "Wenn das Kind krank ist, muss die Königin den Arzt anrufen.",
    ),
    "when_clause": (
        "come, boy, into, kitchen, sing, next to, window, aunt",
        "When the boy came into the kitchen, the aunt sang next to the window.",
        "Als der Junge in die Küche kam, sang die Tante neben dem Fenster.",
    ),
    "while_clause": (
        "king, sleep, under, tree, Lisa, work, in front of, hotel",
        "While the king slept under the tree, Lisa worked in front of the hotel.",
        "Während der König unter dem Baum schlief, arbeitete Lisa vor dem Hotel.",
    ),
    "that_clause": (
        "present, aunt, believe, perfect, pick up, boy, key",
        "The aunt believes that the boy has picked up the key.",
        "Die Tante glaubt, dass der Junge den Schlüssel aufgehoben hat.",
    ),
    "whether_clause": (
        "past, nurse, ask, carry, child, the, pot, a",
        "The nurse asked whether a child could carry the pot.",
        "Die Krankenschwester fragte, ob ein Kind den Topf tragen konnte.",
    ),
    "in_order_to": (
        "past, uncle, go, to, station, invite, queen",
        "The uncle went to the station to invite the queen.",
        "Der Onkel ging zum Bahnhof, um die Königin einzuladen.",
    ),
    "relative_subject": (
        "girl, sell, hat, present, friendly",
        "The girl who sells the dog is friendly.",
        "Das Mädchen, das den Hund verkauft, ist freundlich.",
    ),
    "relative_object": (
        "buy, basket, sister, perfect, new",
        "The basket that the sister has bought is new.",
        "Der Korb, den die Schwester gekauft hat, ist neu.",
    ),
    "relative_dative": (
        "woman, dance, present, king, tired",
        "The woman with whom the king dances is tired.",
        "Die Frau, mit der der König tanzt, ist müde.",
    ),
    "relative_in_object": (
        "invite, boy, teacher, play, behind, school",
        "The teacher invited the boy who played behind the school.",
        "Der Lehrer lud den Jungen ein, der hinter der Schule spielte.",
    ),
    "but_clause": (
        "present, doctor, work, in front of, house, Anna, dance, under, bridge",
        "The doctor works in front of the house, but Anna dances under the bridge.",
        "Der Arzt arbeitet vor dem Haus, aber Anna tanzt unter der Brücke.",
    ),
}


def test_every_template_has_a_checked_pair():
    assert {template.__name__ for template in TEMPLATES} == set(GOLDEN)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.__name__)
def test_template(template):
    wishes, source, target = GOLDEN[template.__name__]
    draft = template(Wishes(wishes))
    assert (draft.source, draft.target) == (source, target)


def test_names_of_templates_and_continuations_are_unique():
    assert len(TEMPLATES) == len(main_clauses.TEMPLATES) + len(subordinate.TEMPLATES)
    assert len({template.__name__ for template in TEMPLATES}) == len(TEMPLATES)
    assert len({(c.kind, c.name) for c in CONTINUATIONS}) == len(CONTINUATIONS)
