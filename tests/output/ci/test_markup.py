"""Markup and controls in everything that a packet can bring into a format stay text."""

import json
import re

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from lxml import etree
from support.markup import FIELDS, LETTERS, MARKUP

from analyzer.cli.app import run
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import parse

OTHERS = (
    "[a](http://evil.example)![b](c)|`d`|**e**~~f~~#12!13@octocat",
    "::error::a%0A##[set-output name=b]c%0D",
    "a\x1b[31mb\u202ec\u200bd\x07",
    "]]><!--a--><?b?>&c;{0}\\\\",
)
WORDS = (*MARKUP, *OTHERS)


def of_xml(text):
    return [(str(node.tag), tuple(sorted(node.attrib))) for node in etree.fromstring(text.encode()).iter()]


def of_markdown(text):
    html = cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    return re.findall(r"</?[a-zA-Z!?][^>]*>", html.replace("@<!-- -->", "@"))  # which keeps a mention from being one


def of_json(text):
    return _shape(json.loads(text))


def _shape(value):
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    return [_shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def of_commands(text):
    return [re.fullmatch(r"::(error|warning|notice) title=[^:,]*::.*", line).group(1) for line in text.splitlines()]


FORMATS = {"junit": of_xml, "markdown": of_markdown, "sarif": of_json, "gitlab": of_json, "github": of_commands}


@pytest.fixture(autouse=True)
def no_summary(monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.mark.parametrize("words", WORDS, ids=range(len(WORDS)))
@pytest.mark.parametrize("field", FIELDS)
def test_a_format_has_the_structure_that_it_has_with_letters(field, words, tmp_path, capsys):
    """Elements, attributes, keys, commands are those of a capture with nothing but letters there; all is printable."""
    shapes = []
    for said in (words, LETTERS.sub("x", words)):
        path = tmp_path / "x.pcap"
        path.write_bytes(pcap(parse(FIELDS[field](said))))
        shape = {}
        for form, shape_of in FORMATS.items():
            assert run(["classify", "-q", "--format", form, str(path)]) == 0
            text = capsys.readouterr().out
            assert all(line.isprintable() for line in text.split("\n"))
            shape[form] = shape_of(text)
        shapes.append(shape)
    assert shapes[0] == shapes[1]
