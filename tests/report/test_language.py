"""French: every sentence of a report has its own, numbers and dates are carried over; English writes days out."""

from __future__ import annotations

import ast
import html
import json
import re
from pathlib import Path

import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import UnknownNameError
from conflictts.incidents import acled, catalogue, merging, ucdp
from conflictts.report import language, page, write
from conflictts.report.language import read_catalogue, translator
from conflictts.series.measures import UNITS
from tests.report.test_numbers import without_a_table

ROOM = Path(language.__file__).parent
SLOT = re.compile(r"\{(\w+)(?::\w+)?\}")

KNOWN = [
    ("1 September 2019", "1er septembre 2019"),
    ("30 April to 30 August 2019", "du 30 avril au 30 août 2019"),
    ("20 Apr 2019 to 15 Jan 2020", "du 20 avr. 2019 au 15 janv. 2020"),
    ("3 to 9 August 2019", "du 3 au 9 août 2019"),
    ("1 August to 1 September 2019 (32 days)", "du 1er août au 1er septembre 2019 (32 jours)"),
    ("May 2019", "mai 2019"),
    ("1,284", "1\u202f284"),
    ("0.15", "0,15"),
    ("95%", "95\u202f%"),
    ("under 1%", "moins de 1\u202f%"),
    ("643–698–739", "643–698–739"),
    ("0.15 (0.067 to 0.32)", "0,15 (0,067 à 0,32)"),
    ("over 100", "plus de 100"),
    ("civilian deaths per day", "civils tués par jour"),
    ("Civilian deaths", "Civils tués"),
    ("truce of 1 May 2019", "trêve du 1er mai 2019"),
    ("Civilian deaths and the truce of 31 August 2019", "Civils tués et la trêve du 31 août 2019"),
    ("Civilian deaths and the Sochi memorandum", "Civils tués et la trêve « Sochi memorandum »"),
    ("Only 21 observed days before the truce; at least 28 are needed.",
     "Seulement 21 jours observés avant la trêve ; il en faut au moins 28."),
    ("Only 1 observed day after the truce, 2019-08-29..2019-08-30 (it was over on 2019-08-31); at least 28 are "
     "needed.",
     "Seulement 1 jour observé après la trêve, du 29 au 30 août 2019 (elle a pris fin le 31 août 2019) ; il "
     "en faut au moins 28."),
    ("No record has admin2 = 'Dayr \"x\"'. Did you mean 'Idlib' or \"Dayr 'az Zawr\"?",
     "Aucun relevé ne porte admin2 = « Dayr \"x\" ». Vouliez-vous dire « Idlib » ou « Dayr 'az Zawr » ?"),
    ("not perpetrator “Russia” or “government or Russia”", "hors auteur « Russie » ou « gouvernement ou Russie »"),
    ("Civilian deaths before truces and from them on", "Civils tués avant les trêves et à partir d’elles"),
    ("No window makes so short a truce comparable.", "Aucune fenêtre ne rend comparable une trêve aussi courte."),
    ("Counted civilian deaths before a truce and from it on, 2 comparisons: lower after it in 2, higher in 0, not "
     "detectably different in 0.",
     "Civils tués recensés avant une trêve et à partir d’elle, 2 comparaisons : moins après elle dans 2, davantage "
     "dans 0, pas de différence décelable dans 0."),
    ("in 1,016 of 1,389 windows a single day holds over half of the counts, the largest 2018-03-17 with 1,110.8: "
     "growth there is the story of one day",
     "dans 1\u202f016 fenêtres sur 1\u202f389, un seul jour porte plus de la moitié des décomptes, le plus grand le "
     "17 mars 2018 avec 1\u202f110,8 : la croissance y est l’histoire d’un jour"),
    ("calm from 31 August 2019 (95% set 29 Aug to 21 Sep, with gaps), 0.5 a day",
     "calme à partir du 31 août 2019 (ensemble à 95\u202f% : du 29 août au 21 sept., avec des lacunes), 0,5 par jour"),
    ("1 record before, 0 after", "1 relevé avant, 0 après"),
    ("only 0 counts, 10 are needed", "seulement 0 décompte, il en faut 10"),
    ("a day before: 1 civilian death in 123 days, 30 April to 30 August 2019",
     "par jour avant : 1 civil tué en 123 jours, du 30 avril au 30 août 2019"),
    ("only 1 observed day before the truce, at least 28 are needed",
     "seulement 1 jour observé avant la trêve, il en faut au moins 28"),
    ("A scan of 24 August to 21 September 2019 for one change of the rate shows none (p < 0.001).",
     "Un balayage du 24 août au 21 septembre 2019 à la recherche d’un changement du taux n’en montre aucun (p < "
     "0,001)."),
    ("7 to 31 October 2019, with gaps", "du 7 au 31 octobre 2019, avec des lacunes"),
    ("mix changed by under 1%, toll per day by over 99%",
     "composition changée de moins de 1\u202f%, bilan par jour de plus de 99\u202f%"),
    ("Under 0.1% of the total comes from records that span several days, laid over them by “equal shares”.",
     "Moins de 0,1\u202f% du total vient de relevés couvrant plusieurs jours, répartis selon la règle « parts égales "
     "»."),
    ("Civilian deaths by perpetrator and admin2", "Civils tués par auteur et admin2"),
    ("a single day, 2019-07-22, holds 51% of the toll before: the rate of that side is the story of one day",
     "un seul jour, le 22 juillet 2019, porte 51\u202f% du bilan d’avant : le taux de ce côté est l’histoire d’un "
     "jour"),
    ("Other truces take effect among the days after (truce of 1 May 2019, Sochi, part 2, truce of 2 May 2019).",
     "D’autres trêves prennent effet parmi les jours d’après (trêve du 1er mai 2019, Sochi, part 2, trêve du 2 mai "
     "2019)."),
    ("Counted incidents were lower after the truce of 31 August 2019: 0.90 a day (31 August to 6 November 2019) "
     "against 5.67 a day before it (30 April to 30 August 2019), a rate ratio of 0.15 (95% interval 0.067 to 0.32).",
     "Moins d’incidents recensés après la trêve du 31 août 2019 : 0,90 par jour (du 31 août au 6 novembre 2019), "
     "contre 5,67 par jour auparavant (du 30 avril au 30 août 2019), soit un rapport de taux de 0,15 (intervalle à "
     "95\u202f% : 0,067 à 0,32)."),
    ("Source: press catalogue of the Idlib case, release 1. An incomplete catalogue of what public press pages showed, "
     "not a count of the dead. Low–best–high add up the records' own bounds.",
     "Source : catalogue de presse du cas d’Idlib, version 1. Un catalogue incomplet de ce que montraient des pages de "
     "presse publiques, non un décompte des morts. Basse–meilleure–haute : sommes des bornes propres à chaque relevé."),
    ("Source: ACLED, release updated to 2 October 2019.", "Source : ACLED, version à jour au 2 octobre 2019."),
    ("source: ACLED, release updated to 2 October 2019", "source : ACLED, version à jour au 2 octobre 2019"),
    ("ACLED, release updated to 2 October 2019. Licence: ACLED terms.",
     "ACLED, version à jour au 2 octobre 2019. Licence : ACLED terms."),
    ("Syria (records of acled.csv), admin1 Hama or Homs · deaths · 3 May to 9 June 2019 · ACLED, release 3",
     "Syria (relevés de acled.csv), admin1 Hama ou Homs · morts · du 3 mai au 9 juin 2019 · ACLED, version 3"),
    ("The south · Syria (records of acled.csv), admin1 Homs · civilian deaths · 3 May to 9 June 2019 · UCDP GED, "
     "release 25.1",
     "The south · Syria (relevés de acled.csv), admin1 Homs · civils tués · du 3 mai au 9 juin 2019 · UCDP GED, "
     "version 25.1"),
    ("event_date: not a date as ACLED writes it, '16 May 2025' or '2025-05-16'",
     "event_date : n’est pas une date telle que l’écrit ACLED, « 16 May 2025 » ou « 2025-05-16 »"),
]  # fmt: skip


