"""The house rules that no linter knows."""

import ast
import pathlib
import re
import subprocess
from collections.abc import Iterable

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent

TOP_LEVEL = {
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    ".npmrc",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "deploy",
    "docs",
    "invoicing",
    "locale",
    "manage.py",
    "members",
    "mutual",
    "pooling",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements.txt",
    "static",
    "templates",
    "tests",
}

PACKAGES = ("mutual", "members", "pooling", "invoicing")

BANNED_NAMES = {"services", "selectors", "utils", "helpers", "common", "exceptions", "signals", "managers"}

# Written in pieces, so that this file does not find itself.
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry.npmjs" + ".org",
    "registry.yarnpkg" + ".com",
    "proxy.golang" + ".org",
    "crates" + ".io",
    "deb.debian" + ".org",
]
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/opt/py" + "pi", "/opt/whe" + "els", "/Use" + "rs/"]

OTHERS_TEXT = ("static/vendor/", "tests/data/", "LICENSE")
"""Files that others wrote and we keep as they are."""


def _tracked() -> list[pathlib.PurePosixPath]:
    """What git tracks or would track: a file just written counts before it is added."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True).stdout.decode().split("\0")
    return [pathlib.PurePosixPath(name) for name in names if name and (CHECKOUT / name).is_file()]


def _texts(paths: Iterable[pathlib.PurePosixPath]) -> Iterable[tuple[pathlib.PurePosixPath, str]]:
    for path in paths:
        content = (CHECKOUT / path).read_bytes()
        if b"\0" not in content[:8000]:
            yield path, content.decode("utf-8", errors="replace")


@pytest.fixture(scope="module")
def tracked() -> list[pathlib.PurePosixPath]:
    return _tracked()


def _lines(
    tracked: list[pathlib.PurePosixPath], pattern: str, *, suffixes: Iterable[str] = (), everywhere: bool = False
) -> list[str]:
    """Every line that matches, as file:number: line."""
    expression = re.compile(pattern)
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in _texts(tracked)
        if (everywhere or not str(path).startswith(OTHERS_TEXT)) and (not suffixes or path.suffix in suffixes)
        for number, line in enumerate(text.splitlines(), 1)
        if expression.search(line)
    ]


class TestRepository:
    def test_has_nothing_at_the_top_that_the_house_does_not_name(self, tracked: list[pathlib.PurePosixPath]) -> None:
        assert {path.parts[0] for path in tracked} <= TOP_LEVEL

    def test_names_no_package_registry(self, tracked: list[pathlib.PurePosixPath]) -> None:
        assert not _lines(tracked, "|".join(map(re.escape, REGISTRIES)), everywhere=True)

    def test_names_no_path_of_somebody_s_machine(self, tracked: list[pathlib.PurePosixPath]) -> None:
        assert not _lines(tracked, "|".join(rf"(?<![\w.~-]){re.escape(path)}" for path in MACHINE_PATHS))

    def test_leaves_nothing_for_later(self, tracked: list[pathlib.PurePosixPath]) -> None:
        suffixes = (".py", ".html", ".css", ".js", ".md", ".toml", ".yaml", ".txt")
        later = r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b"
        assert not _lines(tracked, later, suffixes=suffixes)

    def test_keeps_no_lock_that_names_where_packages_come_from(self, tracked: list[pathlib.PurePosixPath]) -> None:
        assert not {path.name for path in tracked} & {"uv.lock", "pylock.toml", "poetry.lock", "package-lock.json"}

    def test_locks_every_package_by_its_hash(self) -> None:
        for lock in ("requirements.txt", "requirements-dev.txt"):
            blocks = re.split(r"\n(?=[a-z0-9])", (CHECKOUT / lock).read_text(encoding="utf-8"))
            packages = [block for block in blocks if re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==", block)]
            assert len(packages) > 50
            assert not [block.split()[0] for block in packages if "--hash=sha256:" not in block]


class TestCode:
    def test_has_no_module_named_for_its_layer(self, tracked: list[pathlib.PurePosixPath]) -> None:
        ours = [path for path in tracked if path.parts[0] in PACKAGES]
        assert not [str(path) for path in ours if BANNED_NAMES & {*path.parts[:-1], path.stem}]

    def test_swallows_no_exception_it_cannot_name(self, tracked: list[pathlib.PurePosixPath]) -> None:
        ours = [path for path in tracked if path.suffix == ".py"]
        found = [f"{path}:{line}" for path, text in _texts(ours) for line in _catches_everything(ast.parse(text))]
        assert not found

    def test_sends_no_signals(self, tracked: list[pathlib.PurePosixPath]) -> None:
        # mutual/fields.py switches one of django-money's off.
        ours = [path for path in tracked if path.parts[0] in PACKAGES and str(path) != "mutual/fields.py"]
        assert not _lines(ours, r"django\.dispatch|models\.signals|contenttypes\.fields", suffixes=(".py",))

    def test_writes_no_style_or_script_into_a_page(self, tracked: list[pathlib.PurePosixPath]) -> None:
        pages = [path for path in tracked if path.parts[0] == "templates" and "documents" not in path.parts]
        pages = [path for path in pages if "emails" not in path.parts]
        written = r"\sstyle=\"|<style|<script(?![^>]*\s(?:src=|type=\"application/json))|\son[a-z]+=\""
        assert not _lines(pages, written, suffixes=(".html",))

    def test_has_no_test_folder_that_mirrors_no_package(self) -> None:
        folders = [path for path in (CHECKOUT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"]
        beside = {"bench", "browser", "data", "faults", "property", "races", "trust"}
        assert {folder.name for folder in folders} <= {*PACKAGES, *beside}

    def test_puts_nothing_but_constants_into_sql(self, tracked: list[pathlib.PurePosixPath]) -> None:
        ours = [path for path in tracked if path.parts[0] in PACKAGES and path.suffix == ".py"]
        found = [f"{path}:{line}" for path, text in _texts(ours) for line in _sql_made_of_variables(ast.parse(text))]
        assert not found


def _catches_everything(module: ast.Module) -> Iterable[int]:
    """Lines of `except` that name no exception, or any, and do not raise it again when they have cleaned up."""
    for handler in ast.walk(module):
        if isinstance(handler, ast.ExceptHandler):
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            names = {getattr(kind, "id", "") if kind is not None else "BaseException" for kind in kinds}
            last = handler.body[-1]
            if names & {"Exception", "BaseException"} and not (isinstance(last, ast.Raise) and last.exc is None):
                yield handler.lineno


SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|TRUNCATE|COPY|SET|LOCK|GRANT|REVOKE)\s")


def _sql_made_of_variables(module: ast.Module) -> Iterable[int]:
    """Lines where a statement is glued together from something that is not a constant (a NAME in capitals)."""
    for part in ast.walk(module):
        match part:
            case ast.JoinedStr(values=[ast.Constant(value=str(start)), *others]) if SQL.match(start):
                if not all(_is_constant(other.value) for other in others if isinstance(other, ast.FormattedValue)):
                    yield part.lineno
            case ast.BinOp(left=ast.Constant(value=str(start)), op=ast.Mod() | ast.Add()) if SQL.match(start):
                yield part.lineno
            case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=str(start)))) if SQL.match(start):
                yield part.lineno


def _is_constant(value: ast.expr) -> bool:
    """Whether it is a NAME in capitals, or `conditions`: texts put in a list one by one, values apart, then joined."""
    match value:
        case ast.Call(func=ast.Attribute(attr="join", value=ast.Constant()), args=[ast.Name(id="conditions")]):
            return True
    name = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
    return bool(name) and name == name.upper()


class TestSqlMadeOfVariables:
    """The rule above, tried on what it must find and on what it must let pass."""

    @pytest.mark.parametrize(
        "code",
        ['f"SELECT * FROM {table}"', '"DELETE FROM %s" % table', '"DROP TABLE " + table', '"SET x = {}".format(y)'],
    )
    def test_finds(self, code: str) -> None:
        assert list(_sql_made_of_variables(ast.parse(code))) == [1]

    @pytest.mark.parametrize(
        "code",
        ['f"SELECT {FIELDS} FROM x"', 'f"SELECT {chart.FIELDS}"', 'sql.SQL("SELECT {}").format(x)', 'f"Set {x}"'],
    )
    def test_lets_pass(self, code: str) -> None:
        assert not list(_sql_made_of_variables(ast.parse(code)))
