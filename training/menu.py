"""Menu prompts: examples of what a guest likes, a dish, an analysis and a recommendation; then a question.

What is asked of the model is a rule on facts. A dish with something that the guest dislikes is a *conflict*, otherwise
one of a taste or with an ingredient that the guest likes is a *match*, otherwise it is *neutral*. The recommendation is
that of the last example of the same kind, whatever it says; without one it is a default of the kind. One rule is built
in: where the prompt asks to be clear about dietary restrictions and the guest can't eat something, "Not suitable for
you."
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from training import held_out, kitchen, wording
from training.documents import ANSWER, FIRST, IGNORED, Document, Part, capital, document, mistyped
from training.guests import (
    DEFAULTS,
    KINDS,
    UNSUITABLE,
    Case,
    Guest,
    Kind,
    analysis,
    example_analysis,
    judge,
    some_guest,
)
from training.kitchen import Dish
from training.recommendations import (
    invented,
    recommendations,
)


@dataclass(frozen=True)
class Menu:
    r"""A prompt with the answer that is wanted.

    Attributes:
        parts: the prompt, up to the label before the answer.
        question: what is asked.
        examples: kinds of the examples, in order.
        analysis: the answer's first sentence, with the white space before it.
        label: what stands between the two, such as `\nRecommendation:`.
        recommendation: the answer's second sentence, with the space before it.
        decides: the example's line with the recommendation that is taken over, if one is: its number in the prompt.
        copied: whether the recommendation is an example's.
        closing: what a chat template puts behind the answer.
    """

    parts: tuple[Part, ...]
    question: Case
    examples: tuple[Kind, ...]
    analysis: str
    label: str
    recommendation: str
    decides: int | None
    copied: bool
    closing: str = ""

    @property
    def prompt(self) -> str:
        """The prompt's text."""
        return "".join(part.text for part in self.parts)

    @property
    def answer(self) -> str:
        """The answer's text."""
        return self.analysis + self.label + self.recommendation

    def document(self) -> Document:
        """Return prompt and answer with their weights."""
        return document((*self.parts, *self.answer_parts(), Part(self.closing, ANSWER)))

    def answer_parts(self) -> list[Part]:
        """Return the answer with its weights: most for what is a choice."""
        return [
            Part(self.analysis, ANSWER),
            Part(self.label, ANSWER),
            Part(self.recommendation, ANSWER, FIRST),
        ]