def printed(text: str) -> str:
    """The spaces that French print sets before : and ; as typed."""
    return re.sub("[\u00a0\u202f](?=[:;»?!])|(?<=«)\u00a0", " ", text)


@pytest.mark.parametrize(("english", "french"), KNOWN)
def test_known(english, french):
    assert printed(translator("fr")(english)) == french
    if not re.search(r"(?<!')\d{4}-\d{2}", english):
        assert translator("en")(english) == english


WRITTEN_OUT = [
    ("over on 2019-08-31); at least", "over on 31 August 2019); at least"),
    ("the days covered, 2019-01-01..2019-11-30.", "the days covered, 1 January to 30 November 2019."),
    ("the truce, 2019-08-02..2019-08-04 (it", "the truce, 2 to 4 August 2019 (it"),
    ("the truce, 2019-06-12..2019-06-12 (it", "the truce, 12 June 2019 (it"),
    (
        "2019-12-31..2020-01-01 and 2019-08-01..2020-08-31",
        "31 December 2019 to 1 January 2020 and 1 August 2019 to 31 August 2020",
    ),
    ("the largest 2019-10-04 with 7", "the largest 4 October 2019 with 7"),
    ("deaths-2019-08-31.csv", "deaths-2019-08-31.csv"),
    ("2019-08-31.csv and out/2019-08-31", "2019-08-31.csv and out/2019-08-31"),
    ("event_date=2019-08-31", "event_date=2019-08-31"),
    ("case 2019-13-31", "case 2019-13-31"),
]


