"""What the site needs beside Sphinx: links from pages to the repository's files, and the REST API's page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

log = logging.getLogger(__name__)


class RepositoryLinks(SphinxTransform):
    """Lead links to files that are no pages of `docs/` to the page that has their text, or to the repository.

    MyST makes downloads of those that exist. It looks for the others among the pages, and warns.
    """

    default_priority = 5

    def apply(self, **kwargs: Any) -> None:
        """Change the document's links."""
        root = Path(self.app.srcdir).parent.resolve()
        for link in list(self.document.findall(addnodes.download_reference)):
            file = (Path(self.env.doc2path(self.env.docname)).parent / link["reftarget"]).resolve()
            self._replace(link, file.relative_to(root).as_posix())
        # A page that includes a file of the repository's root has that file's links.
        for link in list(self.document.findall(addnodes.pending_xref)):
            if link.get("reftype") != "myst":
                continue
            if link.get("refdomain") == "doc":
                # Markdown outside of docs/, which MyST takes for a page.
                file = Path(f"{link['reftarget']}.md")
                page = self.config.repository_pages.get(file.name) if file.parent == root else None
                if page:
                    self._lead(link, page, link["reftargetid"])
                continue
            target, _, anchor = link["reftarget"].partition("#")
            file = root / target
            if not target or not file.exists():
                continue
            if (root / "docs") in file.parents and file.suffix == ".md":
                self._lead(link, file.relative_to(root / "docs").with_suffix("").as_posix(), anchor)
            else:
                self._replace(link, target)

    def _replace(self, link: nodes.Element, path: str) -> None:
        page = self.config.repository_pages.get(path)
        if page:
            self._lead(link, page, "")
            return
        url = f"{self.config.repository_url}/blob/v{self.config.release}/{path}"
        link.replace_self(nodes.reference("", "", *link.children, refuri=url, internal=False))

    def _lead(self, link: nodes.Element, page: str, anchor: str | None) -> None:
        link.replace_self(
            addnodes.pending_xref(
                "",
                *link.children,
                refdomain="doc",
                reftarget=page,
                reftargetid=anchor or None,
                refdoc=self.env.docname,
                reftype="myst",
                refexplicit=True,
            )
        )


class RestApi(Directive):
    """The routes of `docs/openapi.json`, a heading and a table for each."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """Return the parsed description."""
        document = self.state.document
        path = Path(document.settings.env.srcdir) / "openapi.json"
        document.settings.env.note_dependency(str(path))
        lines = StringList(describe(json.loads(path.read_text("utf-8"))), source=str(path))
        section = nodes.section()
        section.document = document
        self.state.nested_parse(lines, self.content_offset, section, match_titles=True)
        return section.children


def describe(api: dict[str, Any]) -> list[str]:
    """Return an OpenAPI document's routes as lines of Markdown."""
    lines = [api["info"]["description"], ""]
    for path, methods in api["paths"].items():
        for method, route in methods.items():
            access = route["x-jupyter-authorization"]
            lines += [f"## {route['summary']}", "", f"`{method.upper()} {path}`", ""]
            lines += [route["description"], ""] if "description" in route else []
            lines += [f"Needs `{access['action']}` on `{access['resource']}`.", "", "| | |", "| --- | --- |"]
            for parameter in route.get("parameters", []):
                lines.append(f"| `{parameter['name']}` ({parameter['in']}) | {parameter.get('description', '')} |")
            if "requestBody" in route:
                lines.append(f"| Request | {_type(route['requestBody'])} |")
            for status, answer in route["responses"].items():
                lines.append(f"| {status} | {answer['description']} {_type(answer)} |")
            lines.append("")
    return lines


def _type(body: dict[str, Any]) -> str:
    """The name of a body's type, where it has one."""
    for kind, content in body.get("content", {}).items():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        return f"`{name}`" if name else f"`{kind}`"
    return ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of both."""
    app.add_config_value("repository_url", "", "env")
    app.add_config_value("repository_pages", {}, "env")
    app.add_transform(RepositoryLinks)
    app.add_directive("rest", RestApi)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
