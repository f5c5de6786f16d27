"""The language of a report: whole English sentences in, whole sentences of the language asked for out.

Every sentence is made once, in English, by the room that knows what it says; its days as 2019-08-31 are written out.
For French, a catalogue gives for each the sentence of the other language, with named slots; a slot's kind says what may
stand in it and how it is put over. What no entry of the catalogue meets (names, words of the records) stays as it is,
and is remembered in `unknown`.
"""

from __future__ import annotations

import html
import re
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal, get_args

from conflictts.errors import UnknownNameError
from conflictts.incidents.codes import GROUPS, codes_in_words
from conflictts.series.measures import UNITS
from conflictts.series.numerals import SINGULAR

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
SPOKEN = frozenset(  # names in findings.json under which sentences stand; all other text there is a code or a name
    {
        *("sentences", "warnings", "refused", "reading", "reasons", "rule", "reason", "baseline", "reporting_lag"),
    }
)
MONTHS = {
    "January": "janvier", "February": "février", "March": "mars", "April": "avril", "May": "mai", "June": "juin",
    "July": "juillet", "August": "août", "September": "septembre", "October": "octobre", "November": "novembre",
    "December": "décembre", "Jan": "janv.", "Feb": "févr.", "Mar": "mars", "Apr": "avr.", "Jun": "juin", "Jul": "juil.",
    "Aug": "août", "Sep": "sept.", "Oct": "oct.", "Nov": "nov.", "Dec": "déc.",
}  # fmt: skip
COLUMNS = {  # of the table of records, where a sentence names one; those of districts keep their names
    "place": "lieu", "perpetrator": "auteur", "target": "cible", "event type": "type d’événement",
    "reporting body": "organisme",
}  # fmt: skip
_THIN = "\u202f"  # the narrow space that French sets between thousands and before %
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_NUMBER = r"[−-]?\d[\d,]*(?:\.\d+)?(?:e-\d+)?"
_DAY = rf"\d{{1,2}} (?:{_MONTH})(?: \d{{4}})?"
_SPAN = rf"(?:\d{{1,2}}(?: (?:{_MONTH}))?(?: \d{{4}})? to {_DAY}|{_DAY})"
_SHORT = ("No", "St", "Dr", "Mr", "Mt", "Gen", "Col", "Gov", "Prof", "Art", "Res", "Sec")  # of names, with a full stop
_WHOLE_WORD = "".join(rf"(?<!\b{word})" for word in _SHORT) + r"(?<!\b[A-Z]\.[A-Z])"
_END = rf"{_WHOLE_WORD}[.!?]\s+[A-Z“×\d]"  # of a sentence, and the begin of the next
_GROUPS = (*GROUPS.values(), ("area", "areas"), ("group", "groups"))
KINDS = {  # of slots, and what may stand in them
    "text": rf"(?:(?!{_END}).)+?",  # within one sentence
    "n": rf"(?:under |over )?×?{_NUMBER}(?:–{_NUMBER}){{0,2}}|–|inf|nan",
    "p": r"(?:under |over )?\d+(?:\.\d+)?%|–",
    "day": _DAY,
    "span": rf"{_SPAN}(?: and {_SPAN})*(?: alone)?(?: \(\d+ days(?:, not all consecutive)?\)|, with gaps)?",
    "unit": "|".join(f"(?i:{unit})" for unit in sorted(UNITS.values(), key=len, reverse=True)),
    "truce": r"truce “[^”]*”|.+?",
    "truces": r".+?",  # one or more, a comma between them
    "column": r"(?:admin1|admin2|place|event[_ ]type|perpetrator|target|source|reporting[_ ]body)",
    "columns": r".+?",  # one or more, “and” between them
    "group": "|".join(one for one, _ in _GROUPS),
    "groups": "|".join(many for _, many in _GROUPS),
    "another": f"one more (?:{'|'.join(one for one, _ in _GROUPS)})",
    "iso": rf"\d{{4}}-\d{{2}}-\d{{2}}|{_DAY}",  # also where it was written out
    "raw": r".+?",
    "field": r".+?",  # a column of a file, or in brackets what stands for one
    "name": rf"(?:(?!{_END}).)+?",  # the same within one sentence
    "quoted": rf"(?:(?!{_END}).)+?",  # names as a program writes them, in straight quotation marks
    "value": rf"(?:(?!{_END}).)+?",  # of a column: one or more, a comma or “or” between them
    "phases": r".+?",  # one or more, a semicolon between them
}
KINDS["of"] = KINDS["unit"]
_PLURAL = {one: many for many, one in SINGULAR.items()} | {
    name: f"{name}s"
    for noun in ("day", "week", "record", "row", "claim", "other")
    for name in (noun, f"observed {noun}", f"settled {noun}", f"observed whole {noun}")
}
_ONE = re.compile(rf"(?<![\d.,–])1 ({'|'.join(sorted(_PLURAL, key=len, reverse=True))})\b")
_FEWER_THAN_TWO = re.compile(  # of which French speaks in the singular
    r"(?<![\d,\u202f–])([01](?:,\d+)?) (civils tués|morts|incidents(?: meurtriers)?|combattants tués|blessés|"
    r"jours(?: observés| définitifs| provisoires)?|semaines(?: entières observées)?|relevés|décomptes|"
    r"événements indépendants|autres)\b"
)
_QUOTED = re.compile(r"(?<!\w)(['\"])(.+?)\1(?!\w)")
_NEXT = re.compile(_WHOLE_WORD.replace(")", r"[.!?])") + r"(?<=[.!?])\s+(?=[A-Z“×\d])")  # between two sentences
_IN_FIGURES = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_SPAN_IN_FIGURES = re.compile(rf"(?<![\w./='-]){_IN_FIGURES}(?:\.\.{_IN_FIGURES})?(?![\w/-]|\.\w)")
_PARTS = re.compile(  # of a page: what holds no text to put over, and single tags
    r"(<style.*?</style>|<script.*?</script>|<svg .*?</svg>|"
    r"<(?:span|h3|th|pre)[^>]* translate=\"no\"[^>]*>[^<]*(?=<)|<[^>]+>)",
    re.DOTALL,
)


