"""Files and functions stay small: every good codebase that we looked at lost its tail because nothing stopped it."""

from tests.architecture.sources import Source, functions_of, listed, sources

FILE_LIMIT = 400
FUNCTION_LIMIT = 60
HANDLER_LIMIT = 40


def long_files(files: tuple[Source, ...], limit: int) -> list[str]:
    return [f"{file.name}: {file.lines} lines" for file in files if file.lines > limit]


def long_functions(files: tuple[Source, ...], limit: int) -> list[str]:
    found = []
    for file in files:
        for function in functions_of(file):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > limit:
                found.append(f"{file.name}:{function.lineno}: {function.name} has {lines} lines")
    return found


def test_every_file_stays_under_400_lines() -> None:
    found = long_files(sources(), FILE_LIMIT - 1)
    assert not found, listed(found)


def test_every_function_stays_under_60_lines() -> None:
    found = long_functions(sources(), FUNCTION_LIMIT - 1)
    assert not found, listed(found)


def test_a_handler_or_worker_has_at_most_40_lines() -> None:
    found = long_files(sources("functions/handlers", "functions/workers"), HANDLER_LIMIT)
    assert not found, listed(found)


def test_the_ratchet_sees_one_line_too_many() -> None:
    body = "    pass\n" * FUNCTION_LIMIT
    too_long = Source("long.py", f"class Holder:\n  async def long(self):\n{body}")
    assert long_functions((too_long,), FUNCTION_LIMIT) == ["long.py:2: long has 61 lines"]
    assert long_files((Source("long.py", "\n" * 401),), FILE_LIMIT) == ["long.py: 401 lines"]
