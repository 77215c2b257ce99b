#!/usr/bin/env python3
"""embed.py PAGE STYLE SCRIPT OUTPUT: the status page as one C++ string, style and script inside it, and the
Content-Security-Policy that allows just these two, by their hashes."""

import base64
import hashlib
import pathlib
import sys

page, style, script = (pathlib.Path(name).read_text() for name in sys.argv[1:4])


def source(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def literal(text):
    assert ')page"' not in text
    # Compilers need not take a literal beyond 64 KiB; adjacent ones are joined.
    return "\n".join(f'R"page({text[at:at + 8000]})page"' for at in range(0, len(text), 8000))


policy = (f"default-src 'none'; style-src {source(style)}; script-src {source(script)}; connect-src 'self'; img-src data:; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
whole = page.replace("@STYLE@", style).replace("@SCRIPT@", script)
pathlib.Path(sys.argv[4]).write_text(f"""#include "proxy/status_page.hpp"

namespace sipsteer {{

const std::string_view kStatusPage = {literal(whole)};
const std::string_view kStatusPagePolicy = {literal(policy)};

}}  // namespace sipsteer
""")
