"""What is worth knowing about the references of recipes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecipeNote:
    """Information about how a recipe is judged, which is no alarm.

    Args:
        record: 0-based index, counted since the fit, of the record at which it was found.
        recipe: That it speaks of; None stands for the records that name no recipe.
        kind: ``"lent"`` (judged by the reference of another recipe), ``"apart"`` (even the nearest
            is too unlike it, so that it cannot be judged yet), ``"alone"`` (no recipe has a
            reference that could be lent), ``"doubt"`` (it departs from the reference that it was
            lent, and its own records do not tell why), ``"own"`` (it has a reference of its own),
            ``"short"`` (its reference is too short to learn from) or ``"forgotten"``.
        text: One sentence.

    Example:
        >>> RecipeNote(record=9, recipe="B", kind="own", text="recipe B has one of its own").kind
        'own'
    """

    record: int
    recipe: str | None
    kind: str
    text: str


def named(recipe: str | None) -> str:
    """A recipe as it is spoken of.

    Example:
        >>> named("B"), named(None)
        ('recipe B', 'what has no recipe')
    """
    return "what has no recipe" if recipe is None else f"recipe {recipe}"
