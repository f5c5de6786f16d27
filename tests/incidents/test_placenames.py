"""One place in the spellings of two sources is alike; two places with a word in common are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conflictts.incidents.duplicates import ALIKE
from conflictts.incidents.placenames import place_similarity, read_place_name

# Spellings of the bundled catalogue, and of UCDP GED for the same places.
ONE_PLACE = [
    ("Maarat al-Numan", "Maarat al-Numaan town"),
    ("Basqala", "Bsaqla town"),
    ("al-Naqir", "Nqeir village"),
    ("Qulaydin", "Qalidin village"),
    ("Karsaa", "Qursaa village"),
    ("al-Zirbah", "Zerbeh town"),
    ("Fleifel", "Fulayfil village"),
    ("Maqa (Muqa)", "Mouka village"),
    ("Maarat Hurma", "Maar Tahroma/Maarat Hurmah village"),
    ("Maarshamarin", "Maar Shamarin town"),
    ("Dayr Sharqi", "Dayr ash Sharqi town"),
    ("Jisr al-Shughur (market)", "Jisr ash Shughur town"),
    ("Hass (displaced camp)", "Has/Hassef town"),
    ("al-Dahr near Darkush", "Darkush town"),
    ("Maaret en-Nomân", "Maarat al-Numan"),
]
TWO_PLACES = [
    ("Kafr Nabl", "Kafr Ruma town"),
    ("Kafr Zita", "Kafr Nabl"),
    ("Hass", "Hish town"),
    ("Maar Shurin", "Maar Tesin"),
    ("Khan Shaykhun", "Khan al-Subul"),
    ("Idlib province", "Idlib town"),
    ("Maarat al-Numan and Kafr Nabl", "Kafr Nabl town"),
    ("Idlib region, other than Kafr Nabl", "Kafr Nabl town"),
    ("town", "town"),
    ("", "Kafr Nabl"),
]


@pytest.mark.parametrize(("one", "other"), ONE_PLACE)
def test_spellings_of_one_place_are_alike(one, other):
    assert place_similarity(one, other) >= ALIKE[1]


@pytest.mark.parametrize(("one", "other"), TWO_PLACES)
def test_names_of_two_places_are_not(one, other):
    assert place_similarity(one, other) <= ALIKE[0]


def test_near_names_stay_below_agreement():
    assert ALIKE[0] < place_similarity("Kafr Nabl", "Kafr Nabudah") < ALIKE[1]


def test_likeness_is_the_stated_share_of_spelling_and_consonants():
    # kafrnabl, kafrzit: kafr in common, 8 of 15 letters; kfrnbl, kfrzt: kfr, 6 of 11; one third and two thirds.
    assert place_similarity("Kafr Nabl", "Kafr Zita") == pytest.approx((8 / 15 + 2 * 6 / 11) / 3)


def test_regions_are_told_from_places():
    assert read_place_name("Idlib province").is_region
    assert read_place_name("southern Idlib countryside").is_region
    assert not read_place_name("Idlib city").is_region
    assert not read_place_name("").is_region


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_symmetric_between_0_and_1(one, other):
    assert 0 <= place_similarity(one, other) <= 1
    assert place_similarity(one, other) == place_similarity(other, one)
    if read_place_name(one).places:
        assert place_similarity(one, one) == 1


@pytest.mark.parametrize("name", ["Kilo 10", "Hill 100", "Point 2000"])
def test_a_number_does_not_make_a_region(name):
    assert not read_place_name(name).is_region
    assert read_place_name(f"{name} governorate").is_region


def test_two_regions_are_no_liker_for_being_regions():
    assert place_similarity("Homs province", "Hama province") == place_similarity("Homs", "Hama") < 0.78
    assert place_similarity("Idlib province", "Idlib governorate") == 1
    assert place_similarity("Idlib province", "Idlib town") < 0.78
