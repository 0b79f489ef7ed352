"""Names in the catalog -> the one to show."""

from schemas.catalog import Names


def name_told(name: Names | None, language: str) -> str:
    """A name, one for all languages or one each -> the one of this language, else any; '' where there is none."""
    if name is None or isinstance(name, str):
        return name or ""
    return name.get(language) or next(iter(name.values()))  # type: ignore[call-overload]


def names_told(name: Names | None) -> dict[str, str]:
    """A name -> what each language is to show."""
    return {language: name_told(name, language) for language in ("ko", "en")}
