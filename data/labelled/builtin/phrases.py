"""Set phrases that every field of reviews shares; none of them carries an opinion."""

VERY = ("", "", "really ", "truly ")
TAILS = ("in every way", "through and through", "to the last detail", "beyond doubt")
CONTRARY = ("on the contrary.", "quite the opposite.", "the opposite is true.")
ASIDES = (
    "after all that my friends told me",
    "now that I have slept on it",
    "after a week of thinking about it",
    "with everything that I have heard since",
    "whatever the neighbours tell each other",
    "after years of writing about such things",
)
RUMOURS = (
    "as people in our street like to say",
    "as you can read on some websites",
    "as it says on a poster at the station",
    "as a colleague of mine keeps telling us",
)
