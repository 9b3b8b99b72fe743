"""Contact between company and customer, the slow way."""

from tests.reference.view import DAY, Values, View, mean, named, over, spread


def values(view: View) -> Values:
    contacts = view.known("interactions")
    received = [row for row in contacts if row["direction"] == "in"]
    sent = [row for row in contacts if row["direction"] == "out"]
    both_ways = received + [{"occurred_at": row["responded_at"]} for row in sent if row["responded_at"]]
    found: Values = {}
    for days in (30, 90, 365, None):
        found[named("ties__received_count", days)] = float(len(view.within(received, days)))
        found[named("ties__sent_count", days)] = float(len(view.within(sent, days)))
    for days in (90, 365, None):
        found[named("ties__answered_mean", days)] = answered_share(view.within(sent, days))
    for days in (365, None):
        found[named("ties__channels_n_unique", days)] = float(len({r["channel"] for r in view.within(contacts, days)}))
        campaigns = [row for row in view.within(sent, days) if row["campaign"] is not None]
        found[named("ties__campaign_answered_mean", days)] = answered_share(campaigns)
    for days in (30, 60, 90, 365):
        found[named("ties__two_way", days)] = float(len(view.within(both_ways, days)))
    for days in (90, 365):
        ins, outs = len(view.within(received, days)), len(view.within(sent, days))
        found[named("ties__balance", days)] = over(ins - outs, ins + outs)
    gaps = [(b["occurred_at"] - a["occurred_at"]) / DAY for a, b in zip(contacts, contacts[1:], strict=False)]
    unanswered = 0
    while unanswered < len(sent) and not sent[-1 - unanswered]["responded_at"]:
        unanswered += 1

    def latest(rows: list) -> float | None:
        return min((view.days_since(row["occurred_at"]) for row in rows), default=None)

    return found | {
        "ties__gap_mean_lifetime": mean(gaps),
        "ties__gap_std_lifetime": spread(gaps),
        "ties__tenure_days": view.days_since(contacts[0]["occurred_at"]) if contacts else None,
        "ties__sent_days": latest(sent),
        "ties__two_way_days": latest(both_ways),
        "ties__two_way_faded": sum((0.5 ** (view.days_since(r["occurred_at"]) / 60) for r in both_ways), 0.0),
        "ties__unanswered_run": float(unanswered),
    }


def answered_share(rows: list) -> float | None:
    return mean([float(row["responded_at"] is not None) for row in rows])
