from __future__ import annotations

from slotsvc.cli.screen import Column, paragraph, table

COLUMNS = (Column("#", "right"), Column("Name", gives=True), Column("Cost", "right"))


def plain(lines: list[object]) -> list[str]:
    return [str(line) for line in lines]


def test_a_table_is_as_narrow_as_its_cells() -> None:
    """Columns line up, numbers to the right, and no line ends in blanks."""
    lines = plain(table(COLUMNS, [("1", "Ada", "12"), ("2", "Grace", "7")], 80))

    assert lines == ["#  Name    Cost", "1  Ada       12", "2  Grace      7"]


def test_the_column_that_gives_is_cut_to_fit() -> None:
    """A long name ends in an ellipsis rather than breaking the line."""
    lines = plain(table(COLUMNS, [("1", "Alexandre-Maximilien de la Tour", "12")], 24))

    assert max(map(len, lines)) <= 24
    assert "…" in lines[1]


def test_wide_letters_count_as_two_columns() -> None:
    """A name in Japanese keeps the columns behind it in line."""
    lines = plain(table(COLUMNS, [("1", "山田", "12"), ("2", "Ada ", "7")], 80))

    assert lines[1] == "1  山田      12"


def test_a_sentence_is_broken_between_words_and_indented() -> None:
    """The lead stands before the first line only."""
    lines = paragraph("one two three four", 14, 4, "  -")

    assert lines == ["  - one two", "    three four"]


def test_no_sentence_makes_no_line() -> None:
    """An empty reason leaves no gap in a table."""
    assert paragraph("", 80, 3) == []
