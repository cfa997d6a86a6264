"""Words about the world that no table holds: abbreviations, kin of country names, what comparatives measure."""

from services.transform.planner.words import ORDINALS, parts

# Two ways to write the same word in a column name. Anything less certain than this has to be asked about.
ABBREVIATIONS: dict[str, frozenset[str]] = {
    word: frozenset(group)
    for group in (
        line.split()
        for line in """
        departure dep depart departed departing departs
        arrival arr arrive arrived arriving arrives
        destination dest
        latitude lat
        longitude lon lng long
        altitude alt elevation elev
        temperature temp temperatures
        maximum max highest
        minimum min lowest
        average avg mean
        number num no nbr
        quantity qty
        amount amt
        percent pct percentage perc
        year yr yrs years
        month mon mth months
        hour hr hrs hours
        minute mins minutes
        second sec secs seconds
        distance dist
        duration dur
        volume vol
        weight wt
        height ht hgt
        length len
        width wid
        address addr
        account acct
        category cat
        description desc
        department dept
        manager mgr
        employee emp
        customer cust
        product prod
        population pop
        identifier id ids ident
        telephone phone tel
        scheduled sched schedule
        precipitation precip
        visibility visib vis
        humidity humid hum
        wind_direction wind_dir
        direction dir
        mpg miles_per_gallon
        mileage miles
        horsepower hp
        standard std
        deviation dev
        reference ref
        transaction txn trans
        organisation organization org
        company co
        country ctry
        gender sex
        message msg
        price prc
        unit uom
        education edu educ
        experience exp
        salary sal
        expectancy exp
        calories cal kcal cals
        kilometres kilometers km kms
        kilograms kg kgs kilos kilogram
        grams g gram
        pounds lb lbs pound
        millimetres millimeters mm
        centimetres centimeters cm
        metres meters m
        inches in inch
        graduation grad
        """.strip().splitlines()
    )
    for word in group
}

# Words that name a thing of their own: they are never taken for a misspelling of a column.
COMMON = frozenset(
    """
    able access account action address adult advance advice age agent airline airport alliance amount animal answer area
    arm art asset author average award baby back bag balance ball band bank bar base bath beach bed bill bird birth
    block board boat body bonus book boss box boy brand budget build building bus buyer cabin call camp capital car card
    care cargo case cash cast cat cause cell cent center chance change charge chart child choice church city claim class
    client climate clock close club coach coast code coin cold color colour comment company contact content contract
    copy corner cost count country county course court cover credit crew crime crop cup currency customer cycle data
    date day deal death debt deck degree delay demand depth desk detail diet dinner dish distance doctor dog dollar
    door dose draft dress driver drug duty earth east effect effort egg email employee end energy engine entry equity
    error event exit expense eye face fact factor family fare farm fat father fear fee field film final fire firm fish
    fleet flight floor flow food foot force form frame freight fruit fuel fund gain game gas gate gear gender gift girl
    goal gold goods grade grain grant grass grid group growth guest guide hair hall hand head health heart heat height
    help hire home horse host hotel hour house human humidity income index insurance interest invoice island issue item
    job judge kind king kitchen lab lake land lane language law lead leader league lease lease length level light limit
    line link list load loan local lock log loss love lunch machine mail male manager map margin mark market mass
    match mate meal mean meat medal meter method mile milk mind mine minute mode model money month moon mother motor
    mouth movie music name nation nature net news night nose note nurse ocean oil option order origin owner pack page
    pain paint pair paper parent park part party pass path pay peak pension person phone photo piece place plan plane
    plant plate play player point pole police policy pool port position post pound power press price pride prime print
    prize profit program proof pulse pump race radio rail rain rank rate ratio reach reason record region rent reply
    rest result return revenue rice ride ring risk river road role roof room root route row rule salary sale sales salt
    sample sand scale scene school score sea search seat season seed sense series server service set sex shape share
    sheet ship shirt shoe shop side sign site size skill skin sky sleep snow soil son song soul sound source space
    speed sport spot staff stage star start state station status step stock stone stop store storm story stress string
    student study style sugar suit sun supply surface table tail task taste tax tea teacher team tenure term test text
    theme theory ticket tide tier time tip title tone tool topic total tour town track trade traffic train travel tree
    trend trial trip truck trust turn type unit use user value vehicle version view visit voice vote wage waiter wait
    wall war waste watch water wave way wealth weather week weight wheel width wife wind window wine winner winter woman
    wood word work worker world year yield zone
    """.split()
)

