"""What the embedded model is taught about food: dishes with kind, taste and ingredients.

It is little on purpose. A model of a million weights that is asked thousands of times about sixty dishes knows them;
one that has seen three hundred a few times each invents ingredients.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

TASTES = ("sweet", "spicy", "savoury", "fresh")

# Plural or mass noun, as analyses name it, and the form that stands in a dish's name.
_INGREDIENTS = {
    "almonds": "almond",
    "apples": "apple",
    "bacon": "bacon",
    "bananas": "banana",
    "basil": "basil",
    "beans": "bean",
    "beef": "beef",
    "bread": "bread",
    "butter": "butter",
    "cabbage": "cabbage",
    "carrots": "carrot",
    "cheese": "cheese",
    "chicken": "chicken",
    "chickpeas": "chickpea",
    "chili": "chili",
    "chocolate": "chocolate",
    "coconut": "coconut",
    "coffee": "coffee",
    "corn": "corn",
    "cream": "cream",
    "cucumber": "cucumber",
    "eggs": "egg",
    "fish": "fish",
    "flour": "flour",
    "garlic": "garlic",
    "ham": "ham",
    "honey": "honey",
    "lamb": "lamb",
    "lemon": "lemon",
    "lentils": "lentil",
    "lettuce": "lettuce",
    "milk": "milk",
    "mushrooms": "mushroom",
    "noodles": "noodle",
    "nuts": "nut",
    "olives": "olive",
    "onions": "onion",
    "parsley": "parsley",
    "peanuts": "peanut",
    "pork": "pork",
    "potatoes": "potato",
    "rice": "rice",
    "salt": "salt",
    "shrimp": "shrimp",
    "spinach": "spinach",
    "sugar": "sugar",
    "tofu": "tofu",
    "tomatoes": "tomato",
    "wine": "wine",
    "yeast": "yeast",
}
INGREDIENTS = tuple(_INGREDIENTS)

_DISHES = """
Quiche Lorraine|savoury|tart|eggs, cheese, bacon
Onion soup|savoury|soup|onions, cheese, bread
Garlic bread|savoury|bread|bread, garlic, butter
Baguette|savoury|bread|flour, yeast, salt
Macaron|sweet|pastry|almonds, eggs, sugar
Omelette|savoury|dish|eggs, butter, mushrooms
Spanish tortilla|savoury|dish|eggs, potatoes, onions
Cheese souffle|savoury|dish|cheese, eggs, milk
Cheesecake|sweet|cake|cheese, sugar, eggs
Tiramisu|sweet|dessert|coffee, eggs, sugar
Creme brulee|sweet|dessert|cream, eggs, sugar
Chocolate mousse|sweet|dessert|chocolate, eggs, cream
Apple pie|sweet|pie|apples, butter, sugar
Pecan pie|sweet|pie|nuts, sugar, eggs
Carrot cake|sweet|cake|carrots, nuts, eggs
Banana split|sweet|dessert|bananas, cream, chocolate
Baklava|sweet|pastry|nuts, honey, butter
Pancakes|sweet|dish|eggs, milk, flour
Croissant|sweet|pastry|butter, flour, milk
Rice pudding|sweet|dessert|rice, milk, sugar
Lemon sorbet|sweet|dessert|lemon, sugar
Vanilla ice cream|sweet|dessert|cream, milk, sugar
Peanut brittle|sweet|dessert|peanuts, sugar, butter
Pad thai|spicy|dish|peanuts, shrimp, noodles
Satay skewers|spicy|dish|peanuts, chicken, garlic
Green curry|spicy|curry|chili, chicken, coconut
Vindaloo|spicy|curry|chili, pork, garlic
Chili con carne|spicy|stew|chili, beef, beans
Kimchi|spicy|salad|cabbage, chili, garlic
Mapo tofu|spicy|dish|tofu, chili, pork
Jambalaya|spicy|dish|rice, shrimp, chicken
Enchiladas|spicy|dish|corn, cheese, chicken
Buffalo wings|spicy|dish|chicken, chili, butter
Saag paneer|spicy|curry|spinach, cheese, chili
Tom yum|spicy|soup|shrimp, chili, mushrooms
Fish and chips|savoury|dish|fish, potatoes, flour
Paella|savoury|dish|rice, shrimp, chicken
Sushi|savoury|dish|fish, rice
Grilled salmon|savoury|dish|fish, lemon, butter
Caesar salad|fresh|salad|lettuce, cheese, eggs
Greek salad|fresh|salad|tomatoes, cheese, olives
Caprese|fresh|salad|tomatoes, cheese, basil
Tabbouleh|fresh|salad|parsley, tomatoes, lemon
Gazpacho|fresh|soup|tomatoes, cucumber, garlic
Coleslaw|fresh|salad|cabbage, carrots
Ceviche|fresh|dish|fish, lemon, onions
Bruschetta|fresh|dish|bread, tomatoes, garlic
Tzatziki|fresh|dip|cucumber, garlic, milk
Hummus|savoury|dip|chickpeas, garlic, lemon
Falafel|savoury|dish|chickpeas, parsley, garlic
Minestrone|savoury|soup|beans, tomatoes, noodles
Mushroom risotto|savoury|dish|mushrooms, rice, cheese
Spaghetti carbonara|savoury|dish|noodles, eggs, bacon
Lasagna|savoury|dish|noodles, beef, cheese
Pesto pasta|savoury|dish|noodles, basil, nuts
Margherita pizza|savoury|pizza|flour, tomatoes, cheese
Beef burger|savoury|burger|beef, bread, onions
Beef stroganoff|savoury|stew|beef, mushrooms, cream
Shepherd's pie|savoury|pie|lamb, potatoes, carrots
Coq au vin|savoury|stew|chicken, wine, mushrooms
Club sandwich|savoury|sandwich|bread, bacon, chicken
Eggs Benedict|savoury|dish|eggs, ham, butter
Potato gratin|savoury|dish|potatoes, cream, cheese
Dal|savoury|stew|lentils, garlic, onions
"""

# What a dish is like whose name says it: "Mushroom stew" has mushrooms, and a stew is savoury.
NAMED_BY = {
    "soup": "savoury",
    "stew": "savoury",
    "pizza": "savoury",
    "sandwich": "savoury",
    "tart": "savoury",
    "curry": "spicy",
    "salad": "fresh",
    "cake": "sweet",
    "pudding": "sweet",
}


# Dishes that there are and that the model doesn't know: it is taught to say so.
_UNKNOWN = """
Ratatouille, Moussaka, Goulash, Pierogi, Churros, Ramen, Bibimbap, Gyoza, Biryani, Samosa, Tagine,
Shakshuka, Dolma, Schnitzel, Sauerbraten, Spaetzle, Rosti, Raclette, Gnocchi, Polenta, Ossobuco, Cannoli,
Panna cotta, Arancini, Cassoulet, Ragout, Confit de canard, Souvlaki, Spanakopita, Empanadas, Arepas,
Tamales, Feijoada, Jerk pork, Gumbo, Pho bo, Nasi goreng, Rendang, Laksa, Okonomiyaki
"""
UNKNOWN = tuple(" ".join(_UNKNOWN.split()).split(", "))


@dataclass(frozen=True)
class Dish:
    """A dish: its name on the menu, one of `TASTES`, a category such as "soup", and two or three ingredients.

    A dish that nobody knows has no taste, no category and no ingredients.
    """

    name: str
    taste: str
    category: str
    ingredients: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether there's anything to tell about it."""
        return bool(self.ingredients)


@cache
def dishes() -> tuple[Dish, ...]:
    """Return the dishes that the model learns by heart."""
    rows = (line.split("|") for line in _DISHES.strip().splitlines())
    return tuple(Dish(name, taste, category, tuple(listed.split(", "))) for name, taste, category, listed in rows)


def named_dish(ingredients: tuple[str, ...], category: str) -> Dish:
    """Return the dish that its own name describes, such as "Cheese and onion tart".

    Args:
        ingredients: one or two of `INGREDIENTS`.
        category: a key of `NAMED_BY`.
    """
    said = " and ".join(_INGREDIENTS[ingredient] for ingredient in ingredients)
    return Dish(f"{said[0].upper()}{said[1:]} {category}", NAMED_BY[category], category, ingredients)
