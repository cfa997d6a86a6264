"""Names and codes of countries and currencies, as they stand in tables."""

_ALPHA_2 = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ"
    " CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO"
    " FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE"
    " JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO"
    " MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW"
    " PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM"
    " TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
_ALPHA_3 = (
    "AFG ALB ARE ARG ARM AUS AUT AZE BEL BGD BGR BHR BIH BLR BOL BRA CAN CHE CHL CHN CIV CMR COD COL CRI CUB CYP CZE"
    " DEU DNK DOM DZA ECU EGY ESP EST ETH FIN FRA GBR GEO GHA GRC GTM HKG HND HRV HUN IDN IND IRL IRN IRQ ISL ISR ITA"
    " JAM JOR JPN KAZ KEN KGZ KHM KOR KWT LAO LBN LKA LTU LUX LVA MAR MDA MEX MKD MLT MMR MNE MNG MOZ MYS NAM NGA NIC"
    " NLD NOR NPL NZL OMN PAK PAN PER PHL POL PRT PRY QAT ROU RUS RWA SAU SDN SEN SGP SRB SVK SVN SWE SYR THA TUN TUR"
    " TWN TZA UGA UKR URY USA UZB VEN VNM YEM ZAF ZMB ZWE"
)
_NAMES = (
    "afghanistan; albania; algeria; andorra; angola; argentina; armenia; australia; austria; azerbaijan; bahamas;"
    " bahrain; bangladesh; barbados; belarus; belgique; belgium; belize; benin; bhutan; bolivia; bosnia and"
    " herzegovina; botswana; brasil; brazil; brunei; bulgaria; burkina faso; burundi; cambodia; cameroon; canada;"
    " chad; chile; china; colombia; congo; costa rica; croatia; cuba; cyprus; czech republic; czechia; danmark;"
    " denmark; deutschland; djibouti; dominican republic; ecuador; egypt; el salvador; england; eritrea; españa;"
    " estonia; ethiopia; fiji; finland; france; gabon; gambia; georgia; germany; ghana; great britain; greece;"
    " guatemala; guinea; guyana; haiti; honduras; hong kong; hungary; iceland; india; indonesia; iran; iraq; ireland;"
    " israel; italia; italy; ivory coast; jamaica; japan; jordan; kazakhstan; kenya; korea; kosovo; kuwait;"
    " kyrgyzstan; laos; latvia; lebanon; lesotho; liberia; libya; liechtenstein; lithuania; luxembourg; madagascar;"
    " malawi; malaysia; maldives; mali; malta; mauritania; mauritius; mexico; moldova; monaco; mongolia; montenegro;"
    " morocco; mozambique; myanmar; méxico; namibia; nederland; nepal; netherlands; new zealand; nicaragua; niger;"
    " nigeria; norge; north korea; north macedonia; norway; oman; pakistan; palestine; panama; papua new guinea;"
    " paraguay; peru; philippines; poland; polska; portugal; puerto rico; qatar; romania; russia; russian federation;"
    " rwanda; saudi arabia; schweiz; scotland; senegal; serbia; sierra leone; singapore; slovakia; slovenia; somalia;"
    " south africa; south korea; south sudan; spain; sri lanka; sudan; suisse; suomi; suriname; sverige; sweden;"
    " switzerland; syria; taiwan; tajikistan; tanzania; thailand; the netherlands; togo; trinidad and tobago; tunisia;"
    " turkey; turkmenistan; türkiye; uganda; uk; ukraine; united arab emirates; united kingdom; united states; united"
    " states of america; uruguay; usa; uzbekistan; venezuela; viet nam; vietnam; yemen; zambia; zimbabwe; österreich"
)
_CURRENCIES = (
    "AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HRK HUF IDR ILS INR ISK JPY KES KRW KWD MAD MXN"
    " MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TND TRY TWD UAH USD UYU VND ZAR"
)

ALPHA_2 = frozenset(_ALPHA_2.split())
ALPHA_3 = frozenset(_ALPHA_3.split())
NAMES = frozenset(_NAMES.split("; "))
CURRENCIES = frozenset(_CURRENCIES.split())
