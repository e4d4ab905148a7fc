"""Secrets that programs show."""

from annotations.core.secret import digest, new_secret


def test_a_digest_is_the_sha_256_of_the_text_for_stored_ones_have_to_be_found_for_ever():
    # the example of FIPS 180-4 for “abc”
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_secret_begins_with_its_prefix_shows_six_characters_more_and_is_known_by_its_digest():
    made = new_secret("cosa-")
    assert made.prefix == made.text[:11] and made.text.startswith("cosa-") and made.digest == digest(made.text)


def test_a_secret_has_256_bits_of_chance():
    # 32 bytes are 43 characters of 6 bits
    assert len(new_secret("").text) == 43 and len({new_secret("").text for _ in range(100)}) == 100


def test_what_no_secret_can_be_has_a_digest_all_the_same():
    assert len(digest("\ud800 \0")) == 64
