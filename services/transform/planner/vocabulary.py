"""The synonyms: classes of words that patterns name as @class. Here alone is it said that `chuck out` means to remove."""

from services.transform.planner.pattern import declare

CLASSES: dict[str, str] = {
    # verbs
    "keep": "keep|retain|select|show|show me|display|list|give|give me|get|get me|return|want|need|leave|leave in"
    "|hold on to|preserve|find|find me|filter|filter to|filter for|filter down to|filter on|restrict to|limit to"
    "|narrow to|narrow down to|narrow it down to|reduce to|extract|pick|pick out|fetch|see|look at|include|pull"
    "|pull out|i want|we want|i need|we need|limit it to|limit this to|restrict it to|trim down to|stick to|cut down to"
    "|focus on|take|grab|print|view|be left with|end up with|are|filter it to|filter rows to|filter table to|isolate|pull up",
    "remove": "remove|drop|delete|exclude|discard|eliminate|omit|throw out|throw away|throw|chuck|chuck out|chuck away|get rid of"
    "|filter out|take out|take away|cut|cut out|ditch|lose|leave out|kick out|strip out|erase|purge|dump|bin|toss|toss out"
    "|weed out|clear out|kill|skip|scrap|rm|clean out|do away with|wipe out|wipe|kill off|hide|prune|do not want|do not need"
    "|not want|no longer need|do not include|do not show|do not keep|leave off|screen out|rule out|reject|not interested in",
    "add": "add|create|make|make me|compute|calculate|derive|insert|append|give me|build|generate|introduce|work out|figure out|include|set up"
    "|define|put in|produce|get|need|want|i want|i need|calc|have",
    "make": "make|set|turn|convert|change|transform|put|get|have|bring|switch|rewrite|write|render|force|format|reformat|parse|treat|cast|store|read"
    "|express|show|display|save|represent|interpret|normalise|normalize|standardise|standardize|tidy|translate|fix|coerce",
    "replace": "replace|change|swap|substitute|switch|turn|convert|map|recode|set|update|rewrite|translate|correct|relabel|make|overwrite|fix|rename"
    "|standardise|standardize|normalise|normalize|treat|merge|collapse|unify|harmonise|harmonize|encode|abbreviate|shorten|expand",
    "fill": "fill|fill in|fill up|replace|put|set|impute|substitute|populate|plug|patch|complete|write|change|swap|use|insert|turn|convert|make|default"
    "|treat|enter|place|give|assign",
    "sort": "sort|order|arrange|rank|re sort|resort|sequence|put|organise|organize|reorder|list|show|sorted|ordered|arranged|line up|i want|want|have|re order|display|give me|rearrange",
    "count": "count|tally|number of|count of|how many|the number|counts of|count up|total number of|row count|no of|a count of|counts|amount of"
    "|calculate number of|work out how many|tell me how many|show how many|give me number of|give me count of|show number of",
    # things
    "rows": "rows|row|records|record|entries|entry|lines|line|observations|observation|items|data|cases|ones|results|data rows|rows of data|instances|samples",
    "columns": "columns|column|cols|col|fields|field|variables|variable|features|attributes",
    "column": "column|col|field|variable|columns|cols|fields",
    "headers": "headers|header|column names|column name|column headers|column headings|column titles|headings|field names|names of columns|names of all columns|columns names"
    "|header names|header row|column labels|columns' names|column header|columns|col names|names of every column|name of every column|name of each column|names of all of columns|variable names|colnames",
    "table": "table|file|data|dataset|data set|sheet|list|dataframe|frame|result|output|spreadsheet|csv|results|everything|it|this|them|whole thing|whole table|whole file|lot|all rows|rows|whole dataset|entire table|entire dataset|entire file|all of it",
    "blank": "blank|blanks|empty|missing|null|nulls|nan|nans|na|nas|n / a|none|unknown|unfilled|absent|void|not there|not given|not available|not known|not filled|not filled in"
    "|not recorded|not set|not specified|not present|unspecified|unavailable|undefined|not provided|not stated|not reported|lacking|nil|left blank|left empty|unrecorded|not entered|not listed|not measured",
    "blanks": "gap|hole|blanks|blank values|blank cells|blank|blank ones|empty cells|empty values|empties|empty ones|missing values|missing value|missing data|missing entries|missing ones|missing cells|nulls|null values|null"
    "|nans|nas|gaps|holes|blank entries|empty entries|missing|empty|missings|empty fields|missing fields|blank fields|empty spots|nan values|na values|unknowns|missing bits|blank spots|null cells|missing figures|missing numbers|empty slots|null entries",
    # small words
    "all": "all|every|each|any|all of|every single|whole|entire|complete|each and every|all my|all our",
    "only": "only|just|solely|exclusively|nothing but|merely|only ever|purely",
    "per": "per|by|for each|for every|in each|in every|of each|of every|within each|within every|inside each|inside every|each|grouped by|group by"
    "|broken down by|split by|across each|for all|on each|from each|at each|under each|across|over each|for every single|within|inside|in|for|among|of|with each|on every|at every|from every|broken out by|by each|separately for each|individually for each|separately by|to each|among each|split out by|for the different|for different|every",
    "by": "by|on|according to|based on|using|in order of|with respect to|by value of|in terms of|after|ordered by|on basis of|by value in|by values in|per|in",
    "into": "to|into|as|in|onto|so it is|so that it is|so it becomes|be|become|so it reads|so they are|so that they are",
    "with": "with|by|using|as|to|to be|into|be|is|=|from|at",
    "call": "call it|call that|call this|called|named|name it|name that|name this|as|call column|name column|name column|calling it|naming it|titled|label it|labelled|labeled|under name"
    "|in column called|in a column called|in column named|and call it|with name|column name|call result|name result|call new column|name new column|and name it|to be called|known as|column|in column|into column|in new column|into new column"
    "|in new column called|into new column called|into new column named|in new column named|store it in|store it as|put it in|put that in|save it as|save as|give it name|give column name|calling result|, call it|in a new column|name|call count|call total|call average|call sum|call mean|name count|name total|name average|call them|name them|and call count|=|call|to column|to a new column|to new column|to new column called|with header|with column name|column called|column named|new column called|new column named|new column|in field|in new field|in field called|into field|into field called|in field named"
    "|and put it in|and put it in column|put it in column|put result in|put result in column|put result into|store result in|store result as|store in|saved as|stored as|the column|header",
    "and": "and|,|, and|&|+|as well as|plus|, plus|along with|together with|, as well as|/|also|and also|, and also|;",
    "place": "in|of|from|within|inside|on|for|at|across|throughout|under",
    "now": "now|already|still|currently",
    # directions
    "up": "ascending|asc|increasing|ascending order|in ascending order|in increasing order|from low to high|low to high|lowest to highest|from lowest to highest|smallest to largest"
    "|from smallest to largest|small to large|from small to large|smallest to biggest|from smallest to biggest|small to big|from small to big|lowest first|smallest first|low first|least first|from least to most|least to most|upwards|up|a to z|from a to z|a - z|alphabetically"
    "|alphabetical|in alphabetical order|alphabetical order|in alphabetic order|alphabetic|going up|rising|in rising order|lowest at top|smallest at top|from bottom to top|worst first|fewest first|from fewest to most|fewest to most|lowest on top|smallest on top|starting with lowest|starting with smallest|starting from lowest|starting from smallest|beginning with lowest|beginning with smallest|with lowest first|with smallest first|lowest value first|smallest value first|lowest values first|smallest values first|lowest number first|climbing"
    "|from smaller to larger|from lower to higher|growing|a first|from a|ascendingly",
    "down": "descending|desc|decreasing|descending order|in descending order|in decreasing order|from high to low|high to low|highest to lowest|from highest to lowest|largest to smallest"
    "|from largest to smallest|large to small|from large to small|biggest to smallest|from biggest to smallest|big to small|from big to small|highest first|largest first|biggest first|high first|most first|greatest first|from most to least|most to least|downwards|down|z to a|from z to a|z - a"
    "|reverse alphabetically|in reverse alphabetical order|reverse alphabetical order|reverse alphabetical|going down|falling|in falling order|highest at top|largest at top|biggest at top|in reverse order|reversed|in reverse|reverse order|reverse|from most to fewest|most to fewest|highest on top|largest on top|biggest on top|backwards|starting with highest|starting with largest|starting with biggest|starting from highest|starting from largest|beginning with highest|beginning with largest|with highest first|with largest first|with biggest first|highest value first|largest value first|highest values first|largest values first|highest number first|dropping|top first|top to bottom|from top to bottom|best first"
    "|from greatest to least|greatest to least|from larger to smaller|from higher to lower|from greatest to smallest|z first|from z|descendingly|in alphabetical order reversed|biggest number first",
    "early": "oldest first|earliest first|oldest to newest|from oldest to newest|earliest to latest|from earliest to latest|chronologically|in chronological order|chronological|in date order|by date order|oldest at top|earliest at top|from old to new|old to new|in time order|from oldest to most recent|starting with oldest|starting with earliest|from oldest|from earliest|first to last|oldest on top|from first to last",
    "late": "newest first|latest first|most recent first|newest to oldest|from newest to oldest|latest to earliest|from latest to earliest|in reverse chronological order|reverse chronologically|reverse chronological|newest at top|latest at top|most recent at top|from new to old|new to old|most recent to oldest|from most recent to oldest|starting with newest|starting with latest|starting with most recent|recent first|last to first|newest on top|most recent on top|from last to first|reverse chronological order|latest on top",
    # figures
    "avg": "average|mean|averages|means|average value|mean value|average of|mean of|averaged|arithmetic mean|typical|avg|average value of|mean value of|average for|mean for|averages of|means of|average values of|average in|mean in",
    "sum": "total|sum|totals|sums|sum of|total of|totals of|summed|combined|sum up|overall|total up|add up|overall total|total amount|sum total|grand total|sum total of|total amount of|aggregate|overall total of|total number|sums of|total sum of|total sum|add together|tot|cumulated|total for|total in",
    "max": "maximum|max|highest|largest|biggest|greatest|top|maximum of|max of|highest value of|largest value of|maximum value of|highest value|largest value|maximum value|peak|longest|heaviest|latest|most recent|max value of|record high|best|tallest|oldest|most expensive|fastest|hottest|biggest value of|newest|max value|steepest",
    "min": "minimum|min|lowest|smallest|least|minimum of|min of|lowest value of|smallest value of|minimum value of|lowest value|smallest value|minimum value|shortest|lightest|earliest|min value of|first|tiniest|youngest|cheapest|slowest|coldest|min value",
    "median": "median|medians|median of|middle value|middle value of|median value|median value of|median for|medians of",
    "distinct": "distinct|different|unique|separate|individual|distinct count of|unique count of",
    "std": "standard deviation|std|stdev|standard deviation of|std dev|std of|stddev|sd|sd of|standard deviations of|std dev of|stdev of|standard dev of|spread of",
    "round": "rounded|rounding|round|, rounded|and round|then round|round it|rounded off|, round it|and round it|and round result|, round|to nearest|, rounding|rounding it|round them|and rounded|and round them",
}
declare(CLASSES)