def say(sentence: str, **slots: object) -> str:
    """Fill the slots of a sentence as the catalogue writes it."""
    return sentence.format(**slots)


def translator(language: str) -> Translator:
    """What puts a report into a language.

    Raises
    ------
    UnknownNameError
        If there is no such language.
    """
    if language not in LANGUAGES:
        raise UnknownNameError(f"No language {language!r}. Choose one of {', '.join(LANGUAGES)}.")
    return Translator(language, read_catalogue() if language == "fr" else {})


@cache
def read_catalogue() -> dict[str, str]:
    """English sentence -> French one, as in french.txt: two lines each, a blank one between, notes after ``#``."""
    text = files("conflictts").joinpath("report", "french.txt").read_text(encoding="utf-8")
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    pairs = (pair.split("\n") for pair in re.split(r"\n{2,}", kept.strip("\n")))
    return {english: _typeset(french) for english, french in pairs}


def _typeset(french: str) -> str:
    """The spaces and apostrophes of French print."""
    for plain, printed in ((" :", "\u00a0:"), (" ;", f"{_THIN};"), (" ?", f"{_THIN}?"), (" !", f"{_THIN}!")):
        french = french.replace(plain, printed)
    return french.replace("« ", "«\u00a0").replace(" »", "\u00a0»").replace("'", "’")


