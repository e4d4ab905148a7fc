import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.core import json_objects
from annotations.core.json_objects import places

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab"\\{}[]: ', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab"\\{}', max_size=4), inner, max_size=3),
    max_leaves=8,
)
prose = st.text('ab"\\{}[]:\n ', max_size=20)


def outermost(text):
    return [place.objects[-1] for place in places(text) if place.objects]


def test_an_object_is_found_with_its_place():
    text = 'So: {"a": {"b": 1}} end'
    (place,) = places(text)
    assert text[place.start : place.end] == '{"a": {"b": 1}}'
    assert place.objects == ({"b": 1}, {"a": {"b": 1}})


def test_braces_and_quotes_in_strings_do_not_end_an_object():
    assert outermost(r'x {"a": "}{ \" \\"} y') == [{"a": '}{ " \\'}]


@pytest.mark.parametrize(
    "before", ['He said "no. ', "{ ", "it's {x, ", '"{" ', "C:\\", '\\"', "}}", '{"a": ', "```json\n"]
)
def test_an_object_is_found_after_untidy_prose(before):
    assert outermost(before + '{"k": 1}') == [{"k": 1}]


def test_an_object_may_hold_raw_line_breaks_in_its_strings():
    assert outermost('{"a": "one\ntwo"}') == [{"a": "one\ntwo"}]


def test_an_object_quoted_in_a_broken_one_is_hidden():
    (place,) = places('{"said": "it wrote {"k": 5} here", "k": 0}')
    assert place.objects == ()


def test_a_number_too_long_for_python_makes_no_object():
    assert outermost('{"k": ' + "9" * 5000 + "}") == []


def test_a_deep_nest_makes_no_object_and_no_crash():
    assert outermost('{"a":' * 5_000 + "1" + "}" * 5_000) == []


@settings(database=None, deadline=None, max_examples=20)
@given(
    st.dictionaries(st.text('ab"\\{}', max_size=4), values, min_size=1, max_size=3), st.sampled_from(["", "ok. ", "{ "])
)
def test_any_object_is_found_whatever_it_holds(value, before):
    assert outermost(f"{before}{json.dumps(value)} after")[-1] == value


@settings(database=None, deadline=None, max_examples=20)
@given(prose)
def test_places_are_in_order_and_start_and_end_with_braces(text):
    found = places(text)
    assert [place.end for place in found] == sorted(place.end for place in found)
    assert all(text[place.start] == "{" and text[place.end - 1] == "}" for place in found)


@pytest.mark.parametrize("unit", ['{"":0}', '{"a":[', '":{",', '{"k":{"a":', '{"a":1,', "{}", '{"{'])
def test_the_parser_never_sees_a_character_more_than_twice(unit, monkeypatch):
    seen = []
    objects = json_objects._Decoder.objects
    monkeypatch.setattr(
        json_objects._Decoder, "objects", lambda self, source: seen.append(len(source)) or objects(self, source)
    )
    text = unit * 300 + "}" * 300
    places(text)
    assert sum(seen) <= 2 * len(text)
