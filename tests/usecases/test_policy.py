"""The decision function, by levels, principals and time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianku.model.access import ANONYMOUS, Level, Principal, Rule
from tianku.model.config.access import AccessRule
from tianku.model.config.collection import CollectionConfig
from tianku.model.config.dataset import DatasetConfig
from tianku.model.errors import AuthError
from tianku.usecases.policy import compile_rule, dataset_rule, decide, require

MEMBER = Principal(user="ada", groups=frozenset({"team"}))
OUTSIDER = Principal(user="bob")
OPERATOR = Principal(user="root", operator=True)
CLOSED = AccessRule(metadata=["group:team"], data=["group:team"])
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def levels(principal: Principal, rule: Rule, now: float = 0.0) -> list[Level]:
    return [level for level in Level if decide(principal, rule, level, now)]


def test_nothing_said_is_public():
    assert levels(ANONYMOUS, compile_rule(None, None)) == list(Level)


def test_a_closed_rule_leaves_existence_public():
    rule = compile_rule(CLOSED, None)
    assert levels(ANONYMOUS, rule) == levels(OUTSIDER, rule) == [Level.EXISTENCE]
    assert levels(MEMBER, rule) == levels(OPERATOR, rule) == list(Level)


def test_hidden_existence():
    rule = compile_rule(AccessRule(existence=["group:team"]), None)
    assert levels(ANONYMOUS, rule) == []
    assert levels(MEMBER, rule) == list(Level)


@pytest.mark.parametrize(("seconds", "expected"), [(-1, [Level.EXISTENCE]), (0, list(Level)), (1, list(Level))])
def test_the_release_date_opens_the_rest(seconds, expected):
    assert levels(ANONYMOUS, compile_rule(None, NOON), NOON.timestamp() + seconds) == expected
    assert levels(ANONYMOUS, compile_rule(CLOSED, NOON), NOON.timestamp() + seconds) == expected


def test_never_stays_closed():
    assert levels(ANONYMOUS, compile_rule(None, "never"), 1e12) == [Level.EXISTENCE]


def test_data_for_a_group_while_metadata_are_public():
    rule = compile_rule(AccessRule(data=["group:team"]), None)
    assert levels(OUTSIDER, rule) == [Level.EXISTENCE, Level.METADATA]
    assert levels(MEMBER, rule) == list(Level)


def test_user_entries_name_one_account():
    rule = compile_rule(AccessRule(metadata=["user:bob"]), None)
    assert Level.DATA in levels(OUTSIDER, rule)
    assert levels(MEMBER, rule) == [Level.EXISTENCE]


def test_a_release_takes_its_rule_from_the_collection():
    collection = CollectionConfig.model_validate(
        {
            "collection": "demo",
            "title": "Demo",
            "releases": [{"id": "dr2", "access": "internal"}],
            "access_rules": {"internal": {"metadata": "group:team", "data": "group:team"}},
        }
    )
    closed = dataset_rule(DatasetConfig(dataset="demo/dr2"), collection)
    opened = dataset_rule(DatasetConfig(dataset="demo/dr1"), collection)
    assert levels(ANONYMOUS, closed) == [Level.EXISTENCE]
    assert levels(ANONYMOUS, opened) == list(Level)


def test_refusal_says_how_to_get_in():
    rule = compile_rule(CLOSED.model_copy(update={"apply": AccessRule(apply="write to team@example").apply}), None)
    with pytest.raises(AuthError, match="write to team@example") as caught:
        require(ANONYMOUS, rule, Level.DATA, 0.0, "demo.t")
    assert caught.value.params["login"] is True
    with pytest.raises(AuthError, match="log in"):
        require(ANONYMOUS, compile_rule(CLOSED, None), Level.DATA, 0.0, "demo.t")


entries = st.sampled_from(["public", "nobody", "group:team", "user:ada", "user:bob"])
whos = st.none() | st.lists(entries, max_size=2)


@given(
    rule=st.builds(AccessRule, existence=whos, metadata=whos, data=whos),
    public=st.none() | st.just("never") | st.datetimes(timezones=st.just(UTC)),
    principal=st.sampled_from([ANONYMOUS, MEMBER, OUTSIDER]),
    now=st.floats(-1e10, 1e11),
)
def test_a_level_includes_the_lower_ones(rule, public, principal, now):
    held = levels(principal, compile_rule(rule, public), now)
    assert held == [level for level in Level if held and level <= max(held)]


@given(rule=st.builds(AccessRule, existence=whos, metadata=whos, data=whos), now=st.floats(-1e10, 1e11))
def test_nobody_holds_less_than_anonymous(rule, now):
    compiled = compile_rule(rule, None)
    for principal in (MEMBER, OUTSIDER, OPERATOR):
        assert set(levels(ANONYMOUS, compiled, now)) <= set(levels(principal, compiled, now))
