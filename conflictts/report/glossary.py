"""The words of a report that are not everyday ones, and what they mean in it."""

from __future__ import annotations

GLOSSARY = (
    ("incident", "One recorded event of violence, or one told total of a day and place, with the days on which it may "
     "have happened."),
    ("civilian", "A person killed whom the source names as civilian. Sources judge this differently, and many dead are "
     "never classed."),
    ("low, best, high", "The least, the most likely and the greatest figure that a source gives for a record. Each is "
     "added up by itself; the sums are bounds of the records, not an interval of confidence."),
    ("coverage", "The days and places that a source watched, by declaration. A day without records counts as 0 only "
     "where it was watched."),
    ("provisional",
     "A day so recent that late records may still raise its count. It is shown, and enters no estimate."),
    ("truce: announced, effective, detected",
     "Three different days: when it was proclaimed, when it was to be in force, and when a "
     "search of the counts that is told of no truce finds a change."),
    ("rate ratio", "Counts a day after the date divided by counts a day before it: 1 is no change, 0.5 is half, 2 is "
     "double."),
    ("counterfactual",
     "How many would be expected after the date if the rate before it had gone on. It is a yardstick, not a forecast."),
    ("averted, fewer than expected", "The counterfactual less what was counted by the fitted rate. A name for a "
     "difference, not for a cause."),
    ("interval", "The range of values that the counts cannot rule out. A 95% interval is made by a method that holds "
     "the truth in about 95 of 100 such series, if its assumptions hold."),
    ("interval of a phase", "That of the rate learns from the phase’s own days alone how much days scatter and how far "
     "they remember each other; only where they hold fewer than 10 counts, or are fewer than 7, does it take both from "
     "the days before the truce. That of the ratio takes scatter and memory to be of one kind before the truce and in "
     "the phase, and learns them from both sides together, mostly from the one with more counts. So it is often the "
     "narrower of the two, if that holds; with what is not known of the rate before, which it contains as well, it may "
     "also be the wider."),
    ("overdispersion", "Counts that vary more from day to day than chance around one rate would make them, because "
     "violence comes in clusters."),
    ("memory", "Days resemble their neighbours: after a violent day the next is more often violent. Memory makes "
     "intervals wider, since the days hold less independent evidence."),
    ("changepoint", "The first day of a new rate."),
    ("location set", "The days that may have been the first of a new rate, so chosen that they hold it with the stated "
     "probability. The single best-fitting day is only one of them."),
    ("erosion", "A truce under which violence grows again, week by week, below the share that counts as collapse."),
    ("collapse", "The first phase after the truce in which the rate has come back to the declared share of the rate "
     "before it. A fixed term that ran out is called expired, not collapsed."),
)  # fmt: skip