class Translator:
    """Puts text into a language; of English only the days are written out.

    Attributes
    ----------
    language : {"en", "fr"}
    unknown : dict of str to None
        Text with letters that no entry of the catalogue met, in order: names and words of the records, and whatever
        sentence lacks its translation.
    """

    def __init__(self, language: str, catalogue: dict[str, str]) -> None:
        """Begin with nothing unknown."""
        self.language = language
        self.catalogue = catalogue
        self.unknown: dict[str, None] = {}
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """A text of one or more sentences, put over."""
        if self.language == "en":
            return codes_in_words(_days_in_words(text))
        core = text.strip()
        if core not in self._known:
            self._known[core] = self._sentences(codes_in_words(_days_in_words(core)))
        return text.replace(core, self._known[core], 1) if core else text

    def page(self, source: str) -> str:
        """A page of HTML: every text between tags but for names (translate="no"), and the labels read aloud."""
        source = source.replace('<html lang="en">', f'<html lang="{self.language}">', 1)
        return "".join(self._part(part) for part in _PARTS.split(source))

    def _part(self, part: str) -> str:
        if not part.startswith("<"):
            return self._escaped(part) if part.strip() else part
        return re.sub(r'(?<= aria-label=")[^"]*', lambda found: self._escaped(found[0]), part)

    def _escaped(self, text: str) -> str:
        return html.escape(self(html.unescape(text)))

    def numbers(self, value: Any, *, spoken: bool = False) -> Any:
        """The sentences among JSON values."""
        if self.language == "en":
            return value
        if isinstance(value, dict):
            return {name: self.numbers(part, spoken=spoken or name in SPOKEN) for name, part in value.items()}
        if isinstance(value, list):
            return [self.numbers(part, spoken=spoken) for part in value]
        return self(value) if spoken and isinstance(value, str) else value

    def _sentences(self, text: str) -> str:
        whole = self._whole(text)
        if whole is not None:
            return whole
        sentences = _NEXT.split(text)
        if len(sentences) > 1:
            return " ".join(self(sentence) for sentence in sentences)
        self.unknown[text] = None
        return text

    def _whole(self, text: str) -> str | None:
        """One sentence or phrase, also where it was begun with a capital, ended with a full stop, or robbed of it."""
        bare = text.removesuffix(".")
        forms: list[tuple[str, str | None]] = [(text, ""), (bare, "." * (len(text) - len(bare)))]
        if not _NEXT.search(text):
            forms.append((f"{bare}.", None))
        for core, ending in forms:
            french = self._matched(core)
            if french is None and core[:1].isupper():
                french = self._matched(core[:1].lower() + core[1:])
                french = french and french[:1].upper() + french[1:]
            if french is not None:
                return french.removesuffix(".") if ending is None else f"{french}{ending}"
        return None

    def _matched(self, text: str) -> str | None:
        if not re.search(r"[^\W\d_]", text):
            return _figures(text)
        if text in self.catalogue:
            return self.catalogue[text]
        if re.fullmatch(rf"(?:{_MONTH})(?: \d{{4}})?", text):
            return " ".join(MONTHS.get(part, part) for part in text.split())
        if re.fullmatch(_DAY, text):
            return _day(text)
        if re.fullmatch(KINDS["n"], text) or re.fullmatch(KINDS["p"], text):
            return _figures(text)
        if re.fullmatch(KINDS["span"], text):
            return _span(text)
        for chunk, pattern, french, kinds in self._patterns:
            if chunk in text:
                found = pattern.fullmatch(text)
                if found:
                    put = french.format(**{name: self._slot(found[name], kinds[name]) for name in kinds})
                    put = _FEWER_THAN_TWO.sub(lambda few: re.sub(r"s\b", "", few[0]), put)
                    begun = text[:1].isupper() and (found.start(1) == 0 or french.startswith("{"))
                    return put[:1].upper() + put[1:] if begun else put
        several = _ONE.sub(lambda one: f"1 {_PLURAL[one[1]]}", text)
        return self._matched(several) if several != text else None

    def _slot(self, text: str, kind: str) -> str:
        if kind == "day":
            return _day(text)
        if kind in ("raw", "name") or (kind == "field" and not text.startswith("(")):
            return text
        if kind in ("column", "columns"):
            return " et ".join(COLUMNS.get(name.replace("_", " "), name) for name in text.split(" and "))
        if kind == "value":
            parts = re.split("(“[^”]*”)" if "“" in text else "(, | or )", text)
            return "".join(" ou " if part == " or " else self._value(part) for part in parts)
        if kind == "quoted":
            return _QUOTED.sub(lambda met: f"«\u00a0{met[2]}\u00a0»", text)
        if kind == "iso":
            return _day(_days_in_words(text))
        if kind == "span":
            return _span(text)
        if kind in ("n", "p"):
            return _figures(text)
        if kind == "truce":
            day = re.fullmatch(rf"truce of ({_DAY})", text)
            name = re.sub("^truce “(.*)”$", r"\1", text)
            if name.casefold().startswith("trêve "):
                return f"la {name}"
            return f"la trêve du {_day(day[1])}" if day else f"la trêve «\u00a0{name}\u00a0»"
        if kind == "truces":
            return re.sub(rf"truce of (?:{_DAY})", lambda found: self(found[0]), text)
        if kind == "phases":
            return f"{_THIN}; ".join(map(self, text.split("; ")))
        if kind == "unit":
            return self(text.lower())
        if kind == "of":
            said = self(text.lower())
            return f"d’{said}" if said[:1].lower() in "aeéèêiouyh" else f"de {said}"
        return self(text)

    def _value(self, text: str) -> str:
        bare = text.strip("“”")
        said = self.catalogue.get(bare, bare)
        return said if bare == text else f"«\u00a0{said}\u00a0»"

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str], str, dict[str, str]]]:
        """Entries with slots, those with most words first: a chunk that the text must hold, and the rest."""
        made = []
        for english, french in self.catalogue.items():
            if "{" not in english:
                continue
            literals = re.split(r"\{\w+(?::\w+)?\}", english)
            slots = re.findall(r"\{(\w+)(?::(\w+))?\}", english)
            kinds = {name: kind or "text" for name, kind in slots}
            expression = re.escape(literals[0])
            for (name, kind), literal in zip(slots, literals[1:], strict=True):
                expression += rf"(?P<{name}>{KINDS[kind or 'text']}){re.escape(literal)}"
            plain = re.sub(r"\{(\w+)(?::\w+)?\}", r"{\1}", french)
            entry = (max(literals, key=len), re.compile(expression, re.DOTALL), plain, kinds)
            made.append((sum(map(len, literals)), entry))
        return [entry for _, entry in sorted(made, key=lambda each: -each[0])]


