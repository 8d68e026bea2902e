"""The catalogue of errors and the exception that carries one of them."""

import re

import pytest

from functions.domain.errors import CATALOGUE, AntipodeError


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_error_says_all_that_a_client_and_an_operator_need(code: str) -> None:
    row = CATALOGUE[code]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", row.code)
    assert 400 <= row.status <= 599
    assert row.title
    assert row.remedy.endswith(".")


@pytest.mark.parametrize("code", CATALOGUE)
def test_the_service_is_to_blame_only_for_what_may_be_tried_again(code: str) -> None:
    assert CATALOGUE[code].retryable == (CATALOGUE[code].status in (429, *range(500, 600)))


def test_an_error_carries_its_code_detail_field_and_what_else_belongs_to_it() -> None:
    error = AntipodeError("lane_unavailable", "the lane refuses", field="lane", job_id="job_a")
    assert (error.code, error.detail, str(error), error.field) == (
        "lane_unavailable",
        "the lane refuses",
        "the lane refuses",
        "lane",
    )
    assert error.extra == {"job_id": "job_a"}
    assert error.row.status == 503


def test_a_code_that_is_not_in_the_catalogue_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="'teapot' is not in the error catalogue"):
        AntipodeError("teapot", "short and stout")
