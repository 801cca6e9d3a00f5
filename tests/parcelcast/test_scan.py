from parcelcast.scan import CODES, DELIVERED_CODES, UNKNOWN_CODE


def test_the_vocabulary_has_eighteen_words():
    assert len(CODES) == len(set(CODES)) == 18


def test_the_words_with_a_meaning_of_their_own_are_of_the_vocabulary():
    assert UNKNOWN_CODE in CODES
    assert set(CODES) > DELIVERED_CODES