@pytest.mark.parametrize(("figures", "words"), WRITTEN_OUT)
def test_english_writes_days_out_but_no_names_of_files(figures, words):
    assert translator("en")(figures) == words
    page = f'<p id="2019-08-31">{figures}</p><pre translate="no">2019-08-31</pre>'
    assert translator("en").page(page) == page.replace(f">{figures}<", f">{words}<")


def test_what_has_no_entry_stays_and_is_remembered():
    words = translator("fr")
    assert words("Radio Alkul. 5 killed near Binnish.") == "Radio Alkul. 5 killed near Binnish."
    assert list(words.unknown) == ["Radio Alkul.", "5 killed near Binnish."]


SHORTENED = ["Agreement No. 3", "St. Marina", "U.N. Human Rights Office", "Dr. Watch"]


@pytest.mark.parametrize("name", SHORTENED)
def test_a_full_stop_of_a_name_ends_no_sentence(name):
    words = translator("fr")
    course = f"The {name}: calm from 5 March 2019, 0.3 a day; before it 2 civilian deaths a day."
    shares = f"72% up to the truce and 122% from it on of what {name} claims (1 claim before, 1 claim after)"
    held = (
        "72% of what is claimed up to the truce and 122% from it on (3 claims before, 1 claim after, none overlapping)"
    )
    for text in (
        f"{course} Over its days the rate grew by a factor of 1.22 a week (1.18 to 1.27).",
        f"The rate ratio is 0.082 for {name}, with an interval from 0.019 to 0.35.",
        f"Coverage is not even: the series holds {shares}. Part of a change in counts is a change in counting; see "
        "“What others counted”.",
        f"Coverage may not be even, though a single claim on a side cannot show it: the series holds {shares}; "
        f"{shares}. Part of a change in counts would then be a change in counting; see “What others counted”.",
        f"Against {name} the series holds {held}: the change is neither understated nor overstated. The bodies "
        "disagree on the sign: the true change may be larger or smaller than the one counted.",
    ):
        said = words(text)
        assert name in said
        assert not re.search(r"\b(the|is|of|from|day)\b", said.replace(name, "")), said
    assert set(words.unknown) <= {name}


