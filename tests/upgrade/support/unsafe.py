"""What a version of a schema must not do to tables that old and new programs work with."""

import re
from collections.abc import Iterable

_NEW = re.compile(r'CREATE TABLE (?:IF NOT EXISTS )?"?(\w+)', re.IGNORECASE)

RULES = {
    r"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)": "builds an index while nobody can write; use create_index",
    r"DROP INDEX (?!CONCURRENTLY)": "drops an index while nobody can read; use drop_index",
    r"ADD (?:CONSTRAINT \S+ )?(?:CHECK|FOREIGN KEY)(?!.*NOT VALID)": "reads all rows under a lock; use add_check",
    r"ADD (?:CONSTRAINT \S+ )?(?:UNIQUE|PRIMARY KEY|EXCLUDE)": "builds an index under a lock; create_index first",
    r"ALTER COLUMN \S+ (?:SET DATA )?TYPE": "writes the whole table anew; add a column and fill it",
    r"ALTER COLUMN \S+ SET NOT NULL": "reads all rows, and older code may leave it empty; use add_check",
    r"ADD COLUMN (?!.*DEFAULT).*NOT NULL": "older code cannot insert without it; let it be null, or give a default",
    r"ADD COLUMN .*DEFAULT .*\w\(": "computes a value for each row under a lock; fill it with backfill",
    r"\bRENAME\b": "older code knows the old name; add what is new, and drop what is old a version later",
    r"LOCK TABLE|TRUNCATE|VACUUM FULL|CLUSTER |REINDEX (?!.*CONCURRENTLY)": "takes the table from everybody",
    r"^(?:UPDATE|DELETE)(?! .*WHERE)": "holds every row of the table; use backfill",
}
"""By pattern of the statement: why it is unsafe, and what to do instead."""


def unsafe(statements: Iterable[str]) -> list[str]:
    """Tells which statements of a version stop others for as long as a table is large; new tables are left alone."""
    made: set[str] = set()
    found = []
    for statement in statements:
        line = " ".join(statement.split())
        made.update(_NEW.findall(line))
        if any(re.search(rf'\b(?:ON|TABLE) "?{name}\b', line) for name in made):
            continue
        found += [f"{why}: {line}" for pattern, why in RULES.items() if re.search(pattern, line, re.IGNORECASE)]
    return found
