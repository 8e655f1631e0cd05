"""Takes out of a line what gives access to something, before it is shown: build logs hold a lot of it.

Credentials in header fields (RFC 9110 11.4, RFC 6265), values with a telling name, words that are tokens by their form.
`…` stands in their place; what the line is compared by was read from it before.
"""

from __future__ import annotations

# not compiled: regular expressions, run with a client log only
import re

from analyzer.fetch.target import LEFT_OUT, shown_target

ENDS = r"""[^\s"<>'`),:;.\]}\\|]"""
"""The last character of a URL in a sentence."""
URL = re.compile(
    rf"""(?:\b[a-z][a-z0-9+.-]{{1,30}}(?::|%3a)(?:/|%2f){{1,3}}|(?<![^\s"'`(=\[])/)[^\s"<>]*{ENDS}""", re.IGNORECASE
)
"""A URL, or a target that begins with a slash (urllib3, npm)."""
QUERY = re.compile(rf"""(?<=[\w/~-])\?(?=[\w%&=.~+-])[^\s"<>]*{ENDS}""")
"""Of a URL without its scheme."""
USER = re.compile(r"""(?<![\w:@])(?!npm:|file:)[\w.+%-]{1,200}:[^\s/@"'<>]{1,500}@(?=[\w\[])""")
"""`user:password@host` without a scheme, as a proxy's address is often written."""
URL_USER = re.compile(r"""(:/{1,3})[^\s/@"'<>]{1,500}@""")
KEYS = r"[\w-]{0,40}(?:api|access|auth|private|job|deploy|secret|session)[-_]?(?:key|token|secret|id)|[\w-]{0,40}-token"
FIELD = re.compile(
    r"""\b((?:(?:proxy-)?authorization|(?:set-)?cookie2?)\\?["']?[ \t]{0,4}(?:[:=]>?)[ \t]{0,4}"""
    rf"""|(?:{KEYS})\\?["']?[ \t]{{0,4}}(?::|=>)[ \t]{{0,4}})(?:(\\?["'])(?:(?!\2)(?:\\.|.))*|[^\r\n]*)""",
    re.IGNORECASE,
)
"""A header field, to the end of its quotes or of the line."""
SCHEME = re.compile(
    r"\b(Bearer|Basic|Digest|Negotiate|NTLM|Token|ApiKey|AWS4-HMAC-SHA256)([ \t]{1,4}|%20|\+)"
    r"(?!auth|realm|scheme|expired|is |was |not )(?:[^\s\"',;)]*[0-9=_][^\s\"',;)]*|[^\s\"',;)]{16,})",
    re.IGNORECASE,
)
STRONG = (
    r"pass(?:word|wd|phrase|code)|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|client[-_]?key|credentials?"
)
WEAK = r"key|auth|sig|signature|session|session[-_]?id|sid|jsessionid|phpsessid|pwd|pass|jwt|otp|assertion|csrf|xsrf"
NAMED = re.compile(
    rf"""((?:{STRONG})(?:s|[-_]?(?:id|key|value)|[-_]\w{{1,20}})?\\?["']?[ \t]{{0,3}}(?::|=>?|%3[ad])[ \t]{{0,3}}"""
    rf"""|(?:(?<![a-z])|(?-i:(?<=[a-z])(?=[A-Z])))(?:{WEAK})\\?["']?(?:=|%3d))"""
    rf"""(\\?["'])?+(?!{LEFT_OUT})(?(2)(?:(?!\2)(?:\\.|.))*|[^\s&,;"')\]}}]+)""",
    re.IGNORECASE,
)
"""`password: x`, `access_token=x`, `"token":"x"`; of names that also mean something else only with `=`."""
OPTION = re.compile(
    r"""((?<!\S)--?(?:\w[\w-]{0,30}-)?(?:password|passwd|pass|token|user|secret|key|bearer|credentials?)[ =]|"""
    r"""(?<!\S)-[uU] ?(?=[^\s:]{1,200}:))(?:"[^"]*|'[^']*|\S+)""",
    re.IGNORECASE,
)
"""Of a command that a script echoes: `--token x`, `-u user:password`."""
TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"eyJ[\w-]{5,}\.[\w.-]*"  # JSON Web Token (RFC 7519 3): `{"` in base64url
    r"|gh[pousr]_\w{6,}|github_pat_\w{6,}"  # GitHub
    r"|gl(?:pat|oas|dt|rtr?|cbt|ptt|ft|imt|agent|soat|wt|ffct)-[\w.-]{6,}"  # GitLab
    r"|npm_(?!config|package|lifecycle|execpath|node|command|old)[A-Za-z0-9]{6,}"
    r"|pypi-A[\w-]{6,}|rubygems_\w{6,}|dckr_[a-z]{3}_[\w-]{6,}|hf_[A-Za-z0-9]{6,}|glsa_\w{6,}"
    r"|A(?:KIA|SIA|ROA|IDA|GPA|NPA|NVA|PKA|BIA|CCA)[A-Z0-9]{8,}"  # AWS
    r"|xox[a-z]-[\w-]{6,}|xapp-[\w-]{6,}"  # Slack
    r"|[spr]k[-_](?=[\w-]{0,200}[0-9])[\w-]{10,}|whsec_\w{6,}|sq0[a-z]{3}-[\w-]{6,}"
    r"|AIza[\w-]{6,}|ya29\.[\w-]{6,}|GOCSPX-[\w-]{6,}|do[opr]_v1_\w{6,}|SG\.[\w-]{6,}\.[\w-]{6,}"
    r"|hv[sbr]\.[\w-]{6,}|ATATT3[\w=-]{6,}|ATBB\w{6,}|shp[a-z]{2}_\w{6,}|lin_api_\w{6,}|NRAK-\w{6,}"
    r"|(?<!h1:)(?=[A-Za-z]{0,200}[0-9])(?=[a-z0-9]{0,200}[A-Z])(?=[A-Z0-9]{0,200}[a-z])[A-Za-z0-9]{32,}"
    r")"
)
"""Words that are tokens by their form; the last: 32 and more letters of both cases and digits, which no digest has."""
PEM = re.compile(r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----).*")


def masked(text: str, show_queries: bool = False) -> str:
    """The line as it may be shown. `show_queries` keeps queries and fragments of URLs, not what is secret by name."""
    text = FIELD.sub(rf"\1\2{LEFT_OUT}", PEM.sub(rf"\1{LEFT_OUT}", text))
    text = SCHEME.sub(rf"\1\2{LEFT_OUT}", text)
    if not show_queries:
        text = QUERY.sub(f"?{LEFT_OUT}", URL.sub(lambda found: shown_target(found[0]), text))
    text = USER.sub(f"{LEFT_OUT}@", URL_USER.sub(rf"\1{LEFT_OUT}@", text))
    text = OPTION.sub(rf"\1{LEFT_OUT}", NAMED.sub(rf"\1\2{LEFT_OUT}", text))
    return TOKEN.sub(LEFT_OUT, text)