def test_there_is_no_other_language():
    with pytest.raises(UnknownNameError, match=r"No language 'ar'. Choose one of en, fr"):
        translator("ar")


def test_the_catalogue_is_whole():
    text = (ROOM / "french.txt").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("#")]
    pairs = [pair.split("\n") for pair in re.split(r"\n{2,}", "\n".join(kept).strip("\n"))]
    assert [pair for pair in pairs if len(pair) != 2] == []
    english = [first for first, _ in pairs]
    assert [each for each in set(english) if english.count(each) > 1] == [], "each sentence once"
    for first, second in pairs:
        slots, filled = SLOT.findall(first), re.findall(r"\{(\w+)\}", second)
        assert sorted(slots) == sorted(set(filled)), first
        assert {kind for _, kind in re.findall(r"\{(\w+):(\w+)\}", first)} <= language.KINDS.keys(), first
        if len(first.split()) > 3:
            assert second.endswith(".") == first.endswith("."), first


def spoken(path: Path) -> list[str]:
    """Sentences given to say() in a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "say"
        and isinstance(node.args[0], ast.Constant)
    ]


def test_all_that_is_said_with_slots_is_in_the_catalogue():
    known = {SLOT.sub("{}", sentence) for sentence in read_catalogue()}
    said = {sentence for path in ROOM.glob("*.py") for sentence in spoken(path)}
    from conflictts.report.sensitivity import CHOICES, OPTIONS

    said |= {*CHOICES.values(), *OPTIONS.values(), *page.CONTENTS.values(), *UNITS.values()}
    assert len(said) > 40
    for sentence in [each for whole in said for each in re.split(r"(?<=[.!?])\s+(?=[A-Z])", whole)]:
        bare = SLOT.sub("{}", sentence)
        assert known & {bare, bare.rstrip("."), bare[:1].lower() + bare[1:]}, sentence


PACKAGE = ROOM.parent
TELLING = [  # modules whose refusals a page lists
    *(PACKAGE / "truce" / f"{name}.py" for name in (
        "comparison", "disclosed", "escalation", "few_counts", "negbin", "onset", "placebo", "pooling", "rows",
        "sources", "window",
    )),
    PACKAGE / "series" / "counting.py",
]  # fmt: skip
TOLD = {  # what may stand in a slot of a refusal that is no number
    "truce.name": ["truce of 31 August 2019"],
    "UNITS[measure]": ["civilian deaths"],
    "safe.unit": ["civilian deaths"],
    "quantity": ["rate ratio", "growth per week", "rate had there been no truce"],
    "name": ["before", "after"],
    "side": ["before", "after"],
    "between": ["", ", 2019-08-29..2019-08-30"],
    "over": [""],  # and, after the truce alone, as in KNOWN
    "so_many(weeks, 'observed whole week')": ["1 observed whole week", "12 observed whole weeks"],
    "so_many(before, 'day')": ["1 day", "12 days"],
    "so_many(days[0], 'day')": ["1 day", "12 days"],
    "words": ["admin1 Hama"],
    "with_limits(ratio, lower, upper)": ["0.70 (0.42 to 0.998)"],
    "how": ["with a straight trend beside the step", "without the trend"],
    "other": ["with", "without"],
    "refusal": ["All 30 counts are 0: there is no rate to estimate. Widen the window."],
    "found": ["they lie between 2018-01-01 and 2018-02-01", "12 of them lie on days not observed"],
    "refused[dates[0]]": ["All 30 counts are 0: there is no rate to estimate. Widen the window."],
    "fault['file']": ["a.csv"],
    "fault['column']": ["date_start"],
    "fault['reason']": ["not a date"],
    "percent(share)": ["12%"],
}


def examples(node: ast.expr) -> list[str]:
    """A text of the source with its slots filled by what may stand in them."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return [*examples(node.body), *examples(node.orelse)]
    if isinstance(node, ast.BinOp):
        return [one + other for one in examples(node.left) for other in examples(node.right)]
    if isinstance(node, ast.JoinedStr):
        made = [""]
        for part in node.values:
            made = [begun + each for begun in made for each in examples(part)]
        return made
    if not isinstance(node, ast.FormattedValue):
        return TOLD.get(ast.unparse(node), ["12"])
    spec = ast.unparse(node.format_spec) if node.format_spec else ""
    if "%Y" in spec:
        return ["2019-08-31"]
    return ["12%"] if "%" in spec else examples(node.value)


