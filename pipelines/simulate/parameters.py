"""Every number that shapes the simulated company. A chance is for one customer and one day unless said otherwise."""

# Who the customers are.
CUSTOMERS_PER_MANAGER = 250
SHARE_PRESENT_AT_START = 0.35
MEAN_PURCHASE_RATE = 0.055  # purchases a day, before the habit below
PURCHASE_RATE_SHAPE = 2.5
# A purchase makes the next one more likely and silence makes it less so, hence a long silence may be only a pause:
# the rate is multiplied by LONGEST_SILENCE + FRESH_HABIT * exp(-HABIT_FADES * rate * days since the last purchase).
LONGEST_SILENCE, FRESH_HABIT, HABIT_FADES = 0.45, 1.2, 1.5
MEDIAN_BASKET = 60.0  # currency
SHARE_WITH_CONTRACT = 0.15
SHARE_WITH_DISCOUNT = 0.35  # at first
DISCOUNT_SHARE = 0.10  # of the list price
SEGMENT_SENSITIVITY = {"private": 1.2, "trade": 1.0, "business": 0.8}  # how strongly a grievance is felt
PLANS = {"basic": 9.90, "plus": 19.90, "premium": 39.90}  # currency a month
TERM_DAYS = 365  # of a contract; it renews itself until the customer ends it
REGION_PROMISE_KEPT = {"north": 0.90, "east": 0.84, "south": 0.70, "west": 0.84}  # chance to be kept on time

# How many times the usual purchase rate a time of the year and of the week brings.
CHRISTMAS_SALES, TURN_OF_YEAR_SALES = 1.6, 0.6
WEEKDAY_SALES, WEEKEND_SALES = 1.1, 0.7

# What customers do while they are alive.
COMPLAINT_CHANCE = 0.0025
COMPLAINT_AFTER_PURCHASE = 2.0  # times as likely in the 14 days after a purchase
COMPLAINT_PROMISE_OVERDUE = 4.0  # times as likely while a promise is overdue
RETURN_CHANCE = 0.012  # in each of the 14 days after a purchase
CONTACT_CHANCE = 0.006
RESPONSE_CHANCE = 0.08  # in each of the 3 days after a letter
ANSWER_CHANCE = 0.08  # in each of the 7 days after a survey
RATING_CHANCE = 0.6  # on the day after a complaint was resolved
REOPEN_CHANCE = 0.006  # in each of the 14 days after a complaint was resolved
REDEEM_CHANCE = 0.02  # once there are points enough
REFERRAL_CHANCE = 0.001
NO_CONTACT_CHANCE = 0.00003
NO_PROFILING_CHANCE = 0.00001
ENROL_CHANCE = 0.05  # at a purchase
PRODUCTS = 40
POINTS_TO_REDEEM = 400
TIERS = {"silver": 1_000, "gold": 3_000}  # points ever earned

# What the company does. It does not know who has left: it writes to whoever bought within a year.
LETTER_CHANCE = 0.04
SURVEY_CHANCE = 0.012
UPDATE_CHANCE = 0.06  # while a complaint is open
DISCOUNT_CHANCE = 0.004  # to be granted one, while the customer has none
PRICE_RISE_CHANCE = 0.006  # for the discount to be withdrawn
DELIVERY_PROMISE_CHANCE = 0.5  # at a purchase
CALL_BACK_PROMISE_CHANCE = 0.5  # at a complaint
LATE_PROMISE_KEPT_CHANCE = 0.12  # on each day after the due time
PROMISE_GIVEN_UP_AFTER = 30  # days after the due time
CONTRACT_END_CHANCE = 1 / 45  # on each day after the customer has left

# Delays of complaints in days: (median, reached by 90 %). The first response follows the help desk log of an Italian
# software firm (16.4 h, 352 h). Work on the solution starts with the first response, so a resolution never precedes
# it; the delay between the two is fitted so that opening to resolution gives the log's 6.7 and 30.0 days.
FIRST_RESPONSE_DAYS = (16.4 / 24, 352 / 24)
RESPONSE_TO_RESOLUTION_DAYS = (4.0, 16.0)
LATE_RESPONSE_DAYS = 1.0
LATE_RESOLUTION_DAYS = 7.0

# What goes wrong, where it does (see trouble.py).
GENERAL_PRICE_RISE = 0.12  # as a share of the price before
LATE_COMPLAINTS_TAKE = 6.0  # times the delays above

# Why customers leave: the hazard is BASE_HAZARD * exp(the sum of what follows).
BASE_HAZARD = 0.000025
GRIEVANCE_HALF_LIFE = 40.0  # days
GRIEVANCE_LIMITS = (-1.5, 6.0)
GRIEVANCE = {  # added when it happens, then fading
    "complaint": 0.9,
    "repeated_complaint": 1.2,  # on top, when the one before was opened within 180 days
    "late_response": 1.7,
    "late_resolution": 2.0,
    "update": -0.25,
    "reopened": 1.8,
    "broken_promise": 2.2,
    "return": 3.2,
    "price_rise": 5.5,
    "general_price_rise": 1.5,
    "low_score": 1.7,
    "high_score": -0.5,
}
LOW_SCORE, HIGH_SCORE = 0.4, 0.8  # as a share of the highest score
OPEN_COMPLAINT = 1.3  # reached after OPEN_COMPLAINT_FULL_DAYS, rising evenly from 0: exp(1.3) = 3.7 times the hazard
OPEN_COMPLAINT_FULL_DAYS = 10.0
OVERDUE_PROMISE = 1.0
CALL_RELIEF, CALL_LASTS = 0.8, 60  # share of what annoys that a call takes away, and for how many days
TIE_HALF_LIFE = 60.0  # days
NO_TIE, FULL_TIE = 0.5, -1.0  # without and with one fresh two-way contact
CONTRACT, MEMBER = -0.4, -0.2
WINTER = 0.2  # in January; as much less in July
HIGHEST_HAZARD = 0.2
