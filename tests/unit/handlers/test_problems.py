"""Error responses are the same on every version of Python."""

import re
import sys
from http import HTTPStatus
from pathlib import Path

import pytest

from handlers.shared.problems import TITLES, make_problem
from lib.errors import ProblemKind

PROJECT = Path(__file__).parents[3]


def test_titles_are_those_of_the_current_standard() -> None:
    """RFC 9110 renamed these two; Python has the new names since 3.13."""
    assert TITLES[413] == "Content Too Large"
    assert TITLES[422] == "Unprocessable Content"
    renamed = () if sys.version_info >= (3, 13) else (413, 422)
    pythons = {status: HTTPStatus(status).phrase for status in TITLES if status not in renamed}
    assert {status: TITLES[status] for status in pythons} == pythons


@pytest.mark.parametrize("status", TITLES)
def test_a_problem_has_the_title_of_its_status(status: int) -> None:
    problem = make_problem(status, ProblemKind.BUSY, "try again")
    assert (problem.status, problem.title) == (status, TITLES[status])


def test_every_status_that_the_code_responds_with_has_a_title() -> None:
    code = [*(PROJECT / "lib").rglob("*.py"), *(PROJECT / "handlers").rglob("*.py")]
    raised = re.compile(r"(?:RequestError|_respond|make_problem|make_error_response)\(\s*(\d+),")
    documented = re.compile(r"describe_errors\(([\d, ]+)\)")
    texts = [file.read_text() for file in code]
    statuses = {int(found) for text in texts for found in raised.findall(text)}
    listed = ",".join(found for text in texts for found in documented.findall(text))
    assert len(statuses) > 5
    assert statuses | set(map(int, listed.split(","))) <= TITLES.keys()