@pytest.mark.parametrize("path", TELLING, ids=lambda path: path.stem)
def test_every_refusal_that_a_page_lists_has_its_french(path):
    refusals = [
        node.exc.args[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and getattr(node.exc.func, "id", "") in ("TooLittleData", "CoverageError")
    ]
    assert refusals
    words = translator("fr")
    for refusal in refusals:
        for text in examples(refusal):
            words(text)
            if path.stem in ("window", "negbin"):  # as the ratio without the days of other truces tells it, in brackets
                words(text.split(". ")[0])
    assert list(words.unknown) == []


FAULTY = {  # one breach of a check in every row but the first two
    "date": ["13/01/2023", "02/02/2023", "31/02/2023", "", "never", "1/2/2023", "1/2/2023", "1/2/2023", "1/2/2023",
             "1/2/2023", "5/2/2023"],
    "until": ["", "", "", "", "", "", "", "", "", "", "4/2/2023"],
    "killed": ["3", "2", "1", "1", "1", "-1", "many", "2.5", "10000000000", "1", "1"],
    "north": ["", "", "", "", "", "", "", "", "", "95", ""],
}  # fmt: skip
MAP = {"date_start": "date", "date_end": "until", "civilians_best": "killed", "latitude": "north"}


def test_what_the_readers_say_of_rows_has_its_french(tmp_path):
    rows = [*zip(*FAULTY.values(), strict=True), ("13/01/2023", "", "3", ""), ("1/2/2023", "", "5", "", "one too many")]
    text = "\n".join(",".join(row) for row in [tuple(FAULTY), *rows])
    (tmp_path / "desk.csv").write_text(f"{text}\n", encoding="utf-8")
    own = ct.read_delimited(tmp_path / "desk.csv", columns=MAP)
    ucdp_row = dict.fromkeys(ucdp.NAMES.values(), "1") | {
        "date_start": "2023-01-01", "date_end": "2023-01-01", "deaths_civilians": "1", "deaths_a": "0",
        "deaths_b": "0", "adm_1": "", "low": "3", "best": "2", "high": "1", "code_status": "Check dyad",
    }  # fmt: skip
    pd.DataFrame([ucdp_row]).to_csv(tmp_path / "ged.csv", index=False)
    ged = ct.read_ucdp(tmp_path / "ged.csv")
    ledgers = [own.ledger, ged.ledger]
    said = [text for each in ledgers for text in (*each.summary()["reason"], *each.warnings["warning"]) if text]
    said += [
        own.provenance.area,
        own.provenance.citation,
        ged.provenance.area,
        acled.CAVEAT,
        f"Licence: {acled.LICENCE}.",
        acled.ATTRIBUTION.rpartition("10, 74. ")[2],
    ]
    said += [acled.DELETED, acled.OLDER, acled.CONVENTIONAL, acled.ZERO, ucdp.OLDER, merging.TOLD_TWICE]
    said += ["desk.csv is not UTF-8; read as cp1252, as detected: check its accented letters"]
    said += [catalogue.MENDED, "  the same records' days outside", "  the same records' days not observed"]
    assert len(said) > 26, said
    words = translator("fr")
    for each in said:
        words(each)
    assert list(words.unknown) == []


PARTS = ("other truces", "; their days", "; without their days")  # of a warning that is put together in all its forms


def warnings() -> list[str]:
    """What an effect warns of and a diagnostic says, in all its forms."""
    other = "other truces among the days before (truce of 1 May 2019, Sochi)"
    touching = [
        f"{other} were not declared over when this one took effect: what is compared may be one truce with the next",
        f"{other}: their rate is not free of truces",
        "other truces take effect among the days after (Sochi)",
    ]
    without = [
        "their days are left out",
        "without their days the rate ratio would be 0.14 (0.05 to 0.4)",
        "without their days there is no answer (All 12 observed days are 0: there is no rate to compare)",
    ]
    said = [each for path in ("cautions", "diagnostics", "regression") for each in literals(path)]
    return [*(f"{each}{end}" for each in touching for end in ("", *(f"; {one}" for one in without))), *said]


def literals(module: str) -> list[str]:
    """Sentences among the texts of a module of effects, those of refusals and of dictionaries' keys apart."""
    tree = ast.parse((PACKAGE / "truce" / f"{module}.py").read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Raise) for part in ast.walk(node)}
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    found = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr | ast.Constant) and isinstance(getattr(node, "value", ""), str)
        and not {id(node)} & (inside | documented | parts)
    ]  # fmt: skip
    texts = [text for node in found for text in examples(node) if len(text.split()) > 4]
    return [text for text in texts if text not in TOLD["how"] and not text.startswith(PARTS)]