# What a comparative or superlative measures: (words that columns must hold, whether the word means much of it).
MEASURES: dict[str, tuple[tuple[str, ...], bool]] = {}
for _words, _columns, _much in (
    ("heavier heaviest", "weight mass wt kg lbs pounds grams", True),
    ("lighter lightest", "weight mass wt kg lbs pounds grams", False),
    ("taller tallest", "height ht tall", True),
    ("higher highest", "height altitude elevation alt", True),
    ("lower lowest", "height altitude elevation alt", False),
    ("longer longest", "length duration distance len time runtime minutes", True),
    ("shorter shortest", "length duration distance len height time runtime minutes", False),
    ("older oldest elder eldest", "age", True),
    ("younger youngest", "age", False),
    ("faster fastest quicker quickest", "speed velocity mph kmh", True),
    ("slower slowest", "speed velocity mph kmh", False),
    ("cheaper cheapest", "price cost fare fee rent", False),
    ("dearer dearest pricier priciest costlier costliest", "price cost fare fee rent", True),
    ("hotter hottest warmer warmest", "temperature temp", True),
    ("colder coldest cooler coolest", "temperature temp", False),
    ("wetter wettest rainier rainiest", "rain precipitation precip rainfall", True),
    ("drier driest dryer", "rain precipitation precip rainfall", False),
    ("windier windiest", "wind wind_speed", True),
    ("richer richest wealthier wealthiest", "income gdp wealth gdppercap gdp_per_capita", True),
    ("poorer poorest", "income gdp wealth gdppercap gdp_per_capita", False),
    ("deeper deepest", "depth", True),
    ("shallower shallowest", "depth", False),
    ("wider widest", "width", True),
    ("narrower narrowest", "width", False),
    ("stronger strongest powerful", "horsepower power strength", True),
    ("weaker weakest", "horsepower power strength", False),
    ("farther farthest further furthest", "distance dist", True),
    ("nearer nearest closer closest", "distance dist", False),
    ("populous", "population pop", True),
    ("larger largest bigger biggest greater greatest", "size", True),
    ("smaller smallest littler", "size", False),
):
    for _word in _words.split():
        MEASURES[_word] = (tuple(_columns.split()), _much)

# Comparatives that say of what kind a number is: a length or a size may be of anything, heat is of temperatures.
OWN_KIND = frozenset(
    word
    for word, (columns, _) in MEASURES.items()
    if {"temperature", "weight", "age", "price", "rain", "wind", "income"} & set(columns)
)

# Who does much of what: the top earner has the highest salary.
AGENTS = {
    word + ending: frozenset(columns.split())
    for words, columns in (
        ("earner", "salary income pay wage wages earnings compensation"),
        ("scorer", "score points goals"),
        ("seller", "sales sold revenue units"),
        ("spender", "spend spent spending amount"),
        ("performer", "performance score rating"),
        ("producer", "production output yield"),
        ("polluter", "emissions pollution"),
    )
    for word in words.split()
    for ending in ("", "s")
}

# Of what more is better, and of what less is; of anything else nobody knows which is the best.
_BETTER = frozenset(
    """
    yield yields score scores rating ratings points point sales revenue profit profits earnings income salary gain gains
    mpg accuracy grade grades mark marks goals wins win stars votes quality performance medals gold growth return returns
    prestige average kpl gallon efficiency satisfaction happiness
    """.split()
)
_WORSE = frozenset("error errors defects faults complaints delay delays deaths losses loss mistakes".split())


def better(column: str) -> bool | None:
    """Whether more of a column is better; None where that is a matter of opinion."""
    said = set(parts(column))
    good, bad = bool(said & _BETTER), bool(said & _WORSE)
    return None if good == bad else good


# Comparatives and superlatives about time: later ones are greater.
TIMES: dict[str, bool] = {
    "newer": True,
    "newest": True,
    "latest": True,
    "later": True,
    "recent": True,
    "earlier": False,
    "earliest": False,
    "oldest": False,
    "older": False,
}

# Young things are late ones, old ones early.
AGES = {
    **dict.fromkeys(("young", "younger", "youngest"), "late"),
    **dict.fromkeys(("old", "older", "oldest"), "early"),
}

