#!/usr/bin/env python3
"""html_embed.py OUT.h STYLE.css SCRIPT.js: the report's style sheet and script as C arrays.

The page names the hash of its script as the only one that may run, and is XML as well as HTML: neither
text may hold the characters that the two read differently."""

import base64
import hashlib
import sys


def array(name, data):
    numbers = ", ".join(map(str, data + b"\0"))
    return "static const char %s[] = {%s};\n" % (name, numbers)


def main():
    out, style, script = sys.argv[1:]
    texts = []
    for path in (style, script):
        with open(path, "rb") as file:
            text = file.read()
        bad = [c for c in "<&" if c.encode() in text] + ["not ASCII"] * (not text.isascii())
        if bad:
            sys.exit("%s: expected a text without < and & that is ASCII, found %s" % (path, bad[0]))
        texts.append(text)
    digest = base64.b64encode(hashlib.sha256(texts[1]).digest()).decode()
    with open(out, "w") as file:
        file.write("/* Made from %s and %s by html_embed.py. */\n" % ("html_page.css", "html_page.js"))
        file.write(array("html_style", texts[0]) + array("html_script", texts[1]))
        file.write('#define HTML_SCRIPT_HASH "sha256-%s"\n' % digest)


main()
