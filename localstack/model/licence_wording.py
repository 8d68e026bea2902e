"""The wording of licences: by which words a text, a name or a classifier is known. Data only: a rule is one row.

Every pattern is matched against text in lower case whose white space is single blanks. Nothing here knows the name of a
package.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

Risk = Literal["permissive", "weak-copyleft", "strong-copyleft", "proprietary", "unknown"]

NO_ASSERTION: Final = "NOASSERTION"
PYTHON_STACK: Final = "Python-2.0"
PROPRIETARY: Final = "LicenseRef-Proprietary"
PUBLIC_DOMAIN: Final = "LicenseRef-Public-Domain"


@dataclass(frozen=True)
class Variant:
    """One licence of a family that starts with the same words, told by what else its text says."""

    spdx: str
    needs: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """Licence texts that start alike. `start` opens the text, `end` closes it; the first variant that fits names it."""

    start: str
    end: str
    variants: tuple[Variant, ...]


_NEVER = "(?!)"
_GNU_END = (
    r"public license instead of this license(\. but first, please read \S+)?|that's all there is to it"
    r"|how to apply and follow the gnu agpl"
)


def _titled(start: str, spdx: str, end: str = "end of terms and conditions") -> Family:
    """A licence whose title alone names it."""
    return Family(start, end, (Variant(spdx),))


_NOTICE_KEPT = "this permission notice|this notice|above copyright notice"
_SOURCE_KEPT = "redistributions? of (the )?source code must retain"
_BINARY_KEPT = "redistributions? in binary form must reproduce"
_NO_ENDORSEMENT = "endorse or promote products|not be used to endorse"
_AS_IS_END = "dealings (in|with) the software"
_WITHOUT_FEE = "permission to use, copy, modify,?( and| and/or|,)? ?(and )?distribute(,? and sell)? (this|the) software"

TEXTS: Final = (
    Family(
        "permission is hereby granted, free of charge, to any person or organization obtaining a copy",
        _AS_IS_END,
        (Variant("BSL-1.0", needs=("machine-executable object code",)), Variant("BSL-1.0")),
    ),
    Family(
        "permission is hereby granted, free of charge, to any person obtaining a copy",
        _AS_IS_END,
        (
            Variant("JSON", needs=("shall be used for good, not evil",)),
            Variant("Unicode-3.0", needs=("data files",)),
            Variant("UPL-1.0", needs=("larger works",)),
            Variant("NCSA", needs=(_SOURCE_KEPT, _BINARY_KEPT)),
            Variant("X11", needs=("this permission notice", "shall not be used in advertising")),
            Variant("MIT", needs=(_NOTICE_KEPT,)),
            Variant("MIT-0", needs=("without restriction",), lacks=(_NOTICE_KEPT,)),
        ),
    ),
    Family(
        "redistribution and use( of this software)?( in| of the software in)? source and binary forms",
        "possibility of such damages?",
        (
            Variant("Apache-1.1", needs=("apache software foundation", "may not be called")),
            Variant("BSD-4-Clause", needs=(_SOURCE_KEPT, "all advertising materials", _NO_ENDORSEMENT)),
            Variant(
                "BSD-3-Clause-Clear",
                needs=(_SOURCE_KEPT, _NO_ENDORSEMENT, "no express or implied licenses to any party's patent"),
            ),
            Variant("BSD-3-Clause", needs=(_SOURCE_KEPT, _BINARY_KEPT, _NO_ENDORSEMENT)),
            Variant("BSD-2-Clause-Patent", needs=(_SOURCE_KEPT, _BINARY_KEPT, "patent license")),
            Variant("BSD-2-Clause", needs=(_SOURCE_KEPT, _BINARY_KEPT)),
            Variant("BSD-1-Clause", needs=(_SOURCE_KEPT,), lacks=(_BINARY_KEPT,)),
        ),
    ),
    Family(
        _WITHOUT_FEE,
        "performance of this software|without express or implied warranty",
        (
            Variant("NTP", needs=("with or without fee", "supporting documentation")),
            Variant(
                "ISC",
                needs=("with or without fee", "notices?.{0,40} appears? in all copies"),
                lacks=("supporting documentation",),
            ),
            Variant("0BSD", needs=("with or without fee is hereby granted",), lacks=("provided that",)),
            Variant(
                "MIT-CMU",
                needs=("its associated documentation", "supporting documentation", "advertising or publicity"),
            ),
            Variant("HPND-sell-variant", needs=("distribute,? and sell", "supporting documentation")),
            Variant("HPND", needs=("without fee", "supporting documentation")),
        ),
    ),
    Family(
        "this software is provided \\W*as[- ]is\\W*,? without any express or implied warranty",
        "may not be removed or altered from any source distribution",
        (Variant("Zlib", needs=("altered source versions must be plainly marked",)),),
    ),
    _titled("apache license,? version 2\\.0, january 2004", "Apache-2.0"),
    _titled("mozilla public license,? version 2\\.0 [=\\W]*1\\. definitions", "MPL-2.0", "end of exhibit b"),
    _titled("mozilla public license version 1\\.1", "MPL-1.1", "exhibit a"),
    _titled("gnu general public license version 1, february 1989", "GPL-1.0", _GNU_END),
    _titled("gnu free documentation license version 1\\.3", "GFDL-1.3", _NEVER),
    _titled("gnu general public license version 2, june 1991", "GPL-2.0", _GNU_END),
    _titled("gnu general public license version 3, 29 june 2007", "GPL-3.0", _GNU_END),
    _titled("gnu library general public license version 2, june 1991", "LGPL-2.0", _GNU_END),
    _titled("gnu lesser general public license version 2\\.1, february 1999", "LGPL-2.1", _GNU_END),
    _titled(
        "gnu lesser general public license version 3, 29 june 2007",
        "LGPL-3.0",
        "shall apply, that proxy's public statement",
    ),
    _titled("gnu affero general public license version 3, 19 november 2007", "AGPL-3.0", _GNU_END),
    _titled("eclipse public license - v ?1\\.0", "EPL-1.0", "jury trial"),
    _titled("eclipse public license - v ?2\\.0", "EPL-2.0", "jury trial"),
    _titled("common development and distribution license \\(?cddl\\)? version 1\\.0", "CDDL-1.0", "jurisdiction"),
    _titled("european union public licence v\\. ?1\\.2", "EUPL-1.2", "appendix"),
    _titled(
        "(?<!the )python software foundation license version 2(?!\\.)|psf license agreement for python",
        "PSF-2.0",
        "be bound by the terms and conditions",
    ),
    _titled(
        "beopen python open source license agreement|beopen\\.com license agreement for python", PYTHON_STACK, _NEVER
    ),
    _titled(
        "cnri open source license agreement|cnri license agreement for python 1\\.6",
        "CNRI-Python",
        'click on the "?accept',
    ),
    _titled("this is free and unencumbered software released into the public domain", "Unlicense", "unlicense\\.org"),
    _titled("cc0 1\\.0 universal", "CC0-1.0", _NEVER),
    _titled("attribution 4\\.0 international", "CC-BY-4.0", _NEVER),
    _titled("attribution-sharealike 4\\.0 international", "CC-BY-SA-4.0", _NEVER),
    _titled("do what the fuck you want to public license", "WTFPL", "you just do what the fuck you want to"),
    _titled("blue oak model license version 1\\.0\\.0", "BlueOak-1.0.0", "liability"),
    _titled("artistic license 2\\.0", "Artistic-2.0", "possibility of such damage"),
    _titled("sil open font license version 1\\.1", "OFL-1.1", "other dealings in the font software"),
    _titled("zope public license \\(zpl\\) version 2\\.1", "ZPL-2.1", "possibility of such damage"),
    _titled("academic free license (\\(.afl.\\) )?v\\. ?3\\.0", "AFL-3.0", _NEVER),
    _titled("open software license (\\(.osl.\\) )?v\\. ?3\\.0", "OSL-3.0", _NEVER),
    _titled("mulan permissive software license,? ?version 2", "MulanPSL-2.0", "end of the terms and conditions"),
    _titled("business source license 1\\.1", "BUSL-1.1", _NEVER),
    _titled("server side public license version 1", "SSPL-1.0"),
    _titled("elastic license 2\\.0", "Elastic-2.0", _NEVER),
)

_LICENCE = "(software )?(public )?licen[cs]e,?"
_V = r"[ -]?,? ?(version|v\.?)? ?"
_CLAUSE = "[- ]?clause"

NAMES: Final = (
    ("MIT-0", r"\bmit[- ]0\b|\bmit no attribution"),
    ("MIT-CMU", r"\bmit-cmu\b"),
    ("Apache-2.0", rf"\b(apache|asl)( software)?( {_LICENCE})?{_V}2(\.0)?\b"),
    ("MPL-2.0", rf"\b(mpl|mozilla public licen[cs]e){_V}\(?2\.0"),
    ("MPL-1.1", rf"\b(mpl|mozilla public licen[cs]e){_V}\(?1\.1"),
    ("EPL-2.0", rf"\b(epl|eclipse public licen[cs]e)( -)?{_V}2(\.0)?\b"),
    ("EPL-1.0", rf"\b(epl|eclipse public licen[cs]e)( -)?{_V}1(\.0)?\b"),
    ("BSD-4-Clause", rf"\bbsd[- ](4|four){_CLAUSE}|\b(4|four){_CLAUSE} bsd|\boriginal bsd"),
    (
        "BSD-3-Clause",
        rf"\bbsd[- ]\(?(3|three){_CLAUSE}|\b(3|three){_CLAUSE} bsd|\b(new|modified|revised) bsd|\bbsd[- ]3\b",
    ),
    ("BSD-2-Clause", rf"\bbsd[- ]\(?(2|two){_CLAUSE}|\b(2|two){_CLAUSE} bsd|\bsimplified bsd|\bbsd[- ]2\b"),
    ("0BSD", r"\b0bsd\b|\b(zero|0)[- ]clause bsd|\bbsd zero clause"),
    ("BSD-*", r"(?<![-\w])(?<!clause )(?<!new )(?<!simplified )bsd(?! ?[-(]?(\d|two|three|four|zero))\b"),
    ("PSF-2.0", r"\bpsf([- ](licen[cs]e )?(version )?2(\.0)?|l\b| licen[cs]e)|\bpython software foundation licen[cs]e"),
    ("CNRI-Python", r"\bcnri's python 1\.6 licen[cs]e|\bcnri[- ]python\b"),
    ("ISC", r"\bisc( licen[cs]e|l\b)|^isc$"),
    ("Unlicense", r"\bthe unlicense\b|^unlicense$|\(unlicense\)"),
    ("CC0-1.0", r"\bcc0\b"),
    ("Zlib", r"\bzlib(/libpng)?( licen[cs]e)?\b"),
    ("BSL-1.0", r"\bboost software licen[cs]e|\bbsl-1\.0"),
    ("HPND", r"\bhpnd\b|\bhistorical permission notice"),
    ("WTFPL", r"\bwtfpl\b"),
    ("ZPL-2.1", rf"\b(zpl|zope public licen[cs]e){_V}2\.1"),
    ("Artistic-2.0", rf"\bartistic licen[cs]e{_V}2(\.0)?"),
    ("EUPL-1.2", rf"\b(eupl|european union public licen[cs]e){_V}1\.2"),
    ("MulanPSL-2.0", r"\bmulan ?psl[- ]?v?2"),
    ("BlueOak-1.0.0", r"\bblue ?oak"),
    (
        "MIT",
        (
            r"\b(mit|expat)( (software )?licen[cs]ed?| style licen[cs]e)\b|^(the )?mit$|\bmit/x11"
            r"|\bmit (or|and|/)|(or|and|/) mit$"
        ),
    ),
)
"""Names in prose and in the License field. `BSD-*` is a family: a name that leaves the number of clauses open."""

GNU_NAME: Final = r"(?P<kind>affero |lesser |library )?general public licen[cs]e|\b(?P<short>a|l)?gpl(?=v?\d|\b)"
GNU_VERSION: Final = (
    r"^(?:[ ,-]*v?|[^.;]{0,70}?\bv(?:ersion)?\.? ?)(?P<version>[123](?:\.[01])?)(?!\d)(?:\.0)?(?P<plus> ?\+)?"
)
GNU_LATER: Final = "or \\(?at your option\\)?,? any later|or (any )?later|or-later|or newer|or greater"

CLASSIFIERS: Final = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-*",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Python Software Foundation License": "PSF-2.0",
    "Python License (CNRI Python License)": "CNRI-Python",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "Zero-Clause BSD (0BSD)": "0BSD",
    "Zope Public License": "ZPL-2.1",
    "Universal Permissive License (UPL)": "UPL-1.0",
    "University of Illinois/NCSA Open Source License": "NCSA",
    "Academic Free License (AFL)": "AFL-3.0",
    "Blue Oak Model License (BlueOak-1.0.0)": "BlueOak-1.0.0",
    "Mulan Permissive Software License v2 (MulanPSL-2.0)": "MulanPSL-2.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "Public Domain": PUBLIC_DOMAIN,
    "Eclipse Public License 1.0 (EPL-1.0)": "EPL-1.0",
    "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "Common Development and Distribution License 1.0 (CDDL-1.0)": "CDDL-1.0",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU General Public License (GPL)": "GPL-*",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-*",
    "Other/Proprietary License": PROPRIETARY,
}
"""Trove classifiers, by their last part. A name that ends in `-*` is a family whose version the classifier leaves
open.
"""

CHOICE: Final = re.compile(
    r"spdx-license-identifier:[^;]* or |\beither\b(?! version).{0,80}\blicen[cs]es?\b|\bdual[- ]licen[cs]"
    r"|\bwhichever you prefer\b"
    r"|\byour (option|choice)\b(?!\)?,? any later)|\bchoose (between|either|one)\b"
)
"""The licensee may choose among the licences named."""

PART: Final = re.compile(
    r"\b(portions?|parts?) of\b|\bthe following files?\b|^\W*files? |\bthe files? \S+|\bthird[- ]party\b"
    r"|\bbundle[sd]?\b|\bvendored\b|\btaken from\b|\bincorporat\w+\b|\bcode in the documentation\b"
    r"|\bare licensed as\b|\bincludes? (code|software)\b"
)
"""What follows covers a part of the distribution only."""

CLOSED: Final = re.compile(
    r"proprietary and confidential|confidential and proprietary|end[- ]user licen[cs]e agreement"
    r"|unauthori[sz]ed (copying|use|reproduction|distribution)"
    r"|may not (be )?(copy|copied|distribute|distributed|reproduced|redistribute|redistributed)"
)
DEDICATED: Final = re.compile("(placed|released|dedicated|put|is) (in|into|in to|to) the public domain|^public domain$")


def risk_of(spdx: str) -> Risk:
    """The risk class of one licence or family."""
    if spdx == NO_ASSERTION:
        return "unknown"
    if spdx.startswith(("GPL-", "AGPL-", "OSL-")):
        return "strong-copyleft"
    if spdx.startswith(("LGPL-", "GFDL-", "MPL-", "EPL-", "CDDL-", "EUPL-", "CC-BY-SA-", "OFL-", "Artistic-")):
        return "weak-copyleft"
    if spdx.startswith(("BUSL-", "SSPL-", "Elastic-", PROPRIETARY)):
        return "proprietary"
    return "permissive"