@dataclass
class Menus:
    """Draws menu prompts.

    Attributes:
        random: where chance comes from.
        held_out: ask what only the evaluation may ask, instead of what it may not.
        examples: how many examples; drawn where None.
        labels: the five labels; drawn where None.
        recommendations: what the examples recommend; drawn where None.
        plain: without rules, chat, additions and typing errors, with LIT's headings.
        kind: the question's kind; drawn where None.
        chat, mistyped, suitability, second: whether as a chat, with typing errors, with a rule on suitability, as a
            second question; drawn where None.
        fair: without dishes of one thing ("Spinach salad") whose conflict is kept for the evaluation.
    """

    random: Random
    held_out: bool = False
    examples: int | None = None
    labels: tuple[str, ...] | None = None
    recommendations: dict[Kind, str] | None = None
    plain: bool = False
    kind: Kind | None = None
    chat: bool | None = None
    mistyped: bool | None = None
    suitability: bool | None = None
    second: bool | None = None
    fair: bool = False

    def _often(self, share: float, wanted: bool | None = None) -> bool:
        """Return what is wanted, or else True in this share of the draws; a plain prompt has nothing of the kind."""
        if wanted is not None:
            return wanted
        return not self.plain and self.random.random() < share

    def menu(self) -> Menu:
        """Return a prompt and its answer."""
        r = self.random
        labels = self._labels()
        recommends = self.recommendations or recommendations(r)
        kinds = self._kinds()
        asked = self._asked(kinds)
        brief, suitable, rules = self._rules()
        typing_errors = self._often(0.12, self.mistyped)
        heading = "" if self._often(0.05) else r.choice(wording.HEADINGS[: 1 if self.plain else None]) + "\n\n"
        parts = [Part(heading), *rules]
        if kinds and not self._often(0.05):
            parts.append(Part(r.choice(wording.EXAMPLES_FOLLOW[: 1 if self.plain else None]) + "\n\n"))
        relation = r.choice(wording.RELATIONS)
        guest: Guest | None = None
        keeps_guest = r.random() < 0.45
        lines: dict[Kind, int] = {}
        for kind in kinds:
            case = self.case(kind, guest if keeps_guest else None)
            guest = case.guest
            said = analysis(case, r.random() < 0.3) if r.random() < 0.25 else example_analysis(r, case, relation)
            if typing_errors and r.random() < 0.4:
                said = mistyped(r, said)
            parts += [*self._facts(case, labels, typing_errors), Part(f"{labels[3]}: {said}\n{labels[4]}:")]
            # The second time the model can know.
            known = kind in lines
            lines[kind] = _lines(parts)
            parts += [
                Part(f" {recommends[kind]}", ANSWER, FIRST) if known else Part(f" {recommends[kind]}"),
                Part("\n\n"),
            ]
        if (kinds or r.random() < 0.5) and not self._often(0.08):
            parts.append(Part(r.choice(wording.QUESTION_FOLLOWS[: 1 if self.plain else None]) + "\n\n"))
        question = self.case(asked, guest if keeps_guest and r.random() < 0.3 else None, asks=True)
        if kinds and self._often(0.12, self.second):
            # This one was asked and answered; now the next.
            answer, copied = self._answer(question, recommends, kinds, brief, suitable, labels)
            parts += [*self._facts(question, labels, typing_errors), Part(f"{labels[3]}:"), *answer[:-1]]
            if copied:
                lines[asked] = _lines(parts)
            parts += [answer[-1], Part("\n\n", IGNORED)]
            question = self.case(self.kind if self.kind else r.choice(KINDS), asks=True)
        answer, copied = self._answer(question, recommends, kinds, brief, suitable, labels)
        said, label, recommended = (part.text for part in answer)
        menu = Menu(
            parts=(*parts, *self._facts(question, labels, typing_errors), Part(f"{labels[3]}:")),
            question=question,
            examples=tuple(kinds),
            analysis=said,
            label=label,
            recommendation=recommended,
            decides=lines[question.kind] if copied else None,
            copied=copied,
        )
        return self._as_chat(menu) if self._often(0.12, self.chat) else self._ended(menu)

    def _asked(self, kinds: list[Kind]) -> Kind:
        """Return the kind to ask, mostly one of the examples'."""
        if self.kind:
            return self.kind
        return self.random.choice(kinds) if kinds and self.random.random() < 0.9 else self.random.choice(KINDS)

    def case(self, kind: Kind, guest: Guest | None = None, asks: bool = False) -> Case:
        """Return a case of a kind, of a guest if there's a dish for it; `asks`: it is a question, not an example."""
        r = self.random
        for _ in range(400):
            dish = self._dish(kind, asks)
            someone = guest if guest and r.random() < 0.98 else some_guest(r, dish, kind)
            judged, decides = judge(someone, dish)
            case = Case(someone, dish, self._written(dish), judged, decides)
            if judged == kind and case.held_out == (self.held_out and asks):
                return case
            if guest and r.random() < 0.02:
                guest = None
        raise RuntimeError(f"no {kind} found")

    def _dish(self, kind: Kind, asks: bool) -> Dish:
        r = self.random
        x = r.random()
        if x < 0.22:
            category = r.choice(tuple(kitchen.NAMED_BY))
            count = 1 if r.random() < 0.6 else 2
            dish = kitchen.named_dish(tuple(r.sample(kitchen.INGREDIENTS, count)), category)
            kept = self.fair and count == 1 and held_out.is_held_out(dish.name, *dish.ingredients)
            if not kept and dish.name not in {known.name for known in kitchen.dishes()}:
                return dish
        if asks and kind == "neutral" and x > 0.9:
            names = held_out.UNKNOWN_DISHES if self.held_out else kitchen.UNKNOWN
            name = r.choice(names)
            if not self.held_out and r.random() < 0.6:
                name = capital(" ".join(invented(r) for _ in range(r.choice((1, 2, 2)))))
            return Dish(name, "", "", ())
        return r.choice(kitchen.dishes())

    def _written(self, dish: Dish) -> str:
        r, x = self.random, self.random.random()
        if self.plain:
            return dish.name
        if x < 0.12:
            return f"{dish.name} in {r.choice(wording.COUNTRIES)}"
        if x < 0.22:
            return f"{dish.name} {r.choice(wording.ADDITIONS)}"
        if x < 0.26:
            return dish.name.lower()
        return dish.name

    def _labels(self) -> tuple[str, ...]:
        r = self.random
        if self.labels:
            return self.labels
        if self.plain or self.examples == 0 or r.random() < 0.62:
            return tuple(column[0] for column in wording.LABELS)
        if r.random() < 0.5:
            return tuple(r.choice(column) for column in wording.LABELS)
        return tuple(capital(r.choice((invented(r), r.choice(wording.WORDS)))) for _ in wording.LABELS)

    def _kinds(self) -> list[Kind]:
        r = self.random
        count = self.examples if self.examples is not None else r.choice((0, 1, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4))
        if count >= 3 and r.random() < 0.65:
            kinds = [*KINDS, *(r.choice(KINDS) for _ in range(count - 3))]
            r.shuffle(kinds)
            return kinds
        return [r.choice(KINDS) for _ in range(count)]

    def _rules(self) -> tuple[bool, bool, list[Part]]:
        """Return whether to be brief, whether to be clear about suitability, and the rules that say so."""
        r = self.random
        brief, suitable = False, self._often(0.2, self.suitability)
        rules = []
        if self._often(0.2, True if self.suitability and r.random() < 0.5 else None):
            brief = True
            rules.append(r.choice(wording.BRIEF))
        if suitable:
            rules.append(" ".join(r.choice(column) for column in wording.SUITABLE) + ".")
        if self._often(0.12):
            rules.append(r.choice(wording.IDLE))
        if r.random() < 0.3:
            r.shuffle(rules)
        return brief, suitable, [Part("".join(f"* {rule}\n" for rule in rules) + "\n")] if rules else []

    def _facts(self, case: Case, labels: tuple[str, ...], typing_errors: bool) -> list[Part]:
        r, values = self.random, [case.guest.likes_text, case.guest.dislikes_text, case.written]
        if typing_errors:
            values = [mistyped(r, value) if r.random() < 0.3 else value for value in values]
        return [Part("".join(f"{label}: {value}\n" for label, value in zip(labels, values, strict=False)))]

    def _answer(
        self,
        case: Case,
        recommends: dict[Kind, str],
        kinds: list[Kind],
        brief: bool,
        suitable: bool,
        labels: tuple[str, ...],
    ) -> tuple[list[Part], bool]:
        unsuitable = suitable and case.kind == "conflict" and case.guest.forbidden
        copied = case.kind in kinds and not unsuitable
        recommended = UNSUITABLE if unsuitable else recommends[case.kind] if copied else DEFAULTS[case.kind]
        answer = Menu((), case, (), f" {analysis(case, brief)}", f"\n{labels[4]}:", f" {recommended}", None, copied)
        return answer.answer_parts(), copied

    def _as_chat(self, menu: Menu) -> Menu:
        """Return it in the form of a chat; the label before the analysis may be left to the model."""
        r = self.random
        parts, first = menu.parts, menu.analysis.lstrip()
        if r.random() < 0.5:
            *parts_before, facts, label = parts
            parts = (*parts_before, replace(facts, text=facts.text.rstrip("\n")))
            first = f"{label.text} {first}"
        if r.random() < 0.7:
            opening, middle, closing = "<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>"
        else:
            opening, middle, closing = "User:", "\n\nAssistant:", ""
            parts = tuple(part for part in parts if part.text)
            parts = (replace(parts[0], text=f" {parts[0].text}"), *parts[1:])
            first = f" {first}"
        lines = opening.count("\n")
        return replace(
            menu,
            parts=(Part(opening), *parts, Part(middle)),
            analysis=first,
            decides=None if menu.decides is None else menu.decides + lines,
            closing=closing,
        )

    def _ended(self, menu: Menu) -> Menu:
        """Return it, now and then with a space or a line's end where the prompt stops."""
        if not self._often(0.06):
            return menu
        *parts, label = menu.parts
        ending = self.random.choice((" ", "\n"))
        return replace(menu, parts=(*parts, replace(label, text=label.text + ending)), analysis=menu.analysis.lstrip())


def _lines(parts: list[Part]) -> int:
    """Return how many lines end in the parts: the number of the line that goes on."""
    return sum(part.text.count("\n") for part in parts)
