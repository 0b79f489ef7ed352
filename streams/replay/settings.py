"""The settings of a run: what it does otherwise than the sites have it, kept with the run as canonical JSON."""

from datetime import date
from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from schemas.scalars import Day, Slug
from streams.codec import decode_entry
from streams.domain.attribution import DATA_DRIVEN
from streams.domain.attribution import MODELS as RULE_MODELS
from streams.domain.days import day_of
from streams.domain.partition import Refusal
from streams.domain.ruling import Defined, Ruling

MODELS: Final = (*RULE_MODELS, *DATA_DRIVEN)
Model = Literal["first", "last", "linear", "time_decay", "position", "markov", "markov_2", "shapley"]
WindowDays = Annotated[int, Field(ge=1, le=365)]
Share = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]
Body = dict[str, Any]  # of a catalog entry, as the log holds it


class SettingsRefused(Exception):
    """Settings that no run can have; the message says which and what would be right."""


class RunSettings(BaseModel):
    """Everything a run may do otherwise; what is not set is as the sites have it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    window_days: WindowDays | None = None
    windows: Annotated[dict[Slug, WindowDays], Field(min_length=1)] | None = None
    half_life_days: Annotated[float, Field(gt=0, le=3_650, allow_inf_nan=False)] | None = None
    position: tuple[Share, Share, Share] | None = None
    direct: Literal["drop", "keep"] | None = None
    told: Literal["fill", "ignore", "count"] | None = None
    rules: Annotated[list[Body], Field(min_length=1)] | None = None
    catalog: Annotated[list[Body], Field(min_length=1)] | None = None
    sites: Annotated[list[Slug], Field(min_length=1)] | None = None
    since: Day | None = None
    until: Day | None = None
    models: Annotated[list[Model], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _can_be_followed(self) -> Self:
        if self.position is not None and not sum(self.position) > 0:
            raise ValueError("position: weights that add up to 0; right would be such as 40,20,40")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError(f"an empty range: since {self.since} is after until {self.until}")
        for entry, _ in (*_defined("rules", self.rules), *_defined("catalog", self.catalog)):
            if self.sites is not None and entry.site not in self.sites:
                raise ValueError(f"an entry of site {entry.site}, which is not among the sites")
        if any(body.get("kind") != "channel" for body in self.rules or ()):
            raise ValueError("rules: only channel entries; a whole catalog goes with catalog")
        return self

    @property
    def asked_models(self) -> tuple[str, ...]:
        """The models that readers of the run see, in their order; the five rule models unless said."""
        return tuple(model for model in MODELS if model in (self.models or RULE_MODELS))

    def canonical(self) -> str:
        """JSON of what was set, the same for the same settings however they were given."""
        said = self.model_dump(mode="json", exclude_none=True)
        for name in ("sites", "models", "rules", "catalog"):
            if name in said:
                known = {orjson.dumps(one, option=orjson.OPT_SORT_KEYS): one for one in said[name]}
                said[name] = [known[text] for text in sorted(known)]
        if "models" in said:
            said["models"] = list(self.asked_models)
        if "position" in said:
            said["position"] = [_plain(share) for share in said["position"]]
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()

    def ruling(self) -> Ruling:
        """The settings as the core takes them."""
        return Ruling(
            window_days=self.window_days,
            windows=self.windows or {},
            half_life_days=self.half_life_days,
            position=None if self.position is None else _shares(self.position),
            direct=self.direct,
            told=self.told,
            rules=tuple(_defined("rules", self.rules)),
            catalog=None if self.catalog is None else tuple(_defined("catalog", self.catalog)),
            sites=None if self.sites is None else frozenset(self.sites),
            since=_day(self.since),
            until=_day(self.until),
        )


def settings_from(text: str | bytes) -> RunSettings:
    """The canonical JSON of a run -> its settings; raises SettingsRefused."""
    try:
        return RunSettings.model_validate_json(text)
    except ValidationError as wrong:
        raise SettingsRefused(_told(wrong)) from None


def changed(settings: RunSettings, **given: Any) -> RunSettings:
    """Settings with what is given (not None) in place of their own; raises SettingsRefused."""
    said = settings.model_dump(exclude_none=True) | {
        name: value for name, value in given.items() if value is not None
    }
    try:
        return RunSettings.model_validate(said)
    except ValidationError as wrong:
        raise SettingsRefused(_told(wrong)) from None


def _defined(name: str, bodies: list[Body] | None) -> list[Defined]:
    defined = []
    for body in bodies or ():
        read = decode_entry(orjson.dumps(body))
        if isinstance(read, Refusal):
            raise PydanticCustomError("entry", "{said}", {"said": f"no catalog entry: {read.detail}"})
        defined.append(read)
    return defined


def _day(day: date | None) -> int | None:
    return None if day is None else day_of(day)


def _plain(share: float) -> float:
    """A whole share as the whole number that a site's entry would give."""
    return int(share) if share == int(share) else share


def _shares(position: tuple[float, float, float]) -> tuple[float, float, float]:
    first, middle, last = map(_plain, position)
    return first, middle, last


def _told(wrong: ValidationError) -> str:
    said = []
    for problem in wrong.errors():
        where = ".".join(str(part) for part in problem["loc"])
        what = str(problem["msg"]).removeprefix("Value error, ")
        found = f" (found {problem['input']!r})" if where and problem["type"] != "value_error" else ""
        said.append(f"{where}: {what}{found}" if where else what)
    return "; ".join(said)
