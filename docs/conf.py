"""Settings of the documentation's site (`make docs`). The pages are docs/*.md, as they are read in the repository."""

import json
import sys
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT), str(DOCS / "site")]

package = json.loads((ROOT / "package.json").read_text("utf-8"))

project = "LIT Lab"
author = package["author"]
project_copyright = author
version = release = package["version"]

# `repository` is docs/site/repository.py: links out of docs/, and the REST API's page.
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "repository"]
repository_url = package["homepage"]
# A page of the site for each of these files.
repository_pages = {
    "README.md": "index",
    "CHANGELOG.md": "site/changelog",
    "CODE_OF_CONDUCT.md": "site/conduct",
    "CONTRIBUTING.md": "site/contributing",
    "RELEASE.md": "site/release",
    "SECURITY.md": "site/security",
}

# So that `models.md#chat-format` is a link that is checked.
myst_heading_anchors = 4
# What the type checker sees. NumPy is imported where it is used.
autodoc_mock_imports = ["numpy"]
# A class's attributes stand where autodoc puts them, and with what the docstring says of them.
napoleon_use_ivar = True
autodoc_typehints = "description"
# A docstring's `word` is code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": True, "show-inheritance": True}

html_theme = "furo"
html_title = f"LIT Lab {release}"
html_show_sphinx = False
