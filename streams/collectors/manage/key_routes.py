"""People's keys over HTTP, for the owner alone: who may sign in, a new key's text once, and ending a key."""

from typing import Any

from aiohttp import web

from schemas.problems import Problem
from streams.collectors.answers import Answer, json_answer
from streams.collectors.edge import Edge
from streams.collectors.keys import ROLES, BadKeyRequest, Key, KeyKind
from streams.collectors.manage.asking import OWNER, asked, text_in
from streams.collectors.manage.saying import NotTaken
from streams.collectors.sign_in import Person


def routes(edge: Edge) -> list[web.RouteDef]:
    """The routes of people's keys; other keys are the command line's."""

    def of_site(site: str) -> list[Key]:
        return [key for key in edge.keys.every_key() if key.kind is KeyKind.PERSON and key.sites == (site,)]

    @asked(edge, *OWNER)
    async def listed(request: web.Request, person: Person) -> web.StreamResponse:
        """Every person's key of this site, ended ones too; never its text."""
        return json_answer(200, {"keys": [_told(key, person) for key in of_site(person.site)]})

    @asked(edge, *OWNER)
    async def made(request: web.Request, person: Person) -> web.StreamResponse:
        """A role and a label -> a new key; its text is in this answer and nowhere else."""
        said = await edge.json(request)
        role, label = text_in(said, "role", 16), text_in(said, "label", 40)
        if role not in ROLES:
            raise NotTaken(
                Problem("role", "something else", f"one of {', '.join(sorted(ROLES))}"), code="role"
            )
        try:
            key, text = edge.keys.create(
                KeyKind.PERSON, now=edge.clock(), sites=[person.site], role=role, label=label
            )
        except BadKeyRequest as wrong:
            raise NotTaken(Problem("label", "a key that cannot be made", str(wrong))) from None
        return json_answer(200, {"key": _told(key, person), "text": text})

    @asked(edge, *OWNER)
    async def ended(request: web.Request, person: Person) -> web.StreamResponse:
        """A key's id -> ended at once; not the last owner's, and not one's own."""
        said = await edge.json(request)
        found = {key.id: key for key in of_site(person.site)}.get(text_in(said, "id", 32))
        if found is None:
            raise Answer(404, Problem("id", "no person's key of this site", "one of the list"))
        if found.id == person.key.id:
            raise NotTaken(
                Problem("id", "the key you are signed in with", "another owner ends it"), code="own_key"
            )
        key = edge.keys.revoke(found.id, now=edge.clock())
        assert key is not None
        return json_answer(200, {"key": _told(key, person)})

    return [
        web.get("/manage/api/keys", listed),
        web.post("/manage/api/keys", made),
        web.post("/manage/api/keys/end", ended),
    ]


def _told(key: Key, person: Person) -> dict[str, Any]:
    return {
        "id": key.id,
        "role": key.role,
        "label": key.label,
        "created_at": key.created_at,
        "ended_at": key.revoked_at,
        "own": key.id == person.key.id,
    }