PHASES = ("calm", "no calm", "eroding", "collapsed", "over", "expired")
TO_BEFORE = "rate ratio to before 0.41 (0.33 to 0.998)"
HOW = (
    "a change of rate found among the truce's days, none given",
    "the rate grew by a factor of 1.22 a week (1.05 to 1.40), dated as one change",
)


def of_courses() -> list[str]:
    """What the course of a truce and its escalation say, in forms that no report of these tests comes to."""
    days = ["from 3 March 2020, 0.61 a day", "from 3 March 2020 (95% set 1 Mar to 2 Apr, with gaps), 1,204 a day"]
    said = [f"The Sochi: {phase} {each}; before it 3 incidents a day." for phase in PHASES for each in days[:1]]
    said += [f"The Sochi: {phase} {days[1]}; before it 3 incidents a day." for phase in PHASES[:4]]
    for phase in ("calm", "eroding", "collapsed", "no calm"):
        unsure = [f"apparently {phase} {each}" for each in days]
        said += [f"The Sochi: {each}; before it 3 incidents a day." for each in unsure]
    said += [
        f"The Sochi: {phase} from 3 March 2020, not observed; before it 3 incidents a day." for phase in PHASES[4:]
    ]
    said += [f"The Sochi: calm {days[0]}; 1,300 on 15 September 2020 alone; before it 3 incidents a day."]
    named = ("above the calm's, below 0.5", "above the calm's, below 0.5, by its estimate, not its whole interval",
             "as low as the calm", "reaches 0.5, but neither lasting nor surely",
             "its interval throughout reaches 0.5", "its estimate, not its whole interval reaches 0.5",
             "until the fitted growth reaches 0.5")  # fmt: skip
    said += [f"{how}; {TO_BEFORE}: {name}" for how in HOW for name in named]
    said += [f"{one}; over the whole phase, in which the rate changes further, {TO_BEFORE}" for one in said[-2:]]
    events = f"{TO_BEFORE}, without the single days left out 0.11 (0.06 to 0.2)"
    for told in (TO_BEFORE, events):
        said += [f"{told}, below 1 throughout, also allowing for the search; {how}" for how in HOW]
    said += [f"{TO_BEFORE}: the truce's days before the change to the calm", "the 61 days before the calm"]
    thin = [
        "only 12 observed days before the truce, at least 28 are needed",
        "only 12 observed days while it was in force, at least 14 are needed",
        "25% of the days before the truce are not observed, at most a fifth may be",
        "25% of the days while it was in force are not observed, at most a fifth may be",
        "the days before the truce do not carry a rate: one enormous day outweighs all others",
    ]
    said += [*thin, *(f"The course of the Sochi is undetermined: {reason}." for reason in thin)]
    drawn = "leave out how records were dated"
    said += [f"growth and phases are pooled over the draws; the intervals of rates, weeks and comparisons {drawn}"]
    untold = "draws leave too few counts, or counts on too few days"
    return [*said, untold, f"Latest growth: not told ({untold})."]


