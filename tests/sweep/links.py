"""Where the pages lead: every link that a person is shown, followed; every reference inside a page, looked up."""

from collections import Counter, deque
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve

HERE = "http://127.0.0.1"
REFERENCES = (
    "for",
    "aria-labelledby",
    "aria-controls",
    "aria-describedby",
    "popovertarget",
    "commandfor",
    "form",
    "list",
)
WORKS = ("popovertarget", "commandfor", "formaction", "id")
OTHER_SCHEMES = ("mailto:", "tel:", "data:", "javascript:")


class Read(HTMLParser):
    """A page's ids, the addresses it links to, the ids it refers to, and the buttons that nothing can answer."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.wanted: list[tuple[str, str]] = []
        self.dead: list[str] = []
        self._forms = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._forms += tag == "form"
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.wanted += [(name, one) for name in REFERENCES if name in given for one in given[name].split()]
        if tag == "button" and not self._answers(given):
            self.dead.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self._forms -= tag == "form"

    def _answers(self, given: dict[str, str]) -> bool:
        """True for a button that sends a form, or has something by which a script or the browser knows it."""
        sends = given.get("type", "submit") != "button" and (self._forms > 0 or "form" in given)
        return sends or any(name in WORKS or name.startswith(("hx-", "data-")) for name in given)

    def lost(self) -> list[str]:
        """What the page refers to and does not have."""
        gone = [f"{name} of #{one}" for name, one in self.wanted if one not in self.ids]
        return [*gone, *(f"link to {link}" for link in self.links if link.startswith("#") and not self.has(link[1:]))]

    def has(self, fragment: str) -> bool:
        """True where a browser finds that part of the page; the empty fragment is the top."""
        return fragment in ("", "top") or unquote(fragment) in self.ids


class Walk:
    """One person's way along all links from `/`, each URL name a few times; what was wrong is in `told`."""

    def __init__(self, client: Client, samples: int = 3) -> None:
        self.client, self.samples = client, samples
        self.told: list[str] = []
        self.pages: dict[str, Read] = {}
        self._asked: set[str] = set()
        self._counts: Counter[tuple[str, ...]] = Counter()

    def go(self, start: str = "/") -> "Walk":
        """This walk, at its end."""
        waiting = deque([(start, "the start")])
        while waiting:
            address, source = waiting.popleft()
            if (read := self._open(address, source)) is not None:
                waiting += [(link, address) for link in self._next(address, read)]
        return self

    def _next(self, address: str, read: Read) -> Iterator[str]:
        """The links of the page that are to be opened: of this site, and not as many of their kind as are enough."""
        for link in read.links:
            whole, _, fragment = urljoin(f"{HERE}{address}", link).partition("#")
            path = whole.removeprefix(HERE)
            if link.startswith(("#", *OTHER_SCHEMES)) or not whole.startswith(HERE) or path in self._asked:
                continue
            self._asked.add(path)
            if self._enough(path):
                continue
            yield path + (f"#{fragment}" if fragment else "")

    def _enough(self, path: str) -> bool:
        parts = urlsplit(path)
        try:
            kind = (resolve(parts.path).view_name, *sorted(name for name, _ in parse_qsl(parts.query)))
        except Resolver404:
            kind = (parts.path,)
        self._counts[kind] += 1
        return self._counts[kind] > self.samples

    def _open(self, address: str, source: str) -> Read | None:
        """The page there; None where there is none or it is a file."""
        path, _, fragment = address.partition("#")
        answer = self.client.get(path, follow=True)
        if answer.status_code >= 400:
            self.told.append(f"{answer.status_code} {path}, shown on {source}")
        if answer.status_code != 200 or answer.streaming or "html" not in answer.headers.get("Content-Type", ""):
            return None
        read = Read(answer.content.decode())
        self.pages[path] = read
        if fragment and not read.has(fragment):
            self.told.append(f"{path} has no #{fragment}, to which {source} links")
        self.told += [f"{path} has lost {one}" for one in dict.fromkeys(read.lost())]
        self.told += [f"{path} has a button that does nothing: {one}" for one in dict.fromkeys(read.dead)]
        return read
