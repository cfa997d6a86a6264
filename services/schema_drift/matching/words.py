"""Small words of column names: those that say nothing, units, and those that tell one quantity from another."""

GLUE = frozenset(
    "of the at in per an and or to for on by is are has was with from von der die das des de du la le el los las del di da het een et".split()
)
# Words that stand beside a name without making it another thing.
BESIDE = frozenset(
    "n num no nr nbr number count cnt code id is has flag val value amt amount qty type kind class category level"
    " text txt desc name col field fld src source data dt date time raw_".split()
)
UNITS = {
    word: family
    for family, words in {
        "length": "mm cm m km ft foot feet inch inches mi mile miles yd yards metre metres meter meters",
        "mass": "g gram grams kg kilo kilos kilogram kilograms lb lbs pound pounds oz ounce ounces mg ton tons tonnes",
        "heat": "c f k celsius fahrenheit kelvin degc degf",
        "span": "s sec secs seconds ms min mins minutes h hr hrs hours days weeks months years yrs",
        "share": "pct percent perc share ratio",
        "area": "sqft sqm m2 acres ha hectares",
        "volume": "l litre litres liter liters ml gal gallons cc",
        "speed": "mph kmh kph kn knots mps",
        "pressure": "hpa mbar mb psi bar kpa pa",
        "power": "kw w watt watts ps hp kwh mwh",
        "currency": "usd eur gbp chf jpy cad aud dollar dollars euro euros pounds_sterling cents",
        "angle": "deg degree degrees rad radians",
    }.items()
    for word in words.split()
}
# Words that say which of several quantities a column holds: statistics, states of knowledge, purposes, sides.
QUALIFIERS = {
    word: kind
    for kind, words in {
        "minimum": "min minimum lowest low least tiefst minimal mini",
        "maximum": "max maximum highest high most hoechst maximal peak top",
        "average": "avg average mean durchschnitt mittel mittelwert moyenne promedio media gemiddelde",
        "median": "median med50",
        "total": "total tot sum gesamt cumulative cum cumul running ytd",
        "spread": "std stddev stdev sd var variance deviation error err se range iqr",
        "quantile": "q1 q3 p5 p10 p25 p50 p75 p90 p95 p99 percentile quantile",
        "forecast": "forecast fcst predicted pred prediction projected projection proj model modelled prognosis",
        "plan": "plan planned budget budgeted target goal quota scheduled sched schedule",
        "guess": "est estimated estimate approx guess expected assumed nominal theoretical provisional preliminary interim tentative",
        "quote": "quoted quote list listed listing asking ask offer offered bid msrp catalog catalogue",
        "actual": "actual act real realized observed measured effective",
        "adjusted": "adj adjusted corrected normalized normalised standardized scaled weighted smoothed seasonally",
        "score": "score scored rating ratings ranked rank index idx grade zscore",
        "limit": "limit cap ceiling floor_limit threshold allowed permitted minimum_required",
        "previous": "prev previous prior last old former lag lagged before",
        "next": "next upcoming future new after_next following",
        "first": "first initial init original orig opening start begin",
        "final": "final closing end latest",
        "change": "change delta diff difference growth gain increase decrease chg variation",
        "net": "net netto", "gross": "gross brutto", "left": "left", "right": "right", "upper": "upper",
        "lower": "lower", "home": "home", "away": "away", "mother": "mother maternal", "father": "father paternal",
        "departure": "dep departure depart dpt", "arrival": "arr arrival", "inside": "inside indoor inner internal",
        "outside": "outside outdoor outer external", "backup": "backup alt alternative alternate secondary second other",
        "test": "test dummy sample demo default reference ref baseline base benchmark",
        "stage": "requested ordered approved billed invoiced paid shipped received returned refunded cancelled declared reported reserved used",
        "flagged": "missing imputed valid invalid estimated_flag quality qc status",
        "device": "sensor device station_id probe instrument",
        "part": "avail available remaining open pending partial residual leftover subtotal",
        "self": "self own perceived subjective",
        "rate": "rate ratio per",
        "gust": "gust", "feel": "feels apparent felt",
    }.items()
    for word in words.split()
}  # fmt: skip
# Of these a column may hold either without a letter of its name telling more than that: a side is no other quantity.
SIDES = frozenset(
    "left right upper lower home away mother father departure arrival inside outside first final rate".split()
)
# What lasts, and is measured in minutes.
TIMES = frozenset(
    "time duration dur delay wait waiting travel elapsed commute trip ride journey runtime sleep gestation".split()
)