def test_every_course_has_its_french():
    said = of_courses()
    assert set(said) & set(literals("escalation")), "as the module words it"
    for text in said:
        words = translator("fr")
        assert not re.search(r"\b(the|of|and|is|are|from|before|days)\b", words(text)), text
        assert list(words.unknown) == [], text
    every = "; ".join(f"{phase} from 3 March 2020, 0.61 a day" for phase in PHASES)
    french = translator("fr")(f"The Sochi: {every}; before it 3 incidents a day.")
    assert french.count("0,61 par jour") == len(PHASES)
    assert "a day" not in french


def test_every_warning_has_its_french():
    words = translator("fr")
    said = warnings()
    assert len(said) > 30
    for text in said:
        words(text)
    assert list(words.unknown) == []


class Made:
    """Both languages of a report, and what the French one left in English."""

    def __init__(self, out: Path, english: Path | None, patch: pytest.MonkeyPatch, *given: object, **named: object):
        words = translator("fr")
        patch.setattr(write, "translator", lambda asked: words if asked == "fr" else translator(asked))
        named["formats"] = ("html", "json")
        self.folder = ct.write_report(*given, out / "fr", language="fr", **named).parent
        self.english = english or ct.write_report(*given, out / "en", **named).parent
        self.unknown = list(words.unknown)


WINDOW = ("2019-04-30", "2019-11-06")


def two_late_weeks(idlib: ct.Case) -> dict[str, object]:
    return {
        "coverage": ("2019-04-30", "2019-11-30"), "gaps": [("2019-06-01", "2019-06-10")], "lag": 7,
        "retrieved_on": "2019-12-01", "baseline": ("2019-05-01", "2019-05-31"), "claims": idlib.claims,
        "measure": "incidents", "allocation": "start",
    }  # fmt: skip


@pytest.fixture(scope="module", params=["the bundled case", "gaps and late days", "few counts"])
def made(request, idlib: ct.Case, bundled: Path, made_on: str, tmp_path_factory: pytest.TempPathFactory) -> Made:
    english = bundled if request.param == "the bundled case" else None
    out = tmp_path_factory.mktemp("french")
    options = {
        "the bundled case": {
            "window": WINDOW, "other_truces": idlib.truces.values(), "claims": idlib.claims, "events": idlib.events,
        },
        "gaps and late days": two_late_weeks(idlib),
        "few counts": {"coverage": ("2019-04-20", "2019-10-10"), "where": {"admin1": "Hama"}, "measure": "incidents"},
    }[request.param]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", made_on)
        return Made(out, english, patch, idlib, idlib.truces["TRC-5"], **options)


def words_of_records(idlib: ct.Case) -> set[str]:
    """What stands in the records and is nobody's sentence: names, wordings, identifiers."""
    texts = {str(each) for table in (idlib.claims, idlib.table) for name in table for each in table[name].unique()}
    files = {"findings.json", "findings.schema.json", "series.csv", "report.toml"}
    return texts | files | {"SVG", "PNG", "conflictts", "admin1 Hama"}


def test_every_sentence_has_its_french(made, idlib):
    """What is left in English is a name or a wording of the records; a missing sentence shows here."""
    allowed = words_of_records(idlib)
    left = [text for text in made.unknown if text not in allowed and not re.fullmatch(r"(CLM-\d+(, )?)+", text)]
    assert left == []


def test_no_sentence_of_the_catalogue_stays_english(made):
    """A slot that takes more than its own would carry the sentences after it over as they are."""
    text = text_of(made.folder)
    sentences = [each for each in read_catalogue() if len(each.split()) > 5 and "{" not in each]
    assert len(sentences) > 50
    assert [each for each in sentences if each in text] == []


