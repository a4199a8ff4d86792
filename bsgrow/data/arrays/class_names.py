"""What the classes of known data sets are called, in the order of their labels."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


DIGITS: Final = tuple("0123456789")

FASHION_MNIST: Final = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
"""As the table "Labels" of github.com/zalandoresearch/fashion-mnist."""

CIFAR10: Final = _words("airplane automobile bird cat deer dog frog horse ship truck")
"""As ``batches.meta.txt`` of the data set."""

CIFAR100: Final = _words(
    """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
    butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach
    couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster
    house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
    motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
    pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket
    rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
    sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip
    turtle wardrobe whale willow_tree wolf woman worm
    """
)
"""As ``fine_label_names.txt`` of the data set."""