# What signs are called.
SEPARATORS = {
    "comma": ",",
    "commas": ",",
    "semicolon": ";",
    "semicolons": ";",
    "colon": ":",
    "colons": ":",
    "dash": "-",
    "dashes": "-",
    "hyphen": "-",
    "hyphens": "-",
    "minus": "-",
    "slash": "/",
    "slashes": "/",
    "backslash": "\\",
    "space": " ",
    "spaces": " ",
    "blank": " ",
    "whitespace": " ",
    "underscore": "_",
    "underscores": "_",
    "pipe": "|",
    "pipes": "|",
    "dot": ".",
    "dots": ".",
    "bracket": "(",
    "parenthesis": "(",
    "period": ".",
    "periods": ".",
    "point": ".",
    "at": "@",
    "tab": "\t",
    "tabs": "\t",
    "ampersand": "&",
    "asterisk": "*",
    "asterisks": "*",
    "star": "*",
    "stars": "*",
    "plus": "+",
    "hash": "#",
    "hashes": "#",
    "question mark": "?",
    "exclamation mark": "!",
    "asterisk sign": "*",
    "dollar sign": "$",
    "percent sign": "%",
    "plus sign": "+",
    "minus sign": "-",
    "double dash": "--",
    "at sign": "@",
    "apostrophe": "'",
    "apostrophes": "'",
    "percent": "%",
    "equals": "=",
    "x": "x",
}

KIN: dict[str, tuple[str, ...]] = {}
for _line in """
american usa us unitedstates unitedstatesofamerica america
european europe eu
japanese japan
german germany
french france
british uk unitedkingdom greatbritain britain
english england uk
scottish scotland
welsh wales
irish ireland
italian italy
spanish spain
portuguese portugal
dutch netherlands thenetherlands holland
belgian belgium
swiss switzerland
austrian austria
swedish sweden
norwegian norway
danish denmark
finnish finland
polish poland
czech czechrepublic czechia
hungarian hungary
greek greece
turkish turkey turkiye
russian russia
ukrainian ukraine
chinese china
indian india
korean southkorea korea
vietnamese vietnam
thai thailand
indonesian indonesia
australian australia
canadian canada
mexican mexico
brazilian brazil
argentinian argentina
argentine argentina
chilean chile
peruvian peru
colombian colombia
cuban cuba
egyptian egypt
nigerian nigeria
kenyan kenya
ethiopian ethiopia
moroccan morocco
african africa
asian asia
israeli israel
iranian iran
iraqi iraq
pakistani pakistan
bangladeshi bangladesh
sunny sun clear
rainy rain rainfall
snowy snow
foggy fog
cloudy cloud clouds overcast
stormy storm storms
windy wind
drizzly drizzle
wooden wood
metallic metal
""".strip().splitlines():
    _kin, *_places = _line.split()
    KIN[_kin] = tuple(_places)
    KIN[_kin + "s"] = tuple(_places)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = "january february march april may june july august september october november december".split()


def written_otherwise(word: str) -> tuple[str, ...]:
    """The ways in which a value may be written that somebody calls so: Saturday → Sat, third → 3rd, Japanese → Japan."""
    low = word.casefold()
    found = list(KIN.get(low, ()))
    for names in (WEEKDAYS, MONTHS):
        for name in names:
            short = {name, name[:3], "sept" if name == "september" else name[:3], "tues" if name == "tuesday" else name}
            short |= {"thur", "thurs"} if name == "thursday" else set()
            singular = low[:-1] if low.endswith("s") and low[:-1] in short else low
            if singular in short:
                found += sorted(short - {low})
    rank = ORDINALS.get(low)
    if rank is not None:
        found.append(f"{rank}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(rank, 'th') }")
    for name, number in ORDINALS.items():
        if low in (f"{number}st", f"{number}nd", f"{number}rd", f"{number}th"):
            found.append(name)
    found += {
        "female": ("f", "woman", "women"),
        "male": ("m", "man", "men"),
        "woman": ("female", "f"),
        "women": ("female", "f"),
        "man": ("male", "m"),
        "men": ("male", "m"),
        "girls": ("female", "f"),
        "boys": ("male", "m"),
    }.get(low, ())
    return tuple(found)