def _days_in_words(text: str) -> str:
    """2019-08-31 -> 31 August 2019, 2019-08-30..2019-08-31 -> 30 to 31 August 2019; names of files and quoted stay."""
    return _SPAN_IN_FIGURES.sub(lambda met: _said_once(*map(_written_out, met[0].split(".."))), text)


def _said_once(first: str, last: str = "") -> str:
    """Two written days as a span, whose year and month are said once; one day as it is."""
    if last in ("", first):
        return first
    for common in (1, 2):  # the month and the year, or the year
        begin, end = first.split(" ", common), last.split(" ", common)
        if begin[common] == end[common]:
            return f"{' '.join(begin[:common])} to {last}"
    return f"{first} to {last}"


def _written_out(iso: str) -> str:
    year, month, number = (int(part) for part in iso.split("-"))
    return f"{number} {list(MONTHS)[month - 1]} {year}"


def _figures(text: str) -> str:
    """Numbers with a decimal comma, narrow spaces between thousands and before a per cent sign."""
    text = re.sub(r"(?<=\d),(?=\d{3})", _THIN, text)
    text = re.sub(r"(?<=\d)\.(?=\d)", ",", text)
    return text.replace("%", f"{_THIN}%").replace("under ", "moins de ").replace("over ", "plus de ")


def _day(text: str) -> str:
    number, month, *year = text.split()
    return " ".join(["1er" if number == "1" else number, MONTHS[month], *year])


def _span(text: str) -> str:
    """30 April to 30 August 2019 -> du 30 avril au 30 août 2019; a single day with its article."""
    tail = re.search(r"( alone)?(?: \((\d+) days(, not all consecutive)?\)|(, with gaps))?$", text)
    assert tail is not None
    spans = text[: tail.start()] if tail[0] else text
    said = []
    for span in spans.split(" and "):
        first, to, last = span.partition(" to ")
        if not to:
            said.append(f"le {_day(first)}")
            continue
        number, *rest = first.split()
        begin = " ".join(["1er" if number == "1" else number, *(MONTHS.get(part, part) for part in rest)])
        said.append(f"du {begin} au {_day(last)}")
    words = " et ".join(said)
    words += " seul" if tail[1] else ""
    if tail[2]:
        words += f" ({tail[2]} jours{', non consécutifs' if tail[3] else ''})"
    words += ", avec des lacunes" if tail[4] else ""
    return words