# Said for the sake of manners: they change nothing, wherever a clause begins or ends.
FILLERS: tuple[str, ...] = tuple(
    line.strip()
    for line in """
    good morning|good afternoon|good evening|good day|hello there|hi there|hey there|hello|hi|hiya|hey|yo|dear all|dear team|dear colleague|dear|greetings
    thank you very much indeed|thank you very much|thank you so much|thank you in advance|thanks in advance|thanks so much|thanks a lot|thanks a bunch|thanks very much|many thanks|thank you kindly|thank you|thanks|thx|thnx|tnx|tyvm|ty|ta|cheers|much appreciated|appreciate it|i appreciate it|appreciated|kind regards|best regards|regards|best wishes
    when you have a moment|when you have moment|when you get a chance|when you get chance|when you have time|if you have a moment|if you have moment|if you have time|if you get a chance|if possible|if you can|if you could|if you would|if you do not mind|if you please|if that is ok|if that is okay|if it is not too much trouble|at your convenience|as soon as possible|asap|whenever you can|whenever
    could you possibly|could you maybe|could you please|could you|can you please|can you|would you be so kind as to|would you be kind enough to|would you mind|would you please|would you|will you please|will you|might you|may i ask you to|may i have|may i get|can i get|can i have|could i get|could i have|can we get|can we have|can we|could we|shall we|can i see|could i see|can i|could i|may i|be so kind as to|be kind enough to|be so kind and|be so good as to|quick q|quick question|quickly
    i would like you to|i would like to have|i would like to see|i would like to know|i would like to|i would like|i would love to see|i would love to|i would love|i want you to|i want to see|i want to know|i want to have|i want to|i wanna see|i wanna know|want to see|want to know|wanna see|want to have|would like to see|would love to see|i need you to|i need to see|i need to know|i need to|we need to|we would like to|we want to|we want you to|id like to see|id like to|id like|i wish to|i am looking for|i am after|i was hoping you could|i was wondering if you could|i was wondering if you can|we would like|i am trying to|i am interested in|i am only interested in|i wonder if you could|i have to|you should|you need to|you must|we should|we have to|we must|we need you to|please help me to|help me to|help me|help us|i am hoping to|i am hoping you could|i just want to|it would be great if you could|it would be nice if you could|it would be great to|be great if you could
    so basically|basically|actually|simply|really|honestly|literally|just quickly|quickly|quick one|quick question|quick favour|quick favor|for me|for us|right then|right|ok so|okay so|ok|okay|alright|well|um|uh|hmm|oh|anyway|so yeah|so|yeah|yep|yes|lol|btw|by the way|fyi|hm|er|erm|mate|buddy|pal|folks|guys|all good|team|let us|lets|let me|go ahead and|make sure to|make sure that you|make sure you|be sure to|do not forget to|remember to|try to|you know|like|kind of|sort of thing|one more thing|here is the thing|here is what i need|what i need is|what i want is|what i would like is|my request is|the task is|task|request|todo|to do|instructions|in this table|in this file|in the table|in the file|in this dataset|in the data|in this data|in this sheet|from this table|from this file|from this dataset|on this table|on this dataset|from the table|from the file|from the dataset|for this table|in table|in file|in dataset|from table|from file|from dataset|of table|in data|from data|of file|at all|no more no less|nothing more|nothing else|and nothing else|that is all|that is it|please and thank you|for this one|for now|today|afterwards|after that|after this|afterward|next|then|finally|lastly|last|first of all|first off|firstly|secondly|thirdly|to start|to start with|to begin with|start by|begin by|also|additionally|in addition|besides|furthermore|moreover|and then|once that is done|once done|when that is done|when done|when you are done|after doing that|in the end|at the end|in end|last of all|as a last step|as last step|as a first step|as first step|in a first step|as final step|as a final step|step one|step two|step three|step four|step 1|step 2|step 3|step 4|step 5|second step|first step|step|following that|from there|with that|with that done|from that|from those|from what is left|from what remains|of what is left|out of those|of these|from result|on result|with result|in result|as well|too|instead|again|now|kindly|there|go on and|proceed to|sorry|no worries|bye|pronto|real quick|will you|in one go|urgently|urgent|somehow|please|the following|here
    """.strip()
    .replace("\n", "|")
    .split("|")
    if line.strip()
)