def text_of(folder: Path) -> str:
    """The text of a page, but for claims in their own words, names (of areas, libraries) and the choices as a file."""
    source = (folder / "report.html").read_text(encoding="utf-8")
    source = re.sub(r'<(pre|span)[^>]* translate="no".*?</\1>', "", source, flags=re.DOTALL)
    source = re.sub(r'aria-label="(All claims|Tous les bilans)".*?</table>', "", source, flags=re.DOTALL)
    source = re.sub(r"<style.*?</style>|<svg .*?</svg>", " ", source, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " | ", source))


def numbers_of(text: str, *, thousands: str, point: str) -> list[str]:
    """Every number of a page, as written in English; a day told in figures as its day and its year."""
    text = re.sub(r"conflictts \d+\.\d+\.\d+|CC0 1\.0|SHA-256 \w+", "", text)
    text = re.sub(r"\b(\d{4})-\d{2}-0?(\d{1,2})\b", r"\2 \1", text.replace("1er", "1"))
    text = re.sub(rf"(?<=\d){thousands}(?=\d{{3}}(?!\d))", "", text)
    return sorted(re.sub(point, ".", each) for each in re.findall(rf"\d+(?:{point}\d+)?", text))


def test_no_number_is_lost_or_changed(made):
    """A second way: the same numbers stand on both pages, as often."""
    english = numbers_of(text_of(made.english), thousands=",", point=r"\.")
    french = numbers_of(text_of(made.folder), thousands="\u202f", point=",")
    assert len(english) > 300
    assert french == english


def test_every_number_leads_to_a_table_that_holds_it(made):
    lost, checked = without_a_table((made.english / "report.html").read_text(encoding="utf-8"), made.english)
    assert lost == []
    assert checked > 30


def test_the_page_says_its_language_and_the_numbers_their_sentences(made):
    assert '<html lang="fr">' in (made.folder / "report.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in (made.english / "report.html").read_text(encoding="utf-8")
    french, english = (
        json.loads((folder / "findings.json").read_text(encoding="utf-8")) for folder in (made.folder, made.english)
    )
    assert (french["language"], english["language"]) == ("fr", "en")
    assert "après la trêve du 31 août 2019" in french["findings"][0]["sentences"]["headline"]
    assert french["findings"][0]["effect"]["estimates"] == english["findings"][0]["effect"]["estimates"]
    assert [line["phase"] for line in french["findings"][0]["course"]["phases"]] == [
        line["phase"] for line in english["findings"][0]["course"]["phases"]
    ], "codes stay"
    for sentence in french["findings"][0]["sentences"]["weaknesses"]:
        assert not re.search(r"\b(the|of|and|is|are)\b", sentence), sentence


def test_figures_speak_it_too(made):
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    drawn = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(drawn) > 9
    words = " | ".join(re.findall(r"<text[^>]*>([^<]+)", " ".join(drawn)))
    assert "par jour" in words
    assert re.search(r"\d,\d", words)
    assert not re.search(r"\b(per day|truce|interval|fitted|before|source mix|Aug|Sep|May)\b", words)


def test_claims_keep_their_own_words_and_no_column_stands_empty(made):
    source = (made.folder / "report.html").read_text(encoding="utf-8")
    assert ("CLM-100" in source) == ('<td><span translate="no">1.120</span></td>' in source)
    assert ("Pourquoi indéterminé" in source) == (">Indéterminé</th>" in source)


def test_hostile_text_is_still_text(tmp_path, idlib):
    hostile = "<script>alert(1)</script> of & “the” {0} {truce}"
    page_of = ct.write_report(
        idlib, ct.Truce("2019-08-31", name=hostile, note=hostile), tmp_path / "out", language="fr",
        coverage=("2019-05-20", "2019-10-20"), formats=("html",),
    )  # fmt: skip
    source = page_of.read_text(encoding="utf-8")
    assert "<script" not in source
    assert html.escape(hostile) in source


def test_the_names_of_links_are_french(made, links_told_apart):
    names = links_told_apart((made.folder / "report.html").read_text(encoding="utf-8"))
    assert {"nombres, Ce qui a été vérifié", "nombres, La série"} <= names
